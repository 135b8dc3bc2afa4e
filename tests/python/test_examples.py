"""The example product and its demo: they run, and the verdict can tell right from wrong."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from product import clean_environment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
DAEMON = EXAMPLES / "daemon" / "ktx_daemon.py"


@pytest.fixture
def environment(tmp_path):
    # Nobody listens on that port: what is emitted stays in the spool, to be looked at.
    return clean_environment(tmp_path) | {"KTX_TELEMETRY_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project" / "models").mkdir(parents=True)
    return tmp_path / "project"


def waiting(environment):
    """The events in the spool, oldest first."""
    show = [os.environ["CANDOR_BIN"], "--catalog", ROOT / "schema/ktx.telemetry.jsonc", "show"]
    done = subprocess.run(show, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def names(environment):
    return [event["event"] for event in waiting(environment)]


def daemon(project, environment):
    process = subprocess.Popen(
        [sys.executable, DAEMON, "--project", project],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    return process


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM] * 3])
def test_a_daemon_stops_once(project, environment, signals):
    with daemon(project, environment) as process:
        while "daemon_started" not in names(environment):
            pass
        for one in signals:
            process.send_signal(one)
    assert names(environment) == ["install_first_run", "daemon_started", "daemon_stopped"]
    assert waiting(environment)[-1]["properties"]["reason"] == "signal"


def test_a_crash_is_told(project, environment):
    with daemon(project, environment) as process:
        while "daemon_started" not in names(environment):
            pass
        (project / "models").rmdir()
    assert process.returncode == 1
    assert waiting(environment)[-1]["properties"]["reason"] == "crash"


def test_opted_out_the_example_works_the_same(project, environment, tmp_path):
    ktx = Path(os.environ["CANDOR_BUILD"]) / "examples" / "ktx"
    done = subprocess.run(
        [ktx, "--project", project, "setup"], env=environment | {"DO_NOT_TRACK": "1"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "project ready\n", "")
    assert not (tmp_path / ".ktx").exists()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of the demo: what it printed, and the folder it worked in."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    done = subprocess.run(
        [sys.executable, EXAMPLES / "demo.py", "--keep", folder],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, folder


def test_the_demo_passes(demo):
    printed, _ = demo
    verdict = printed.splitlines()[-1]
    assert verdict.startswith("PASS: ") and "18 kinds from 2 runtimes" in verdict
    assert "\x1b" not in printed


BREAK = {
    "an event lost": "DELETE FROM events WHERE uuid = (SELECT max(uuid) FROM events)",
    "a kind lost": "DELETE FROM events WHERE event = 'scan_completed'",
    "an event twice": "UPDATE events SET times = 2 WHERE event = 'install_first_run'",
    "another sender": "UPDATE events SET distinct_id = 'x' WHERE event = 'sql_completed'",
    "a wrong enum": "UPDATE events SET properties = replace(properties, '\"ok\"', '\"OK\"')",
    "a field too many": """UPDATE events SET properties = replace(properties, '"arch"', '"more":1,"arch"')""",
    "envelopes that differ": """UPDATE events SET properties = replace(properties, '"x64"', '"x86_64"')
                                WHERE properties LIKE '%daemon-py%'""",
    "a wrong reason": "UPDATE events SET properties = replace(properties, '\"crash\"', '\"request\"')",
}


@pytest.mark.parametrize("change", BREAK)
def test_the_verdict_sees(demo, change, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    import verdict

    _, folder = demo
    db = tmp_path / "events.sqlite"
    with sqlite3.connect(folder / "events.sqlite") as good, sqlite3.connect(db) as bad:
        good.backup(bad)
        (count,) = bad.execute("SELECT count(*) FROM events").fetchone()
        (install_id,) = bad.execute("SELECT DISTINCT distinct_id FROM events").fetchone()
    ledger = {"total": {"captured": count, "delivered": count, "pending": 0, "dropped": {}}}
    assert verdict.judge(db, ledger, install_id) == 0
    with sqlite3.connect(db) as bad:
        arch = bad.execute("SELECT properties FROM events").fetchone()[0].partition('"arch":"')[2]
        bad.execute(BREAK[change].replace("x64", arch.partition('"')[0]))
    assert verdict.judge(db, ledger, install_id) == 1
    assert "FAIL: " in capsys.readouterr().out
