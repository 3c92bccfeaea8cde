"""An API that says what a test wants, over plain HTTP: for what the real one does too seldom."""

import contextlib
import http.server
import json
import threading

import yaml


class FakeApi:
    """Answers GETs by the functions of `lists` and `watches`, in turn; the last of each stays.

    Each gets the path. Those of `lists` return (status, body); those of `watches` give the events of one stream, where "cut"
    breaks the connection.
    """

    def __init__(self, lists, watches):
        self.lists, self.watches, self.requests = list(lists), list(watches), []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _, query = self.path.partition("?")
                query = dict(pair.split("=", 1) for pair in query.split("&") if pair)
                fake.requests.append((path, query))
                if query.get("watch") == "true":
                    self.stream(fake.turn(fake.watches)(path))
                else:
                    self.answer(*fake.turn(fake.lists)(path))

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def stream(self, events):
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for event in events:
                    if event == "cut":
                        self.close_connection = True
                        return
                    line = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def turn(answers):
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def watched_from(self):
        """The resourceVersions of the watches, in order."""
        return [query["resourceVersion"] for _, query in self.requests if query.get("watch") == "true"]

    def kubeconfig(self, path):
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        path.write_text(yaml.safe_dump({
            "current-context": "fake", "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
            "clusters": [{"name": "fake", "cluster": {"server": url}}], "users": [{"name": "me", "user": {}}]}))
        return path

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def hold(handler):
    """Says nothing more until the client goes away, which is to have the patience of a minute at most."""
    handler.connection.settimeout(60)
    with contextlib.suppress(OSError):
        handler.connection.recv(1)


def status(code, reason):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
            "message": f"{reason}, says the fake"}


def table(version, *names):
    """A Table of objects with these names."""
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": str(version)},
            "columnDefinitions": [{"name": "Name", "priority": 0}],
            "rows": [{"cells": [name], "object": {"metadata": {"name": name}}} for name in names]}


def event(kind, version, *names):
    return {"type": kind, "object": table(version, *names)}
