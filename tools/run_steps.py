"""Runs the steps of a test, each to its end, and says what became of them. Called by ./dev test.

The counts come from the JUnit files that a step leaves in build/results/STEP."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped


def counts(folder: Path) -> Counts:
    """What the JUnit files of a folder say: one verdict for each test case; a broken file is a failure."""
    found = Counts()
    for file in sorted(folder.glob("*.xml")):
        try:
            cases = list(ElementTree.parse(file).iter("testcase"))
        except ElementTree.ParseError:  # its runner was killed
            found.failed += 1
            continue
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                found.failed += 1
            elif case.find("skipped") is not None:
                found.skipped += 1
            else:
                found.passed += 1
    return found


def run(step: str, log: Path) -> bool:
    """Shows the step's output and keeps it in `log`; answers whether the step succeeded."""
    command = [ROOT / "dev", "step", step]
    with log.open("wb") as kept, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while part := process.stdout.read1(1 << 16):
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            kept.write(part)
    return process.returncode == 0


def main(steps: list[str]) -> int:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    bold, red, green, plain = ("\33[1m", "\33[31m", "\33[32m", "\33[0m") if coloured else ("",) * 4
    begin = time.monotonic()
    failed, table, everything = [], [], Counts()
    (ROOT / "build/log").mkdir(parents=True, exist_ok=True)
    for step in steps:
        print(f"{bold}==> test: {step}{plain}", flush=True)
        results = ROOT / "build/results" / step
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir(parents=True)
        step_begin = time.monotonic()
        succeeded = run(step, ROOT / f"build/log/{step}.log")
        found = counts(results)
        # A step fails also where its tests are said to have passed: its build or its end may have failed.
        if not succeeded or found.failed:
            failed.append(step)
        verdict = "FAILED" if step in failed else "ok"
        seconds = time.monotonic() - step_begin
        table.append(f"  {step:8} {verdict:7} {seconds:5.0f} s   {found if found.total else ''}".rstrip())
        everything += found

    print(f"\n{bold}==> summary{plain}", *table, "", sep="\n")
    seconds = time.monotonic() - begin
    if failed:
        print(f"{red}{everything}; {len(failed)} of {len(steps)} steps failed: {' '.join(failed)} ({seconds:.0f} s){plain}")
        return 1
    print(f"{green}{everything}; all {len(steps)} steps passed ({seconds:.0f} s){plain}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
