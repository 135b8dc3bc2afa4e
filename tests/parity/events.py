"""Makes events for a catalog, in the forms of tests/conformance: valid ones, those that just keep
or just break one rule, and hostile ones. A seed and a number make one event, always the same."""

from __future__ import annotations

import json
import math
import random
import re
import struct
import uuid
from pathlib import Path
from typing import Any

from conformance import forms
from parity.samples import (CHARACTERS, DOUBLES, EVENT_NAMES, FIELD_NAMES, INTEGERS, KEYS, MISSES,
                            NEAR_CHARACTERS, NO_TEXT, PATTERNS, PERSONAL, SAFE_MAX, SURROGATES, UUIDS)  # fmt: skip

Form = Any
Shape = dict[str, Any]

TIMESTAMP_MAX = 253402300799999  # the last millisecond of the year 9999
DOUBLE_MAX = 1.7976931348623157e308
EVENT_BYTES_MAX = 1024 * 1024 - 4096
GOOD_ENVELOPES, BAD_ENVELOPES = 8, 8
# Sources that the core knows by itself, the same in every language.
MACHINE = {"os.platform", "os.release", "cpu.arch", "ci.detected", "agent.name"}
# Sources that each process has for itself, so that they are always given.
OWN = {"runtime.version": "1.2.3", "session.id": "01234567-89ab-7cde-8f01-23456789abcd"}


