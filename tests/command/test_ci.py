"""Continuous integration with `"ci": "send"`: events say so, and no runner becomes a user."""

from __future__ import annotations

import json

import pytest
from collector import Collector
from support.user import ACME, User


@pytest.fixture
def runner(user: User) -> User:
    text = ACME.replace('{ "mode": "opt_out" }', '{ "mode": "opt_out", "ci": "send" }')
    user.catalog.write_text(text.replace('"catalog": "acme",', '"candor": "0.2", "catalog": "acme",'))
    user.environment["CI"] = "true"
    return user


def test_events_say_that_they_are_of_ci_and_each_process_has_its_own_id(runner: User) -> None:
    with Collector() as collector:
        runner.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
        for _ in range(3):
            said = runner.run("emit", "ping")
            assert said.stderr == ""  # no notice: nobody reads it
        runner.run("flush", "--timeout-ms", "30000")
        assert [event.properties["isCi"] for event in collector.events] == [True] * 3
        assert len({event.distinct_id for event in collector.events}) == 3
    assert not runner.identity_file.exists()


def test_an_id_that_a_user_has_is_not_sent(runner: User) -> None:
    runner.run("emit", "ping", CI=None)
    before = runner.identity_file.read_bytes()
    mine = json.loads(before)["installId"]
    with Collector() as collector:
        runner.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
        runner.run("flush", "--timeout-ms", "30000", CI=None)
        runner.run("emit", "ping")
        runner.run("flush", "--timeout-ms", "30000")
        assert [event.distinct_id == mine for event in collector.events] == [True, False]
    assert runner.identity_file.read_bytes() == before


def test_status_says_so_and_writes_nothing(runner: User) -> None:
    status = runner.status()
    assert (status["enabled"], status["rule"], status["install_id"]) == (True, "ci_send", "")
    assert "CI is set" in status["explanation"]
    assert runner.files() == []


@pytest.mark.parametrize(
    ("variables", "rule"),
    [({"DO_NOT_TRACK": "1"}, "do_not_track"), ({"ACME_TELEMETRY_DISABLED": "1"}, "env_disabled")],
)
def test_every_other_off_wins(runner: User, variables: dict[str, str], rule: str) -> None:
    runner.run("emit", "ping", **variables)
    assert runner.status(**variables)["rule"] == rule
    assert runner.files() == []


def test_an_opt_out_of_the_user_holds_in_ci(runner: User) -> None:
    runner.run("disable")
    runner.run("emit", "ping")
    assert runner.status()["rule"] == "file_disabled"
    assert runner.waiting() == []
