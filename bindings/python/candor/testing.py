"""For the tests of a product that uses candor: events in memory, and misuse that raises.

    with candor.testing.capture("acme.telemetry.jsonc") as events:
        plan(telemetry=events.client)          # or code that calls candor.open itself
    assert events.only("plan_completed")["outcome"] == "ok"

Under pytest the fixture `candor_events` is the same, with the catalog from the ini option
`candor_catalog`. Nothing is read from or written to the user's home, and nothing is sent.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import candor

__all__ = ["CapturedEvent", "Events", "capture"]


class CapturedEvent(dict[str, Any]):
    """An event as it would be sent, and who it is about."""

    sender: str
    """`distinct_id` of the call or the client; empty when neither was given: a test has no
    install id."""
    project: str
    """The project's hash; empty when there is none."""


class Events:
    """The events accepted so far, oldest first, as the dicts that would be sent."""

    def __init__(self) -> None:
        self._received: list[tuple[str, str, str]] = []
        self._client: candor.Client | None = None

    @property
    def client(self) -> candor.Client:
        """A strict client for the catalog that capture was given."""
        if self._client is None:
            raise RuntimeError("capture() was given no catalog (pytest: set candor_catalog)")
        return self._client

    @property
    def all(self) -> list[CapturedEvent]:
        return [_event(*received) for received in list(self._received)]

    @property
    def names(self) -> list[str]:
        return [event["event"] for event in self.all]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The properties (envelope and fields) of each event of this name."""
        return [event["properties"] for event in self.all if event["event"] == name]

    def only(self, name: str) -> dict[str, Any]:
        """The properties of the one event of this name."""
        found = self.named(name)
        if len(found) != 1:
            raise AssertionError(f"expected one {name}, got {len(found)}; events: {self.names}")
        return found[0]

    def _receive(self, event: str, sender: str, project: str) -> None:
        self._received.append((event, sender, project))

    def clear(self) -> None:
        self._received.clear()

    def __len__(self) -> int:
        return len(self._received)

    def __iter__(self) -> Iterator[CapturedEvent]:
        return iter(self.all)


def _event(text: str, sender: str, project: str) -> CapturedEvent:
    event = CapturedEvent(json.loads(text))
    event.sender = sender
    event.project = project
    return event


@contextlib.contextmanager
def capture(catalog: Any = None, **options: Any) -> Iterator[Events]:
    """Captures the events of every client opened inside the block, which are strict.

    With a catalog (or catalog_text=), `events.client` is such a client; the options are those
    of candor.open, and product_version is 0.0.0. Clients opened before the block are not captured.
    """
    events = Events()
    before = dict(candor._overrides)
    candor._overrides.update(capture_sender=events._receive, strict=True)
    try:
        if catalog is not None or "catalog_text" in options:
            events._client = candor.open(catalog, **({"product_version": "0.0.0"} | options))
        yield events
    finally:
        candor._overrides.clear()
        candor._overrides.update(before)
        if events._client is not None:
            events._client.close()
