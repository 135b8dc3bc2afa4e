"""What the measures work with: built programs, an interpreter, and the peers that are installed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from process import Home, Run, Sample, Server, run, temporary_home

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ROOT / "bench" / "libraries"
CATALOG = ROOT / "schema" / "ktx.telemetry.jsonc"
# What the server counts: every library's bodies name the event, once each.
MARKER = "scan_completed"

PYTHON_PEERS = {
    "posthog": "posthog",
    "sentry": "sentry-sdk",
    "glean": "glean-sdk",
    "opentelemetry": "opentelemetry-sdk",
}
NODE_PEER = "posthog-node"


class Bench:
    def __init__(
        self, build: Path, installed: Path, scratch: Path, say: Callable[[str], None]
    ) -> None:
        self.build = build
        self.installed = installed  # peers, kept for the next time
        self.scratch = scratch
        self.say = say
        self.python = sys.executable
        self.modules: Path | None = None  # where posthog-node is installed
        self.peers: list[str] = []
        self.versions: dict[str, str] = {}
        cores = sorted(os.sched_getaffinity(0))
        # One for what is measured and one for the server; with a single core they share it.
        self.core, self.server_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)

    # ---- Programs ----

    def program(self, name: str) -> Path:
        return self.build / "bench" / f"candor_bench_{name}"

    @property
    def candor(self) -> Path:
        return self.build / "core" / "cli" / "candor"

    def host(self, *words: object) -> list:
        return [self.program("host"), *words]

    def driver(self, library: str, verb: str, url: str = "-", count: int = 0) -> list:
        """The command that does `verb` with a library (or `bare`, or `bare-node`)."""
        if library in (NODE_PEER, "bare-node"):
            modules = self.modules if library == NODE_PEER else "-"
            return ["node", LIBRARIES / "posthog_node.mjs", modules, verb, url, count]
        return [self.python, LIBRARIES / "driver.py", library, verb, url, count]

    def bare(self, library: str) -> str:
        return "bare-node" if library == NODE_PEER else "bare"

    def server(self, *, pinned: bool = False, away_ms: int = 0) -> Server:
        core = self.server_core if pinned else None
        return Server(self.program("server"), MARKER, core=core, away_ms=away_ms)

    # ---- Homes ----

    @contextlib.contextmanager
    def home(
        self, endpoint: str = "http://127.0.0.1:9", warm: Path | None = None
    ) -> Iterator[Home]:
        with temporary_home(
            CANDOR_BIN=str(self.candor),
            CANDOR_UPLOAD_LIBRARY=str(self.build / "core" / "libcandor-upload.so"),
            CANDOR_CATALOG=str(CATALOG),
            KTX_TELEMETRY_ENDPOINT=endpoint,
            PYTHONPATH=str(self.build / "python"),
        ) as home:
            if warm is not None:
                shutil.copytree(warm, home.path / ".ktx")
            yield home

    def warm_home(self) -> Path:
        """The .ktx of a user of some time: identity, notice shown, a drained spool."""
        warm = self.scratch / "warm-home"
        if not warm.exists():
            with self.server() as server, self.home(server.url) as home:
                run(self.host("run", 1, "--delivery", "manual"), home)
                self.flush(home)
                shutil.copytree(home.path / ".ktx", warm)
        return warm

    def flush(self, home: Home) -> Run:
        return run([self.candor, "flush", "--timeout-ms", 60_000], home, timeout_s=120)

    def ledger(self, home: Home) -> dict:
        return run([self.candor, "status", "--json"], home).json["ledger"]

    # ---- Peers ----

    def install_peers(self, everything: bool) -> None:
        """Into folders of the build. What can't be had is said and left out."""
        names = dict(PYTHON_PEERS) if everything else {"posthog": PYTHON_PEERS["posthog"]}
        lines = (LIBRARIES / "requirements.txt").read_text().splitlines()
        wanted = [line for line in lines if "==" in line]
        if not everything:
            wanted = [line for line in wanted if line.startswith("posthog==")]
        if self._install_python(wanted):
            installed = self._python_versions()
            self.peers += [peer for peer, package in names.items() if package in installed]
            self.versions |= {p: installed[names[p]] for p in self.peers}
        if everything and self._install_node():
            self.peers.append(NODE_PEER)

    def _install_python(self, wanted: list[str]) -> bool:
        venv = self.installed / "venv"
        stamp = venv / "stamp"
        try:
            if not (venv / "bin" / "python").exists():
                subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            # The bare interpreter and candor run in it too.
            self.python = str(venv / "bin" / "python")
            if not stamp.exists() or not set(wanted) <= set(stamp.read_text().splitlines()):
                self.say(f"installing {' '.join(wanted)}")
                pip = [
                    self.python,
                    "-m",
                    "pip",
                    "--disable-pip-version-check",
                    "install",
                    "--quiet",
                ]
                subprocess.run([*pip, *wanted], check=True)
                stamp.write_text("\n".join(wanted))
            return True
        except (OSError, subprocess.CalledProcessError) as error:
            self.say(f"Python peers are left out: {error}")
            return False

    def _python_versions(self) -> dict[str, str]:
        listed = subprocess.run(
            [self.python, "-m", "pip", "--disable-pip-version-check", "list", "--format=json"],
            check=True,
            capture_output=True,
        )
        return {one["name"]: one["version"] for one in json.loads(listed.stdout)}

    def _install_node(self) -> bool:
        folder = self.installed / "node"
        package = folder / "node_modules" / NODE_PEER / "package.json"
        try:
            wanted = json.loads((LIBRARIES / "package.json").read_text())["dependencies"][NODE_PEER]
            if not package.exists() or json.loads(package.read_text())["version"] != wanted:
                self.say(f"installing {NODE_PEER}@{wanted}")
                folder.mkdir(parents=True, exist_ok=True)
                for name in ("package.json", "package-lock.json"):
                    shutil.copy(LIBRARIES / name, folder)
                subprocess.run(
                    ["npm", "ci", "--silent", "--no-audit", "--no-fund"],
                    cwd=folder,
                    check=True,
                    stdin=subprocess.DEVNULL,
                )
            self.modules = package.parent.parent
            self.versions[NODE_PEER] = wanted
            return True
        except (OSError, subprocess.CalledProcessError) as error:
            self.say(f"{NODE_PEER} is left out: {error}")
            return False


def added(samples: dict[str, Sample], name: str, bare: str = "bare") -> float:
    """What a program adds to the bare one, by their medians."""
    return samples[name].median - samples[bare].median
