"""OpenStack on this machine: the real Keystone and Nova (tests/peers/openstack), proxies before them that spoil answers, and OpenStack's
own SDK as the second opinion on what there is.
"""

import http.client
import http.server
import json
import os
import pathlib
import secrets
import socket
import struct
import subprocess
import sys
import threading

for needed in ("SLIPWAY_PEERS", "SLIPWAY_OPENSTACK"):
    if not os.environ.get(needed):
        raise RuntimeError(f"{needed} is not set: run this test as `./dev test openstack`, which installs what it needs")
PEERS = pathlib.Path(os.environ["SLIPWAY_PEERS"])
UNPACKED = pathlib.Path(os.environ["SLIPWAY_OPENSTACK"])
SERVICES = pathlib.Path(__file__).parents[1] / "peers/openstack"
sys.path.insert(0, str(next((PEERS / "lib").glob("python3*/site-packages"))))

import openstack  # noqa: E402  (found by the line above)
from fake_api import hold  # noqa: E402

REGIONS = ["RegionOne", "RegionTwo"]
STATUS = {  # what a server must be in Nova's database to be shown with this status
    "ACTIVE": ("active", 1), "BUILD": ("building", 0), "ERROR": ("error", 1), "PAUSED": ("paused", 3), "RESCUE": ("rescued", 1),
    "SHELVED": ("shelved", 4), "SHELVED_OFFLOADED": ("shelved_offloaded", 4), "SHUTOFF": ("stopped", 4),
    "SOFT_DELETED": ("soft-delete", 4), "SUSPENDED": ("suspended", 7), "UNKNOWN": ("nobody knows", 0), "VERIFY_RESIZE": ("resized", 1)}