class Catalog:
    def __init__(self, path: Path) -> None:
        self.path = path
        comments = r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/'
        plain = re.sub(comments, lambda found: found[1] or "", path.read_text(), flags=re.DOTALL)
        document = json.loads(plain)
        self.envelope: dict[str, Shape] = document["envelope"]
        self.events: dict[str, Shape] = document["events"]
        named = {runtime for event in self.events.values() for runtime in event.get("runtimes", ())}
        self.runtimes = sorted(named | {"cpp", "node", "python"})

    def envelopes(self, seed: int) -> list[dict[str, Any]]:
        """Ways to open a client: the good ones first, then those that reject every event."""
        made = []
        for i in range(GOOD_ENVELOPES + BAD_ENVELOPES):
            runtime = self.runtimes[i % len(self.runtimes)]
            made.append(Maker(f"{self.path.name} {seed} envelope {i}").envelope(self, runtime))
        for i in range(GOOD_ENVELOPES, len(made)):
            Maker(f"{self.path.name} {seed} spoil {i}").spoil_envelope(self, made[i])
        return made

    def event(self, seed: int, number: int, envelopes: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """The number of its envelope, and the event."""
        maker = Maker(f"{self.path.name} {seed} event {number}")
        good = maker.random.random() < 0.95
        which = maker.random.randrange(GOOD_ENVELOPES) + (0 if good else BAD_ENVELOPES)
        return which, maker.event(self, envelopes[which]["runtime"])


class Maker:
    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # ---- values of no shape ----

    def integer(self, n: int) -> Form:
        """One of the ways to say an integer."""
        ways: list[Form] = [{"$int": str(n)}]
        if abs(n) <= SAFE_MAX:
            ways += [n, n]
        if abs(n) < 2**64 and int(float(n)) == n:
            ways.append({"$float": f"{n}.0"})
        return self.pick(ways)

    def near_integer(self) -> int:
        return self.pick([1, -1]) * (self.pick(INTEGERS) + self.random.randint(-1, 1))

    def double(self, x: float) -> Form:
        if math.isnan(x):
            return {"$number": "NaN"}
        if math.isinf(x):
            return {"$number": "Infinity" if x > 0 else "-Infinity"}
        if x == 0 and math.copysign(1, x) < 0:
            return {"$number": "-0"}
        return x if x != int(x) and self.chance(0.5) else {"$float": repr(x)}

    def any_double(self) -> float:
        if self.chance(0.4):
            return struct.unpack("<d", self.random.randbytes(8))[0]
        x = self.pick(DOUBLES)
        if self.chance(0.4):
            x = math.nextafter(x, self.pick([0.0, math.inf]))
        return self.pick([x, x, -x])

    def text(self, length: int) -> str:
        """Text of so many code points."""
        if self.chance(0.4):
            return self.pick(CHARACTERS) * length
        if self.chance(0.5):
            return "".join(self.pick("abcdefghijklmnopqrstuvwxyz_0123456789") for _ in range(length))
        return "".join(self.pick(CHARACTERS) if self.chance(0.7) else self.code_point() for _ in range(length))

    def code_point(self) -> str:
        while 0xD800 <= (point := self.random.randrange(1 << self.random.randint(1, 20))) < 0xE000:
            pass
        return chr(point)

    def said(self, text: str) -> Form:
        if len(text) > 40 and text == text[0] * len(text):
            return {"$repeat": [text[0], len(text)]}
        return text if self.chance(0.95) else {"$bytes": text.encode().hex()}

    def no_text(self) -> Form:
        # Few: Python and JavaScript can say no other bytes than surrogates.
        return {"$bytes": self.pick(SURROGATES if self.chance(0.85) else NO_TEXT)}

    def entries(self, entries: list[list[Form]]) -> Form:
        """An object, whose order means nothing to a reader, or pairs, where it does."""
        names = [name for name, _ in entries]
        plain = all(isinstance(name, str) for name in names) and len(set(map(str, names))) == len(names)
        # A plain object of JavaScript moves whole numbers to its front.
        moved = len(names) > 1 and any(re.fullmatch("[0-9]+", str(name)) for name in names)
        tag = len(names) == 1 and str(names[0]).startswith("$")
        if plain and not moved and not tag and self.chance(0.6):
            return dict(entries)
        return {"$pairs": entries}

    def anything(self, depth: int = 3) -> Form:
        match self.random.randrange(12):
            case 0:
                return self.pick([True, False, None])
            case 1 | 2:
                return self.integer(self.near_integer())
            case 3:
                return self.double(self.any_double())
            case 4:
                return self.double(self.pick([math.nan, math.inf, -math.inf, -0.0]))
            case 5 | 6:
                return self.said(self.text(self.random.randrange(12)))
            case 7:
                return self.no_text()
            case 8:
                return {"$unsupported": True} if self.chance(0.4) else self.pick(["", "0", "true", "null", "NaN"])
            case 9 if depth:
                return [self.anything(depth - 1) for _ in range(self.random.randrange(6))]
            case 10 if depth:
                names = self.random.sample(KEYS, self.random.randrange(5))
                return self.entries([[name, self.anything(depth - 1)] for name in names])
        nested: Form = 1
        for _ in range(self.random.randint(1, 40)):
            nested = [nested] if self.chance(0.5) else {"a": nested}
        return nested

    # ---- values of a shape ----

    def valid(self, shape: Shape) -> Form:
        match shape["type"]:
            case "boolean":
                return self.chance(0.5)
            case "integer":
                low, high = bounds(shape)
                near = max(low, min(high, self.pick([-1, 1]) * self.pick(INTEGERS)))
                return self.integer(self.pick([near, self.random.randint(max(low, -100), min(high, 10**6))]))
            case "number":
                low, high = shape.get("min", -math.inf), shape.get("max", math.inf)
                if self.chance(0.2) and low <= (n := self.near_integer()) <= high:
                    return self.integer(n)
                x = self.any_double()
                if not math.isfinite(x) or not low <= x <= high:
                    x = self.random.uniform(shape.get("min", 0), shape.get("max", 1e6))
                return self.integer(int(x)) if x == int(x) and self.chance(0.7) else self.double(x)
            case "string":
                return self.valid_string(shape)
            case "enum":
                return self.said(self.pick(shape["values"]))
            case "array":
                low, high = shape.get("min_items", 0), shape["max_items"]
                return [self.valid(shape["items"]) for _ in range(self.random.randint(low, min(high, low + 4)))]
            case "map":
                return self.entries(self.valid_map(shape, self.random.randint(0, min(shape["max_entries"], 6))))
            case "object":
                return self.entries(self.valid_fields(shape["fields"]))
        raise ValueError(shape["type"])

    def valid_string(self, shape: Shape) -> Form:
        longest = shape["max_length"]
        if "pattern" in shape:
            return self.said(self.pick([text for text in PATTERNS[shape["pattern"]] if len(text) <= longest]))
        if shape.get("class") == "diagnostic" and self.chance(0.8):
            parts = [self.pick(PERSONAL) for _ in range(self.random.randint(1, 4))]
            return self.said(self.pick(["", " ", ": ", "\n", "é"]).join(parts)[:longest])
        length = longest if self.chance(0.02) else self.random.randint(0, min(longest, 12))
        return self.said(self.text(length) if length < 1000 else self.pick(CHARACTERS) * length)

    def valid_map(self, shape: Shape, count: int) -> list[list[Form]]:
        longest = shape.get("max_length", 64)
        names = [key for key in KEYS if len(key) <= longest]
        # Enough of them for the largest map.
        names += [f"k{i}" for i in range(max(0, count - len(names)))]
        return [[name, self.valid(shape["values"])] for name in self.random.sample(names, count)]

    def valid_fields(self, fields: dict[str, Shape]) -> list[list[Form]]:
        made: list[list[Form]] = []
        for name, shape in fields.items():
            if not shape.get("optional") or self.chance(0.6):
                made.append([name, self.valid(inherited(shape))])
            elif self.chance(0.2):
                made.append([name, None])
        if self.chance(0.4):
            self.random.shuffle(made)
        return made

    # ---- at the edge of a shape ----

    def near(self, shape: Shape) -> Form:
        """A value that just keeps or just breaks one of the shape's rules."""
        match shape["type"]:
            case "boolean":
                return self.pick([True, False, 0, 1, "true", "", None, {"$float": "1.0"}, [True]])
            case "integer":
                edge = self.pick(bounds(shape))
                if self.chance(0.2):
                    return self.double(self.pick([edge + 0.5, -0.0, 1e-300, math.nan, math.inf]))
                return self.integer(edge + self.pick([-1, 0, 1]))
            case "number":
                edge = float(self.pick([shape.get("min", -DOUBLE_MAX), shape.get("max", DOUBLE_MAX)]))
                above, below = math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf)
                return self.double(self.pick([edge, above, below, -0.0]))
            case "string":
                return self.near_string(shape)
            case "enum":
                text = self.pick(shape["values"])
                return self.said(self.pick([text, text.upper(), text + " ", text[:-1], text + "\x00", "e\u0301"]))
            case "array":
                return self.near_array(shape)
            case "map":
                return self.near_map(shape)
            case "object":
                return self.entries(self.near_fields(shape["fields"]))
        raise ValueError(shape["type"])

    def near_string(self, shape: Shape) -> Form:
        longest = shape["max_length"]
        if self.chance(0.12):
            return self.no_text()
        if "pattern" in shape and self.chance(0.8):
            if self.chance(0.4):
                return self.said(self.pick(MISSES[shape["pattern"]]))
            text = self.pick(PATTERNS[shape["pattern"]])
            at = self.pick([0, len(text), self.random.randint(0, len(text))])
            if self.chance(0.3):
                return self.said(self.pick([text[:at] + text[at + 1 :], text.upper(), ""]))
            return self.said(text[:at] + self.pick(NEAR_CHARACTERS) + text[at:])
        character = "a" if "pattern" in shape else self.pick(CHARACTERS)
        return self.said(character * (longest + self.pick([-1, 0, 0, 1, 1])))

    def near_array(self, shape: Shape) -> Form:
        low, high = shape.get("min_items", 0), shape["max_items"]
        if high > 0 and self.chance(0.5):
            made = [self.valid(shape["items"]) for _ in range(max(low, min(high, 3)))]
            made[self.random.randrange(len(made))] = self.near(shape["items"]) if self.chance(0.8) else None
            return made
        one = self.valid(shape["items"])
        return [one] * max(0, self.pick([low - 1, low, high, high + 1, high + 1]))

    def near_map(self, shape: Shape) -> Form:
        most, longest = shape["max_entries"], shape.get("max_length", 64)
        if self.chance(0.3):
            return self.entries(self.valid_map(shape, self.pick([most, most + 1])))
        entries = self.valid_map(shape, self.random.randint(1, min(3, most)))
        spoilt = self.pick(entries)
        if self.chance(0.4):
            spoilt[1] = self.near(shape["values"])
        elif self.chance(0.3):
            spoilt[0] = self.no_text()
        elif self.chance(0.1):
            entries.append(list(spoilt))  # a name twice
        else:
            spoilt[0] = self.pick(CHARACTERS) * (longest + self.pick([0, 1]))
        return self.entries(entries)

    def near_fields(self, fields: dict[str, Shape]) -> list[list[Form]]:
        made = self.valid_fields(fields)
        if fields:
            name = self.pick(list(fields))
            if self.chance(0.3):
                name = self.pick(containers(fields) or [name])
            made = [entry for entry in made if entry[0] != name]
            if self.chance(0.7):
                made.insert(self.random.randint(0, len(made)), [name, self.near(inherited(fields[name]))])
        return made

    # ---- whole events ----

    def event(self, catalog: Catalog, runtime: str) -> dict[str, Any]:
        name = self.event_name(catalog, runtime)
        fields = catalog.events[name]["fields"]
        made: dict[str, Any] = {
            "event": name, "timestamp_ms": self.random.randint(0, TIMESTAMP_MAX),
            "uuid": str(uuid.UUID(int=self.random.getrandbits(128))),
        }  # fmt: skip
        mood = self.random.random()
        entries = self.valid_fields(fields) if mood < 0.55 else self.near_fields(fields)
        if mood > 0.8:
            self.spoil(made, entries)
        if name == "bulk" and self.chance(0.8):
            # A byte costs six in JSON: the last blob fills what the others left of the largest event.
            blob = self.random.randint(60000, 65536)
            rest = (EVENT_BYTES_MAX - 700 - 15 * (blob + 3)) // 6 + self.random.randint(-50, 100)
            entries = [["blobs", [{"$repeat": ["x", blob]}] * 15 + [{"$repeat": ["\x01", rest]}]]]
        said = self.entries(entries)
        made["fields"] = said["$pairs"] if "$pairs" in said and isinstance(said["$pairs"], list) else said
        if self.chance(0.1):
            made["distinct_id"] = self.said(self.text(self.random.randint(1, 20)))
        return made

    def event_name(self, catalog: Catalog, runtime: str) -> str:
        events = catalog.events
        ours = [name for name, event in events.items() if runtime in event.get("runtimes", [runtime])]
        if self.chance(0.04):
            return self.pick([name for name in events if name not in ours] or ours)
        nested = [name for name in ours if containers(events[name]["fields"])]
        name = self.pick(nested or ours) if self.chance(0.3) else self.pick(ours)
        # Megabytes; a few of them are enough.
        return name if name != "bulk" or self.chance(0.15) else self.pick(ours)

    def spoil(self, event: dict[str, Any], entries: list[list[Form]]) -> None:
        """Changes something that may or may not break the event."""
        at = self.random.randint(0, len(entries))
        match self.random.randrange(16):
            case 0 | 1 | 2:
                name = self.pick(FIELD_NAMES) if self.chance(0.8) else self.no_text()
                entries.insert(at, [name, self.anything()])
            case 3 | 4 if entries:
                entries.remove(self.pick(entries))
            case 5 if entries and self.chance(0.5):
                entries.insert(at, list(self.pick(entries)))  # a name twice
            case 6:
                event["event"] = self.pick([*EVENT_NAMES, event["event"].upper(), event["event"] + " "])
            case 7 if self.chance(0.5):
                event["event"] = self.no_text()
            case 8:
                event["timestamp_ms"] = self.timestamp()
            case 9:
                event["uuid"] = self.pick([*UUIDS, None, self.no_text()])
            case 10:
                event["distinct_id"] = self.said(self.pick(["x", "é"]) * self.random.randint(99, 201))
            case 11 if self.chance(0.3):
                # In C++ an option has a type of its own.
                option = self.pick(["timestamp_ms", "uuid", "distinct_id"])
                # The number 5 is a time, and true as the uuid asks for the one that was given.
                wrong = {"timestamp_ms": [True, [1], {"a": 1}], "uuid": [5, ["x"], {}]}
                event[option] = self.pick(wrong.get(option, [True, 5, ["x"], {}]))
            case _ if entries:
                self.pick(entries)[1] = self.anything()

    def timestamp(self) -> Form:
        edge = self.pick([0, TIMESTAMP_MAX, SAFE_MAX, -SAFE_MAX, 2**63 - 2, -(2**63) + 1])
        if self.chance(0.1):
            return self.double(self.pick([1.5, -0.5, 1e-9, math.nan, math.inf]))
        return self.pick([None, {"$int": str(edge + self.pick([-1, 0, 1]))}])

    # ---- envelopes ----

    def envelope(self, catalog: Catalog, runtime: str) -> dict[str, Any]:
        sources: dict[str, Form] = {}
        for shape in catalog.envelope.values():
            source = shape.get("source")
            if source in MACHINE and self.chance(0.3):
                continue
            if source and source != "runtime.name" and not (shape.get("optional") and self.chance(0.3)):
                said = self.said(self.pick(list(shape["map"]))) if "map" in shape else self.valid(shape)
                sources[source] = source_form(said)
        return {"runtime": runtime, "sources": OWN | sources}

    def spoil_envelope(self, catalog: Catalog, envelope: dict[str, Any]) -> None:
        shapes = [shape for shape in catalog.envelope.values() if shape.get("source", "runtime.name") != "runtime.name"]
        shape = self.pick(shapes)
        source = shape["source"]
        near = self.near(shape) if self.chance(0.7) else self.pick([True, 5, 1.5, "", "5"])
        if self.chance(0.15) and source not in MACHINE | OWN.keys():
            envelope["sources"][source] = None
        elif self.chance(0.15):
            envelope["runtime"] = self.pick(["ruby", "", "Node"])
        else:
            envelope["sources"][source] = source_form(near)


def source_form(form: Form) -> Form:
    """A source of this value, or of one like it that open does not refuse in some language."""
    if (text := forms.text(form)) is not None:
        return text.decode(errors="replace").replace("\x00", "0")
    match form:
        case {"$int": digits} if abs(int(digits)) >= 2**63:
            return {"$float": repr(float(digits))}
        case list() | None:
            return ""
    return form


def containers(fields: dict[str, Shape]) -> list[str]:
    return [name for name, shape in fields.items() if shape["type"] in ("array", "map", "object")]


def bounds(shape: Shape) -> tuple[int, int]:
    return shape.get("min", -SAFE_MAX), shape.get("max", SAFE_MAX)


def inherited(shape: Shape) -> Shape:
    """What is inside of a diagnostic container is diagnostic."""
    if shape.get("class") != "diagnostic":
        return shape
    inner = dict(shape)
    if "items" in shape:
        inner["items"] = inherited(shape["items"] | {"class": "diagnostic"})
    if isinstance(shape.get("values"), dict):
        inner["values"] = inherited(shape["values"] | {"class": "diagnostic"})
    if "fields" in shape:
        inner["fields"] = {name: inherited(one | {"class": "diagnostic"}) for name, one in shape["fields"].items()}
    return inner
