"""candor show: what waits with who it is about, the requests a server would get; and that nothing
that is shown anywhere holds a key or a password."""

import gzip
import http.server
import json
import re
import socket
import threading

import pytest

PASSWORD = "hunter2-of-ada"


def test_show_says_who_each_event_is_about(user):
    user.run("emit", "ping")
    user.run("emit", "ping", "--distinct-id", 'some "body"', "--project-dir", user.home)
    first, second = user.waiting()
    assert list(first) == ["distinct_id", "event", "uuid", "timestamp", "properties"]
    assert first["distinct_id"] == user.identity()["installId"]
    assert second["distinct_id"] == 'some "body"'
    assert len(second["project"]) == 64
    pretty = user.run("show", "--pretty").stdout
    assert '"distinct_id": "some \\"body\\""' in pretty


def tree(user):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in user.acme.rglob("*") if path.is_file()}


class Heard(http.server.BaseHTTPRequestHandler):
    """Keeps each request as it came, and answers that all is well."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.heard.append((self.path, dict(self.headers), body.decode()))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heard) as running:
        running.heard = []
        running.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("protocol", ["v0", "v1"])
def test_show_wire_is_what_the_server_gets(user, server, protocol):
    user.catalog.write_text(user.catalog.read_text().replace('"project_key"', f'"protocol": "{protocol}", "project_key"'))
    for n in range(3):
        user.run("emit", "plan_completed", "outcome=ok", f"joinCount:={n}", "--project-dir", user.home)
    user.run("emit", "ping", "--distinct-id", "somebody")
    before = tree(user)
    shown = user.run("show", "--wire", ACME_TELEMETRY_ENDPOINT=server.url, DO_NOT_TRACK="1")
    assert tree(user) == before
    assert server.heard == []
    assert "phc_test" not in shown.stdout + shown.stderr
    assert "***" in (shown.stdout if protocol == "v0" else shown.stderr)

    user.run("flush", ACME_TELEMETRY_ENDPOINT=server.url)
    ((path, headers, sent),) = server.heard
    said = [line[2:] for line in shown.stderr.splitlines() if len(line) > 1]
    assert said[0] == f"POST {server.url}{path}"
    assert {line.partition(":")[0] for line in said[1:]} <= set(headers)

    def timeless(body):
        """Without what differs between two requests: when they were made."""
        return re.sub(r'"(sent_at|created_at)":"[^"]*"', "", body)

    assert timeless(shown.stdout) == timeless(sent.replace("phc_test", "***")) + "\n"
    assert user.run("show", "--wire").stdout == ""


def test_show_wire_makes_several_requests_of_one_uuid(user):
    uuid = "01890a5d-ac96-774b-bcce-b302099a8057"
    for _ in range(2):
        user.run("emit", "ping", "--uuid", uuid)
    shown = user.run("show", "--wire")
    assert [len(json.loads(line)["batch"]) for line in shown.stdout.splitlines()] == [1, 1]
    assert user.run("show", "--wire", "--count", code=2).stdout == ""
    assert json.loads(user.run("show").stdout.splitlines()[0])["uuid"] == uuid


def everything(user, **variables):
    """What every command that knows the endpoint prints, and what the spool keeps."""
    said = [user.run(*command, code=None, **variables)
            for command in (("status",), ("status", "--json"), ("show", "--wire"), ("flush", "--timeout-ms", "3000"),
                            ("status",))]  # fmt: skip
    files = b"".join(path.read_bytes() for path in user.acme.rglob("*") if path.is_file())
    return "".join(done.stdout + done.stderr for done in said) + files.decode("latin-1")


def test_no_password_of_the_endpoint_is_shown(user):
    user.run("emit", "ping")
    endpoint = f"http://ada:{PASSWORD}@127.0.0.1:9/in?key={PASSWORD}"
    said = everything(user, ACME_TELEMETRY_ENDPOINT=endpoint)
    assert "http://***@127.0.0.1:9/in?***" in said
    assert PASSWORD not in said
    assert "phc_test" not in said


@pytest.mark.parametrize("slashes", ["", "/", "///"])
def test_a_malformed_endpoint_gets_nothing_and_is_told(user, collector, slashes):
    port = collector.url.rpartition(":")[2]
    endpoint = f"http:{slashes}ada:{PASSWORD}@127.0.0.1:{port}"
    user.run("emit", "ping")
    said = everything(user, ACME_TELEMETRY_ENDPOINT=endpoint)
    assert collector.requests == []
    assert f"http:{slashes}***@127.0.0.1:{port}" in said
    assert PASSWORD not in said
    status = user.status(ACME_TELEMETRY_ENDPOINT=endpoint)
    assert status["problem"] == "ACME_TELEMETRY_ENDPOINT is no address like https://host[:port]: nothing is sent"
    assert f"problem     {status['problem']}" in user.run("status", ACME_TELEMETRY_ENDPOINT=endpoint).stdout
    user.run("flush", ACME_TELEMETRY_ENDPOINT=collector.url)
    assert len(collector.events) == 1


def test_no_password_of_a_proxy_is_shown(user):
    user.run("emit", "ping")
    proxy = f"http://ada:{PASSWORD}@127.0.0.1:9"
    said = everything(user, ACME_TELEMETRY_ENDPOINT="https://127.0.0.1:9", https_proxy=proxy)
    assert "127.0.0.1" in said
    assert PASSWORD not in said


def test_plain_http_goes_where_the_user_says(user, collector):
    """0.0.0.0 is this machine for the kernel, and any other for candor."""
    elsewhere = f"http://0.0.0.0:{collector.url.rpartition(':')[2]}"
    user.run("emit", "ping")
    assert user.status(ACME_TELEMETRY_ENDPOINT=collector.url)["endpoint_insecure"] is False
    assert user.status(ACME_TELEMETRY_ENDPOINT=None)["endpoint_insecure"] is False
    assert user.status(ACME_TELEMETRY_ENDPOINT=elsewhere)["endpoint_insecure"] is True
    row = next(line for line in user.run("status", ACME_TELEMETRY_ENDPOINT=elsewhere).stdout.splitlines() if "endpoint" in line)
    assert row.split(None, 1)[1] == f"{elsewhere} (insecure: plain http, readable on its way)"
    assert "insecure" not in user.run("status", ACME_TELEMETRY_ENDPOINT=collector.url).stdout
    user.run("flush", ACME_TELEMETRY_ENDPOINT=elsewhere)
    assert len(collector.events) == 1


def test_a_catalog_may_not_name_plain_http(user):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    user.catalog.write_text(user.catalog.read_text().replace("https://us.i.posthog.com", f"http://0.0.0.0:{port}"))
    assert "http only to this machine" in user.run("check", user.catalog, code=1).stdout
