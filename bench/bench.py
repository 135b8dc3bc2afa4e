"""What the measures work with: built programs, homes, and the languages with their peers."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import languages
from languages import Library
from process import Home, Run, Sample, Server, run, temporary_home

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "schema" / "ktx.telemetry.jsonc"
# What the server counts: every library's bodies name the event, once each.
MARKER = "scan_completed"


class Bench:
    def __init__(
        self, build: Path, installed: Path, scratch: Path, say: Callable[[str], None]
    ) -> None:
        self.build = build
        self.installed = installed  # peers, kept for the next time
        self.scratch = scratch
        self.say = say
        self.python = languages.python()
        self.node = languages.node()
        self.languages = [self.python]
        if (build / "node" / "candor").is_dir() and shutil.which(self.node.program):
            self.languages.append(self.node)
        else:
            say("Node is left out: it is not here, or candor was not built for it")
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

    def server(self, *, pinned: bool = False, away_ms: int = 0) -> Server:
        core = self.server_core if pinned else None
        return Server(self.program("server"), MARKER, core=core, away_ms=away_ms)

    # ---- Peers ----

    def install_peers(self, everything: bool) -> None:
        languages.install_python_peers(self.python, self.installed / "venv", everything, self.say)
        if self.node in self.languages:
            languages.install_node_peers(self.node, self.installed / "node", self.say)

    @property
    def peers(self) -> list[Library]:
        return [peer for language in self.languages for peer in language.peers]

    @property
    def versions(self) -> dict[str, str]:
        return {
            name: version
            for language in self.languages
            for name, version in language.versions.items()
        }

    # ---- Homes ----

    @contextlib.contextmanager
    def home(
        self, endpoint: str = "http://127.0.0.1:9", warm: Path | None = None
    ) -> Iterator[Home]:
        node_path = [self.build / "node", self.installed / "node" / "node_modules"]
        with temporary_home(
            CANDOR_BIN=str(self.candor),
            CANDOR_UPLOAD_LIBRARY=str(self.build / "core" / "libcandor-upload.so"),
            CANDOR_CATALOG=str(CATALOG),
            KTX_TELEMETRY_ENDPOINT=endpoint,
            PYTHONPATH=str(self.build / "python"),
            NODE_PATH=os.pathsep.join(map(str, node_path)),
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


def added(samples: dict[str, Sample], name: str, bare: str = "bare") -> float:
    """What a program adds to the bare one, by their medians."""
    return samples[name].median - samples[bare].median
