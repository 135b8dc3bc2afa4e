"""candor status, enable and disable: what a user decides, and what comes of it."""

import json
import os
import shutil
import stat
import subprocess
import time
import uuid

import pytest
from support.disk import mounted
from support.user import ACME, CANDOR, NOTICE, User

INSTALL_ID = "4f6c1f0e-7a35-4a3e-9d5b-6a1f0c2b3d4e"
EMIT = ["emit", "ping", "--delivery", "manual"]
CHOSEN = {"installId": INSTALL_ID, "enabled": True, "noticeShownVersion": 1, "theirs": {"kept": [1, 2.50, "\u00e9"]}}


def read_strictly(user):
    """The identity file by the rules of the format's strict readers, which take any other for none."""
    identity = json.loads(user.identity_file.read_bytes().decode("utf-8"))
    types = {"installId": str, "enabled": bool, "createdAt": str, "noticeShownAt": str, "noticeShownVersion": int}
    assert set(identity) - {"noticeShownAt", "noticeShownVersion"} == {"installId", "enabled", "createdAt"}
    assert all(type(value) is types[key] for key, value in identity.items())
    assert uuid.UUID(identity["installId"]).version == 4
    return identity


def test_status_explains_without_touching_anything(user):
    text = user.run("status").stdout
    assert text.startswith("Telemetry is on")
    assert "default_on" in text
    assert user.files() == []


def test_status_for_programs(user):
    user.run("emit", "ping")
    user.run("emit", "ping", "nope=1", code=2)
    status = user.status()
    assert status["product"] == "Acme"
    assert status["enabled"] is True
    assert status["rule"] == "file_enabled"
    assert status["install_id"] == user.identity()["installId"]
    assert status["identity_file"] == str(user.identity_file)
    assert status["spool_dir"].startswith(str(user.acme))
    assert status["endpoint"] == "http://127.0.0.1:9"
    assert status["notice_shown"] is True
    assert status["problem"] == ""
    assert status["ledger"]["total"]["pending"] == 1
    assert status["ledger"]["events"]["ping"]["captured"] == 2


def test_status_for_people_says_what_waits(user):
    user.run("emit", "ping")
    user.run("emit", "ping", "nope=1", code=2)
    text = user.run("status").stdout
    assert "waiting     1 event\n" in text
    assert "rejected    1: 1 unknown_field\n" in text
    assert "dropped     0\n" in text


def test_status_shows_what_was_lost_apart_from_what_was_rejected(user):
    user.run("emit", "ping")
    user.run("emit", "ping", "nope=1", code=2)
    user.run("disable")
    text = user.run("status").stdout
    assert "rejected    1: 1 unknown_field\n" in text
    assert "dropped     1: 1 opted_out\n" in text
    assert user.status()["ledger"]["total"]["dropped"] == {"unknown_field": 1, "opted_out": 1}


def test_status_says_that_events_are_only_printed(user):
    text = user.run("status", ACME_TELEMETRY_DEBUG="1").stdout
    assert "debug       events are printed on standard error and not kept: ACME_TELEMETRY_DEBUG is set\n" in text
    assert user.status(ACME_TELEMETRY_DEBUG="1")["debug"] is True
    for value in (None, "0"):
        assert "debug  " not in user.run("status", ACME_TELEMETRY_DEBUG=value).stdout
        assert user.status(ACME_TELEMETRY_DEBUG=value)["debug"] is False


def test_status_tells_of_failing_delivery_only_while_it_matters(user):
    user.run("emit", "ping")
    user.run("flush", "--timeout-ms", "1500", code=1)
    assert "  delivery    failing: " in user.run("status").stdout
    assert "delivery  " not in user.run("status", DO_NOT_TRACK="1").stdout
    user.run("disable")
    assert "delivery  " not in user.run("status").stdout
    user.run("enable")
    assert "delivery  " not in user.run("status").stdout


def test_the_endpoint_of_the_environment_is_shown(user):
    assert user.status(ACME_TELEMETRY_ENDPOINT="http://127.0.0.1:1")["endpoint"] == "http://127.0.0.1:1"
    assert user.status(ACME_TELEMETRY_ENDPOINT=None)["endpoint"] == "https://us.i.posthog.com"


