"""Events on their way: the `candor` command as real processes, against a real server that
does what servers do on a bad day. What was accepted arrives once, or still waits."""

from __future__ import annotations

import concurrent.futures
import json
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector import Collector, Rules, Step
from support.user import BUILD, CANDOR, User

UPLOAD_LIBRARY = [str(path) for path in (BUILD / "core").glob("libcandor-upload.*")]
SDK = re.compile(r',?"\$lib":.*\}\}$|,?"\$is_server":.*\}\}$')


@pytest.fixture
def sender(user: User, collector: Collector) -> User:
    """A user whose events go to the collector."""
    user.environment["ACME_TELEMETRY_ENDPOINT"] = collector.url
    return user


def emit(user: User, count: int, event: str = "ping") -> None:
    lines = "".join(json.dumps({"event": event, "fields": {}}) + "\n" for _ in range(count))
    user.run("emit", "-", input=lines)


def waiting(user: User) -> int:
    return int(user.run("show", "--count").stdout)


def flush(user: User, *arguments: str, code: int | None = 0, **variables: str | None) -> str:
    return user.run("flush", "--timeout-ms", "30000", *arguments, code=code, **variables).stdout


def use_v1(user: User) -> None:
    text = user.catalog.read_text()
    user.catalog.write_text(text.replace('"type": "posthog",', '"type": "posthog", "protocol": "v1",'))


def assert_balanced(user: User, collector: Collector, captured: int) -> None:
    """Every event is in exactly one place, and what arrived is what was captured."""
    total = json.loads(user.run("status", "--json").stdout)["ledger"]["total"]
    assert total["captured"] == captured
    assert captured == total["delivered"] + total["pending"] + sum(total["dropped"].values())
    assert len(collector.events) >= total["delivered"]
    assert all(event.changed == 0 for event in collector.events)


def test_what_waits_arrives_byte_for_byte(sender: User, collector: Collector) -> None:
    sender.run("emit", "plan_completed", "outcome=ok", "durationMs:=1e-5", "note=Grüße 😀 \"\\")
    emit(sender, 2)
    expected = sender.run("show").stdout.splitlines()
    flush(sender)
    assert waiting(sender) == 0
    arrived = []
    for event in collector.events:
        sender_first = f'"distinct_id":"{event.distinct_id}",'
        own = event.raw.replace(sender_first, "", 1).replace("{", "{" + sender_first, 1)
        arrived.append(SDK.sub("}}", own))
    assert arrived == expected
    (request,) = collector.requests
    assert (request.path, request.status, request.coding) == ("/batch/", 200, "gzip")
    assert request.headers["user-agent"].startswith("candor/")
    properties = collector.events[0].properties
    assert properties["$geoip_disable"] is True
    assert properties["$process_person_profile"] is False
    assert properties["$is_server"] is False
    assert_balanced(sender, collector, 3)


def test_v1(sender: User, collector: Collector) -> None:
    use_v1(sender)
    emit(sender, 3)
    collector.steps.append(Step(status=503))
    flush(sender)
    first, second = collector.requests
    assert [r.path for r in (first, second)] == ["/i/v1/analytics/events"] * 2
    assert [r.headers["posthog-attempt"] for r in (first, second)] == ["1", "2"]
    assert first.headers["posthog-request-id"] == second.headers["posthog-request-id"]
    assert len(collector.events) == 3
    assert_balanced(sender, collector, 3)


def test_v1_sends_again_only_what_the_server_asks_for(sender: User, collector: Collector) -> None:
    use_v1(sender)
    emit(sender, 2)
    sender.run("emit", "plan_completed", "outcome=ok")
    collector.steps.append(Step(results={"ping": "ok", "plan_completed": "retry"}))
    flush(sender)
    assert [request.events for request in collector.requests] == [3, 1]
    assert all(event.times == 1 for event in collector.events)
    assert_balanced(sender, collector, 3)


