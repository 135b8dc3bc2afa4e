"""Runs the `candor` command that the wheel carries; `python -m candor` does the same."""

from __future__ import annotations

import os
import sys


def main() -> int:
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "candor")
    try:
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as error:
        print(f"candor: can't run {program}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
