"""candor emit: events from arguments and from JSON lines."""

import json
import re
import resource
import shlex
import subprocess
import sys

import pytest
from support.user import CANDOR, ROOT

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
PINNED = ["--uuid", UUID, "--timestamp", "2026-01-02T03:04:05.678Z"]
HEAD = '{"event":"%s","uuid":"' + UUID + '","timestamp":"2026-01-02T03:04:05.678Z","properties":{"isCi":false'


def properties(user, *fields):
    done = user.run("emit", "plan_completed", "outcome=ok", *fields, "--dry-run")
    return json.loads(done.stdout)["properties"]


def lines(user, *requests, code=0, arguments=()):
    """What `emit --dry-run --json -` answers; requests are values or literal lines."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in requests)
    done = user.run("emit", "-", "--dry-run", "--json", *arguments, input=text, code=code)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_event_is_kept(user):
    done = user.run("emit", "plan_completed", "outcome=ok", "durationMs:=25.4", "joinCount:=3")
    assert done.stdout == ""
    (event,) = user.waiting()
    assert event["event"] == "plan_completed"
    assert event["properties"] == {"isCi": False, "outcome": "ok", "durationMs": 25.4, "joinCount": 3}


def test_dry_run_prints_the_exact_bytes_and_keeps_nothing(user):
    arguments = ["durationMs:=1.0", "outcome=ok", "stages:=[\"a\",\"b\"]", "flags:={\"b\":true,\"a\":false}"]
    done = user.run("emit", "plan_completed", *arguments, *PINNED, "--dry-run")
    fields = ',"outcome":"ok","durationMs":1,"stages":["a","b"],"flags":{"a":false,"b":true}}}\n'
    assert done.stdout == HEAD % "plan_completed" + fields
    assert done.stderr == ""
    assert user.files() == []


@pytest.mark.parametrize("off", ["DO_NOT_TRACK", "ACME_TELEMETRY_DISABLED", "CI"])
def test_dry_run_works_when_telemetry_is_off(user, off):
    assert user.run("emit", "ping", "--dry-run", **{off: "1"}).stdout.startswith('{"event":"ping"')
    assert user.files() == []


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("note=", "note", ""),
        ("note=a=b", "note", "a=b"),
        ("note=x:=y", "note", "x:=y"),
        ("note=true", "note", "true"),
        ("note=[a,b]", "note", "[a,b]"),
        ("note=--json", "note", "--json"),
        ("note=h\u00e9llo \U0001f600", "note", "h\u00e9llo \U0001f600"),
        ('note:="\\u00e9\\ud83d\\ude00\\n"', "note", "\u00e9\U0001f600\n"),
        ("joinCount:=0", "joinCount", 0),
        ("joinCount:=-0", "joinCount", 0),
        ("joinCount:=3.0", "joinCount", 3),
        ("joinCount:=3e2", "joinCount", 300),
        ("joinCount:= 7 ", "joinCount", 7),
        ("durationMs:=1e-400", "durationMs", 0),
        ("cached:=true", "cached", True),
        ("cached:=false", "cached", False),
        ("flags:={}", "flags", {}),
        ("stages:=[]", "stages", []),
    ],
)
def test_an_argument_says_text_or_json(user, argument, field, value):
    assert properties(user, argument)[field] == value


def test_null_is_the_same_as_absent(user):
    assert "note" not in properties(user, "note:=null")


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        (["outcome=ok", "durationMs=25.4"], "wrong_type", "durationMs"),
        (["outcome=ok", "cached:=1"], "wrong_type", "cached"),
        (["outcome=ok", "joinCount:=3.5"], "wrong_type", "joinCount"),
        (["outcome=ok", "joinCount:=-1"], "out_of_range", "joinCount"),
        (["outcome=ok", "joinCount:=9007199254740992"], "out_of_range", "joinCount"),
        (["outcome=ok", "joinCount:=99999999999999999999"], "out_of_range", "joinCount"),
        (["outcome=ok", "durationMs:=1e400"], "not_finite", "durationMs"),
        (["outcome=ok", "note=" + "x" * 41], "too_long", "note"),
        (["outcome=ok", 'note:="\\ud800"'], "invalid_utf8", "note"),
        (["outcome=ok", 'note:="\\udc00\\ud800"'], "invalid_utf8", "note"),
        (["outcome=ok", b"note=\xff"], "invalid_utf8", "note"),
        (["outcome=ok", "errorClass=a b"], "bad_pattern", "errorClass"),
        (["outcome=maybe"], "not_in_enum", "outcome"),
        (["outcome:=null"], "missing_field", "outcome"),
        ([], "missing_field", "outcome"),
        (["outcome=ok", "outcome=ok"], "duplicate_field", "outcome"),
        (["outcome=ok", "nope=1"], "unknown_field", "nope"),
        (["outcome=ok", 'stages:=["a","b","c","d","e"]'], "too_many", "stages"),
    ],
)
@pytest.mark.parametrize("mode", [(), ("--dry-run",)], ids=["kept", "dry"])
def test_a_rejected_event_exits_with_2_and_names_code_and_field(user, arguments, code, field, mode):
    done = user.run("emit", "plan_completed", *arguments, *mode, code=2)
    assert re.search(rf"^candor: plan_completed rejected: {code} \({field}(, .*)?\)$", done.stderr, re.MULTILINE)
    assert done.stdout == ""
    answer = user.run("emit", "plan_completed", *arguments, *mode, "--json", code=2)
    assert json.loads(answer.stdout) == {"result": "rejected", "code": code, "field": field}


def test_an_unknown_event_is_rejected(user):
    assert "candor: xyzzy rejected: unknown_event\n" in user.run("emit", "xyzzy", code=2).stderr


# ---- What to do about a rejection ------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan_complete"], "unknown_event (did you mean plan_completed?)"),
        (["plan_completed", "outcome=ok", "joincount:=1"], "unknown_field (joincount, did you mean joinCount?)"),
        (["plan_completed", "outcome=ok", "version=1"],
         "unknown_field (version, of the envelope; --product-version gives it)"),
        (["plan_completed", "outcome=ok", "joinCount=hunter2"],
         "wrong_type (joinCount, a number is written joinCount:=3)"),
        (["plan_completed", "outcome=ok", "durationMs=25.4"],
         "wrong_type (durationMs, a number is written durationMs:=3)"),
        (["plan_completed", "outcome=ok", "cached=true"], "wrong_type (cached, a boolean is written cached:=true)"),
        (["plan_completed", "outcome=ok", "stages=a"], "wrong_type (stages, an array is written 'stages:=[...]')"),
        (["plan_completed", "outcome=ok", "flags=a"], "wrong_type (flags, an object is written 'flags:={...}')"),
        (["plan_completed", "outcome=ok", "cached:=1"], "wrong_type (cached)"),
        (["plan_completed", "outcome=ok", "n" * 500 + "=1"], "unknown_field (" + "n" * 128 + ")"),
        (["ping", "--source", "host.region=" + "x" * 17], "too_long (region, of the envelope; --source host.region=... gives it)"),
    ],
)  # fmt: skip
def test_a_rejection_says_what_to_do(user, arguments, says):
    done = user.run("emit", *arguments, "--dry-run", code=2)
    assert f"rejected: {says}\n" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("source", "option"),
    [
        ("product.version", "--product-version"),
        ("runtime.version", "--runtime-version"),
        ("host.region", "--source host.region=..."),
    ],
)
def test_a_missing_envelope_field_names_the_option_that_gives_it(user, source, option):
    text = user.catalog.read_text().replace("host.region", source).replace('"product.version", "optional": true', '"product.version"')
    user.catalog.write_text(text.replace(f'"{source}", "optional": true', f'"{source}"'))
    versions = [] if source == "product.version" else ["--product-version", "1"]
    field = "version" if source == "product.version" else "region"
    done = user.run("emit", "ping", *versions, "--dry-run", code=2)
    assert f"ping rejected: missing_field ({field}, of the envelope; {option} gives it)\n" in done.stderr
    answer = user.run("emit", "ping", *versions, "--dry-run", "--json", code=2)
    assert json.loads(answer.stdout) == {"result": "rejected", "code": "missing_field", "field": field}


def test_lines_are_told_what_to_do_too(user):
    text = '{"event":"pong"}\n{"event":"plan_completed","fields":{"outcome":"ok","joinCount":"3"}}\n'
    done = user.run("emit", "-", input=text, code=2)
    assert "line 1: pong rejected: unknown_event (did you mean ping?)\n" in done.stderr
    assert "line 2: plan_completed rejected: wrong_type (joinCount)\n" in done.stderr


def test_the_examples_of_the_help_work_on_the_catalog_of_the_readme(user):
    catalog = re.search(r"```jsonc\n(.*?)```", (ROOT / "docs/getting-started.md").read_text(), re.DOTALL)[1]
    user.catalog.write_text(catalog)
    text = (user.run("--help").stdout + user.run("emit", "--help").stdout).replace("\\\n", " ")
    line = re.search(r'^  (\{"event"[^}]*\}[^}]*\})$', text, re.MULTILINE)[1]
    line = line.replace("\n", " ").replace('"..."', "null") + "\n"
    examples = re.findall(r"^  (?:my-program \| )?candor (emit .*)$", text, re.MULTILINE)
    assert len(examples) == 5
    for example in examples:
        user.run(*shlex.split(example), "--dry-run", input=line)


def test_a_wrong_delivery_is_told_the_choices(user):
    done = user.run("emit", "ping", "--delivery", "hunter2", code=2)
    assert done.stderr.startswith("candor: --delivery: one of auto, background, detached, manual\n")
    assert "hunter2" not in done.stderr


def test_a_rejection_never_repeats_a_value(user):
    done = user.run("emit", "plan_completed", "outcome=hunter2", "note:={\"hunter2\":1}", "-v", code=2)
    assert "hunter2" not in done.stdout + done.stderr
    done = user.run("emit", "plan_completed", "note:=hunter2", code=2)
    assert "hunter2" not in done.stdout + done.stderr


def test_an_event_may_be_named_like_a_command(user):
    user.run("emit", "status", "--runtime", "python", "--dry-run")
    assert "wrong_runtime (it is for python; --runtime says" in user.run("emit", "status", "--dry-run", code=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [["note"], ["=x"], [":=1"], ["note:="], ["note:={"], ["note:=tru"], ["note:=01"], ["note:='x'"], ["note:=1 2"],
     ['note:="a'], ['note:="\\x"'], ['note:="\\u12"'], ["note:=[1,]"], ['note:={"a":1,}'], ["note:=" + "[" * 65 + "]" * 65]],
)  # fmt: skip
def test_what_is_no_field_is_wrong_usage(user, arguments):
    done = user.run("emit", "plan_completed", *arguments, code=2)
    assert "rejected" not in done.stderr
    assert user.files() == []


def test_the_envelope_can_be_given(user):
    arguments = ["--product-version", "1.2.3", "--source", "host.region=eu", "--source", "ci.detected:=true"]
    done = user.run("emit", "ping", *arguments, "--dry-run")
    assert json.loads(done.stdout)["properties"] == {"version": "1.2.3", "region": "eu", "isCi": True}


@pytest.mark.parametrize("source", ["region=eu", "nope", "host.region:=[1]", "host.region:=null", "host.region:={"])
def test_a_wrong_source_is_wrong_usage(user, source):
    assert "--source" in user.run("emit", "ping", "--source", source, code=2).stderr


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.6789+02:00", "2026-01-02T01:04:05.678Z"),
        ("2026-01-01T23:30:00-01:00", "2026-01-02T00:30:00.000Z"),
        ("2024-02-29t00:00:00z", "2024-02-29T00:00:00.000Z"),
        ("1767323045678", "2026-01-02T03:04:05.678Z"),
        ("0", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_timestamp_is_a_time_or_milliseconds(user, given, written):
    done = user.run("emit", "ping", "--timestamp", given, "--dry-run")
    assert json.loads(done.stdout)["timestamp"] == written


@pytest.mark.parametrize(
    "given",
    ["now", "2026-01-02", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-02T24:00:00Z", "1.5",
     "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "99999999999999999999"],
)  # fmt: skip
def test_what_is_no_time_is_wrong_usage(user, given):
    assert "--timestamp" in user.run("emit", "ping", "--timestamp", given, code=2).stderr


@pytest.mark.parametrize("given", ["-1", "253402300800000"])
def test_a_time_out_of_range_is_rejected(user, given):
    done = user.run("emit", "ping", f"--timestamp={given}", code=2)
    assert "rejected: out_of_range (timestamp)" in done.stderr


def test_a_uuid_is_lower_case(user):
    user.run("emit", "ping", "--uuid", UUID)
    user.run("emit", "ping", "--uuid", UUID.upper(), code=2)
    user.run("emit", "ping", "--uuid", "1", code=2)


def test_verbose_says_what_became_of_it(user):
    assert user.run("emit", "ping", "-v").stdout == "accepted\n"
    done = user.run("emit", "ping", "-v", DO_NOT_TRACK="1")
    assert done.stdout == "disabled\n"
    assert "DO_NOT_TRACK" in done.stderr


def test_debug_prints_the_event_and_keeps_nothing(user):
    for off in ({}, {"DO_NOT_TRACK": "1"}):
        done = user.run("emit", "ping", *PINNED, ACME_TELEMETRY_DEBUG="1", **off)
        assert done.stderr == '{"distinct_id":null,' + (HEAD % "ping")[1:] + "}}\n"
        assert done.stdout == ""
        assert user.files() == []


def test_json_lines_are_answered_one_by_one(user):
    answers = lines(
        user,
        {"event": "ping", "uuid": UUID, "timestamp": "2026-01-02T03:04:05.678Z"},
        {"event": "ping", "uuid": UUID, "timestamp": 1767323045678, "fields": None, "distinct_id": None},
        "",
        {"event": "plan_completed", "fields": {"outcome": "ok", "nope": 1}},
        {"event": "pong"},
        {"event": "plan_completed", "fields": {"outcome": "ok"}},
        code=2,
    )
    assert answers[0] == {"line": 1, "result": "accepted", "bytes": HEAD % "ping" + "}}"}
    assert answers[1] == answers[0] | {"line": 2}
    assert answers[2] == {"line": 4, "result": "rejected", "code": "unknown_field", "field": "nope"}
    assert answers[3] == {"line": 5, "result": "rejected", "code": "unknown_event"}
    assert answers[4]["line"] == 6
    assert json.loads(answers[4]["bytes"])["properties"] == {"isCi": False, "outcome": "ok"}


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ('{"event": "plan_completed", "fields": {"outcome": "ok", "outcome": "ok"}}', "duplicate_field", "outcome"),
        ('{"event": "plan_completed", "fields": {"outcome": "ok", "note": "\\udfff"}}', "invalid_utf8", "note"),
        ('{"event": "plan_completed", "fields": {"outcome": "ok", "durationMs": 1e999}}', "not_finite", "durationMs"),
        ('{"event": "plan_completed", "fields": {"outcome": "ok", "joinCount": 1e30}}', "out_of_range", "joinCount"),
        ('{"event": "plan_completed", "fields": []}', "wrong_type", "fields"),
        ('{"event": "ping", "timestamp": "yesterday"}', "wrong_type", "timestamp"),
        ('{"event": "ping", "timestamp": 1.5}', "wrong_type", "timestamp"),
        ('{"event": "ping", "timestamp": -1}', "out_of_range", "timestamp"),
        ('{"event": "ping", "uuid": 1}', "wrong_type", "uuid"),
        ('{"event": "ping", "uuid": "1"}', "bad_pattern", "uuid"),
        ('{"event": "ping", "distinct_id": []}', "wrong_type", "distinct_id"),
        ('{"event": 1}', "wrong_type", "event"),
        ('{"event": null}', "wrong_type", "event"),
    ],
)
def test_a_json_line_may_be_rejected(user, line, code, field):
    (answer,) = lines(user, line, code=2)
    assert answer == {"line": 1, "result": "rejected", "code": code, "field": field}


@pytest.mark.parametrize(
    "line", ["hunter2", "{", "[]", '"hunter2"', "{}", '{"fields": {}}', '{"event": "ping", "feilds": {}}',
             '{"event": "ping"} x', '{"event": "ping",}', '\x01', '{"event": "pi\tng"}',
             '{"event": "ping", "fields": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}"],
)  # fmt: skip
def test_a_line_that_is_no_event_is_malformed_and_not_repeated(user, line):
    bad, good = lines(user, line, {"event": "ping"}, code=2)
    assert bad["line"] == 1 and bad["result"] == "malformed"
    assert "hunter2" not in bad["text"]
    assert good["result"] == "accepted"


def test_lines_without_json_answers_complain_by_number(user):
    text = '{"event":"ping"}\nnonsense\n{"event":"pong"}\n{"event":"ping"}'
    done = user.run("emit", "-", input=text, code=2)
    assert done.stdout == ""
    assert "candor: line 2: not JSON: column 1: expected a value\n" in done.stderr
    assert "candor: line 3: pong rejected: unknown_event (did you mean ping?)\n" in done.stderr
    assert "of 4 events, 2 rejected" in done.stderr
    assert len(user.waiting()) == 2


def test_no_line_at_all_is_done(user):
    assert user.run("emit", "-", input="").stdout == ""
    assert user.run("emit", "-", input="\n\r\n  \n", code=0).stdout == ""


def test_windows_line_ends_are_space(user):
    assert len(lines(user, '{"event":"ping"}\r', '{"event":"ping"}\r')) == 2


def test_fields_and_uuid_can_not_go_with_lines(user):
    user.run("emit", "-", "note=x", code=2)
    user.run("emit", "-", "--uuid", UUID, code=2)


def test_each_line_is_answered_before_the_next_is_written(user):
    process = subprocess.Popen(
        [CANDOR, "emit", "-", "--json", "--delivery", "manual"], env=user.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for number in range(1, 4):
        process.stdin.write('{"event":"ping"}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"line": number, "result": "accepted"}
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_an_overlong_line_costs_only_itself_and_little_memory(user):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))

    ping = b'{"event":"ping"}\n'
    many = b'{"event":"ping","fields":{"x":[' + b"[]," * (5 << 20) + b"[]]}}\n"
    text = ping + b'{"event":"' + b"x" * (300 << 20) + b'"}\n' + many + ping
    done = subprocess.run(
        [CANDOR, "emit", "-", "--dry-run", "--json"], env=user.environment, input=text, capture_output=True,
        preexec_fn=limit,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("code", answer["result"]) for answer in answers] == ["accepted", "too_large", "malformed", "accepted"]


def test_ten_thousand_lines(user):
    user.run("emit", "-", input='{"event":"ping"}\n' * 10_000)
    assert user.run("show", "--count").stdout == "10000\n"
    assert len({event["uuid"] for event in user.waiting()}) == 10_000


def test_the_uuid_is_returned_on_request(user):
    (printed,) = user.run("emit", "ping", "--return-uuid").stdout.splitlines()
    answer = json.loads(user.run("emit", "ping", "--return-uuid", "--json").stdout)
    script = (
        "import candor\n"
        f"client = candor.open({str(user.catalog)!r}, delivery='manual')\n"
        "print(client.emit('ping', uuid=True).uuid, client.emit('ping').uuid)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=user.environment, check=True, capture_output=True, text=True)
    returned, unasked = done.stdout.split()
    assert unasked == "None"
    assert [event["uuid"] for event in user.waiting()][:3] == [printed, answer["uuid"], returned]


@pytest.mark.parametrize(("text", "code"), [("", "bad_pattern"), ("\udc80", "invalid_utf8"), ("x" * 201, "too_long")])
def test_a_sender_that_can_not_be_one_is_rejected(user, text, code):
    done = user.run("emit", "ping", "--json", "--distinct-id", text, code=2)
    assert json.loads(done.stdout) == {"result": "rejected", "code": code, "field": "distinct_id"}
