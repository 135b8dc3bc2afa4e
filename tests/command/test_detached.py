"""The uploader that a short-lived run leaves behind: what it inherits (nothing), how many there
are (one), how it ends, and that the run itself does not wait for it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from collector import Collector
from support.user import CANDOR, User

PYTHON_RUN = """
import candor
candor.open({catalog!r}).emit("ping")
"""


def uploaders(user: User) -> list[int]:
    """The processes `candor upload` of this user's home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            if command[1:2] == [b"upload"] and b"HOME=%s\0" % os.fsencode(user.home) in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_stays(user: User) -> Iterator[None]:
    yield
    for pid in uploaders(user):
        os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], object], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def emit(user: User, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([CANDOR, "emit", "ping", "--delivery", "detached"], env=user.environment, cwd=user.home,
                          check=True, capture_output=True, **options)  # fmt: skip


def test_it_inherits_nothing(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        user.environment["ACME_TELEMETRY_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ours, theirs = os.pipe()
        emit(user, pass_fds=(theirs,))
        os.close(theirs)
        assert os.read(ours, 1) == b"", "a copy of our pipe is still open somewhere"
        os.close(ours)
        assert wait_until(lambda: uploaders(user))
        (pid,) = uploaders(user)
        # Connected and waiting for an answer: it has long set itself up.
        silent.settimeout(30)
        connection, _ = silent.accept()
        process = Path(f"/proc/{pid}")
        assert os.readlink(process / "cwd") == "/"
        targets = [os.readlink(link) for link in (process / "fd").iterdir()]
        assert sum(target == "/dev/null" for target in targets) == 2
        assert not [target for target in targets if target.startswith("/") and str(user.home) not in target
                    and not target.startswith(("/dev/null", "/memfd:"))]  # fmt: skip
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpriority(os.PRIO_PROCESS, pid) == 10
        blocked = next(line for line in (process / "status").read_text().splitlines() if line.startswith("SigBlk"))
        assert int(blocked.split()[1], 16) == 0
        connection.close()


def test_the_run_leaves_no_child_and_does_not_wait(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        user.environment["ACME_TELEMETRY_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        script = (
            "import os, signal, candor\n"
            "heard = []\n"
            "signal.signal(signal.SIGCHLD, lambda *_: heard.append(1))\n"
            f"client = candor.open({str(user.catalog)!r}, delivery='detached')\n"
            "client.emit('ping')\n"
            "client.close()\n"
            "try:\n"
            "    os.waitpid(-1, os.WNOHANG)\n"
            "    print('a child')\n"
            "except ChildProcessError:\n"
            "    print('no child', len(heard))\n"
        )
        done = subprocess.run([sys.executable, "-c", script], env=user.environment, capture_output=True, text=True, timeout=30)
        assert done.stdout == "no child 0\n", done.stderr
        assert wait_until(lambda: uploaders(user)), "it was not started"


ORPHANS = """
import ctypes, os, signal, sys, candor
if sys.argv[1] == "subreaper":
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
else:
    assert os.getpid() == 1
heard = []
signal.signal(signal.SIGCHLD, lambda *_: heard.append(1))
for _ in range(3):
    client = candor.open({catalog!r}, delivery="detached", flush_interval_ms=1)
    client.emit("ping")
    client.close()
try:
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    print("a child", len(heard))
except ChildProcessError:
    print("no child", len(heard))
"""


@pytest.mark.parametrize("kind", ["subreaper", "process 1"])
def test_a_process_that_inherits_orphans_gets_none_of_ours(user: User, kind: str) -> None:
    command = [sys.executable, "-c", ORPHANS.format(catalog=str(user.catalog)), kind]
    if kind == "process 1":
        if os.geteuid() != 0:
            pytest.skip("a namespace of processes needs root")
        command = ["unshare", "--pid", "--fork", "--mount-proc", *command]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        user.environment["ACME_TELEMETRY_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = subprocess.run(command, env=user.environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "no child 0\n", done.stderr
    assert user.status()["ledger"]["total"]["pending"] == 3


# A run whose events were delivered, or deleted, before it ends; then whether it left a process.
NOTHING_TO_SEND = """
import candor
client = candor.open({catalog!r}, delivery={delivery!r})
client.emit("ping")
client.{call}
client.close()
"""


@pytest.mark.parametrize("delivery", ["auto", "detached"])
@pytest.mark.parametrize("call", ["flush()", "disable()"])
def test_nothing_to_send_starts_nothing(user: User, collector: Collector, delivery: str, call: str) -> None:
    user.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
    script = NOTHING_TO_SEND.format(catalog=str(user.catalog), delivery=delivery, call=call)
    subprocess.run([sys.executable, "-c", script], env=user.environment, check=True, capture_output=True)
    # The claim of a start is made before the process is.
    assert not list(user.acme.rglob("detached"))
    assert uploaders(user) == []


def test_thirty_runs_at_once_leave_one(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        user.environment["ACME_TELEMETRY_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        user.run("emit", "ping")  # the identity and the notice
        command = [CANDOR, "emit", "ping", "--delivery", "detached"]
        runs = [subprocess.Popen(command, env=user.environment) for _ in range(30)]
        most = 0
        while any(run.poll() is None for run in runs):
            most = max(most, len(uploaders(user)))
        assert all(run.returncode == 0 for run in runs)
        assert max(most, len(uploaders(user))) == 1


def test_events_of_later_runs_in_its_interval_arrive_too(user: User, collector: Collector) -> None:
    user.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
    emit(user)
    assert wait_until(lambda: len(collector.events) == 1)
    emit(user)
    emit(user)
    assert wait_until(lambda: len(collector.events) == 3)
    assert wait_until(lambda: not uploaders(user)), "it did not end"
    ledger = json.loads(user.run("status", "--json").stdout)["ledger"]["total"]
    assert (ledger["delivered"], ledger["pending"]) == (3, 0)


def test_a_python_run_is_delivered_too(user: User, collector: Collector) -> None:
    user.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
    script = PYTHON_RUN.format(catalog=str(user.catalog))
    subprocess.run([sys.executable, "-c", script], env=user.environment, check=True, capture_output=True)
    assert wait_until(lambda: len(collector.events) == 1)


@pytest.mark.parametrize("off", ["ACME_TELEMETRY_DISABLED", "DO_NOT_TRACK", "CI"])
def test_off_starts_nothing(user: User, off: str) -> None:
    user.environment[off] = "1"
    emit(user)
    assert uploaders(user) == []
    assert user.files() == []


def test_a_first_run_may_be_held(user: User, collector: Collector) -> None:
    text = user.catalog.read_text()
    assert '"version": 1,' in text
    user.catalog.write_text(text.replace('"version": 1,', '"version": 1, "hold_first_run": true,'))
    user.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
    emit(user)
    assert uploaders(user) == []
    emit(user)
    assert wait_until(lambda: len(collector.events) == 2)


def test_nonsense_on_standard_input_is_no_job(user: User) -> None:
    for text in ("", "{", "[]", '{"spool_dir": 5}', "x" * 100_000):
        done = subprocess.run([CANDOR, "upload"], input=text.encode(), env=user.environment, capture_output=True, timeout=30)
        assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")
