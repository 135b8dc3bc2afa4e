"""Opting out while an upload is under way: nothing leaves after it, and the user hears what may have."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import CANDOR, User


@contextmanager
def uploading(user: User) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """A `candor flush` whose request has begun to arrive at a server that does not answer."""
    user.run("emit", "ping")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        user.environment["ACME_TELEMETRY_ENDPOINT"] = f"http://127.0.0.1:{server.getsockname()[1]}"
        command = [CANDOR, "flush", "--timeout-ms", "60000"]
        with subprocess.Popen(command, env=user.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:  # fmt: skip
            try:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(30)
                    assert connection.recv(1)
                    yield process, connection
            finally:
                process.kill()


def test_disable_ends_the_upload_of_another_process(user: User) -> None:
    with uploading(user) as (process, _):
        said = user.run("disable").stdout
        assert "A request was being sent and was stopped" in said
        process.wait(timeout=30)
    assert user.status()["ledger"]["total"]["dropped"] == {"opted_out": 1}


def test_disable_says_that_an_upload_did_not_stop(user: User) -> None:
    with uploading(user) as (process, _):
        process.send_signal(signal.SIGSTOP)
        try:
            assert "did not stop within a second" in user.run("disable").stdout
        finally:
            process.send_signal(signal.SIGCONT)


def test_disable_says_that_a_killed_upload_had_begun(user: User) -> None:
    with uploading(user) as (process, connection):
        process.kill()
        process.wait(timeout=30)
        # The kernel discards what the dead process had written, instead of sending it.
        with pytest.raises(ConnectionResetError):
            while connection.recv(65536):
                pass
    assert "A request was being sent and was stopped" in user.run("disable").stdout


@pytest.mark.parametrize("busy", [False, True])
def test_disable_of_a_client_answers_what_became_of_the_upload(user: User, busy: bool) -> None:
    script = (
        "import candor, json, sys\n"
        f"client = candor.open({str(user.catalog)!r}, delivery='manual')\n"
        "status = client.disable()\n"
        "print(json.dumps([status.upload, status.explanation, client.status().upload]))\n"
    )

    def disable() -> list[str]:
        done = subprocess.run([sys.executable, "-c", script], env=user.environment, check=True, capture_output=True)
        answer: list[str] = json.loads(done.stdout)
        return answer

    if not busy:
        user.run("emit", "ping")
        assert disable()[0::2] == ["idle", ""]
        return
    with uploading(user):
        upload, explanation, later = disable()
    assert (upload, later) == ("sent", "")
    assert explanation.endswith("what the server has read of it can't be recalled.")


def test_a_program_that_the_host_starts_inherits_no_socket(user: User) -> None:
    user.run("emit", "ping")  # the identity and the notice
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        user.environment["ACME_TELEMETRY_ENDPOINT"] = f"http://127.0.0.1:{server.getsockname()[1]}"
        script = (
            "import candor, os, subprocess, sys, threading\n"
            f"client = candor.open({str(user.catalog)!r}, delivery='manual')\n"
            "client.emit('ping')\n"
            "threading.Thread(target=lambda: client.flush(timeout=60), daemon=True).start()\n"
            "sys.stdin.readline()\n"
            "subprocess.run(['ls', '-l', '/proc/self/fd'], close_fds=False)\n"
            "os._exit(0)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], env=user.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
            connection, _ = server.accept()
            with connection:
                out, _ = process.communicate("go\n", timeout=60)
    assert "/proc/" in out
    assert "socket:" not in out
    assert "eventpoll" not in out and "eventfd" not in out
