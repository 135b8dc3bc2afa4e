#!/usr/bin/env python3
"""Writes the conformance vectors: `generate.py` rewrites the files beside it,
`generate.py --check` exits 1 when they are stale.

What is expected here comes from the specification of canonical bytes, by an
encoder that shares nothing with the core and does not read the catalog: every
accepted vector states what is sent, in the catalog's order, and every rejected
one states its code and field.
"""

import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
EVENT_BYTES_MAX = 1024 * 1024 - 4096

DEFAULTS = {
    "runtime": "python",
    "timestamp_ms": 1767323045678,
    "uuid": "019b7d7a-f12e-7000-8000-0123456789ab",
    "sources": {
        "product.version": "1.2.3",
        "runtime.version": "3.11.2",
        "os.platform": "linux",
        "os.release": "6.1.0",
        "cpu.arch": "x64",
        "ci.detected": False,
        "agent.name": "none",
        "session.id": "6f1d5c1e-0000-4000-8000-00000000abcd",
        "host.tenant": "acme",
    },
}
TIMESTAMP = "2026-01-02T03:04:05.678Z"

# The envelope of the catalog, as sent with the defaults; None is absent.
ENVELOPE = {
    "cliVersion": "1.2.3",
    "runtime": "daemon-py",
    "runtimeVersion": "3.11.2",
    "osPlatform": "linux",
    "osRelease": "6.1.0",
    "arch": "x64",
    "isCi": False,
    "agent": "none",
    "session": "6f1d5c1e-0000-4000-8000-00000000abcd",
    "tenant": "acme",
    "region": None,
    "cores": None,
    "load": None,
    "managed": None,
    "edition": "oss",
    "schemaVersion": 3,
    "weight": 0.5,
    "beta": False,
}


# ---- canonical bytes, from RFC 8785 and ECMA-262 ----

