"""Tests in every language pass in an environment that switches telemetry off, redirects it, or
routes requests through a proxy: a continuous integration system, or a developer who opted out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.environment import clean_environment, kept

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))

SOURCE = (ROOT / "core/src/base/environment.cc").read_text()
MARKERS = re.findall(r'^    \{"(\w+)", "[\w-]+"\},$', SOURCE, re.MULTILINE)

HOSTILE = dict.fromkeys(MARKERS, "1") | {
    "ACME_TELEMETRY_DEBUG": "1",
    "ACME_TELEMETRY_DISABLED": "1",
    "ACME_TELEMETRY_ENDPOINT": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
    "CANDOR_CATALOG": "/nonexistent",
    "DO_NOT_TRACK": "1",
    "FORCE_COLOR": "1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "https_proxy": "http://127.0.0.1:1",
    "NODE_ENV": "production",
    "SSL_CERT_FILE": "/nonexistent",
}

VITEST = ["node", ROOT / "tests/node/node_modules/vitest/vitest.mjs", "run", "--root", ROOT / "tests/node"]
RUNS = {
    "C++ client": [BUILD / "tests/core/candor_client_test", "--gtest_filter=Client.*"],
    "C++ upload": [BUILD / "tests/core/candor_upload_test", "--gtest_filter=EntryTest.*"],
    "C++ transport": [BUILD / "tests/core/candor_transport_test"],
    "command": [sys.executable, "-m", "pytest", "-q", ROOT / "tests/command/test_cli_spool.py"],
    "Python": [sys.executable, "-m", "pytest", "-q", ROOT / "tests/python/test_testing.py"],
    "Node": [*VITEST, "client.test"],
}


def test_the_list_of_markers_was_read():
    assert {"CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "BUILDKITE", "TF_BUILD"} <= set(MARKERS)
    assert kept(HOSTILE) == {}


@pytest.mark.parametrize("name", RUNS)
def test_what_the_machine_says_about_telemetry_reaches_no_test(tmp_path, name):
    environment = clean_environment(tmp_path) | HOSTILE
    environment = {name: environment[name] for name in environment if not name.startswith("PYTEST_")}
    command = [str(part) for part in RUNS[name]]
    done = subprocess.run(command, env=environment, cwd=ROOT / "tests", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
