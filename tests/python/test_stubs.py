"""The type stubs say what the module does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import candor

PACKAGE = Path(candor.__file__).parent

USE = """
import candor
from datetime import datetime, timezone

telemetry = candor.open("acme.telemetry.jsonc", product_version="1", sources={"host.x": None})
outcome = telemetry.emit("a", {"x": [1, "a", {"b": None}]}, timestamp=datetime.now(timezone.utc), y=1.5)
reveal_type(outcome.result)
total: int = telemetry.stats()["total"]["captured"]
with telemetry as same:
    same.flush(timeout=1.5)
"""

MISUSE = """
import candor

telemetry = candor.open("acme.telemetry.jsonc", delivery="pigeon")  # E
telemetry.emit("a", timestamp="now")  # E
telemetry.emit(5)  # E
telemetry.emit("a", x=b"bytes")  # E
telemetry.status().enabled = False  # E
"""


# What every class made by pybind11 has: its own metaclass, and an __init__ that takes anything
# and raises.
PYBIND11 = """
candor._core.(Client|FlushResult|Outcome|Status)
candor._core.(Client|FlushResult|Outcome|Status).__init__
"""


def mypy(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"MYPYPATH": str(PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-m", *arguments], env=environment, capture_output=True, text=True
    )


def test_stubs_match_the_module(tmp_path):
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\ncache_dir = {tmp_path}\n")
    allowed = tmp_path / "allowed"
    allowed.write_text(PYBIND11)
    done = mypy("mypy.stubtest", "candor._core", "--mypy-config-file", str(config),
                "--allowlist", str(allowed))  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_package_is_typed(tmp_path):
    check = ["mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "candor"]
    done = mypy(*check)
    assert done.returncode == 0, done.stdout


def test_users_are_checked(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    done = mypy("mypy", "--strict", "--cache-dir", str(tmp_path), str(tmp_path / "use.py"))
    assert done.returncode == 0, done.stdout
    assert "Literal['accepted'] | Literal['disabled']" in done.stdout
    (tmp_path / "misuse.py").write_text(MISUSE)
    done = mypy("mypy", "--strict", "--cache-dir", str(tmp_path), str(tmp_path / "misuse.py"))
    found = {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line}
    expected = {str(n) for n, line in enumerate(MISUSE.splitlines(), 1) if line.endswith("# E")}
    assert found == expected, done.stdout
