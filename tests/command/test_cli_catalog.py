"""candor check and candor schema."""

import json
import os
import subprocess

import pytest
from conftest import CANDOR

BROKEN = """{
  "catalog": "acme",
  "product": { "name": "Acme", "home": "~/.acme", "env_prefix": "ACME", "consent": { "mode": "opt_out" } },
  "sinks": [],
  "envelope": {},
  "events": {
    "ping": { "owner": "@acme", "purpose": "reliability", "description": "x",
      "fields": {
        "text": { "type": "string" },
        "count": { "type": "integer", "min": 3, "max": 1 }
      } }
  }
}
"""


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.telemetry.jsonc"
    path.write_text(BROKEN)
    return path


def test_a_good_catalog_has_no_errors(user):
    done = user.run("check", user.catalog)
    assert "error:" not in done.stdout
    assert done.stderr == ""  # the summary is for terminals


def test_check_takes_the_catalog_of_the_environment(user):
    assert user.run("check").stdout == user.run("check", user.catalog).stdout
    user.run("check", code=2, CANDOR_CATALOG=None)


def test_check_prints_every_problem_with_its_place(user, broken):
    lines = user.run("check", broken, code=1).stdout.splitlines()
    errors = [line for line in lines if ": error: " in line]
    assert any(line.startswith(f"{broken}:9:") and line.endswith("[missing-max-length]") for line in errors)
    assert any(line.startswith(f"{broken}:10:") and line.endswith("[bad-bounds]") for line in errors)


def test_check_speaks_json(user, broken):
    problems = json.loads(user.run("check", broken, user.catalog, "--json", code=1).stdout)
    found = next(problem for problem in problems if problem["rule"] == "missing-max-length")
    assert found["file"] == str(broken)
    assert found["line"] == 9
    assert found["column"] > 1
    assert found["severity"] == "error"
    assert set(found) == {"file", "line", "column", "severity", "rule", "text"}


def test_no_problem_is_an_empty_array(user, tmp_path):
    clean = [problem for problem in json.loads(user.run("check", "--json").stdout) if problem["severity"] == "error"]
    assert clean == []


def test_check_reads_standard_input(user):
    done = user.run("check", "-", input=BROKEN, code=1)
    assert done.stdout.startswith("<stdin>:")


def test_check_goes_on_after_a_file_that_can_not_be_read(user, broken):
    done = user.run("check", "absent.jsonc", user.home, broken, code=1)
    assert "absent.jsonc cannot be read: No such file or directory" in done.stderr
    assert f"{user.home} cannot be read" in done.stderr
    assert "[missing-max-length]" in done.stdout


def test_warnings_fail_only_when_asked_to(user):
    lines = user.run("check").stdout.splitlines()
    text = user.catalog.read_text().replace('"owner": "@acme", ', "", 1)
    user.catalog.write_text(text)
    warned = user.run("check").stdout.splitlines()
    assert len(warned) == len(lines) + 1
    assert any(": warning: " in line for line in warned)
    user.run("check", "--warnings-as-errors", code=1)


def test_the_rules_are_listed(user, broken):
    listed = {line.split()[0]: line.split()[1] for line in user.run("check", "--rules").stdout.splitlines()}
    assert set(listed.values()) == {"error", "warning"}
    for problem in json.loads(user.run("check", "--json", broken, code=1).stdout):
        assert listed[problem["rule"]] == problem["severity"]


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"\xff\xfe", b"\xef\xbb\xbf{", b"{" * 20000, b"[" * 20000, b'{"catalog": "a', b"\0"]
)
def test_nonsense_is_a_problem_with_a_place(user, tmp_path, text):
    path = tmp_path / "nonsense.jsonc"
    path.write_bytes(text)
    done = user.run("check", path, code=1)
    assert done.stdout.startswith(f"{path}:1:")
    assert user.run("schema", path, code=1).stdout == ""


def test_an_endless_catalog_is_refused(user):
    with open("/dev/zero", "rb") as zeros:
        text = zeros.read(50 << 20)
    done = user.run("check", "-", input=text, code=1)
    assert len(done.stdout.splitlines()) == 1
    user.run("check", "/dev/zero", code=1)


