"""candor show and candor flush: what waits, and what becomes of it."""

import json
import os
import pathlib
import socket
import subprocess

from support.user import CANDOR

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_show_prints_the_exact_bytes_oldest_first(user):
    dry = [user.run("emit", "plan_completed", "outcome=ok", f"note={n}", "--timestamp", str(n), "--uuid",
                    f"01890a5d-ac96-774b-bcce-b302099a805{n}", "--dry-run").stdout for n in range(3)]  # fmt: skip
    for n in range(3):
        user.run("emit", "plan_completed", "outcome=ok", f"note={n}", "--timestamp", str(n), "--uuid",
                 f"01890a5d-ac96-774b-bcce-b302099a805{n}")  # fmt: skip
    sender = json.dumps({"distinct_id": user.identity()["installId"]})[:-1].replace(": ", ":")
    shown = "".join(f"{sender},{line[1:]}\n" for line in "".join(dry).splitlines())
    assert user.run("show").stdout == shown
    assert user.run("show").stdout == shown
    assert user.run("show", "--count").stdout == "3\n"


def test_show_can_be_made_to_read_well(user):
    user.run("emit", "plan_completed", "outcome=ok", 'stages:=["a"]')
    text = user.run("show", "--pretty").stdout
    assert json.loads(text) == user.waiting()[0]
    assert text.count("\n") > 8


def test_nothing_waits_at_first(user):
    assert user.run("show").stdout == ""
    assert user.run("show", "--count").stdout == "0\n"
    assert user.run("flush").stdout == "Nothing is waiting.\n"
    assert user.files() == []


def test_flush_says_that_telemetry_is_off(user):
    user.run("emit", "ping")
    done = user.run("flush", DO_NOT_TRACK="1")
    assert "DO_NOT_TRACK" in done.stdout
    assert user.run("show", "--count").stdout == "1\n"


def test_flush_to_a_server_that_is_down_keeps_the_events(user):
    user.run("emit", "ping")
    before = user.run("show").stdout
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        done = user.run("flush", "--timeout-ms", "2000", code=1, ACME_TELEMETRY_ENDPOINT=endpoint)
    assert done.stdout == "0 events delivered, 1 waiting.\n"
    assert done.stderr.startswith("candor: ")
    assert user.run("show").stdout == before


def test_flush_is_bounded_when_the_server_never_answers(user):
    user.run("emit", "ping")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = user.run("flush", "--timeout-ms", "500", code=1, ACME_TELEMETRY_ENDPOINT=endpoint)
    assert "1 waiting" in done.stdout
    assert len(user.waiting()) == 1


def test_flush_delivers_what_waits_once(user, collector):
    for n in range(3):
        user.run("emit", "plan_completed", "outcome=ok", f"joinCount:={n}")
    waiting = user.waiting()
    done = user.run("flush", ACME_TELEMETRY_ENDPOINT=collector.url)
    assert done.stdout == "3 events delivered, 0 waiting.\n"
    assert done.stderr == ""
    assert [event.uuid for event in collector.events] == [event["uuid"] for event in waiting]
    assert {event.distinct_id for event in collector.events} == {user.identity()["installId"]}
    assert user.run("flush", ACME_TELEMETRY_ENDPOINT=collector.url).stdout == "Nothing is waiting.\n"
    assert user.status()["ledger"]["total"] | {"pending": 0, "delivered": 3} == user.status()["ledger"]["total"]


def test_a_distinct_id_and_a_project_reach_the_server(user, collector):
    user.run("emit", "ping", "--distinct-id", "somebody", "--project-dir", user.home)
    user.run("flush", ACME_TELEMETRY_ENDPOINT=collector.url)
    (event,) = collector.events
    assert event.distinct_id == "somebody"
    assert str(user.home) not in json.dumps(event.properties)
    assert len(event.properties["$groups"]["project"]) == 64


