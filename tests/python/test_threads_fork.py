"""Threads, forks, signals and the end of the interpreter: nothing lost, nothing hung."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import candor
import pytest
from product import CATALOG, captured, clean_environment, program, run_python

pytest_plugins = ["product_fixtures"]  # home, open_client


def opened(home: Path) -> candor.Client:
    """A client in a child process, where fixtures don't reach."""
    return candor.open(
        catalog_text=CATALOG, product_version="1", home=home / ".acme", delivery="manual"
    )


def test_many_threads(open_client):
    client = open_client()
    outcomes = []

    def work():
        outcomes.extend(client.emit("sample", count=i).result for i in range(500))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["accepted"] * 4000
    assert captured(client) == 4000


def test_threads_while_the_client_closes(open_client):
    client = open_client()
    begun = threading.Barrier(5)
    results = set()

    def work():
        begun.wait()
        while (outcome := client.emit("ping")).result == "accepted":
            pass
        results.add(outcome.result)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    client.close()
    for thread in threads:
        thread.join()
    assert results == {"disabled"}


def test_fork_while_threads_emit(open_client):
    client = open_client()
    stop = threading.Event()
    counts = [0] * 3

    def work(at):
        while not stop.is_set():
            counts[at] += bool(client.emit("ping"))

    threads = [threading.Thread(target=work, args=(at,)) for at in range(3)]
    for thread in threads:
        thread.start()
    children = []
    for _ in range(10):
        pid = os.fork()
        if pid == 0:
            accepted = all(client.emit("sample", count=i) for i in range(20))
            os._exit(0 if accepted else 1)
        children.append(pid)
    statuses = [os.waitpid(pid, 0)[1] for pid in children]
    stop.set()
    for thread in threads:
        thread.join()
    assert statuses == [0] * 10
    assert client.emit("ping")
    events = client.stats()["events"]
    assert events["sample"]["captured"] == 10 * 20
    assert events["ping"]["captured"] == sum(counts) + 1


