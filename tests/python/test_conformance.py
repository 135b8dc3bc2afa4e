"""The conformance vectors through Python: the same bytes, or the same code and field."""

from __future__ import annotations

import functools
import hashlib
import json

import candor
import pytest
from candor import testing
from conformance import forms


def vectors():
    for file, document in forms.documents():
        for vector in document["vectors"]:
            if "python" in vector.get("skip", ()):
                continue
            name = f"{file}: {vector['name']}"
            yield pytest.param(document["catalog"], document["defaults"] | vector,
                               document["defaults"]["sources"], id=name)  # fmt: skip


@functools.cache
def client(catalog: str, runtime: str, sources: str) -> candor.Client:
    """One client for all vectors that agree on the envelope. Captures, so that no home is used."""
    with testing.capture():
        return candor.open(forms.HERE / catalog, runtime=runtime, sources=forms.value(json.loads(sources)))


@pytest.mark.parametrize(("catalog", "vector", "sources"), list(vectors()))
def test_vector(catalog, vector, sources):
    sources = json.dumps(sources | vector["sources"])
    telemetry = client(catalog, vector["runtime"], sources)
    given = forms.fields(vector["fields"])
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


CORPUS = json.loads((forms.HERE / "redact_corpus.json").read_text())


@functools.cache
def redacting(*, secrets: bool) -> candor.Client:
    with testing.capture():
        return candor.open(catalog_text=json.dumps(CORPUS["catalog"]), secrets=CORPUS["secrets"] if secrets else None)


@pytest.mark.parametrize("part", ["texts", "literals"])
def test_the_corpus_of_secrets_and_innocent_texts(part):
    telemetry = redacting(secrets=part == "literals")
    for entry in CORPUS[part]:
        sent = json.loads(telemetry.encode("said", text=entry["text"]))["properties"]["text"]
        assert sent == entry.get("expect", entry["text"]), entry["name"]
