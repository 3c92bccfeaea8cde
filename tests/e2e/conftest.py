"""What the end-to-end tests share: a small world of real processes, gone when its test ends."""

import base64
import json
import os
import pathlib
import shutil
import ssl
import sys
import urllib.request

import pytest
import yaml

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT / "manifests" / "demo"))

import world as demo_world  # noqa: E402  (found by the line above)

APPLICATION = """
apiVersion: slipway.dev/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  source: {repository: shop}
  servers: {fleets: [web]}
  gate: {servers: {fleets: [integration]}}
  release:
    env: [{name: PORT, value: "8080"}]
    shared: {files: [config.json]}
    processes:
    - name: web
      run: exec /usr/bin/python3 server.py
      stopTimeout: 5s
      health: {http: {port: 8080, path: /healthz}, interval: 200ms, minHealthyTime: 1s, deadline: 20s}
  strategy:
    waves: [{name: canary, upTo: 1}]
    maxUnavailable: 1
    progressDeadline: 2m
"""


class Town(demo_world.World):
    """One integration server, three web servers, and a repository with the demo's shop."""

    def __init__(self, directory, octet):
        super().__init__(directory)
        self.addresses = {name: f"127.77.{octet}.{10 + i}" for i, name in enumerate(["test-1", "web-1", "web-2", "web-3"])}
        self.tree = None

    def fleet(self, name, servers):
        listed = [{"name": server, "address": self.addresses[server]} for server in servers]
        return {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": name},
                "spec": {"provider": {"static": {"servers": listed}}}}

    def populate(self, application=APPLICATION, fleets=None):
        """Everything up to the first push. `fleets`: those that serve."""
        if self.server is None:
            self.start_server()
        self.apply(self.fleet("integration", ["test-1"]), *(fleets or [self.fleet("web", ["web-1", "web-2", "web-3"])]))
        self.plant_shop(application)
        for name, address in self.addresses.items():
            self.write_shared(name, "shop", "config.json", '{"currency": "EUR"}\n')
            self.start_agent(name, address)
        for name in self.addresses:
            demo_world.wait_for(f"{name} to join", lambda: self.reachable(name), 60)

    def plant_shop(self, application):
        """The application and its repository, of which nothing is pushed yet; the tree."""
        self.git = demo_world.GitServer(self.directory / "git")
        self.git.create("shop")
        self.apply(self.git.secret("shop-git"))
        self.apply_text(demo_world.HERE / "cluster" / "repository.yaml", REPOSITORY_URL=self.git.url("shop"))
        self.slipway("apply", "-f", "-", stdin=application)
        self.tree = demo_world.WorkTree(self.directory / "work", self.git, "shop")
        shutil.copytree(demo_world.HERE / "shop", self.tree.directory, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "README.md"))
        return self.tree

    def metrics(self):
        """What Prometheus would read."""
        return self.ask_api("GET", "/metrics")

    def ask_api(self, method, path, body=None):
        """What the API answers to the administrator; `body` is JSON."""
        user = yaml.safe_load((self.data / "admin.kubeconfig").read_text())["users"][0]["user"]
        identity = self.directory / "admin.pem"
        identity.write_bytes(b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(identity)
        asked = urllib.request.Request(self.url + path, body and json.dumps(body).encode(), {"Content-Type": "application/json"},
                                       method=method)
        with urllib.request.urlopen(asked, context=context, timeout=30) as answer:
            return answer.read().decode()

    def phase(self, commit):
        """Phase of the newest rollout of a commit; empty while there is none."""
        found = [r for r in self.list("rollouts") if r["spec"]["release"]["commit"] == commit]
        return max(found, key=lambda r: r["spec"]["number"]).get("status", {}).get("phase", "") if found else ""

    def wave(self, commit):
        found = [r for r in self.list("rollouts") if r["spec"]["release"]["commit"] == commit]
        return max((r.get("status", {}).get("wave", 0) for r in found), default=0)

    def wait_for_phase(self, commit, phase, timeout=180):
        ended = {"Succeeded", "RolledBack", "Halted", "Superseded", "Aborted"}

        def reached():
            seen = self.phase(commit)
            if seen in ended and seen != phase:
                raise demo_world.WorldError(f"the rollout of {commit[:8]} ended as {seen}, not {phase}:\n" +
                                            self.slipway("get", "rollouts", "-o", "yaml"))
            return seen == phase

        demo_world.wait_for(f"the rollout of {commit[:8]} to be {phase}", reached, timeout)

    def serving(self):
        """Revision that each web server serves; None where nobody answers well."""
        pages = {name: demo_world.ask(self.addresses[name]) for name in ("web-1", "web-2", "web-3")}
        return {name: page["revision"] if status == 200 else None for name, (status, page) in pages.items()}


class WatchedFleet:
    """The fleet "web" of a town, as somebody sees it who waits for something."""

    def __init__(self, town):
        self.town = town

    def servers(self):
        return {server["metadata"]["name"]: server for server in self.town.list("servers")}

    def ready(self):
        conditions = self.town.get("fleet", "web").get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == "Ready"), {"reason": "", "message": ""})

    def event(self, reason):
        """The Event of the fleet with this reason; empty: there is none."""
        return next((e for e in self.town.list("events") if e["involvedObject"]["kind"] == "Fleet" and e["reason"] == reason), {})

    def until(self, what, condition):
        demo_world.wait_for(what, condition, 120)

    def until_reason(self, reason):
        """Waits; the message."""
        self.until(f"the fleet to say {reason}", lambda: self.ready()["reason"] == reason)
        return self.ready()["message"]

    def until_servers(self, names):
        self.until(f"{len(names)} servers", lambda: set(self.servers()) == set(names))


@pytest.fixture
def town(tmp_path, request):
    """A Town; on failure its logs are shown."""
    octet = 1 + (os.getpid() + abs(hash(request.node.nodeid))) % 250
    made = Town(tmp_path / "town", octet)
    yield made
    made.close()
    for log in sorted(made.directory.glob("*.log")):
        print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-60:]))


@pytest.fixture
def world_module():
    return demo_world
