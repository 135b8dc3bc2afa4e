"""The large measures: how candor stands 100,000 and ten million events."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import Bench
from process import Failed, Home, ended, run, start
from result import Row

MANY = 100_000
LOTS = 10_000_000
SPOOL_BYTES_MAX = 64 << 20  # the default of candor::Options
# What a spool may hold beside its quota: a segment a live process.
SEGMENT_BYTES = 1 << 20
BATCH_EVENTS = 2000  # of one request
SAMPLE_EVERY_S = 0.05
TIMEOUT_S = 900


@dataclass
class Watched:
    seconds: float
    memory_kib: int  # the largest, while it ran
    early_memory_kib: int  # the largest in the first tenth of the time
    spool_bytes: int  # the largest


def watch(command: list, home: Home) -> Watched:
    """Runs a program and looks at its memory and its spool while it runs."""
    samples: list[tuple[float, int, int]] = []
    before = time.perf_counter()
    with tempfile.TemporaryFile("w+") as err:
        process = start(
            command, home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err
        )
        while process.poll() is None:
            now = time.perf_counter() - before
            samples.append((now, resident_kib(process.pid), size(home.spool)))
            if now > TIMEOUT_S:
                process.kill()
            time.sleep(SAMPLE_EVERY_S)
        ended(process)
        if process.returncode != 0:
            err.seek(0)
            raise Failed(f"status {process.returncode}: {err.read()[-500:]}")
    seconds = time.perf_counter() - before
    early = [memory for at, memory, _ in samples if at <= seconds / 10]
    return Watched(
        seconds,
        max(memory for _, memory, _ in samples),
        max(early, default=0),
        max(spool for _, _, spool in samples),
    )


def resident_kib(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def size(spool: Path) -> int:
    total = 0
    try:
        for path in spool.iterdir():
            try:
                total += path.stat().st_blocks * 512
            except FileNotFoundError:
                pass
    except FileNotFoundError:
        pass
    return total


def emitted(bench: Bench, title: str, events: int, rate: int, all_arrive: bool) -> list[Row]:
    """A process emits while its own uploader drains; what is left is flushed after it."""
    with bench.server(pinned=True) as server, bench.home(server.url, bench.warm_home()) as home:
        before = bench.ledger(home)["total"]
        command = bench.host("run", events, "--delivery", "background", "--rate", rate)
        watched = watch(command, home)
        bench.flush(home)
        arrived = server.settled(events, quiet_s=3)
        after = bench.ledger(home)["total"]

    captured = after["captured"] - before["captured"]
    delivered = after["delivered"] - before["delivered"]
    dropped = sum(after["dropped"].values()) - sum(before["dropped"].values())
    unaccounted = abs(captured - delivered - dropped - after["pending"]) + abs(events - captured)
    quota = (SPOOL_BYTES_MAX + SEGMENT_BYTES) / (1 << 20)
    return [
        Row(
            f"{title}: arrived",
            "events",
            arrived,
            events if all_arrive else None,
            at_least=True,
            note=f"{dropped:,} dropped by quota; the process took {watched.seconds:.1f} s",
        ),
        Row(f"{title}: not in the ledger", "events", unaccounted, 0),
        Row(
            f"{title}: arrived and not counted so",
            "events",
            abs(arrived - delivered),
            # A request that is cut off when its process ends may have arrived; it is sent again.
            BATCH_EVENTS,
        ),
        Row(
            f"{title}: peak memory",
            "MB",
            watched.memory_kib / 1024,
            note=f"{watched.early_memory_kib / 1024:.1f} MB in the first tenth of the time",
        ),
        Row(f"{title}: peak disk", "MB", watched.spool_bytes / (1 << 20), quota),
    ]


def hundred_thousand(bench: Bench) -> list[Row]:
    return emitted(bench, "100,000 events", MANY, 0, True)


def ten_million_paced(bench: Bench) -> list[Row]:
    return emitted(bench, "10 million in two minutes", LOTS, 75_000, True)


def ten_million_at_once(bench: Bench) -> list[Row]:
    return emitted(bench, "10 million at once", LOTS, 0, False)


def ten_million_waiting(bench: Bench) -> list[Row]:
    """A backlog far over any quota: does the drain slow down, or its memory grow?"""
    rows = []
    for title, events in (("100,000", MANY), ("10 million", LOTS)):
        with bench.server(pinned=True) as server, bench.home() as home:
            command = [bench.program("drain"), server.url, "--events", events]
            found = run(command, home, core=bench.core, timeout_s=TIMEOUT_S).json
        rate = found["delivered"] / found["seconds"]
        rows.append(Row(f"{title} waiting: drained", "events/s", rate))
        rows.append(Row(f"{title} waiting: peak memory", "MB", found["memory"]["peak_kib"] / 1024))
    return rows


SCALE: tuple[Callable[[Bench], list[Row]], ...] = (
    hundred_thousand,
    ten_million_paced,
    ten_million_at_once,
    ten_million_waiting,
)