def test_v1_counts_what_the_server_drops(sender: User, collector: Collector) -> None:
    use_v1(sender)
    emit(sender, 2)
    collector.steps.append(Step(results={"ping": "limited"}))
    events = [json.loads(line)["uuid"] for line in sender.run("show").stdout.splitlines()]
    assert "2 refused, 0 waiting" in flush(sender, code=1)
    assert (len(collector.requests), len(collector.events), waiting(sender)) == (1, 0, 0)
    shown = [json.loads(line)["uuid"] for line in sender.run("show", "--refused").stdout.splitlines()]
    assert shown == events
    assert_balanced(sender, collector, 2)


def test_a_server_that_is_down_costs_a_run_and_no_event(sender: User, collector: Collector) -> None:
    emit(sender, 3)
    flush(sender, code=1, ACME_TELEMETRY_ENDPOINT="http://127.0.0.1:9")
    assert waiting(sender) == 3
    flush(sender)
    assert (waiting(sender), len(collector.events)) == (0, 3)
    assert_balanced(sender, collector, 3)


def test_a_flush_sends_the_same_batch_four_times_and_gives_up(sender: User, collector: Collector) -> None:
    emit(sender, 3)
    collector.steps.extend([Step(status=500)] * 4)
    flush(sender, code=1)
    assert [request.status for request in collector.requests] == [500] * 4
    assert waiting(sender) == 3


@pytest.mark.parametrize(
    "step",
    [Step(status=503), Step(status=408), Step(status=429, headers={"Retry-After": "1"}), Step(close=True),
     Step(close=True, store=True), Step(status=500, store=True)],
    ids=["503", "408", "429", "closed", "taken, then closed", "taken, then 500"],
)  # fmt: skip
def test_one_bad_answer_is_got_over(sender: User, collector: Collector, step: Step) -> None:
    emit(sender, 3)
    collector.steps.append(step)
    flush(sender)
    assert (waiting(sender), len(collector.events)) == (0, 3)
    assert len({request.events for request in collector.requests}) == 1
    assert_balanced(sender, collector, 3)


def test_a_success_that_makes_no_sense_is_one(sender: User, collector: Collector) -> None:
    emit(sender, 1)
    collector.steps.append(Step(body="<html>welcome</html>"))
    flush(sender)
    assert (len(collector.requests), waiting(sender)) == (1, 0)


def test_redirects_are_not_followed(sender: User, collector: Collector) -> None:
    emit(sender, 1)
    with Collector() as elsewhere:
        collector.steps.append(Step(status=307, headers={"Location": elsewhere.url + "/batch/"}))
        flush(sender, code=1)
        assert elsewhere.requests == []
    assert waiting(sender) == 1


@pytest.mark.parametrize(
    "step",
    [Step(hang=True), Step(status=500, body="x" * 10_000, drip_s=0.05)],
    ids=["silent", "slow drip"],
)
def test_a_flush_ends_in_time_whatever_the_server_does(sender: User, collector: Collector, step: Step) -> None:
    emit(sender, 1)
    collector.steps.append(step)
    sender.run("flush", "--timeout-ms", "300", code=1)
    assert waiting(sender) == 1


def test_a_success_stands_however_slowly_its_body_comes(sender: User, collector: Collector) -> None:
    emit(sender, 1)
    collector.steps.append(Step(body="x" * 10_000, drip_s=0.05))
    sender.run("flush", "--timeout-ms", "300", code=None)
    assert (len(collector.requests), waiting(sender)) == (1, 0)


def test_a_poisoned_event_is_set_aside_alone(sender: User, collector: Collector) -> None:
    emit(sender, 20)
    sender.run("emit", "plan_completed", "outcome=ok")
    emit(sender, 20)
    collector.rules.poison = "plan_completed"
    assert "40 events delivered, 1 refused, 0 waiting" in flush(sender, code=1)
    assert (waiting(sender), len(collector.events)) == (0, 40)
    assert_balanced(sender, collector, 41)


