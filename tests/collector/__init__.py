"""A collector for tests and demos: a real HTTP server on this machine that speaks PostHog's
batch protocols, keeps what arrives in SQLite, and misbehaves when told to."""

from collector.faults import Rules, Step
from collector.server import Collector
from collector.store import Event, Store

__all__ = ["Collector", "Event", "Rules", "Step", "Store"]
