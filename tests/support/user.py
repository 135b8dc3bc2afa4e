"""The built `candor` command, and a user of it with a home of its own, in which nothing has been
said about telemetry yet."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support.environment import clean_environment

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))
CANDOR = Path(os.environ.get("CANDOR_BIN", BUILD / "core/cli/candor"))

NOTICE = "Acme collects usage data. Opt out: ACME_TELEMETRY_DISABLED=1."
ACME = (ROOT / "tests/support/acme.telemetry.jsonc").read_text()


class User:
    """Somebody who runs `candor` for the product Acme."""

    def __init__(self, home: Path, catalog: Path) -> None:
        self.home = home
        self.catalog = catalog
        self.acme = home / ".acme"
        self.identity_file = self.acme / "telemetry.json"
        self.record_file = self.acme / "consent.json"
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
