"""The forms in which vectors are written (README.md lists them), as values of Python and as JSON
for the command."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NUMBERS = {"Infinity": b"1e400", "-Infinity": b"-1e400", "-0": b"-0.0"}


class Unsayable(Exception):
    """The form is of something that the language has no value for."""


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each file of events, by its name."""
    for path in sorted(HERE.glob("*.json")):
        document = json.loads(path.read_text())
        if document["kind"] == "events":
            yield path.stem, document


def value(form: Any) -> Any:
    """What the form stands for in Python."""
    if isinstance(form, list):
        return [value(one) for one in form]
    if not isinstance(form, dict):
        return form
    match tagged(form):
        case {"$number": text} | {"$float": text}:
            return float(text)
        case {"$int": text}:
            return int(text)
        case {"$repeat": [text, count]}:
            return text * count
        case {"$bytes": digits}:
            try:
                return bytes.fromhex(digits).decode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                raise Unsayable("bytes that are no text") from error
        case {"$unsupported": True}:
            return object()
        case {"$pairs": entries}:
            return mapping(entries)
    return {key: value(one) for key, one in form.items()}


def mapping(entries: list[Any]) -> dict[str, Any]:
    made = {value(key): value(one) for key, one in entries}
    if len(made) < len(entries):
        raise Unsayable("a name twice")
    return made


def fields(form: Any) -> dict[str, Any]:
    """A vector's fields: an object's, or a list of pairs."""
    return mapping(form) if isinstance(form, list) else value(form)


def written(form: Any) -> bytes:
    """The form as JSON, for the command."""
    match tagged(form):
        case {"$number": name}:
            if name not in NUMBERS:
                raise Unsayable("JSON has no NaN")
            return NUMBERS[name]
        case {"$float": digits} | {"$int": digits}:
            return digits.encode()
        case {"$unsupported": True}:
            raise Unsayable("JSON has nothing that is no JSON")
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


def tagged(form: Any) -> Any:
    """The form; for an object that is no tag, nothing that a pattern takes for one."""
    return form if not isinstance(form, dict) or len(form) == 1 else None


def text(form: Any) -> bytes | None:
    """The bytes of a string, tagged or not; None for anything else."""
    match tagged(form):
        case str():
            return form.encode("utf-8", "surrogatepass")
        case {"$repeat": [part, count]}:
            return part.encode() * count
        case {"$bytes": digits}:
            return bytes.fromhex(digits)
    return None


def members(entries: Iterable[Any]) -> bytes:
    return b"{" + b",".join(written(name) + b":" + written(one) for name, one in entries) + b"}"


def line(vector: dict[str, Any]) -> bytes:
    """A vector's event as a line for `candor emit -`."""
    given = vector["fields"]
    said = [["event", vector["event"]], ["fields", {"$pairs": given} if isinstance(given, list) else given]]
    for member, key in (("timestamp", "timestamp_ms"), ("uuid", "uuid"), ("distinct_id", "distinct_id")):
        if key in vector:
            said.append([member, vector[key]])
    return members(said) + b"\n"
