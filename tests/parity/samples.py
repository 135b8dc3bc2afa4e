"""Values that are worth trying, because some language treats them apart."""

from __future__ import annotations

import json

from conformance import forms

SAFE_MAX = 2**53 - 1  # of the integers that JavaScript's numbers hold exactly
INTEGERS = [0, 1, -1, 9, 10, 2**31, -(2**31) - 1, 10**15, SAFE_MAX, 2**53, 2**53 + 1, 2**62 + 1, 2**63 - 1,
            2**63, 2**64 - 1, 2**64, 2**64 + 1, 2**70 + 12345, 10**30]  # fmt: skip
DOUBLES = [0.0, 0.1, 0.5, 1.5, 4.35, 25.4, 100.0, 1e5, 1e-5, 1e-6, 1e-7, 1e15, 1e16, 1e20, 1e21, 1e22, 1e23,
           123456789012345680000.0, 4503599627370497.5, float(2**53), float(2**63), float(2**64), 1e300,
           5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]  # fmt: skip

# One of each width in UTF-8 and in UTF-16, and what JSON, terminals and JavaScript treat apart.
CHARACTERS = ("aZ09_-. é\u00df\u0301\u20ac\u2028\ufeff\ufffd\uffee\ue000\U0001f600\U0001d11e\U0010ffff"
              "\"\\/<\x00\x01\b\t\n\x1f\x7f\x80\u202e")  # fmt: skip
# Order in UTF-16 is not that in UTF-8; objects of JavaScript inherit some and move others.
KEYS = ["a", "b", "z", "Z", "aa", "0", "2", "10", "-1", "01", "4294967295", "__proto__", "constructor", "toString",
        "length", "$int", "", "é", "e\u0301", "\uffee", "\ufb33", "\U0001f600", "\x00", '"', "\\", "a\nb"]  # fmt: skip
# Not UTF-8: alone, in the middle, as what each language would take for a character.
SURROGATES = ["eda080", "edb080", "61eda08062", "edb080eda080", "f09f9880edbfbf"]
NO_TEXT = ["ff", "c0af", "61ff62", "e282", "f4908080", "eda0bdedb880", "6162636465666768c3"]

PATTERNS = {
    "identifier": ["TimeoutError", "a", "_x.y", "A1", "a.b.", "x_9"],
    "slug": ["a", "a-b", "x1-2", "0", "a-b-c-d"],
    "semver": ["1.2.3", "0.0.1-rc.1", "1.0.0+build.5", "10.20.30-x-y.0+a.01", "0.0.0"],
    "uuid": ["01234567-89ab-7cde-8f01-23456789abcd", "00000000-0000-0000-0000-000000000000"],
    "date": ["2026-01-02", "0000-12-31", "9999-02-31"],
    "hex": ["0f", "deadbeef", "0"],
    "locale": ["en", "en-US", "zh-Hant-TW", "deu-049", "sr-Cyrl"],
}
MISSES = {
    "identifier": ["1a", ".a", "a-b", "a b", "\u00e9"],
    "slug": ["a--b", "-a", "a-", "A", "a_b"],
    "semver": ["01.2.3", "1.2", "1.2.3.4", "1.2.3-01", "1.2.3-", "1.2.3+", "v1.2.3", "1.2.3-a..b", "1.2.03"],
    "uuid": ["01234567-89AB-7cde-8f01-23456789abcd", "0123456789ab7cde8f0123456789abcd",
             "g1234567-89ab-7cde-8f01-23456789abcd"],
    "date": ["2026-13-02", "2026-00-02", "2026-01-32", "2026-01-00", "2026-1-2", "02026-01-02", "2026/01/02"],
    "hex": ["DEAD", "0x1", "0g"],
    "locale": ["e", "EN", "en-us", "engl", "en-USA", "en-12", "zh-hant", "zh-Hant-", "en-US-x"],
}  # fmt: skip
# What a pattern knows and what looks like it.
NEAR_CHARACTERS = ["-", "-", ".", "+", "\n", " ", "A", "z", "0", "_", "\u0661", "\uff11", "é", "\x00"]
PERSONAL = [vector["text"] for vector in json.loads((forms.HERE / "redact.json").read_text())["vectors"]]
FIELD_NAMES = ["extra", "", "Outcome", "value ", "timestamp", "uuid", "distinct_id", "event", "properties",
               "é" * 100, "\U0001f600" * 40, "x" * 129, *KEYS]  # fmt: skip
EVENT_NAMES = ["no_such_event", "", " ", "__proto__", "constructor", "x" * 300, "é", "\x00"]
UUIDS = ["", "x", "01234567-89AB-7cde-8f01-23456789abcd", "0123456789ab7cde8f0123456789abcd",
         "{01234567-89ab-7cde-8f01-23456789abcd}", "01234567-89ab-7cde-8f01-23456789abcd\n",
         "01234567-89ab-7cde-8f01-23456789abc\u0661", "g1234567-89ab-7cde-8f01-23456789abcd"]  # fmt: skip
