"""The Python API: every kind of value in, every kind of outcome out."""

from __future__ import annotations

import enum
import json
import math
import os
import re
import subprocess
import sys
from collections import OrderedDict
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

import candor
import pytest
from product import CATALOG, clean_environment

pytest_plugins = ["product_fixtures"]  # home, open_client

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def client(open_client):
    return open_client()


def encoded(client, name="sample", *mapping, **fields):
    return json.loads(client.encode(name, *mapping, **fields))["properties"]


class Choice(enum.Enum):
    OK = "ok"


class Text(str):
    pass


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("field", "value", "sent"),
    [
        ("flag", True, True),
        ("flag", False, False),
        ("count", 0, 0),
        ("count", -10, -10),
        ("count", 2**53 - 1, 2**53 - 1),
        ("count", 5.0, 5),
        ("count", Level.HIGH, 3),
        ("ratio", 25.4, 25.4),
        ("ratio", 7, 7),
        ("text", "", ""),
        ("text", "h\u00e9llo \U0001f600", "h\u00e9llo \U0001f600"),
        ("text", "\x00\n\"\\", "\x00\n\"\\"),
        ("text", Text("sub"), "sub"),
        ("choice", "ok", "ok"),
        ("choice", Choice.OK, "ok"),
        ("list", [], []),
        ("list", [1, 2.0, 3], [1, 2, 3]),
        ("list", (4, 5), [4, 5]),
        ("map", {}, {}),
        ("map", {"b": True, "a": False}, {"a": False, "b": True}),
        ("map", OrderedDict(x=True), {"x": True}),
        ("inner", {"name": "n", "deep": ["a", "b"]}, {"name": "n", "deep": ["a", "b"]}),
        ("inner", {"deep": None, "name": "n"}, {"name": "n"}),
    ],
)
def test_values_arrive(client, field, value, sent):
    assert client.emit("sample", **{field: value}).result == "accepted"
    assert encoded(client, "sample", **{field: value})[field] == sent


RECURSIVE: list = []
RECURSIVE.append(RECURSIVE)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("flag", 1, "wrong_type"),
        ("count", True, "wrong_type"),
        ("count", "5", "wrong_type"),
        ("count", 1.5, "wrong_type"),
        ("count", -11, "out_of_range"),
        ("count", 2**53, "out_of_range"),
        ("count", 2**63, "out_of_range"),
        ("count", -(2**64), "out_of_range"),
        ("count", 10**400, "not_finite"),
        ("ratio", math.nan, "not_finite"),
        ("ratio", -math.inf, "not_finite"),
        ("text", "x" * 21, "too_long"),
        ("text", "\ud800", "invalid_utf8"),
        ("text", b"bytes", "wrong_type"),
        ("text", object(), "wrong_type"),
        ("text", Text, "wrong_type"),
        ("choice", "maybe", "not_in_enum"),
        ("list", [1] * 101, "too_many"),
        ("list", [True], "wrong_type"),
        ("list", {1}, "wrong_type"),
        ("list", RECURSIVE, "wrong_type"),
        ("map", {1: True}, "wrong_type"),
        ("map", {"a": 1}, "wrong_type"),
        ("map", {"\ud800": True}, "invalid_utf8"),
        ("inner", {}, "missing_field"),
        ("inner", {"name": "n", "more": 1}, "unknown_field"),
        ("other", 1, "unknown_field"),
    ],
)
def test_misuse_is_an_outcome(client, field, value, code):
    outcome = client.emit("sample", **{field: value})
    assert (outcome.result, outcome.code) == ("rejected", code)
    assert not outcome
    with pytest.raises(candor.RejectedError) as raised:
        client.encode("sample", **{field: value})
    assert (raised.value.code, raised.value.field) == (code, outcome.field)


def test_none_is_absent(client):
    assert "count" not in encoded(client, count=None)


