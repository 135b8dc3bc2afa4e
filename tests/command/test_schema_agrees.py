"""The artifact and the core say the same: for thousands of events made up by hypothesis, valid and
spoilt, the core's verdict is that of jsonschema (Python) and of ajv (Node), and the bytes of
every accepted event validate."""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import candor
from support.user import CANDOR, ROOT

CATALOGS = {
    "ktx": ROOT / "schema/ktx.telemetry.jsonc",
    "conformance": ROOT / "tests/conformance/conformance.telemetry.jsonc",
}
UUID = "01234567-89ab-7cde-8f01-23456789abcd"
TIMESTAMP = "2026-01-02T03:04:05.678Z"
INT_MAX = 2**53 - 1

# Texts that a named pattern takes; the schema holds its regex, which hypothesis could not invert
# without leaving the pattern's limits.
PATTERNS: dict[str, list[str]] = {
    "identifier": ["TimeoutError", "a", "_x.y", "A1"],
    "slug": ["a", "a-b", "x1-2"],
    "semver": ["1.2.3", "0.0.1-rc.1", "1.0.0+build.5"],
    "uuid": [UUID],
    "date": ["2026-01-02"],
    "hex": ["0f", "deadbeef"],
    "locale": ["en", "en-US", "zh-Hant-TW"],
}


