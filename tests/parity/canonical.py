"""What an accepted event's bytes must be, given what they say: by the encoder of the conformance
vectors, which shares no code with the core."""

from __future__ import annotations

import json
from typing import Any

from conformance.generate import Map, canonical
from parity.events import Catalog, Shape


def canonical_bytes(catalog: Catalog, encoded: bytes) -> bytes:
    """The same event in catalog order, with its numbers, strings and maps written canonically."""
    event = json.loads(encoded)
    shapes = catalog.envelope | catalog.events[event["event"]]["fields"]
    properties = in_order(event["properties"], shapes)
    ordered = {key: event[key] for key in ("event", "uuid", "timestamp")} | {"properties": properties}
    return canonical(ordered).encode()


def in_order(members: dict[str, Any], shapes: dict[str, Shape]) -> dict[str, Any]:
    return {name: shaped(members[name], shape) for name, shape in shapes.items() if name in members}


def shaped(value: Any, shape: Shape) -> Any:
    match shape["type"]:
        case "number":
            return float(value)
        case "array":
            return [shaped(one, shape["items"]) for one in value]
        case "map":
            return Map({key: shaped(one, shape["values"]) for key, one in value.items()})
        case "object":
            return in_order(value, shape["fields"])
    return value
