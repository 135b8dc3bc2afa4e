"""Fixtures around product.py; a test module asks for them with pytest_plugins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import candor
import pytest
from product import CATALOG, clean_environment


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment that says nothing about telemetry."""
    environment = clean_environment(tmp_path)
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def open_client(home: Path) -> Iterator[Callable[..., candor.Client]]:
    """Opens clients that upload only when asked to, and closes them."""
    clients = []

    def open_one(**options: Any) -> candor.Client:
        defaults = {"catalog_text": CATALOG, "product_version": "1.2.3", "delivery": "manual"}
        clients.append(candor.open(**(defaults | options)))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()
