"""Azure on this machine: a fake of Resource Manager, of Entra ID and of what gives tokens on a machine, stricter than the real ones, and
Azure's own SDK as the second opinion on what there is. Source: the API descriptions of Microsoft.Compute and Microsoft.Network; "OAuth 2.0
client credentials flow", "Certificate credentials", and "How to use managed identities to acquire an access token", Microsoft Learn.
"""

import base64
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import secrets
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import uuid

if not os.environ.get("SLIPWAY_PEERS"):
    raise RuntimeError("SLIPWAY_PEERS is not set: run this test as `./dev test cloud`, which installs what it needs")
PEERS = pathlib.Path(os.environ["SLIPWAY_PEERS"])
sys.path.insert(0, str(next((PEERS / "lib").glob("python3*/site-packages"))))

from azure.core.pipeline.policies import SansIOHTTPPolicy  # noqa: E402  (found by the line above)
from azure.mgmt.compute import ComputeManagementClient  # noqa: E402
from azure.mgmt.network import NetworkManagementClient  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: E402
from fake_api import hold  # noqa: E402

SUBSCRIPTIONS = ["0b1f6471-1bf0-4dda-aec3-cb9272f09590", "11111111-2222-3333-4444-555555555555"]
GROUPS = ["shop-prod", "Shop_Net"]
LOCATIONS = ["westeurope", "northeurope"]
TENANT = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
CLIENT = "2d9ae1c0-94de-4b06-8f3b-1a7a4a2a9e11"
RESOURCE = "https://management.azure.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VERSIONS = {"Microsoft.Compute": {"2024-07-01", "2026-04-01"}, "Microsoft.Network": {"2024-05-01", "2026-03-01"}, "of sets": {"2018-10-01"}}
STATES = ["creating", "starting", "running", "stopping", "stopped", "deallocating", "deallocated"]
KINDS = {"virtualmachines": "Microsoft.Compute/virtualMachines", "virtualmachinescalesets": "Microsoft.Compute/virtualMachineScaleSets",
         "networkinterfaces": "Microsoft.Network/networkInterfaces", "publicipaddresses": "Microsoft.Network/publicIPAddresses"}
OF_SETS = "Microsoft.Compute/virtualMachineScaleSets/"
# What may be read, each by itself, by the kinds that stand in a path.
ACTIONS = {kind.lower(): kind + "/read" for kind in [
    *KINDS.values(), OF_SETS + "virtualMachines", OF_SETS + "networkInterfaces", OF_SETS + "publicIPAddresses",
    OF_SETS + "virtualMachines/networkInterfaces", OF_SETS + "virtualMachines/networkInterfaces/ipConfigurations/publicIPAddresses"]}


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def text(self):
        return json.dumps({"error": {"code": self.code, "message": self.message}})


