"""What users compile and link against: each public header stands alone, without
warnings, and the libraries show no more symbols than they promise."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CANDOR_BUILD", ROOT / "build/dev"))
PUBLIC = sorted((ROOT / "core/include/candor").glob("*.h"))
INTERNAL = sorted((ROOT / "core/src").rglob("*.h"))
WARNINGS = "-std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror".split()


def compile_alone(compiler, header, folders, tmp_path, options=()):
    source = tmp_path / "alone.cc"
    source.write_text(f'#include "{header}"\n#include "{header}"\nint main() {{}}\n')
    done = subprocess.run(
        [compiler, *WARNINGS, *options, *(f"-I{folder}" for folder in folders), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("header", PUBLIC, ids=lambda path: path.name)
def test_a_public_header_compiles_alone(compiler, header, tmp_path):
    # -isystem would hide warnings; a consumer may well use -I and -Werror.
    compile_alone(compiler, f"candor/{header.name}", [ROOT / "core/include"], tmp_path)


@pytest.mark.parametrize("header", INTERNAL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_internal_header_compiles_alone(header, tmp_path):
    name = header.relative_to(ROOT / "core/src").as_posix()
    compile_alone("clang++", name, [ROOT / "core/include", ROOT / "core/src"], tmp_path,
                  ["-Wno-missing-field-initializers", "-Wno-missing-designated-field-initializers",
                   "-Wno-unknown-warning-option"])  # fmt: skip


def test_the_c_seam_is_readable_by_c(tmp_path):
    """upload.h is a table of C functions, so that any language could provide one."""
    text = (ROOT / "core/include/candor/upload.h").read_text()
    for word in ("class ", "template", "std::", "namespace"):
        assert word not in text


def symbols(library, *options):
    lines = subprocess.run(["nm", *options, str(library)], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in lines.splitlines() if line and not line.endswith(":")]


def test_the_upload_library_exports_its_table_and_nothing_else():
    library = BUILD / "core/libcandor-upload.so"
    exported = {fields[-1].split("@")[0] for fields in symbols(library, "-D", "--defined-only")}
    # Linkers and sanitizers add names of their own; ours and libstdc++'s must not show.
    assert {name for name in exported if not re.match(r"_(init|fini|edata|end|_bss_start)$", name)} == {
        "candor_upload"
    }


def test_the_upload_library_needs_libcurl_and_none_of_ours():
    needed = subprocess.run(["readelf", "-d", str(BUILD / "core/libcandor-upload.so")],
                            capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert "libcurl" in needed
    assert not re.search(r"NEEDED.*candor", needed)


def test_emitting_needs_no_network_code():
    undefined = {fields[-1] for fields in symbols(BUILD / "core/libcandor.a", "--undefined-only", "-C")}
    assert not {name for name in undefined if re.search(r"curl|SSL_|socket|getaddrinfo", name)}


def test_the_command_loads_no_network_code():
    command = os.environ.get("CANDOR_BIN", str(BUILD / "core/cli/candor"))
    assert not re.search(r"curl|ssl|crypto", loaded(command))


def loaded(program):
    assert shutil.which("ldd")
    return subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
