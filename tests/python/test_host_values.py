"""What a host does while an event is on its way: its values change, its disk does not answer, and
it imports candor where candor can't run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from product import CATALOG, program
from support.environment import clean_environment

pytest_plugins = ["product_fixtures"]  # home

HERE = Path(__file__).resolve().parent
# What is freed is overwritten at once.
OVERWRITTEN = {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"}


@pytest.fixture(scope="session")
def held_disk(tmp_path_factory):
    library = tmp_path_factory.mktemp("held") / "held_disk.so"
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "held_disk.c", "-ldl"]
    subprocess.run(command, env=environment, check=True)
    return library


def run(script: str, home: Path, held_disk: Path | None = None, **variables: str) -> str:
    environment = clean_environment(home) | OVERWRITTEN | variables
    preloaded = [environment.get("LD_PRELOAD", ""), str(held_disk or "")]
    environment["LD_PRELOAD"] = ":".join(filter(None, preloaded))
    environment["HELD_DISK"] = str(held_disk)
    # A thread that keeps the interpreter's lock while it waits hangs here.
    done = subprocess.run(program(script), env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr.count("Sanitizer")) == (0, 0), done.stderr[-4000:]
    return done.stdout


# `new()` makes values that nobody but their container holds, `spoil()` takes them out of it and
# fills the memory that they leave with others of the same size.
VALUES = """
import datetime, enum, json
names = lambda name: "".join(list(name))
def new():
    return {
        names("text"): "-".join(["text"] * 4),
        names("inner"): {names("name"): "-".join(["name"] * 3), names("deep"): ["deep%d" % i for i in range(5)]},
        names("list"): list(range(1000, 1050)),
        names("map"): {"key%d" % i: True for i in range(50)},
    }
rubbish = []
def spoil(mapping):
    for value in mapping.values():
        value.clear() if hasattr(value, "clear") else None
    mapping.clear()
    for size in range(1, 24):
        rubbish.extend(chr(97 + i % 26) * size for i in range(200))
def properties(event):
    return {name: event["properties"][name] for name in ("text", "inner", "list", "map")}
expected = properties(json.loads(client.encode("sample", new())))
"""


@pytest.mark.parametrize(
    "option",
    [
        "timestamp=datetime.datetime(2026, 1, 2, tzinfo=Zone())",
        "project_dir=Directory()",
    ],
)
def test_an_option_that_changes_the_mapping(home, option):
    script = VALUES + f"""
class Zone(datetime.tzinfo):
    def utcoffset(self, when):
        spoil(mapping)
        return datetime.timedelta(0)
class Directory:
    def __fspath__(self):
        spoil(mapping)
        return "/"
for _ in range(20):
    mapping = new()
    event = json.loads(client.encode("sample", mapping, {option}))
    assert mapping == {{}}
    assert properties(event) == expected, properties(event)
    mapping = new()
    assert client.emit("sample", mapping, {option})
print("done")
"""
    assert run(script, home) == "done\n"


def test_a_value_that_changes_the_mapping(home):
    # Even the look into an Enum member's dictionary may run code: that of a key with the same hash.
    script = VALUES + """
class Odd:
    def __hash__(self): return hash("_value_")
    def __eq__(self, other):
        spoil(mapping)
        return False
class Choice(enum.Enum):
    ok = "ok"
mapping = {}
own = dict(vars(Choice.ok))
vars(Choice.ok).clear()
vars(Choice.ok)[Odd()] = 1
vars(Choice.ok).update(own)
for _ in range(20):
    mapping = new() | {"choice": Choice.ok}
    event = json.loads(client.encode("sample", mapping))
    assert mapping == {}
    assert properties(event) == expected and event["properties"]["choice"] == "ok", event
print("done")
"""
    assert run(script, home) == "done\n"


def test_threads_that_change_a_mapping_under_emits(home):
    script = VALUES + """
shared = new()
stop = threading.Event()
def change():
    while not stop.is_set():
        spoil(shared)
        shared.update(new())
        del rubbish[:]
threads = [threading.Thread(target=change) for _ in range(3)]
class Zone(datetime.tzinfo):
    def utcoffset(self, when):
        for _ in range(50): pass
        return datetime.timedelta(0)
sys.setswitchinterval(1e-6)
for thread in threads: thread.start()
when = datetime.datetime(2026, 1, 2, tzinfo=Zone())
for _ in range(2000):
    client.emit("sample", shared, timestamp=when)
stop.set()
for thread in threads: thread.join()
print("done")
"""
    assert run(script, home) == "done\n"


# Another thread is what lets the disk go: where emit keeps the interpreter's lock, it never runs.
HELD = """
import ctypes, time
disk = ctypes.CDLL(os.environ["HELD_DISK"])
said, say = os.pipe()
go_on, go = os.pipe()
def other():
    os.read(said, 1)
    meanwhile()
    print("ran")
    os.write(go, b"x")
