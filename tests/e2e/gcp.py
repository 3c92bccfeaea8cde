"""Google Cloud on this machine: a fake of Compute Engine, of the token endpoints and of the metadata server, stricter than the real ones,
and Google's own SDK as the second opinion on what there is. Source: the discovery documents of compute v1, sts v1 and
iamcredentials v1; RFC 7523 and RFC 8693 as developers.google.com has them.
"""

import base64
import http.server
import json
import os
import pathlib
import re
import secrets
import socket
import struct
import sys
import threading
import time
import urllib.parse

if not os.environ.get("SLIPWAY_PEERS"):
    raise RuntimeError("SLIPWAY_PEERS is not set: run this test as `./dev test cloud`, which installs what it needs")
PEERS = pathlib.Path(os.environ["SLIPWAY_PEERS"])
sys.path.insert(0, str(next((PEERS / "lib").glob("python3*/site-packages"))))

from cryptography.exceptions import InvalidSignature  # noqa: E402  (found by the line above)
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: E402
from google.cloud import compute_v1  # noqa: E402
from google.cloud.compute_v1.services.instances.transports import InstancesRestTransport  # noqa: E402
from google.oauth2 import service_account  # noqa: E402
from fake_api import hold  # noqa: E402

PROJECT = "shop-prod"
ZONES = ["europe-west1-b", "europe-west1-c", "us-east1-b"]
ACCOUNT = "list@shop-prod.iam.gserviceaccount.com"
AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
READ = "https://www.googleapis.com/auth/compute.readonly"
ALL = "https://www.googleapis.com/auth/cloud-platform"
STATES = ["PROVISIONING", "STAGING", "RUNNING", "REPAIRING", "STOPPING", "STOPPED", "SUSPENDING", "SUSPENDED", "TERMINATED"]
IMPERSONATE = f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
METADATA = "/computeMetadata/v1/instance/service-accounts/default/token"
WEB = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, reason, message):
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message

    def text(self):
        return json.dumps({"error": {"code": self.status, "message": self.message,
                                     "errors": [{"message": self.message, "domain": "global", "reason": self.reason}]}})


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def expression(text):
    """A test of an instance, from the subset of filters that is known here: `labels.KEY = VALUE`, `status = VALUE` and `name = VALUE`,
    values quoted or not, joined by AND, with parentheses around them."""
    words = re.findall(r'\(|\)|=|"[^"]*"|[^\s()="]+', text)
    wrong = Refused(400, "invalid", f"Invalid value for field 'filter': '{text}'. Invalid list filter expression.")

    def term():
        if not words:
            raise wrong
        word = words.pop(0)
        if word == "(":
            inner = conjunction()
            if not words or words.pop(0) != ")":
                raise wrong
            return inner
        if not re.fullmatch(r"labels\.[a-z][a-z0-9_-]*|status|name", word) or len(words) < 2 or words.pop(0) != "=":
            raise wrong
        value = words.pop(0).strip('"')
        if not re.fullmatch(r"[A-Za-z0-9_-]+", value):
            raise wrong
        if word.startswith("labels."):
            return lambda instance: instance.get("labels", {}).get(word[len("labels."):]) == value
        return lambda instance: instance[word] == value

    def conjunction():
        terms = [term()]
        while words and words[0] == "AND":
            words.pop(0)
            terms.append(term())
        return lambda instance: all(each(instance) for each in terms)

    found = conjunction()
    if words:
        raise wrong
    return found


