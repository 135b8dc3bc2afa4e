"""The conformance vectors through Python: the same bytes, or the same code and field."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import candor
import pytest
from candor import testing

VECTORS = Path(__file__).resolve().parents[1] / "conformance"


def value(form: Any) -> Any:
    """A Python value out of a vector's JSON, with its tagged forms."""
    if isinstance(form, list):
        return [value(one) for one in form]
    if not isinstance(form, dict):
        return form
    match form:
        case {"$number": text} | {"$float": text}:
            return float(text)
        case {"$int": text}:
            return int(text)
        case {"$repeat": [text, count]}:
            return text * count
        case {"$bytes": digits}:
            return bytes.fromhex(digits).decode("utf-8", "surrogatepass")
        case {"$unsupported": True}:
            return object()
        case {"$pairs": entries}:
            return {value(key): value(one) for key, one in entries}
    return {key: value(one) for key, one in form.items()}


def vectors():
    for path in sorted(VECTORS.glob("*.json")):
        document = json.loads(path.read_text())
        if document["kind"] != "events":
            continue
        for vector in document["vectors"]:
            if "python" in vector.get("skip", ()):
                continue
            name = f"{path.stem}: {vector['name']}"
            yield pytest.param(document["catalog"], document["defaults"] | vector,
                               document["defaults"]["sources"], id=name)  # fmt: skip


@functools.cache
def client(catalog: str, runtime: str, sources: str) -> candor.Client:
    """One client for all vectors that agree on the envelope. Captures, so that no home is used."""
    with testing.capture():
        return candor.open(VECTORS / catalog, runtime=runtime, sources=value(json.loads(sources)))


@pytest.mark.parametrize(("catalog", "vector", "sources"), list(vectors()))
def test_vector(catalog, vector, sources):
    sources = json.dumps(sources | vector["sources"])
    telemetry = client(catalog, vector["runtime"], sources)
    fields = vector["fields"]
    given = {value(k): value(v) for k, v in fields} if isinstance(fields, list) else value(fields)
    expect = vector["expect"]
    options = {"timestamp": vector["timestamp_ms"], "uuid": vector["uuid"]}
    if "code" not in expect:
        encoded = telemetry.encode(vector["event"], given, **options)
        if "bytes" in expect:
            assert encoded == expect["bytes"].encode()
        else:
            assert hashlib.sha256(encoded).hexdigest() == expect["sha256"]
        return
    with pytest.raises(candor.RejectedError) as raised:
        telemetry.encode(vector["event"], given, **options)
    assert (raised.value.code, raised.value.field) == (expect["code"], expect["field"])
