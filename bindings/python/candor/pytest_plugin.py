"""Registers the fixture `candor_events` with pytest; see candor.testing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from candor.testing import Events


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("candor_catalog", "The catalog that candor_events.client uses.", type="string")


@pytest.fixture
def candor_events(pytestconfig: pytest.Config) -> Iterator[Events]:
    """Captures in memory what the code under test emits; misuse raises."""
    # Imported here: pytest loads plugins in every run, and few tests emit.
    from candor import testing

    catalog = pytestconfig.getini("candor_catalog")
    with testing.capture(str(pytestconfig.rootpath / catalog) if catalog else None) as events:
        yield events