def es_number(value: float) -> str:
    """ECMA-262 Number::toString: repr gives the shortest digits, this lays them out."""
    if value == 0:
        return "0"
    sign, text = ("-", repr(-value)) if value < 0 else ("", repr(value))
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    n = len(whole) + int(exponent or 0)
    digits = whole + fraction
    n -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    k = len(digits)
    if k <= n <= 21:
        body = digits + "0" * (n - k)
    elif 0 < n <= 21:
        body = digits[:n] + "." + digits[n:]
    elif -6 < n <= 0:
        body = "0." + "0" * -n + digits
    else:
        body = digits[0] + ("." + digits[1:] if k > 1 else "") + f"e{n - 1:+d}"
    return sign + body


ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def es_string(text: str) -> str:
    return '"' + "".join(ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


class Map(dict):
    """A catalog map: its keys are sorted by UTF-16 code units. A plain dict keeps its order."""


def canonical(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return es_number(value)
    if isinstance(value, str):
        return es_string(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    keys = list(value)
    if isinstance(value, Map):
        keys.sort(key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{es_string(key)}:{canonical(value[key])}" for key in keys) + "}"


def event_bytes(event, uuid, timestamp, envelope, sent) -> bytes:
    properties = {key: value for key, value in {**ENVELOPE, **envelope}.items() if value is not None}
    whole = {"event": event, "uuid": uuid, "timestamp": timestamp, "properties": {**properties, **sent}}
    return canonical(whole).encode()


# ---- values that JSON cannot say; README.md lists them ----

NAN, INFINITY, MINUS_INFINITY = ({"$number": text} for text in ("NaN", "Infinity", "-Infinity"))
UNSUPPORTED = {"$unsupported": True}


def double(text: str):
    return {"$float": text}


def integer(value: int):
    return {"$int": str(value)}


def repeat(text: str, count: int):
    return {"$repeat": [text, count]}


def raw(hexadecimal: str):
    return {"$bytes": hexadecimal}


def pairs(*entries):
    return {"$pairs": [list(entry) for entry in entries]}


FILES: dict[str, list] = {}
NAMES: set[str] = set()


def add(file, name, event, fields, expect, more):
    assert name not in NAMES, name
    NAMES.add(name)
    FILES.setdefault(file, []).append({"name": name, "event": event, "fields": fields, **more, "expect": expect})


def accept(file, name, event, fields, sent, envelope=None, timestamp=TIMESTAMP, **more):
    data = event_bytes(event, more.get("uuid", DEFAULTS["uuid"]), timestamp, envelope or {}, sent)
    assert len(data) <= EVENT_BYTES_MAX
    if len(data) <= 2000:
        expect = {"bytes": data.decode()}
    else:
        expect = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    add(file, name, event, fields, expect, more)


def reject(file, name, event, fields, code, field="value", **more):
    add(file, name, event, fields, {"code": code, "field": field}, more)


# ---- the vectors ----

def booleans():
    for value in (True, False):
        accept("types", f"boolean {value}", "flag", {"value": value}, {"value": value})
    for name, value in {
        "integer 1": 1, "integer 0": 0, "number": 1.5, "text": "true", "array": [], "object": {},
        "a host's own object": UNSUPPORTED,
    }.items():
        skip = {"skip": ["cli"]} if value is UNSUPPORTED else {}
        reject("types", f"boolean: {name}", "flag", {"value": value}, "wrong_type", **skip)


def wrong_types():
    for event, good in {"whole": "integer", "real": "number"}.items():
        for name, value in {
            "true": True, "false": False, "digits": "5", "array": [1], "object": {"a": 1},
            "a host's own object": UNSUPPORTED,
        }.items():
            skip = {"skip": ["cli"]} if value is UNSUPPORTED else {}
            reject("types", f"{good}: {name}", event, {"value": value}, "wrong_type", **skip)
    for event in ("text", "choice", "of_slug"):
        for name, value in {"integer": 5, "number": 5.5, "boolean": True, "array": ["ok"], "object": {}}.items():
            reject("types", f"{event}: {name}", event, {"value": value}, "wrong_type")
    for name, value in {"text": "1", "object": {"0": 1}, "integer": 1, "boolean": False}.items():
        reject("types", f"array: {name}", "items", {"values": value}, "wrong_type", "values")
    for name, value in {"text": "a", "array": [], "integer": 1, "boolean": False}.items():
        reject("types", f"map: {name}", "bag", {"flags": value}, "wrong_type", "flags")
        reject("types", f"object: {name}", "nested", {"tree": value}, "wrong_type", "tree")


def integers():
    def ok(name, event, given, sent):
        accept("numbers", f"integer: {name}", event, {"value": given}, {"value": sent})

    def bad(name, event, given, code, **more):
        reject("numbers", f"integer: {name}", event, {"value": given}, code, **more)

    for value in (0, 1, -1, 9, 10, 255, 65536, 1234567890, -1234567890):
        ok(str(value), "whole", value, value)
    safe = 2**53 - 1
    for value in (safe, -safe):
        ok(f"the bound {value}", "whole", integer(value), value)
        ok(f"the bound {value} as a double", "whole", double(f"{value}.0"), value)
        bad(f"beyond the bound {value}", "whole", integer(value + (1 if value > 0 else -1)), "out_of_range")
        bad(f"beyond the bound {value} as a double", "whole",
            double(f"{value + (1 if value > 0 else -1)}.0"), "out_of_range")
    for value in (2**63 - 1, -2**63):
        ok(f"all 64 bits, {value}", "whole_wide", integer(value), value)
    ok("2^53 + 1 where the field allows it", "whole_wide", integer(2**53 + 1), 2**53 + 1)
    ok("a double of -2^63", "whole_wide", double("-9223372036854775808.0"), -2**63)
    bad("a double of 2^63", "whole_wide", double("9223372036854775808.0"), "out_of_range")
    bad("2^63", "whole_wide", integer(2**63), "out_of_range")
    bad("2^64 - 1", "whole_wide", integer(2**64 - 1), "out_of_range")
    for value in (-5, 10):
        ok(f"at its own bound {value}", "whole_bounded", value, value)
    for value in (-6, 11):
        bad(f"past its own bound, {value}", "whole_bounded", value, "out_of_range")
    ok("1.0", "whole", double("1.0"), 1)
    ok("1e3", "whole", double("1e3"), 1000)
    ok("-0.0", "whole", {"$number": "-0"}, 0)
    bad("1.5", "whole", 1.5, "wrong_type")
    bad("5e-324", "whole", double("5e-324"), "wrong_type")
    bad("10.5 is no integer before it is too large", "whole_bounded", 10.5, "wrong_type")
    bad("1e300", "whole", double("1e300"), "out_of_range")
    bad("NaN", "whole", NAN, "not_finite", skip=["cli"])
    bad("Infinity", "whole", INFINITY, "not_finite")
    bad("-Infinity", "whole", MINUS_INFINITY, "not_finite")


def numbers():
    texts = [
        # RFC 8785, appendix B, by their shortest decimal text
        "5e-324", "-5e-324", "1.7976931348623157e308", "-1.7976931348623157e308",
        "9007199254740992.0", "-9007199254740992.0", "295147905179352830000.0",
        "9.999999999999997e22", "1e23", "1.0000000000000001e23",
        "999999999999999700000.0", "999999999999999900000.0", "1e21",
        "9.999999999999997e-7", "0.000001",
        "333333333.3333332", "333333333.33333325", "333333333.3333333",
        "333333333.3333334", "333333333.33333343", "-0.0000033333333333333333",
        "1424953923781206.2",
        # the layout's edges
        "0.1", "0.5", "1.0", "-1.0", "10.0", "100.5", "1e-5", "1e-6", "1e-7", "1.5e-7", "0.0001234",
        "1e20", "123456789012345680000.0", "1e22", "1.5e300", "123e-20", "-1e-7",
        "0.30000000000000004", "2.2250738585072014e-308", "2.225073858507201e-308",
        "4.35", "25.4", "0.001", "12.34", "12.345", "12.3456", "999.999", "1234567.891",
        "0.0005", "4503599627370496.5", "4503599627370497.5", "1099511627775.999",
        "3.141592653589793", "2.718281828459045", "1e16", "12345678901234567.0",
    ]
    for text in texts:
        accept("numbers", f"number: {text}", "real", {"value": double(text)}, {"value": float(text)})
    accept("numbers", "number: -0", "real", {"value": {"$number": "-0"}}, {"value": 0})
    for value in (0, 7, -7, 2**53 - 1):
        accept("numbers", f"number: the integer {value}", "real", {"value": integer(value)}, {"value": value})
    for value in (2**53 + 1, 2**62 + 1, 2**63 - 1, -2**63, 2**63, 2**64 - 1):
        accept("numbers", f"number: the integer {value} as its nearest double", "real",
               {"value": integer(value)}, {"value": float(value)})
    for name, value, skip in (("NaN", NAN, {"skip": ["cli"]}), ("Infinity", INFINITY, {}), ("-Infinity", MINUS_INFINITY, {})):
        reject("numbers", f"number: {name}", "real", {"value": value}, "not_finite", **skip)
    for text in ("0.0", "1.5"):
        accept("numbers", f"number: at its bound {text}", "real_bounded", {"value": double(text)}, {"value": float(text)})
    accept("numbers", "number: -0 is not below 0", "real_bounded", {"value": {"$number": "-0"}}, {"value": 0})
    for text in ("-5e-324", "1.5000000000000002", "-1.0"):
        reject("numbers", f"number: past its bound, {text}", "real_bounded", {"value": double(text)}, "out_of_range")
    reject("numbers", "number: an integer past its bound", "real_bounded", {"value": 2}, "out_of_range")


def strings():
    def ok(name, text, event="text", given=None):
        accept("strings", f"string: {name}", event, {"value": text if given is None else given}, {"value": text})

    def bad(name, given, code, event="text", **more):
        reject("strings", f"string: {name}", event, {"value": given}, code, **more)

    ok("empty", "")
    ok("plain", "abc")
    ok("8 bytes", "abcdefgh")
    ok("all controls", "".join(map(chr, range(32))), "text_long")
    for code in (0, 8, 9, 10, 12, 13, 0x1f, 0x22, 0x5c, 0x7f, 0x2f, 0x3c, 0x26):
        ok(f"U+{code:04X}", f"a{chr(code)}b")
    ok("an escape as the eighth byte", 'abcdefg"')
    ok("escapes behind eight plain bytes", 'abcdefgh"\\\n', "text_long")
    ok("two, three and four bytes a code point", "é€😀")
    ok("line separators are not escaped", "\u2028\u2029")
    ok("the byte order mark", "\ufeffa")
    ok("noncharacters", "\ufffe\uffff\U0010ffff")
    ok("the edges of the surrogates", "\ud7ff\ue000")
    ok("combining characters are code points", "e\u0301" * 4)
    ok("a family is seven code points", "👨\u200d👩\u200d👧\u200d👦", "text_long")
    ok("a flag", "🇪🇺")
    ok("right to left", "שלום")
    ok("escapes and emoji together", '"😀\\\té', "text_long")
    ok("looks like an escape", "\\u0041")
    for name, char in (("ASCII", "a"), ("two bytes", "é"), ("three bytes", "€"), ("four bytes", "😀"),
                       ("escaped", "\n")):
        ok(f"as long as allowed, {name}", char * 8, given=repeat(char, 8))
        bad(f"one too long, {name}", repeat(char, 9), "too_long")
    ok("8192 code points", "x" * 8192, "text_long", repeat("x", 8192))
    ok("8192 code points of four bytes", "😀" * 8192, "text_long", repeat("😀", 8192))
    ok("8192 escapes", "\x01" * 8192, "text_long", repeat("\x01", 8192))
    bad("8193 code points", repeat("x", 8193), "too_long", "text_long")
    bad("a million code points", repeat("x", 1000000), "too_long", "text_long")
    bad("two million code points", repeat("x", 2000000), "too_long", "text_long")
    # A lone surrogate as UTF-8 would write it; languages with UTF-16 or code point strings hold it.
    for name, data in {"high": "eda080", "low": "edb080", "high behind text": "6162eda080",
                       "two in the wrong order": "edb080eda080"}.items():
        bad(f"lone surrogate, {name}", raw(data), "invalid_utf8")
    bad("a lone surrogate too far on is still no UTF-8", raw("61" * 9 + "eda080"), "invalid_utf8")
    for name, data in {
        "byte ff": "ff", "byte c0": "c0", "continuation alone": "80", "cut off, two": "c3", "cut off, three": "e282",
        "cut off, four": "f09f98", "overlong slash": "c0af", "overlong three": "e080af", "overlong four": "f08080af",
        "above U+10FFFF": "f4908080", "lead f5": "f5808080", "bad last byte": "e28261", "behind eight bytes": "6162636465666768ff",
    }.items():
        bad(f"not UTF-8, {name}", raw(data), "invalid_utf8", skip=["python"])
    # A CESU-8 pair is two surrogates, even where a language would join them.
    bad("not UTF-8, a surrogate pair as six bytes", raw("eda0bdedb880"), "invalid_utf8", skip=["python", "node"])

    for value in ("ok", "error", "<10k", ">=10M", "é", 'a"b\\c'):
        accept("strings", f"enum: {value}", "choice", {"value": value}, {"value": value})
    for name, value in {"another": "failed", "empty": "", "case": "OK", "space": "ok ", "prefix": "o",
                        "decomposed": "e\u0301", "escaped by hand": 'a\\"b\\\\c', "zero": "ok\0"}.items():
        bad(f"enum, {name}", value, "not_in_enum", "choice")
    bad("enum, a lone surrogate", raw("eda080"), "invalid_utf8", "choice")


def patterns():
    good = {
        "identifier": ["a", "Z", "_", "TypeError", "requests.exceptions.Timeout", "a1", "_x.y_2", "a..b", "a."],
        "slug": ["a", "0", "a-b", "sl-plan-2", "10"],
        "semver": ["0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7", "1.0.0--", "1.0.0+build.5",
                   "1.0.0-rc.1+001", "1.0.0-x-y-z.0a", "1.0.0+--"],
        "uuid": ["019b7d7a-f12e-7000-8000-0123456789ab", "00000000-0000-0000-0000-000000000000"],
        "date": ["2026-01-02", "0000-12-31", "9999-01-01", "2025-02-31"],
        "hex": ["0", "deadbeef", "0123456789abcdef"],
        "locale": ["en", "deu", "en-US", "es-419", "zh-Hant", "zh-Hant-TW", "sr-Latn-RS"],
    }
    bad = {
        "identifier": ["", "1a", ".a", "a b", "a-b", "é", "a\n", "a:b"],
        "slug": ["", "-", "-a", "a-", "a--b", "A", "a_b", "a b", "a\n"],
        "semver": ["", "1", "1.2", "v1.2.3", "01.2.3", "1.02.3", "1.2.03", "1.2.3.4", "1.2.3-", "1.2.3+", "1.2.3-01",
                   "1.2.3-a..b", "1.2.3-a.", "1.2.3+a+b", "1.2.3 ", "1.2.3\n", ".1.2", "1..2", "1.2.", "1.2.3-é"],
        "uuid": ["", "019B7D7A-F12E-7000-8000-0123456789AB", "019b7d7af12e700080000123456789ab",
                 "019b7d7a-f12e-7000-8000-0123456789a", "019b7d7a-f12e-7000-8000-0123456789abc",
                 "019b7d7a-f12e-7000-8000-0123456789ag", "019b7d7a-f12e-7000-8000-0123456789ab\n"],
        "date": ["", "2026-1-2", "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32", "26-01-01", "2026/01/01",
                 "2026-01-02T", "2026-01-02\n"],
        "hex": ["", "DEADBEEF", "0x1", "g", "ab cd", "ab\n"],
        "locale": ["", "e", "EN", "en-us", "en_US", "en-", "-US", "en-USA", "zh-hant", "zh-Hant-", "zh-TW-Hant",
                   "engl", "en-US-x", "en-4190", "en\n"],
    }
    for pattern, texts in good.items():
        for text in texts:
            accept("patterns", f"{pattern}: {text}", f"of_{pattern}", {"value": text}, {"value": text})
    for pattern, texts in bad.items():
        for text in texts:
            reject("patterns", f"not {pattern}: {json.dumps(text)}", f"of_{pattern}", {"value": text}, "bad_pattern")
    reject("patterns", "the length is checked before the pattern", "of_slug", {"value": repeat("A", 65)}, "too_long")
    reject("patterns", "the encoding is checked before the pattern", "of_slug", {"value": raw("eda080")}, "invalid_utf8")


def fields():
    file = "fields"
    accept(file, "no fields", "nothing", {}, {})
    reject(file, "a field where there is none", "nothing", {"value": 1}, "unknown_field")
    reject(file, "unknown event", "no_such_event", {}, "unknown_event", "")
    reject(file, "unknown event, and its fields are not looked at", "Nothing", {"value": NAN}, "unknown_event", "", skip=["cli"])
    reject(file, "empty event name", "", {}, "unknown_event", "")
    reject(file, "event name of 64 bytes", "a" * 64, {}, "unknown_event", "")

    full = {"zulu": 1, "alpha": 2, "mike": "m", "bravo": True}
    accept(file, "catalog order", "ordered", full, full)
    accept(file, "reverse order", "ordered", [[k, full[k]] for k in reversed(full)], full)
    accept(file, "alphabetical order", "ordered", [[k, full[k]] for k in sorted(full)], full)
    accept(file, "rotated order", "ordered", [[k, full[k]] for k in ("mike", "bravo", "zulu", "alpha")], full)
    accept(file, "optional fields left out", "ordered", {"zulu": 1, "mike": "m"}, {"zulu": 1, "mike": "m"})
    accept(file, "null is absent for an optional field", "ordered",
           {"zulu": 1, "alpha": None, "mike": "m", "bravo": None}, {"zulu": 1, "mike": "m"})
    accept(file, "one optional field of two", "ordered", {"mike": "m", "zulu": 1, "bravo": False},
           {"zulu": 1, "mike": "m", "bravo": False})
    reject(file, "null is missing for a required field", "ordered", {"zulu": None, "mike": "m"}, "missing_field", "zulu")
    reject(file, "missing, the first one in catalog order", "ordered", {}, "missing_field", "zulu")
    reject(file, "missing, the second one", "ordered", {"zulu": 1}, "missing_field", "mike")
    reject(file, "catalog order decides which error is told", "ordered", {"mike": 1, "zulu": "x"}, "wrong_type", "zulu")
    reject(file, "an error in an optional field", "ordered", {"zulu": 1, "alpha": "x", "mike": "m"}, "wrong_type", "alpha")
    reject(file, "names are checked before values", "ordered", {"zulu": "x", "extra": 1}, "unknown_field", "extra")
    reject(file, "names are case-sensitive", "ordered", {"Zulu": 1, "mike": "m"}, "unknown_field", "Zulu")
    reject(file, "an unknown field that is null", "ordered", {"zulu": 1, "mike": "m", "extra": None}, "unknown_field", "extra")
    reject(file, "the caller's order decides among names", "ordered",
           [["second", 1], ["first", 1], ["zulu", 1]], "unknown_field", "second")
    reject(file, "a field of the envelope is not the caller's", "ordered",
           {"zulu": 1, "mike": "m", "cliVersion": "9"}, "unknown_field", "cliVersion")
    reject(file, "an empty name", "ordered", [["", 1]], "unknown_field", "")
    reject(file, "a long unknown name is cut to 128 bytes", "ordered", {"n" * 200: 1}, "unknown_field", "n" * 128)
    reject(file, "a long unknown name is cut between code points", "ordered", {"n" * 127 + "é": 1}, "unknown_field", "n" * 127)
    reject(file, "a long unknown name is cut before a code point that does not fit", "ordered", {"n" * 125 + "😀": 1},
           "unknown_field", "n" * 125)
    reject(file, "a name that is no UTF-8 is mended", "ordered", [[raw("61ff62"), 1]], "unknown_field", "a\ufffdb", skip=["python"])
    twice = [["zulu", 1], ["mike", "m"], ["zulu", 1]]
    reject(file, "the same field twice", "ordered", twice, "duplicate_field", "zulu", skip=["python"])
    reject(file, "the same field twice, once null", "ordered",
           [["zulu", 1], ["mike", "m"], ["alpha", None], ["alpha", 2]], "duplicate_field", "alpha", skip=["python"])
    reject(file, "a duplicate before an unknown name", "ordered",
           [["zulu", 1], ["zulu", 1], ["extra", 1]], "duplicate_field", "zulu", skip=["python"])
    reject(file, "an unknown name before a duplicate", "ordered",
           [["extra", 1], ["zulu", 1], ["zulu", 1]], "unknown_field", "extra", skip=["python"])
    reject(file, "a duplicate hides a missing field", "ordered", [["zulu", 1], ["zulu", 1]], "duplicate_field", "zulu", skip=["python"])

    usual = {"outcome": "ok", "stage": "parse", "errorClass": "a.B", "durationMs": 25.4, "sourceCount": 12,
             "joinCount": 0, "dialect": "postgres", "isDemo": False}
    accept(file, "a usual event", "planned", usual, usual)
    accept(file, "a usual event, with JavaScript's numbers", "planned",
           {**usual, "durationMs": double("25.0"), "sourceCount": double("12.0"), "joinCount": {"$number": "-0"}},
           {**usual, "durationMs": 25, "sourceCount": 12, "joinCount": 0})

    accept(file, "the epoch", "nothing", {}, {}, timestamp="1970-01-01T00:00:00.000Z", timestamp_ms=0)
    accept(file, "a leap day", "nothing", {}, {}, timestamp="2024-02-29T23:59:59.999Z", timestamp_ms=1709251199999)
    accept(file, "the last millisecond of 9999", "nothing", {}, {}, timestamp="9999-12-31T23:59:59.999Z",
           timestamp_ms=253402300799999)
    accept(file, "a year that 100 divides", "nothing", {}, {}, timestamp="2100-03-01T00:00:00.001Z", timestamp_ms=4107542400001)
    accept(file, "another uuid", "nothing", {}, {}, uuid="00000000-0000-4000-8000-000000000000")

    accept(file, "for this runtime and another", "for_two", {"value": True}, {"value": True})
    reject(file, "for another runtime", "for_node", {"value": True}, "wrong_runtime", "")
    reject(file, "the runtime is checked before the fields", "for_node", {"extra": 1}, "wrong_runtime", "")
    accept(file, "in the runtime that it is for", "for_node", {"value": True}, {"value": True}, {"runtime": "node"}, runtime="node")
    reject(file, "for two runtimes and in a third", "for_two", {"value": True}, "wrong_runtime", "", runtime="cpp")


def containers():
    file = "containers"
    for values in ([0], [1, 2, 3], [3, 1, 3]):
        accept(file, f"array {values}", "items", {"values": values}, {"values": values})
    accept(file, "array of doubles that are integers", "items", {"values": [double("1.0"), double("2e2")]}, {"values": [1, 200]})
    reject(file, "array below min_items", "items", {"values": []}, "too_many", "values")
    reject(file, "array above max_items", "items", {"values": [1, 2, 3, 4]}, "too_many", "values")
    reject(file, "the count is checked before the elements", "items", {"values": ["a", "b", "c", "d"]}, "too_many", "values")
    reject(file, "array, first element", "items", {"values": [-1, "a"]}, "out_of_range", "values[0]")
    reject(file, "array, last element", "items", {"values": [1, 2, "3"]}, "wrong_type", "values[2]")
    reject(file, "null in an array", "items", {"values": [1, None]}, "wrong_type", "values[1]")
    reject(file, "array in an array", "items", {"values": [[1]]}, "wrong_type", "values[0]")
    reject(file, "NaN in an array", "items", {"values": [1, NAN]}, "not_finite", "values[1]", skip=["cli"])
    accept(file, "empty array", "words", {"values": []}, {"values": []})
    accept(file, "array of strings", "words", {"values": ["", "a\"b", "😀😀😀😀"]}, {"values": ["", "a\"b", "😀😀😀😀"]})
    reject(file, "string too long in an array", "words", {"values": ["a", repeat("a", 5)]}, "too_long", "values[1]")
    reject(file, "lone surrogate in an array", "words", {"values": [raw("eda080")]}, "invalid_utf8", "values[0]")

    def flags(name, given, sent):
        accept(file, f"map: {name}", "bag", {"flags": given}, {"flags": Map(sent)})

    flags("empty", {}, {})
    flags("one entry", {"a": True}, {"a": True})
    flags("sorted", pairs(("b", True), ("a", False), ("C", True)), {"b": True, "a": False, "C": True})
    flags("a prefix first", pairs(("ab", True), ("a", True), ("", False)), {"": False, "a": True, "ab": True})
    flags("sorted by UTF-16 code units", pairs(("\uffee", True), ("😀", False), ("z", True), ("\ue000", False)),
          {"z": True, "😀": False, "\ue000": False, "\uffee": True})
    flags("keys are escaped", pairs(("\"", True), ("\n", False), ("\\", True)), {"\n": False, "\"": True, "\\": True})
    flags("as many as allowed", {"a": True, "b": True, "c": True, "d": True}, dict.fromkeys("abcd", True))
    flags("keys as long as allowed", {"12345678": True, "😀" * 8: False}, {"12345678": True, "😀" * 8: False})
    reject(file, "map: too many", "bag", {"flags": dict.fromkeys("abcde", True)}, "too_many", "flags")
    reject(file, "map: key too long", "bag", {"flags": {"123456789": True}}, "too_long", "flags[]")
    reject(file, "map: key too long, four bytes each", "bag", {"flags": {"😀" * 9: True}}, "too_long", "flags[]")
    reject(file, "map: key is no UTF-8", "bag", {"flags": pairs((raw("ff"), True))}, "invalid_utf8", "flags[]", skip=["python"])
    reject(file, "map: key is a lone surrogate", "bag", {"flags": pairs((raw("eda080"), True))}, "invalid_utf8", "flags[]")
    reject(file, "map: key twice", "bag", {"flags": pairs(("a", True), ("b", True), ("a", False))}, "duplicate_field", "flags[]",
           skip=["python"])
    reject(file, "map: keys are checked before values", "bag", {"flags": pairs(("a", 1), ("123456789", True))}, "too_long", "flags[]")
    reject(file, "map: wrong type of a value", "bag", {"flags": {"a": True, "b": 1}}, "wrong_type", "flags[]")
    reject(file, "map: null as a value", "bag", {"flags": {"a": None}}, "wrong_type", "flags[]")

    demo = {"driver": "sqlite", "isDemo": True}
    accept(file, "objects: none", "shelf", {"connectors": []}, {"connectors": []})
    accept(file, "objects: their fields in catalog order", "shelf",
           {"connectors": [pairs(("isDemo", True), ("driver", "sqlite")), {"version": "9", "driver": "pg", "isDemo": False}]},
           {"connectors": [demo, {"driver": "pg", "isDemo": False, "version": "9"}]})
    accept(file, "objects: null is absent", "shelf", {"connectors": [{**demo, "version": None}]}, {"connectors": [demo]})
    for name, value, code, field in (
        ("missing", {"isDemo": True}, "missing_field", "driver"),
        ("null", {"driver": None, "isDemo": True}, "missing_field", "driver"),
        ("unknown", {**demo, "host": "x"}, "unknown_field", "host"),
        ("wrong type", {**demo, "isDemo": "yes"}, "wrong_type", "isDemo"),
        ("too long", {**demo, "version": "123456789"}, "too_long", "version"),
    ):
        reject(file, f"objects: {name}", "shelf", {"connectors": [demo, demo, value]}, code, f"connectors[2].{field}")
    reject(file, "objects: a field twice", "shelf", {"connectors": [pairs(("driver", "a"), ("driver", "a"))]}, "duplicate_field",
           "connectors[0].driver", skip=["python"])
    reject(file, "objects: null among them", "shelf", {"connectors": [demo, None]}, "wrong_type", "connectors[1]")
    reject(file, "objects: text among them", "shelf", {"connectors": ["sqlite"]}, "wrong_type", "connectors[0]")
    reject(file, "objects: a long path is cut", "shelf", {"connectors": [{"n" * 200: 1}]}, "unknown_field",
           ("connectors[0]." + "n" * 200)[:128])

    leaf = {"size": 1.5, "tags": Map({"b": "off", "a": "on"})}
    accept(file, "nested: everything", "nested",
           {"tree": pairs(("label", "x"), ("groups", pairs(("z", [{"tags": {"b": "off", "a": "on"}, "size": 1.5}]), ("a", []))))},
           {"tree": {"groups": Map({"a": [], "z": [leaf]}), "label": "x"}})
    accept(file, "nested: nothing in it", "nested", {"tree": {"groups": {}}}, {"tree": {"groups": Map()}})
    for name, value, code, field in (
        ("at the leaf", {"groups": {"a": [{"size": 1}, {"size": -1}]}}, "out_of_range", "tree.groups[][1].size"),
        ("in a map of a map", {"groups": {"a": [{"size": 1, "tags": {"x": "maybe"}}]}}, "not_in_enum", "tree.groups[][0].tags[]"),
        ("missing at the leaf", {"groups": {"a": [{}]}}, "missing_field", "tree.groups[][0].size"),
        ("unknown at the leaf", {"groups": {"a": [{"size": 1, "kind": 1}]}}, "unknown_field", "tree.groups[][0].kind"),
        ("missing near the root", {"label": "x"}, "missing_field", "tree.groups"),
        ("too many in the middle", {"groups": {"a": [{"size": 1}] * 5}}, "too_many", "tree.groups[]"),
        ("sorted entries decide which error is told", {"groups": pairs(("b", 1), ("a", [1]))}, "wrong_type", "tree.groups[][0]"),
    ):
        reject(file, f"nested: {name}", "nested", {"tree": value}, code, field)


def envelope():
    file = "envelope"

    def ok(name, sources, changed, **more):
        accept(file, name, "nothing", {}, {}, changed, sources=sources, **more)

    def bad(name, sources, code, field, event="nothing", given=None, **more):
        reject(file, name, event, {} if given is None else given, code, field, sources=sources, **more)

    ok("product.version", {"product.version": "2.0.0-rc.1"}, {"cliVersion": "2.0.0-rc.1"})
    ok("runtime.name, mapped", {}, {"runtime": "native"}, runtime="cpp")
    ok("runtime.name, sent as it is", {}, {"runtime": "node"}, runtime="node")
    ok("runtime.version", {"runtime.version": "20.1.0"}, {"runtimeVersion": "20.1.0"})
    ok("os.platform", {"os.platform": "darwin"}, {"osPlatform": "darwin"})
    ok("os.release", {"os.release": "23.5.0 \"x\""}, {"osRelease": "23.5.0 \"x\""})
    ok("cpu.arch", {"cpu.arch": "arm64"}, {"arch": "arm64"})
    ok("ci.detected", {"ci.detected": True}, {"isCi": True})
    ok("agent.name", {"agent.name": "claude-code"}, {"agent": "claude-code"})
    ok("session.id", {"session.id": "00000000-0000-4000-8000-000000000001"}, {"session": "00000000-0000-4000-8000-000000000001"})
    ok("host, text", {"host.tenant": "t-1"}, {"tenant": "t-1"})
    ok("host, mapped", {"host.region": "eu-west-1"}, {"region": "eu"})
    ok("host, sent as it is", {"host.region": "us"}, {"region": "us"})
    ok("host, integer", {"host.cores": 8}, {"cores": 8})
    ok("host, a double that is an integer", {"host.cores": double("8.0")}, {"cores": 8})
    ok("host, number", {"host.load": 0.25}, {"load": 0.25})
    ok("host, an integer for a number", {"host.load": 2}, {"load": 2})
    ok("host, boolean", {"host.managed": True}, {"managed": True})
    ok("all at once, in catalog order",
       {"host.managed": False, "host.load": double("1e-7"), "host.cores": 1024, "host.region": "us-east-1"},
       {"region": "us", "cores": 1024, "load": 1e-7, "managed": False})
    ok("as long as allowed", {"product.version": "é" * 16}, {"cliVersion": "é" * 16})

    bad("required and not supplied", {"host.tenant": None}, "missing_field", "tenant")
    bad("text too long", {"product.version": "x" * 17}, "too_long", "cliVersion")
    bad("pattern", {"host.tenant": "Acme"}, "bad_pattern", "tenant")
    bad("pattern of the session", {"session.id": "1"}, "bad_pattern", "session")
    bad("outside the enum", {"host.region": "mars"}, "not_in_enum", "region")
    bad("boolean for text", {"host.tenant": True}, "wrong_type", "tenant")
    bad("text for an integer", {"host.cores": "8"}, "wrong_type", "cores")
    bad("text for a boolean", {"host.managed": "true"}, "wrong_type", "managed")
    bad("integer out of range", {"host.cores": 0}, "out_of_range", "cores")
    bad("a fraction for an integer", {"host.cores": 1.5}, "wrong_type", "cores")
    bad("number out of range", {"host.load": -0.5}, "out_of_range", "load")
    bad("infinite", {"host.load": INFINITY}, "not_finite", "load", skip=["cli"])
    bad("the first error in catalog order", {"host.cores": 0, "host.tenant": None}, "missing_field", "tenant")
    bad("the event's name comes first", {"host.tenant": None}, "unknown_event", "", "no_such_event")
    bad("then the runtime", {"host.tenant": None}, "wrong_runtime", "", "for_node", {"value": True})
    bad("then the envelope, before the fields", {"host.tenant": None}, "missing_field", "tenant", "flag", {"extra": 1})


def diagnostics():
    file = "diagnostics"
    for name, text, sent in (
        ("nothing to hide", "file not found", "file not found"),
        ("a home directory", "open /home/ada/x.py: denied", "open ~/x.py: denied"),
        ("a password", "connect: password=hunter2 refused", "connect: password=[redacted] refused"),
        ("escaped after redaction", "C:\\Users\\ada\\x\n", "~\\x\n"),
        ("an address", "mail ada@example.com", "mail [email]"),
    ):
        accept(file, f"redacted: {name}", "diagnosed", {"errorDetail": text}, {"errorDetail": sent})
    accept(file, "redacted: in an array", "diagnosed", {"causes": ["/home/ada/x", "ok"]}, {"causes": ["~/x", "ok"]})
    accept(file, "redacted: in a map in an object", "diagnosed", {"context": {"lines": {"1": "/home/ada/x", "2": "ok"}}},
           {"context": {"lines": Map({"1": "~/x", "2": "ok"})}})
    accept(file, "redacted: never longer than allowed", "diagnosed",
           {"causes": ["pwd=1 pwd=2 pwd=3 x"]}, {"causes": ["pwd=[redacted] pwd="]})
    reject(file, "redacted: the caller's text is measured", "diagnosed",
           {"errorDetail": "/home/" + "a" * 195}, "too_long", "errorDetail")
    accept(file, "redacted: only diagnostic text", "text_long", {"value": "/home/ada"}, {"value": "/home/ada"})


def sizes():
    file = "sizes"
    overhead = len(event_bytes("bulk", DEFAULTS["uuid"], TIMESTAMP, {}, {"blobs": []}))
    rest = EVENT_BYTES_MAX - overhead
    blobs = []
    while rest > 65536 + 3:
        blobs.append(65536)
        rest -= 65536 + 3
    blobs.append(rest - 2)
    given, sent = [repeat("x", n) for n in blobs], ["x" * n for n in blobs]
    accept(file, "as large as allowed", "bulk", {"blobs": given}, {"blobs": sent})
    more = given[:-1] + [repeat("x", blobs[-1] + 1)]
    reject(file, "one byte too large", "bulk", {"blobs": more}, "too_large", "")
    reject(file, "far too large", "bulk", {"blobs": [repeat("\x01", 65536)] * 64}, "too_large", "")
    reject(file, "an error in the data is told before the size", "bulk",
           {"blobs": [repeat("\x01", 65536)] * 63 + [5]}, "wrong_type", "blobs[63]")
    accept(file, "beyond a few kilobytes", "bulk", {"blobs": [repeat("é", 5000), repeat("\n", 3000)]},
           {"blobs": ["é" * 5000, "\n" * 3000]})
    for n in range(3200, 3300, 20):
        accept(file, f"around four kilobytes, {n}", "bulk", {"blobs": [repeat("x", n)]}, {"blobs": ["x" * n]})


def text_of(vectors) -> str:
    lines = ",\n".join("    " + json.dumps(vector, ensure_ascii=False) for vector in vectors)
    head = {"kind": "events", "catalog": "conformance.telemetry.jsonc", "defaults": DEFAULTS}
    return json.dumps(head, indent=2)[:-2] + ',\n  "vectors": [\n' + lines + "\n  ]\n}\n"


def main() -> int:
    for group in (booleans, wrong_types, integers, numbers, strings, patterns, fields, containers, envelope, diagnostics, sizes):
        group()
    stale = []
    for name, vectors in FILES.items():
        path = HERE / f"{name}.json"
        text = text_of(vectors)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    print(f"{len(NAMES)} vectors; " + (f"changed: {', '.join(stale)}" if stale else "up to date"))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
