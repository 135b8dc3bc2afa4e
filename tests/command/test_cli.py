"""The command line itself: help, versions, mistakes and exit codes."""

import os
import re
import subprocess

import pytest
from support.user import CANDOR, ROOT

COMMANDS = ["check", "schema", "emit", "flush", "show", "status", "enable", "disable", "completion", "version", "help"]


def test_the_version_is_the_one_of_the_headers(user):
    header = (ROOT / "core/include/candor/version.h").read_text()
    version = re.search(r'kVersion\[\] = "(.*)"', header)[1]
    assert user.run("--version").stdout == f"candor {version}\n"
    assert user.run("version").stdout == f"candor {version}\n"


def test_help_names_every_command_and_exit_code(user):
    text = user.run("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\w", text, re.MULTILINE), command
    assert "__" not in text
    for code in (0, 1, 2):
        assert re.search(rf"^  {code}  \w", text, re.MULTILINE), code


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(user, command):
    done = user.run(command, "--help")
    assert f"candor {command}" in done.stdout
    assert done.stderr == ""
    if command not in ("version", "help"):
        assert "Exit codes:" in done.stdout


def test_help_is_a_command_too(user):
    assert user.run("help").stdout == user.run("--help").stdout
    assert user.run("help", "emit").stdout == user.run("emit", "--help").stdout
    done = user.run("help", "emitt", code=2)
    assert "there is no command emitt; did you mean emit?" in done.stderr


def test_the_uploader_says_what_it_is(user):
    done = user.run("upload", "--help")
    assert done.stdout.startswith("Internal: ")
    assert "upload" not in user.run("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no command given"),
        (["sttus"], "there is no command sttus; did you mean status?"),
        (["xyzzy"], "there is no command xyzzy\n"),
        (["status", "--jsno"], "unexpected argument --jsno"),
        (["status", "extra"], "unexpected argument extra"),
        (["--bogus"], "unexpected argument --bogus"),
        (["emit"], "EVENT is required"),
        (["emit", "ping", "--source"], "--source"),
        (["flush", "--timeout-ms", "soon"], "--timeout-ms"),
        (["flush", "--timeout-ms", "-1"], "--timeout-ms"),
        (["completion", "tcsh"], "bash, zsh or fish"),
        (["schema", "-o", "x", "--check", "y"], "--check"),
    ],
)
def test_wrong_arguments_exit_with_2(user, arguments, says):
    done = user.run(*arguments, code=2)
    assert says in done.stderr
    assert done.stderr.startswith("candor: ")
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["emit ping", "flush", "show", "status", "enable", "disable"])
def test_without_a_catalog_a_command_says_how_to_give_one(user, command):
    done = user.run(*command.split(), code=2, CANDOR_CATALOG=None)
    assert "--catalog FILE or set CANDOR_CATALOG" in done.stderr


@pytest.mark.parametrize("command", ["emit ping", "flush", "show", "status", "enable", "disable"])
@pytest.mark.parametrize("catalog", ["absent", "broken"])
def test_an_unusable_catalog_exits_with_1(user, command, catalog):
    user.catalog.unlink() if catalog == "absent" else user.catalog.write_text('{"catalog": 1}')
    done = user.run(*command.split(), code=1)
    assert str(user.catalog) in done.stderr
    assert user.files() == []


def test_the_option_wins_over_the_variable(user, tmp_path):
    absent = tmp_path / "absent.jsonc"
    assert user.run("status", "--catalog", user.catalog, CANDOR_CATALOG=str(absent)).returncode == 0
    assert user.run("--catalog", user.catalog, "status", CANDOR_CATALOG=str(absent)).returncode == 0
    user.run("status", "--catalog", absent, code=1)
    user.run("--catalog", absent, "status", code=1)


def test_an_unexpected_argument_is_named_without_its_value(user):
    done = user.run("emit", "ping", "--password=hunter2", code=2)
    assert "--password" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_full_disk_behind_standard_output_is_a_failure(user):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CANDOR, "--help"], env=user.environment, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"standard output could not be written" in done.stderr


def test_the_command_loads_no_network_code(user):
    libraries = subprocess.run(["ldd", CANDOR], capture_output=True, text=True).stdout
    for library in ("curl", "ssl", "crypto", "libz"):
        assert library not in libraries


@pytest.mark.parametrize("arguments", [["check"], ["status"], ["--help"]])
def test_no_colour_without_a_terminal(user, arguments):
    user.catalog.write_text("{}") if arguments == ["check"] else None
    assert "\033" not in user.run(*arguments, code=None).stdout


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_on_a_terminal_unless_refused(user, variables, coloured):
    ours, theirs = os.openpty()
    environment = user.environment_with({"TERM": "xterm"} | variables)
    subprocess.run([CANDOR, "status"], env=environment, stdout=theirs, check=True)
    os.close(theirs)
    said = os.read(ours, 65536)
    os.close(ours)
    assert (b"\033[" in said) == coloured
