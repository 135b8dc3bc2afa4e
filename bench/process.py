"""Runs programs as a user would: a home of their own, a clean environment, nothing left behind."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# Longer than any program here takes by itself.
RUN_TIMEOUT_S = 90.0


class Failed(Exception):
    """A program didn't do what it was run for."""


@dataclass
class Run:
    seconds: float
    cpu_seconds: float  # what is left of the time on a machine that does nothing else
    out: str
    status: int  # as Popen.returncode
    timed_out: bool = False

    @property
    def json(self) -> dict:
        try:
            return json.loads(self.out)
        except ValueError:
            raise Failed(f"no JSON (status {self.status}): {self.out[-300:]!r}") from None


@dataclass
class Home:
    """A user's home directory, and the environment that goes with it."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def with_env(self, **more: str) -> Home:
        return Home(self.path, self.env | more)

    @property
    def spool(self) -> Path:
        return self.path / ".ktx" / "telemetry-spool" / "ktx.1"


@contextlib.contextmanager
def temporary_home(**env: str) -> Iterator[Home]:
    """Only what a program can't do without is taken over from our own environment."""
    path = Path(tempfile.mkdtemp(prefix="candor-bench-"))
    try:
        base = {"PATH": os.environ["PATH"], "HOME": str(path), "LANG": "C.UTF-8"}
        yield Home(path, base | env)
    finally:
        end_orphans(path)
        shutil.rmtree(path, ignore_errors=True)


def adopt_orphans() -> None:
    """What a program leaves running becomes our child, so that end_orphans can end it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


_ours: set[int] = set()
_ours_lock = threading.Lock()


def end_orphans(home: Path | None = None) -> None:
    """Ends what programs left behind: those that live in one home, or all of them."""
    for pid in _orphans():
        with contextlib.suppress(OSError):
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            gone = not any(environment)  # a zombie shows none
            if home is None or gone or f"HOME={home}".encode() in environment:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _orphans() -> list[int]:
    """Children of ours that we did not start."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    with _ours_lock:
        return [pid for pid in found if pid not in _ours]


def start(command: Sequence[str | Path], home: Home, **options) -> subprocess.Popen:
    # Held while it starts, so that it is not taken for an orphan.
    with _ours_lock:
        process = subprocess.Popen(
            [str(word) for word in command], env=home.env, cwd=home.path, text=True, **options
        )
        _ours.add(process.pid)
    return process


def ended(process: subprocess.Popen) -> None:
    with _ours_lock:
        _ours.discard(process.pid)


def run(
    command: Sequence[str | Path],
    home: Home,
    *,
    core: int | None = None,
    check: bool = True,
    timeout_s: float = RUN_TIMEOUT_S,
) -> Run:
    """Runs a program to its end and times it, from before it starts until it has ended."""
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        before = time.perf_counter()
        process = start(command, home, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        timed_out = not _wait(process, timeout_s)
        seconds = time.perf_counter() - before
        if timed_out:
            process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        ended(process)
        out.seek(0)
        err.seek(0)
        if check and process.returncode != 0:
            raise Failed(f"{command[0]}: status {process.returncode}: {err.read()[-2000:]}")
        return Run(
            seconds, usage.ru_utime + usage.ru_stime, out.read(), process.returncode, timed_out
        )


def _wait(process: subprocess.Popen, timeout_s: float) -> bool:
    """Popen.wait with a timeout polls, which would be part of what is measured."""
    pidfd = os.pidfd_open(process.pid)
    try:
        return bool(select.select([pidfd], [], [], timeout_s)[0])
    finally:
        os.close(pidfd)


class Server:
    """Takes what is posted to it and counts the events in it.

    Runs on one core when one is named; answers as late as a server far away does.
    """

    def __init__(
        self, program: Path, marker: str, *, core: int | None = None, away_ms: int = 0
    ) -> None:
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        self._process = start(
            [*pinned, program, marker, away_ms],
            Home(Path("/"), {"PATH": os.environ["PATH"]}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        ended(self._process)

    @property
    def counts(self) -> dict[str, int]:
        with urllib.request.urlopen(self.url + "/counts", timeout=60) as answer:
            return json.load(answer)

    def settled(self, expected: int, quiet_s: float = 1.0, timeout_s: float = 60.0) -> int:
        """The events that have arrived: once all did, or none has for a while."""
        deadline = time.monotonic() + timeout_s
        last, since = -1, time.monotonic()
        while (now := self.counts["events"]) < expected and time.monotonic() < deadline:
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > quiet_s:
                break
            time.sleep(0.02)
        return now


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An address that nobody listens at, and nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A server that takes every connection and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listener.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


@dataclass
class Sample:
    """One measure repeated."""

    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def noisy(self) -> bool:
        """The middle half lies further apart than a third of the median."""
        if len(self.values) < 4:
            return False
        low, _, high = statistics.quantiles(self.values, n=4)
        return high - low > abs(self.median) / 3


def interleaved(rounds: int, runs: dict[str, Callable[[], float]]) -> dict[str, Sample]:
    """A B A B, so that what disturbs the machine for a while disturbs them all."""
    values: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, one in runs.items():
            values[name].append(one())
    return {name: Sample(found) for name, found in values.items()}
