"""The stub of `candor generate --language python`: mypy and pyright find each kind of misuse in it,
and nothing else; at run time there is nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import candor
import pytest
from support.user import ACME, CANDOR, ROOT

PYRIGHT = ROOT / "tests/node/node_modules/pyright/index.js"
PACKAGE = Path(candor.__file__).parent.parent

EVENTS = """
    "class_used": {
      "description": "A field that is a reserved word.", "owner": "@acme", "purpose": "usage",
      "fields": { "class": { "type": "string", "max_length": 9 } }
    },
    "nested": {
      "description": "Containers.", "owner": "@acme", "purpose": "usage",
      "fields": {
        "rows": { "type": "array", "items": { "type": "object", "fields": {
          "kind": { "type": "enum", "values": ["a", "b"] }, "size": { "type": "integer", "optional": true } } } },
        "sizes": { "type": "map", "values": { "type": "array", "items": { "type": "number" } } },
        "old": { "type": "boolean", "optional": true, "deprecated": "Use rows." }
      }
    },
"""

OPENING = """
from __future__ import annotations
from datetime import datetime, timezone
from typing import TYPE_CHECKING, cast
import candor
if TYPE_CHECKING:
    from acme_telemetry import Acme
def use(plan: str) -> None:
    telemetry = cast("Acme", candor.open("acme.telemetry.jsonc"))
"""

USE = (
    OPENING
    + """
    outcome = telemetry.emit("plan_completed", outcome="ok", durationMs=25, joinCount=3, cached=None)
    if outcome.result == "rejected": print(outcome.code)
    telemetry.emit("plan_completed", {"outcome": "error", "flags": {"fast": True}, "stages": ("a", "b")})
    telemetry.emit("ping")
    telemetry.emit("ping", timestamp=datetime.now(timezone.utc), distinct_id="me", uuid="x", project_dir=".")
    telemetry.emit("ping", project_id=telemetry.project_id("."))
    telemetry.emit("status")
    telemetry.emit("class_used", {"class": "x"})
    telemetry.emit("nested", rows=[{"kind": "a"}, {"kind": "b", "size": 1}], sizes={"x": [1.5]})
    data: bytes = telemetry.encode("ping")
    with telemetry as same:
        same.flush(timeout=1)
    print(same.status().rule, same.stats(), same.first_run, data)
"""
)

MISUSE = (
    OPENING
    + """
    telemetry.emit("plan_compleeted", outcome="ok")  # E an event that is misspelt
    telemetry.emit("plan_completed")  # E a required field that is missing
    telemetry.emit("plan_completed", {})  # E the same in a mapping
    telemetry.emit("plan_completed", outcome="okay")  # E no value of the enum
    telemetry.emit("plan_completed", outcome=plan)  # E any text for an enum
    telemetry.emit("plan_completed", outcome=None)  # E None for a required field
    telemetry.emit("plan_completed", outcome="ok", durationMS=1)  # E a field that is misspelt
    telemetry.emit("plan_completed", {"outcome": "ok", "durationMS": 1})  # E the same in a mapping
    telemetry.emit("plan_completed", outcome="ok", durationMs="1")  # E text for a number
    telemetry.emit("plan_completed", outcome="ok", joinCount=1.5)  # E a fraction for an integer
    telemetry.emit("plan_completed", outcome="ok", stages=[1])  # E numbers in a list of text
    telemetry.emit("plan_completed", outcome="ok", flags={"fast": "yes"})  # E text in a map of booleans
    telemetry.emit("ping", outcome="ok")  # E a field for an event without fields
    telemetry.emit("nested", rows=[{"kind": "c"}], sizes={})  # E no value of an enum, deep inside
    telemetry.emit("nested", rows=[{"size": 1}], sizes={})  # E a missing field, deep inside
    telemetry.emit("ping", timestamp="now")  # E an option of a wrong type
    telemetry.emit("node_only")  # E an event of another runtime
    telemetry.encode("pong")  # E an event that is misspelt
    telemetry.send("ping")  # E a method that is not there
"""
)


def mypy(folder: Path, file: Path) -> tuple[set[int], str]:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), file],
        cwd=folder, env=os.environ | {"MYPYPATH": f"{folder}:{PACKAGE}"}, capture_output=True, text=True,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if ": error:" in line]
    return {int(line.split(":")[1]) for line in lines}, done.stdout


def pyright(folder: Path, file: Path) -> tuple[set[int], str]:
    config = {"extraPaths": [str(PACKAGE)], "typeCheckingMode": "strict",
              "reportMissingModuleSource": False, "reportUnusedImport": False}  # fmt: skip
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    done = subprocess.run(
        ["node", PYRIGHT, "--outputjson", file], cwd=folder, capture_output=True, text=True, timeout=300
    )
    said = json.loads(done.stdout)["generalDiagnostics"]
    errors = [one for one in said if one["severity"] == "error"]
    return {one["range"]["start"]["line"] + 1 for one in errors}, done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product with its catalog and the stub that was generated from it."""
    folder = tmp_path_factory.mktemp("types")
    node_only = '"node_only": { "runtimes": ["node"], "fields": {} },'
    catalog = folder / "acme.telemetry.jsonc"
    catalog.write_text(ACME.replace('"events": {', '"events": {' + EVENTS + node_only))
    command = [CANDOR, "generate", catalog, "--language", "python", "-o", folder / "acme_telemetry.pyi"]
    subprocess.run(command, check=True)
    return folder


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_correct_use_has_no_error(folder: Path, checker: Callable[[Path, Path], tuple[set[int], str]]) -> None:
    file = folder / f"use_{checker.__name__}.py"
    file.write_text(USE)
    errors, said = checker(folder, file)
    assert errors == set(), said


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_each_misuse_is_an_error(folder: Path, checker: Callable[[Path, Path], tuple[set[int], str]]) -> None:
    file = folder / f"misuse_{checker.__name__}.py"
    file.write_text(MISUSE)
    expected = {n for n, line in enumerate(MISUSE.splitlines(), 1) if "  # E " in line}
    assert len(expected) == 19
    errors, said = checker(folder, file)
    assert errors == expected, said


@pytest.mark.parametrize("checker", [mypy, pyright])
@pytest.mark.parametrize("catalog", ["schema/ktx", "schema/example", "tests/conformance/conformance"])
def test_the_stub_itself_is_sound(
    tmp_path: Path, catalog: str, checker: Callable[[Path, Path], tuple[set[int], str]]
) -> None:
    file = tmp_path / "stub.pyi"
    command = [CANDOR, "generate", ROOT / f"{catalog}.telemetry.jsonc", "--language", "python", "-o", file]
    subprocess.run(command, check=True)
    errors, said = checker(tmp_path, file)
    assert errors == set(), said


def test_it_has_every_method_of_the_client(folder: Path) -> None:
    stub = (folder / "acme_telemetry.pyi").read_text()
    public = {name for name in dir(candor.Client) if not name.startswith("_")} | {"__enter__", "__exit__"}
    assert public == {name for name in public if f"def {name}(" in stub}


def test_nothing_of_it_is_there_at_run_time(folder: Path) -> None:
    script = USE + "\nimport sys\nprint('acme_telemetry' in sys.modules, 'typing_extensions' in sys.modules)\n"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=os.environ | {"PYTHONPATH": str(PACKAGE)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False False\n"