def test_batches_that_are_too_large_are_split(sender: User, collector: Collector) -> None:
    collector.rules.too_large_bytes = 10_000
    emit(sender, 200)
    flush(sender)
    assert (waiting(sender), len(collector.events)) == (0, 200)
    before = len(collector.requests)
    emit(sender, 100)
    flush(sender)
    assert all(request.status == 200 for request in collector.requests[before:])
    assert_balanced(sender, collector, 300)


def test_a_wrong_key_keeps_everything(sender: User, collector: Collector) -> None:
    emit(sender, 2)
    collector.rules.key = "phc_other"
    flush(sender, code=1)
    assert ([request.status for request in collector.requests], waiting(sender)) == ([401], 2)
    collector.rules.key = None
    flush(sender)
    assert_balanced(sender, collector, 2)


def test_a_server_that_closes_at_random_gets_everything(sender: User, collector: Collector) -> None:
    use_v1(sender)
    collector.rules.close_probability = 0.4
    for _ in range(5):
        emit(sender, 20)
        flush(sender, code=None)
    collector.rules.close_probability = 0
    flush(sender)
    assert (waiting(sender), len(collector.events)) == (0, 100)
    assert_balanced(sender, collector, 100)


def test_of_many_uploaders_one_uploads(sender: User, collector: Collector) -> None:
    emit(sender, 500)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: flush(sender), range(50)))
    assert (waiting(sender), len(collector.events)) == (0, 500)
    assert all(event.times == 1 for event in collector.events)
    assert_balanced(sender, collector, 500)


def start_flush(user: User) -> subprocess.Popen[bytes]:
    return subprocess.Popen([CANDOR, "flush", "--timeout-ms", "60000"], env=user.environment, cwd=user.home,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def test_when_an_uploader_is_killed_the_next_takes_over(sender: User, collector: Collector) -> None:
    emit(sender, 5)
    collector.steps.append(Step(hang=True, store=True))
    with start_flush(sender) as uploader:
        assert collector.wait_for(requests=1)
        uploader.send_signal(signal.SIGKILL)
    flush(sender)
    assert (waiting(sender), len(collector.events)) == (0, 5)
    assert_balanced(sender, collector, 5)


def test_opting_out_with_a_request_in_flight_sends_nothing_more(sender: User, collector: Collector) -> None:
    emit(sender, 5)
    opted_out = threading.Event()
    collector.steps.append(Step(status=503, until=opted_out))
    with start_flush(sender) as uploader:
        assert collector.wait_for(requests=1)
        sender.run("disable")
        opted_out.set()
        uploader.wait(60)
    assert (len(collector.requests), waiting(sender)) == (1, 0)
    flush(sender, code=None)
    assert len(collector.requests) == 1


LEAVE_IT_RUNNING = """
import ctypes, sys, time
class Api(ctypes.Structure):
    _fields_ = [
        ("abi", ctypes.c_uint32),
        ("start", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
        ("wake", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
    ]
api = Api.in_dll(ctypes.CDLL(sys.argv[1]), "candor_upload")
uploader = api.start(sys.argv[2].encode(), len(sys.argv[2].encode()))
assert uploader
api.wake(uploader)
time.sleep(float(sys.argv[3]))
ctypes.CDLL(None).exit(0)
"""


def test_a_process_may_exit_in_the_middle_of_an_upload(user: User, authority: Path) -> None:
    """Nobody stops the uploader; exit handlers take OpenSSL away while it is at work."""
    emit(user, 500)
    (segment, *_) = user.home.rglob("*.seg")
    good = certificate(authority.parent, "exits", issuer=authority)
    with Collector(tls=good, rules=Rules(close_probability=1)) as collector:
        job = {
            "spool_dir": str(segment.parent),
            "consent": {"mode": "opt_out", "identity_file": str(user.identity_file)},
            "sinks": [{"type": "posthog", "host": https(collector), "project_key": "k"}],
            "max_retries": 1000,
        }
        environment = user.environment_with({"SSL_CERT_FILE": str(authority)})
        library = UPLOAD_LIBRARY[0]
        for i in range(16):
            (segment.parent / "upload-state.json").unlink(missing_ok=True)
            subprocess.run(
                [sys.executable, "-c", LEAVE_IT_RUNNING, library, json.dumps(job), str(i / 300)],
                env=environment, check=True, timeout=60,
            )  # fmt: skip


# ---- TLS and proxies ---------------------------------------------------------------------------


def certificate(directory: Path, name: str, *, host: str = "localhost", days: int = 30,
                issuer: Path | None = None) -> tuple[Path, Path]:  # fmt: skip
    cert, key, request = (directory / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
    extensions = directory / f"{name}.ext"
    extensions.write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=critical,CA:{str(issuer is None).upper()}\n")

    def openssl(*arguments: str | Path, check: bool = True) -> bool:
        return subprocess.run(["openssl", *arguments], check=check, capture_output=True).returncode == 0

    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    signer = ["-signkey", key] if issuer is None else ["-CA", issuer, "-CAkey", issuer.with_suffix(".key"), "-CAcreateserial"]
    sign = ["x509", "-req", "-in", request, "-out", cert, "-extfile", extensions, *signer]
    # What is expired already: older releases take days below zero, newer ones two dates.
    if not openssl(*sign, "-days", str(days), check=days > 0):
        openssl(*sign, "-not_before", "20200101000000Z", "-not_after", "20200102000000Z")
    return cert, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), "authority")[0]


