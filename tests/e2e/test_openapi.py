"""What the server says of itself: discovery and OpenAPI, as other people's readers understand them.

kubectl's own commands are judged in their own folder; here the documents are, by a public validator, by Google's protobuf for
Python, and against the schemas in crd/.
"""

import base64
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys

import pytest
import yaml
from conftest import PROJECT

if not os.environ.get("SLIPWAY_PEERS"):
    raise RuntimeError("SLIPWAY_PEERS is not set: run this test as `./dev test openapi`, which installs what it needs")
PEERS = pathlib.Path(os.environ["SLIPWAY_PEERS"])
sys.path.insert(0, str(next((PEERS / "lib").glob("python3*/site-packages"))))

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory  # noqa: E402  (found by the line above)

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
OURS = "apis/slipway.dev/v1alpha1"


class Api:
    """The server as the administrator asks it."""

    def __init__(self, town):
        user = yaml.safe_load((town.data / "admin.kubeconfig").read_text())["users"][0]["user"]
        identity = town.directory / "admin.pem"
        identity.write_bytes(b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")))
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.load_cert_chain(identity)
        self.address = town.url.removeprefix("https://")

    def ask(self, path, method="GET", body=None, **headers):
        """Status, headers, body; redirects are not followed."""
        connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=30)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read()
        connection.close()
        return found

    def json(self, path, **headers):
        status, _, body = self.ask(path, **headers)
        assert status == 200, (path, status, body)
        return json.loads(body)


@pytest.fixture(name="api")
def one_api(town):
    town.start_server()
    return Api(town)


def schema_of(stem):
    document = yaml.safe_load((PROJECT / "crd" / f"{stem}.yaml").read_text())
    return document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def resources(lists):
    """(group, version, resource or resource/part) -> what both forms of discovery say of it."""
    found = {}
    for group_version, resource in lists:
        found[group_version, resource["name"]] = (resource["kind"], resource["namespaced"], resource["verbs"],
                                                  resource.get("singularName"), resource.get("shortNames"), resource.get("categories"))
    return found


def plain_resources(api):
    versions = ["v1"] + [version["groupVersion"] for group in api.json("/apis")["groups"] for version in group["versions"]]
    for version in versions:
        for resource in api.json(f"/api/{version}" if version == "v1" else f"/apis/{version}")["resources"]:
            yield version, resource


def aggregated_resources(api):
    for path in ("/api", "/apis"):
        for group in api.json(path, Accept=AGGREGATED)["items"]:
            for version in group["versions"]:
                name = "/".join(part for part in (group["metadata"].get("name"), version["version"]) if part)
                for resource in version["resources"]:
                    scope = {"namespaced": resource["scope"] == "Namespaced"}
                    yield name, resource | scope | {"name": resource["resource"], "kind": resource["responseKind"]["kind"],
                                                    "singularName": resource["singularResource"]}
                    for part in resource.get("subresources", []):
                        yield name, part | scope | {"name": f"{resource['resource']}/{part['subresource']}",
                                                    "kind": part["responseKind"]["kind"], "singularName": ""}


def test_both_forms_of_discovery_say_the_same(api):
    plain = resources(plain_resources(api))
    assert plain == resources(aggregated_resources(api))
    *_, singular, short_names, categories = plain["slipway.dev/v1alpha1", "applications"]
    assert (singular, short_names) == ("application", ["app", "apps"]) and "slipway" in categories
    assert ("slipway.dev/v1alpha1", "applications/status") in plain
    assert not [name for _, name in plain if name.endswith("/scale")]


def test_a_public_validator_finds_every_document_valid(api, tmp_path):
    documents = {"v2": api.ask("/openapi/v2", Accept="application/json")[2]}
    for path, where in api.json("/openapi/v3")["paths"].items():
        status, headers, documents[path] = api.ask(where["serverRelativeURL"])
        assert (status, headers["Cache-Control"]) == (200, "public, immutable"), path
    files = []
    for path, text in documents.items():
        files.append(tmp_path / f"{path.replace('/', '_')}.json")
        files[-1].write_bytes(text)
    # A process of its own: what pytest has loaded is older than the validator wants.
    done = subprocess.run([PEERS / "bin" / "openapi-spec-validator", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.count(": OK") == len(documents)


def decoded(body, folder):
    """A Document of gnostic's as Python's protobuf reads it with our description, as JSON."""
    described = folder / "openapi_v2.set"
    subprocess.run(["protoc", f"--proto_path={PROJECT}", f"--descriptor_set_out={described}", "src/protobuf/openapi_v2.proto"],
                   check=True)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes()).file:
        pool.Add(file)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("slipway.protobuf.openapi_v2.Document"))
    return json.loads(json_format.MessageToJson(kind.FromString(body)))


