"""Consent over the borders between users: root with another user's home, and files that somebody
else prepared. Root gives part of its power away, so these tests need it."""

import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from support.user import ACME, CANDOR, User

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")

NOBODY = 65534


class TwoUsers(User):
    """A home of nobody's, which root may enter by keeping HOME."""

    def run(self, *arguments, uid=0, code=0, **variables):
        if arguments[:1] == ("emit",):
            arguments = ("emit", "--delivery", "manual", *arguments[1:])
        done = subprocess.run(
            [self.home.parent / "candor", *arguments], env=self.environment_with(variables), cwd="/",
            capture_output=True, text=True, timeout=60, user=uid, group=uid, extra_groups=[],
        )  # fmt: skip
        assert done.returncode == code, done
        return done

    def rule(self, uid=0, **variables):
        return json.loads(self.run("status", "--json", uid=uid, **variables).stdout)["rule"]

    def owners(self):
        return {path.name: path.lstat().st_uid for path in self.home.rglob("*")}

    def segments(self):
        return sorted(self.acme.rglob("*.seg"))


@pytest.fixture
def two():
    """A directory that both users can enter, with the command and the catalog in it."""
    top = Path(tempfile.mkdtemp(prefix="candor-users-"))
    top.chmod(0o755)
    shutil.copy(CANDOR, top / "candor")
    catalog = top / "acme.telemetry.jsonc"
    catalog.write_text(ACME)
    (top / "home").mkdir()
    os.chown(top / "home", NOBODY, NOBODY)
    yield TwoUsers(top / "home", catalog)
    shutil.rmtree(top)


def test_a_program_with_borrowed_rights_heeds_no_home_that_its_caller_names(two):
    program = two.home.parent / "candor"
    program.chmod(0o4755)
    if os.statvfs(program).f_flag & os.ST_NOSUID:
        pytest.skip("the file system ignores the set-user-ID bit")
    of_root = two.home.with_name("of-root")
    of_root.mkdir()
    assert two.rule(uid=0, HOME=str(of_root)) == "default_on"
    assert two.rule(uid=NOBODY, HOME=str(of_root)) == "foreign_home"
    two.run("emit", "ping", uid=NOBODY, HOME=str(of_root))
    assert list(of_root.iterdir()) == []


def test_root_with_the_users_home_leaves_nothing(two):
    for command in ("emit ping", "flush", "show"):
        two.run(*command.split())
    for choice in ("enable", "disable"):
        assert "belongs to another user" in two.run(choice, code=1).stderr
    assert two.rule() == "foreign_home"
    assert two.files() == []


def test_root_with_the_users_home_changes_nothing(two):
    two.run("emit", "ping", uid=NOBODY)
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_uid) for path in two.home.rglob("*")}
    two.run("emit", "ping")
    two.run("disable", code=1)
    policy = two.home.parent / "policy.json"
    policy.write_text('{"enabled": false}')
    two.run("emit", "ping", "--policy-file", policy)
    assert {path: (path.lstat().st_mtime_ns, path.lstat().st_uid) for path in two.home.rglob("*")} == before
    assert two.run("show", "--count", uid=NOBODY).stdout == "1\n"
    assert "Deleted 1 event " in two.run("disable", uid=NOBODY).stdout
    assert two.rule(uid=NOBODY) == "file_disabled"


def test_the_user_empties_what_another_left_behind(two):
    two.run("emit", "ping", uid=NOBODY)
    (segment,) = two.segments()
    os.chown(segment, 0, 0)
    segment.chmod(0o600)
    assert two.run("show", "--count", uid=NOBODY).stdout == "0\n"
    two.run("disable", uid=NOBODY)
    assert two.segments() == []


def test_an_unreadable_segment_is_deleted_all_the_same(two):
    two.run("emit", "ping", uid=NOBODY)
    (segment,) = two.segments()
    segment.chmod(0)
    two.run("disable", uid=NOBODY)
    assert two.segments() == []


