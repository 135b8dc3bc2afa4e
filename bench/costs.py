"""What a call and a process cost the user. Each measure returns rows; run.py prints them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from bench import Bench, added
from languages import Language, Library
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


def emit_from(
    bench: Bench, language: Language, target_ns: float, p99_target_ns: float | None
) -> list[Row]:
    """One call, from a cold start on. Candor's event is on disk then; most of a peer's work is put
    off until after the last call, or to another thread."""
    names = {library.name: library for library in [language.candor, *language.peers]}
    found: dict[str, list[dict]] = {name: [] for name in names}

    def once(library: Library, url: str) -> float:
        with bench.home(url, bench.warm_home()) as home:
            found[library.name].append(run(library.does("calls", url, CALLS), home).json)
        return found[library.name][-1]["median_ns"]

    def median(name: str, key: str) -> float:
        return statistics.median(one[key] for one in found[name])

    with refusing() as url:
        samples = interleaved(9, {n: partial(once, library, url) for n, library in names.items()})

    def row(what: str, key: str, target: float | None) -> Row:
        peers = {peer.name: median(peer.name, key) for peer in language.peers}
        title = f"{language.name} emit, 8 fields, durable: {what}"
        return Row(title, "ns", median("candor", key), target, peers=peers)

    rows = [row("median", "median_ns", target_ns), row("p99", "p99_ns", p99_target_ns)]
    rows[0].note = f"of which reading the clock: {median('candor', 'clock_ns'):.0f} ns"
    rows[0].noisy = samples["candor"].noisy
    return rows


def emit_python(bench: Bench) -> list[Row]:
    rows = emit_from(bench, bench.python, 1000, None)
    if theirs := rows[0].peers.get("posthog"):
        ratio = theirs / rows[0].value
        rows.append(Row("Python emit: times faster than posthog's capture", "x", ratio, 20, True))
    return rows


def emit_node(bench: Bench) -> list[Row]:
    if bench.node not in bench.languages:
        return []
    return emit_from(bench, bench.node, 2000, 10_000)


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
    names = ["bare", "candor", *(peer.name for peer in bench.python.peers)]
    with bench.home() as home:
        commands = {name: [bench.python.program, "-c", modules[name]] for name in names}
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


def require_and_open(bench: Bench) -> list[Row]:
    """Node loads a library and makes a client of it, and ends. About a millisecond of it is what
    the first package with `exports` costs a process, whoever's that is."""
    node = bench.node
    if node not in bench.languages:
        return []
    inside: list[dict] = []

    def once(library: Library) -> float:
        with bench.home(warm=bench.warm_home()) as home:
            took = run(library.does("open", "http://127.0.0.1:9"), home)
        if library == node.candor:
            inside.append(took.json)
        return took.seconds * 1000

    libraries = [node.bare, node.candor, *node.peers]
    samples = interleaved(15, {library.name: partial(once, library) for library in libraries})
    require_ms, open_ms = (
        statistics.median(one[key] for one in inside) for key in ("require_ms", "open_ms")
    )
    return [
        Row(
            "require('candor') and open, added to a bare Node",
            "ms",
            added(samples, "candor"),
            4,
            peers={peer.name: added(samples, peer.name) for peer in node.peers},
            note=f"in the process: {require_ms:.1f} + {open_ms:.1f} ms; "
            f"bare Node: {samples['bare'].median:.0f} ms",
            noisy=samples["candor"].noisy,
        )
    ]


def memory(bench: Bench) -> list[Row]:
    """Over a program of the same language without a library. The one of Node makes the same
    objects, so that its garbage is not ours."""

    def once(command: list, url: str, key: str) -> float:
        with bench.home(url, bench.warm_home()) as home:
            found = run(command, home).json
        return found[key] / MIB

    def over_bare(url: str, events: int, key: str) -> dict[str, Sample]:
        commands = {
            "C++ bare": [bench.program("bare"), "memory"],
            "C++": bench.host("memory", events),
        }
        for language in bench.languages:
            commands[language.name + " bare"] = language.bare.does("memory", url, events)
            commands[language.name] = language.candor.does("memory", url, events)
        return interleaved(
            5, {name: partial(once, command, url, key) for name, command in commands.items()}
        )

    def rows(url: str, events: int, key: str, what: str, targets: dict[str, float]) -> list[Row]:
        samples = over_bare(url, events, key)

        def row(name: str, peers: list[Library]) -> Row:
            bare = samples[name + " bare"].median
            theirs = {
                peer.name: or_failed(
                    bench, peer.name, partial(once, peer.does("memory", url, events), url, key)
                )
                for peer in peers
            }
            over = {peer: mb and mb - bare for peer, mb in theirs.items()}
            ours = samples[name].median - bare
            return Row(f"{name}: {what}", "MB", ours, targets.get(name), peers=over)

        return [row("C++", []), *(row(one.name, one.peers) for one in bench.languages)]

    one, many = "memory added, one event emitted", "peak memory added, 100,000 events"
    uploading = bench.host("memory", MANY, "--delivery", "background", "--rate", MANY)
    with bench.server() as server:
        url = server.url
        found = rows(url, 1, "now_kib", one, {"C++": 3, "Python": 3})
        found += rows(url, MANY, "peak_kib", many, {"C++": 6, "Python": 6, "Node": 10})
        inside = once(uploading, url, "peak_kib")
        inside -= once([bench.program("bare"), "memory"], url, "peak_kib")
    title = "C++: peak memory added, uploader in the process"
    return [*found, Row(title, "MB", inside, note="libcurl, OpenSSL and two batches")]


def one_event(bench: Bench) -> list[Row]:
    """Programs that emit one event and end. Each is the one that has to start the uploader."""
    commands = {"C++ bare": [bench.program("bare")], "C++": bench.host("run", 1)}
    for language in bench.languages:
        commands[language.name + " bare"] = language.bare.does("run", count=1)
        commands[language.name] = language.candor.does("run", count=1)
    cpu_ms: dict[str, list[float]] = {name: [] for name in commands}

    def once(name: str, url: str) -> float:
        with bench.home(url, bench.warm_home()) as home:
            took = run(commands[name], home)
        cpu_ms[name].append(took.cpu_seconds * 1000)
        return took.seconds * 1000

    def of_peers(server: str, url: str) -> dict[str, float | None]:
        if server != "up":
            return {peer.name: without_server(bench)[peer, server] for peer in bench.peers}
        runs = {peer.name: partial(peer_ms, bench, peer, url) for peer in bench.peers}
        return {name: sample.median for name, sample in interleaved(5, runs).items()}

    def rows(server: str, url: str) -> list[Row]:
        samples = interleaved(15, {name: partial(once, name, url) for name in commands})
        theirs = of_peers(server, url)

        def row(name: str, target: float, peers: list[Library]) -> Row:
            bare = samples[name + " bare"].median
            cpu = statistics.median(cpu_ms[name]) - statistics.median(cpu_ms[name + " bare"])
            return Row(
                f"{name}: a process with one event, server {server}",
                "ms",
                samples[name].median - bare,
                target,
                peers={p.name: ms and ms - bare for p in peers for ms in [theirs[p.name]]},
                note=f"processor time {cpu:.1f} ms; bare: {bare:.1f} ms",
                noisy=samples[name].noisy,
            )

        targets = {"Python": 12, "Node": 8}
        return [
            row("C++", 1.5, []),
            *(row(one.name, targets[one.name], one.peers) for one in bench.languages),
        ]

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
    emit_node,
    import_time,
    require_and_open,
    memory,
    one_event,
    catalog_load,
)
