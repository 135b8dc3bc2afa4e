"""The end of a process at any moment of the start of its uploader, and a run inside the loader's lock:
neither crashes, neither hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.environment import clean_environment

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))
LEAVER = BUILD / "tests/fault/candor-leaver"
PLUGIN = BUILD / "tests/fault/libcandor-plugin.so"
LIBRARY = BUILD / "core/libcandor-upload.so"
# The start of an uploader takes some 50 ms: an exit for every millisecond of it, several times.
MILLISECONDS = range(61)
ROUNDS = int(os.environ.get("CANDOR_EXITS", "5"))

CATALOG = (
    '{"catalog": "leaver", "product": {"name": "Leaver", "home": "~/.leaver", "env_prefix": "LEAVER", '
    '"consent": {"mode": "opt_out"}}, "sinks": [{"type": "posthog", "host": "http://127.0.0.1:9", '
    '"project_key": "phc_test"}], "envelope": {}, "events": {"left": {"description": "A run ended.", '
    '"owner": "@leaver", "purpose": "reliability", "fields": {}}}}'
)
PYTHON = f"""
import candor, ssl, sys, time
client = candor.open(catalog_text={CATALOG!r}, home=sys.argv[1], delivery="background", flush_at=1)
client.emit("left")
candor._open_clients.clear()
time.sleep(int(sys.argv[3]) / 1000)
"""
NODE = f"""
const candor = require({str(BUILD / "node/candor")!r})
const [home, , ms] = process.argv.slice(1)
candor.open({{ catalogText: {CATALOG!r}, home, delivery: 'background', flushAt: 1 }}).emit('left')
setTimeout(() => process.exit(0), Number(ms))
"""


def exits(command: Sequence[str | Path], home: Path, each: int) -> dict[int, int]:
    """How often the command ended with which status, leaving after every millisecond."""
    statuses: dict[int, int] = {}

    def leave(ms: int) -> int:
        return subprocess.run([*command, home / ".leaver", LIBRARY, str(ms)], env=clean_environment(home),
                              stdout=subprocess.DEVNULL, timeout=300).returncode  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        for status in pool.map(leave, [ms for _ in range(each) for ms in MILLISECONDS]):
            statuses[status] = statuses.get(status, 0) + 1
    return statuses


def test_a_program_may_end_at_any_moment_of_the_start(tmp_path: Path) -> None:
    assert set(exits([LEAVER], tmp_path, ROUNDS)) == {0}


def test_python_may_end_at_any_moment_of_the_start(tmp_path: Path) -> None:
    assert set(exits([sys.executable, "-c", PYTHON], tmp_path, 1)) == {0}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_may_end_at_any_moment_of_the_start(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node is not None
    assert set(exits([node, "-e", NODE], tmp_path, 1)) == {0}


def test_a_static_constructor_of_a_plugin_may_be_a_whole_run(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path)
    environment |= {"LEAVER_HOME": str(tmp_path / ".leaver"), "LEAVER_LIBRARY": str(LIBRARY)}
    script = (
        "import ctypes, sys, _ctypes\n"
        "for _ in range(3):\n"
        "    plugin = ctypes.CDLL(sys.argv[1])\n"
        "    assert plugin.candor_plugin_ran() == 1\n"
        "    _ctypes.dlclose(plugin._handle)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, PLUGIN], env=environment, timeout=300)
    assert done.returncode == 0
