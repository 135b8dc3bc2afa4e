"""The bad day, with real processes: writers and uploaders killed at random moments, full and
read-only disks, clocks that jump, directories that vanish. After each, what was acknowledged
arrived once, or waits, or is counted under a reason; and the ledger balances."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from collector import Collector, Rules
from support.disk import mounted
from support.environment import clean_environment

BUILD = Path(os.environ.get("CANDOR_BUILD", Path(__file__).resolve().parents[2] / "build/dev"))
CANDOR = Path(os.environ.get("CANDOR_BIN", BUILD / "core/cli/candor"))
VICTIM = BUILD / "tests/fault/candor-victim"
CLOCK = BUILD / "tests/fault/libcandor-clock.so"
INTERRUPT = BUILD / "tests/fault/libcandor-interrupt.so"
# How many processes die in the great slaughter.
KILLS = int(os.environ.get("CANDOR_KILLS", "800"))

CATALOG = """{
  "catalog": "fault",
  "product": { "name": "Fault", "home": "~/.fault", "env_prefix": "FAULT",
               "consent": { "mode": "opt_out" } },
  "sinks": [ { "type": "posthog", "host": "http://127.0.0.1:9", "project_key": "phc_test" } ],
  "envelope": { "platform": { "type": "string", "max_length": 16, "source": "os.platform" } },
  "events": { "numbered": { "description": "A number.", "owner": "@test", "purpose": "reliability",
    "fields": { "number": { "type": "integer", "min": 0 },
                "padding": { "type": "string", "max_length": 60000 } } } }
}"""


class Site:
    """A home with its spool, and the processes at work in it."""

    def __init__(self, directory: Path, home: Path | None = None) -> None:
        self.catalog = directory / "fault.telemetry.jsonc"
        self.catalog.write_text(CATALOG)
        self.home = home or directory / "home"
        self.environment = clean_environment(directory)

    @property
    def spool(self) -> Path:
        return self.home / "telemetry-spool/fault.1"

    def start(self, first: int, count: int, threads: int = 1, padding: int = 0, **variables: str) -> Victim:
        return Victim(self, first, count, threads, padding, variables)

    def run(self, first: int, count: int, threads: int = 1, padding: int = 0, **variables: str) -> set[int]:
        """Emits to the end; returns what was acknowledged."""
        return self.start(first, count, threads, padding, **variables).end()

    def candor(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [CANDOR, "--catalog", self.catalog, "--home", self.home, *arguments]
        return subprocess.run(command, env=self.environment | variables, capture_output=True, text=True,
                              timeout=600)  # fmt: skip

    def flush_to(self, collector: Collector) -> None:
        done = self.candor("flush", "--timeout-ms", "60000", FAULT_TELEMETRY_ENDPOINT=collector.url)
        assert done.returncode == 0, done.stderr

    def ledger(self) -> dict[str, Any]:
        return json.loads(self.candor("status", "--json").stdout)["ledger"]["total"]

    def balanced(self, emitted: int) -> dict[str, Any]:
        """The ledger, held against what only the test knows: how many events were emitted in this
        home, or arrived where all of them did."""
        total = self.ledger()
        counted = total["delivered"] + total["pending"] + sum(total["dropped"].values())
        assert counted == emitted, total
        assert total["captured"] == counted, total
        return total

    def waiting(self) -> list[int]:
        lines = self.candor("show").stdout.splitlines()
        return [json.loads(line)["properties"]["number"] for line in lines]


class Victim:
    def __init__(self, site: Site, first: int, count: int, threads: int, padding: int, variables: dict) -> None:
        command = [VICTIM, site.catalog, site.home, str(first), str(count), str(threads), str(padding)]
        # A file takes every acknowledgement at once and outlives the victim; a pipe would make it wait.
        self._log = site.catalog.parent / f"acknowledged-{first}-{random.getrandbits(64):x}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.DEVNULL,
                                            env=site.environment | variables)  # fmt: skip

    def end(self) -> set[int]:
        self.process.communicate(timeout=600)
        assert self.process.returncode == 0
        return self.acknowledged()

    def kill(self) -> set[int]:
        self.process.kill()
        self.process.communicate()
        return self.acknowledged()

    def acknowledged(self) -> set[int]:
        data = self._log.read_bytes()
        self._log.unlink()
        # Appended by several threads, each with one write of four bytes.
        return {number for (number,) in struct.iter_unpack("<I", data[: len(data) // 4 * 4])}


def numbers(collector: Collector) -> list[int]:
    return [event.properties["number"] for event in collector.events]


def assert_once(arrived: list[int], acknowledged: set[int]) -> None:
    assert len(arrived) == len(set(arrived)), "an event arrived under two uuids"
    missing = acknowledged - set(arrived)
    assert not missing, f"{len(missing)} acknowledged events were lost"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.timeout(1800)
def test_writers_and_uploaders_die_and_nothing_is_lost(site: Site) -> None:
    chance = random.Random(20260102)
    acknowledged: set[int] = set()
    first = 0
    killed = 0
    with Collector() as collector:
        collector.rules = Rules(close_probability=0.2)
        flush = [CANDOR, "--catalog", site.catalog, "--home", site.home, "flush", "--timeout-ms", "60000"]
        environment = site.environment | {"FAULT_TELEMETRY_ENDPOINT": collector.url}
        while killed < KILLS:
            victims = []
            for _ in range(8):
                victims.append(site.start(first, 100, threads=chance.choice([1, 1, 4])))
                first += 400
            uploaders = [subprocess.Popen(flush, env=environment, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL) for _ in range(2)]  # fmt: skip
            time.sleep(chance.random() * 0.03)
            for uploader in uploaders:
                time.sleep(chance.random() * 0.01)
                uploader.kill()
            for victim in chance.sample(victims, len(victims)):
                acknowledged |= victim.kill()
            for uploader in uploaders:
                uploader.wait()
            killed += len(victims) + len(uploaders)
        # On a slow machine every uploader may have died before its first request.
        while not [request for request in collector.requests if request.status == 0]:
            acknowledged |= site.run(first, 10)
            first += 400
            site.candor("flush", "--timeout-ms", "60000", FAULT_TELEMETRY_ENDPOINT=collector.url)
        collector.rules = Rules()
        site.flush_to(collector)
        assert acknowledged, "the victims died before they did anything"
        arrived = numbers(collector)
        assert_once(arrived, acknowledged)
        assert all(event.changed == 0 for event in collector.events)
        assert site.balanced(len(arrived))["delivered"] == len(arrived)


def test_sixteen_processes_of_four_threads(site: Site) -> None:
    victims = [site.start(i * 1000, 200, threads=4) for i in range(16)]
    acknowledged: set[int] = set()
    for i, victim in enumerate(victims):
        acknowledged |= victim.kill() if i % 2 else victim.end()
    with Collector() as collector:
        site.flush_to(collector)
        assert_once(numbers(collector), acknowledged)
        assert len(acknowledged) >= 8 * 800
        arrived = len(numbers(collector))
        assert site.balanced(arrived)["delivered"] == arrived


def test_the_spool_stays_within_its_limit(site: Site) -> None:
    limit = 4 << 20
    peak = 0
    victims = [site.start(i * 100_000, 3000, threads=2, padding=1000, VICTIM_SPOOL_BYTES_MAX=str(limit)) for i in range(3)]
    while any(victim.process.poll() is None and not done(victim) for victim in victims):
        peak = max(peak, on_disk(site.spool))
    acknowledged = set()
    for victim in victims:
        acknowledged |= victim.end()
    # The limit, and one segment for each process that writes.
    assert max(peak, on_disk(site.spool)) <= limit + 3 * (1 << 20)
    total = site.balanced(3 * 2 * 3000)
    assert total["dropped"]["spool_full"] > 0
    assert total["pending"] == len(site.waiting())


def done(victim: Victim) -> bool:
    """Whether it waits for its input, everything emitted."""
    with contextlib.suppress(OSError):
        return "read" in Path(f"/proc/{victim.process.pid}/wchan").read_text() or victim_size(victim) >= 4 * 6000
    return True


def victim_size(victim: Victim) -> int:
    return victim._log.stat().st_size


def on_disk(spool: Path) -> int:
    total = 0
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(spool):
            if entry.name.endswith(".seg"):
                with contextlib.suppress(FileNotFoundError):
                    total += entry.stat().st_size
    return total


# ---- Disks ----------------------------------------------------------------------


def test_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=3m") as disk:
        site = Site(tmp_path, disk / "home")
        acknowledged = site.run(0, 5000, padding=1000)
        assert 0 < len(acknowledged) < 5000
        assert set(site.waiting()) == acknowledged
        total = site.balanced(5000)
        assert total["dropped"] == {"disk_error": 5000 - len(acknowledged)}
        with Collector() as collector:
            site.flush_to(collector)
            assert_once(numbers(collector), acknowledged)
        assert len(site.run(10_000, 100, padding=1000)) == 100


def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=128k") as disk:
        site = Site(tmp_path, disk / "home")
        assert site.run(0, 10) == set()


def test_no_inodes_left(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=16m,nr_inodes=8") as disk:
        site = Site(tmp_path, disk / "home")
        kept = site.run(0, 5000, padding=1000)
        assert set(site.waiting()) == kept
        site.balanced(5000)


def test_a_read_only_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=16m") as disk:
        site = Site(tmp_path, disk / "home")
        kept = site.run(0, 10)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert site.run(100, 10) == set()
        assert set(site.waiting()) == kept
        assert site.balanced(10)["pending"] == 10


# ---- Directories and clocks ------------------------------------------------------


def test_the_spool_is_deleted_under_a_running_process(site: Site) -> None:
    count = 200_000
    victim = site.start(0, count)
    deadline = time.monotonic() + 30
    while victim_size(victim) < 4000 and time.monotonic() < deadline:
        pass
    shutil.rmtree(site.spool)
    while victim_size(victim) < 4 * count and time.monotonic() < deadline:
        time.sleep(0.01)
    acknowledged = victim.end()
    # Whole segments that nobody wrote to any more went with the directory; the one in use did not.
    waiting = site.waiting()
    assert max(acknowledged) in waiting
    assert len(waiting) == len(set(waiting))
    assert site.balanced(len(waiting))["pending"] == len(waiting)


def test_the_home_is_moved_away_under_a_running_process(site: Site) -> None:
    count = 200_000
    victim = site.start(0, count)
    while victim_size(victim) < 4000:
        assert victim.process.poll() is None
    moved = Site(site.catalog.parent, site.home.with_name("moved"))
    site.home.rename(moved.home)
    acknowledged = victim.end()
    assert len(acknowledged) == count
    here, there = site.waiting(), moved.waiting()
    # Full segments went with the home; what was in use did not. Each event is in one place.
    assert max(acknowledged) in here
    assert sorted(here + there) == sorted(acknowledged)
    assert site.ledger()["captured"] == len(here)
    assert moved.balanced(count - len(here))["pending"] == len(there)


DAY_S = 86400


@pytest.mark.parametrize("jumps", [[-56 * 365], [-1], [1], [31], [365], [31, 62, 93], [31, 0, 31]], ids=str)
def test_the_clock_jumps(site: Site, jumps: list[int]) -> None:
    acknowledged = site.run(0, 10)
    for i, days in enumerate(jumps, 1):
        acknowledged |= site.run(100 * i, 10, LD_PRELOAD=str(CLOCK), CLOCK_OFFSET_S=str(days * DAY_S))
    acknowledged |= site.run(1000, 10)
    emitted = 10 * (len(jumps) + 2)
    assert len(acknowledged) == emitted
    with Collector() as collector:
        site.flush_to(collector)
        assert_once(numbers(collector), acknowledged)
        assert site.balanced(emitted)["delivered"] == emitted


def test_a_clock_that_is_set_after_the_start(tmp_path: Path) -> None:
    """A machine without a clock of its own begins in 1970; the files' times too."""
    site = Site(tmp_path)
    began = str(-int(time.time()) + 5)
    acknowledged = site.run(0, 10, LD_PRELOAD=str(CLOCK), CLOCK_OFFSET_S=began)
    for segment in site.spool.glob("*.seg"):
        os.utime(segment, (5, 5))
    acknowledged |= site.run(100, 10)
    assert len(acknowledged) == 20
    with Collector() as collector:
        site.flush_to(collector)
        assert_once(numbers(collector), acknowledged)
        assert site.balanced(20)["delivered"] == 20


