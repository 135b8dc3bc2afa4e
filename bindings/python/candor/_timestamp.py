"""Turns a datetime into what the core takes; imported when an event first carries one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(when: object) -> int | None:
    """Milliseconds since 1970 UTC, rounded down; None for anything but an aware datetime."""
    if not isinstance(when, datetime) or when.utcoffset() is None:
        return None
    return (when - _EPOCH) // _MILLISECOND
