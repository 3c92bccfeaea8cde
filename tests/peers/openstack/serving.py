"""What both services need: an HTTP server around a WSGI application, and a conversation in lines of JSON with whoever started them."""

import json
import socketserver
import sqlite3
import sys
import threading
import traceback
import wsgiref.simple_server


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


def listen():
    """A server at some port of this machine, that answers once it is given to `start`."""
    return wsgiref.simple_server.make_server("127.0.0.1", 0, None, server_class=Server, handler_class=Handler)


def make_database(path):
    """One whose readers and writers do not wait for each other."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.close()


def start(server, application):
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def say(what):
    print(json.dumps({"is": what}), flush=True)


def obey(commands):
    """Until standard input ends, each line of it is [NAME, ARGUMENTS]: one of `commands`. What it gives is answered as a line."""
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            say(commands[name](**arguments))
        except Exception:  # noqa: BLE001  (who asked fails with it)
            print(json.dumps({"failed": traceback.format_exc()}), flush=True)
