"""candor show and candor flush: what waits, and what becomes of it."""

import json
import socket


def test_show_prints_the_exact_bytes_oldest_first(user):
    dry = [user.run("emit", "plan_completed", "outcome=ok", f"note={n}", "--timestamp", str(n), "--uuid",
                    f"01890a5d-ac96-774b-bcce-b302099a805{n}", "--dry-run").stdout for n in range(3)]  # fmt: skip
    for n in range(3):
        user.run("emit", "plan_completed", "outcome=ok", f"note={n}", "--timestamp", str(n), "--uuid",
                 f"01890a5d-ac96-774b-bcce-b302099a805{n}")  # fmt: skip
    assert user.run("show").stdout == "".join(dry)
    assert user.run("show").stdout == "".join(dry)
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
