"""`pip install .` gives a package that needs nothing else of the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from product import CATALOG
from support.environment import clean_environment
from support.once import once

ROOT = Path(__file__).resolve().parents[2]
VERSION = (ROOT / "core/include/candor/version.h").read_text().split('"')[1]


def run(*command, env=None):
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The wheel, and an environment with it and nothing else; made once by all workers."""
    return once(tmp_path_factory, "wheel", build)


def build(folder):
    # With the backend of this environment, so that nothing is downloaded.
    run(sys.executable, "-m", "pip", "wheel", ROOT, "--no-build-isolation", "--no-deps",
        "--no-index", "--wheel-dir", folder,
        "--config-settings", f"build-dir={folder}/build")  # fmt: skip
    venv.create(folder / "installed", symlinks=True)
    run(sys.executable, "-m", "pip", "--python", folder / "installed/bin/python",
        "install", "--no-index", *folder.glob("*.whl"))  # fmt: skip


@pytest.fixture
def wheel(built):
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture
def installed(built):
    """The folder of the environment's programs."""
    return built / "installed/bin"


def environment(home):
    inherited = clean_environment(home)
    return {name: inherited[name] for name in ("PATH", "HOME")}


def test_contents(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {Path(name).name for name in names if name.startswith("candor/")}
    assert wheel.name.startswith(f"candor-{VERSION}-")
    assert {"__init__.py", "_core.pyi", "py.typed", "testing.py", "libcandor-upload.so"} <= package
    assert "candor/candor" in names
    assert {name.split("/")[0] for name in names} == {"candor", f"candor-{VERSION}.dist-info"}


def test_emit_links_no_network_code(installed):
    script = "import candor._core as core; print(core.__file__)"
    core = run(installed / "python", "-c", script, env=environment("/")).strip()
    linked = run("ldd", core).lower()
    assert not any(name in linked for name in ("curl", "ssl", "crypto", "candor-upload"))
    # Another module's copy of candor or mbedtls in the same process must not meet this one.
    assert run("nm", "--dynamic", "--defined-only", core).split()[2:] == ["PyInit__core"]


def test_package_and_command_share_a_home(installed, tmp_path):
    catalog = tmp_path / "acme.telemetry.jsonc"
    catalog.write_text(CATALOG)
    # Nobody listens there; what is sent comes back to the spool.
    env = environment(tmp_path) | {"ACME_TELEMETRY_ENDPOINT": "http://127.0.0.1:9"}
    script = (
        "import candor, sys\n"
        "with candor.open(sys.argv[1], product_version='1', delivery='manual') as telemetry:\n"
        "    print(telemetry.emit('ping').result, bool(telemetry.flush(timeout=5)), candor.__version__)\n"
    )
    printed = run(installed / "python", "-c", script, catalog, env=env)
    assert printed.split() == ["accepted", "False", VERSION]
    status = json.loads(
        run(installed / "candor", "--catalog", catalog, "status", "--json", env=env)
    )
    assert status["enabled"] is True
    (shown,) = run(installed / "candor", "--catalog", catalog, "show", env=env).splitlines()
    assert json.loads(shown)["event"] == "ping"


def test_the_uploader_is_found(installed, tmp_path):
    script = (
        "import candor, os, sys\n"
        "telemetry = candor.open(catalog_text=sys.argv[1], product_version='1', delivery='manual')\n"
        "telemetry.emit('ping')\n"
        "maps = lambda: 'libcandor-upload' in open('/proc/self/maps').read()\n"
        "print(maps()); telemetry.flush(timeout=5); print(maps())\n"
    )
    env = environment(tmp_path) | {"ACME_TELEMETRY_ENDPOINT": "http://127.0.0.1:9"}
    printed = run(installed / "python", "-c", script, CATALOG, env=env)
    assert printed.split() == ["False", "True"]


def test_the_pytest_plugin_is_registered(installed):
    script = "import importlib.metadata as m; print(*m.entry_points(group='pytest11'))"
    assert "candor.pytest_plugin" in run(installed / "python", "-c", script, env=environment("/"))


def test_nothing_is_left_in_the_tree(wheel):
    changed = run("git", "-C", ROOT, "status", "--porcelain", "--ignored", "_skbuild", "*.egg-info")
    assert changed == "" or not os.path.isdir(ROOT / ".git")
