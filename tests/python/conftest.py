"""What the tests share: the built `candor` command, and a user of it with a home
of their own, in which nothing has been said about telemetry yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.environment import clean_environment

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))
CANDOR = Path(os.environ.get("CANDOR_BIN", BUILD / "core/cli/candor"))

NOTICE = "Acme collects usage data. Opt out: ACME_TELEMETRY_DISABLED=1."
ACME = """{
  // The catalog of the tests: what a small product would write.
  "catalog": "acme",
  "product": {
    "name": "Acme", "home": "~/.acme", "env_prefix": "ACME",
    "consent": { "mode": "opt_out" },
    "notice": { "version": 1, "text": "%s" }
  },
  "sinks": [ { "type": "posthog", "host": "https://us.i.posthog.com", "project_key": "phc_test" } ],
  "envelope": {
    "version": { "type": "string", "max_length": 64, "source": "product.version", "optional": true },
    "region":  { "type": "string", "max_length": 16, "source": "host.region", "optional": true },
    "isCi":    { "type": "boolean", "source": "ci.detected" }
  },
  "events": {
    "plan_completed": {
      "description": "A planning pass finished.", "owner": "@acme", "purpose": "reliability",
      "fields": {
        "outcome":    { "type": "enum", "values": ["ok", "error"] },
        "durationMs": { "type": "number", "unit": "ms", "min": 0, "optional": true },
        "joinCount":  { "type": "integer", "min": 0, "optional": true },
        "cached":     { "type": "boolean", "optional": true },
        "errorClass": { "type": "string", "optional": true, "max_length": 80, "pattern": "identifier" },
        "note":       { "type": "string", "optional": true, "max_length": 40 },
        "stages":     { "type": "array", "optional": true, "max_items": 4, "items": { "type": "string", "max_length": 16 } },
        "flags":      { "type": "map", "optional": true, "max_entries": 4, "values": { "type": "boolean" } }
      }
    },
    "ping": { "description": "Nothing but itself.", "owner": "@acme", "purpose": "reliability", "fields": {} },
    "status": {
      "description": "Named like a command.", "owner": "@acme", "purpose": "reliability",
      "runtimes": ["python"], "fields": {}
    }
  }
}
""" % NOTICE  # fmt: skip


class User:
    """Somebody who runs `candor` for the product Acme."""

    def __init__(self, home: Path, catalog: Path) -> None:
        self.home = home
        self.catalog = catalog
        self.acme = home / ".acme"
        self.identity_file = self.acme / "telemetry.json"
        self.environment = clean_environment(home) | {"CANDOR_CATALOG": str(catalog)}
        # Nothing leaves the machine: nobody listens on the discard port.
        self.environment["ACME_TELEMETRY_ENDPOINT"] = "http://127.0.0.1:9"

    def run(self, *arguments: str | Path, code: int | None = 0, input: str | bytes = b"",
            **variables: str | None) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Runs `candor` and expects its exit code; a variable that is None is unset.

        An event waits to be looked at, unless a test says who delivers it."""
        if arguments[:1] == ("emit",) and "--delivery" not in arguments:
            arguments = ("emit", "--delivery", "manual", *arguments[1:])
        done = subprocess.run(
            [CANDOR, *arguments],
            input=input.encode() if isinstance(input, str) else input,
            env=self.environment_with(variables),
            cwd=self.home,
            capture_output=True,
            timeout=60,
        )
        said = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"),
        )  # fmt: skip
        assert code is None or said.returncode == code, said
        return said

    def environment_with(self, variables: dict[str, str | None]) -> dict[str, str]:
        merged: dict[str, str | None] = self.environment | variables
        return {name: value for name, value in merged.items() if value is not None}

    def status(self, **variables: str | None) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.run("status", "--json", **variables).stdout)
        return status

    def waiting(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("show").stdout.splitlines()]

    def identity(self) -> dict[str, Any]:
        identity: dict[str, Any] = json.loads(self.identity_file.read_text())
        return identity

    def write_identity(self, text: str | bytes) -> None:
        self.acme.mkdir(mode=0o700, exist_ok=True)
        self.identity_file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def files(self) -> list[Path]:
        return sorted(path.relative_to(self.home) for path in self.home.rglob("*"))


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with an empty home and the catalog ACME beside it."""
    home = tmp_path / "home"
    home.mkdir()
    catalog = tmp_path / "acme.telemetry.jsonc"
    catalog.write_text(ACME)
    return User(home, catalog)


@pytest.fixture
def collector() -> Iterator[Any]:
    """A server that speaks PostHog, in this process (tests/collector)."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.append(str(ROOT / "tests"))
    from collector.server import Collector

    with Collector() as running:
        yield running
