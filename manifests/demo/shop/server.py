"""The shop: a small web service. Python's standard library only.

GET /         what is served, as JSON: revision, release, greeting, currency
GET /healthz  200 when the service can do its work, 500 and a sentence when it cannot
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import shop


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            problem = shop.problem(shop.load_config())
            self.reply(500 if problem else 200, {"healthy": not problem, "problem": problem})
        elif self.path == "/":
            self.reply(200, {
                "revision": os.environ.get("SLIPWAY_REVISION", ""),
                "release": os.environ.get("SLIPWAY_RELEASE", ""),
                "greeting": shop.greeting("world"),
                "price": shop.price(3, shop.load_config()),
            })
        else:
            self.reply(404, {"error": "no such page"})

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, form, *values):
        print(self.address_string(), form % values, flush=True)


if __name__ == "__main__":
    address = (os.environ.get("SLIPWAY_ADDRESS", "127.0.0.1"), int(os.environ.get("PORT", "8080")))
    print(f"listening on {address[0]}:{address[1]}", flush=True)
    ThreadingHTTPServer(address, Handler).serve_forever()
