"""Runs the example product against a collector on this machine and judges what arrived.

The command lines in Node and in C++ and the daemon in Python share one home, one identity, one
project and one catalog. Nothing leaves the machine. verdict.py says what must be true of it;
exits 1 when it is not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import verdict
from verdict import COMMAND_LINES, fits, heading, paint

import candor

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build" / "dev"))
CATALOG = ROOT / "schema" / "ktx.telemetry.jsonc"
KTX = {
    "node": ["node", str(ROOT / "examples" / "node-cli" / "cli.mjs")],
    "native": [str(BUILD / "examples" / "ktx")],
}
# How the notice begins that a first run shows on standard error.
NOTICE = "ktx collects usage data"
# Longer than any step takes; reached only when something hangs.
STEP_SECONDS = 30


class Trouble(Exception):
    """Why the demo can't go on."""


def row(did: str, code: object, said: str) -> None:
    line = f"  {fits(did, 48):48} {code!s:>4}  {paint(fits(said, 43), '2') if said else ''}"
    print(line.rstrip(), flush=True)


def node_version(home: Path) -> str:
    """Of the `node` that runs the command line, once that has everything it needs."""
    try:
        asked = ["node", "-p", "process.versions.node"]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Trouble("no node can be run; the command line in Node needs 20 or later") from error
    done = subprocess.run(
        [*KTX["node"], "telemetry", "status"],
        env=os.environ | {"HOME": str(home), "KTX_TELEMETRY_DISABLED": "1"},
        capture_output=True,
        text=True,
    )
    trouble = re.search(r"^(\w*Error.*|  problem .*)", done.stderr + done.stdout, re.MULTILINE)
    if done.returncode != 0 or trouble:
        why = trouble.group().removeprefix("  problem").strip() if trouble else done.stderr.strip()
        raise Trouble(
            f"the command line in Node can't emit: {why}\n"
            "  Its packages belong into examples/node-cli/node_modules; `./dev demo` puts them there."
        )
    return version