def test_outcomes_say_what_happened(client):
    accepted = client.emit("ping")
    assert accepted and accepted.result == "accepted"
    assert (accepted.code, accepted.reason, accepted.field) == (None, None, None)
    assert client.emit("ping") is accepted
    assert repr(accepted) == "<candor.Outcome accepted>"
    rejected = client.emit("sample", text="secret" * 9)
    assert repr(rejected) == "<candor.Outcome rejected too_long text>"
    with pytest.raises(AttributeError):
        rejected.code = "other"


def test_fields_may_come_as_a_dict_keywords_or_both(client):
    both = encoded(client, "sample", {"count": 1}, flag=True)
    assert (both["count"], both["flag"]) == (1, True)
    assert client.emit("sample", None, count=1)
    twice = client.emit("sample", {"count": 1}, count=1)
    assert (twice.code, twice.field) == ("duplicate_field", "count")


def test_fields_may_have_the_names_of_parameters(client):
    sent = encoded(client, "sample", event=True, self=False)
    assert (sent["event"], sent["self"]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "unknown_event"),
        ((None,), "unknown_event"),
        ((b"ping",), "unknown_event"),
        (("nothing",), "unknown_event"),
        (("\ud800",), "unknown_event"),
        (("ping", 5), "unknown_field"),
        (("ping", [("count", 1)]), "unknown_field"),
        (("ping", {1: 2}), "unknown_field"),
        (("ping", {}, {}, "more"), "unknown_field"),
    ],
)
def test_a_wrong_call_is_an_outcome_too(client, arguments, code):
    outcome = client.emit(*arguments)
    assert (outcome.result, outcome.code) == ("rejected", code)


def test_more_fields_than_any_event_has(client):
    outcome = client.emit("sample", {f"field{i}": i for i in range(1000)})
    assert (outcome.code, outcome.field) == ("unknown_field", "field0")


def test_no_element_is_lost_silently(open_client):
    """Absent members take no room in the event, but some in the call."""
    fields = {f"f{i}": {"type": "integer", "optional": True} for i in range(64)}
    catalog = json.loads(CATALOG)
    catalog["events"]["rows"] = {
        "description": "Rows.", "owner": "@acme", "purpose": "usage",
        "fields": {"rows": {"type": "array", "max_items": 10000, "items": {"type": "object", "fields": fields}}},
    }  # fmt: skip
    client = open_client(catalog_text=json.dumps(catalog))
    row = {f"f{i}": None for i in range(63)} | {"f63": 1}
    assert client.encode("rows", rows=[row] * 8000).count(b'"f63":1') == 8000
    outcome = client.emit("rows", rows=[row] * 10000)
    assert (outcome.result, outcome.code) == ("rejected", "wrong_type")


def test_containers_without_bound(client):
    million = [1] * 1_000_000
    assert client.emit("sample", list=million).code == "too_many"
    wide = million[:1000]
    for _ in range(5):
        wide = [wide] * 1000
    assert client.emit("sample", list=wide).result == "rejected"
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert client.emit("sample", list=deep).code == "wrong_type"
    while deep:  # or the interpreter's own recursion ends at its destruction
        deep = deep[0]


def test_an_emit_about_another_project(client, open_client, tmp_path):
    live = open_client(project_dir=tmp_path)
    other = live.project_id(tmp_path / "other")
    assert other == live.project_id(str(tmp_path / "./other/")) == live.project_id(os.fsencode(tmp_path) + b"/other")
    assert re.fullmatch("[0-9a-f]{64}", other)
    assert live.emit("ping", project_dir=tmp_path / "other")
    assert live.emit("ping", project_id=other, project_dir=None)
    for option, value, code in [("project_dir", 5, "wrong_type"), ("project_dir", "a\0b", "wrong_type"),
                                ("project_id", 5, "wrong_type"), ("project_id", "x", "bad_pattern")]:  # fmt: skip
        outcome = live.emit("ping", **{option: value})
        assert (outcome.code, outcome.field) == (code, option)
    with pytest.raises(TypeError):
        live.project_id(5)
    live.disable()
    assert live.project_id(tmp_path) == ""


