"""The environment of the tests: nothing of the machine that decides about telemetry."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

_KEPT = [
    line
    for line in (Path(__file__).parent / "kept_variables.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def kept(environment: dict[str, str]) -> dict[str, str]:
    """The variables of `environment` that a test may see."""
    return {
        name: value
        for name, value in environment.items()
        if any(fnmatchcase(name, pattern) for pattern in _KEPT)
    }


def clear_environment() -> None:
    """Removes every other variable from this process, and so from the programs it starts."""
    for name in set(os.environ) - set(kept(dict(os.environ))):
        del os.environ[name]
    os.environ["LC_ALL"] = "C.UTF-8"


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a user who has said nothing about telemetry and lives in `home`."""
    return kept(dict(os.environ)) | {"HOME": str(home), "LC_ALL": "C.UTF-8"}
