"""What is lost, and how fast the rest goes out. Each measure returns rows; run.py prints them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

from bench import Bench
from languages import Library
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

    def peer_lost(peer: Library) -> float:
        return lost(peer.does("kill", "URL", 1000), lambda url: peer.does("run", url, 0))

    def row(language: str, command: list, peers: list[Library]) -> Row:
        title = f"{language}: killed after 1,000 events, lost"
        note = f"the server answers after {AWAY_MS} ms"
        theirs = {p.name: or_failed(bench, p.name, partial(peer_lost, p)) for p in peers}
        return Row(title, "events", lost(command, flush), 0, peers=theirs, note=note)

    return [
        row("C++", bench.host("kill", 1000), []),
        *(row(one.name, one.candor.does("kill", count=1000), one.peers) for one in bench.languages),
    ]


def server_down(bench: Bench) -> list[Row]:
    """1,000 events, nobody listening as long as the process lives; then the server is back."""

    def lost_and_ms(command: list) -> tuple[float, float]:
        with bench.server() as server, refusing() as nobody, bench.home(nobody) as home:
            took = run(command, home)
            end_orphans(home.path)
            bench.flush(home.with_env(KTX_TELEMETRY_ENDPOINT=server.url))
            return lost_of(1000, server), took.seconds * 1000

    lost, took = [], []

    def measured(language: str, command: list, target_ms: float | None, peers: list) -> None:
        events, ms = lost_and_ms(command)
        theirs = {peer.name: without_server(bench).get((peer, "lost")) for peer in peers}
        ends = {peer.name: without_server(bench)[peer, "down"] for peer in peers}
        title = f"{language}: server down"
        lost.append(Row(f"{title}, 1,000 events, lost", "events", events, 0, peers=theirs))
        took.append(Row(f"{title}, the whole process", "ms", ms, target_ms, peers=ends))

    measured("C++", bench.host("run", 1000), None, [])
    for one in bench.languages:
        measured(one.name, one.candor.does("run", count=1000), 250, one.peers)
    return lost + took


def tight_loop(bench: Bench) -> list[Row]:
    """100,000 events as fast as they go, by a process that then ends."""

    def delivered(command: list, server) -> float:
        with bench.home(server.url) as home:
            run(command, home, timeout_s=180)
            arrived = server.settled(MANY, quiet_s=5)
        return 100 * arrived / MANY

    def row(language: str, command: list, peers: list[Library]) -> Row:
        with bench.server(away_ms=AWAY_MS) as server:
            ours = delivered(command, server)
        theirs = {p.name: or_failed(bench, p.name, partial(peer_delivered, p)) for p in peers}
        title = f"{language}: 100,000 events in a loop, delivered"
        note = f"the server answers after {AWAY_MS} ms"
        return Row(title, "%", ours, 100, True, theirs, note)

    def peer_delivered(peer: Library) -> float:
        with bench.server(away_ms=AWAY_MS) as server:
            return delivered(peer.does("run", server.url, MANY), server)

    return [
        row("C++", bench.host("run", MANY), []),
        *(row(one.name, one.candor.does("run", count=MANY), one.peers) for one in bench.languages),
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

    def theirs(peer: Library) -> float:
        count = PEER_DRAIN[peer.name]
        with bench.server(pinned=True) as server, bench.home() as home:
            command = peer.does("drain", server.url, count)
            seconds = run(command, home, core=bench.core, timeout_s=180).json["seconds"]
            arrived = server.settled(count)
            if arrived < count:
                bench.say(f"{peer.name}: {arrived} of {count} events arrived")
            return arrived / seconds

    found = {coding: [ours(coding) for _ in range(3)] for coding in ("gzip", "zstd", "none")}
    rate = {c: Sample([r["delivered"] / r["seconds"] for r in runs]) for c, runs in found.items()}
    cpu = statistics.median(r["delivered"] / r["cpu_seconds"] for r in found["gzip"])
    peers = {
        peer.name: or_failed(bench, peer.name, partial(theirs, peer))
        for peer in bench.peers
        if peer.name in PEER_DRAIN
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