def test_timestamp_distinct_id_and_uuid(client):
    when = datetime(2026, 1, 2, 5, 4, 5, 678_999, tzinfo=timezone(timedelta(hours=2)))
    event = json.loads(client.encode("ping", timestamp=when, uuid=UUID, distinct_id="me"))
    assert event["timestamp"] == "2026-01-02T03:04:05.678Z"
    assert event["uuid"] == UUID
    assert json.loads(client.encode("ping", timestamp=0))["timestamp"] == "1970-01-01T00:00:00.000Z"


class BrokenZone(tzinfo):
    def utcoffset(self, when):
        raise RuntimeError("somebody's time zone")


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("timestamp", datetime(2026, 1, 2), "wrong_type"),
        ("timestamp", datetime(2026, 1, 2, tzinfo=BrokenZone()), "wrong_type"),
        ("timestamp", True, "wrong_type"),
        ("timestamp", 1.5, "wrong_type"),
        ("timestamp", "2026-01-02", "wrong_type"),
        ("timestamp", -1, "out_of_range"),
        ("timestamp", 2**70, "out_of_range"),
        ("timestamp", datetime(1, 1, 1, tzinfo=timezone.utc), "out_of_range"),
        ("uuid", 5, "wrong_type"),
        ("uuid", "no uuid", "bad_pattern"),
        ("distinct_id", 5, "wrong_type"),
        ("distinct_id", "x" * 201, "too_long"),
    ],
)
def test_wrong_options_of_emit(client, option, value, code):
    outcome = client.emit("ping", **{option: value})
    assert (outcome.result, outcome.code, outcome.field) == ("rejected", code, option)


def test_strict_raises(open_client):
    strict = open_client(strict=True)
    assert strict.emit("ping")
    with pytest.raises(candor.RejectedError) as raised:
        strict.emit("sample", text="secret" * 9)
    assert str(raised.value) == "sample rejected: too_long (text)"
    assert isinstance(raised.value, ValueError)
    with pytest.raises(ValueError, match="error"):
        open_client(strict=True, catalog_text="{")


def test_a_broken_catalog_disables(open_client, home):
    for options in ({"catalog_text": "{"}, {"catalog_text": None, "catalog": home / "none.jsonc"}):
        client = open_client(**options)
        assert client.emit("ping").result == "disabled"
        assert client.status().problem
        assert not client.status().enabled
        with pytest.raises(RuntimeError):
            client.encode("ping")
    assert os.listdir(home) == []


def test_catalog_may_be_any_path(open_client, tmp_path):
    path = tmp_path / "acm\u00e9.telemetry.jsonc"
    path.write_text(CATALOG)
    for form in (path, str(path), os.fsencode(path)):
        assert open_client(catalog=form, catalog_text=None).emit("ping")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"flush_at": -1}, TypeError),
        ({"flush_at": "5"}, TypeError),
        ({"log": 5}, ValueError),
        ({"sources": {"host.region": b"x"}}, TypeError),
        ({"flush_att": 1}, TypeError),
    ],
)
def test_wrong_options_of_open(open_client, options, error):
    with pytest.raises(error):
        open_client(**options)


@pytest.mark.parametrize(
    ("option", "choices"),
    [("delivery", "auto, background, detached, manual"), ("compression", "gzip, none, zstd")],
)
def test_a_wrong_choice_is_told_the_choices(open_client, option, choices):
    with pytest.raises(ValueError) as raised:
        open_client(**{option: "pigeon"})
    assert str(raised.value) == f"candor.open: '{option}' must be one of {choices}"


def test_sources(open_client):
    given = open_client(sources={"host.region": "eu", "product.version": "9"})
    assert encoded(given, "ping") == {"version": "9", "region": "eu"}
    absent = open_client(sources={"host.region": None})
    assert encoded(absent, "ping") == {"version": "1.2.3"}


def test_runtime_version_is_pythons(open_client):
    catalog = CATALOG.replace("host.region", "runtime.version")
    assert encoded(open_client(catalog_text=catalog), "ping")["region"] == sys.version.split()[0]


def test_log_hears_of_misuse_once(open_client):
    lines = []
    client = open_client(log=lines.append)
    for _ in range(3):
        client.emit("sample", text="secret" * 9)
    assert len(lines) == 1
    assert "too_long" in lines[0] and "secret" not in lines[0]


