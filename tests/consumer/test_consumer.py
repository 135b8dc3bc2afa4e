"""An installed copy is found by find_package, links, and emits for real."""

import json
import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def consumer(tmp_path_factory):
    """The consumer, built against a copy installed somewhere that no rule of ours names."""
    place = tmp_path_factory.mktemp("consumer")
    run("cmake", "--install", BUILD, "--prefix", place / "prefix")
    for source in HERE.glob("*.cc"):
        assert "#include <candor/" in source.read_text()
    run("cmake", "-S", HERE, "-B", place / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
        f"-DCMAKE_PREFIX_PATH={place / 'prefix'}")  # fmt: skip
    run("cmake", "--build", place / "build")
    return place


@pytest.fixture
def home(tmp_path):
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}


def test_the_program_loads_no_network_code(consumer):
    libraries = run("ldd", consumer / "build/hello")
    assert not re.search(r"curl|ssl|crypto|nghttp|gssapi|candor", libraries)


def test_the_program_emits(consumer, home, tmp_path):
    catalog = HERE / "hello.telemetry.jsonc"
    run(consumer / "build/hello", catalog, env=home)
    command = next((consumer / "prefix").rglob("bin/candor"))
    waiting = run(command, "--catalog", catalog, "show", env=home).splitlines()
    assert len(waiting) == 1
    event = json.loads(waiting[0])
    assert event["event"] == "hello_said"
    assert event["properties"] == {"version": "1.2.3", "greeting": "hello", "count": 3}


def test_the_upload_part_can_be_linked_in(consumer):
    assert re.search(r"libcandor-upload\.so => /.*libcandor-upload", run("ldd", consumer / "build/hello_upload"))


def test_nothing_installed_names_the_source_tree(consumer):
    for path in (consumer / "prefix").rglob("*"):
        if path.suffix in (".cmake", ".h", ".json", ".pc"):
            assert str(ROOT) not in path.read_text(), path