@contextlib.contextmanager
def collector(db: Path) -> Iterator[str]:
    """A PostHog-speaking server on loopback; yields its address."""
    command = [sys.executable, "-m", "collector", "--port", "0", "--db", str(db)]
    path = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def environment(home: Path, endpoint: str, node: str) -> dict[str, str]:
    """A user's environment, without this one's opt-outs (this may be a CI system)."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "KTX_TELEMETRY_ENDPOINT": endpoint,
        "KTX_NODE_VERSION": node,
        "no_proxy": "127.0.0.1",
    }


def write_project(project: Path) -> None:
    """What a user would have written."""
    (project / "models").mkdir(parents=True)
    (project / "wiki").mkdir()
    (project / "models" / "orders.sl").write_text(
        "table orders\ncolumn id\ncolumn customers_id\nmeasure revenue\ndimension day\n"
    )
    (project / "models" / "customers.sl").write_text(
        "table customers\ncolumn id\ndimension country\njoin orders customers\n"
    )
    (project / "wiki" / "revenue.md").write_text("# Revenue\nWhat Größe means here.\n")
    (project / "orders.csv").write_text("id,customers_id\n1,7\n2,7\n")
    (project / "history.txt").write_text("ana select 1\nservice_etl select 2\nbo\n")


# Every command, with failures and flags among them, and the code it exits with. A command line
# calls the connection that it added itself `mine`, and the other's `theirs`.
COMMANDS = [
    (["setup"], 0),
    (["connection", "add", "mine", "--driver", "csv", "--file", "orders.csv", "--demo"], 0),
    (["connection", "add", "gone", "--driver", "csv", "--file", "gone.csv"], 0),
    (["connection", "test", "theirs"], 0),
    (["connection", "test", "gone"], 1),
    (["setup"], 0),
    (["ingest", "theirs"], 0),
    (["ingest", "gone"], 1),
    (["scan", "mine"], 0),
    (["sl", "validate"], 0),
    (["sl", "query", "day revenue()"], 0),
    (["sl", "query", "--execute", "day revenue() cost()"], 1),
    (["sql", "theirs", "select * from orders join customers"], 0),
    (["sql", "mine", "drop table orders"], 1),
    (["wiki", "query", "Größe"], 0),
    (["mcp", "call", "list_connections", "--client-name", "demo", "--client-version", "1"], 0),
    (["mcp", "call", "rm_rf"], 1),
    (["history", "filter", "history.txt", "--dialect", "postgres"], 0),
]


def run_command(runtime: str, arguments: list[str], project: Path, env: dict[str, str]
                ) -> tuple[int, str, list[str]]:  # fmt: skip
    """Answers the exit code, what was said, and the notices among it."""
    mine, theirs = COMMAND_LINES if runtime == COMMAND_LINES[0] else COMMAND_LINES[::-1]
    command = [{"mine": mine, "theirs": theirs}.get(word, word) for word in arguments]
    done = subprocess.run(
        [*KTX[runtime], *command], cwd=project, env=env, capture_output=True, text=True,
        timeout=STEP_SECONDS,
    )  # fmt: skip
    said = (done.stderr + done.stdout).splitlines()
    notices = [line for line in said if line.startswith(NOTICE)]
    return done.returncode, "\n".join(line for line in said if line not in notices), notices


def run_command_lines(project: Path, env: dict[str, str]) -> None:
    """Each command by one, then by the other: they say the same and exit the same."""
    notices = []
    for arguments, expected in COMMANDS:
        answers = []
        for runtime in COMMAND_LINES:
            code, said, shown = run_command(runtime, arguments, project, env)
            answers.append((code, said))
            notices += shown
            for notice in shown:
                print(textwrap.indent(textwrap.fill(notice, 94), "  | "))
        if answers != [(expected, answers[0][1])] * len(COMMAND_LINES):
            raise Trouble(f"ktx {' '.join(arguments)}: {dict(zip(COMMAND_LINES, answers))}")
        row("ktx " + " ".join(arguments), *answers[0])
    if len(notices) != 1:
        raise Trouble(f"the notice was shown {len(notices)} times")
    codes = {interrupt(runtime, project, env) for runtime in COMMAND_LINES}
    if codes != {130}:
        raise Trouble(f"interrupted, the command lines exit {codes}")
    row("ktx ingest --watch", 130, "interrupted")


def interrupt(runtime: str, project: Path, env: dict[str, str]) -> int:
    """Presses Ctrl-C while the command watches; answers its exit code."""
    with subprocess.Popen(
        [*KTX[runtime], "ingest", "--watch", runtime], cwd=project, env=env,
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            if not any("watching" in line for line in process.stdout):
                raise Trouble(f"ktx ingest --watch ended by itself ({runtime})")
            process.send_signal(signal.SIGINT)
            return process.wait(STEP_SECONDS)
        finally:
            process.kill()


def post(url: str, body: dict[str, Any]) -> int:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    # No proxy: this is loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=STEP_SECONDS) as answer:
            status: int = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    row(f"POST {url.rsplit('/', 1)[1]} {json.dumps(body)}", status, "")
    return status


@contextlib.contextmanager
def daemon(project: Path, env: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    program = [sys.executable, str(ROOT / "examples" / "daemon" / "ktx_daemon.py")]
    with subprocess.Popen(
        program + ["--project", str(project)],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
            errors = process.communicate(timeout=STEP_SECONDS)[1].strip().splitlines()
            row("daemon ended", process.returncode, errors[-1] if errors else "")
        finally:
            process.kill()


def run_daemons(project: Path, env: dict[str, str]) -> None:
    """One that a signal stops, one that a request stops, and one that crashes."""
    with daemon(project, env) as (url, process):
        post(url + "/plan", {"query": "revenue by country"})
        post(url + "/plan", {"query": "cost by country"})
        post(url + "/generate", {"query": "revenue by day", "dialect": "postgres"})
        post(url + "/generate", {"query": "revenue by day", "dialect": "cobol"})
        row("SIGTERM", "", "")
        process.terminate()
    with daemon(project, env) as (url, process):
        post(url + "/shutdown", {})
    with daemon(project, env):
        row("rm -r models (a crash on purpose)", "", "")
        shutil.rmtree(project / "models")


def deliver_the_rest(env: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What the last daemon left on disk goes with the next run; here that is this one.

    Answers the ledger and the install id.
    """
    os.environ.clear()
    os.environ.update(env)
    give_up = time.monotonic() + STEP_SECONDS
    with candor.open(CATALOG, product_version="0.4.0", delivery="manual") as telemetry:
        # More than once where an uploader that a daemon left behind has its turn.
        while not telemetry.flush(STEP_SECONDS) and time.monotonic() < give_up:
            time.sleep(0.05)
        return telemetry.stats(), telemetry.status().install_id


def end_uploader(home: Path) -> None:
    """The one that the first command left behind stays a while for later events; there are none."""
    mark = f"HOME={home}".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                os.kill(int(environ.parent.name), signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", metavar="DIR", type=Path, help="work there, and leave it")
    keep = parser.parse_args().keep
    if keep is not None:
        keep.mkdir(parents=True)
    try:
        if keep is not None:
            return demo(keep.absolute())
        with tempfile.TemporaryDirectory(prefix="ktx-demo-") as directory:
            return demo(Path(directory))
    except Trouble as trouble:
        print(f"demo: {trouble}", file=sys.stderr)
        return 1


def demo(directory: Path) -> int:
    home, project, db = directory / "home", directory / "project", directory / "events.sqlite"
    node = node_version(home)
    home.mkdir()
    write_project(project)
    with collector(db) as endpoint:
        env = environment(home, endpoint, node)
        try:
            heading("The command line, in Node and in C++: each command by both, with one answer")
            run_command_lines(project, env)
            heading("The daemon (Python)")
            run_daemons(project, env)
            ledger, install_id = deliver_the_rest(env)
        finally:
            end_uploader(home)
    return verdict.judge(db, ledger, install_id)


if __name__ == "__main__":
    sys.exit(main())
