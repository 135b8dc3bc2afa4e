"""What must be true of the events that the demo's collector received.

All events of the catalog came, each exactly once; each fits the committed schema artifact; all
runtimes say the same of the host they share; the two command lines, given the same commands, say
the same in their events; the ledger balances.
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

# As the envelope names them. The first two are the same command line in two languages.
RUNTIMES = ["node", "native", "daemon-py"]
COMMAND_LINES = RUNTIMES[:2]
# What a command may say differently in the two: time, and whether the other made the project.
MAY_DIFFER = {"durationMs", "hasProject", "projectGroupAttached"}

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


def fits(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def count_events(events: list[Event], artifact: dict[str, Any]) -> list[str]:
    """The table of events by runtime; every event of the catalog must be in it."""
    heading("What arrived")
    counts = Counter((event.name, event.runtime) for event in events)
    print(f"  {'event':34}" + "".join(f"{runtime:>12}" for runtime in RUNTIMES))
    problems = []
    for name in artifact["properties"]["event"]["enum"]:
        row = [counts[name, runtime] for runtime in RUNTIMES]
        print(f"  {name:34}" + "".join(f"{count or '-':>12}" for count in row))
        if not any(row):
            problems.append(f"no {name} arrived")
    totals = Counter(event.runtime for event in events)
    print(f"  {'all':34}" + "".join(f"{totals[runtime]:>12}" for runtime in RUNTIMES))
    if set(totals) != set(RUNTIMES):
        problems.append(f"expected the runtimes {RUNTIMES}, got {sorted(totals)}")
    return problems


def check_schema(events: list[Event], artifact: dict[str, Any]) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(artifact)
    validator = jsonschema.Draft202012Validator(artifact)
    return [
        f"{event.name} breaks the schema at {error.json_path}"
        for event in events
        for error in validator.iter_errors(event.encoded)
    ]


def envelope_fields(artifact: dict[str, Any]) -> list[str]:
    named = (key.partition(".") for key in artifact["$defs"])
    return [field for scope, _, field in named if scope == "envelope" and field]


def compare_envelopes(events: list[Event], artifact: dict[str, Any]) -> list[str]:
    """Field by field; only `runtime` may tell the runtimes apart."""
    heading("Envelope")
    print(f"  {'field':20}" + "".join(f"{runtime:>26}" for runtime in RUNTIMES))
    problems = []
    for field in envelope_fields(artifact):
        # All the values that a runtime sent; one, when all is well.
        sent = [
            sorted({json.dumps(e.properties.get(field)) for e in events if e.runtime == runtime})
            for runtime in RUNTIMES
        ]
        print(f"  {field:20}" + "".join(f"{fits(' '.join(values), 25):>26}" for values in sent))
        heard = [values for values in sent if values]
        if any(len(values) > 1 for values in heard):
            problems.append(f"the envelope's {field} changes within one runtime")
        elif field != "runtime" and any(values != heard[0] for values in heard):
            problems.append(f"the envelope's {field} is not the same in every runtime")
    return problems


def compare_command_lines(events: list[Event], artifact: dict[str, Any]) -> list[str]:
    """Both were given the same commands: as many events of each name, with the same fields."""
    heading("The two command lines")
    envelope = set(envelope_fields(artifact))
    # By event, then by runtime: what each event says, without envelope and sink.
    said: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for event in events:
        # Only one of them can be the first to run.
        if event.runtime in COMMAND_LINES and event.name != "install_first_run":
            fields = event.encoded["properties"]
            by_runtime = said.setdefault(event.name, {runtime: [] for runtime in COMMAND_LINES})
            by_runtime[event.runtime].append({k: fields[k] for k in fields if k not in envelope})
    problems = []
    for name, by_runtime in said.items():
        one, other = (Counter(frozenset(fields) for fields in by_runtime[r]) for r in COMMAND_LINES)
        if one.total() != other.total():
            problems.append(f"{name} came {one.total()} and {other.total()} times")
            continue
        if one != other:
            problems.append(f"{name} has other fields in one command line than in the other")
            continue
        for field in sorted(set().union(*one) - MAY_DIFFER):
            mine, theirs = (
                Counter(json.dumps(fields.get(field), sort_keys=True) for fields in by_runtime[r])
                for r in COMMAND_LINES
            )
            if mine != theirs:
                problems.append(f"{name}'s {field} is not the same in both command lines")
    each = " and ".join(
        f"{sum(len(by_runtime[runtime]) for by_runtime in said.values())} from {runtime}"
        for runtime in COMMAND_LINES
    )
    print(f"  events of {len(said)} kinds: {each}, " + ("which differ" if problems else
          "with the same fields and values"))  # fmt: skip
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
    projects = [e.properties.get("$groups", {}).get("project") for e in events]
    if len(set(projects) - {None}) != 1:
        problems.append("not every runtime has the same id for the project")
    for event, project in zip(events, projects, strict=True):
        # A daemon always has one.
        if event.properties.get("projectGroupAttached", event.runtime == "daemon-py") and not project:
            problems.append(f"{event.name} from {event.runtime} is without its project")
    return problems


def judge(db: Path, ledger: dict[str, Any], install_id: str) -> int:
    """Prints the tables and the verdict; answers the exit code."""
    events = received(db)
    artifact = json.loads(ARTIFACT.read_text())
    problems = count_events(events, artifact)
    problems += check_schema(events, artifact)
    problems += compare_envelopes(events, artifact)
    problems += compare_command_lines(events, artifact)
    problems += check_ledger(events, ledger)
    problems += check_stories(events, install_id)
    print()
    for problem in problems:
        print(f"  {problem}")
    if problems:
        print(paint(f"FAIL: {len(problems)} things are wrong", "1;31"))
        return 1
    kinds = len({event.name for event in events})
    print(paint(f"PASS: {len(events)} events of {kinds} kinds from {len(RUNTIMES)} runtimes arrived"
                " once each, fit the schema, share one envelope", "1;32"))  # fmt: skip
    return 0