def test_the_schema_goes_to_standard_output_or_a_file(user, tmp_path):
    printed = user.run("schema", user.catalog).stdout
    assert json.loads(printed)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    path = tmp_path / "acme.schema.json"
    assert user.run("schema", user.catalog, "-o", path).stdout == ""
    assert path.read_text() == printed
    assert user.run("schema", "--output", path).stdout == ""
    user.run("schema", user.catalog, "-o", tmp_path / "absent/acme.schema.json", code=1)


def test_a_current_schema_passes_its_check(user, tmp_path):
    path = tmp_path / "acme.schema.json"
    user.run("schema", user.catalog, "-o", path)
    assert user.run("schema", user.catalog, "--check", path).stdout == ""


def test_a_stale_schema_fails_and_shows_what_differs(user, tmp_path):
    path = tmp_path / "acme.schema.json"
    user.run("schema", user.catalog, "-o", path)
    before = path.read_bytes()
    user.catalog.write_text(user.catalog.read_text().replace('"max_length": 40', '"max_length": 41'))
    done = user.run("schema", user.catalog, "--check", path, code=1)
    changes = [line for line in done.stdout.splitlines() if line[0] in "+-" and "axLength" in line]
    assert [line[0] for line in changes] == ["-", "+"]
    assert "40" in changes[0] and "41" in changes[1]
    assert f"candor schema {user.catalog} -o {path}" in done.stderr
    assert path.read_bytes() == before


def test_an_absent_schema_fails_and_says_how_to_write_it(user, tmp_path):
    path = tmp_path / "acme.schema.json"
    done = user.run("schema", user.catalog, "--check", path, code=1)
    assert f"candor schema {user.catalog} -o {path}" in done.stderr
    assert not path.exists()


def test_what_differs_is_bounded(user, tmp_path):
    path = tmp_path / "acme.schema.json"
    path.write_text("nothing of it\n" * 100000)
    done = user.run("schema", user.catalog, "--check", path, code=1)
    assert len(done.stdout.splitlines()) < 100
    assert "more lines" in done.stdout


def test_a_comment_does_not_make_the_schema_stale(user, tmp_path):
    path = tmp_path / "acme.schema.json"
    user.run("schema", user.catalog, "-o", path)
    user.catalog.write_text("// A remark.\n" + user.catalog.read_text().replace("  ", "\t"))
    user.run("schema", user.catalog, "--check", path)


def test_a_fifo_without_a_writer_is_an_empty_catalog(user, tmp_path):
    fifo = tmp_path / "catalog.fifo"
    os.mkfifo(fifo)
    assert "catalog.fifo:1:1: error: " in user.run("check", fifo, code=1).stdout


def test_a_catalog_may_come_through_a_pipe_whose_writer_is_slow(user):
    command = f'exec {CANDOR} check <(read -r line; cat "$CANDOR_CATALOG")'
    with subprocess.Popen(["bash", "-c", command], env=user.environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # fmt: skip
        output, _ = process.communicate("go\n")
    assert process.returncode == 0, output
LANGUAGES = ["typescript", "python"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_types_go_to_standard_output_or_a_file_and_are_checked(user, tmp_path, language):
    printed = user.run("generate", user.catalog, "--language", language).stdout
    assert json.loads(user.run("schema").stdout)["x-candor"]["hash"] in printed
    path = tmp_path / "types"
    command = ["generate", "--language", language]
    assert user.run(*command, "-o", path).stdout == ""
    assert path.read_text() == printed
    user.run(*command, "--check", path)
    user.catalog.write_text(user.catalog.read_text().replace('"joinCount"', '"tableCount"'))
    done = user.run(*command, "--check", path, code=1)
    changes = [line for line in done.stdout.splitlines() if "joinCount" in line or "tableCount" in line]
    assert [line[0] for line in changes] == ["-", "+"]
    assert f"candor generate {user.catalog} --language {language} -o {path}" in done.stderr
    assert path.read_text() == printed


def test_types_ask_for_a_language_that_is_there(user):
    assert "typescript or python" in user.run("generate", user.catalog, "--language", "cobol", code=2).stderr
    user.run("generate", user.catalog, code=2)
    user.run("generate", "--language", "python", code=2, CANDOR_CATALOG=None)
