"""Runs the four programs that put events to candor, and reads their answers."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance import forms
from support.environment import clean_environment

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("CANDOR_BUILD", HERE.parents[1] / "build/dev"))
COMMAND = Path(os.environ.get("CANDOR_BIN", BUILD / "core/cli/candor"))
NODE_PACKAGE = Path(os.environ.get("CANDOR_NODE", BUILD / "node/candor"))
PROGRAMS: dict[str, list[str | Path]] = {
    "C++": [BUILD / "tests/parity/candor-parity"],
    "Python": [sys.executable, HERE / "driver.py"],
    "Node": ["node", HERE / "driver.mjs"],
}
LANGUAGES = [*PROGRAMS, "command"]
TIMEOUT_SECONDS = 150

# The bytes of an accepted event, or what README.md lists beside them.
Answer = bytes | dict[str, Any]


@dataclass
class Group:
    """Events that agree on the envelope."""

    runtime: str
    sources: dict[str, Any]
    events: list[dict[str, Any]]


def ask(catalog: Path, groups: list[Group], directory: Path, *, emit: bool = False) -> dict[str, list[Answer]]:
    """The answers of every language, in the order of the groups and their events. With `emit` the
    events are emitted into a home for each language, which is a folder of `directory`; without,
    telemetry is off and the events are only encoded."""
    with ThreadPoolExecutor(len(LANGUAGES)) as threads:
        running = {
            language: threads.submit(answers, language, catalog, groups, directory / language, emit)
            for language in LANGUAGES
        }
        return {language: future.result() for language, future in running.items()}


def answers(language: str, catalog: Path, groups: list[Group], home: Path, emit: bool) -> list[Answer]:
    home.mkdir(parents=True)
    environment = clean_environment(home) | {"CANDOR_NODE": str(NODE_PACKAGE)}
    if not emit:
        environment["DO_NOT_TRACK"] = "1"
    if language == "command":
        asked = [ask_command(catalog, group, home, emit, environment) for group in groups]
        return list(itertools.chain.from_iterable(asked))
    lines: list[Any] = []
    for group in groups:
        client = {"catalog": str(catalog), "runtime": group.runtime, "sources": group.sources, "home": str(home)}
        lines += [{"client": client, "emit": emit}, *group.events]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return [parsed(line) for line in run(PROGRAMS[language], text.encode(), environment, 0)]


def parsed(line: bytes) -> Answer:
    return line if line.startswith(b'{"event":') else json.loads(line)


def ask_command(
    catalog: Path, group: Group, home: Path, emit: bool, environment: dict[str, str]
) -> list[Answer]:
    try:
        sources = [b"%s:=%s" % (name.encode(), forms.written(form))
                   for name, form in group.sources.items() if form is not None]  # fmt: skip
    except forms.Unsayable as unsayable:
        return [{"unsayable": str(unsayable)} for _ in group.events]
    command: list[Any] = [COMMAND, "emit", "-", "--json", "--catalog", catalog, "--home", home,
                          "--runtime", group.runtime, "--delivery", "manual",
                          *([] if emit else ["--dry-run"])]  # fmt: skip
    for source in sources:
        command += ["--source", source]
    told: list[Answer] = []
    lines = []
    for event in group.events:
        try:
            lines.append(forms.line(event))
            told.append({})
        except forms.Unsayable as unsayable:
            told.append({"unsayable": str(unsayable)})
    # 2: some were rejected.
    answered = map(of_command, run(command, b"".join(lines), environment, 0, 2))
    return [answer or next(answered) for answer in told]


def of_command(line: bytes) -> Answer:
    answer = json.loads(line)
    match answer["result"]:
        case "accepted":
            return answer["bytes"].encode() if "bytes" in answer else {"accepted": True}
        case "rejected":
            return {"code": answer["code"], "field": answer.get("field", "")}
    return {"trouble": line.decode()}


def waiting(catalog: Path, home: Path) -> list[bytes]:
    """The bytes of the events in a home's spool, oldest first."""
    command = [COMMAND, "show", "--catalog", catalog, "--home", home]
    shown = run(command, b"", clean_environment(home), 0)
    return [re.sub(rb'^\{"distinct_id":"[^"]*",("project":"[^"]*",)?', b"{", line) for line in shown]


def run(command: list[Any], given: bytes, environment: dict[str, str], *codes: int) -> Iterable[bytes]:
    done = subprocess.run(command, input=given, env=environment, capture_output=True, timeout=TIMEOUT_SECONDS)
    assert done.returncode in codes, (command, done.returncode, done.stderr[-2000:].decode(errors="replace"))
    return done.stdout.removesuffix(b"\n").split(b"\n") if done.stdout else []
