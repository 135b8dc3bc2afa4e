"""The notice: what counts as standard error, and that nobody waits for it."""

import fcntl
import os
import pty
import socket
import subprocess
import sys
import termios

import pytest
from support.user import CANDOR, NOTICE

EMIT = [CANDOR, "emit", "ping", "--delivery", "manual"]


def emit(user, stderr, **variables):
    done = subprocess.run(
        EMIT, env=user.environment_with(variables), stdout=subprocess.PIPE, stderr=stderr, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, b"")


def shown(user):
    return user.status()["notice_shown"]


def test_a_full_pipe_is_not_waited_for(user):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    emit(user, writing)
    assert not shown(user)
    assert fcntl.fcntl(writing, fcntl.F_GETFL) & os.O_NONBLOCK == 0
    os.close(reading)
    os.close(writing)
    assert user.run("emit", "ping").stderr == NOTICE + "\n"


@pytest.mark.parametrize("family", ["unix", "inet"])
def test_a_socket_is_standard_error_only_within_this_machine(user, family):
    if family == "unix":
        ours, theirs = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as server:
            theirs = socket.create_connection(server.getsockname())
            ours, _ = server.accept()
    with ours, theirs:
        emit(user, theirs)
        theirs.close()
        said = ours.recv(4096)
    assert (said == NOTICE.encode() + b"\n") is shown(user) is (family == "unix")


@pytest.mark.parametrize(
    ("flags", "text", "at_end", "is_shown"),
    [
        (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "", True, True),  # 2>file
        (os.O_WRONLY | os.O_CREAT | os.O_APPEND, "before\n", False, True),  # 2>>file
        (os.O_WRONLY | os.O_CREAT, "before\n", True, True),
        (os.O_WRONLY | os.O_CREAT, "before\n", False, False),
        (os.O_RDWR | os.O_CREAT, "before\n", True, False),
        (os.O_RDWR | os.O_CREAT, "", True, False),
    ],
)
def test_a_file_is_standard_error_if_a_shell_redirects_so(user, tmp_path, flags, text, at_end, is_shown):
    path = tmp_path / "file"
    path.write_text(text)
    descriptor = os.open(path, flags)
    if at_end:
        os.lseek(descriptor, 0, os.SEEK_END)
    emit(user, descriptor)
    os.close(descriptor)
    assert path.read_text() == text + (NOTICE + "\n" if is_shown else "")
    assert shown(user) is is_shown


@pytest.mark.parametrize("flags", ["os.O_RDWR", "os.O_WRONLY | os.O_APPEND"])
def test_a_file_that_the_host_opened_as_descriptor_2_stays_its_own(user, tmp_path, flags):
    host = (
        "import os, sys, candor\n"
        "os.close(2)\n"
        f"assert os.open(sys.argv[2], os.O_CREAT | {flags}) == 2\n"
        "client = candor.open(sys.argv[1], delivery='manual')\n"
        "assert client.emit('ping')\n"
    )
    path = tmp_path / "database"
    done = subprocess.run(
        [sys.executable, "-c", host, user.catalog, path], env=user.environment, capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert path.read_text() == ""
    assert not shown(user)


def test_without_standard_error_it_waits_for_another_time(user):
    done = subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", *EMIT], env=user.environment, timeout=60)
    assert done.returncode == 0
    assert not shown(user)
    assert user.run("emit", "ping").stderr == NOTICE + "\n"


@pytest.mark.parametrize(
    ("variables", "dimmed"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
     ({"TERM": "xterm", "NO_COLOR": ""}, True)],
)  # fmt: skip
def test_on_a_terminal_it_is_dimmed(user, variables, dimmed):
    ours, terminal = pty.openpty()
    emit(user, terminal, **variables)
    said = os.read(ours, 4096).decode()
    os.close(terminal)
    os.close(ours)
    assert said == ("\x1b[2m" + NOTICE + "\x1b[0m\r\n" if dimmed else NOTICE + "\r\n")
    assert shown(user)


def test_a_terminal_that_was_stopped_is_not_waited_for(user):
    ours, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    emit(user, terminal)
    os.close(terminal)
    os.close(ours)
    assert not shown(user)
