"""`python -m collector --port 0 --db FILE`: prints the port, then serves until it is killed."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sqlite3
import sys
from pathlib import Path

from collector.faults import Rules, Step
from collector.server import Collector


def received(db: Path) -> list[str]:
    """Each event as it arrived, a line of JSON, in the order of their time."""
    # Not to be made where there is none.
    with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        return [raw for (raw,) in connection.execute("SELECT raw FROM events ORDER BY timestamp, uuid")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m collector", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port, printed")
    parser.add_argument("--db", default=":memory:", help="SQLite file: tables events and requests")
    parser.add_argument("--show", metavar="DB", type=Path, help="print what arrived in a file, and end")
    parser.add_argument("--key", help="answer 401 to any other project key")
    parser.add_argument("--too-large-bytes", type=int, help="answer 413 to larger bodies")
    parser.add_argument("--poison", metavar="EVENT", help="answer 400 to a batch with this event")
    parser.add_argument("--close-probability", type=float, default=0, help="close at random")
    parser.add_argument(
        "--steps",
        default="[]",
        metavar="JSON",
        help='what the first requests meet, e.g. \'[{"status": 503}, {"hang": true}]\'; see faults.py',
    )
    parser.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"))
    arguments = parser.parse_args()

    if arguments.show is not None:
        for event in received(arguments.show):
            print(event)
        return 0

    # A killed collector is a usual end, not an error.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    rules = Rules(
        key=arguments.key,
        too_large_bytes=arguments.too_large_bytes,
        poison=arguments.poison,
        close_probability=arguments.close_probability,
    )
    with Collector(
        arguments.port,
        arguments.db,
        steps=[Step(**step) for step in json.loads(arguments.steps)],
        rules=rules,
        tls=arguments.tls and tuple(arguments.tls),
    ) as collector:
        print(collector.port, flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
