"""A build with CANDOR_TELEMETRY=OFF is off: every face says so, and none of them writes a file,
opens a socket or sends what another build has left in the spool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from collector import Collector
from support.environment import clean_environment
from support.once import once

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))
OFF = ROOT / "build/off"
CATALOG = ROOT / "schema/example.telemetry.jsonc"


@pytest.fixture(scope="module", autouse=True)
def _built(tmp_path_factory):
    targets = ["candor-cli", "candor-upload", "_core", "candor-node"]
    command = [ROOT / "dev", "build", "off", *targets]
    once(tmp_path_factory, "off", lambda _: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


@pytest.fixture
def environment(tmp_path):
    return clean_environment(tmp_path / "home") | {"CANDOR_CATALOG": str(CATALOG)}


def run(*command, environment, **more):
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PYTHON = """
import candor, json, sys
client = candor.open(sys.argv[1], product_version="1", delivery="auto")
outcome, status = client.emit("app_started"), client.status()
client.enable()
print(json.dumps([outcome.result, status.enabled, status.rule, client.emit("app_started").result]))
client.close()
"""
NODE = """
const client = require(process.argv[1]).open({ catalog: process.argv[2], productVersion: '1' })
const outcome = client.emit('app_started')
const { enabled, rule } = client.status()
client.enable().then(() => {
  console.log(JSON.stringify([outcome.result, enabled, rule, client.emit('app_started').result]))
})
"""


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_client_is_off_and_stays_off(environment, tmp_path, language):
    if language == "python":
        command = [sys.executable, "-c", PYTHON, CATALOG]
        environment |= {"PYTHONPATH": str(OFF / "python")}
    else:
        command = ["node", "-e", NODE, OFF / "node/candor", CATALOG]
    told = json.loads(run(*command, environment=environment))
    assert told == ["disabled", False, "build_switch", "disabled"]
    spools = list((tmp_path / "home").rglob("*.seg"))
    assert spools == []


def test_the_command_is_off_and_touches_nothing(environment, tmp_path):
    command = OFF / "core/cli/candor"
    assert run(command, "emit", "app_started", "--product-version", "1", environment=environment) == ""
    status = json.loads(run(command, "status", "--json", environment=environment))
    assert (status["enabled"], status["rule"]) == (False, "build_switch")
    assert not (tmp_path / "home").exists()


LEAVE = """
import candor, sys
client = candor.open(sys.argv[1], product_version="1", delivery="detached", flush_interval_ms=1,
                     uploader_program=sys.argv[2])
assert client.emit("app_started")
client.close()
"""


@pytest.mark.parametrize(("build", "sent"), [(OFF, []), (BUILD, ["app_started"])], ids=["off", "on"])
def test_the_uploader_sends_nothing_of_what_another_build_left(environment, tmp_path, build, sent):
    # A client of the usual build starts an uploader program that keeps what it was told.
    job = tmp_path / "job.json"
    keeper = tmp_path / "keeper"
    keeper.write_text(f"#!/bin/sh\ncat >{job}.part && mv {job}.part {job}\n")
    keeper.chmod(0o755)
    with Collector() as collector:
        environment |= {"ACME_TELEMETRY_ENDPOINT": collector.url}
        run(sys.executable, "-c", LEAVE, CATALOG, keeper, environment=environment)
        while not job.exists():  # the run does not wait for its uploader
            time.sleep(0.01)
        subprocess.run([build / "core/cli/candor", "upload"], env=environment, input=job.read_bytes(), check=False)
        assert [event.event for event in collector.events] == sent
        assert len(collector.requests) == len(sent)


def test_flush_sends_nothing(environment):
    with Collector() as collector:
        environment |= {"ACME_TELEMETRY_ENDPOINT": collector.url}
        run(BUILD / "core/cli/candor", "emit", "app_started", "--product-version", "1", "--delivery", "manual",
            environment=environment)  # fmt: skip
        run(OFF / "core/cli/candor", "flush", environment=environment)
        assert collector.requests == []