class Service:
    """A service that talks in lines of JSON."""

    def __init__(self, directory, program, *arguments):
        directory.mkdir(parents=True)
        # Its modules are compiled once, beside them: without that each start takes long.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
            "PYTHONPATH": str(UNPACKED / "usr/lib/python3/dist-packages"),
            "LD_LIBRARY_PATH": str(next((UNPACKED / "usr/lib").glob("*-linux-gnu")))}
        self.errors = directory / "stderr"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(["/usr/bin/python3", SERVICES / program, directory, *arguments], env=environment,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.lock = threading.Lock()

    def heard(self):
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()[-3000:]
        said = json.loads(line)
        assert "is" in said, said.get("failed")
        return said["is"]

    def ask(self, command, **arguments):
        with self.lock:
            self.process.stdin.write(json.dumps([command, arguments]) + "\n")
            self.process.stdin.flush()
            return self.heard()

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


class Proxy:
    """Stands before a service. `fault`, (page, what), spoils each answer that is that page of a list, or a token; None spoils nothing."""

    def __init__(self, port):
        self.port, self.fault, self.pages, self.token = port, None, [], ""
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy.pass_on(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def fault_of(self, path):
        """What is wrong with the answer to this request: pages are counted from 1, and each list begins without a marker."""
        if "/servers/detail" not in path and "/auth/tokens" not in path:
            return None
        if "marker=" not in path:
            self.pages = []
        if path not in self.pages:
            self.pages.append(path)
        return self.fault[1] if self.fault and self.fault[0] == self.pages.index(path) + 1 else None

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"] or 0))
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        self.token = headers.get("x-auth-token", self.token)
        what = self.fault_of(handler.path)
        if what in REFUSALS:
            return send(handler, *REFUSALS[what])
        if what == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            return handler.connection.shutdown(socket.SHUT_RDWR)
        if what == "expired":
            headers["x-auth-token"] = "gAAAAABhush"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        # Behind the page that was made empty stands the one that it should have been.
        connection.request(handler.command, handler.path.removesuffix("?marker=" + EMPTY), body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        passed = {name: value for name, value in answer.getheaders()
                  if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server")}
        connection.close()
        send(handler, answer.status, *spoiled(data, what, passed, handler.path))
        if what == "slow body":
            hold(handler)


def spoiled(data, what, headers, path):
    """Body, headers, and how many bytes are promised."""
    promised = None
    if what in ("loop", "foreign", "nameless", "state", "empty page"):
        root = json.loads(data)
        if what == "loop":
            root["servers_links"] = [{"rel": "next", "href": "http://nova.example.org" + path}]
        elif what == "nameless":
            root["servers_links"] = [{"rel": "next", "href": "http://nova.example.org/v2.1/servers/detail?marker=/etc/passwd"}]
        elif what == "state":
            root["servers"][0]["status"] = "ODD"
        elif what == "empty page":
            # Its servers are on the next page, as if they had been moved there meanwhile.
            root["servers_links"] = [{"rel": "next", "href": "/v2.1/servers/detail?marker=" + EMPTY}]
            root["servers"] = []
        data = json.dumps(root).encode()
    if what == "cut text":
        data = data[:len(data) // 2]
    if what == "old":
        headers = {name: value for name, value in headers.items() if name.lower() != "openstack-api-version"}
    if what in ("cut body", "slow body"):
        promised = len(data) + 100
    return data, headers, promised


EMPTY = "00000000-0000-4000-8000-000000000000"


def words(name, code, message):
    return json.dumps({name: {"code": code, "message": message}}).encode()


JSON = {"content-type": "application/json", "x-openstack-request-id": "req-7"}
REFUSALS = {
    "throttle": (429, words("tooManyRequests", 429, "This request was rate-limited."), JSON | {"retry-after": "1"}),
    "old throttle": (413, words("overLimit", 413, "This request was rate-limited."), JSON | {"retry-after": "1"}),
    "trouble": (500, words("computeFault", 500, "Unexpected API Error."), JSON),
    "gateway": (503, b"<html><body>No server is available</body></html>", {"content-type": "text/html"}),
    "denied": (403, words("forbidden", 403, "Policy doesn't allow os_compute_api:servers:detail to be performed."), JSON),
    "forbidden": (403, words("forbidden", 403, "This project is suspended."), JSON),
    "page of the web": (200, b"<html><body>Please log in</body></html>", {"content-type": "text/html", "openstack-api-version":
                                                                           "compute 2.69"}),
    "elsewhere": (302, b"<html/>", {"location": "http://127.0.0.1:9/"}),
    "old nova": (406, words("computeFault", 406, "Version 2.69 is not supported by the API. Minimum is 2.1 and maximum is 2.60."), JSON),
}


def send(handler, status, data, headers, promised=None):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(promised or len(data)))
    if promised:
        handler.send_header("connection", "close")
        handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(data)


class OpenStack:
    """Both services. Their compute API is in two regions, which are the same Nova; whoever comes from outside comes through a proxy."""

    def __init__(self, directory):
        self.keystone = Service(directory / "keystone", "keystone_api.py")
        port = self.keystone.heard()
        self.nova = Service(directory / "nova", "nova_api.py", f"http://127.0.0.1:{port}/v3")
        assert self.keystone.heard() == "ready"
        nova_port = self.nova.heard()
        self.before_keystone, self.before_nova = Proxy(port), Proxy(nova_port)
        self.auth_url = self.before_keystone.url + "/v3"
        self.admin = connect(auth_url=f"http://127.0.0.1:{port}/v3", username="admin", password="admin", project_name="admin",
                             user_domain_id="default", project_domain_id="default")
        compute = self.admin.identity.create_service(type="compute", name="nova")
        self.admin.identity.create_region(id=REGIONS[1])
        for region, interface, url in ((REGIONS[0], "public", self.before_nova.url + "/v2.1"),
                                       (REGIONS[0], "internal", f"http://127.0.0.1:{nova_port}/v2.1/%(tenant_id)s"),
                                       (REGIONS[1], "public", self.before_nova.url + "/v2/"),
                                       (REGIONS[0], "admin", "http://nova.example.org/v2.1")):
            self.admin.identity.create_endpoint(service_id=compute.id, region_id=region, interface=interface, url=url)

    def stop(self):
        for each in (self.before_keystone, self.before_nova, self.keystone, self.nova):
            each.stop()

    def project(self):
        made = Project(self)
        made.grant("reader")
        return made

    def project_of_a_stranger(self):
        """Its user has a role in it of which Nova knows nothing."""
        self.admin.identity.find_role("stranger") or self.admin.identity.create_role(name="stranger")
        made = Project(self)
        made.grant("stranger")
        return made

    def revoke(self):
        """The token that was used last is no good any more."""
        self.admin.identity.delete("/auth/tokens", headers={"x-subject-token": self.before_nova.token}, microversion=None)


def connect(**auth):
    return openstack.connect(auth=auth, region_name=REGIONS[0], interface="public", load_yaml_config=False, load_envvars=False)


class Project:
    """A project with one user, who may do there what is granted."""

    def __init__(self, world):
        self.launched, self.world, self.name, self.password = 0, world, f"shop-{secrets.token_hex(4)}", "hush-" + secrets.token_hex(8)
        identity = world.admin.identity
        self.id = identity.create_project(name=self.name, domain_id="default").id
        self.user = identity.create_user(name=f"lister-{self.name}", password=self.password, domain_id="default")

    def grant(self, role):
        identity = self.world.admin.identity
        identity.assign_project_role_to_user(self.id, self.user.id, identity.find_role(role).id)

    def settings(self):
        """In the words of clouds.yaml."""
        return {"auth_url": self.world.auth_url, "username": self.user.name, "password": self.password, "user_domain_name": "Default",
                "project_name": self.name, "project_domain_name": "Default", "region_name": REGIONS[0]}

    def variables(self):
        return environment(self.settings())

    def connection(self):
        """The SDK's, as this user."""
        return connect(**{name: value for name, value in self.settings().items() if name != "region_name"})

    def credential(self, name="slipway"):
        """A new application credential, as settings."""
        made = self.connection().identity.create_application_credential(self.user.id, name)
        return {"auth_url": self.world.auth_url, "application_credential_id": made.id, "application_credential_secret": made.secret,
                "region_name": REGIONS[0]}

    def launch(self, name="web", status="ACTIVE", **what):
        vm_state, power_state = STATUS[status]
        self.launched += 1
        what.setdefault("launched_at", None if status == "BUILD" else "2026-01-02T03:04:05Z")
        what.setdefault("networks", [["private", [f"10.0.0.{self.launched}", f"fd00::{self.launched}"], [f"203.0.113.{self.launched}"]]])
        return self.world.nova.ask("launch", name=name, project=self.id, vm_state=vm_state, power_state=power_state, **what)

    def list(self):
        """Servers by id, as the SDK lists them."""
        return {server.id: server for server in self.connection().compute.servers(details=True)}


def environment(settings):
    return {"OS_" + name.upper(): value for name, value in settings.items()}
