"""What ./dev promises: an install by npm changes no system package, and the counts of a test run
are those of the runners' own result files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

sys.path.append(str(ROOT / "tools"))
import run_steps  # noqa: E402


def test_an_npm_install_installs_no_package_of_the_system(tmp_path):
    # A machine on which every package is missing, and that notes what is done about it.
    called = tmp_path / "called"
    for name in ("apt-get", "sudo"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{called}\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "dev", "node"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert not called.exists(), called.read_text()
    assert "sudo apt-get install" in done.stderr and "cmake" in done.stderr
    manifest = (ROOT / "bindings/node/package.json").read_text()
    assert '"prepare": "../../dev node"' in manifest


# As ctest, pytest and Vitest write them.
RESULTS = {
    "ctest.xml": """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Linux-c++" tests="3" failures="1" disabled="0" skipped="1" hostname="" time="1">
  <testcase name="a" classname="a" time="0.01" status="run"><system-out>1 failed</system-out></testcase>
  <testcase name="b" classname="b" time="0.01" status="fail"><failure message=""/></testcase>
  <testcase name="c" classname="c" time="0" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
</testsuite>""",
    "pytest.xml": """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="0" skipped="1" tests="3" time="0.1">
<testcase classname="t" name="ok" time="0.001" />
<testcase classname="t" name="skipped" time="0.001"><skipped type="pytest.skip" message="no root">t.py:5</skipped></testcase>
<testcase classname="t" name="broken" time="0.001"><error message="failed on setup">text</error></testcase>
</testsuite></testsuites>""",
    "vitest.xml": """<?xml version="1.0" encoding="UTF-8" ?>
<testsuites name="vitest tests" tests="2" failures="1" errors="0" time="0.1">
  <testsuite name="a.test.mjs" tests="2" failures="1" errors="0" skipped="0" time="0.01">
    <testcase classname="a.test.mjs" name="one" time="0.002"></testcase>
    <testcase classname="a.test.mjs" name="two" time="0.002"><failure message="no" type="AssertionError">no</failure></testcase>
  </testsuite>
</testsuites>""",
}


def test_results_are_counted_from_the_runners_files(tmp_path):
    for name, text in RESULTS.items():
        (tmp_path / name).write_text(text)
    assert str(run_steps.counts(tmp_path)) == "3 passed, 3 failed, 2 skipped"
    (tmp_path / "killed.xml").write_text("")
    assert run_steps.counts(tmp_path).failed == 4


def test_a_step_that_fails_fails_the_run_and_is_named(tmp_path, monkeypatch, capfd):
    # A checkout whose steps do as their names say, and leave one result each.
    (tmp_path / "dev").write_text("""#!/bin/sh
printf '<testsuite><testcase name="a"/></testsuite>' >"$(dirname "$0")/build/results/$2/a.xml"
echo "this is $2"
test "$2" = good
""")
    (tmp_path / "dev").chmod(0o755)
    monkeypatch.setattr(run_steps, "ROOT", tmp_path)
    assert run_steps.main(["good"]) == 0
    assert "1 passed, 0 failed, 0 skipped; all 1 steps passed" in capfd.readouterr().out.splitlines()[-1]
    assert run_steps.main(["good", "bad"]) == 1
    printed = capfd.readouterr().out
    assert "this is bad" in printed and (tmp_path / "build/log/bad.log").read_text() == "this is bad\n"
    assert "2 passed, 0 failed, 0 skipped; 1 of 2 steps failed: bad" in printed.splitlines()[-1]
