"""candor completion, in the shells themselves."""

import os
import pty
import select
import shutil
import signal
import subprocess
import time

import pytest
from support.user import CANDOR

COMMANDS = ["check", "schema", "emit", "flush", "show", "status", "enable", "disable", "completion", "version", "help"]
FIELDS = ["outcome=", "durationMs:=", "joinCount:=", "cached:=", "errorClass=", "note=", "stages:=", "flags:="]


@pytest.fixture
def shell(user):
    """The user's environment with `candor` on the path."""
    environment = dict(user.environment)
    environment["PATH"] = f"{CANDOR.parent}{os.pathsep}{environment['PATH']}"
    environment["TERM"] = "dumb"
    return environment


def needs(name):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")


def bash(shell, *words, cwd="/"):
    script = """
    source <(candor completion bash)
    compopt() { :; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _candor
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", "candor", *words], env=shell, cwd=cwd, capture_output=True,
                          text=True, timeout=60)  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def fish(shell, line, cwd="/"):
    needs("fish")
    script = "candor completion fish | source; complete -C $argv[1]"
    done = subprocess.run(["fish", "--no-config", "-c", script, line], env=shell, cwd=cwd, capture_output=True,
                          text=True, timeout=60)  # fmt: skip
    assert done.stderr == ""
    return [candidate.split("\t")[0] for candidate in done.stdout.splitlines()]


class Zsh:
    """An interactive zsh; only there does its completion run."""

    def __init__(self, shell, cwd):
        needs("zsh")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(shutil.which("zsh"), ["zsh", "-f", "-i"], shell)
        self.said = ""
        self.type("PROMPT=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u; "
                  "LISTMAX=10000; source <(candor completion zsh); print rea''dy\n")  # fmt: skip
        self.expect("ready\r\n")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def expect(self, text):
        deadline = time.monotonic() + 30
        while text not in self.said:
            assert select.select([self.terminal], [], [], deadline - time.monotonic())[0], self.said
            self.said += os.read(self.terminal, 65536).decode(errors="replace")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.fixture
def zsh(shell, tmp_path):
    running = Zsh(shell, tmp_path)
    yield running
    running.close()


def test_an_unknown_shell_is_wrong_usage(user):
    user.run("completion", code=2)
    user.run("completion", "tcsh", code=2)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_is_one_of_its_shell(user, shell, name, tmp_path):
    needs(name)
    path = tmp_path / "script"
    path.write_text(user.run("completion", name).stdout)
    subprocess.run([name, "-n", path], env=shell, check=True)


def test_bash_completes_commands(shell):
    assert bash(shell, "sta") == ["status"]
    assert set(COMMANDS) < set(bash(shell, ""))
    assert "__events" not in bash(shell, "")
    assert bash(shell, "help", "sta") == ["status"]


def test_bash_completes_options(shell):
    assert bash(shell, "emit", "--dr") == ["--dry-run"]
    assert bash(shell, "status", "--j") == ["--json"]
    assert bash(shell, "--cat") == ["--catalog"]


def test_bash_completes_events_and_fields(shell):
    assert bash(shell, "emit", "pl") == ["plan_completed"]
    assert bash(shell, "emit", "") == ["plan_completed", "ping", "status"]
    assert bash(shell, "emit", "--product-version", "1", "pl") == ["plan_completed"]
    assert bash(shell, "emit", "plan_completed", "") == FIELDS
    assert bash(shell, "emit", "plan_completed", "outcome=ok", "dur") == ["durationMs:="]
    assert bash(shell, "emit", "--uuid", "") == []


def test_bash_completes_from_the_catalog_that_is_named(shell, user):
    shell = {name: value for name, value in shell.items() if name != "CANDOR_CATALOG"}
    assert bash(shell, "emit", "pl") == []
    assert bash(shell, "--catalog", str(user.catalog), "emit", "pl") == ["plan_completed"]
    assert bash(shell, "emit", "--catalog", str(user.catalog), "pl") == ["plan_completed"]


def test_bash_completes_files(shell, user):
    folder = user.catalog.parent
    assert bash(shell, "check", "acme", cwd=folder) == [user.catalog.name]
    assert bash(shell, "schema", "--check", "acme", cwd=folder) == [user.catalog.name]
    assert bash(shell, "emit", "--catalog", "acme", cwd=folder) == [user.catalog.name]


def test_fish_completes(shell, user):
    assert set(COMMANDS) <= set(fish(shell, "candor "))
    assert "--dry-run" in fish(shell, "candor emit --d")
    assert fish(shell, "candor emit pl") == ["plan_completed"]
    assert sorted(fish(shell, "candor emit plan_completed ")) == sorted(FIELDS)
    assert user.catalog.name in fish(shell, "candor check acme", cwd=user.catalog.parent)
    assert fish(shell, "candor completion z") == ["zsh"]
    assert fish(shell, "candor help sta") == ["status"]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("candor sta\t", "candor status "),
        ("candor emit --dr\t", "candor emit --dry-run "),
        ("candor emit pl\t", "candor emit plan_completed "),
        ("candor emit plan_completed dur\t", "candor emit plan_completed durationMs:="),
        ("candor check acm\t", "candor check acme.telemetry.jsonc "),
        ("candor completion f\t", "candor completion fish "),
        ("candor help sta\t", "candor help status "),
    ],
)
def test_zsh_completes(zsh, typed, completed):
    zsh.type(typed)
    zsh.expect(completed)