def test_secrets_that_are_refused_are_not_repeated(open_client):
    lines = []
    open_client(secrets=["tiny-1", "long enough"], log=lines.append)
    assert lines == ["candor: secret 1 of 2 is not taken out of diagnostic text: it has fewer than 8 bytes"]
    with pytest.raises(TypeError, match="'secrets' has a wrong type"):
        open_client(secrets="one text is no list of them")
    with pytest.raises(TypeError, match="'secrets' has a wrong type"):
        open_client(secrets=["long enough", 5])


def test_a_log_that_raises_is_no_trouble(open_client):
    def log(line):
        raise RuntimeError(line)

    assert open_client(log=log).emit("nothing").code == "unknown_event"


def test_ctrl_c_inside_log_is_not_lost(open_client):
    def log(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_client(log=log).emit("nothing")
        for _ in range(10):  # where the interpreter looks for signals
            pass


def test_status_stats_and_first_run(open_client, home):
    first = open_client()
    assert first.first_run and not open_client().first_run
    status = first.status()
    assert status.enabled and status.rule == "file_enabled" and status.explanation
    assert status.identity_file == str(home / ".acme" / "telemetry.json")
    assert json.loads(Path(status.identity_file).read_text())["installId"] == status.install_id
    first.emit("ping")
    first.emit("sample", count="x")
    stats = first.stats()
    assert stats["events"]["ping"]["captured"] == 1
    assert stats["events"]["sample"]["dropped"] == {"wrong_type": 1}
    assert stats["total"]["pending"] == 1


def test_opted_out(open_client, monkeypatch, home):
    monkeypatch.setenv("ACME_TELEMETRY_DISABLED", "1")
    client = open_client()
    disabled = client.emit("ping")
    assert disabled.result == "disabled" and not disabled
    assert client.emit("no such event") is disabled
    assert client.status().rule == "env_disabled"
    assert encoded(client, "ping")["version"] == "1.2.3"
    assert os.listdir(home) == []


def test_the_user_chooses_through_the_client(open_client):
    client = open_client()
    client.emit("ping")
    off = client.disable()
    assert (off.enabled, off.rule, off.problem) == (False, "file_disabled", "")
    assert client.emit("ping").result == "disabled"
    assert client.stats()["total"]["dropped"] == {"opted_out": 1}
    assert client.enable().enabled and client.emit("ping")


def test_context_manager_closes(open_client):
    with open_client() as client:
        assert client.emit("ping")
    assert client.emit("ping").result == "disabled"
    client.close()
    assert not client.flush(timeout=0)
    assert client.stats()["total"]["captured"] == 1 and client.status().enabled


def test_a_client_is_made_by_open_alone():
    with pytest.raises(TypeError):
        candor.Client()
    with pytest.raises(TypeError):
        candor.Client.__new__(candor.Client).emit("ping")
    with pytest.raises(TypeError):
        type("Mine", (candor.Client,), {})


def test_emit_keeps_no_references(client):
    text, items = "t" * 7 + str(id(client)), ["a" * 5 + str(id(client))]
    fields = {"text": text, "list": items}
    before = [sys.getrefcount(x) for x in (text, items, items[0], fields)]
    for _ in range(100):
        client.emit("sample", fields)
        client.emit("sample", **fields)
        client.emit("sample", {"choice": Choice.OK, "inner": fields})
    assert [sys.getrefcount(x) for x in (text, items, items[0], fields)] == before


def test_import_loads_little(tmp_path):
    script = "import sys; before = set(sys.modules); import candor; print(*(set(sys.modules) - before))"
    paths = f"import sys; sys.path[:0] = {[p for p in sys.path if p]!r}; "
    # Without site, which loads much of the standard library by itself on some machines.
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", paths + script],
        env=clean_environment(tmp_path), capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    heavy = {"typing", "dataclasses", "json", "pathlib", "re", "enum", "datetime", "logging",
             "asyncio", "threading", "importlib.metadata"}  # fmt: skip
    assert "candor._core" in loaded
    assert heavy.isdisjoint(loaded)
