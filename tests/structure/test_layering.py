"""Includes follow the architecture, and the check that says so can fail."""

import pathlib
import shutil

import layering
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_includes_follow_the_architecture():
    assert list(layering.forbidden(ROOT)) == []


def test_every_folder_of_the_core_has_its_rule():
    folders = {path.name for path in (ROOT / "core/src").iterdir() if any(path.glob("*.*"))}
    assert folders <= set(layering.ARROWS)


def test_the_arrows_have_no_circle():
    def reach(folder, seen):
        assert folder not in seen, f"{folder} includes itself through {seen}"
        for target in layering.ARROWS.get(folder, set()):
            # A single header is a leaf: it is allowed because it includes nothing upward.
            if "/" not in target:
                reach(target, [*seen, folder])

    for folder in layering.ARROWS:
        reach(folder, [])


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("core/src/platform/clock.h", '"spool/spool.h"'),
        ("core/src/platform/clock.h", '"candor/event.h"'),
        ("core/src/spool/spool.h", '"event/record.h"'),
        ("core/src/spool/spool.h", '"candor/event.h"'),
        ("core/src/transport/transport.h", '"sink/sink.h"'),
        ("core/src/event/record.h", '"spool/spool.h"'),
        ("core/src/catalog/catalog.h", '"event/encoder.h"'),
        ("core/src/upload/job.h", '"catalog/catalog.h"'),
        ("core/src/upload/job.h", '"event/encoder.h"'),
        ("core/src/identity/identity.h", '"client/client.h"'),
        ("core/src/client/new.cc", '"transport/transport.h"'),
        ("core/src/upload/new.cc", "<curl/curl.h>"),
        ("core/src/catalog/catalog.h", "<nlohmann/json.hpp>"),
        ("core/src/event/new.cc", "<nlohmann/json.hpp>"),
        ("core/include/candor/event.h", "<nlohmann/json.hpp>"),
        ("core/include/candor/event.h", '"platform/clock.h"'),
        ("core/include/candor/event.h", '"options.h"'),
        ("core/src/base/new.cc", '"platform/file.h"'),
        ("core/src/base/new.cc", "<unistd.h>"),
        ("core/src/event/new.cc", "<sys/stat.h>"),
        ("core/src/spool/new.cc", "<fcntl.h>"),
        ("core/src/sink/new.h", "<netdb.h>"),
        ("core/src/catalog/new.cc", "<csignal>"),
        ("core/src/platform/new.h", "<windows.h>"),
        ("core/src/platform/posix/new.cc", "<sys/prctl.h>"),
        ("core/src/platform/posix/new.cc", "<mach-o/dyld.h>"),
        ("core/src/base/new.cc", "<iostream>"),
        ("core/cli/new.cc", '"client/client.h"'),
        ("core/cli/new.cc", '"transport/transport.h"'),
        ("bindings/python/src/new.cc", '"platform/clock.h"'),
    ],
)
def test_a_forbidden_include_is_found(tmp_path, file, include):
    # The headers of the file's folder: those an include without a folder may name.
    folder = (ROOT / file).parent
    copied = tmp_path / pathlib.Path(file).parent
    copied.mkdir(parents=True)
    for header in folder.glob("*.h"):
        shutil.copy(header, copied)
    clean = list(layering.forbidden(tmp_path))
    path = tmp_path / file
    text = path.read_text() if path.exists() else ""
    path.write_text(f"#include {include}\n{text}")
    found = set(layering.forbidden(tmp_path)) - set(clean)
    assert any(line.startswith(f"{file}:1: ") for line in found)


def test_the_graph_shows_every_folder_and_its_arrows():
    lines = dict(line.split(" -> ") for line in layering.graph())
    shown = {folder.strip(): arrows for folder, arrows in lines.items()}
    assert len(shown) == len(layering.ARROWS) + len(layering.OUTSIDE)
    assert shown["core/src/base"] == "nothing of ours"
    assert "event/record.h" in shown["core/src/sink"].split(", ")