def https(collector: Collector) -> str:
    return collector.url.replace("127.0.0.1", "localhost")


def test_tls_with_a_trusted_authority(user: User, authority: Path) -> None:
    good = certificate(authority.parent, "good", issuer=authority)
    emit(user, 2)
    with Collector(tls=good) as collector:
        flush(user, ACME_TELEMETRY_ENDPOINT=https(collector), SSL_CERT_FILE=str(authority))
        assert len(collector.events) == 2


@pytest.mark.parametrize("wrong", ["host", "expired", "self-signed", "unknown authority"])
def test_tls_that_proves_nothing_is_refused(user: User, authority: Path, wrong: str) -> None:
    folder, issuer = authority.parent, None if wrong == "self-signed" else authority
    bad = certificate(folder, "bad" + wrong[:4], host="elsewhere.example" if wrong == "host" else "localhost",
                      days=-1 if wrong == "expired" else 30, issuer=issuer)  # fmt: skip
    emit(user, 1)
    trust = None if wrong == "unknown authority" else str(authority)
    with Collector(tls=bad) as collector:
        user.run("flush", "--timeout-ms", "3000", code=1, ACME_TELEMETRY_ENDPOINT=https(collector), SSL_CERT_FILE=trust)
        assert collector.requests == []
    assert waiting(user) == 1


class Proxy:
    """A real CONNECT proxy on loopback."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        target = head.split()[1].decode()
        self.targets.append(target)
        host, port = target.rsplit(":", 1)
        with client, socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    (server if source is client else client).sendall(data)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.close()


def test_the_proxy_is_used_unless_told_not_to(user: User, authority: Path, proxy: Proxy) -> None:
    good = certificate(authority.parent, "proxied", issuer=authority)
    with Collector(tls=good) as collector:
        target = {"ACME_TELEMETRY_ENDPOINT": https(collector), "SSL_CERT_FILE": str(authority)}
        emit(user, 1)
        flush(user, **target, HTTPS_PROXY=proxy.url)
        assert proxy.targets == [f"localhost:{collector.port}"]
        emit(user, 1)
        flush(user, **target, HTTPS_PROXY=proxy.url, NO_PROXY="localhost")
        assert len(proxy.targets) == 1
        assert len(collector.events) == 2