def test_a_purge_that_could_not_remove_everything_fails_and_names_the_file(two):
    two.run("emit", "ping", uid=NOBODY)
    (segment,) = two.segments()
    segment.chmod(0)
    segment.parent.chmod(0o500)
    done = two.run("disable", uid=NOBODY, code=1)
    assert str(segment) in done.stderr
    assert two.rule(uid=NOBODY) == "file_disabled"
    segment.parent.chmod(0)
    assert str(segment.parent) in two.run("disable", uid=NOBODY, code=1).stderr
    segment.parent.chmod(0o700)
    two.run("disable", uid=NOBODY)
    assert two.segments() == []


def test_a_process_in_roots_home_is_no_guest_there(two):
    assert two.rule(uid=NOBODY, HOME="/root") == "foreign_home"
    assert "belongs to another user" in two.run("disable", uid=NOBODY, code=1, HOME="/root").stderr


def test_a_home_that_root_took_over_is_off_and_says_so(two):
    two.run("emit", "ping", uid=NOBODY)
    os.chown(two.identity_file, 0, 0)
    two.identity_file.chmod(0o644)
    assert two.rule(uid=NOBODY) == "file_unreadable"
    assert "belongs to another user" in two.run("disable", uid=NOBODY, code=1).stderr
    os.chown(two.acme, 0, 0)
    assert two.rule(uid=NOBODY) == "foreign_home"


@pytest.fixture
def shared(two):
    """A home of root's in which everybody may make files, as in /tmp."""
    os.chown(two.home, 0, 0)
    two.acme.mkdir()
    two.acme.chmod(0o1777)
    return two


def test_links_that_another_user_prepared_lead_nowhere(shared):
    victim = shared.home.parent / "device"
    os.mknod(victim, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    kept = victim.lstat()
    spool = shared.acme / "telemetry-spool"
    (spool / "acme.1").mkdir(parents=True)
    for name in ("upload-state.json", "refused.jsonl", "ledger", "ledger.lock", "uploader.lock", "detached"):
        (spool / "acme.1" / name).symlink_to(victim)
        os.lchown(spool / "acme.1" / name, NOBODY, NOBODY)
    for path in (spool / "acme.1", spool):
        os.chown(path, NOBODY, NOBODY)
    assert shared.rule() == "foreign_home"
    shared.run("emit", "ping")
    shared.run("disable", code=1)
    assert (victim.lstat().st_ino, victim.lstat().st_rdev) == (kept.st_ino, kept.st_rdev)


def test_links_in_a_spool_of_ones_own_are_replaced_and_not_followed(shared):
    victim = shared.home.parent / "victim"
    victim.write_text("theirs")
    shared.run("emit", "ping")
    (segment,) = shared.segments()
    for name in ("upload-state.json", "refused.jsonl", "ledger"):
        (segment.parent / name).symlink_to(victim)
    shared.run("flush", "--timeout-ms", "500", code=1)
    shared.run("disable")
    assert victim.read_text() == "theirs"


def test_an_identity_file_behind_a_link_of_another_user_is_off(shared):
    victim = shared.home.parent / "victim.json"
    victim.write_text('{"enabled": true}')
    shared.identity_file.symlink_to(victim)
    assert shared.rule() != "file_unreadable"
    os.lchown(shared.identity_file, NOBODY, NOBODY)
    assert shared.rule() == "file_unreadable"
    shared.run("disable", code=1)
    assert victim.read_text() == '{"enabled": true}'


def test_a_container_in_which_one_user_owns_everything_is_at_home(two):
    unshare = shutil.which("unshare")
    arguments = [unshare or "unshare", "--user", "--map-root-user", two.home.parent / "candor"]
    made = subprocess.run(
        [*arguments, "emit", "ping", "--delivery", "manual"], env=two.environment, cwd="/",
        capture_output=True, text=True, timeout=60, user=NOBODY, group=NOBODY, extra_groups=[],
    )  # fmt: skip
    if "unshare" in made.stderr:
        pytest.skip("no user namespaces here")
    assert made.returncode == 0, made
    assert two.run("show", "--count", uid=NOBODY).stdout == "1\n"