def test_each_event_may_be_about_a_project_of_its_own(user, collector):
    user.run("emit", "ping", "--project-dir", "/one")
    user.run("flush", ACME_TELEMETRY_ENDPOINT=collector.url)
    one = collector.events[0].properties["$groups"]["project"]
    lines = [{"event": "ping", "project_dir": "/one"}, {"event": "ping", "project_dir": "/two"},
             {"event": "ping", "project_id": one}, {"event": "ping"}]  # fmt: skip
    user.run("emit", "-", "--project-dir", "/three", input="\n".join(map(json.dumps, lines)))
    user.run("emit", "ping", "--project-id", one)
    user.run("flush", ACME_TELEMETRY_ENDPOINT=collector.url)
    projects = [event.properties["$groups"]["project"] for event in collector.events[1:]]
    assert [project == one for project in projects] == [True, False, True, False, True]
    assert projects[1] != projects[3]
    refused = user.run("emit", "ping", "--project-id", "two", code=2)
    assert "--project-id" in refused.stderr


def test_a_single_event_arrives_without_a_second_run(user, collector):
    user.run("emit", "ping", ACME_TELEMETRY_ENDPOINT=collector.url)
    user.run("emit", "ping", "--delivery", "auto", ACME_TELEMETRY_ENDPOINT=collector.url)
    assert collector.wait_for(events=2)


def test_progress_is_for_terminals(user):
    user.run("emit", "ping")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ours, theirs = os.openpty()
        environment = user.environment_with({"ACME_TELEMETRY_ENDPOINT": endpoint})
        subprocess.run([CANDOR, "flush", "--timeout-ms", "1500"], env=environment, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        assert b"1 event waiting" in os.read(ours, 65536)
        os.close(ours)
        done = user.run("flush", "--timeout-ms", "600", code=1, ACME_TELEMETRY_ENDPOINT=endpoint)
        assert "\r" not in done.stderr


def test_a_wrong_key_pauses_and_status_says_so(user, collector):
    collector.rules.key = "phc_another"
    user.run("emit", "ping")
    done = user.run("flush", code=1, ACME_TELEMETRY_ENDPOINT=collector.url)
    assert "1 waiting" in done.stdout
    delivery = user.status()["delivery"]
    assert delivery["paused"] is True
    assert delivery["problem"] != ""
    assert delivery["problem"] in user.run("status").stdout
    assert delivery["problem"] in done.stderr


def test_what_the_server_refuses_can_be_shown(user, collector):
    collector.rules.poison = "plan_completed"
    user.run("emit", "ping")
    poison = user.run("emit", "plan_completed", "outcome=ok", "--dry-run", "--timestamp", "0", "--uuid", UUID).stdout
    user.run("emit", "plan_completed", "outcome=ok", "--timestamp", "0", "--uuid", UUID)
    user.run("emit", "ping")
    assert user.run("show", "--refused").stdout == ""
    done = user.run("flush", code=1, ACME_TELEMETRY_ENDPOINT=collector.url)
    assert done.stdout == "2 events delivered, 1 refused, 0 waiting.\n"
    assert "refused 1 event" in done.stderr and "candor show --refused" in done.stderr
    assert len(collector.events) == 2
    assert user.run("show", "--refused").stdout == poison
    assert user.run("show", "--refused", "--count").stdout == "1\n"
    assert user.status()["ledger"]["total"]["dropped"] == {"refused": 1}
    user.run("disable")
    assert user.run("show", "--refused").stdout == ""


def test_show_prints_deeply_nested_json_as_it_is(user):
    """What stands in a file of the spool may be crafted; the JSON library prints by recursion."""
    user.run("emit", "ping")
    spool = pathlib.Path(user.status()["spool_dir"])
    deep = '{"uuid":"x","properties":' + "[" * 120_000 + "]" * 120_000 + "}"
    flat = '{"uuid":"y","text":"\\"[[[[{{{{"}'
    (spool / "refused.jsonl").write_text(deep + "\n" + flat + "\n")
    lines = user.run("show", "--refused", "--pretty").stdout.splitlines()
    assert lines == [deep, "{", '  "uuid": "y",', '  "text": "\\"[[[[{{{{"', "}"]
