"""The measures, one function each. They return rows; run.py prints them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from process import (
    Failed,
    Sample,
    Server,
    end_orphans,
    interleaved,
    refusing,
    run,
    silent,
)
from result import Row
from bench import Bench, added

MIB = 1024.0  # of the KiB that Linux tells
# How many events a run of a peer emits while its calls are timed; its queue holds them all.
CALLS = 5000
MANY = 100_000


def or_failed(bench: Bench, name: str, measure: Callable[[], float]) -> float | None:
    """A peer that can't be measured must not end the run."""
    try:
        return measure()
    except Failed as failure:
        bench.say(f"{name}: {failure}")
        return None


def at_once(bench: Bench, measures: dict[str, Callable[[], float]]) -> dict[str, float | None]:
    """For measures that mostly wait: all at the same time."""
    with ThreadPoolExecutor(max_workers=max(len(measures), 1)) as pool:
        futures = {
            name: pool.submit(or_failed, bench, name, one) for name, one in measures.items()
        }
    return {name: future.result() for name, future in futures.items()}


# ---- What a call costs ----------------------------------------------------------


def emit_cpp(bench: Bench) -> list[Row]:
    def once(threads: int) -> dict:
        with bench.home() as home:
            command = [bench.program("emit"), "--threads", threads, "--events", MANY // threads]
            return run(command, home).json

    found = {threads: [once(threads) for _ in range(5)] for threads in (1, 4)}

    def row(title: str, threads: int, key: str, target: float | None) -> Row:
        sample = Sample([one[key] for one in found[threads]])
        return Row(title, "ns", sample.median, target, noisy=sample.noisy)

    lost = sum(one["lost"] for runs in found.values() for one in runs)
    clock = statistics.median(one["clock_ns"] for one in found[1])
    rows = [
        row("C++ emit, 8 fields, durable: median", 1, "median_ns", 400),
        row("C++ emit, 8 fields, durable: p99", 1, "p99_ns", 2000),
        row("C++ emit, 8 fields, durable: p99.9", 1, "p999_ns", None),
        row("C++ emit while 4 threads emit: median", 4, "median_ns", None),
        row("C++ emit while 4 threads emit: p99", 4, "p99_ns", 5000),
        Row("C++ emit: events dropped", "events", lost, 0),
    ]
    rows[0].note = f"of which reading the clock: {clock:.0f} ns"
    return rows


def emit_python(bench: Bench) -> list[Row]:
    p99: dict[str, list[float]] = {}

    def once(library: str, url: str) -> float:
        with bench.home(url, bench.warm_home()) as home:
            found = run(bench.driver(library, "calls", url, CALLS), home).json
            p99.setdefault(library, []).append(found["p99_ns"])
            return found["median_ns"]

    with refusing() as url:
        samples = interleaved(
            5, {library: partial(once, library, url) for library in ["candor", *bench.peers]}
        )
    ours = samples["candor"]
    peers = {peer: samples[peer].median for peer in bench.peers}
    rows = [
        Row("Python emit, 8 fields, durable: median", "ns", ours.median, 1000, peers=peers),
        Row(
            "Python emit, 8 fields, durable: p99",
            "ns",
            statistics.median(p99["candor"]),
            peers={peer: statistics.median(p99[peer]) for peer in bench.peers},
        ),
    ]
    rows[0].noisy = ours.noisy
    if "posthog" in peers:
        ratio = peers["posthog"] / ours.median
        rows.append(Row("Python emit: times faster than posthog's capture", "x", ratio, 20, True))
    return rows


# ---- What a process costs -------------------------------------------------------


def import_time(bench: Bench) -> list[Row]:
    modules = {
        "bare": "pass",
        "candor": "import candor",
        "posthog": "import posthog",
        "sentry": "import sentry_sdk",
        "glean": "import glean",
        "opentelemetry": "import opentelemetry.sdk._logs.export, "
        "opentelemetry.exporter.otlp.proto.http._log_exporter",
    }
    names = ["bare", "candor", *(name for name in modules if name in bench.peers)]
    with bench.home() as home:
        commands = {name: [bench.python, "-c", modules[name]] for name in names}
        for command in commands.values():
            run(command, home)  # so that byte code and file cache are there
        samples = interleaved(
            15, {name: lambda c=command: run(c, home).seconds * 1000 for name, command in commands.items()}
        )
    peers = {name: added(samples, name) for name in names[2:]}
    note = f"the bare interpreter: {samples['bare'].median:.1f} ms"
    return [
        Row("import candor, added to a bare interpreter", "ms", added(samples, "candor"), 8,
            peers=peers, note=note, noisy=samples["candor"].noisy)
    ]


def memory(bench: Bench) -> list[Row]:
    def once(command: list, url: str, key: str) -> float:
        with bench.home(url, bench.warm_home()) as home:
            found = run(command, home).json
        return found[key] / MIB

    def over_bare(url: str, events: int, key: str) -> dict[str, Sample]:
        drive = partial(bench.driver, verb="memory", url=url)
        commands = {
            "bare-cpp": [bench.program("bare"), "memory"],
            "cpp": bench.host("memory", events),
            "bare": drive("bare"),
            "candor": drive("candor", count=events),
        }
        return interleaved(
            3, {name: partial(once, command, url, key) for name, command in commands.items()}
        )

    def peer(url: str, name: str, events: int, key: str) -> float:
        theirs = once(bench.driver(name, "memory", url, events), url, key)
        return theirs - once(bench.driver(bench.bare(name), "memory"), url, key)

    rows = []
    with bench.server() as server:
        for events, key, what, target in (
            (1, "now_kib", "memory added, one event emitted", 3),
            (MANY, "peak_kib", "peak memory added, 100,000 events", 6),
        ):
            samples = over_bare(server.url, events, key)
            peers = {
                name: or_failed(bench, name, partial(peer, server.url, name, events, key))
                for name in bench.peers
            }
            rows += [
                Row(f"C++: {what}", "MB", added(samples, "cpp", "bare-cpp"), target),
                Row(f"Python: {what}", "MB", added(samples, "candor"), target, peers=peers),
            ]
        inside = once(bench.host("memory", MANY, "--delivery", "background", "--rate", MANY), server.url, "peak_kib")
        bare = once([bench.program("bare"), "memory"], server.url, "peak_kib")
    rows.append(
        Row("C++: peak memory added, uploader in the process", "MB", inside - bare,
            note="libcurl, OpenSSL and two batches")
    )
    return rows


def one_event(bench: Bench) -> list[Row]:
    """Programs that emit one event and end, each the first within its interval to start an uploader."""
    commands = {
        "bare-cpp": [bench.program("bare")],
        "cpp": bench.host("run", 1),
        "bare": bench.driver("bare", "run"),
        "candor": bench.driver("candor", "run", count=1),
    }
    cpu_ms: dict[str, list[float]] = {name: [] for name in commands}

    def once(name: str, url: str) -> float:
        with bench.home(url, bench.warm_home()) as home:
            took = run(commands[name], home)
        cpu_ms[name].append(took.cpu_seconds * 1000)
        return took.seconds * 1000

    def peer(name: str, url: str) -> float:
        with bench.home(url) as home:
            return run(bench.driver(name, "run", url, 1), home, check=False).seconds * 1000

    bare_ms = {
        name: statistics.median(peer(bench.bare(name), "-") for _ in range(5))
        for name in bench.peers
    }

    def rows(server: str, url: str) -> list[Row]:
        samples = interleaved(15, {name: partial(once, name, url) for name in commands})
        # A peer that waits for a server can do so beside the others.
        waits = server != "up"
        peer_ms = {name: partial(peer, name, url) for name in bench.peers}
        theirs = (
            at_once(bench, peer_ms)
            if waits
            else {name: sample.median for name, sample in interleaved(5, peer_ms).items()}
        )
        peers = {name: ms and ms - bare_ms[name] for name, ms in theirs.items()}

        def row(language: str, name: str, bare: str, target: float) -> Row:
            cpu = statistics.median(cpu_ms[name]) - statistics.median(cpu_ms[bare])
            return Row(
                f"{language}: a process with one event, server {server}",
                "ms",
                added(samples, name, bare),
                target,
                note=f"processor time {cpu:.1f} ms; bare: {samples[bare].median:.1f} ms",
                noisy=samples[name].noisy,
            )

        ours = [row("C++", "cpp", "bare-cpp", 1.5), row("Python", "candor", "bare", 12)]
        ours[1].peers = peers
        return ours

    with bench.server() as up, refusing() as nobody, silent() as silence:
        addresses = {"up": up.url, "refusing": nobody, "silent": silence}
        return [row for server, url in addresses.items() for row in rows(server, url)]


# ---- What is lost ---------------------------------------------------------------


def lost_of(events: int, server: Server) -> float:
    """Who sends an event twice has not lost it."""
    return max(0, events - server.settled(events))


def killed(bench: Bench) -> list[Row]:
    """Emit 1,000 events, die by SIGKILL; then a second run with nothing to say. What arrived?"""

    def lost(name: str) -> float:
        with bench.server() as server, bench.home(server.url) as home:
            run(bench.driver(name, "kill", server.url, 1000), home, check=False)
            if name == "candor":
                bench.flush(home)
            else:
                run(bench.driver(name, "run", server.url, 0), home)
            return lost_of(1000, server)

    def lost_cpp() -> float:
        with bench.server() as server, bench.home(server.url) as home:
            run(bench.host("kill", 1000), home, check=False)
            bench.flush(home)
            return lost_of(1000, server)

    peers = at_once(bench, {name: partial(lost, name) for name in bench.peers})
    return [
        Row("C++: killed after 1,000 events, lost", "events", lost_cpp(), 0),
        Row("Python: killed after 1,000 events, lost", "events", lost("candor"), 0, peers=peers),
    ]


def server_down(bench: Bench) -> list[Row]:
    """1,000 events, nobody listening as long as the process lives; then the server is back."""
    exit_ms: dict[str, float] = {}

    def lost(name: str, command: Callable[[str, int], list]) -> float:
        with bench.server() as server, refusing() as nobody, bench.home(nobody) as home:
            exit_ms[name] = run(command(nobody, 1000), home).seconds * 1000
            back = home.with_env(KTX_TELEMETRY_ENDPOINT=server.url)
            if name in ("cpp", "candor"):
                end_orphans(home.path)
                bench.flush(back)
            else:
                run(command(server.url, 0), back)
            return lost_of(1000, server)

    def driven(name: str) -> Callable[[str, int], list]:
        return lambda url, count: bench.driver(name, "run", url, count)

    ours = lost("candor", driven("candor"))
    ours_cpp = lost("cpp", lambda _, count: bench.host("run", count))
    peers = at_once(bench, {name: partial(lost, name, driven(name)) for name in bench.peers})
    ends = {name: exit_ms.get(name) for name in bench.peers}
    return [
        Row("C++: server down, 1,000 events, lost", "events", ours_cpp, 0),
        Row("Python: server down, 1,000 events, lost", "events", ours, 0, peers=peers),
        Row("C++: server down, the whole process", "ms", exit_ms["cpp"]),
        Row("Python: server down, the whole process", "ms", exit_ms["candor"], 250, peers=ends),
    ]


def tight_loop(bench: Bench) -> list[Row]:
    """100,000 events as fast as they go, by a process that then ends."""

    def delivered(command: list, server) -> float:
        with bench.home(server.url) as home:
            run(command, home, timeout_s=180)
            arrived = server.settled(MANY, quiet_s=5)
        return 100 * arrived / MANY

    def theirs(name: str) -> float:
        with bench.server() as server:
            return delivered(bench.driver(name, "run", server.url, MANY), server)

    with bench.server() as server:
        cpp = delivered(bench.host("run", MANY), server)
    with bench.server() as server:
        python = delivered(bench.driver("candor", "run", count=MANY), server)
    peers = {name: or_failed(bench, name, partial(theirs, name)) for name in bench.peers}
    return [
        Row("C++: 100,000 events in a loop, delivered", "%", cpp, 100, True),
        Row("Python: 100,000 events in a loop, delivered", "%", python, 100, True, peers=peers),
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


# ---- How fast it goes out -------------------------------------------------------

PEER_DRAIN = {"posthog": 20_000, "posthog-node": 20_000, "sentry": 5_000, "opentelemetry": 20_000}


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
        Row("drain 100,000 events, gzip, one core", "events/s", rate["gzip"].median, 150_000, True,
            peers=peers, note=f"{cpu:,.0f} a CPU second", noisy=rate["gzip"].noisy),
        Row("drain 100,000 events, zstd, one core", "events/s", rate["zstd"].median),
        Row("drain 100,000 events, uncompressed, one core", "events/s", rate["none"].median),
    ]


def catalog_load(bench: Bench) -> list[Row]:
    with bench.home() as home:
        command = [bench.program("catalog"), "--benchmark_format=json"]
        found = run([*command, "--benchmark_repetitions=3"], home).json
    took = {
        one["run_name"]: one["cpu_time"]
        for one in found["benchmarks"]
        if one.get("aggregate_name") == "median"
    }
    return [
        Row("load the ktx catalog", "ms", took["Ktx"], 1),
        Row("load 1,000 events of 30 fields", "ms", took["ThousandEventsOfThirtyFields"], 50),
    ]


DEFAULT: tuple[Callable[[Bench], list[Row]], ...] = (
    emit_cpp,
    emit_python,
    import_time,
    memory,
    one_event,
    one_shot,
    killed,
    server_down,
    tight_loop,
    drain,
    catalog_load,
)
