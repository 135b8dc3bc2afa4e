"""The pytest fixture: `pytest_plugins = ["collector.fixture"]`, with tests/ on the path."""

from collections.abc import Iterator

import pytest

from collector.server import Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector in this process, in memory; set `.steps` and `.rules` to make it misbehave."""
    with Collector() as running:
        yield running
