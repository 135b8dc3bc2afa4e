"""The documents agree with the code: their links lead somewhere, their tables
match the rules, and the page on getting started does what it says, word by word."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import layering
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "python/README.md", ROOT / "bindings/node/README.md"])
README = (ROOT / "README.md").read_text()
START = (ROOT / "docs/getting-started.md").read_text()
TWO_LANGUAGES = (ROOT / "docs/two-languages.md").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_the_readme_names_every_public_header():
    named = set(re.findall(r"^\| `(\w+\.h)`", README, re.MULTILINE))
    small = {"export.h", "version.h"}  # no interface of their own
    assert named == {path.name for path in (ROOT / "core/include/candor").glob("*.h")} - small


def test_the_architecture_names_every_folder_of_the_core():
    named = set(re.findall(r"^\| `core/src/(\w+)/`", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE))
    assert named == {path.name for path in (ROOT / "core/src").iterdir() if any(path.glob("*.*"))}


def test_the_architecture_tells_the_layering_rules():
    """The table's last column is the table of layering.py, for every folder with a plain list."""
    rows = re.findall(r"^\| `core/src/(\w+)/` \|[^|]*\| ([^|]*) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    for folder, told in rows:
        if folder == "client":
            continue
        allowed = {name for name in layering.ARROWS[folder] if name != "candor"}
        assert {part.strip("` ") for part in told.split(",")} - {"nothing of ours"} == allowed, folder


def test_the_page_on_consent_tells_every_rule():
    """In the order in which they are asked; the first two are the client's own."""
    code = (ROOT / "core/src/consent/consent.cc").read_text()
    functions = [r"^std::optional<Rule> rule_without_home\(.*?^}", r"^Rule rule_of_home\(.*?^}"]
    bodies = [re.search(function, code, re.MULTILINE | re.DOTALL)[0] for function in functions]
    asked = re.findall(r"Rule::(\w+)", "".join(bodies))
    told = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/consent.md").read_text(), re.MULTILINE)
    assert told == ["catalog_unreadable", "catalog_newer", *asked]
    assert "do_not_track" in told


def test_every_command_of_dev_is_explained():
    script = (ROOT / "dev").read_text()
    told = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^(\w+)\)$", script, re.MULTILINE)) - {"step"}
    assert commands <= set(re.findall(r"^  (\w+)", told, re.MULTILINE))
    steps = re.search(r"all_steps=\((.*)\)", (ROOT / "tools/steps.sh").read_text())[1].split()
    assert steps == re.findall(r"^ {26}(\w+) {2,}", told, re.MULTILINE)


def blocks(language, text=START):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# A line that marks the whole program of a language among the page's snippets.
PROGRAMS = {"cpp": "int main", "python": "import candor", "js": "import candor"}


def program(language):
    (found,) = [block for block in blocks(language) if PROGRAMS[language] in block]
    return found


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_first_snippet_of_a_language_is_three_lines_of_its_program(language):
    lines = blocks(language, README)[0].splitlines()
    assert len(lines) == 3
    for line in lines:
        assert re.sub(r"\s", "", line) in re.sub(r"\s", "", program(language)), line


@pytest.mark.parametrize(
    ("path", "language", "example"),
    [
        ("core/include/candor/client.h", "cpp", r"^//   (.*)"),
        ("bindings/python/candor/__init__.py", "python", r"^    (.*)"),
        ("bindings/node/types/index.d.ts", "js", r"^//     (.*)"),
    ],
)
def test_the_first_example_of_an_interface_is_the_readmes(path, language, example):
    head = re.split(r"#pragma once|^from |^/\*\*", (ROOT / path).read_text(), flags=re.MULTILINE)[0]
    told = [line.strip() for line in re.findall(example, head, re.MULTILINE)]
    assert len(told) >= 3
    for line in told:
        assert line in program(language), line


@pytest.fixture(scope="module")
def quick_start(tmp_path_factory):
    """A stranger's directory, with the files that the page tells them to write."""
    place = tmp_path_factory.mktemp("quick-start")
    for name, language in {"acme.telemetry.jsonc": "jsonc", "CMakeLists.txt": "cmake"}.items():
        (text,) = blocks(language)
        (place / name).write_text(text)
    for name, language in {"hello.cc": "cpp", "hello.py": "python", "hello.mjs": "js"}.items():
        (place / name).write_text(program(language))
    (place / "node_modules").mkdir()
    (place / "node_modules/candor").symlink_to(BUILD / "node/candor")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", place / "home/.local"],
                   check=True, capture_output=True)  # fmt: skip
    return place


def test_the_quick_start_works(quick_start):
    environment = {
        "HOME": str(quick_start / "home"),
        "PATH": f"{quick_start}/home/.local/bin:{os.environ['PATH']}",
        # As the page says: nothing listens there, and nothing leaves the machine.
        "ACME_TELEMETRY_ENDPOINT": "http://127.0.0.1:9",
        "PYTHONPATH": os.environ.get("PYTHONPATH", f"{BUILD}/python"),
    }

    def run(command):
        done = subprocess.run(["bash", "-euc", command], cwd=quick_start, env=environment, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    run("candor check acme.telemetry.jsonc")
    (build,) = [block for block in blocks("sh") if "cmake -B build" in block]
    first = run(build)
    assert first.stdout.splitlines()[-1] == "accepted"
    assert "Acme collects usage data" in first.stderr
    second = run("python3 hello.py")
    third = run("node hello.mjs")
    for one in (second, third):
        assert (one.stdout, one.stderr) == ("accepted\n", "")

    def waiting():
        shown = run("candor --catalog acme.telemetry.jsonc show").stdout
        return [json.loads(line) for line in shown.splitlines()]

    lines = waiting()
    assert [line["event"] for line in lines] == ["plan_completed"] * 3
    assert lines[0]["properties"] == lines[1]["properties"] == lines[2]["properties"]
    assert list(lines[0]["properties"]) == ["version", "arch", "outcome", "durationMs"]

    # The command line on Commander, with the event that the page on two languages adds to the catalog.
    (event,) = blocks("json", TWO_LANGUAGES)
    catalog = (quick_start / "acme.telemetry.jsonc").read_text()
    (quick_start / "acme.telemetry.jsonc").write_text(catalog.replace('"events": {', '"events": {' + event.rstrip() + ","))
    (snippet,) = [block for block in blocks("js", TWO_LANGUAGES) if "commander" in block]
    (quick_start / "acme.mjs").write_text(snippet)
    shutil.copy(ROOT / "examples/node-cli/span.mjs", quick_start)
    (quick_start / "node_modules/commander").symlink_to(ROOT / "examples/node-cli/node_modules/commander")
    assert run("cd / && node ~-/acme.mjs plan --fast").stdout == "planned\n"
    assert "unknown command 'plam'" in run("! node acme.mjs plam").stderr
    # What goes wrong in an action reaches the user.
    broken = snippet.replace("console.log('planned')", "{ throw new Error('no plan today') }")
    assert broken != snippet
    (quick_start / "broken.mjs").write_text(broken)
    assert "Error: no plan today" in run("! node broken.mjs plan").stderr
    command, failed = [line["properties"] for line in waiting() if line["event"] == "command"]
    assert (command["commandPath"], command["flagsPresent"], command["outcome"]) == (["plan"], {"fast": True}, "ok")
    assert (failed["outcome"], failed["errorClass"]) == ("error", "InternalError")
