"""Puts events to the Python client; README.md says what is read and answered."""

from __future__ import annotations

import json
import sys
from typing import Any

import candor
from conformance import forms

RESERVED = {"timestamp", "uuid", "distinct_id"}


def open_client(given: dict[str, Any]) -> candor.Client:
    return candor.open(
        given["catalog"], runtime=given["runtime"], sources=forms.value(given["sources"]),
        home=given["home"], policy_file="/nonexistent", delivery="manual",
    )  # fmt: skip


def answer(client: candor.Client, emit: bool, event: dict[str, Any], number: int) -> bytes:
    options = {
        option: forms.value(event[key])
        for option, key in (("timestamp", "timestamp_ms"), ("uuid", "uuid"), ("distinct_id", "distinct_id"))
        if key in event
    }
    fields = forms.fields(event["fields"])
    call = client.emit if emit else client.encode
    # Fields may come as a mapping or as keywords.
    by_keyword = number % 2 == 1 and not fields.keys() & RESERVED
    given = ((), fields) if by_keyword else ((fields,), {})
    try:
        outcome = call(forms.value(event["event"]), *given[0], **given[1], **options)
    except candor.RejectedError as rejected:
        return said(code=rejected.code, field=rejected.field)
    if isinstance(outcome, bytes):
        return outcome
    if outcome.result == "rejected":
        return said(code=outcome.code, field=outcome.field or "")
    return said(accepted=True) if outcome else said(trouble=outcome.result)


def said(**members: Any) -> bytes:
    return json.dumps(members).encode()


def main() -> None:
    client, emit = None, False
    for number, line in enumerate(sys.stdin.buffer):
        given = json.loads(line)
        if "client" in given:
            client, emit = open_client(given["client"]), given["emit"]
            continue
        assert client is not None
        try:
            told = answer(client, emit, given, number)
        except forms.Unsayable as unsayable:
            told = said(unsayable=str(unsayable))
        except Exception as error:
            told = said(trouble=repr(error))
        sys.stdout.buffer.write(told + b"\n")


if __name__ == "__main__":
    main()