def from_gnostic(schema):
    """A Schema of gnostic's as the JSON that it stands for."""
    plain = {key: value for key, value in schema.items() if key not in ("type", "properties", "items", "additionalProperties",
                                                                        "vendorExtension", "enum")}
    plain |= {key: int(plain[key]) for key in ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")
              if key in plain}
    if "type" in schema:
        plain["type"] = schema["type"]["value"][0]
    if "enum" in schema:
        plain["enum"] = [yaml.safe_load(value["yaml"]) for value in schema["enum"]]
    if "properties" in schema:
        plain["properties"] = {named["name"]: from_gnostic(named["value"])
                               for named in schema["properties"]["additionalProperties"]}
    if "items" in schema:
        plain["items"] = from_gnostic(schema["items"]["schema"][0])
    if "additionalProperties" in schema:
        plain["additionalProperties"] = from_gnostic(schema["additionalProperties"]["schema"])
    for extension in schema.get("vendorExtension", []):
        plain[extension["name"]] = yaml.safe_load(extension["value"]["yaml"])
    return plain


def without_zeros(tree):
    """Protobuf cannot tell a minimum of 0 from none."""
    if isinstance(tree, dict):
        return {key: without_zeros(value) for key, value in tree.items() if value != 0 or isinstance(value, bool)}
    return [without_zeros(item) for item in tree] if isinstance(tree, list) else tree


def test_the_protobuf_form_of_v2_says_what_its_json_says(api, tmp_path):
    text = api.json("/openapi/v2", Accept="application/json")
    status, headers, body = api.ask("/openapi/v2", Accept=PROTOBUF_V2)
    assert (status, headers["Content-Type"]) == (200, PROTOBUF_V2.replace("v2@v1.0", "v2.v1.0"))
    document = decoded(body, tmp_path)
    definitions = {named["name"]: from_gnostic(named["value"]) for named in document["definitions"]["additionalProperties"]}
    assert definitions == without_zeros(text["definitions"])
    paths = {named["name"]: named["value"] for named in document["paths"]["path"]}
    assert {path: sorted(set(value) - {"parameters"}) for path, value in paths.items()} == {
        path: sorted(set(value) - {"parameters"}) for path, value in text["paths"].items()}


def published(schema):
    """What version 3 makes of a schema in crd/, said again and simpler."""
    if isinstance(schema, list):
        return [published(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: published(value) for key, value in schema.items()}
    if made.get("x-kubernetes-int-or-string") is True:
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return made


@pytest.mark.parametrize("stem", ["application", "fleet", "gitrepository", "rollout", "server", "serverclaim", "testrun"])
def test_v3_is_what_crd_says(api, stem):
    kind = yaml.safe_load((PROJECT / "crd" / f"{stem}.yaml").read_text())["spec"]["names"]["kind"]
    schema = api.json(f"/openapi/v3/{OURS}")["components"]["schemas"][f"dev.slipway.v1alpha1.{kind}"]
    wanted = published(schema_of(stem))
    for field in ("apiVersion", "kind", "metadata"):
        schema["properties"].pop(field)
        wanted["properties"].pop(field, None)
    assert schema.pop("x-kubernetes-group-version-kind") == [{"group": "slipway.dev", "version": "v1alpha1", "kind": kind}]
    assert schema == wanted


def test_every_path_of_openapi_is_served(api):
    for path, where in api.json("/openapi/v3")["paths"].items():
        for template, methods in api.json(where["serverRelativeURL"])["paths"].items():
            target = template.replace("{namespace}", "default").replace("{name}", "absent")
            for method in set(methods) - {"parameters"}:
                # Dry runs that cannot succeed: what counts is that somebody there knows the method.
                status, _, body = api.ask(target + "?dryRun=All&limit=1", method.upper(), None if method == "get" else "[]",
                                          Content_Type="application/json-patch+json" if method == "patch" else "application/json")
                assert status not in (403, 405, 500), (method, template, status, body)
                assert b"could not find the requested resource" not in body, (method, template)


def test_a_server_that_starts_again_has_the_same_hashes(api, town):
    tags = {path: api.ask(path, Accept=AGGREGATED)[1]["ETag"] for path in ("/api", "/apis", "/openapi/v2", "/openapi/v3")}
    town.server.stop()
    town.start_server()
    again = Api(town)
    for path, tag in tags.items():
        status, headers, body = again.ask(path, Accept=AGGREGATED, If_None_Match=tag)
        assert (status, headers["ETag"], body) == (304, tag, b""), path
