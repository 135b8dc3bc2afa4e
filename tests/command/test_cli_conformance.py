"""The conformance vectors through `candor emit`: the same bytes, or the same code and field."""

import hashlib
import json
import subprocess
from collections import defaultdict

import pytest
from conformance import forms
from support.user import CANDOR

DOCUMENTS = dict(forms.documents())


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


@pytest.mark.parametrize("file", DOCUMENTS)
def test_the_command_gives_the_same_bytes(user, file):
    document = DOCUMENTS[file]
    defaults = document["defaults"]
    processes = defaultdict(list)  # one for the vectors that agree on the envelope
    for vector in document["vectors"]:
        if "cli" in vector.get("skip", ()):
            continue
        sources = defaults["sources"] | vector.get("sources", {})
        envelope = [b"--runtime", vector.get("runtime", defaults["runtime"]).encode()]
        for name, value in sources.items():
            if value is not None:
                envelope += [b"--source", name.encode() + b":=" + forms.written(value)]
        processes[tuple(envelope)].append(defaults | vector)

    checked = 0
    for envelope, vectors in processes.items():
        done = subprocess.run(
            [CANDOR, "emit", "-", "--dry-run", "--json", "--catalog", forms.HERE / document["catalog"], *envelope],
            env=user.environment, input=b"".join(map(forms.line, vectors)), capture_output=True, timeout=60,
        )  # fmt: skip
        answers = [answered(json.loads(answer)) for answer in done.stdout.splitlines()]
        assert len(answers) == len(vectors), done.stderr
        for vector, answer in zip(vectors, answers):
            assert answer == expected(vector, answer), vector["name"]
            checked += 1
    assert checked > 0
    assert user.files() == []
