"""A small product with a catalog, a home of its own and no network, for the API's tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import candor
from support.environment import clean_environment

CATALOG = """
{
  "catalog": "acme",
  "product": {
    "name": "Acme", "home": "~/.acme", "env_prefix": "ACME",
    "consent": { "mode": "opt_out" }
  },
  "sinks": [ { "type": "posthog", "host": "https://us.i.posthog.com", "project_key": "phc_test" } ],
  "envelope": {
    "version": { "type": "string", "max_length": 64, "source": "product.version" },
    "region":  { "type": "string", "max_length": 64, "source": "host.region", "optional": true }
  },
  "events": {
    "ping": { "description": "Nothing but itself.", "owner": "@acme", "purpose": "reliability", "fields": {} },
    "sample": {
      "description": "One field of every type.", "owner": "@acme", "purpose": "reliability",
      "fields": {
        "flag":   { "type": "boolean", "optional": true },
        "count":  { "type": "integer", "min": -10, "optional": true },
        "ratio":  { "type": "number", "optional": true },
        "text":   { "type": "string", "max_length": 20, "optional": true },
        "choice": { "type": "enum", "values": ["ok", "error"], "optional": true },
        "list":   { "type": "array", "items": { "type": "integer" }, "max_items": 100, "optional": true },
        "map":    { "type": "map", "values": { "type": "boolean" }, "max_entries": 100, "optional": true },
        "inner":  { "type": "object", "optional": true, "fields": {
          "name": { "type": "string", "max_length": 20 },
          "deep": { "type": "array", "items": { "type": "string", "max_length": 9 }, "max_items": 9, "optional": true }
        } },
        "event":  { "type": "boolean", "optional": true },
        "self":   { "type": "boolean", "optional": true }
      }
    }
  }
}
"""


def run_python(script: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as a program of its own, with `client` open on the test's catalog."""
    return subprocess.run(
        program(script, *arguments),
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(script: str, *arguments: str) -> list[str]:
    opening = (
        "import candor, os, sys, threading\n"
        f"client = candor.open(catalog_text={CATALOG!r}, product_version='1', delivery='manual')\n"
    )
    return [sys.executable, "-c", opening + script, *arguments]


def captured(client: candor.Client) -> int:
    """How many events this spool ever took, over all processes."""
    total: int = client.stats()["total"]["captured"]
    return total
