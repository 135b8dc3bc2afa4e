"""The same random event through C++, Python, Node and the command: the same bytes or the same
rejection. Since all four share the core, the bytes are also put to what does not: an encoder of
Python's own, and two validators of the catalog's schema."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from parity.canonical import canonical_bytes
from parity.drivers import COMMAND, LANGUAGES, NODE_PACKAGE, PROGRAMS, Answer, Group, ask, waiting
from parity.events import Catalog

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("CANDOR_PARITY_SEED") or random.SystemRandom().randrange(2**32))
EVENTS = int(os.environ.get("CANDOR_PARITY_EVENTS") or 10000)
KEPT_EVENTS = min(EVENTS // 10, 1000)  # some of them are large, and a full spool drops the oldest
ONLY = os.environ.get("CANDOR_PARITY_ONLY")
# Fewer than this don't promise to meet every rejection.
TELLING_EVENTS = 1000

CATALOGS = {
    "ktx": ROOT / "schema/ktx.telemetry.jsonc",
    "conformance": ROOT / "tests/conformance/conformance.telemetry.jsonc",
    "fuzz": ROOT / "tests/fuzz/emit.telemetry.jsonc",
}
SHARES = {"ktx": 0.3, "conformance": 0.45, "fuzz": 0.25}
CODES = {
    "unknown_event", "unknown_field", "duplicate_field", "missing_field", "wrong_type", "out_of_range",
    "not_finite", "too_long", "too_many", "invalid_utf8", "not_in_enum", "bad_pattern", "wrong_runtime", "too_large",
}  # fmt: skip
# What no event of a catalog can be: none of its events is large, or for one runtime only.
IMPOSSIBLE = {"ktx": {"too_large"}, "conformance": set(), "fuzz": {"too_large", "wrong_runtime"}}


@dataclass
class Case:
    """An event, by its number in the run."""

    number: int
    envelope: int
    event: dict[str, Any]


@dataclass
class Run:
    catalog: Catalog
    envelopes: list[dict[str, Any]]
    cases: list[Case]  # in the order of their envelopes
    directory: Path

    def ask(self, *, emit: bool = False) -> list[dict[str, Answer]]:
        """What each language answers to each case."""
        groups = [
            Group(envelope["runtime"], envelope["sources"], [one.event for one in self.cases if one.envelope == i])
            for i, envelope in enumerate(self.envelopes)
        ]  # fmt: skip
        groups = [group for group in groups if group.events]
        answers = ask(self.catalog.path, groups, self.directory, emit=emit)
        for language in LANGUAGES:
            assert len(answers[language]) == len(self.cases), language
        return [{language: answers[language][i] for language in LANGUAGES} for i in range(len(self.cases))]

    def explain(self, case: Case, answers: dict[str, Answer]) -> str:
        lines = [f"event {case.number} of seed {SEED}, {self.catalog.path.name}", short(case.event)]
        lines += [short(self.envelopes[case.envelope])]
        lines += [f"  {language:8} {short(answer)}" for language, answer in answers.items()]
        lines += [f"again: CANDOR_PARITY_SEED={SEED} CANDOR_PARITY_ONLY={case.number} ./dev shell pytest tests/parity"]
        return "\n".join(lines)


def short(said: Any) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else json.dumps(said)
    return text if len(text) <= 1500 else f"{text[:1500]}... ({len(text)} characters)"


def make(name: str, events: int, directory: Path) -> Run:
    missing = [program for program in (COMMAND, PROGRAMS["C++"][0], NODE_PACKAGE) if not Path(program).exists()]
    assert not missing, f"not built: {missing}; run ./dev build dev"
    catalog = Catalog(CATALOGS[name])
    envelopes = catalog.envelopes(SEED)
    numbers = [int(ONLY)] if ONLY else range(max(1, int(events * SHARES[name])))
    cases = [Case(number, *catalog.event(SEED, number, envelopes)) for number in numbers]
    cases.sort(key=lambda case: case.envelope)
    return Run(catalog, envelopes, cases, directory)


# The start of an event's bytes: its uuid and its time.
STAMP = re.compile(rb'^(\{"event":"[^"]*","uuid":")([0-9a-f-]{36})(","timestamp":")([^"]*)')
UUID7 = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def comparable(event: dict[str, Any], answer: Answer) -> Answer:
    """Without what the core makes up when the event does not say it."""
    stamp = STAMP.match(answer) if isinstance(answer, bytes) else None
    if stamp is None or (event["uuid"] and event["timestamp_ms"] is not None):
        return answer
    assert isinstance(answer, bytes)
    uuid = stamp[2] if event["uuid"] or not UUID7.fullmatch(stamp[2]) else b"(new)"
    time = stamp[4] if event["timestamp_ms"] is not None or not TIME.fullmatch(stamp[4]) else b"(now)"
    return stamp[1] + uuid + stamp[3] + time + answer[stamp.end() :]


def sayable(answer: Answer) -> bool:
    return isinstance(answer, bytes) or "unsayable" not in answer


def assert_agreement(run: Run, answers: list[dict[str, Answer]]) -> None:
    different = []
    for case, answer in zip(run.cases, answers):
        said = {language: comparable(case.event, one) for language, one in answer.items() if sayable(one)}
        first = next(iter(said.values()), None)
        troubled = any(isinstance(one, dict) and "trouble" in one for one in said.values())
        if troubled or any(one != first for one in said.values()):
            different.append(run.explain(case, answer))
    assert not different, f"{len(different)} of {len(answers)} events differ\n\n" + "\n\n".join(different[:5])


def assert_everything_was_asked(name: str, answers: list[dict[str, Answer]]) -> None:
    """Nobody was left out in silence, and the events were neither all good nor all bad."""
    compared = {language: sum(sayable(answer[language]) for answer in answers) for language in LANGUAGES}
    print(f"seed {SEED}, {name}: {len(answers)} events; compared: {compared}")
    outcomes = Counter(
        "accepted" if isinstance(answer["C++"], bytes) else answer["C++"].get("code", "unsayable") for answer in answers
    )  # fmt: skip
    print(dict(outcomes))
    if len(answers) < TELLING_EVENTS:
        return
    for language, count in compared.items():
        assert count >= 0.95 * len(answers), (SEED, language, compared)
    assert 0.25 * len(answers) < outcomes["accepted"] < 0.75 * len(answers), (SEED, outcomes)
    assert CODES - outcomes.keys() == IMPOSSIBLE[name], (SEED, outcomes)


def assert_canonical(run: Run, answers: list[dict[str, Answer]]) -> None:
    for case, answer in zip(run.cases, answers):
        encoded = answer["Node"]
        if isinstance(encoded, bytes):
            expected = canonical_bytes(run.catalog, encoded)
            assert encoded == expected, f"canonical: {short(expected)}\n" + run.explain(case, answer)


def assert_schema_describes(run: Run, answers: list[dict[str, Answer]]) -> None:
    """Both validators, of Node and of Python, take what Node made."""
    artifact = run.directory / "schema.json"
    subprocess.run([COMMAND, "schema", run.catalog.path, "-o", artifact], check=True, capture_output=True)
    validator = jsonschema.Draft202012Validator(json.loads(artifact.read_text()))
    accepted = [(case, answer) for case, answer in zip(run.cases, answers) if isinstance(answer["Node"], bytes)]
    # A reader of lines may take other characters than \n for a line's end.
    lines = [re.sub(r"[^\x00-\x7f]", escaped, answer["Node"].decode()) for _, answer in accepted]
    by_ajv = subprocess.run(["node", ROOT / "tests/node/verdicts.mjs", artifact],
                            input="".join(line + "\n" for line in lines), text=True, capture_output=True,
                            check=True).stdout.split()  # fmt: skip
    assert len(by_ajv) == len(lines)
    for (case, answer), line, verdict in zip(accepted, lines, by_ajv):
        by_python = validator.is_valid(json.loads(line))
        assert (verdict, by_python) == ("true", True), f"ajv: {verdict}\n" + run.explain(case, answer)


def escaped(character: re.Match[str]) -> str:
    return json.dumps(character[0])[1:-1]


@pytest.mark.parametrize("name", CATALOGS)
def test_four_languages_encode_the_same(name: str, tmp_path: Path) -> None:
    run = make(name, EVENTS, tmp_path)
    answers = run.ask()
    assert_agreement(run, answers)
    assert_everything_was_asked(name, answers)
    assert_canonical(run, answers)
    assert_schema_describes(run, answers)
    # Telemetry was off.
    assert [path for path in tmp_path.rglob("*") if path.parent != tmp_path] == []


@pytest.mark.parametrize("name", CATALOGS)
def test_four_languages_keep_the_same(name: str, tmp_path: Path) -> None:
    """The same, emitted into a spool of each language's own and read back from there."""
    run = make(name, KEPT_EVENTS, tmp_path)
    run.cases = [case for case in run.cases if case.event["uuid"]]  # by which they are found again
    answers = run.ask(emit=True)
    for language in LANGUAGES:
        kept = {uuid_of(line): line for line in waiting(run.catalog.path, tmp_path / language)}
        for case, answer in zip(run.cases, answers):
            if answer[language] == {"accepted": True}:
                answer[language] = kept.pop(case.event["uuid"], {"trouble": "not in the spool"})
        assert not kept, language
    assert_agreement(run, answers)
    assert any(isinstance(answer["C++"], bytes) for answer in answers) or ONLY


def uuid_of(line: bytes) -> str:
    uuid: str = json.loads(line)["uuid"]
    return uuid