class FakeGoogle:
    """All of it at one port of this machine. `fault` spoils an answer of the API: (page, what), counted from 1."""

    def __init__(self, page=5):
        self.page, self.fault = page, None
        self.instances, self.machine, self.here = {zone: [] for zone in ZONES}, False, None
        self.tokens, self.pages, self.subjects = {}, {}, {}
        self.refresh_token, self.client_secret = secrets.token_hex(), secrets.token_hex()
        self.users_project = None  # that calls of the user must name
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                fake.answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def variables(self):
        """An environment without credentials, whose Google is this one."""
        return {"NO_GCE_CHECK": "true", "CLOUDSDK_CONFIG": "/nonexistent",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": self.url + "/compute/v1/", "CLOUDSDK_AUTH_TOKEN_HOST": self.url + "/token"}

    # -- what there is

    def launch(self, zone=ZONES[0], name=None, status="RUNNING", network="default", group=None, **labels):
        """A new instance, as the API describes it."""
        name = name or f"vm-{secrets.token_hex(4)}"
        number = len(sum(self.instances.values(), [])) + 10
        made = {"kind": "compute#instance", "id": str(secrets.randbits(62) + 1), "name": name, "status": status,
                "creationTimestamp": "2026-01-02T03:04:05.678-08:00", "zone": f"{WEB}/zones/{zone}",
                "machineType": f"{WEB}/zones/{zone}/machineTypes/n2-standard-2",
                "disks": [{"boot": True, "source": f"{WEB}/zones/{zone}/disks/{name}"}],
                "networkInterfaces": [{"name": "nic0", "network": f"{WEB}/global/networks/{network}", "networkIP": f"10.0.0.{number}",
                                       "accessConfigs": [{"natIP": f"203.0.113.{number}"}]}],
                "metadata": {"kind": "compute#metadata"}}
        if labels:
            made["labels"] = labels
        if group:
            made["metadata"]["items"] = [{"key": "created-by", "value": f"projects/1/zones/{zone}/instanceGroupManagers/{group}"}]
        self.instances[zone].append(made)
        return made

    def key_file(self, key=None):
        """The key file of the service account."""
        pem = (key or self.key).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                              serialization.NoEncryption())
        return {"type": "service_account", "project_id": PROJECT, "private_key_id": "k1", "private_key": pem.decode(),
                "client_email": ACCOUNT, "client_id": "1", "token_uri": self.url + "/token"}

    def user_file(self):
        return {"type": "authorized_user", "client_id": "gcloud", "client_secret": self.client_secret,
                "refresh_token": self.refresh_token, "token_uri": self.url + "/token"}

    def federation_file(self, source, impersonate):
        made = {"type": "external_account", "audience": AUDIENCE, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": self.url + "/v1/token", "credential_source": source}
        return made | ({"service_account_impersonation_url": self.url + IMPERSONATE} if impersonate else {})

    def list(self, **filters):
        """Instances by the name of their server, as the SDK lists them."""
        credentials = service_account.Credentials.from_service_account_info(self.key_file(), scopes=[READ])
        client = compute_v1.InstancesClient(
            transport=InstancesRestTransport(host=self.host, url_scheme="http", credentials=credentials))
        request = compute_v1.AggregatedListInstancesRequest(project=PROJECT, max_results=3, **filters)
        return {f"{instance.name}-{instance.id}": instance for _, scope in client.aggregated_list(request=request)
                for instance in scope.instances}

    # -- answering

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"] or 0)).decode()
        url = urllib.parse.urlsplit(handler.path)
        asked = (handler.command, url.path)
        try:
            if asked == ("POST", "/token"):
                return send(handler, 200, json.dumps(self.exchange(form_of(handler, body))))
            if asked == ("POST", "/v1/token"):
                return send(handler, 200, json.dumps(self.federate(form_of(handler, body))))
            if asked == ("POST", IMPERSONATE):
                return send(handler, 200, json.dumps(self.impersonate(handler, json.loads(body))))
            if asked == ("GET", METADATA):
                return send(handler, *self.of_machine(handler), headers={"metadata-flavor": "Google"})
            if asked[0] == "GET" and asked[1].startswith("/computeMetadata/v1/"):
                return send(handler, *self.of_instance(handler, asked[1]), headers={"metadata-flavor": "Google"})
            if asked == ("GET", "/subject"):
                allowed = handler.headers["x-let-me-in"] == "please"
                return send(handler, 200 if allowed else 403, json.dumps({"token": self.subject()}) if allowed else "who are you?")
            if asked == ("GET", f"/compute/v1/projects/{PROJECT}/aggregated/instances"):
                return self.answer_list(handler, urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
            raise Refused(404, "notFound", f"{handler.command} {url.path} was not found")
        except Refused as refused:
            return send(handler, refused.status, refused.text())
        except ValueError as wrong:
            return send(handler, 400, json.dumps({"error": "invalid_grant", "error_description": str(wrong)}))

    def token(self, scope, lifetime=3600, user=False):
        made = "ya29." + secrets.token_urlsafe(40)
        self.tokens[made] = (scope, time.time() + lifetime, user)
        return made

    def given(self, scope, user=False):
        return {"access_token": self.token(scope, user=user), "expires_in": 3599, "token_type": "Bearer"}

    def revoke(self):
        """Tokens that were given so far are no good any more."""
        self.tokens.clear()

    def subject(self):
        """A token of another provider."""
        made = secrets.token_hex()
        self.subjects[made] = True
        return made

    def exchange(self, form):
        if form.get("grant_type") == "refresh_token":
            wanted = {"grant_type": "refresh_token", "client_id": "gcloud", "client_secret": self.client_secret,
                      "refresh_token": self.refresh_token}
            if form != wanted:
                raise ValueError("Token has been expired or revoked.")
            return self.given(ALL, user=True)
        if set(form) != {"grant_type", "assertion"} or form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise ValueError("Invalid grant_type")
        return self.given(self.judge(form["assertion"]))

    def judge(self, assertion):
        """The scope that a JWT asks for, if everything about it is as it must be."""
        head, claims, signature = assertion.split(".")
        try:
            self.key.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise ValueError("Invalid JWT Signature.") from None
        if json.loads(decoded(head)) != {"alg": "RS256", "typ": "JWT", "kid": "k1"}:
            raise ValueError("Invalid JWT header.")
        said = json.loads(decoded(claims))
        if set(said) - {"sub"} != {"iss", "scope", "aud", "iat", "exp"} or said["iss"] != ACCOUNT or said["aud"] not in (
                self.url + "/token", "https://oauth2.googleapis.com/token"):
            raise ValueError("Invalid JWT claims.")
        now = time.time()
        if not now - 300 <= said["iat"] <= now + 60 or not now < said["exp"] <= said["iat"] + 3600:
            raise ValueError("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
        if said["scope"] not in (READ, ALL):
            raise ValueError("Invalid OAuth scope or ID token audience provided.")
        return said["scope"]

    def federate(self, form):
        wanted = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": AUDIENCE,
                  "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
        if not self.subjects.pop(form.pop("subject_token", ""), False):
            raise ValueError("The subject token is not known.")
        scope = form.pop("scope", "")
        if form != wanted or scope not in (READ, ALL):
            raise ValueError("Invalid request.")
        return self.given(scope) | {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}

    def impersonate(self, handler, body):
        if self.scope_of(handler) != ALL:
            raise Refused(403, "forbidden", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource.")
        if body != {"scope": [READ], "lifetime": "3600s"}:
            raise Refused(400, "badRequest", "Invalid JSON payload received.")
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return {"accessToken": self.token(READ), "expireTime": expires}

    def of_machine(self, handler):
        if handler.headers["metadata-flavor"] != "Google" or handler.headers["x-forwarded-for"]:
            return 403, "Missing Metadata-Flavor:Google header."
        return (200, json.dumps(self.given(READ))) if self.machine else (404, "Not Found")

    def of_instance(self, handler, path):
        """What the metadata server tells `self.here` about itself."""
        if handler.headers["metadata-flavor"] != "Google" or not self.here:
            return 403, "Missing Metadata-Flavor:Google header."
        said = {"project/project-id": PROJECT, "instance/name": self.here["name"], "instance/id": self.here["id"],
                "instance/zone": "projects/1/zones/" + self.here["zone"].rpartition("/")[2]}
        key = path.removeprefix("/computeMetadata/v1/")
        return (200, said[key]) if key in said else (404, "Not Found")

    def scope_of(self, handler):
        kind, _, text = (handler.headers["authorization"] or "").partition(" ")
        scope, until, user = self.tokens.get(text, ("", 0, False))
        if kind != "Bearer" or until < time.time():
            raise Refused(401, "authError", "Invalid Credentials")
        if user and handler.headers["x-goog-user-project"] != self.users_project:
            raise Refused(403, "accessNotConfigured", "The compute.googleapis.com API requires a quota project.")
        return scope

    # -- instances.aggregatedList

    def answer_list(self, handler, query):
        self.scope_of(handler)
        parameters = dict(query)
        known = {"filter", "maxResults", "pageToken", "returnPartialSuccess", "$alt", "alt"}
        if len(parameters) != len(query) or set(parameters) - known:
            raise Refused(400, "invalid", f"Invalid JSON payload received. Unknown name in {sorted(parameters)}")
        size = parameters.get("maxResults", "500")
        if not re.fullmatch(r"\d{1,3}", size) or int(size) > 500:
            raise Refused(400, "invalid", f"Invalid value for field 'maxResults': '{size}'. Must be less than or equal to 500")
        if parameters.get("returnPartialSuccess", "false") != "false":
            raise Refused(400, "invalid", "Nobody here wants half a list.")
        begin, page, population = 0, 1, None
        if "pageToken" in parameters:
            if parameters["pageToken"] not in self.pages:
                raise Refused(400, "invalid", f"Invalid value for field 'pageToken': '{parameters['pageToken']}'.")
            begin, page, asked, population = self.pages[parameters["pageToken"]]
            if asked != parameters.get("filter"):
                raise Refused(400, "invalid", "The page token is of another list.")
        if population is None:
            fits = expression(parameters["filter"]) if "filter" in parameters else lambda instance: True
            population = [(zone, instance) for zone in ZONES for instance in self.instances[zone] if fits(instance)]
        what = self.fault[1] if self.fault and self.fault[0] == page else None
        if what in REFUSALS:
            return send(handler, *REFUSALS[what])
        if what == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            return handler.connection.shutdown(socket.SHUT_RDWR)
        if what == "expired":
            self.revoke()
            self.scope_of(handler)
        count = 0 if what == "empty page" else min(int(size), self.page)
        answer = self.page_of(population[begin:begin + count])
        if begin + count < len(population):
            answer["nextPageToken"] = parameters["pageToken"] if what == "loop" else self.page_token(
                (begin + count, page + 1, parameters.get("filter"), population))
        return self.send_page(handler, answer, what)

    def page_token(self, place):
        made = "C+" + secrets.token_urlsafe(20) + "=="
        self.pages[made] = place
        return made

    @staticmethod
    def page_of(instances):
        items = {}
        for zone in ZONES:
            here = [instance for where, instance in instances if where == zone]
            items[f"zones/{zone}"] = {"instances": here} if here else {
                "warning": {"code": "NO_RESULTS_ON_PAGE", "message": f"There are no results for scope 'zones/{zone}' on this page.",
                            "data": [{"key": "scope", "value": f"zones/{zone}"}]}}
        return {"kind": "compute#instanceAggregatedList", "id": f"projects/{PROJECT}/aggregated/instances", "items": items,
                "selfLink": f"{WEB}/aggregated/instances"}

    @staticmethod
    def send_page(handler, answer, what):
        if what == "unreachables":
            answer["unreachables"] = [f"projects/{PROJECT}/zones/{ZONES[2]}"]
        elif what == "warning":
            answer["items"][f"zones/{ZONES[2]}"] = {"warning": {"code": "UNREACHABLE", "message": "The zone cannot be reached."}}
        elif what == "state":
            next(scope for scope in answer["items"].values() if "instances" in scope)["instances"] = [
                {"id": "1", "name": "odd", "status": "UNDEFINED_STATUS"}]
        text = json.dumps(answer)
        if what == "cut text":
            text = text[:len(text) // 2]
        send(handler, 200, text, promised=len(text.encode()) + 100 if what in ("cut body", "slow body") else None)
        if what == "slow body":
            hold(handler)


def form_of(handler, body):
    if handler.headers["content-type"] != "application/x-www-form-urlencoded":
        raise ValueError("That is no form.")
    return dict(urllib.parse.parse_qsl(body, strict_parsing=True))


REFUSALS = {
    "throttle": (429, Refused(429, "rateLimitExceeded", "Quota exceeded for quota metric 'List requests'.").text()),
    "old throttle": (403, Refused(403, "userRateLimitExceeded", "User Rate Limit Exceeded").text()),
    "trouble": (503, Refused(503, "backendError", "Internal error. Please try again.").text()),
    "denied": (403, Refused(403, "forbidden", f"Required 'compute.instances.list' permission for 'projects/{PROJECT}'").text()),
    "page of the web": (200, "<html><body>Please log in</body></html>"),
    "elsewhere": (302, "<html/>"),
}


def send(handler, status, text, promised=None, headers=None):
    data = text.encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json; charset=UTF-8")
    handler.send_header("content-length", str(promised or len(data)))
    handler.send_header("x-goog-request-id", "3f4f1f4e")
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    if status == 302:
        handler.send_header("location", "http://127.0.0.1:9/")
    if promised:
        handler.send_header("connection", "close")
        handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(data)
