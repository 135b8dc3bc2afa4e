"""Where the upload library is looked for: beside the program and in its own lib, never where anybody
could have put one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.user import BUILD, CANDOR

LIBRARY = BUILD / "core/libcandor-upload.so"
PLANTED = """
#include <fcntl.h>
#include <stdlib.h>
__attribute__((constructor)) static void loaded(void) {
  open(getenv("PLANTED_MARK"), O_CREAT | O_WRONLY, 0600);
}
"""


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    source = folder / "planted.c"
    source.write_text(PLANTED)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "planted.so", source], check=True)
    return folder / "planted.so"


def flush(user, collector, program: Path, mark: Path) -> str:
    """What a flush of one event by a program says."""
    user.run("emit", "ping")
    done = subprocess.run(
        [program, "flush"],
        env=user.environment | {"ACME_TELEMETRY_ENDPOINT": collector.url, "PLANTED_MARK": str(mark)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def installed(program: Path) -> Path:
    program.parent.mkdir(parents=True)
    shutil.copy(CANDOR, program)
    return program


@pytest.mark.parametrize("place", ["bin", "lib", "elsewhere"])
def test_where_it_is_found(user, collector, tmp_path, place):
    program = installed(tmp_path / "prefix/bin/candor")
    folder = tmp_path / "prefix" / place
    folder.mkdir(exist_ok=True)
    shutil.copy(LIBRARY, folder)
    found = "1 event delivered" in flush(user, collector, program, tmp_path / "mark")
    assert found == (place != "elsewhere")
    assert len(collector.events) == found


@pytest.mark.parametrize("place", ["", "lib", "app"])
@pytest.mark.parametrize("mode", [0o1777, 0o777])
def test_a_library_that_anybody_could_have_put_there_is_not_loaded(user, collector, tmp_path, planted, place, mode):
    shared = tmp_path / "shared"
    program = installed(shared / "app/candor")
    (shared / place).mkdir(exist_ok=True)
    shutil.copy(planted, shared / place / "libcandor-upload.so")
    (shared / "app" if place == "app" else shared).chmod(mode)
    said = flush(user, collector, program, tmp_path / "mark")
    assert not (tmp_path / "mark").exists()
    assert "delivered" not in said or "0 events delivered" in said


def test_the_planted_library_is_one_that_would_be_loaded(user, collector, tmp_path, planted):
    program = installed(tmp_path / "prefix/bin/candor")
    shutil.copy(planted, tmp_path / "prefix/bin/libcandor-upload.so")
    flush(user, collector, program, tmp_path / "mark")
    assert (tmp_path / "mark").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
@pytest.mark.parametrize(("owner", "mode"), [(65534, 0o755), (0, 0o757)])
def test_a_library_of_another_user_is_not_loaded(user, collector, tmp_path, planted, owner, mode):
    program = installed(tmp_path / "prefix/bin/candor")
    library = Path(shutil.copy(planted, tmp_path / "prefix/bin/libcandor-upload.so"))
    os.chown(library, owner, 0)
    library.chmod(mode)
    flush(user, collector, program, tmp_path / "mark")
    assert not (tmp_path / "mark").exists()
