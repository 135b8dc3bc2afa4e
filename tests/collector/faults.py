"""How the collector misbehaves: steps, each for one request, and rules that stand."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """What happens to one batch request. Without arguments: it is taken and answered well."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)  # e.g. {"Retry-After": "2"}
    body: str | None = None  # None: what the protocol answers
    store: bool | None = None  # keep the events? None: when the status is 2xx
    hang: bool = False  # never answer
    until: threading.Event | None = None  # answer once it is set
    drip_s: float = 0  # so many seconds between any two bytes of the answer
    close: bool = False  # close the connection instead of answering
    results: dict[str, str] = field(default_factory=dict)  # v1: event name (or "*") -> result

    @property
    def stores(self) -> bool:
        return 200 <= self.status <= 299 and not self.hang if self.store is None else self.store


@dataclass
class Rules:
    """What holds for every request that no step is for."""

    key: str | None = None  # 401 for any other project key
    too_large_bytes: int | None = None  # 413 for a decoded body above it
    poison: str | None = None  # 400 for a batch that holds an event of this name
    close_probability: float = 0  # closed at random: half before, half after keeping the events
    random: random.Random = field(default_factory=lambda: random.Random(1))

    def step_for(self, names: list[str], body_bytes: int) -> Step:
        if self.too_large_bytes is not None and body_bytes > self.too_large_bytes:
            return Step(status=413)
        if self.poison is not None and self.poison in names:
            return Step(status=400)
        if self.random.random() < self.close_probability:
            return Step(close=True, store=self.random.random() < 0.5)
        return Step()
