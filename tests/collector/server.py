"""The HTTP side of the collector."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from collector import posthog
from collector.faults import Rules, Step
from collector.store import Event, Request, Store

BODY_BYTES_MAX = 20 << 20


class Collector:
    """Listens on loopback from construction to close(); a context manager.

    `steps` are used up, one a batch request; then `rules` hold. Both may be changed while
    it runs. `tls` is a certificate's and a key's file.
    """

    def __init__(
        self,
        port: int = 0,
        db: str | Path = ":memory:",
        *,
        steps: Iterable[Step] = (),
        rules: Rules | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.store = Store(str(db))
        self.steps = deque(steps)
        self.rules = rules or Rules()
        self.closing = threading.Event()
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.collector = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.tls = context
        self.port: int = self._server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self.store.close()

    @property
    def events(self) -> list[Event]:
        return self.store.events()

    @property
    def requests(self) -> list[Request]:
        return self.store.requests()

    def wait_for(self, events: int = 0, requests: int = 0, timeout_s: float = 20) -> bool:
        """Until so many have arrived; False when time ran out."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while len(self.events) < events or len(self.requests) < requests:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._arrived.wait(left)
        return True

    def next_step(self, names: list[str], body_bytes: int) -> Step:
        try:
            return self.steps.popleft()
        except IndexError:
            return self.rules.step_for(names, body_bytes)

    def record(self, request: Request) -> None:
        with self._arrived:
            self.store.add_request(request)
            self._arrived.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    collector: Collector
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        # Here, on the connection's own thread, a client that is slow at its handshake stops nobody.
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what is being tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    server: _Server

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/healthz" else 404, {}, "")

    def do_POST(self) -> None:
        collector = self.server.collector
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            return self._answer(413, {}, "")
        wire = self.rfile.read(length)
        coding = headers.get("content-encoding", "")
        status, body, count = 0, b"", 0
        try:
            if self.path not in (posthog.V0, posthog.V1):
                raise posthog.Refused(404, f"no such address: {self.path}")
            body = posthog.decode(wire, coding, self.path)
            batch = posthog.parse(self.path, headers, body)
            count = len(batch.events)
            if collector.rules.key is not None and batch.key != collector.rules.key:
                raise posthog.Refused(401, "unknown project key")
            step = collector.next_step([event["event"] for event in batch.events], len(body))
            answer = posthog.answer(self.path, batch.events, step.results)
            if step.stores:
                self._store(batch, step)
        except posthog.Refused as refused:
            step, answer = Step(status=refused.status), json.dumps({"error": str(refused)})
        status = 0 if step.hang or step.close else step.status
        collector.record(
            Request(self.path, status, len(wire), len(body), coding, count, headers)
        )
        self._play(step, answer)

    def _store(self, batch: posthog.Batch, step: Step) -> None:
        results = [step.results.get(e["event"], step.results.get("*", "ok")) for e in batch.events]
        taken = [i for i, result in enumerate(results) if result in ("ok", "warning")]
        self.server.collector.store.add_events(
            [batch.events[i] for i in taken], [batch.raws[i] for i in taken]
        )

    def _play(self, step: Step, answer: str) -> None:
        closing = self.server.collector.closing
        if step.hang:
            closing.wait()
        while step.until is not None and not step.until.wait(0.05) and not closing.is_set():
            pass
        if step.hang or step.close:
            self.close_connection = True
            return
        body = step.body if step.body is not None else answer
        self._answer(step.status, step.headers, body, step.drip_s)

    def _answer(self, status: int, headers: dict[str, str], text: str, drip_s: float = 0) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if drip_s == 0:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.collector.closing.wait(drip_s):
                return

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what there is to know is in the store."""