def test_the_child_of_a_fork_may_close_and_flush(open_client):
    client = open_client()
    client.emit("ping")
    pid = os.fork()
    if pid == 0:
        client.emit("ping")
        client.close()
        os._exit(0 if client.emit("ping").result == "disabled" else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert client.emit("ping")
    assert captured(client) == 3


def emit_in_child(home, count):
    with opened(home) as client:
        assert all(client.emit("sample", count=i) for i in range(count))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(open_client, home, method):
    client = open_client()
    client.emit("ping")
    context = multiprocessing.get_context(method)
    children = [context.Process(target=emit_in_child, args=(home, 50)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert client.stats()["events"]["sample"]["captured"] == 150


def test_an_inherited_client_in_a_pool(open_client):
    global inherited
    inherited = open_client()
    inherited.emit("ping")
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(emit_inherited, range(30)) == ["accepted"] * 30
    assert captured(inherited) == 31


def emit_inherited(count):
    return inherited.emit("sample", count=count).result


def test_a_double_fork(open_client):
    client = open_client()
    client.emit("ping")
    read, write = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.write(write, b"1" if client.emit("ping") else b"0")
        os._exit(0)
    os.wait()
    os.close(write)
    assert os.read(read, 1) == b"1"
    os.close(read)
    assert captured(client) == 2


def test_a_program_that_closes_nothing(open_client, home):
    done = run_python("print(client.emit('ping').result)", home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "accepted\n", "")
    assert captured(open_client()) == 1


@pytest.mark.parametrize(
    "ending", ["os._exit(0)", "os.kill(os.getpid(), 9)", "sys.exit(0)", "raise SystemExit(0)"]
)
def test_events_outlive_any_ending(open_client, home, ending):
    run_python(f"for i in range(100): client.emit('sample', count=i)\n{ending}", home)
    assert captured(open_client()) == 100


def test_daemon_threads_at_exit(open_client, home):
    script = """
def work():
    while True:
        client.emit('ping')
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
while not client.emit('ping'):
    pass
"""
    for _ in range(10):
        done = run_python(script, home)
        assert (done.returncode, done.stderr) == (0, "")


def test_daemon_threads_that_wait_for_the_lock_at_exit(home):
    # The interpreter's end takes a while, and threads of ours come out of a wait in it.
    script = """
import time
class Slow:
    def __del__(self, sleep=time.sleep): sleep(0.1)
sys.modules['slow'] = type(sys)('slow')
sys.modules['slow'].it = Slow()
begun = threading.Event()
def work():
    while True:
        client.status()
        begun.set()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
"""
    done = run_python(script, home)
    assert (done.returncode, done.stderr) == (0, "")


def test_emit_and_flush_from_atexit(open_client, home):
    script = """
import atexit
atexit.register(lambda: print(client.emit('ping').result))
class Late:
    def __del__(self): print(client.emit('ping').result)
late = Late()
"""
    done = run_python(script, home)
    assert (done.returncode, done.stderr) == (0, "")
    # Handlers run last in, first out: candor's own is the last of all.
    assert done.stdout.splitlines() == ["accepted", "disabled"]


@pytest.fixture
def silent_server():
    """A server that accepts a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def endpoint(server):
    return f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def uploading(home, server, script):
    """A program that emits and then runs the script, once its upload is under way."""
    environment = clean_environment(home) | {"ACME_TELEMETRY_ENDPOINT": endpoint(server)}
    server.settimeout(30)
    with subprocess.Popen(
        program("client.emit('ping')\n" + script),
        env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            connection, _ = server.accept()
            with connection:
                yield process
        finally:
            process.kill()


def test_ctrl_c_ends_a_flush(home, silent_server, open_client):
    with uploading(home, silent_server, "client.flush(timeout=3600)") as process:
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    assert open_client().stats()["total"]["pending"] == 1


def test_ctrl_c_during_close_closes(home, silent_server):
    script = """
try:
    client.close(timeout=3600)
except KeyboardInterrupt:
    print(client.emit('ping').result)
"""
    with uploading(home, silent_server, script) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "disabled\n", "")


def test_a_flush_of_a_daemon_thread_does_not_hold_the_exit(home, silent_server):
    script = """
threading.Thread(target=lambda: client.flush(timeout=3600), daemon=True).start()
sys.stdin.readline()
"""
    for _ in range(5):
        with uploading(home, silent_server, script) as process:
            out, err = process.communicate("go\n", timeout=30)
        assert (process.returncode, out, err) == (0, "", "")


def test_closing_ends_the_flush_of_another_thread(home, silent_server):
    script = """
thread = threading.Thread(target=lambda: print(bool(client.flush(timeout=3600))))
thread.start()
sys.stdin.readline()
client.close()
thread.join()
"""
    with uploading(home, silent_server, script) as process:
        out, err = process.communicate("go\n", timeout=30)
    assert (process.returncode, out, err) == (0, "False\n", "")


def test_other_threads_run_during_a_flush(home, silent_server):
    script = """
thread = threading.Thread(target=lambda: client.flush(timeout=3600), daemon=True)
thread.start()
sys.stdin.readline()
print(sum(bool(client.emit('ping')) for _ in range(1000)), thread.is_alive())
"""
    with uploading(home, silent_server, script) as process:
        out, err = process.communicate("go\n", timeout=30)
    assert (process.returncode, out, err) == (0, "1000 True\n", "")


def test_flush_gives_up_in_time(open_client, silent_server, monkeypatch):
    monkeypatch.setenv("ACME_TELEMETRY_ENDPOINT", endpoint(silent_server))
    client = open_client()
    client.emit("ping")
    for timeout in (0.2, -1, float("nan")):
        result = client.flush(timeout=timeout)
        assert (bool(result), result.delivered, result.refused, result.waiting) == (False, 0, 0, 1)
        assert result.why == "there was not enough time"
    client.close(timeout=0.1)


def test_a_client_nobody_holds_is_closed(home):
    client = opened(home)
    assert client.emit("ping")
    fds = len(os.listdir("/proc/self/fd"))
    del client
    assert len(os.listdir("/proc/self/fd")) < fds
