"""Who may do what, seen from outside: tokens with a role, refusals, questions, the audit log, and slipway as a plugin of kubectl."""

import json
import os
import re
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
import yaml
from conftest import PROJECT

SECRETS = "/api/v1/namespaces/default/secrets"
MAPS = "/api/v1/namespaces/default/configmaps"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Caller:
    """Somebody who talks HTTPS and has a token."""

    def __init__(self, url, token):
        self.url, self.token = url, token
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def open(self, path, body=None, method=None, timeout=30):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        return urllib.request.urlopen(request, context=self.context, timeout=timeout)

    def ask(self, path, body=None, method=None):
        """Status code, and the answer as an object."""
        try:
            with self.open(path, body, method) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())


@pytest.fixture
def served(town, tmp_path):
    """A town with a server and an audit log."""
    town.server_flags = ["--audit-log", tmp_path / "audit.log"]
    town.start_server()
    return town


def token(town, name, role, *more):
    return town.slipway("access", "create", name, "--role", role, "--quiet", *more).strip()


def outcome(town, *words, **variables):
    """Exit code and everything that was printed."""
    done = subprocess.run(words, env=town.environment() | variables, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def test_roles_allow_what_they_are_for(served):
    viewer = Caller(served.url, token(served, "eve", "viewer"))
    assert viewer.ask(MAPS)[0] == 200
    status, refusal = viewer.ask(MAPS, {"metadata": {"name": "a"}})
    assert (status, refusal["reason"]) == (403, "Forbidden")
    assert refusal["message"].startswith('configmaps is forbidden: User "eve" cannot create resource "configmaps" in API group "" '
                                         'in the namespace "default"')
    assert viewer.ask(SECRETS)[0] == 403
    deployer = Caller(served.url, token(served, "ci", "deployer", "-n", "default"))
    assert deployer.ask(MAPS, {"metadata": {"name": "a"}})[0] == 201
    assert deployer.ask(SECRETS)[0] == 403
    assert deployer.ask("/api/v1/configmaps")[0] == 403
    assert deployer.ask("/apis/access.slipway.dev/v1alpha1/accesstokens")[0] == 403


def test_what_is_listed_holds_no_secret_and_what_is_revoked_ends(served):
    secret = token(served, "eve", "viewer", "--expires", "90d")
    listed = served.slipway("access", "list") + served.slipway("get", "accesstokens", "-o", "yaml")
    assert "eve" in listed and "viewer" in listed and secret.rsplit(".", 1)[1] not in listed and "sha256" not in listed
    viewer = Caller(served.url, secret)
    with viewer.open(MAPS + "?watch=true") as watch:
        served.slipway("access", "revoke", "eve")
        assert watch.read() == b""
    status, refusal = viewer.ask(MAPS)
    assert (status, refusal["message"]) == (401, "Unauthorized")
    assert "not found" in outcome(served, served.slipway_binary, "access", "revoke", "eve")[1]


def test_a_body_that_comes_after_the_revocation_is_refused(served):
    robot = Caller(served.url, token(served, "robot", "admin"))
    host, port = served.url.removeprefix("https://").rsplit(":", 1)
    body = json.dumps({"metadata": {"name": "late"}})
    with socket.create_connection((host, int(port)), timeout=30) as plain, robot.context.wrap_socket(plain) as stream:
        stream.sendall(f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {robot.token}\r\nContent-Type: application/json\r\n"
                       f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert stream.recv(1024).startswith(b"HTTP/1.1 100 "), "the server waits for the body"
        served.slipway("access", "revoke", "robot")
        stream.sendall(body.encode())
        assert stream.recv(1024).startswith(b"HTTP/1.1 401 ")
    assert "late" not in {each["metadata"]["name"] for each in served.list("configmaps")}


def test_a_token_over_plain_http_opens_nothing(served):
    robot = Caller(served.url, token(served, "robot", "admin"))
    host, port = served.url.removeprefix("https://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        plain.sendall(f"GET {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {robot.token}\r\n\r\n".encode())
        answer = b""
        while more := plain.recv(1024):
            answer += more
    assert b"HTTP/" not in answer, answer


def test_a_token_outlives_a_crash_of_the_server(served):
    viewer = Caller(served.url, token(served, "eve", "viewer"))
    served.server.kill()
    served.start_server()
    assert viewer.ask(MAPS)[0] == 200


def test_a_kubeconfig_is_written_for_its_owner_alone_and_works(served, tmp_path):
    path = tmp_path / "ci.kubeconfig"
    create = ["access", "create", "ci", "--role", "deployer", "-n", "default", "--write-kubeconfig", path]
    assert served.slipway(*create).strip().endswith("whoever has it has the access.")
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(path.read_text())["contexts"][0]["context"]["namespace"] == "default"
    assert outcome(served, served.slipway_binary, "get", "applications", KUBECONFIG=str(path))[0] == 0
    code, text = outcome(served, served.slipway_binary, "get", "secrets", KUBECONFIG=str(path))
    assert code == 1 and "the role deployer in namespace default does not include it" in text
    # A file that is there is neither overwritten nor given a token that nobody has.
    code, text = outcome(served, served.slipway_binary, *create[:2], "other", *create[3:])
    assert code == 1 and "File exists" in text
    assert "other" not in served.slipway("access", "list")


def test_a_name_is_given_once(served):
    token(served, "ci", "viewer")
    code, text = outcome(served, served.slipway_binary, "access", "create", "ci", "--role", "admin")
    assert code == 1 and '"ci" already exists; take another name, or `slipway access revoke` the one that is there' in text


@pytest.mark.parametrize("words, said", [
    (["create", "ci"], "--role is required"), (["create", "ci", "--role", "root"], "--role"),
    (["create", "ci", "--role", "viewer", "--expires", "soon"], "must be a length of time"),
    (["create", "C I", "--role", "viewer"], "metadata.name"), (["revoke"], "names is required")])
def test_wrong_words_are_refused(served, words, said):
    code, text = outcome(served, served.slipway_binary, "access", *words)
    assert code in (1, 2) and said in text


def test_one_can_ask_who_one_is_and_what_one_may_do(served):
    deployer = Caller(served.url, token(served, "ci", "deployer", "-n", "default"))
    status, me = deployer.ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert (status, me["status"]["userInfo"]["username"]) == (201, "ci")
    may = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    def allowed(verb, resource, namespace, group="slipway.dev"):
        wanted = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        return deployer.ask(may, {"spec": {"resourceAttributes": wanted}})[1]["status"]["allowed"]

    assert allowed("create", "applications", "default")
    assert not allowed("create", "applications", "other")
    assert not allowed("get", "secrets", "default", "")
    status, rules = deployer.ask("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})
    assert status == 201 and not rules["status"]["incomplete"]
    assert any("applications" in rule["resources"] and "patch" in rule["verbs"] for rule in rules["status"]["resourceRules"])


def test_definitions_are_read_and_never_changed(served):
    admin = Caller(served.url, token(served, "boss", "admin"))
    status, listed = admin.ask(DEFINITIONS)
    assert status == 200 and len(listed["items"]) == 7
    for definition in listed["items"]:
        conditions = {condition["type"]: condition["status"] for condition in definition["status"]["conditions"]}
        assert conditions == {"Established": "True", "NamesAccepted": "True"}
    foreign = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.io"}}
    for path, body, method in [("", foreign, "POST"), ("/applications.slipway.dev", None, "DELETE"),
                               ("/applications.slipway.dev", foreign, "PUT")]:
        status, refusal = admin.ask(DEFINITIONS + path, body, method)
        assert status == 403 and "it is no general Kubernetes" in refusal["message"]
    assert admin.ask("/api/v1/services")[1]["items"] == []


def test_the_audit_log_says_who_did_what_and_shows_no_secret(served, tmp_path, world_module):
    secret = token(served, "ci", "deployer")
    deployer = Caller(served.url, secret)
    deployer.ask(MAPS + "?fieldManager=me&token=" + secret, {"metadata": {"name": "a"}})
    deployer.ask(SECRETS)
    served.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hunter2"}})

    def events():
        return [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]

    def find(verb, resource):
        return next((e for e in events() if e["verb"] == verb and e.get("objectRef", {}).get("resource") == resource), None)

    world_module.wait_for("the last event", lambda: find("create", "secrets") or find("patch", "secrets"), 20)
    made = find("create", "configmaps")
    assert (made["user"]["username"], made["objectRef"]["name"], made["responseStatus"]["code"]) == ("ci", "a", 201)
    assert made["requestURI"].endswith("?fieldManager=me&token=(hidden)")
    refused = find("list", "secrets")
    assert refused["responseStatus"]["code"] == 403
    assert refused["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert find("create", "accesstokens")["user"]["username"] == "admin"
    text = (tmp_path / "audit.log").read_text()
    assert "hunter2" not in text and secret.rsplit(".", 1)[1] not in text and "aHVudGVyMg" not in text
    metrics = served.metrics()
    assert "slipway_audit_log_failing 0" in metrics and "slipway_audit_events_lost_total 0" in metrics


def test_the_how_to_works_as_written(served):
    text = (PROJECT / "docs/how-to/access.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    # kubectl is somebody else's: its commands have tests of their own.
    script = re.sub(r"^(kubectl .*|export KUBECONFIG=.*)\n", "", script, flags=re.M)
    environment = served.environment() | {"PATH": f"{served.slipway_binary.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=served.directory, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ci +deployer +default +20", done.stdout, re.M) and "access of ci revoked" in done.stdout


def test_slipway_is_a_plugin_of_kubectl(served, tmp_path):
    plugin = tmp_path / "kubectl-slipway"
    plugin.symlink_to(served.slipway_binary)
    code, text = outcome(served, plugin, "get", "--nonsense")
    assert code == 2 and text.startswith("error: kubectl slipway get: ")
    assert "kubectl slipway COMMAND --help" in outcome(served, plugin, "--help")[1]
    secret = token(served, "eve", "viewer")
    assert outcome(served, plugin, "--token", secret, "get", "applications")[0] == 0
    assert "does not include it" in outcome(served, plugin, "get", "secrets", "--token", secret)[1]
    assert "there is no context" in outcome(served, plugin, "get", "applications", "--context", "other")[1]
    context = yaml.safe_load((served.data / "admin.kubeconfig").read_text())["current-context"]
    assert outcome(served, plugin, "get", "applications", "--context", context)[0] == 0
    assert os.readlink(plugin) == str(served.slipway_binary)