@pytest.mark.parametrize(
    ("variables", "rule", "named"),
    [
        ({"ACME_TELEMETRY_DISABLED": "1"}, "env_disabled", "ACME_TELEMETRY_DISABLED"),
        ({"ACME_TELEMETRY_DISABLED": "please"}, "env_disabled", "ACME_TELEMETRY_DISABLED"),
        ({"DO_NOT_TRACK": "1"}, "do_not_track", "DO_NOT_TRACK"),
        ({"CI": "true"}, "ci", ""),
        ({"GITHUB_ACTIONS": "true"}, "ci", ""),
        ({"DO_NOT_TRACK": "1", "ACME_TELEMETRY_DISABLED": "1", "CI": "1"}, "env_disabled", "ACME_TELEMETRY_DISABLED"),
    ],
)
def test_the_environment_says_no(user, variables, rule, named):
    status = user.status(**variables)
    assert (status["enabled"], status["rule"]) == (False, rule)
    assert named in status["explanation"]
    assert user.run("status", **variables).stdout.startswith("Telemetry is off")


@pytest.mark.parametrize("value", ["", "0", "false", "NO", "Off"])
@pytest.mark.parametrize("name", ["ACME_TELEMETRY_DISABLED", "DO_NOT_TRACK", "CI"])
def test_a_variable_may_be_no_signal(user, name, value):
    assert user.status(**{name: value})["enabled"] is True


@pytest.mark.parametrize(
    ("policy", "enabled", "rule"),
    [
        ('{"enabled": false}', False, "policy_disabled"),
        ('{"products": {"Acme": {"enabled": false}}}', False, "policy_disabled"),
        ('{"products": {"Other": {"enabled": false}}}', True, "default_on"),
        ("{", False, "policy_unreadable"),
        ("[]", False, "policy_unreadable"),
    ],
)
def test_the_machine_has_a_policy(user, tmp_path, policy, enabled, rule):
    path = tmp_path / "policy.json"
    path.write_text(policy)
    status = json.loads(user.run("status", "--json", "--policy-file", path).stdout)
    assert (status["enabled"], status["rule"]) == (enabled, rule)


@pytest.mark.parametrize(
    ("mode", "rule"), [("opt_in", "not_opted_in"), ("off", "catalog_off")]
)
def test_the_catalog_may_be_off(user, mode, rule):
    user.catalog.write_text(user.catalog.read_text().replace("opt_out", mode))
    assert user.status()["rule"] == rule
    user.run("emit", "ping")
    assert user.files() == []
    user.run("enable")
    assert user.status()["enabled"] is (mode == "opt_in")


def test_without_a_home_telemetry_is_off(user):
    for home in (None, "", "relative"):
        assert user.status(HOME=home)["rule"] == "no_home"
        user.run("emit", "ping", HOME=home)
        for choice in ("enable", "disable"):
            assert "HOME" in user.run(choice, code=1, HOME=home).stderr
        assert user.run("show", HOME=home).stdout == ""
        user.run("flush", HOME=home)
    assert user.files() == []


