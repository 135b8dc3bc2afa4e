"""The vectors are what generate.py writes, and JSON that any reader takes."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def test_vectors_are_up_to_date():
    done = subprocess.run([sys.executable, HERE / "generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_expected_bytes_are_json_of_the_event():
    for path in HERE.glob("*.json"):
        for vector in json.loads(path.read_text(encoding="utf-8")).get("vectors", []):
            if isinstance(vector["expect"], dict) and "bytes" in vector["expect"]:
                event = json.loads(vector["expect"]["bytes"])
                assert list(event) == ["event", "uuid", "timestamp", "properties"]
                assert event["event"] == vector["event"]
