"""The example product and its demo: they run, and the verdict can tell right from wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from product import clean_environment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
sys.path.append(str(EXAMPLES))
import verdict  # noqa: E402
from demo import end_uploader  # noqa: E402

NODE_CLI = EXAMPLES / "node-cli"
DAEMON = EXAMPLES / "daemon" / "ktx_daemon.py"
# The same command line in two languages.
KTX = {
    "node": ["node", NODE_CLI / "cli.mjs"],
    "native": [Path(os.environ["CANDOR_BUILD"]) / "examples" / "ktx"],
}
NOTICE = "ktx collects usage data"


@pytest.fixture
def environment(tmp_path):
    # Nobody listens on that port: what is emitted stays in the spool, to be looked at.
    yield clean_environment(tmp_path) | {"KTX_TELEMETRY_ENDPOINT": "http://127.0.0.1:9"}
    end_uploader(tmp_path)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project" / "models").mkdir(parents=True)
    return tmp_path / "project"


@pytest.fixture(params=KTX)
def ktx(request, tmp_path, project, environment):
    """Runs a command of ktx on the project, in each of the two languages."""
    return CommandLine(KTX[request.param], tmp_path, project, environment)


@pytest.fixture
def node_ktx(tmp_path, project, environment):
    return CommandLine(KTX["node"], tmp_path, project, environment)


class CommandLine:
    def __init__(self, program, home, project, environment):
        self.program = program
        self.files = home / ".ktx"
        self.project = project
        self.environment = environment

    def command(self, arguments):
        return [*self.program, "--project", self.project, *arguments]

    def run(self, *arguments, **variables):
        return subprocess.run(
            self.command(arguments), env=self.environment | variables, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip

    def start(self, *arguments):
        return subprocess.Popen(
            self.command(arguments), env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def connect(self, name="shop"):
        """Adds a connection that works."""
        (self.project / "rows.csv").write_text("id\n1\n")
        file = self.project / "rows.csv"
        assert self.run("connection", "add", name, "--driver", "csv", "--file", file).stdout == "added\n"

    def command_events(self):
        """What the `command` events say, oldest first; without the envelope and the time it took."""
        told = []
        for event in waiting(self.environment):
            if event["event"] == "command":
                fields = event["properties"]
                names = list(fields)[list(fields).index("isCi") + 1 :]
                told.append({name: fields[name] for name in names if name != "durationMs"})
        return told


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


def test_a_command_that_works(ktx):
    done = ktx.run("setup")
    assert (done.returncode, done.stdout) == (0, "project ready\n")
    assert names(ktx.environment) == [
        "install_first_run", "setup_step", "setup_step", "project_stack_snapshot", "command"
    ]  # fmt: skip
    assert ktx.command_events() == [
        {"commandPath": ["setup"], "outcome": "ok", "flagsPresent": {"project": True},
         "hasProject": False, "projectGroupAttached": False}
    ]  # fmt: skip


def test_a_command_that_fails(ktx):
    ktx.connect()
    done = ktx.run("scan", "other")
    told = "there is no connection of that name"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"ktx: {told}\n")
    assert ktx.command_events()[1:] == [
        {"commandPath": ["scan"], "outcome": "error", "errorClass": "UnknownConnection",
         "errorDetail": told, "flagsPresent": {"project": True},
         "hasProject": True, "projectGroupAttached": True}
    ]  # fmt: skip


def test_a_failure_nobody_foresaw(ktx):
    ktx.connect()
    with ktx.start("ingest", "shop", "--watch") as process:
        assert "watching\n" in iter(process.stdout.readline, "")
        (ktx.project / "models").rmdir()
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and said.startswith("ktx: ")
    told = ktx.command_events()[-1]
    assert (told["outcome"], told["errorClass"]) == ("error", "InternalError")
    assert "errorDetail" not in told


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 3])
def test_a_command_that_is_stopped(ktx, signals):
    ktx.connect()
    with ktx.start("ingest", "shop", "--watch") as process:
        assert "watching\n" in iter(process.stdout.readline, "")
        for one in signals:
            process.send_signal(one)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 128 + signals[0]
    assert ktx.command_events()[1:] == [
        {"commandPath": ["ingest"], "outcome": "aborted",
         "flagsPresent": {"project": True, "watch": True},
         "hasProject": True, "projectGroupAttached": True}
    ]  # fmt: skip


def test_flags_are_told_without_their_values(ktx):
    ktx.run("setup")
    ktx.run("connection", "add", "nightly", "--driver=csv", "--file", "/srv/payroll.csv", "--demo")
    told = ktx.command_events()[-1]
    assert told["commandPath"] == ["connection", "add"]
    assert told["flagsPresent"] == {"demo": True, "driver": True, "file": True, "project": True}
    (ktx.project / "history.txt").touch()
    ktx.run("history", "filter", ktx.project / "history.txt")
    assert ktx.command_events()[-1]["flagsPresent"] == {"project": True}, "a default is not given"
    everything = json.dumps(waiting(ktx.environment))
    assert "payroll" not in everything and "nightly" not in everything


def test_standard_output_is_the_protocols(ktx):
    (ktx.project / "ktx.project").touch()
    answer = '{"jsonrpc":"2.0","id":1,"result":{}}\n'
    first = ktx.run("mcp", "call", "list_connections")
    assert first.stdout == answer
    assert first.stderr.startswith(NOTICE) and first.stderr.count("\n") == 1
    second = ktx.run("mcp", "call", "list_connections")
    assert (second.stdout, second.stderr) == (answer, "")
    printed = ktx.run("mcp", "call", "list_connections", KTX_TELEMETRY_DEBUG="1")
    assert printed.stdout == answer
    assert '"event":"mcp_request_completed"' in printed.stderr


def test_a_length_counts_characters(ktx):
    (ktx.project / "wiki").mkdir()
    assert ktx.run("wiki", "query", "Größe😀").stdout == "0 pages\n"
    told = [e["properties"] for e in waiting(ktx.environment) if e["event"] == "wiki_query_completed"]
    assert told[0]["queryLength"] == 6


WRONG = [[], ["sl"], ["dance"], ["sl", "dance"], ["scan"], ["scan", "a", "b"], ["scan", "a", "--fast"],
         ["connection", "add", "a", "--driver", "csv"]]  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG, ids=lambda words: " ".join(words) or "nothing")
def test_wrong_usage_opens_no_telemetry(ktx, arguments):
    done = ktx.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr != ""
    assert not ktx.files.exists()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["sl", "--help"]], ids=" ".join)
def test_asking_for_help_opens_no_telemetry(ktx, arguments):
    done = ktx.run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout != ""
    assert not ktx.files.exists()


@pytest.mark.parametrize("variable", ["DO_NOT_TRACK", "KTX_TELEMETRY_DISABLED", "CI"])
def test_opted_out_the_example_works_the_same(ktx, variable):
    done = ktx.run("setup", **{variable: "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "project ready\n", "")
    assert not ktx.files.exists()


def test_a_user_opts_out_and_in_again(node_ktx):
    node_ktx.connect()
    assert len(node_ktx.command_events()) == 1
    off = node_ktx.run("telemetry", "disable")
    assert off.returncode == 0 and off.stdout.startswith("Telemetry is off: ")
    assert waiting(node_ktx.environment) == []
    assert node_ktx.run("setup").returncode == 0
    assert node_ktx.run("telemetry", "status").stdout.startswith("Telemetry is off: ")
    assert waiting(node_ktx.environment) == []
    on = node_ktx.run("telemetry", "enable")
    assert on.returncode == 0 and on.stdout.startswith("Telemetry is on: ")
    node_ktx.run("setup")
    assert node_ktx.command_events()[-1]["commandPath"] == ["setup"]


def test_a_choice_that_a_rule_overrules_says_so(node_ktx):
    done = node_ktx.run("telemetry", "enable", DO_NOT_TRACK="1")
    assert done.returncode == 0 and done.stdout.startswith("Noted, but: Telemetry is off")


def test_status_of_telemetry_that_is_off_writes_nothing(node_ktx):
    done = node_ktx.run("telemetry", "status", DO_NOT_TRACK="1")
    assert done.returncode == 0 and "do_not_track" in done.stdout
    assert not node_ktx.files.exists()


# Ways to leave an action that ktx has none of, but other command lines do.
ENDS = {
    "process.exit(0)": (0, "ok"),
    "process.exit(3)": (3, "error"),
    "process.exitCode = 3": (3, "error"),
    "process.exitCode = '4'": (4, "error"),
    "process.exitCode = 0": (0, "ok"),
    "process.kill(process.pid, 'SIGTERM'); return new Promise(() => setInterval(() => {}, 1000))": (143, "aborted"),
    "process.kill(process.pid, 'SIGINT'); return new Promise(() => setInterval(() => {}, 1000))": (130, "aborted"),
    "setImmediate(() => { throw new Error('secret') }); return new Promise(() => {})": (1, "error"),
    "Promise.reject(new Error('secret')); return new Promise(() => {})": (1, "error"),
    "return new Promise(() => {})": (13, "error"),
    "throw undefined": (1, "error"),
    "span.ok(); span.error(new Error('secret'))": (0, "ok"),
}


@pytest.mark.parametrize("action", ENDS)
def test_a_span_ends_once_however_its_action_ends(node_ktx, action):
    script = """
        import { Command } from 'commander'
        import { Project } from './project.mjs'
        import { CommandSpan } from './span.mjs'
        import { openTelemetry } from './telemetry.mjs'
        const telemetry = openTelemetry(new Project('nowhere'))
        let span
        const program = new Command('ktx').hook('preAction', (_, command) => {
          span = new CommandSpan(telemetry, command, { hasProject: false, projectGroupAttached: false })
        })
        program.command('act').alias('do').option('--no-colour').action(() => { %s })
        try {
          await program.parseAsync(['do', '--no-colour'], { from: 'user' })
          span.ok()
        } catch (error) {
          span.error(error)
          process.exitCode = 1
        }
    """
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script % action], cwd=NODE_CLI,
        env=node_ktx.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    code, outcome = ENDS[action]
    assert done.returncode == code, done.stderr
    (told,) = node_ktx.command_events()
    assert told["outcome"] == outcome
    assert told["commandPath"] == ["act"] and told["flagsPresent"] == {"no-colour": True}
    assert "secret" not in json.dumps(told)


@pytest.mark.parametrize("missing", ["Cannot find package", "candor has no native part"])
def test_without_its_packages_the_demo_says_what_is_missing(tmp_path, environment, missing):
    examples = tmp_path / "examples"
    shutil.copytree(EXAMPLES, examples, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    if "native" in missing:
        packages = examples / "node-cli" / "node_modules"
        shutil.copytree(NODE_CLI / "node_modules" / "commander", packages / "commander")
        shutil.copytree(NODE_CLI / "node_modules" / "candor", packages / "candor",
                        ignore=shutil.ignore_patterns("native", "node_modules"))  # fmt: skip
    done = subprocess.run([sys.executable, examples / "demo.py"], env=environment,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("demo: the command line in Node can't emit: ")
    assert missing in done.stderr and "Traceback" not in done.stderr


def test_without_node_the_demo_says_so(tmp_path, environment):
    demo = [sys.executable, EXAMPLES / "demo.py"]
    nowhere = environment | {"PATH": str(tmp_path)}
    done = subprocess.run(demo, env=nowhere, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("demo: no node can be run") and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of the demo: what it printed, and the folder it worked in."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    done = subprocess.run(
        [sys.executable, EXAMPLES / "demo.py", "--keep", folder],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, folder


def test_the_demo_passes(demo):
    printed, _ = demo
    verdict = printed.splitlines()[-1]
    assert verdict.startswith("PASS: ") and "18 kinds from 3 runtimes" in verdict
    assert "\x1b" not in printed
    assert max(len(line) for line in printed.splitlines()) <= 100


def test_the_notice_was_shown_once(demo):
    printed, _ = demo
    assert printed.count(NOTICE) == 1


BREAK = {
    "an event lost": "DELETE FROM events WHERE uuid = (SELECT max(uuid) FROM events)",
    "a kind lost": "DELETE FROM events WHERE event = 'scan_completed'",
    "an event twice": "UPDATE events SET times = 2 WHERE event = 'install_first_run'",
    "another sender": "UPDATE events SET distinct_id = 'x' WHERE event = 'sql_completed'",
    "a wrong enum": "UPDATE events SET properties = replace(properties, '\"ok\"', '\"OK\"')",
    "a field too many": """UPDATE events SET properties = replace(properties, '"arch"', '"more":1,"arch"')""",
    "a wrong reason": "UPDATE events SET properties = replace(properties, '\"crash\"', '\"request\"')",
    "a runtime silent": """UPDATE events SET properties = replace(properties, '"native"', '"node"')""",
    "a command line that leaves a field out":
        """UPDATE events SET properties = replace(properties, '"errorDetail":', '"$errorDetail":')
           WHERE event = 'command' AND properties LIKE '%"native"%'""",
    "a command line that counts differently":
        """UPDATE events SET properties = replace(properties, '"queryLength":5', '"queryLength":7')
           WHERE properties LIKE '%"native"%'""",
    "a command line that says more often":
        """UPDATE events SET event = 'connection_added' WHERE uuid =
           (SELECT max(uuid) FROM events WHERE event = 'connection_test' AND properties LIKE '%"node"%')""",
    "another project": """UPDATE events SET properties = replace(properties, '"$groups":{"project":"', '"$groups":{"project":"0')
                          WHERE properties LIKE '%daemon-py%'""",
    "no project": """UPDATE events SET properties = replace(properties, '"$groups"', '"$other"')
                     WHERE properties LIKE '%daemon-py%'""",
}  # fmt: skip
# An envelope that differs in one runtime, whichever it is.
for runtime in ("node", "native", "daemon-py"):
    BREAK[f"an arch of its own in {runtime}"] = (
        """UPDATE events SET properties = replace(properties, '"x64"', '"x86_64"')
           WHERE properties LIKE '%"runtime":"""
         f"\"{runtime}\"%'"
    )
BREAK["an arch that changes"] = (
    """UPDATE events SET properties = replace(properties, '"x64"', '"x86_64"')
       WHERE event = 'install_first_run'"""
)


@pytest.mark.parametrize("change", BREAK)
def test_the_verdict_sees(demo, change, tmp_path, capsys):
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