def test_the_home_of_the_product_can_be_given(user, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    user.run("emit", "ping", "--home", elsewhere)
    assert (elsewhere / "telemetry.json").is_file()
    assert user.files() == []
    assert user.run("show", "--count", "--home", elsewhere).stdout == "1\n"


# ---- The identity file ----------------------------------------------------------

BROKEN = {
    "empty": "",
    "space": " \n",
    "array": "[]",
    "null": "null",
    "text": '"no"',
    "garbage": "garbage",
    "cut off": '{"enabled": tr',
    "two values": "{} {}",
    "enabled is text": '{"enabled": "false"}',
    "enabled is a number": '{"enabled": 0}',
    "enabled is null": '{"enabled": null}',
    "install id is no uuid": '{"installId": "me"}',
    "install id is a number": '{"installId": 7}',
    "twice": '{"enabled": false, "enabled": true}',
    "not utf-8": b'{"note": "\xff"}',
    "utf-16": '{"enabled": false}'.encode("utf-16"),
    "nested too deeply": '{"x":' + "[" * 100000 + "]" * 100000 + "}",
    "too large": '{"x": "' + "x" * 70000 + '"}',
    "nul": b"\0" * 10,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_identity_file_means_off_and_is_never_overwritten(user, kind):
    user.write_identity(BROKEN[kind])
    before = user.identity_file.read_bytes()
    status = user.status()
    assert (status["enabled"], status["rule"]) == (False, "file_unreadable")
    assert "telemetry.json" in status["problem"]
    assert "problem" in user.run("status").stdout
    user.run("emit", "ping")
    for choice in ("enable", "disable"):
        assert "telemetry.json" in user.run(choice, code=1).stderr
    user.run("flush")
    assert user.identity_file.read_bytes() == before
    assert user.files() == [user.acme.relative_to(user.home), user.identity_file.relative_to(user.home)]


def directory(path):
    path.mkdir()


def dangling_link(path):
    path.symlink_to("nowhere.json")


def link_to_itself(path):
    path.symlink_to(path.name)


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [directory, dangling_link, link_to_itself, pipe, device])
def test_something_else_in_its_place_means_off_and_stays(user, make):
    user.acme.mkdir(mode=0o700)
    make(user.identity_file)
    before = os.lstat(user.identity_file)
    assert user.status()["rule"] == "file_unreadable"
    user.run("emit", "ping")
    for choice in ("enable", "disable"):
        user.run(choice, code=1)
    after = os.lstat(user.identity_file)
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert len(user.files()) == 2


@pytest.mark.parametrize("text", ["{}", '{"enabled": true}', '{"theirs": 1}'])
def test_a_file_without_an_id_is_completed(user, text):
    user.write_identity(text)
    user.run("emit", "ping")
    identity = user.identity()
    assert user.status()["install_id"] == identity["installId"]
    assert read_strictly(user)["enabled"] is True
    if "theirs" in text:  # the format has no room for it
        assert json.loads(user.record_file.read_text())["otherKeys"] == {"theirs": 1}


@pytest.mark.parametrize("text", ['{"enabled": false}', '{"enabled":false,"theirs":1}', json.dumps(CHOSEN | {"enabled": False})])
def test_an_opt_out_stays_byte_for_byte(user, text):
    user.write_identity(text)
    assert user.status()["rule"] == "file_disabled"
    user.run("emit", "ping")
    user.run("flush")
    assert user.identity_file.read_text() == text
    assert len(user.files()) == 2
    user.run("disable")
    assert read_strictly(user)["enabled"] is False
    assert set(user.acme.iterdir()) == {user.identity_file, user.record_file}


def test_a_link_to_a_file_stays_a_link(user, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(CHOSEN))
    user.acme.mkdir(mode=0o700)
    user.identity_file.symlink_to(elsewhere)
    user.run("disable")
    assert user.identity_file.is_symlink()
    assert json.loads(elsewhere.read_text()).items() >= {"enabled": False, "installId": INSTALL_ID}.items()
    assert read_strictly(user)["enabled"] is False


def test_enable_and_disable_keep_what_they_do_not_know(user):
    user.write_identity(json.dumps(CHOSEN))
    for choice in ("disable", "enable"):
        user.run(choice)
        assert read_strictly(user)["enabled"] is (choice == "enable")
        assert (user.identity()["installId"], user.identity()["noticeShownVersion"]) == (INSTALL_ID, 1)
        record = json.loads(user.record_file.read_text())
        assert record["otherKeys"] == {"theirs": CHOSEN["theirs"]}
        assert (record["choice"]["by"], record["choice"]["enabled"]) == ("user", choice == "enable")
        assert stat.S_IMODE(user.record_file.stat().st_mode) == 0o600


def test_disable_on_an_empty_home_is_remembered(user):
    done = user.run("disable")
    assert "Telemetry is off" in done.stdout
    assert read_strictly(user)["enabled"] is False
    assert set(user.acme.iterdir()) == {user.identity_file, user.record_file}
    assert stat.S_IMODE(user.identity_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(user.acme.stat().st_mode) == 0o700
    user.run("emit", "ping")
    assert user.status()["rule"] == "file_disabled"
    user.run("enable")
    assert user.status()["rule"] == "file_enabled"


def test_who_chose_is_told(user):
    user.run("emit", "ping")
    assert user.run("status").stdout.startswith("Telemetry is on by default: ")
    user.run("enable")
    assert user.run("status").stdout.startswith("Telemetry is on: ~/.acme/telemetry.json says so")


def test_disable_deletes_what_waits(user):
    for _ in range(3):
        user.run("emit", "ping")
    assert "Deleted 3 events" in user.run("disable").stdout
    assert user.run("show").stdout == ""
    assert user.status()["ledger"]["total"]["dropped"] == {"opted_out": 3}
    remaining = b"".join(path.read_bytes() for path in user.acme.rglob("*") if path.is_file())
    assert b'"event"' not in remaining


def test_a_choice_is_reported_with_the_rule_that_stands_above_it(user):
    done = user.run("enable", DO_NOT_TRACK="1")
    assert f'Wrote "enabled": true to {user.identity_file}.' in done.stdout
    assert "But: Telemetry is off because DO_NOT_TRACK is set." in done.stdout
    assert "But" not in user.run("enable").stdout


def test_a_file_in_the_place_of_the_directory_means_off(user):
    user.acme.write_text("")
    assert user.status()["rule"] == "file_unreadable"
    user.run("emit", "ping")
    for choice in ("enable", "disable"):
        assert str(user.acme) in user.run(choice, code=1).stderr
    assert user.acme.read_text() == ""


@pytest.fixture
def unwritable_home(user):
    """Nobody but root may write where a permission is missing; chattr stops root too."""
    if os.geteuid() != 0:
        user.home.chmod(0o500)
        yield
        user.home.chmod(0o700)
        return
    chattr = shutil.which("chattr")
    if not chattr or subprocess.run([chattr, "+i", user.home], capture_output=True).returncode != 0:
        pytest.skip("run by root on a file system without chattr +i, nothing makes a directory unwritable")
    yield
    subprocess.run(["chattr", "-i", user.home], check=True)


def test_a_home_that_can_not_be_written_keeps_nothing_and_says_so(user, unwritable_home):
    for choice in ("enable", "disable"):
        assert str(user.acme) in user.run(choice, code=1).stderr
    done = user.run("emit", "ping", code=1)
    assert done.stderr.startswith("candor: ") and str(user.home) in done.stderr
    assert NOTICE not in done.stderr
    status = user.status()
    assert (status["enabled"], status["rule"]) == (False, "home_unwritable")
    assert str(user.home) in status["problem"] and str(user.home) in status["explanation"]
    assert str(user.home) in user.run("flush", code=1).stderr
    assert user.files() == []


# ---- First runs -----------------------------------------------------------------


def test_the_first_run_shows_the_notice_once_on_standard_error(user):
    first = user.run("emit", "ping")
    assert first.stderr == NOTICE + "\n"
    assert first.stdout == ""
    assert user.run("emit", "ping").stderr == ""
    assert len(user.waiting()) == 2


def test_looking_is_no_first_run(user):
    for command in ("status", "show", "flush"):
        assert NOTICE not in user.run(command).stderr
    assert user.files() == []


def together(user, commands):
    """Runs commands at once; their outputs and errors, each of all in one."""
    processes = [
        subprocess.Popen([CANDOR, *command], env=user.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for command in commands
    ]
    said = [process.communicate(timeout=60) for process in processes]
    assert [(process.returncode, err) for process, (_, err) in zip(processes, said) if process.returncode] == []
    return b"".join(out for out, _ in said), b"".join(err for _, err in said)


def test_sixty_four_processes_at_once_make_one_identity_and_show_one_notice(user):
    out, err = together(user, [EMIT] * 64)
    assert (out, err) == (b"", NOTICE.encode() + b"\n")
    assert user.run("show", "--count").stdout == "64\n"
    assert set(user.identity()) == {"installId", "enabled", "createdAt", "noticeShownAt", "noticeShownVersion"}
    assert sorted(path.name for path in user.acme.iterdir() if path.is_file()) == ["telemetry.json"]


def test_an_opt_out_beats_sixteen_first_runs(user):
    together(user, [EMIT] * 8 + [["disable"]] + [EMIT] * 8)
    assert user.status()["rule"] == "file_disabled"
    user.run("emit", "ping")
    assert user.identity()["enabled"] is False


def test_an_opt_out_outlasts_a_writer_over_a_slow_disk(user, tmp_path):
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace slows the disk down")
    user.run("emit", "ping")
    unread = {key: value for key, value in user.identity().items() if not key.startswith("notice")}
    user.write_identity(json.dumps(unread))
    # It records its notice, and each sync takes four seconds: as long as it holds the lock.
    slow = subprocess.Popen(
        [strace, "-f", "-qq", "-o", tmp_path / "calls", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=4000000",
         CANDOR, *EMIT], env=user.environment, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not list(user.acme.glob("telemetry.json.*.tmp")):
        assert slow.poll() is None, "it was over before the user could disable"
        time.sleep(0.01)
    user.run("disable")
    assert user.status()["rule"] == "file_disabled"
    slow.communicate(timeout=60)
    assert user.status()["rule"] == "file_disabled"
    assert read_strictly(user)["enabled"] is False
    assert not list(user.acme.glob("telemetry.json.*"))


def test_a_no_is_kept_on_a_disk_that_the_spool_has_filled(tmp_path):
    catalog = tmp_path / "acme.telemetry.jsonc"
    catalog.write_text(ACME)
    with mounted(tmp_path / "disk", "size=1100k") as disk:
        user = User(disk, catalog)
        user.run("emit", "ping")
        with (disk / "filler").open("wb", buffering=0) as filler:
            for size in (4096, 1):
                while True:
                    try:
                        filler.write(b"x" * size)
                    except OSError:
                        break
        said = user.run("disable").stdout
        assert 'Wrote "enabled": false' in said
        assert "Deleted 1 event" in said
        assert read_strictly(user)["enabled"] is False
