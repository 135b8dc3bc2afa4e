"""Two versions of candor in one home: the one of this build, and the same library compiled with the
number 0.900.0."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from collector import Collector
from support.user import ACME, BUILD, User

OTHER = BUILD / "tests/core/candor_other_version"


def newer(user: User, event: str = "ping") -> dict[str, Any]:
    """What the newer library says of one event."""
    done = subprocess.run(
        [OTHER, user.catalog, event], env=user.environment, capture_output=True, text=True, timeout=60, check=True
    )
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["version"] == "0.900.0"
    return said


OLDER = """
import candor, json, sys
log = []
client = candor.open(sys.argv[1], delivery="manual", log=log.append)
results = [client.emit("ping").result for _ in range(3)]
status = client.status()
print(json.dumps([results, status.rule, status.explanation, log]))
"""


def ask_for(user: User, version: str) -> None:
    user.catalog.write_text(ACME.replace('"catalog": "acme"', f'"candor": "{version}", "catalog": "acme"'))


def test_an_older_library_stays_off_and_says_so_once(user: User) -> None:
    ask_for(user, "0.900")
    done = subprocess.run(
        [sys.executable, "-c", OLDER, user.catalog],
        env=user.environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    results, rule, explanation, log = json.loads(done.stdout)
    assert results == ["disabled"] * 3
    assert rule == "catalog_newer"
    assert "newer version" in explanation
    (line,) = log
    assert "is for candor 0.900 and later; this is " in line
    assert done.stderr == ""
    assert user.files() == []  # off: nothing was written


def test_a_newer_library_reads_it_and_both_share_a_home(user: User) -> None:
    ask_for(user, "0.900")
    said = newer(user)
    assert (said["rule"], said["result"], said["log"]) == ("file_enabled", "accepted", [])
    # The older one, with the catalog that it was built with.
    user.catalog.write_text(ACME)
    user.run("emit", "ping")
    assert newer(user)["install_id"] == said["install_id"] == user.identity()["installId"]
    with Collector() as collector:
        user.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
        user.run("flush", "--timeout-ms", "30000")
        assert [event.distinct_id for event in collector.events] == [said["install_id"]] * 3
    total = user.status()["ledger"]["total"]
    assert (total["captured"], total["delivered"]) == (3, 3)


def test_an_opt_out_by_one_version_is_heard_by_the_other(user: User) -> None:
    newer(user)
    user.run("disable")
    said = newer(user)
    assert (said["rule"], said["result"]) == ("file_disabled", "disabled")
    assert user.waiting() == []


@pytest.mark.parametrize("command", [["emit", "ping"], ["status"], ["show"], ["check"]])
def test_the_older_command_refuses_the_newer_catalog(user: User, command: list[str]) -> None:
    ask_for(user, "0.900")
    done = user.run(*command, code=1)
    assert "is for candor 0.900 and later; this is " in done.stdout + done.stderr
    assert "[newer-catalog]" in done.stdout + done.stderr
    assert user.files() == []
