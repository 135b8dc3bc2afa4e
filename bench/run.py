"""`./dev bench`: measures candor, and its peers in the same run; prints a table, writes JSON.

Everything stays on loopback, in homes of its own, and nothing is left behind.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import process
from bench import ROOT, Bench
from costs import COSTS
from delivery import DELIVERY
from result import Row, Table
from scale import SCALE


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", action="store_true", help="install all peers and measure them")
    parser.add_argument("--no-peers", action="store_true", help="candor alone; installs nothing")
    parser.add_argument("--scale", action="store_true", help="only 100,000 and 10 million events")
    parser.add_argument("--only", metavar="NAME", action="append", help="only this measure")
    parser.add_argument("--list", action="store_true", help="print the measures' names")
    parser.add_argument("--json", metavar="FILE", type=Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> list:
    known = [*COSTS, *DELIVERY, *SCALE]
    if args.list:
        print("\n".join(measure.__name__ for measure in known))
        sys.exit(0)
    if not args.only:
        return list(SCALE if args.scale else COSTS + DELIVERY)
    by_name = {measure.__name__: measure for measure in known}
    if unknown := set(args.only) - set(by_name):
        sys.exit(f"bench: no measure is named {', '.join(sorted(unknown))}; --list names them")
    return [by_name[name] for name in args.only]


def machine() -> dict:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(": ", 1)[1]
            break
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def main() -> int:
    args = arguments()
    measures = chosen(args)
    progress = sys.stderr.isatty()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)

    build = Path(os.environ.get("CANDOR_BUILD", ROOT / "build" / "release")).resolve()
    found: list[Row] = []
    failures: dict[str, str] = {}
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="candor-bench-") as scratch:
        bench = Bench(build, ROOT / "build" / "bench", Path(scratch), say)
        if not args.no_peers:
            bench.install_peers(args.peers)
        process.adopt_orphans()
        for measure in measures:
            if progress:
                say(measure.__name__)
            try:
                found += measure(bench)
            except process.Failed as failure:
                failures[measure.__name__] = str(failure)
                say(f"{measure.__name__}: {failure}")
            finally:
                process.end_orphans()

    table = Table(sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, {about['system']}")
    if load_before > about["cores"] / 2:
        print(f"The machine was busy before (load {load_before:.1f}): times are too long.")
    print()
    print(table.section("  candor"))
    for row in found:
        print(table.line(row))
    compared = table.peers(found)
    if compared:
        print()
        print(table.section("  beside the peers (xN: how many times better candor is)"))
        print("\n".join(compared))
        print("  " + ", ".join(f"{peer} {version}" for peer, version in bench.versions.items()))
    missed = [row.title for row in found if row.met is False]
    judged = [row for row in found if row.met is not None]
    print()
    print(
        f"  {len(judged) - len(missed)} of {len(judged)} targets met, "
        f"{time.monotonic() - started:.0f} s"
        + (f"; failed: {', '.join(failures)}" if failures else "")
    )

    args.json.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": about,
        "load_before": load_before,
        "peers": bench.versions,
        "rows": [row.as_json() for row in found],
        "failures": failures,
    }
    args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
