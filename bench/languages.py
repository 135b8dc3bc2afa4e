"""The languages that have a candor of their own, and the libraries that others use there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

LIBRARIES = Path(__file__).resolve().parent / "libraries"

# What the peers are called here and where they come from. The first of each language is what
# most products use; it is measured always, the others when asked for.
PYTHON_PEERS = {
    "posthog": "posthog",
    "sentry": "sentry-sdk",
    "glean": "glean-sdk",
    "opentelemetry": "opentelemetry-sdk",
}
NODE_PEERS = ("posthog-node",)


@dataclass(frozen=True)
class Library:
    """What a program uses: candor, a peer, or `bare`, nothing at all. libraries/driver.py says
    how."""

    name: str
    driver: tuple[str | Path, ...]

    def does(self, verb: str, url: str = "-", count: int = 0) -> list:
        """The command that does it."""
        return [*self.driver, self.name, verb, url, count]


@dataclass
class Language:
    name: str
    program: str  # the interpreter
    driver: Path
    peers: list[Library] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)  # of the peers

    def library(self, name: str) -> Library:
        return Library(name, (self.program, self.driver))

    @property
    def candor(self) -> Library:
        return self.library("candor")

    @property
    def bare(self) -> Library:
        return self.library("bare")

    def add(self, name: str, version: str) -> None:
        self.peers.append(self.library(name))
        self.versions[name] = version


def python() -> Language:
    return Language("Python", sys.executable, LIBRARIES / "driver.py")


def node() -> Language:
    return Language("Node", "node", LIBRARIES / "driver.cjs")


def install_python_peers(
    language: Language, folder: Path, everything: bool, say: Callable[[str], None]
) -> None:
    """Into a virtual environment, which candor and the bare interpreter are run in too. What
    can't be had is said and left out."""
    names = dict(PYTHON_PEERS) if everything else {"posthog": PYTHON_PEERS["posthog"]}
    lines = (LIBRARIES / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if "==" in line]
    if not everything:
        wanted = [line for line in wanted if line.startswith("posthog==")]
    interpreter = folder / "bin" / "python"
    pip = [interpreter, "-m", "pip", "--disable-pip-version-check"]
    stamp = folder / "stamp"
    try:
        if not interpreter.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        if not stamp.exists() or not set(wanted) <= set(stamp.read_text().splitlines()):
            say(f"installing {' '.join(wanted)}")
            subprocess.run([*pip, "install", "--quiet", *wanted], check=True)
            stamp.write_text("\n".join(wanted))
        listed = subprocess.run([*pip, "list", "--format=json"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"Python peers are left out: {error}")
        return
    language.program = str(interpreter)
    installed = {one["name"]: one["version"] for one in json.loads(listed.stdout)}
    for name, package in names.items():
        if package in installed:
            language.add(name, installed[package])


def install_node_peers(language: Language, folder: Path, say: Callable[[str], None]) -> None:
    """Into folder/node_modules. What can't be had is said and left out."""
    wanted = json.loads((LIBRARIES / "package.json").read_text())["dependencies"]
    try:
        if any(_node_version(folder, name) != version for name, version in wanted.items()):
            say(f"installing {' '.join(wanted)}")
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(LIBRARIES / name, folder)
            subprocess.run(
                ["npm", "ci", "--silent", "--no-audit", "--no-fund"],
                cwd=folder,
                check=True,
                stdin=subprocess.DEVNULL,
            )
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"Node peers are left out: {error}")
        return
    for name in NODE_PEERS:
        language.add(name, wanted[name])


def _node_version(folder: Path, name: str) -> str | None:
    package = folder / "node_modules" / name / "package.json"
    return json.loads(package.read_text())["version"] if package.exists() else None
