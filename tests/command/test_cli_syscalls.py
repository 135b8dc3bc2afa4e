"""Off means off: the system calls of C++ and Python processes with each opt-out
show that nothing is written, nobody is called and nothing is started."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from support.user import CANDOR

CALLS = """open openat openat2 creat mkdir mkdirat mknod mknodat rename renameat renameat2 link linkat symlink
symlinkat unlink unlinkat rmdir chmod fchmod fchmodat chown fchown lchown fchownat truncate ftruncate fallocate
utimensat write writev pwrite64 pwritev pwritev2 sendfile copy_file_range socket socketpair connect bind listen
sendto sendmsg sendmmsg clone clone3 fork vfork execve execveat memfd_create shm_open inotify_init1""".split()
READING = re.compile(r"^open(at)?\(.*\bO_RDONLY\b")
CREATING = re.compile(r"\bO_(CREAT|TRUNC|APPEND|WRONLY|RDWR|TMPFILE)\b")

PYTHON = """
import sys
import candor
client = candor.open(sys.argv[1], policy_file=sys.argv[2], delivery=sys.argv[3])
client.emit("ping")
client.close()
"""


def trace(tmp_path, user, command, variables):
    """The calls of a process, but for its own execve and files opened for reading."""
    log = tmp_path / "calls"
    known = ",".join("?" + call for call in CALLS)  # "?": not every machine has each
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", log, "-e", f"trace={known}", "-e", "signal=none", *command],
        env=user.environment_with(variables | {"PYTHONDONTWRITEBYTECODE": "1"}), capture_output=True, text=True,
        timeout=60, cwd=user.home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    assert calls[0].startswith("execve(")
    return [
        call for call in calls[1:]
        if not (READING.match(call) and not CREATING.search(call)) and not call.startswith("+++")
    ]  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def strace():
    if not shutil.which("strace") or subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode != 0:
        pytest.skip("strace can't trace here")


@pytest.fixture(params=["command", "python"])
def program(request, user, tmp_path):
    """A process that emits one event, and takes how it is delivered as its last argument."""
    policy = tmp_path / "policy.json"
    if request.param == "command":
        return [CANDOR, "emit", "ping", "--policy-file", policy, "--delivery"]
    if subprocess.run([sys.executable, "-c", "import candor"], env=user.environment).returncode != 0:
        pytest.fail("the Python module is not built, or not on PYTHONPATH")
    return [sys.executable, "-S", "-c", PYTHON, user.catalog, policy]


def off_by_file(text):
    return lambda user, tmp_path: user.write_identity(text)


def off_by_policy(text):
    return lambda user, tmp_path: (tmp_path / "policy.json").write_text(text)


def off_by_catalog(mode):
    return lambda user, tmp_path: user.catalog.write_text(user.catalog.read_text().replace("opt_out", mode))


OPT_OUTS = {
    "PREFIX_TELEMETRY_DISABLED": {"ACME_TELEMETRY_DISABLED": "1"},
    "DO_NOT_TRACK": {"DO_NOT_TRACK": "1"},
    "CI": {"CI": "true"},
    "a CI vendor": {"GITHUB_ACTIONS": "true"},
    "no home": {"HOME": None},
    "the file": off_by_file('{"enabled": false}'),
    "the file, with an id": off_by_file(json.dumps({"installId": "4f6c1f0e-7a35-4a3e-9d5b-6a1f0c2b3d4e", "enabled": False})),
    "a broken file": off_by_file("[]"),
    "an empty file": off_by_file(""),
    "the machine's policy": off_by_policy('{"enabled": false}'),
    "a broken policy": off_by_policy("{"),
    "the catalog": off_by_catalog("off"),
    "nobody opted in": off_by_catalog("opt_in"),
}


@pytest.mark.parametrize("how", OPT_OUTS)
def test_off_writes_nothing_calls_nobody_and_starts_nothing(user, tmp_path, program, how):
    opt_out = OPT_OUTS[how]
    variables = opt_out if isinstance(opt_out, dict) else {}
    if not isinstance(opt_out, dict):
        opt_out(user, tmp_path)
    before = {path: (user.home / path).stat().st_mtime_ns for path in user.files()}
    assert trace(tmp_path, user, [*program, "auto"], variables) == []
    assert {path: (user.home / path).stat().st_mtime_ns for path in user.files()} == before


def test_the_trace_would_show_it(user, tmp_path, program):
    calls = trace(tmp_path, user, [*program, "manual"], {})
    assert any(call.startswith("mkdir") for call in calls)
    assert any("O_CREAT" in call for call in calls)
    assert any(call.startswith("write(") and "Acme collects" in call for call in calls)  # the notice


def test_emitting_itself_calls_nobody_and_starts_nothing(user, tmp_path, program):
    user.run("emit", "ping")
    calls = trace(tmp_path, user, [*program, "manual"], {})
    network = ("socket", "connect", "bind", "sendto", "sendmsg", "clone", "clone3", "fork", "vfork", "execve")
    assert [call for call in calls if call.split("(")[0] in network] == []


@pytest.mark.parametrize("command", [["status"], ["show"], ["flush"], ["check"], ["schema"]])
def test_looking_changes_no_file(user, tmp_path, command):
    calls = trace(tmp_path, user, [CANDOR, *command], {})
    assert [call for call in calls if not call.startswith("write(1,")] == []
