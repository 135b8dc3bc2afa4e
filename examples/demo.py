"""Runs the example product against a collector on this machine and judges what arrived.

The C++ command line and the Python daemon share one home, one identity and one catalog.
Nothing leaves the machine. verdict.py says what must be true of it; exits 1 when it is not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import verdict
from verdict import heading, paint

import candor

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build" / "dev"))
CATALOG = ROOT / "schema" / "ktx.telemetry.jsonc"
# Longer than any step takes; reached only when something hangs.
STEP_SECONDS = 30


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


def environment(home: Path, endpoint: str) -> dict[str, str]:
    """A user's environment, without this one's opt-outs (this may be a CI system)."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "KTX_TELEMETRY_ENDPOINT": endpoint,
        "KTX_NODE_VERSION": "22.12.0",
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
    (project / "wiki" / "revenue.md").write_text("# Revenue\nWhat revenue means here.\n")
    (project / "orders.csv").write_text("id,customers_id\n1,7\n2,7\n")
    (project / "history.txt").write_text("ana select 1\nservice_etl select 2\nbo\n")


def run_cli(project: Path, env: dict[str, str]) -> None:
    """Every command, with failures and flags among them."""
    csv = str(project / "orders.csv")
    commands = [
        (["setup"], 0),
        (["connection", "add", "shop", "--driver", "csv", "--file", csv, "--demo"], 0),
        (["connection", "add", "gone", "--driver", "csv", "--file", csv + ".gone"], 0),
        (["connection", "test", "shop"], 0),
        (["connection", "test", "gone"], 1),
        (["setup"], 0),
        (["ingest", "shop"], 0),
        (["scan", "shop"], 0),
        (["sl", "validate"], 0),
        (["sl", "query", "day revenue()"], 0),
        (["sl", "query", "--execute", "day revenue() cost()"], 1),
        (["sql", "shop", "select * from orders join customers"], 0),
        (["sql", "shop", "drop table orders"], 1),
        (["wiki", "query", "revenue"], 0),
        (["mcp", "call", "list_connections", "--client-name", "demo", "--client-version", "1"], 0),
        (["mcp", "call", "rm_rf"], 1),
        (["history", "filter", str(project / "history.txt"), "--dialect", "postgres"], 0),
    ]
    ktx = [str(BUILD / "examples" / "ktx"), "--project", str(project)]
    for arguments, expected in commands:
        done = subprocess.run(
            ktx + arguments, env=env, capture_output=True, text=True, timeout=STEP_SECONDS
        )
        # The first command shows the notice, on standard error.
        said = (done.stderr + done.stdout).strip().splitlines()
        print(f"  ktx {' '.join(arguments[:3]):42.42} {paint(said[0] if said else '', '2')}")
        if done.returncode != expected:
            raise RuntimeError(f"ktx {arguments} exited {done.returncode}: {done.stderr}")
    interrupted = subprocess.Popen(ktx + ["ingest", "--watch", "shop"], env=env,
                                   stdout=subprocess.PIPE, text=True)  # fmt: skip
    with interrupted:
        assert interrupted.stdout is not None
        while "watching" not in interrupted.stdout.readline():
            pass
        interrupted.send_signal(signal.SIGINT)
    print(f"  ktx {'ingest --watch shop':42} {paint('interrupted', '2')}")


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
    print(f"  POST {url.rsplit('/', 1)[1]:10} {json.dumps(body):54} {paint(str(status), '2')}")
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
            print(f"  {'daemon ended':70} {paint(errors[-1] if errors else '', '2')}")
        finally:
            process.kill()


def run_daemons(project: Path, env: dict[str, str]) -> None:
    """One that a signal stops, one that a request stops, and one that crashes."""
    with daemon(project, env) as (url, process):
        post(url + "/plan", {"query": "revenue by country"})
        post(url + "/plan", {"query": "cost by country"})
        post(url + "/generate", {"query": "revenue by day", "dialect": "postgres"})
        post(url + "/generate", {"query": "revenue by day", "dialect": "cobol"})
        print("  SIGTERM")
        process.terminate()
    with daemon(project, env) as (url, process):
        post(url + "/shutdown", {})
    with daemon(project, env):
        print("  rm -r models (crash on purpose)")
        shutil.rmtree(project / "models")


def deliver_the_rest(home: Path, env: dict[str, str]) -> tuple[dict[str, Any], str]:
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", metavar="DIR", type=Path, help="work there, and leave it")
    keep = parser.parse_args().keep
    if keep is not None:
        keep.mkdir(parents=True)
        return demo(keep.absolute())
    with tempfile.TemporaryDirectory(prefix="ktx-demo-") as directory:
        return demo(Path(directory))


def demo(directory: Path) -> int:
    home, project, db = directory / "home", directory / "project", directory / "events.sqlite"
    home.mkdir()
    write_project(project)
    with collector(db) as endpoint:
        env = environment(home, endpoint)
        heading("The command line (C++)")
        run_cli(project, env)
        heading("The daemon (Python)")
        run_daemons(project, env)
        ledger, install_id = deliver_the_rest(home, env)
    return verdict.judge(db, ledger, install_id)


if __name__ == "__main__":
    sys.exit(main())
