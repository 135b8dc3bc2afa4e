"""What is lost, and how fast the rest goes out. Each measure returns rows; run.py prints them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

from bench import Bench
from peers import lost_of, or_failed, without_server
from process import Failed, Sample, end_orphans, refusing, run
from result import Row

MANY = 100_000
# As far as a server in another country is.
AWAY_MS = 50
# What each peer drains in some seconds; glean limits its own rate and is left out.
PEER_DRAIN = {"posthog": 20_000, "posthog-node": 20_000, "sentry": 5_000, "opentelemetry": 20_000}


def killed(bench: Bench) -> list[Row]:
    """Emit 1,000 events, die by SIGKILL; then a second run with nothing to say. What arrived?"""

    def lost(command: list, next_run: Callable[[str], list]) -> float:
        with bench.server(away_ms=AWAY_MS) as server, bench.home(server.url) as home:
            run([server.url if word == "URL" else word for word in command], home, check=False)
            run(next_run(server.url), home)
            return lost_of(1000, server)

    def flush(_: str) -> list:
        return [bench.candor, "flush", "--timeout-ms", 60_000]

    cpp = lost(bench.host("kill", 1000), flush)
    python = lost(bench.driver("candor", "kill", count=1000), flush)
    peers = {
        name: or_failed(
            bench,
            name,
            partial(
                lost,
                bench.driver(name, "kill", "URL", 1000),
                lambda url, name=name: bench.driver(name, "run", url, 0),
            ),
        )
        for name in bench.peers
    }
    note = f"the server answers after {AWAY_MS} ms"
    return [
        Row("C++: killed after 1,000 events, lost", "events", cpp, 0, note=note),
        Row("Python: killed after 1,000 events, lost", "events", python, 0, peers=peers, note=note),
    ]


def server_down(bench: Bench) -> list[Row]:
    """1,000 events, nobody listening as long as the process lives; then the server is back."""

    def lost_and_ms(command: list) -> tuple[float, float]:
        with bench.server() as server, refusing() as nobody, bench.home(nobody) as home:
            took = run(command, home)
            end_orphans(home.path)
            bench.flush(home.with_env(KTX_TELEMETRY_ENDPOINT=server.url))
            return lost_of(1000, server), took.seconds * 1000

    cpp, cpp_ms = lost_and_ms(bench.host("run", 1000))
    python, python_ms = lost_and_ms(bench.driver("candor", "run", count=1000))
    peers = {name: without_server(bench).get((name, "lost")) for name in bench.peers}
    ends = {name: without_server(bench)[name, "down"] for name in bench.peers}
    return [
        Row("C++: server down, 1,000 events, lost", "events", cpp, 0),
        Row("Python: server down, 1,000 events, lost", "events", python, 0, peers=peers),
        Row("C++: server down, the whole process", "ms", cpp_ms),
        Row("Python: server down, the whole process", "ms", python_ms, 250, peers=ends),
    ]


def tight_loop(bench: Bench) -> list[Row]:
    """100,000 events as fast as they go, by a process that then ends."""

    def delivered(command: list, server) -> float:
        with bench.home(server.url) as home:
            run(command, home, timeout_s=180)
            arrived = server.settled(MANY, quiet_s=5)
        return 100 * arrived / MANY

    def theirs(name: str) -> float:
        with bench.server(away_ms=AWAY_MS) as server:
            return delivered(bench.driver(name, "run", server.url, MANY), server)

    with bench.server(away_ms=AWAY_MS) as server:
        cpp = delivered(bench.host("run", MANY), server)
    with bench.server(away_ms=AWAY_MS) as server:
        python = delivered(bench.driver("candor", "run", count=MANY), server)
    peers = {name: or_failed(bench, name, partial(theirs, name)) for name in bench.peers}
    note = f"the server answers after {AWAY_MS} ms"
    return [
        Row("C++: 100,000 events in a loop, delivered", "%", cpp, 100, True, note=note),
        Row("Python: 100,000 events in a loop, delivered", "%", python, 100, True, peers, note),
    ]


def one_shot(bench: Bench) -> list[Row]:
    """How soon a single event is there, when the process that emitted it has ended."""

    def once() -> float:
        with bench.server() as server, bench.home(server.url, bench.warm_home()) as home:
            before = time.perf_counter()
            run(bench.host("run", 1), home)
            arrived = server.settled(1, quiet_s=10)
            seconds = time.perf_counter() - before
            if arrived != 1:
                raise Failed(f"{arrived} of one event arrived")
            return seconds * 1000

    sample = Sample([once() for _ in range(3)])
    return [Row("C++: from process start to the event's arrival", "ms", sample.median, 5000)]


def drain(bench: Bench) -> list[Row]:
    def ours(compression: str) -> dict:
        with bench.server(pinned=True) as server, bench.home() as home:
            command = [bench.program("drain"), server.url, "--compression", compression]
            return run([*command, "--events", MANY], home, core=bench.core).json

    def theirs(name: str) -> float:
        count = PEER_DRAIN[name]
        with bench.server(pinned=True) as server, bench.home() as home:
            command = bench.driver(name, "drain", server.url, count)
            seconds = run(command, home, core=bench.core, timeout_s=180).json["seconds"]
            arrived = server.settled(count)
            if arrived < count:
                bench.say(f"{name}: {arrived} of {count} events arrived")
            return arrived / seconds

    found = {coding: [ours(coding) for _ in range(3)] for coding in ("gzip", "zstd", "none")}
    rate = {c: Sample([r["delivered"] / r["seconds"] for r in runs]) for c, runs in found.items()}
    cpu = statistics.median(r["delivered"] / r["cpu_seconds"] for r in found["gzip"])
    peers = {
        name: or_failed(bench, name, partial(theirs, name))
        for name in bench.peers
        if name in PEER_DRAIN
    }
    return [
        Row(
            "drain 100,000 events, gzip, one core",
            "events/s",
            rate["gzip"].median,
            150_000,
            True,
            peers=peers,
            note=f"{cpu:,.0f} a CPU second",
            noisy=rate["gzip"].noisy,
        ),
        Row("drain 100,000 events, zstd, one core", "events/s", rate["zstd"].median),
        Row("drain 100,000 events, uncompressed, one core", "events/s", rate["none"].median),
    ]


DELIVERY: tuple[Callable[[Bench], list[Row]], ...] = (
    killed,
    server_down,
    tight_loop,
    one_shot,
    drain,
)
