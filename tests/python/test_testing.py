"""candor.testing, as the tests of a product use it."""

from __future__ import annotations

import os
import subprocess
import sys

import candor
import pytest
from candor import testing
from product import CATALOG, clean_environment

pytest_plugins = ["product_fixtures"]  # home, open_client


def test_capture(home):
    with testing.capture(catalog_text=CATALOG, product_version="2.0.0") as events:
        events.client.emit("ping")
        events.client.emit("sample", count=1)
        events.client.emit("sample", count=2)
        assert events.names == ["ping", "sample", "sample"]
        assert [event["event"] for event in events] == events.names
        assert events.only("ping") == {"version": "2.0.0"}
        assert [one["count"] for one in events.named("sample")] == [1, 2]
        with pytest.raises(AssertionError, match="expected one sample, got 2"):
            events.only("sample")
        events.clear()
        assert len(events) == 0
    assert os.listdir(home) == []


def test_an_event_says_who_it_is_about(home):
    with testing.capture(catalog_text=CATALOG, project_dir=home) as events:
        events.client.emit("ping")
        events.client.emit("ping", distinct_id="some\nbody")
        own = candor.open(catalog_text=CATALOG, product_version="1", distinct_id="everybody")
        own.emit("ping")
    assert [event.sender for event in events] == ["", "some\nbody", "everybody"]
    first, _, last = events.all
    assert len(first.project) == 64
    assert last.project == ""
    assert "sender" not in first


def test_misuse_raises(home):
    with testing.capture(catalog_text=CATALOG) as events:
        with pytest.raises(candor.RejectedError):
            events.client.emit("sample", count="1")
        assert len(events) == 0


def test_code_that_opens_its_own_client(home):
    with testing.capture() as events:
        own = candor.open(catalog_text=CATALOG, product_version="1")
        own.emit("ping")
        with pytest.raises(candor.RejectedError):
            own.emit("sample", count="1")
        with pytest.raises(RuntimeError, match="no catalog"):
            events.client.emit("ping")
    assert events.names == ["ping"]
    assert os.listdir(home) == []


def test_capture_ends_with_its_block(home, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    with pytest.raises(KeyError), testing.capture():
        raise KeyError
    assert candor.open(catalog_text=CATALOG).emit("sample", count="1").result == "disabled"


def test_opt_outs_do_not_blind_tests(home, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with testing.capture(catalog_text=CATALOG) as events:
        events.client.emit("ping")
        assert events.names == ["ping"]


PRODUCT_TEST = """
import candor, pytest

def test_fixture(candor_events):
    candor_events.client.emit("ping")
    assert candor_events.names == ["ping"]

def test_fresh(candor_events):
    assert len(candor_events) == 0
    with pytest.raises(candor.RejectedError):
        candor_events.client.emit("sample", count="1")
"""


def test_the_pytest_fixture(home, tmp_path):
    (tmp_path / "test_product.py").write_text(PRODUCT_TEST)
    (tmp_path / "acme.telemetry.jsonc").write_text(CATALOG)
    (tmp_path / "pytest.ini").write_text("[pytest]\ncandor_catalog = acme.telemetry.jsonc\n")
    # An installed candor registers the plugin by itself; here it is named.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "candor.pytest_plugin", "-p", "no:cacheprovider"],
        cwd=tmp_path, env=clean_environment(home), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "2 passed" in done.stdout, done.stdout + done.stderr
