"""For all tests in Python: a clean environment, a user of the command, a collector."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector import Collector
from support.environment import clear_environment
from support.user import ACME, BUILD, CANDOR, NOTICE, ROOT, User

__all__ = ["ACME", "BUILD", "CANDOR", "NOTICE", "ROOT", "User"]


def pytest_configure() -> None:
    clear_environment()
    # Started in the background, as some CI systems do, a process ignores Ctrl-C, and so
    # would every process that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with an empty home and the catalog ACME beside it."""
    home = tmp_path / "home"
    home.mkdir()
    catalog = tmp_path / "acme.telemetry.jsonc"
    catalog.write_text(ACME)
    return User(home, catalog)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A server that speaks PostHog, in this process (tests/collector)."""
    with Collector() as running:
        yield running