class TokenRefused(Refused):
    """One of whoever gives tokens."""

    def text(self):
        return json.dumps({"error": self.code, "error_description": self.message, "trace_id": "t", "correlation_id": "c"})


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def authorities(name):
    """A key, and a certificate for this machine that is its own authority; both in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    return (key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
            made.public_bytes(serialization.Encoding.PEM).decode())


class Tokens:
    """Entra ID, and the identity of a machine."""

    def __init__(self):
        self.given_to, self.client_secret, self.seen, self.subjects = {}, secrets.token_hex(), set(), set()
        self.key_pem, self.certificate_pem = authorities("slipway")
        self.machine, self.here, self.app_service_secret = False, None, secrets.token_hex()

    def give(self, who):
        made = "eyJ0." + secrets.token_urlsafe(60)
        self.given_to[made] = (who, time.time() + 3600)
        return made

    def revoke(self):
        """Tokens that were given so far are no good any more."""
        self.given_to.clear()

    def subject(self):
        """A token of a Kubernetes cluster."""
        made = "eyJk8s." + secrets.token_hex()
        self.subjects.add(made)
        return made

    def exchange(self, tenant, form, here):
        if tenant != TENANT:
            raise TokenRefused(400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
        known = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": RESOURCE + "/.default"}
        for name, value in known.items():
            if form.pop(name, None) != value:
                raise TokenRefused(400, "invalid_request", f"AADSTS900144: The request body must contain a good '{name}'.")
        for of_msal in ("client_info",):
            form.pop(of_msal, None)
        if set(form) == {"client_secret"}:
            if form["client_secret"] != self.client_secret:
                raise TokenRefused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
            return self.as_numbers("secret")
        if set(form) != {"client_assertion", "client_assertion_type"} or form["client_assertion_type"] != ASSERTION:
            raise TokenRefused(401, "invalid_client", "AADSTS7000216: client_assertion or client_secret is required.")
        if form["client_assertion"] in self.subjects:
            return self.as_numbers("workload")
        self.judge(form["client_assertion"], f"{here}/{TENANT}/oauth2/v2.0/token")
        return self.as_numbers("certificate")

    def as_numbers(self, who):
        return {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": self.give(who)}

    def judge(self, assertion, audience):
        """Everything about the JWT of a certificate is as it must be."""
        head, claims, signature = assertion.split(".")
        header, said = json.loads(decoded(head)), json.loads(decoded(claims))
        certificate = x509.load_pem_x509_certificate(self.certificate_pem.encode())
        der = certificate.public_bytes(serialization.Encoding.DER)
        prints = {"RS256": ("x5t", hashlib.sha1(der).digest()), "PS256": ("x5t#S256", hashlib.sha256(der).digest())}
        if header.get("typ") != "JWT" or header.get("alg") not in prints or set(header) != {"typ", "alg", prints[header["alg"]][0]}:
            raise TokenRefused(401, "invalid_client", "AADSTS50027: JWT token is invalid or malformed.")
        name, thumbprint = prints[header["alg"]]
        if decoded(header[name]) != thumbprint:
            raise TokenRefused(401, "invalid_client", "AADSTS700027: The certificate with this identifier is not registered.")
        pads = padding.PKCS1v15() if header["alg"] == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        try:
            certificate.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), pads, hashes.SHA256())
        except InvalidSignature:
            raise TokenRefused(401, "invalid_client", "AADSTS700027: The signature is invalid.") from None
        now = time.time()
        good = set(said) - {"iat"} == {"aud", "iss", "sub", "jti", "nbf", "exp"} or set(said) == {"aud", "iss", "sub", "jti", "exp", "iat"}
        if (not good or said["aud"] != audience or said["iss"] != CLIENT or said["sub"] != CLIENT or said["jti"] in self.seen
                or not said.get("nbf", 0) <= now + 60 or not now < said["exp"] <= now + 660):
            raise TokenRefused(401, "invalid_client", "AADSTS700024: Client assertion is not within its valid time range.")
        self.seen.add(said["jti"])

    def of_machine(self, handler, query):
        wanted = {"api-version": "2018-02-01", "resource": RESOURCE}
        if handler.headers["metadata"] != "true" or handler.headers["x-forwarded-for"]:
            raise TokenRefused(400, "invalid_request", "Required metadata header not specified")
        if query.pop("client_id", CLIENT) != CLIENT or not self.machine:
            raise TokenRefused(400, "invalid_request", "Identity not found")
        if query != wanted:
            raise TokenRefused(400, "bad_request_102", "Required audience parameter not specified")
        return self.as_texts("machine")

    def of_app_service(self, handler, query):
        if handler.headers["x-identity-header"] != self.app_service_secret:
            raise TokenRefused(401, "unauthorized", "The header is wrong.")
        if query != {"api-version": "2019-08-01", "resource": RESOURCE}:
            raise TokenRefused(400, "bad_request", "Something is wrong with the question.")
        return self.as_texts("app service")

    def as_texts(self, who):
        now = int(time.time())
        return {"access_token": self.give(who), "client_id": CLIENT, "expires_in": "3599", "expires_on": str(now + 3599),
                "ext_expires_in": "3599", "not_before": str(now), "resource": RESOURCE, "token_type": "Bearer"}

    def check(self, handler):
        kind, _, text = (handler.headers["authorization"] or "").partition(" ")
        if kind != "Bearer" or self.given_to.get(text, ("", 0))[1] < time.time():
            raise Refused(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.")


class Population:
    """What there is, as Resource Manager describes it, by its id in lower case."""

    def __init__(self):
        self.things, self.count = {}, 0

    def of_kind(self, kind, below):
        """Those of a kind that stand right below an id, or a scope."""
        begin = below.lower() + "/"
        found = []
        for key, thing in self.things.items():
            type_name = key.split("/")[-2]
            of_set = "/virtualmachinescalesets/" in key and type_name != "virtualmachinescalesets"
            if type_name == kind and key.startswith(begin) and of_set == ("/virtualmachinescalesets/" in begin):
                found.append(thing)
        return found

    def put(self, path, **described):
        name = path.rsplit("/", 1)[1]
        described = {"id": path, "name": name, **described}
        self.things[path.lower()] = described
        return described

    def network(self, machine_id, scope, name, of_set):
        """An interface of a machine, with two configurations and a public address; the id of it."""
        self.count += 1
        number = f"{self.count // 250}.{self.count % 250 + 1}"
        base = f"{machine_id}/networkInterfaces/{name}" if of_set else f"{scope}/providers/Microsoft.Network/networkInterfaces/{name}"
        public = f"{base}/ipConfigurations/c/publicIPAddresses/{name}" if of_set else (
            f"{scope}/providers/Microsoft.Network/publicIPAddresses/{name}")
        self.put(public, properties={"ipAddress": f"203.0.{number}", "publicIPAddressVersion": "IPv4"})
        self.put(base, properties={"primary": True, "ipConfigurations": [
            {"name": "v6", "properties": {"privateIPAddress": f"fd00::{self.count:x}", "privateIPAddressVersion": "IPv6", "primary": False}},
            {"name": "c", "properties": {"privateIPAddress": f"10.1.{number}", "privateIPAddressVersion": "IPv4", "primary": True,
                                         "publicIPAddress": {"id": public.replace("/publicIPAddresses/", "/publicipaddresses/")}}}]})
        return base

    def launch(self, subscription=SUBSCRIPTIONS[0], group=GROUPS[0], name=None, state="running", location=LOCATIONS[0], scale_set=None,
               network_group=None, **tags):
        """A new machine, of a Flexible scale set if one is given."""
        name = name or f"vm-{secrets.token_hex(4)}"
        scope = f"/subscriptions/{subscription}/resourceGroups/{group}"
        path = f"/subscriptions/{subscription}/resourceGroups/{group.upper()}/providers/Microsoft.Compute/virtualMachines/{name}"
        interface = self.network(path, f"/subscriptions/{subscription}/resourceGroups/{network_group or group}",
                                 f"{name}-nic{self.count}", False)
        made = self.put(path, type="Microsoft.Compute/virtualMachines", location=location, zones=["2"], properties={
            "vmId": str(uuid.uuid4()), "hardwareProfile": {"vmSize": "Standard_D2s_v5"}, "provisioningState": "Succeeded",
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": True}}]},
            "timeCreated": "2026-01-02T03:04:05.6789012+00:00"})
        if tags:
            made["tags"] = tags
        if scale_set:
            made["properties"]["virtualMachineScaleSet"] = {
                "id": f"{scope}/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set}"}
        self.set_state(made, state)
        return made

    def scale_set(self, subscription=SUBSCRIPTIONS[0], group=GROUPS[0], name="web", mode="Uniform", location=LOCATIONS[0]):
        return self.put(f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}",
                        type="Microsoft.Compute/virtualMachineScaleSets", location=location,
                        properties={"orchestrationMode": mode, "provisioningState": "Succeeded"})

    def instance(self, scale_set, state="running", **tags):
        """A new instance of a Uniform scale set."""
        number = str(len(self.of_kind("virtualmachines", scale_set["id"])))
        path = f"{scale_set['id']}/virtualMachines/{number}"
        interface = self.network(path, None, f"nic{number}", True)
        made = self.put(path, type="Microsoft.Compute/virtualMachineScaleSets/virtualMachines", location=scale_set["location"],
                        instanceId=number, sku={"name": "Standard_B2s", "tier": "Standard"}, properties={
                            "vmId": str(uuid.uuid4()), "provisioningState": "Succeeded",
                            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": True}}]}})
        made["name"] = f"{scale_set['name']}_{number}"
        if tags:
            made["tags"] = tags
        self.set_state(made, state)
        return made

    @staticmethod
    def set_state(machine, state):
        """A power state, or how far a machine got that has none."""
        codes = {"new": ["ProvisioningState/creating"], "no room": ["ProvisioningState/failed/AllocationFailed"],
                 "leaving": ["ProvisioningState/deleting"]}.get(state, ["ProvisioningState/succeeded", f"PowerState/{state}"])
        machine["properties"]["provisioningState"] = {"new": "Creating", "no room": "Failed", "leaving": "Deleting"}.get(state, "Succeeded")
        machine["properties"]["instanceView"] = {"statuses": [{"code": code, "level": "Info"} for code in codes]}

    def remove(self, thing):
        del self.things[thing["id"].lower()]


class FakeAzure(Population, Tokens):
    """All of it at one port of this machine, and Entra ID over TLS at another. `fault` spoils an answer: (list, page, what), counted from
    1. `readable` are the scopes that may be read, and `actions` what of them."""

    def __init__(self, page=5):
        Population.__init__(self)
        Tokens.__init__(self)
        self.page, self.fault, self.links = page, None, {}
        self.readable = [f"/subscriptions/{each}" for each in SUBSCRIPTIONS]
        self.actions = set(ACTIONS.values())
        self.tls_key, self.tls_certificate = authorities("localhost")
        self.servers, self.threads = [], []
        self.url = f"http://127.0.0.1:{self.serve(None)}"

    def serve(self, context):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                fake.answer(self, f"https://localhost:{self.server.server_port}" if context else fake.url)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.servers.append(server)
        self.threads.append(thread)
        return server.server_port

    def serve_tls(self, directory):
        """Entra ID over TLS: its URL, and the file of its authority."""
        bundle = directory / "authority.pem"
        bundle.write_text(self.tls_certificate)
        (directory / "tls.pem").write_text(self.tls_key + self.tls_certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "tls.pem")
        return f"https://localhost:{self.serve(context)}", str(bundle)

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for thread in self.threads:
            thread.join()

    def variables(self):
        """An environment without credentials, whose Azure is this one."""
        return {"AZURE_AUTHORITY_HOST": self.url, "AZURE_RESOURCE_MANAGER_URL": self.url,
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def application(self):
        return {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": self.client_secret}

    def of_instance(self, handler, query):
        """What the metadata service tells `self.here` about itself."""
        if handler.headers["metadata"] != "true" or query != {"api-version": "2021-02-01"} or not self.here:
            raise Refused(400, "Bad Request", "Required metadata header not specified")
        return {"vmId": self.here["properties"]["vmId"].upper(), "name": self.here["name"], "resourceId": self.here["id"]}

    # -- the second opinion

    def list(self, token=None):
        """Machines by the name of their server, as the SDK lists them: (machine, codes, interfaces, public addresses by id)."""
        found = {}
        for subscription in SUBSCRIPTIONS:
            ways = {"credential": object(), "subscription_id": subscription, "base_url": self.url,
                    "authentication_policy": Bearer(token or self.give("sdk"))}
            found |= listed_by(ComputeManagementClient(**ways), NetworkManagementClient(**ways))
        return found

    # -- answering

    def answer(self, handler, here):
        body = handler.rfile.read(int(handler.headers["content-length"] or 0)).decode()
        url = urllib.parse.urlsplit(handler.path)
        try:
            query = pairs_of(url.query)
            if token := re.fullmatch(r"/([^/]+)/oauth2/v2\.0/token", url.path):
                if handler.command != "POST" or handler.headers["content-type"] != "application/x-www-form-urlencoded":
                    raise TokenRefused(400, "invalid_request", "AADSTS900561: The endpoint only accepts POST requests.")
                return send(handler, 200, json.dumps(self.exchange(token[1], pairs_of(body), here)))
            if handler.command != "GET":
                raise Refused(405, "MethodNotAllowed", "Only GET is.")
            if url.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
                root = f"{here}/{TENANT}"
                return send(handler, 200, json.dumps({"token_endpoint": f"{root}/oauth2/v2.0/token", "issuer": f"{root}/v2.0",
                                                      "authorization_endpoint": f"{root}/oauth2/v2.0/authorize"}))
            if url.path == "/metadata/identity/oauth2/token":
                return send(handler, 200, json.dumps(self.of_machine(handler, query)))
            if url.path == "/metadata/instance/compute":
                return send(handler, 200, json.dumps(self.of_instance(handler, query)))
            if url.path == "/msi/token":
                return send(handler, 200, json.dumps(self.of_app_service(handler, query)))
            self.check(handler)
            return self.manage(handler, urllib.parse.unquote(url.path), query)
        except Refused as refused:
            return send(handler, refused.status, refused.text())
        except ValueError as wrong:
            return send(handler, 400, Refused(400, "InvalidRequestUri", str(wrong)).text())

    def allow(self, path):
        found = re.search(r"/providers/(Microsoft\.\w+)/(.+)$", path, re.I)
        kind = "/".join([found[1], *found[2].split("/")[::2]]).lower() if found else ""
        if kind not in ACTIONS:
            raise Refused(404, "InvalidResourceType", f"The resource type of '{path}' could not be found.")
        action = ACTIONS[kind]
        path = re.sub(r"/providers/Microsoft\.\w+/\w+$", "", path, flags=re.I)
        if action not in self.actions or not any((path.lower() + "/").startswith(scope.lower() + "/") for scope in self.readable):
            raise Refused(403, "AuthorizationFailed", f"The client '{CLIENT}' with object id 'o' does not have authorization to perform "
                          f"action '{action}' over scope '{path}' or the scope is invalid. If access was recently granted, please "
                          "refresh your credentials.")

    def manage(self, handler, path, query):
        """Resource Manager: a list, or one thing."""
        lower = path.lower()
        if not re.match(r"/subscriptions/[0-9a-f-]{36}/", lower):
            raise Refused(400, "InvalidSubscriptionId", f"The provided subscription identifier '{lower.split('/')[2:3]}' is malformed.")
        if lower.split("/")[2] not in SUBSCRIPTIONS:
            raise Refused(404, "SubscriptionNotFound", f"The subscription '{lower.split('/')[2]}' could not be found.")
        group = re.match(r"/subscriptions/[^/]+/resourcegroups/([^/]+)", lower)
        if group and group[1] not in [each.lower() for each in GROUPS]:
            raise Refused(404, "ResourceGroupNotFound", f"Resource group '{group[1]}' could not be found.")
        last = lower.rsplit("/", 1)[1]
        self.allow(path)
        self.check_version(lower, query)
        if last in KINDS:
            return self.answer_list(handler, path, query)
        if lower not in self.things:
            raise Refused(404, "ResourceNotFound", f"The Resource '{path}' under resource group was not found.")
        expand = query.pop("$expand", None)
        if query or expand not in (None, "instanceView"):
            raise Refused(400, "InvalidParameter", f"Nobody knows {sorted(query)}.")
        shown = dict(self.things[lower])
        if not expand:
            shown["properties"] = {name: value for name, value in shown["properties"].items() if name != "instanceView"}
        return send(handler, 200, json.dumps(shown))

    @staticmethod
    def check_version(lower, query):
        version = query.pop("api-version", None)
        network = lower.rsplit("/", 1)[1] in ("networkinterfaces", "publicipaddresses") or "/networkinterfaces/" in lower or (
            "/publicipaddresses/" in lower)
        of_set = "/virtualmachinescalesets/" in lower
        wanted = VERSIONS["of sets" if network and of_set else "Microsoft.Network" if network else "Microsoft.Compute"]
        if version not in wanted:
            raise Refused(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid: {sorted(wanted)}.")

    def answer_list(self, handler, path, query):
        kind = path.rsplit("/", 1)[1].lower()
        below = re.sub(r"/providers/Microsoft\.\w+$", "", path.rsplit("/", 1)[0], flags=re.I)
        of_set = "/virtualmachinescalesets/" in below.lower() + "/"
        token = query.pop("$skiptoken", None)
        status, expand = query.pop("statusOnly", None), query.pop("$expand", None)
        whole = "/resourcegroups/" not in path.lower()
        if query or (status and not (status == "true" and kind == "virtualmachines" and whole)) or (
                expand and not (expand == "instanceView" and kind == "virtualmachines" and of_set)):
            raise Refused(400, "InvalidParameter", f"Nobody knows {sorted(query)}, or not here: {status} {expand}.")
        asked = (path.lower(), status, expand)
        begin, page, population = 0, 1, None
        if token is not None:
            if token not in self.links or self.links[token][0] != asked:
                raise Refused(400, "InvalidSkipToken", "The skip token is of another list.")
            _, begin, page, population = self.links[token]
        if population is None:
            if of_set and below.lower() not in self.things:
                raise Refused(404, "ParentResourceNotFound", f"Can not perform requested operation: '{below}' not found.")
            population = [self.shown(thing, kind, status, expand) for thing in self.of_kind(kind, below)]
        name = "instances" if of_set and kind == "virtualmachines" else "status" if status else kind
        what = self.fault[2] if self.fault and self.fault[:2] == (name, page) else None
        if what in REFUSALS:
            return send(handler, *REFUSALS[what])
        if what == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            return handler.connection.shutdown(socket.SHUT_RDWR)
        if what == "expired":
            self.revoke()
            self.check(handler)
        count = 0 if what == "empty page" else self.page
        answer = {"value": population[begin:begin + count]}
        if begin + count < len(population):
            answer["nextLink"] = self.link(handler, (asked, begin + count, page + 1, population), token if what == "loop" else None)
        return send_page(handler, answer, what)

    @staticmethod
    def shown(thing, kind, status, expand):
        thing = json.loads(json.dumps(thing))
        if kind == "virtualmachines" and status:
            thing["properties"] = {"instanceView": thing["properties"]["instanceView"]}
        elif kind == "virtualmachines" and not expand:
            thing["properties"].pop("instanceView", None)
        return thing

    def link(self, handler, place, again):
        token = again or secrets.token_urlsafe(20) + "=="
        self.links.setdefault(token, place)
        path, _, query = handler.path.partition("?")
        kept = [pair for pair in query.split("&") if "skiptoken" not in pair.lower()]
        return f"{self.url}{path}?{'&'.join([*kept, '$skiptoken=' + urllib.parse.quote(token)])}"


class Bearer(SansIOHTTPPolicy):
    """Sends a token, over plain HTTP too: this is a test."""

    def __init__(self, token):
        super().__init__()
        self.token = token

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer " + self.token


def codes_of(view):
    return [status.code for status in (view.statuses or [])] if view else []


def listed_by(compute, network):
    """Machines of a subscription, by the name of their server."""
    codes = {machine.id.lower(): codes_of(machine.instance_view) for machine in compute.virtual_machines.list_all(status_only="true")}
    interfaces = {each.id.lower(): each for each in network.network_interfaces.list_all()}
    public = {each.id.lower(): each.ip_address for each in network.public_ip_addresses.list_all()}
    machines = list(compute.virtual_machines.list_all())
    for scale_set in compute.virtual_machine_scale_sets.list_all():
        if scale_set.orchestration_mode == "Uniform":
            where = (scale_set.id.split("/")[4], scale_set.name)
            instances = list(compute.virtual_machine_scale_set_vms.list(*where, expand="instanceView"))
            codes |= {each.id.lower(): codes_of(each.instance_view) for each in instances}
            machines += instances
            interfaces |= {each.id.lower(): each for each in network.network_interfaces.list_virtual_machine_scale_set_network_interfaces(*where)}
            public |= {each.id.lower(): each.ip_address for each in
                       network.public_ip_addresses.list_virtual_machine_scale_set_public_ip_addresses(*where)}
    return {server_name(machine.name, machine.vm_id): (
        machine, codes[machine.id.lower()],
        [interfaces[each.id.lower()] for each in machine.network_profile.network_interfaces], public) for machine in machines}


def server_name(name, vm_id):
    return re.sub(r"[^a-z0-9]", "-", name.lower())[:26].rstrip("-") + "-" + vm_id


def pairs_of(text):
    found = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    if len(dict(found)) != len(found):
        raise ValueError("Something is said twice.")
    return dict(found)


REFUSALS = {
    "throttle": (429, Refused(429, "TooManyRequests", "The request is being throttled.").text()),
    "trouble": (503, Refused(503, "ServiceUnavailable", "Please try again.").text()),
    "denied": (403, Refused(403, "AuthorizationFailed", "The client 'c' does not have authorization to perform action "
                            "'Microsoft.Compute/virtualMachines/read' over scope '/subscriptions/s'.").text()),
    "policy": (403, Refused(403, "RequestDisallowedByPolicy", "It was disallowed by policy.").text()),
    "disabled": (409, Refused(409, "ReadOnlyDisabledSubscription", "The subscription is disabled.").text()),
    "page of the web": (200, "<html><body>Please log in</body></html>"),
    "no list": (200, "{}"),
    "elsewhere": (302, "<html/>"),
}
ABSENT = ["NotFound", "ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound"]
REFUSALS |= {f"absent {code}": (404, Refused(404, code, "It is not there.").text()) for code in ABSENT}


def send_page(handler, answer, what):
    first = answer["value"][0] if answer["value"] else {}
    if what == "link elsewhere":
        answer["nextLink"] = "http://127.0.0.1:9/subscriptions/x"
    elif what == "no id":
        first["id"] = "x"
    elif what == "no vmId":
        del first["properties"]["vmId"]
    elif what == "state":
        first["properties"]["instanceView"]["statuses"] = [{"code": "PowerState/dreaming"}]
    elif what == "no state":
        first["properties"]["instanceView"]["statuses"] = []
    elif what == "lacks":
        answer["value"] = []
    text = json.dumps(answer)
    if what == "cut text":
        text = text[:len(text) // 2]
    send(handler, 200, text, promised=len(text.encode()) + 100 if what in ("cut body", "slow body") else None)
    if what == "slow body":
        hold(handler)


def send(handler, status, text, promised=None):
    data = text.encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json; charset=utf-8")
    handler.send_header("content-length", str(promised or len(data)))
    handler.send_header("x-ms-request-id", "5b1b1b0c")
    if status == 302:
        handler.send_header("location", "http://127.0.0.1:9/")
    if promised:
        handler.send_header("connection", "close")
        handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(data)
