"""The two sides that are compared: Kubernetes itself (etcd, kube-apiserver and, for what it does with namespaces and with owners that
are gone, kube-controller-manager) with our kinds installed, and `slipway server`. Both on loopback, both with the same people.
"""

import base64
import http.client
import json
import os
import pathlib
import ssl
import sys

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "manifests" / "demo"))

import world as demo_world  # noqa: E402  (found by the line above)

CRDS = sorted((PROJECT / "crd").glob("*.yaml"))
# Who may what, on both sides: an administrator, and somebody who may read.
VIEWER_RULES = [
    {"apiGroups": [""], "resources": ["configmaps", "events", "namespaces", "services"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["slipway.dev", "coordination.k8s.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]


class Api:
    """Requests by hand as the administrator, over one connection that is kept."""

    def __init__(self, side):
        context = ssl.create_default_context(cafile=str(side.authority))
        context.check_hostname = False
        context.load_cert_chain(side.certificate, side.key)
        host, port = side.url.removeprefix("https://").rsplit(":", 1)
        self.connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=60)

    def ask(self, method, path, body=None, content_type="application/json", headers=None):
        """(status, headers, body): the body as JSON where it is that, and else as bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Accept": "application/json", **({"Content-Type": content_type} if data is not None else {}), **(headers or {})}
        for attempt in (0, 1):
            try:
                self.connection.request(method, path, data, sent)
                answer = self.connection.getresponse()
                raw = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                idle = isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError))
                if attempt or not idle:  # One that was idle for too long is forgiven.
                    raise
        try:
            return answer.status, answer.headers, json.loads(raw)
        except ValueError:
            return answer.status, answer.headers, raw

    def must(self, method, path, body=None, **options):
        status, _, answer = self.ask(method, path, body, **options)
        if status >= 300:
            raise demo_world.WorldError(f"{method} {path}: {status} {answer}")
        return answer


class Side:
    """What both have: `url`, `authority` (a file), `certificate` and `key` of the administrator, `viewer_token()`."""

    def kubeconfig(self, path, user="admin"):
        """Writes a kubeconfig; `user` is admin, viewer or nobody (whose token is not known)."""
        known = {"admin": lambda: {"client-certificate": str(self.certificate), "client-key": str(self.key)},
                 "viewer": lambda: {"token": self.viewer_token()}, "nobody": lambda: {"token": "not-a-token"}}
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.url, "certificate-authority": str(self.authority)}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": user}}],
            "users": [{"name": user, "user": known[user]()}]}))
        return path


class Kubernetes(Side):
    """etcd, kube-apiserver and kube-controller-manager of SLIPWAY_KUBERNETES."""

    def __init__(self, directory, durable=False):
        programs = os.environ.get("SLIPWAY_KUBERNETES")
        if not programs:
            raise RuntimeError("SLIPWAY_KUBERNETES is not set: `./dev goldens` and `./dev test api-diff` build what it names")
        self.programs, self.directory = pathlib.Path(programs), pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.processes = []
        try:
            self.make_certificates()
            self.start(durable)
        except BaseException:
            self.close()
            raise

    def make_certificates(self):
        self.client_authority = self.directory / "client-ca.crt"
        self.certificate, self.key = self.directory / "admin.crt", self.directory / "admin.key"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
        request = self.directory / "admin.csr"
        demo_world.run("openssl", "req", "-x509", *curve, "-subj", "/CN=clients", "-keyout", self.directory / "client-ca.key",
                       "-out", self.client_authority)
        demo_world.run("openssl", "req", "-new", *curve, "-subj", "/O=system:masters/CN=admin", "-keyout", self.key, "-out", request)
        demo_world.run("openssl", "x509", "-req", "-days", "2", "-in", request, "-CA", self.client_authority, "-CAkey",
                       self.directory / "client-ca.key", "-CAcreateserial", "-out", self.certificate)
        demo_world.run("openssl", "genrsa", "-out", self.directory / "accounts.key", "2048")
        (self.directory / "tokens.csv").write_text(f"{self.viewer_token()},viewer,viewer\n")

    def viewer_token(self):
        return "viewer-token"

    def run(self, name, program, *flags):
        process = demo_world.Process(name, [self.programs / program, *flags], self.directory / f"{name}.log")
        self.processes.append(process)
        return process

    def start(self, durable):
        client, peer, port = (demo_world.free_port() for _ in range(3))
        self.run("etcd", "etcd", "--data-dir", self.directory / "etcd", "--listen-client-urls", f"http://127.0.0.1:{client}",
                 "--advertise-client-urls", f"http://127.0.0.1:{client}", "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                 "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster",
                 f"default=http://127.0.0.1:{peer}", *([] if durable else ["--unsafe-no-fsync"]))
        accounts = self.directory / "accounts.key"
        self.server = self.run(
            "kube-apiserver", "kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{client}", "--bind-address", "127.0.0.1",
            "--advertise-address", "127.0.0.1", "--secure-port", str(port), "--cert-dir", self.directory / "certificates",
            "--service-account-key-file", accounts, "--service-account-signing-key-file", accounts, "--service-account-issuer",
            "https://kubernetes.default.svc", "--client-ca-file", self.client_authority, "--token-auth-file",
            self.directory / "tokens.csv", "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24",
            "--endpoint-reconciler-type", "none", "--disable-admission-plugins", "ServiceAccount")
        self.url, self.authority = f"https://127.0.0.1:{port}", self.directory / "certificates" / "apiserver.crt"
        demo_world.wait_for("kube-apiserver to be ready", self.ready, 120, 0.2)
        for crd in CRDS:
            self.api.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(crd.read_text()))
        demo_world.wait_for("our kinds to be served", self.established, 60, 0.2)
        self.let_the_viewer_read()
        config = self.kubeconfig(self.directory / "admin.kubeconfig")
        self.run("controllers", "kube-controller-manager", "--kubeconfig", config, "--secure-port", "0", "--leader-elect=false",
                 "--controllers", "namespace-controller,garbage-collector-controller", "--min-resync-period", "1h")

    def ready(self):
        for process in self.processes:
            if not process.running():
                raise demo_world.WorldError(f"{process.name} ended:\n{process.tail()}")
        try:
            self.api = Api(self)
            return self.api.ask("GET", "/readyz")[0] == 200 and self.api.ask("GET", "/api/v1/namespaces/default")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def established(self):
        crds = self.api.must("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
        served = [any(c["type"] == "Established" and c["status"] == "True" for c in crd["status"]["conditions"] or [])
                  for crd in crds]
        status, _, found = self.api.ask("GET", "/openapi/v3")
        return len(served) == len(CRDS) and all(served) and status == 200 and "apis/slipway.dev/v1alpha1" in found["paths"]

    def let_the_viewer_read(self):
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        group = {"apiVersion": "rbac.authorization.k8s.io/v1"}
        self.api.must("POST", rbac + "/clusterroles", group | {"kind": "ClusterRole", "metadata": {"name": "viewer"},
                                                               "rules": VIEWER_RULES})
        self.api.must("POST", rbac + "/clusterrolebindings", group | {
            "kind": "ClusterRoleBinding", "metadata": {"name": "viewer"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "viewer"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "viewer"}]})

    def close(self):
        for process in reversed(self.processes):
            process.stop()


class Slipway(Side):
    """`slipway server` without controllers: what is asked for stays as it was written."""

    def __init__(self, directory):
        self.world = demo_world.World(directory)
        self.world.server_flags = ["--no-controllers"]
        self.directory = self.world.directory
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        self.world.start_server()
        self.url = self.world.url
        config = yaml.safe_load((self.world.data / "admin.kubeconfig").read_text())
        user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
        self.authority, self.certificate, self.key = (self.directory / name for name in ("ca.crt", "admin.crt", "admin.key"))
        for path, data in ((self.authority, cluster["certificate-authority-data"]),
                           (self.certificate, user["client-certificate-data"]), (self.key, user["client-key-data"])):
            path.write_bytes(base64.b64decode(data))
        self.api, self.token = Api(self), ""

    def viewer_token(self):
        if not self.token:
            made = self.api.must("POST", "/apis/access.slipway.dev/v1alpha1/accesstokens", {
                "apiVersion": "access.slipway.dev/v1alpha1", "kind": "AccessToken", "metadata": {"name": "viewer"},
                "spec": {"role": "viewer"}})
            self.token = made["status"]["token"]
        return self.token

    def close(self):
        self.world.close()
