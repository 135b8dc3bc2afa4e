"""What a call and a process cost the user. Each measure returns rows; run.py prints them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from bench import Bench, added
from peers import or_failed, peer_ms, without_server
from process import Sample, interleaved, refusing, run, silent
from result import Row

MIB = 1024.0  # of the KiB that Linux tells
# How many events a run of a peer emits while its calls are timed; its queue holds them all.
CALLS = 5000
MANY = 100_000


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
            15,
            {
                name: lambda c=command: run(c, home).seconds * 1000
                for name, command in commands.items()
            },
        )
    peers = {name: added(samples, name) for name in names[2:]}
    note = f"the bare interpreter: {samples['bare'].median:.1f} ms"
    return [
        Row(
            "import candor, added to a bare interpreter",
            "ms",
            added(samples, "candor"),
            8,
            peers=peers,
            note=note,
            noisy=samples["candor"].noisy,
        )
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
        inside = once(
            bench.host("memory", MANY, "--delivery", "background", "--rate", MANY),
            server.url,
            "peak_kib",
        )
        bare = once([bench.program("bare"), "memory"], server.url, "peak_kib")
    rows.append(
        Row(
            "C++: peak memory added, uploader in the process",
            "MB",
            inside - bare,
            note="libcurl, OpenSSL and two batches",
        )
    )
    return rows


def one_event(bench: Bench) -> list[Row]:
    """Programs that emit one event and end. Each is the one that has to start the uploader."""
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

    bare_ms = {
        name: statistics.median(peer_ms(bench, bench.bare(name), "-") for _ in range(5))
        for name in bench.peers
    }

    def rows(server: str, url: str) -> list[Row]:
        samples = interleaved(15, {name: partial(once, name, url) for name in commands})
        if server == "up":
            theirs = interleaved(5, {n: partial(peer_ms, bench, n, url) for n in bench.peers})
            peers: dict[str, float | None] = {n: sample.median for n, sample in theirs.items()}
        else:
            peers = {name: without_server(bench)[name, server] for name in bench.peers}
        peers = {name: ms and ms - bare_ms[name] for name, ms in peers.items()}

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


COSTS: tuple[Callable[[Bench], list[Row]], ...] = (
    emit_cpp,
    emit_python,
    import_time,
    memory,
    one_event,
    catalog_load,
)
