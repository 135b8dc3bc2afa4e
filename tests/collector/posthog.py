"""PostHog's batch protocols, seen from the server."""

from __future__ import annotations

import ctypes
import ctypes.util
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

V0 = "/batch/"
V1 = "/i/v1/analytics/events"
DECODED_BYTES_MAX = 50 << 20

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DECODER = json.JSONDecoder()


class Refused(Exception):
    """The request breaks the protocol; `status` is the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Batch:
    key: str
    events: list[dict[str, Any]]
    raws: list[str]  # each event's own text


def decode(body: bytes, coding: str, path: str) -> bytes:
    """The body without its Content-Encoding."""
    if coding in ("", "identity"):
        return body
    try:
        if coding == "gzip":
            return gzip.decompress(body)
        if coding == "deflate" and path == V1:
            return zlib.decompress(body)
        if coding == "zstd" and path == V1:
            return _unzstd(body)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(400, f"the body is not {coding}: {error}") from error
    raise Refused(415, f"{path} takes no {coding}")


def parse(path: str, headers: Mapping[str, str], body: bytes) -> Batch:
    if headers.get("content-type", "").split(";")[0] != "application/json":
        raise Refused(415, "Content-Type is not application/json")
    try:
        text = body.decode()
        envelope = json.loads(text)
        events, raws = _events(text)
    except (UnicodeDecodeError, ValueError) as error:
        raise Refused(400, f"the body is no JSON: {error}") from error
    if not isinstance(envelope, dict) or envelope.get("batch") != events:
        raise Refused(400, "the body is no object with a batch")
    if path == V0:
        key = envelope.get("api_key", "")
        _check(isinstance(envelope.get("sent_at"), str), "sent_at is missing")
    else:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused(401, "no bearer token")
        _check("api_key" not in envelope and "sent_at" not in envelope, "v0 members in a v1 body")
        _check(TIMESTAMP.fullmatch(envelope.get("created_at", "")), "created_at is bad")
        for name in ("posthog-sdk-info", "posthog-attempt", "posthog-request-id", "posthog-request-timestamp"):
            _check(headers.get(name), f"the header {name} is missing")
    _check(events, "the batch is empty")
    for event in events:
        _check_event(event, path)
    uuids = {event["uuid"] for event in events}
    _check(len(uuids) == len(events), "a uuid is there twice")
    return Batch(key, events, raws)


def answer(path: str, events: list[dict[str, Any]], results: Mapping[str, str]) -> str:
    """The body of a 200."""
    if path == V0:
        return '{"status":"Ok"}'
    return json.dumps(
        {
            "results": {
                event["uuid"]: {"result": results.get(event["event"], results.get("*", "ok"))}
                for event in events
            }
        }
    )


def _events(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    at = text.index('"batch":[') + len('"batch":[')
    events, raws = [], []
    while text[at] != "]":
        event, end = DECODER.raw_decode(text, at)
        events.append(event)
        raws.append(text[at:end])
        at = end + 1 if text[end] == "," else end
    return events, raws


def _check(condition: object, why: str) -> None:
    if not condition:
        raise Refused(400, why)


def _check_event(event: object, path: str) -> None:
    _check(isinstance(event, dict), "an event is no object")
    assert isinstance(event, dict)
    wanted = {"event", "distinct_id", "uuid", "timestamp", "properties"}
    _check(set(event) == (wanted | {"options"} if path == V1 else wanted), "an event has other members")
    _check(isinstance(event["properties"], dict), "properties are no object")
    for name in ("event", "distinct_id"):
        value = event[name]
        _check(isinstance(value, str) and 1 <= len(value.encode()) <= 200, f"{name} is bad")
    _check(UUID.fullmatch(event["uuid"]), "a uuid is bad")
    _check(TIMESTAMP.fullmatch(event["timestamp"]), "a timestamp is bad")
    _check(("$lib" in event["properties"]) == (path == V0), "$lib is for v0 alone")


def _unzstd(body: bytes) -> bytes:
    name = ctypes.util.find_library("zstd")
    if name is None:
        raise Refused(415, "this machine has no libzstd")
    zstd = ctypes.CDLL(name)
    zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    size = zstd.ZSTD_getFrameContentSize(body, ctypes.c_size_t(len(body)))
    if size > DECODED_BYTES_MAX:
        raise Refused(413, "the body is too large, or has no size")
    to = ctypes.create_string_buffer(size or 1)
    done = zstd.ZSTD_decompress(to, ctypes.c_size_t(size), body, ctypes.c_size_t(len(body)))
    if done != size:
        raise Refused(400, "the body is not zstd")
    return to.raw[:size]