def test_a_segment_cut_short_under_a_reader(site: Site) -> None:
    site.run(0, 100)
    (segment,) = site.spool.glob("*.seg")
    used = len(segment.read_bytes().rstrip(b"\0"))
    records = 8192  # behind the header and a table of two labels
    assert used > records
    os.truncate(segment, records + (used - records) // 2 + 3)
    waiting = site.waiting()
    assert 0 < len(waiting) < 100
    assert waiting == list(range(len(waiting)))
    with Collector() as collector:
        site.flush_to(collector)
        assert numbers(collector) == waiting
        # The record that the cut went through is counted as corrupt; those behind it left no trace.
        assert site.balanced(len(waiting) + 1)["dropped"] == {"corrupt": 1}


def test_an_interrupted_system_call_is_no_failure(site: Site, tmp_path: Path) -> None:
    report = tmp_path / "interrupted"
    acknowledged = site.run(0, 20_000, padding=100, LD_PRELOAD=str(INTERRUPT), INTERRUPT_REPORT=str(report))
    assert len(acknowledged) == 20_000
    interrupted = dict(line.split() for line in report.read_text().splitlines())
    for call in ("open", "allocate", "flock"):
        assert int(interrupted[call]) > 0, interrupted
    assert site.balanced(20_000)["pending"] == 20_000
