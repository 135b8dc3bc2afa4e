"""Small disks."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(directory: Path, options: str) -> Iterator[Path]:
    directory.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", directory], capture_output=True)
    if mount.returncode != 0:
        pytest.skip("mounting a small file system takes root")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory], check=False)