class Subject:
    """A catalog, its artifact, and everybody who has a verdict on its events."""

    def __init__(self, catalog: Path, directory: Path) -> None:
        artifact = directory / "schema.json"
        subprocess.run([CANDOR, "schema", catalog, "-o", artifact], check=True, capture_output=True)
        self.schema = json.loads(artifact.read_text())
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.python = jsonschema.Draft202012Validator(self.schema)
        self.node = subprocess.Popen(["node", ROOT / "tests/node/verdicts.mjs", artifact], text=True,
                                     encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        self.events = {
            name: body for name, body in self.schema["$defs"].items() if not name.startswith("envelope.")
        }
        self.clients: dict[str, candor.Client] = {}
        self.envelopes: dict[str, dict[str, Any]] = {}
        for runtime in ("python", "node", "cpp"):
            self.clients[runtime] = candor.open(
                str(catalog), runtime=runtime, runtime_version="1.2.3", product_version="1.2.3",
                sources=SOURCES, home=directory, delivery="manual")  # fmt: skip

    def fields_of(self, event: str) -> dict[str, Any]:
        return {
            name: shape
            for name, shape in self.events[event]["properties"].items()
            if "$ref" not in shape or not shape["$ref"].startswith("#/$defs/envelope.")
        }

    def required_of(self, event: str) -> set[str]:
        return set(self.events[event]["required"]) & set(self.fields_of(event))

    def client_for(self, event: str) -> candor.Client:
        runtimes = self.events[event].get("x-candor", {}).get("runtimes")
        return self.clients[runtimes[0] if runtimes else "python"]

    def wire(self, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The event as another implementation would put it on the wire."""
        runtime = (self.events[event].get("x-candor", {}).get("runtimes") or ["python"])[0]
        if runtime not in self.envelopes:
            valid = json.loads(self.accepted_bytes(event))
            own = self.fields_of(event)
            self.envelopes[runtime] = {k: v for k, v in valid["properties"].items() if k not in own}
        properties = self.envelopes[runtime] | fields
        return {"event": event, "uuid": UUID, "timestamp": TIMESTAMP, "properties": properties}

    def accepted_bytes(self, event: str) -> str:
        made = example(self.fields_of(event), self.required_of(event))
        return self.client_for(event).encode(event, made).decode()

    def core_verdict(self, event: str, fields: dict[str, Any]) -> tuple[bytes | None, str]:
        """The canonical bytes, or nothing and why."""
        try:
            return self.client_for(event).encode(event, fields), ""
        except candor.RejectedError as rejected:
            return None, str(rejected)

    def verdicts(self, wire: dict[str, Any]) -> tuple[bool, bool]:
        line = json.dumps(wire, allow_nan=False)
        assert self.node.stdin and self.node.stdout
        self.node.stdin.write(line + "\n")
        self.node.stdin.flush()
        return self.python.is_valid(json.loads(line)), self.node.stdout.readline().strip() == "true"

    def close(self) -> None:
        assert self.node.stdin
        self.node.stdin.close()
        self.node.wait(10)
        for client in self.clients.values():
            client.close()


def example(shapes: dict[str, Any], required: set[str]) -> dict[str, Any]:
    """The plainest valid fields."""

    def value(shape: dict[str, Any]) -> Any:
        if "enum" in shape:
            return shape["enum"][0]
        if "const" in shape:
            return shape["const"]
        kind = shape["type"]
        if kind == "object":
            if shape.get("additionalProperties") is False:
                return example(shape.get("properties", {}), set(shape.get("required", ())))
            return {}
        if kind == "array":
            return [value(shape["items"])] * shape.get("minItems", 0)
        if kind == "string":
            pattern = shape.get("x-candor", {}).get("pattern")
            return PATTERNS[pattern][0] if pattern else ""
        low = shape.get("minimum", shape.get("exclusiveMinimum", 0))
        return True if kind == "boolean" else max(low, min(0, shape.get("maximum", 0)))

    return {name: value(shape) for name, shape in shapes.items() if name in required}


def values(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the shape takes."""
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    if "const" in shape:
        return st.just(shape["const"])
    kind = shape["type"]
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        low, high = shape.get("minimum", -INT_MAX), shape.get("maximum", INT_MAX)
        whole = st.integers(low, high)
        # A double with an integral value is an integer too, in every language.
        return whole | whole.filter(lambda n: abs(n) <= INT_MAX).map(float)
    if kind == "number":
        return st.floats(shape.get("minimum"), shape.get("maximum"), allow_nan=False,
                         allow_infinity=False)  # fmt: skip
    if kind == "string":
        pattern = shape.get("x-candor", {}).get("pattern")
        longest = shape.get("maxLength", 64)
        if pattern:
            return st.sampled_from([t for t in PATTERNS[pattern] if len(t) <= longest])
        return st.text(max_size=min(longest, 40)) | st.just("\U0001f600" * min(longest, 3000))
    if kind == "array":
        return st.lists(values(shape["items"]), min_size=shape.get("minItems", 0),
                        max_size=min(shape.get("maxItems", 6), 6))  # fmt: skip
    if shape.get("additionalProperties") is False:
        return objects(shape.get("properties", {}), set(shape.get("required", ())))
    longest = shape.get("propertyNames", {}).get("maxLength", 64)
    return st.dictionaries(st.text(max_size=min(longest, 8)), values(shape["additionalProperties"]),
                           max_size=min(shape.get("maxProperties", 6), 6))  # fmt: skip


def objects(shapes: dict[str, Any], required: set[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {name: values(shape) for name, shape in shapes.items() if name in required},
        optional={name: values(shape) for name, shape in shapes.items() if name not in required},
    )


# 2**64 and not 2**63, which JavaScript's numbers can't tell from the largest 64-bit integer.
WRONG = st.sampled_from(
    [True, False, 0, -1, 1.5, -0.0, 5.0, 2**53, -(2**53), 2**64, 1e300, "", "5", "ok", "x" * 5000,
     "\u00e9" * 90, "\U0001f600" * 1001, "a\nb", "TimeoutError\n", [], [""], [[]], ["x"] * 300, {}, {"x": 1},
     {"k" * 65: True}, {f"k{i}": True for i in range(300)}]
)  # fmt: skip


def spoil(made: dict[str, Any], shapes: dict[str, Any], draw: Any) -> dict[str, Any]:
    """One change that may or may not break the event, somewhere in it."""
    spoilt = copy.deepcopy(made)
    kind = draw(st.sampled_from(["remove", "add", "replace", "nest"]))
    names = sorted(spoilt)
    if kind == "add" or not names:
        spoilt[draw(st.sampled_from(["extra", "Outcome", "", "errorclass"]))] = draw(WRONG)
        return spoilt
    name = draw(st.sampled_from(names))
    inner = spoilt[name]
    if kind == "nest" and isinstance(inner, list) and inner:
        at = draw(st.integers(0, len(inner) - 1))
        items = shapes.get(name, {}).get("items", {})
        if isinstance(inner[at], dict) and items.get("properties"):
            inner[at] = spoil(inner[at], items["properties"], draw)
        else:
            inner[at] = draw(WRONG)
    elif kind == "nest" and isinstance(inner, dict):
        inner[draw(st.sampled_from(["extra", *sorted(inner)]))] = draw(WRONG)
    elif kind == "remove":
        del spoilt[name]
    else:
        spoilt[name] = draw(WRONG)
    return spoilt


SOURCES: dict[str, Any] = {
    "host.nodeVersion": "22.1.0", "host.region": "eu", "agent.name": "none", "session.id": UUID,
}  # fmt: skip


def host_sources(catalog: Path) -> dict[str, Any]:
    """A value for every `host.` source that a catalog names, of the type it asks for."""
    text = catalog.read_text()
    found: dict[str, Any] = {}
    for field, name in re.findall(r'(\{[^{}]*"source":\s*"(host\.\w+)"[^{}]*\})', text):
        kind = re.search(r'"type":\s*"(\w+)"', field)
        enum = re.search(r'"values":\s*\[\s*"([^"]*)"', field)
        found[name] = {"boolean": True, "integer": 1, "number": 1.5}.get(
            kind.group(1) if kind else "", enum.group(1) if enum else "1")  # fmt: skip
    return found


@pytest.fixture(scope="module", params=CATALOGS)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    if shutil.which("node") is None or not (ROOT / "tests/node/node_modules/ajv").exists():
        pytest.fail("node and ajv are missing: run ./dev test python, which installs them")
    SOURCES.update(host_sources(CATALOGS[request.param]))
    made = Subject(CATALOGS[request.param], tmp_path_factory.mktemp("artifact"))
    yield made
    made.close()


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_core_jsonschema_and_ajv_agree(subject: Subject, data: st.DataObject) -> None:
    event = data.draw(st.sampled_from(sorted(subject.events)))
    shapes = subject.fields_of(event)
    fields = data.draw(objects(shapes, subject.required_of(event)))
    if data.draw(st.booleans()):
        fields = spoil(fields, shapes, data.draw)

    encoded, why = subject.core_verdict(event, fields)
    by_python, by_node = subject.verdicts(subject.wire(event, fields))
    assert by_python == by_node == (encoded is not None), (event, why, by_python, by_node)
    if encoded is not None:
        assert subject.verdicts(json.loads(encoded)) == (True, True)


def test_the_root_is_closed(subject: Subject) -> None:
    event = random.Random(1).choice(sorted(subject.events))
    good = json.loads(subject.accepted_bytes(event))
    assert subject.verdicts(good) == (True, True)
    for change in ({"event": "no_such_event"}, {"extra": 1}, {"uuid": "x"}, {"timestamp": "yesterday"},
                   {"properties": {}}):  # fmt: skip
        bad = good | change
        if change == {"properties": {}} and not subject.events[event]["required"]:
            continue
        assert subject.verdicts(bad) == (False, False), change
    assert subject.verdicts({}) == (False, False)


# What a parity check that compares two copies of a file would not see.
MUTATIONS = {
    "an optional field added": ('"outcome":', '"extra": { "type": "boolean", "optional": true }, "outcome":'),
    "a field made required": ('"optional": true, ', ""),
    "an enum replaced": ('["ok", "error"]', '["ok", "failed"]'),
    "a number made a string": ('"type": "number", "unit": "ms", "min": 0', '"type": "string", "max_length": 9'),
    "a new required envelope field": ('"envelope": {', '"envelope": { "agent": { "type": "string", "max_length": 9, "source": "host.agent" },'),
    "a runtime removed": ('["node", "cpp"]', '["node"]'),
    "a bound moved": ('"max_length": 1000', '"max_length": 999'),
}  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_change_of_the_catalog_turns_the_check_red(mutation: str, tmp_path: Path) -> None:
    text = CATALOGS["ktx"].read_text()
    old, new = MUTATIONS[mutation]
    assert old in text, "the ktx catalog is written differently now; mend the mutation"
    changed = tmp_path / "ktx.telemetry.jsonc"
    changed.write_text(text.replace(old, new, 1))
    check = subprocess.run([CANDOR, "schema", changed, "--check", ROOT / "schema/ktx.schema.json"],
                           capture_output=True, text=True)  # fmt: skip
    assert check.returncode == 1, check.stdout + check.stderr


def test_deleted_definitions_turn_the_check_red(tmp_path: Path) -> None:
    artifact = json.loads((ROOT / "schema/ktx.schema.json").read_text())
    artifact["$defs"] = {}
    emptied = tmp_path / "ktx.schema.json"
    emptied.write_text(json.dumps(artifact, indent=2) + "\n")
    check = subprocess.run([CANDOR, "schema", CATALOGS["ktx"], "--check", emptied], capture_output=True)
    assert check.returncode == 1


def test_the_committed_artifact_is_current() -> None:
    subprocess.run([CANDOR, "schema", CATALOGS["ktx"], "--check", ROOT / "schema/ktx.schema.json"], check=True)  # fmt: skip
