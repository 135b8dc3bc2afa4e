"""What must be true of the events that the demo's collector received.

All events of the catalog came, each exactly once; each fits the committed schema artifact;
both runtimes say the same of the host they share; the ledger balances.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

ARTIFACT = Path(__file__).resolve().parents[1] / "schema" / "ktx.schema.json"
COLOR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOR else text


def heading(text: str) -> None:
    print("\n" + paint(text, "1"), flush=True)


@dataclass
class Event:
    """An event as the collector stored it."""

    name: str
    uuid: str
    timestamp: str
    distinct_id: str
    properties: dict[str, Any]
    times: int

    @property
    def runtime(self) -> str:
        return str(self.properties.get("runtime"))

    @property
    def encoded(self) -> dict[str, Any]:
        """As candor encoded it: without what the PostHog sink adds, whose names begin with $."""
        properties = {k: v for k, v in self.properties.items() if not k.startswith("$")}
        return {"event": self.name, "uuid": self.uuid, "timestamp": self.timestamp,
                "properties": properties}  # fmt: skip


def received(db: Path) -> list[Event]:
    query = "SELECT event, uuid, timestamp, distinct_id, properties, times FROM events ORDER BY uuid"
    with contextlib.closing(sqlite3.connect(db)) as connection:
        return [
            Event(name, uuid, when, who, json.loads(what), times)
            for name, uuid, when, who, what, times in connection.execute(query)
        ]


def count_events(events: list[Event], artifact: dict[str, Any], runtimes: list[str]) -> list[str]:
    """The table of events by runtime; every event of the catalog must be in it."""
    heading("What arrived")
    counts = Counter((event.name, event.runtime) for event in events)
    problems = []
    print(f"  {'event':34}" + "".join(f"{runtime:>12}" for runtime in runtimes))
    for name in artifact["properties"]["event"]["enum"]:
        row = [counts[name, runtime] for runtime in runtimes]
        print(f"  {name:34}" + "".join(f"{count or '-':>12}" for count in row))
        if not any(row):
            problems.append(f"no {name} arrived")
    totals = Counter(event.runtime for event in events)
    print(f"  {'all':34}" + "".join(f"{totals[runtime]:>12}" for runtime in runtimes))
    return problems


def check_schema(events: list[Event], artifact: dict[str, Any]) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(artifact)
    validator = jsonschema.Draft202012Validator(artifact)
    return [
        f"{event.name} breaks the schema at {error.json_path}"
        for event in events
        for error in validator.iter_errors(event.encoded)
    ]


def compare_envelopes(
    events: list[Event], artifact: dict[str, Any], runtimes: list[str]
) -> list[str]:
    """Field by field; only `runtime` may tell the two apart."""
    heading("Envelope")
    print(f"  {'field':34}" + "".join(f"{runtime:>24}" for runtime in runtimes))
    problems = []
    for key in artifact["$defs"]:
        scope, _, field = key.partition(".")
        if scope != "envelope" or not field:
            continue
        # All the values that a runtime sent; one, when all is well.
        sent = [
            sorted({json.dumps(e.properties.get(field)) for e in events if e.runtime == runtime})
            for runtime in runtimes
        ]
        print(f"  {field:34}" + "".join(f"{' '.join(values):>24}" for values in sent))
        if any(len(values) != 1 for values in sent):
            problems.append(f"the envelope's {field} changes within one runtime")
        elif (sent[0] == sent[-1]) == (field == "runtime"):
            problems.append(f"the envelope's {field} is not as it should be in both runtimes")
    return problems


def check_ledger(events: list[Event], ledger: dict[str, Any]) -> list[str]:
    total = ledger["total"]
    heading("Ledger")
    print("  " + ", ".join(f"{name} {total[name]}" for name in ("captured", "delivered", "pending")),
          f", dropped {sum(total['dropped'].values())}", sep="")  # fmt: skip
    problems = []
    if total["dropped"]:
        problems.append(f"events were dropped: {total['dropped']}")
    if not total["captured"] == total["delivered"] == len(events):
        problems.append(f"{total['captured']} events were captured, {len(events)} arrived")
    return problems


def check_stories(events: list[Event], install_id: str) -> list[str]:
    """What the demo did must be what the events tell."""
    problems = []
    if any(event.times != 1 for event in events):
        problems.append("an event was sent twice")
    if {event.distinct_id for event in events} != {install_id}:
        problems.append("not every event has the install's id")
    reasons = Counter(e.properties["reason"] for e in events if e.name == "daemon_stopped")
    if reasons != {"signal": 1, "request": 1, "crash": 1}:
        problems.append(f"daemon_stopped came with the reasons {dict(reasons)}")
    outcomes = Counter(e.properties["outcome"] for e in events if e.name == "command")
    if set(outcomes) != {"ok", "error", "aborted"}:
        problems.append(f"command came with the outcomes {dict(outcomes)}")
    if not all("project" in e.properties.get("$groups", {}) for e in events if e.runtime != "node"):
        problems.append("a daemon's event is without its project")
    return problems


def judge(db: Path, ledger: dict[str, Any], install_id: str) -> int:
    """Prints the tables and the verdict; answers the exit code."""
    events = received(db)
    artifact = json.loads(ARTIFACT.read_text())
    runtimes = sorted({event.runtime for event in events})
    problems = count_events(events, artifact, runtimes)
    problems += check_schema(events, artifact)
    problems += compare_envelopes(events, artifact, runtimes)
    problems += check_ledger(events, ledger)
    problems += check_stories(events, install_id)
    if len(runtimes) != 2:
        problems.append(f"expected two runtimes, got {runtimes}")
    print()
    for problem in problems:
        print(f"  {problem}")
    if problems:
        print(paint(f"FAIL: {len(problems)} things are wrong", "1;31"))
        return 1
    kinds = len({event.name for event in events})
    print(paint(f"PASS: {len(events)} events of {kinds} kinds from {len(runtimes)} runtimes arrived"
                " once each, fit the schema, and share one envelope", "1;32"))  # fmt: skip
    return 0
