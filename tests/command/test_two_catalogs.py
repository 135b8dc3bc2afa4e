"""Two products in one home: each has its own spool, its own key and its own server, and the user's
one choice is about both."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from collector import Collector, Rules
from support.user import ACME, User


@pytest.fixture
def other(user: User, tmp_path: Path) -> User:
    """The same user of another product, which keeps its files in the same home."""
    catalog = tmp_path / "other.telemetry.jsonc"
    catalog.write_text(ACME.replace('"catalog": "acme"', '"catalog": "other"'))
    return User(user.home, catalog)


def send_to(user: User, collector: Collector, key: str) -> None:
    """By the catalog, not the environment: the product's own server and key."""
    del user.environment["ACME_TELEMETRY_ENDPOINT"]
    text = user.catalog.read_text().replace("https://us.i.posthog.com", collector.url)
    user.catalog.write_text(text.replace("phc_test", key))


def records(user: User) -> list[Any]:
    return [event["properties"].get("note") for event in user.waiting()]


def test_each_product_sends_its_own_events_with_its_own_key(user: User, other: User) -> None:
    # A server that knows one key answers 401 to a request with another.
    with Collector(rules=Rules(key="phc_acme")) as first, Collector(rules=Rules(key="phc_other")) as second:
        send_to(user, first, "phc_acme")
        send_to(other, second, "phc_other")
        for product, note in ((user, "acme"), (other, "other"), (user, "acme again"), (other, "other again")):
            product.run("emit", "plan_completed", "outcome=ok", f"note={note}")
        assert records(user) == ["acme", "acme again"]
        assert records(other) == ["other", "other again"]
        user.run("flush", "--timeout-ms", "30000")
        assert [event.properties["note"] for event in first.events] == ["acme", "acme again"]
        assert (second.events, second.requests) == ([], [])
        assert records(other) == ["other", "other again"]
        other.run("flush", "--timeout-ms", "30000")
        assert [event.properties["note"] for event in second.events] == ["other", "other again"]
        for product in (user, other):
            total = product.status()["ledger"]["total"]
            assert (total["captured"], total["delivered"]) == (2, 2)


def test_a_spool_is_named_after_its_catalog_and_its_format(user: User, other: User) -> None:
    for product, name in ((user, "acme.1"), (other, "other.1")):
        product.run("emit", "ping")
        spool = user.acme / "telemetry-spool" / name
        assert product.status()["spool_dir"] == str(spool)
        assert len(list(spool.glob("*.seg"))) == 1
    assert [path.name for path in sorted((user.acme / "telemetry-spool").iterdir())] == ["acme.1", "other.1"]


def test_an_opt_out_empties_the_spools_of_all_products(user: User, other: User) -> None:
    user.run("emit", "plan_completed", "outcome=ok", "note=a secret")
    other.run("emit", "plan_completed", "outcome=ok", "note=a secret")
    assert "Deleted 2 events" in user.run("disable").stdout
    for product in (user, other):
        assert product.waiting() == []
        assert product.status()["ledger"]["total"]["dropped"] == {"opted_out": 1}
    assert not [path for path in user.acme.rglob("*") if path.is_file() and b"a secret" in path.read_bytes()]
    other.run("enable")
    assert user.waiting() == other.waiting() == []


EMITTER = """
import candor, sys
client = candor.open(sys.argv[1], delivery="manual")
print(client.emit("ping").result, flush=True)
for line in sys.stdin:
    print(client.emit("ping").result, flush=True)
"""


def test_a_running_process_of_the_other_product_stops_too(user: User, other: User) -> None:
    environment = other.environment_with({})
    with subprocess.Popen(
        [sys.executable, "-c", EMITTER, other.catalog], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "accepted\n"
        user.run("disable")
        assert other.waiting() == []
        answer = ""
        while answer != "disabled":  # the test's own limit ends a process that never stops
            process.stdin.write("\n")
            process.stdin.flush()
            answer = process.stdout.readline().strip()
        process.stdin.close()
    assert process.returncode == 0
    assert other.waiting() == []


def test_an_opt_out_removes_the_records_of_other_formats(user: User) -> None:
    user.run("emit", "ping")
    spool = user.acme / "telemetry-spool"
    newer = spool / "acme.2"
    newer.mkdir(mode=0o700)
    segment = newer / "01890000-0000-7000-8000-000000000000.seg"
    segment.write_bytes(b"CANDORSG" + struct.pack("<I", 2) + bytes(84) + b"a record of tomorrow")
    for name in ("history.jsonl", "ledger", "uploader.lock", "01890000-0000-7000-8000-000000000001.tomb"):
        (newer / name).write_text("x")
    outside = user.home / "outside"
    outside.mkdir()
    (outside / "theirs").write_text("x")
    (spool / "link.2").symlink_to(outside)
    (spool / "no spool").mkdir()
    (spool / "no spool" / "theirs").write_text("x")
    with segment.open("rb") as held:  # as a writer of that version holds it
        user.run("disable")
        assert held.read()[64:68] == b"PURG"
    left = sorted(path.name for path in newer.iterdir())
    assert left == ["01890000-0000-7000-8000-000000000001.tomb", "ledger", "uploader.lock"]
    assert (outside / "theirs").exists()
    assert (spool / "no spool" / "theirs").exists()


def test_nothing_is_written_where_nothing_is_to_be_purged(user: User, other: User) -> None:
    user.run("emit", "ping")
    user.run("disable")
    before = {path: path.stat().st_mtime_ns for path in user.acme.rglob("*")}
    for product in (user, other):
        product.run("emit", "ping")
        product.run("status")
    assert {path: path.stat().st_mtime_ns for path in user.acme.rglob("*")} == before
    assert json.loads(user.identity_file.read_text())["enabled"] is False
