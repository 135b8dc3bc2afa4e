"""What arrived, in SQLite: a file that another process may read while the collector runs."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  uuid TEXT PRIMARY KEY,      -- as PostHog, one event for a uuid however often it is sent
  event TEXT NOT NULL,
  distinct_id TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  properties TEXT NOT NULL,   -- JSON
  raw TEXT NOT NULL,          -- the event's own text within the body
  received_at REAL NOT NULL,
  times INTEGER NOT NULL DEFAULT 1,    -- how often it was sent and taken
  changed INTEGER NOT NULL DEFAULT 0   -- how often with another text than the first time
);
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,    -- as answered; 0: not answered at all
  wire_bytes INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  coding TEXT NOT NULL,
  events INTEGER NOT NULL,
  headers TEXT NOT NULL,      -- JSON, names in lower case
  received_at REAL NOT NULL
);
"""


@dataclass(frozen=True)
class Event:
    event: str
    uuid: str
    distinct_id: str
    timestamp: str
    properties: dict[str, Any]
    raw: str
    times: int
    changed: int


@dataclass(frozen=True)
class Request:
    path: str
    status: int
    wire_bytes: int
    body_bytes: int
    coding: str
    events: int
    headers: dict[str, str]


class Store:
    """Any thread may call it; one lock keeps the one connection."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add_events(self, events: Iterable[dict[str, Any]], raws: Iterable[str]) -> None:
        now = time.time()
        rows = [
            (
                event["uuid"],
                event["event"],
                event["distinct_id"],
                event["timestamp"],
                json.dumps(event["properties"], ensure_ascii=False, separators=(",", ":")),
                raw,
                now,
            )
            for event, raw in zip(events, raws, strict=True)
        ]
        with self._lock:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO events (uuid, event, distinct_id, timestamp, properties, raw, received_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uuid) DO UPDATE SET"
                " times = times + 1, changed = changed + (raw <> excluded.raw)",
                rows,
            )
            self._db.execute("COMMIT")

    def add_request(self, request: Request) -> None:
        with self._lock:
            self._db.execute(
                "INSERT INTO requests"
                " (path, status, wire_bytes, body_bytes, coding, events, headers, received_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request.path,
                    request.status,
                    request.wire_bytes,
                    request.body_bytes,
                    request.coding,
                    request.events,
                    json.dumps(request.headers),
                    time.time(),
                ),
            )

    def events(self) -> list[Event]:
        """In order of arrival."""
        with self._lock:
            rows = self._db.execute(
                "SELECT event, uuid, distinct_id, timestamp, properties, raw, times, changed"
                " FROM events ORDER BY rowid"
            ).fetchall()
        return [
            Event(event, uuid, who, when, json.loads(what), raw, times, changed)
            for event, uuid, who, when, what, raw, times, changed in rows
        ]

    def requests(self) -> list[Request]:
        with self._lock:
            rows = self._db.execute(
                "SELECT path, status, wire_bytes, body_bytes, coding, events, headers"
                " FROM requests ORDER BY id"
            ).fetchall()
        return [
            Request(path, status, wire, body, coding, events, json.loads(headers))
            for path, status, wire, body, coding, events, headers in rows
        ]