def meanwhile(): pass
thread = threading.Thread(target=other)
thread.start()
def held(call, path, act):
    disk.hold(call.encode(), path.encode(), say, go_on)
    while thread.is_alive():
        act()
        time.sleep(0.001)
identity = os.path.expanduser("~/.acme/telemetry.json")
def choose(enabled):
    with open(identity, "w") as file: file.write('{"enabled": %s}' % enabled)
"""


@pytest.mark.parametrize(
    ("call", "path"),
    [("posix_fallocate", "telemetry-spool"), ("opendir", "telemetry-spool"), ("rename", ".seg"),
     ("fstat", ".seg"), ("stat", "telemetry.json"), ("madvise", "")],
)  # fmt: skip
def test_other_threads_run_while_the_disk_holds_an_emit(home, held_disk, call, path):
    script = HELD + f"""
held({call!r}, {path!r}, lambda: client.emit("sample", text="x" * 20))
"""
    assert run(script, home, held_disk) == "ran\n"


def test_other_threads_run_while_every_event_is_written_to_the_disk(home, held_disk):
    script = HELD + """
disk.pretend_copy_on_write()
assert client.emit("ping")
held("pwrite", ".seg", lambda: client.emit("sample", text="x" * 20))
"""
    assert run(script, home, held_disk) == "ran\n"


@pytest.mark.parametrize(("call", "path"), [("fsync", "telemetry.json"), ("open", "telemetry.json")])
def test_other_threads_run_while_an_emit_makes_the_identity(home, held_disk, call, path):
    script = HELD + f"""
client.close()
os.makedirs(os.path.dirname(identity), exist_ok=True)
choose("false")
client = candor.open(catalog_text={CATALOG!r}, product_version="1", delivery="manual")
choose("true")
held({call!r}, {path!r}, lambda: client.emit("ping"))
while not client.emit("ping"): pass
"""
    assert run(script, home, held_disk) == "ran\n"


def test_other_threads_run_while_an_emit_empties_the_spool(home, held_disk):
    script = HELD + """
assert client.emit("ping")
choose("false")
held("opendir", "telemetry-spool", lambda: client.emit("ping"))
"""
    assert run(script, home, held_disk) == "ran\n"


def test_other_threads_run_while_an_emit_looks_for_its_project(home, held_disk):
    script = HELD + """
assert client.emit("ping")
held("readlink", "somewhere", lambda: client.emit("ping", project_dir="/somewhere/else"))
"""
    assert run(script, home, held_disk) == "ran\n"


def test_other_threads_run_while_debug_prints(home, held_disk):
    script = HELD + """
held("write", "pipe:", lambda: client.emit("ping"))
"""
    assert run(script, home, held_disk, ACME_TELEMETRY_DEBUG="1") == "ran\n"


def test_values_that_change_while_the_disk_holds_an_emit(home, held_disk):
    script = HELD + VALUES + """
def meanwhile(): spoil(mapping)
def emit():
    global mapping
    mapping = new()
    assert client.emit("sample", mapping)
assert client.emit("ping")
held("stat", "telemetry.json", emit)
print(json.dumps(expected))
"""
    ran, expected = run(script, home, held_disk).splitlines()
    assert ran == "ran"
    # What is on the disk, without asking the core.
    (segment,) = (home / ".acme/telemetry-spool").rglob("*.seg")
    _, *kept = segment.read_bytes().split(b'{"event":"sample"')
    assert kept
    for rest in kept:
        event = json.loads(b'{"event":"sample"' + rest[: rest.index(b"]}}}") + 4])
        assert {name: event["properties"][name] for name in json.loads(expected)} == json.loads(expected)


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
SCRIPT = '''
try:
    import candor
except ImportError as error:
    print("refused:", error)
else:
    print("imported")
'''
FIRST
one = interpreters.create()
if hasattr(interpreters, "exec"):
    interpreters.exec(one, SCRIPT)
else:
    interpreters.run_string(one, SCRIPT)
interpreters.destroy(one)
LAST
"""


@pytest.mark.parametrize("main", ["never", "before", "after"])
def test_a_subinterpreter_is_refused(home, main):
    importing = "import candor; print(candor.__version__ != '')"
    script = SUBINTERPRETER.replace("FIRST", importing if main == "before" else "")
    script = script.replace("LAST", importing if main == "after" else "")
    done = subprocess.run(
        [sys.executable, "-c", script], env=clean_environment(home),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line != "True"]
    assert len(lines) == 1
    assert lines[0].startswith("refused: ")
    assert "subinterpreter" in lines[0]
    assert done.stdout.count("True") == (main != "never")


def test_the_module_may_be_imported_again(home):
    script = """
import importlib
first = sys.modules["candor._core"]
for name in [name for name in sys.modules if name.partition(".")[0] == "candor"]: del sys.modules[name]
import candor
again = candor.open(catalog_text="", product_version="1")
print(candor._core.Client is first.Client, type(again) is candor.Client)
"""
    assert run(script, home) == "True True\n"
