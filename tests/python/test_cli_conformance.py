"""The conformance vectors through `candor emit`: the same bytes, or the same code and field."""

import hashlib
import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from conftest import CANDOR

VECTORS = Path(__file__).resolve().parents[1] / "conformance"
INFINITE = {"Infinity": b"1e400", "-Infinity": b"-1e400", "-0": b"-0.0"}


def text(form):
    """A vector's string, tagged or not, as bytes."""
    match form:
        case str():
            return form.encode("utf-8", "surrogatepass")
        case {"$repeat": [part, count]}:
            return part.encode() * count
        case {"$bytes": digits}:
            return bytes.fromhex(digits)
    return None


def written(form):
    """JSON for the command out of a vector's JSON with its tagged forms."""
    match form:
        case {"$number": name}:
            return INFINITE[name]
        case {"$float": digits} | {"$int": digits}:
            return digits.encode()
        case {"$pairs": entries}:
            return members(entries)
        case list():
            return b"[" + b",".join(map(written, form)) + b"]"
    if (raw := text(form)) is not None:
        quoted = json.dumps(raw.decode("latin-1"), ensure_ascii=False)  # escapes, and leaves every byte
        return quoted.encode("latin-1")
    if isinstance(form, dict):
        return members(form.items())
    return json.dumps(form).encode()


def members(entries):
    return b"{" + b",".join(written(name) + b":" + written(value) for name, value in entries) + b"}"


def line(vector):
    fields = vector["fields"]
    entries = fields if isinstance(fields, list) else [["", fields]]
    said = members(entries) if isinstance(fields, list) else written(entries[0][1])
    return b'{"event":%s,"uuid":%s,"timestamp":%d,"fields":%s}\n' % (
        written(vector["event"]), written(vector["uuid"]), vector["timestamp_ms"], said,
    )  # fmt: skip


def answered(result):
    if result["result"] != "accepted":
        return {"code": result["code"], "field": result.get("field", "")}
    return {"bytes": result["bytes"]}


def expected(vector, answer):
    expect = vector["expect"]
    if "sha256" not in expect:
        return expect
    encoded = answer.get("bytes", "").encode()
    same = (len(encoded), hashlib.sha256(encoded).hexdigest()) == (expect["size"], expect["sha256"])
    return answer if same else expect


def documents():
    for path in sorted(VECTORS.glob("*.json")):
        document = json.loads(path.read_text())
        if document["kind"] == "events":
            yield pytest.param(document, id=path.stem)


@pytest.mark.parametrize("document", list(documents()))
def test_the_command_gives_the_same_bytes(user, document):
    defaults = document["defaults"]
    processes = defaultdict(list)  # one for the vectors that agree on the envelope
    for vector in document["vectors"]:
        if "cli" in vector.get("skip", ()):
            continue
        sources = defaults["sources"] | vector.get("sources", {})
        envelope = [b"--runtime", vector.get("runtime", defaults["runtime"]).encode()]
        for name, value in sources.items():
            if value is not None:
                envelope += [b"--source", name.encode() + b":=" + written(value)]
        processes[tuple(envelope)].append(defaults | vector)

    checked = 0
    for envelope, vectors in processes.items():
        done = subprocess.run(
            [CANDOR, "emit", "-", "--dry-run", "--json", "--catalog", VECTORS / document["catalog"], *envelope],
            env=user.environment, input=b"".join(map(line, vectors)), capture_output=True, timeout=60,
        )  # fmt: skip
        answers = [answered(json.loads(answer)) for answer in done.stdout.splitlines()]
        assert len(answers) == len(vectors), done.stderr
        for vector, answer in zip(vectors, answers):
            assert answer == expected(vector, answer), vector["name"]
            checked += 1
    assert checked > 0
    assert user.files() == []
