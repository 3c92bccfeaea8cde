"""What one user can take of the API, seen from outside: others always get in."""

import http.client
import socket
import ssl
import threading
import time

import pytest
from test_access import MAPS, Caller, token

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture
def served(town):
    town.start_server()
    yield town


class Flood:
    """Connections of somebody who sends something on each and never ends."""

    def __init__(self, caller):
        self.caller, self.streams = caller, []

    def open(self, text, count):
        """Sends this on as many new connections, which are returned."""
        host, port = self.caller.url.removeprefix("https://").rsplit(":", 1)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        mine, failed = [None] * count, []

        def connect(numbers):
            try:
                for number in numbers:
                    mine[number] = context.wrap_socket(socket.create_connection((host, int(port)), timeout=60))
                    self.introduce(mine[number])
                    mine[number].sendall(text.encode())
            except OSError as error:
                failed.append(error)

        workers = [threading.Thread(target=connect, args=(range(start, count, 8),)) for start in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert not failed, failed
        self.streams += mine
        return mine

    def introduce(self, stream):
        """Before it is known whose it is, a connection makes way for others."""
        stream.sendall(self.request("GET /version").encode())
        answer = http.client.HTTPResponse(stream)
        answer.begin()
        answer.read()

    def request(self, line, *headers):
        return "\r\n".join([f"{line} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.caller.token}", *headers, "", ""])

    def close(self):
        for stream in self.streams:
            stream.close()


@pytest.fixture
def flood(served):
    started = Flood(Caller(served.url, token(served, "eve", "viewer")))
    yield started
    started.close()


def answers(streams):
    """What came first on each: its status, or None where nothing came while others were answered."""
    found = []
    for stream in streams:
        stream.settimeout(0.01)
        try:
            found.append(int(stream.recv(4096).split(b" ")[1]))
        except TimeoutError:
            found.append(None)
    return found


def others_get_in(served, eve):
    bob = Caller(served.url, token(served, f"bob-{len(eve.streams)}", "viewer"))
    assert bob.ask(MAPS)[0] == 200
    with bob.open(MAPS + "?watch=true&resourceVersion=0&timeoutSeconds=1") as watch:
        assert watch.status == 200
    assert served.list("namespaces")


def turned_away(served, what):
    meter = Caller(served.url, token(served, "meter", "viewer"))
    with meter.open("/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f'slipway_api_turned_away_total{{what="{what}"}}'):
                return float(line.rsplit(" ", 1)[1])
    return 0


def test_requests_that_never_end_keep_nobody_else_out(served, flood):
    """Each promises a body that does not come."""
    slow = flood.request("POST " + REVIEWS, "Content-Type: application/json", "Content-Length: 1000")
    first = flood.open(slow, 256)
    status, refusal = None, {}
    # The last of them may be on its way still.
    until = time.monotonic() + 60
    while status != 429 and time.monotonic() < until:
        status, refusal = flood.caller.ask(MAPS)
    assert (status, refusal["reason"]) == (429, "TooManyRequests")
    assert refusal["message"] == "Too many requests, please try again later."
    assert refusal["details"]["retryAfterSeconds"] == 1
    others_get_in(served, flood)
    assert answers(first).count(None) == 256
    assert turned_away(served, "requests") >= 1
    assert 'too many requests are under way: those of "eve", among others' in (served.directory / "server.log").read_text()
    flood.close()


def test_watches_keep_nobody_else_out(served, flood):
    watching = flood.request(f"GET {MAPS}?watch=true")
    first = flood.open(watching, 1024)
    for stream in first:
        stream.settimeout(60)
        assert stream.recv(4096).startswith(b"HTTP/1.1 200 ")
    more = flood.open(watching, 16)
    for stream in more:
        stream.settimeout(60)
        answer = stream.recv(65536)
        assert answer.startswith(b"HTTP/1.1 429 ") and b"\r\nRetry-After: 1\r\n" in answer
    assert flood.caller.ask(MAPS)[0] == 200, "requests are counted by themselves"
    others_get_in(served, flood)
    assert turned_away(served, "watches") == 16
    served.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "news"}})
    for stream in first:
        assert b'"news"' in stream.recv(65536)


def test_connections_keep_nobody_else_out(served, flood):
    """Each is used once, and kept."""
    first = flood.open(flood.request("GET /version"), 2048)
    for stream in first:
        stream.settimeout(60)
        assert stream.recv(4096).startswith(b"HTTP/1.1 200 ")
    more = flood.open(flood.request("GET /version"), 16)
    for stream in more:
        stream.settimeout(60)
        assert stream.recv(4096).startswith(b"HTTP/1.1 429 ")
    others_get_in(served, flood)
    assert turned_away(served, "connections") >= 16
