"""Fleets whose servers Compute Engine lists: a strict fake as the API, Google's SDK as the judge of it and of what there is."""

import json
import os
import random
import re
import subprocess

import clouds
import gcp as gcp_world
import pytest
from clouds import rows
from conftest import PROJECT
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture(name="google")
def fake_google():
    made = gcp_world.FakeGoogle()
    yield made
    made.stop()


def fleet(**provider):
    return {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
            "spec": {"interval": "200ms",
                     "provider": {"gcp": {"project": gcp_world.PROJECT, **provider}}}}


def write(town, name, content):
    path = town.directory / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def key(town, google):
    """Variables with the service account's key."""
    return {"GOOGLE_APPLICATION_CREDENTIALS": write(town, "key.json", google.key_file())}


def preview(town, google, what, variables):
    return clouds.preview(town, what, google.variables() | variables)


def watch(town, google, variables):
    return clouds.Watched(town, google.variables() | variables, "gcp")


def server_name(instance):
    return f"{instance['name']}-{instance['id']}"


# ---- What is listed.

def random_population(google, rng):
    """Instances in three zones, the same name in two of them, with labels that are plain and labels that are not."""
    for number in range(rng.randrange(14, 25)):
        labels = {"role": rng.choice(["web", "db"]), "größe": rng.choice(["groß", "klein"])}
        google.launch(rng.choice(gcp_world.ZONES), f"vm-{number // 2}-{'x' * rng.choice([0, 0, 50])}1", rng.choice(gcp_world.STATES),
                      rng.choice(["default", "dmz"]), rng.choice([None, "web", "db"]),
                      **{name: labels[name] for name in rng.sample(sorted(labels), rng.randrange(3))})


def random_filters(rng):
    """Fields of the provider, a filter for the SDK, and what of its instances then fits."""
    provider, expression, tests = {}, [], []
    if rng.random() < 0.4:
        role = rng.choice(["web", "db", "nobody"])
        provider.setdefault("labels", {})["role"] = role
        expression.append(f"labels.role={role}")
    if rng.random() < 0.3:
        size = rng.choice(["groß", "klein"])
        provider.setdefault("labels", {})["größe"] = size
        tests.append(lambda instance: instance.labels.get("größe") == size)
    if rng.random() < 0.4:
        status = rng.choice(["RUNNING", "TERMINATED", "STAGING"])
        provider["filter"] = f'(status = "{status}")'
        expression.append(f"status = {status}")
    if rng.random() < 0.4:
        zones = rng.sample(gcp_world.ZONES, rng.randrange(1, 3))
        provider["zones"] = zones
        tests.append(lambda instance: instance.zone.rsplit("/", 1)[1] in zones)
    if rng.random() < 0.4:
        network = rng.choice(["default", "dmz", f"projects/{gcp_world.PROJECT}/global/networks/dmz"])
        provider["network"] = network
        tests.append(lambda instance: any(nic.network.endswith("/" + network) for nic in instance.network_interfaces))
    if rng.random() < 0.4:
        group = rng.choice(["web", "db"])
        provider["managedInstanceGroup"] = group
        tests.append(lambda instance: any(item.key == "created-by" and item.value.endswith("/instanceGroupManagers/" + group)
                                          for item in instance.metadata.items))
    return provider, {"filter": " AND ".join(f"({each})" for each in expression)} if expression else {}, tests


def shown_name(listed):
    """The name of the server, of an instance as the SDK gives it."""
    digits = str(listed.id)
    return listed.name[:62 - len(digits)].rstrip("-") + "-" + digits


@pytest.mark.parametrize("seed", range(3))
def test_slipway_lists_what_the_sdk_lists(town, google, seed):
    rng = random.Random(seed)
    random_population(google, rng)
    everybody = {shown_name(instance) for instance in google.list().values()}
    assert len(everybody) == sum(len(instances) for instances in google.instances.values())
    for _ in range(6):
        provider, filters, tests = random_filters(rng)
        expected = {shown_name(instance): instance for instance in google.list(**filters).values()
                    if all(fits(instance) for fits in tests)}
        shown = rows(preview(town, google, fleet(**provider), key(town, google)))
        assert set(shown) == everybody
        listed = {name for name, (_, in_fleet) in shown.items() if "not as" not in in_fleet}
        assert listed == set(expected), f"seed {seed}: {provider}"
        for name, instance in expected.items():
            running = instance.status in ("PROVISIONING", "STAGING", "RUNNING", "REPAIRING")
            assert shown[name] == (("running", "yes") if running else ("stopped", "no: spec.stopped is Exclude")), instance.status


def test_an_instance_is_a_server_with_its_labels(town, google):
    there = google.launch(name="web-1", group="web-group", role="web", owner="Team_Ä")
    watched = watch(town, google, key(town, google))
    town.apply(fleet())
    name = server_name(there)
    watched.until_servers([name])
    server = watched.servers()[name]
    assert server["spec"]["address"] == there["networkInterfaces"][0]["networkIP"]
    assert server["spec"]["providerID"] == "gce://shop-prod/europe-west1-b/web-1"
    labels = server["metadata"]["labels"]
    assert re.fullmatch(r"Team___--[0-9a-f]{10}", labels.pop("tag.slipway.dev/owner"))
    assert labels == {"slipway.dev/fleet": "web", "tag.slipway.dev/role": "web", "topology.kubernetes.io/region": "europe-west1",
                      "topology.kubernetes.io/zone": "europe-west1-b", "node.kubernetes.io/instance-type": "n2-standard-2",
                      "instance.slipway.dev/group": "web-group", "instance.slipway.dev/launched": "2026-01-02T110405Z"}
    town.apply(fleet(address="Public"))
    watched.until("the public address", lambda: watched.servers()[name]["spec"]["address"].startswith("203.0.113."))


def test_servers_come_and_go_with_their_instances(town, google):
    made = [google.launch(name=f"web-{number}") for number in range(4)]
    names = [server_name(each) for each in made]
    watched = watch(town, google, key(town, google))
    town.apply(fleet())
    watched.until_servers(names)
    made[1]["status"] = "TERMINATED"
    watched.until_servers(names[:1] + names[2:])
    made[1]["status"] = "RUNNING"
    watched.until_servers(names)
    made[0]["id"] = "42"  # It was deleted, and made anew with its name: that is another machine.
    watched.until_servers(["web-0-42", *names[1:]])
    version = town.get("fleet", "web")["metadata"]["resourceVersion"]
    begun = watched.listings("Complete")
    watched.until("five more listings", lambda: watched.listings("Complete") >= begun + 5)
    assert town.get("fleet", "web")["metadata"]["resourceVersion"] == version, "no news writes nothing"


# ---- What can go wrong: nobody leaves, it is explained, and the next good listing heals.

SAYS = "Compute Engine of shop-prod answers "
FAULTS = {
    "throttle": ("Throttled", SAYS + "rateLimitExceeded: Quota exceeded for quota metric 'List requests'. (request 3f4f1f4e)"),
    "old throttle": ("Throttled", SAYS + "userRateLimitExceeded: User Rate Limit Exceeded (request 3f4f1f4e)"),
    "trouble": ("ServiceUnavailable", SAYS + "backendError: Internal error. Please try again. (request 3f4f1f4e)"),
    "reset": ("ServiceUnavailable", "Compute Engine of shop-prod: http://127.0.0.1:"),
    "cut body": ("ServiceUnavailable", "Compute Engine of shop-prod: http://127.0.0.1:"),
    "slow body": ("Timeout", " gave no whole answer within "),
    "cut text": ("ListInvalid", "cannot be believed: it is no JSON"),
    "loop": ("ListInvalid", "its pages go round in a circle"),
    "unreachables": ("ListInvalid", "it lacks what could not be reached: projects/shop-prod/zones/us-east1-b"),
    "warning": ("ListInvalid", "zones/us-east1-b may lack instances: UNREACHABLE: The zone cannot be reached."),
    "state": ("ListInvalid", 'instance odd in europe-west1-b has the status "UNDEFINED_STATUS"'),
    "expired": ("CredentialsRefused", SAYS + "authError: Invalid Credentials (request 3f4f1f4e). The credentials are those of the service "
                "account list@shop-prod.iam.gserviceaccount.com of "),
    "denied": ("AccessDenied", "(request 3f4f1f4e). Allow compute.instances.list. The credentials are those of "),
    "page of the web": ("ListInvalid", "cannot be believed: it is no JSON"),
    "elsewhere": ("EndpointInvalid", "answers with HTTP status 302, and not as Compute Engine does"),
}


def test_no_fault_of_the_api_removes_a_server(town, google):
    names = [server_name(google.launch()) for _ in range(12)]
    watched = watch(town, google, key(town, google))
    town.apply(fleet())
    watched.until_servers(names)

    def spoil(page, name):
        google.fault = (page, name)

    clouds.check_that_no_fault_removes_a_server(watched, names, clouds.pages_of(FAULTS), spoil)
    google.revoke()
    begun = watched.listings("Complete")
    watched.until("a new token", lambda: watched.listings("Complete") >= begun + 2)
    log = town.server.log.read_text()
    assert "ya29." not in log and "PRIVATE KEY" not in log


def test_of_ten_thousand_instances_no_fault_half_way_removes_one(town):
    google = gcp_world.FakeGoogle(page=500)
    try:
        for number in range(10_000):
            google.launch(gcp_world.ZONES[number % 3], role="web")
        watched = watch(town, google, key(town, google))

        def total():
            return town.get("fleet", "web").get("status", {}).get("servers", {}).get("total", 0)

        town.apply(fleet())
        watched.until("10,000 servers", lambda: total() == 10_000)
        for page, name, reason in ((11, "trouble", "ServiceUnavailable"), (20, "cut text", "ListInvalid"), (7, "reset", "ServiceUnavailable"),
                                   (15, "expired", "CredentialsRefused"), (2, "loop", "ListInvalid")):
            google.fault = (page, name)
            watched.until_reason(reason)
            assert total() == 10_000, name
            google.fault = None
            watched.until_reason("Succeeded")
        assert len(watched.servers()) == 10_000
        google.instances[gcp_world.ZONES[1]].pop()
        watched.until("the one that is gone to leave", lambda: total() == 9_999)
    finally:
        google.stop()



def test_a_filter_that_the_api_refuses_is_said_in_its_words(town, google):
    said = preview(town, google, fleet(filter="statu = RUNNING"), key(town, google))
    assert SAYS + "invalid: Invalid value for field 'filter': 'statu = RUNNING'. Invalid list filter expression." in said


def test_a_preview_says_which_filters_leave_an_instance_out(town, google):
    inside, zone, both = (server_name(made) for made in (
        google.launch(gcp_world.ZONES[0], role="web"), google.launch(gcp_world.ZONES[1], role="web"),
        google.launch(gcp_world.ZONES[1], role="db")))
    what = fleet(zones=[gcp_world.ZONES[0]], labels={"role": "web"})
    assert rows(preview(town, google, what, key(town, google))) == {
        inside: ("running", "yes"), zone: ("running", "no: not as zones says"), both: ("running", "no: not as zones, labels.role says")}


def test_the_doctor_tries_each_thing_that_is_needed(town, google):
    google.launch()
    watched = watch(town, google, key(town, google))
    town.apply(fleet())
    watched.until_reason("Succeeded")
    account = f"the service account {gcp_world.ACCOUNT} of {town.directory / 'key.json'}"
    well = [(("credentials", account), "ok"), (("compute.instances.list", "shop-prod"), "ok")]
    said, good = clouds.doctor(town, "web", google.variables() | key(town, google))
    assert good and clouds.checks(said) == well and "Succeeded" in said
    google.fault = (1, "denied")
    watched.until_reason("AccessDenied")
    said, good = clouds.doctor(town, "web", google.variables() | key(town, google))
    assert not good and clouds.checks(said) == [well[0], (well[1][0], "AccessDenied")]
    assert SAYS + "forbidden: Required 'compute.instances.list' permission" in said
    assert "gcloud iam roles create instanceLister --project shop-prod --permissions compute.instances.list\n" in said
    said, good = clouds.doctor(town, "web", google.variables())
    assert not good and clouds.checks(said) == [(("credentials", "<none>"), "CredentialsMissing")], said


# ---- Credentials.

def test_a_secret_holds_the_key(town, google):
    name = server_name(google.launch())
    watched = watch(town, google, {})
    town.apply(fleet(secretRef={"name": "key"}))
    assert "The Secret key that secretRef names does not exist: create it." in watched.until_reason("SecretNotFound")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "x"}}
    town.apply(secret)
    assert "The Secret key needs key.json, the key file of a service account: it has none." in watched.until_reason("SecretInvalid")
    secret["stringData"]["key.json"] = json.dumps(google.federation_file({"file": "/etc/passwd"}, impersonate=False))
    town.apply(secret)
    watched.until("federation to be refused", lambda: "for the control plane's own" in watched.ready()["message"])
    secret["stringData"]["key.json"] = json.dumps(google.key_file())
    town.apply(secret)
    watched.until_servers([name])
    assert rows(preview(town, google, fleet(secretRef={"name": "key"}), {})) == {name: ("running", "yes")}
    assert "PRIVATE KEY" not in town.server.log.read_text()


def test_each_place_of_credentials_is_looked_at(town, google):
    """Where Google's tools find them. What the fake then sees must be a token that it gave for them."""
    found = {server_name(google.launch()): ("running", "yes")}
    assert rows(preview(town, google, fleet(), key(town, google))) == found
    (town.directory / "gcloud").mkdir()
    write(town, "gcloud/application_default_credentials.json", google.user_file())
    assert rows(preview(town, google, fleet(), {"CLOUDSDK_CONFIG": str(town.directory / "gcloud")})) == found
    google.users_project = "bill"
    assert "requires a quota project" in preview(town, google, fleet(), {"CLOUDSDK_CONFIG": str(town.directory / "gcloud")})
    write(town, "gcloud/application_default_credentials.json", google.user_file() | {"quota_project_id": "bill"})
    assert rows(preview(town, google, fleet(), {"CLOUDSDK_CONFIG": str(town.directory / "gcloud")})) == found
    machine = {"NO_GCE_CHECK": "", "GCE_METADATA_HOST": google.host}
    assert "the machine has no service account: give it one" in preview(town, google, fleet(), machine)
    google.machine = True
    assert rows(preview(town, google, fleet(), machine)) == found


def test_an_identity_of_another_provider_is_one_of_google(town, google):
    found = {server_name(google.launch()): ("running", "yes")}

    def listed(source, impersonate):
        path = write(town, "federation.json", google.federation_file(source, impersonate))
        return preview(town, google, fleet(), {"GOOGLE_APPLICATION_CREDENTIALS": path})

    # The two lists of a preview share a token: one subject token is enough.
    for impersonate in (False, True):
        assert rows(listed({"file": write(town, "subject", google.subject() + "\n")}, impersonate)) == found
    url = {"url": google.url + "/subject", "headers": {"x-let-me-in": "please"},
           "format": {"type": "json", "subject_token_field_name": "token"}}
    assert rows(listed(url, impersonate=True)) == found
    assert "answers with HTTP status 403" in listed(url | {"headers": {}}, impersonate=True)
    used = write(town, "subject", "used")
    assert "is answered invalid_grant: The subject token is not known." in listed({"file": used}, impersonate=True)


def test_keys_that_are_wrong_are_explained(town, google):
    google.launch()
    other = google.key_file(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    path = write(town, "other.json", other)
    said = preview(town, google, fleet(), {"GOOGLE_APPLICATION_CREDENTIALS": path})
    assert f"is answered invalid_grant: Invalid JWT Signature.. The credentials are those of {path}" in said
    assert "There is no token for the service account list@shop-prod.iam.gserviceaccount.com" in said
    assert "/typo.json is not there" in preview(town, google, fleet(), {"GOOGLE_APPLICATION_CREDENTIALS": "/typo.json"})
    said = preview(town, google, fleet(), {})
    for place in ("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent", "NO_GCE_CHECK"):
        assert place in said, said


# ---- Agents.

def test_an_instance_joins_as_itself_whatever_its_image_holds(town, google):
    made = [google.launch(name=name) for name in ("web-1", "x" * 63, "web-3")]
    names = [server_name(made[0]), "x" * (62 - len(made[1]["id"])) + "-" + made[1]["id"], server_name(made[2])]
    watched = watch(town, google, key(town, google))
    town.apply(fleet())
    watched.until_servers(names)

    def here(number):
        google.here = made[number]
        return {"GCE_METADATA_HOST": google.host}

    clouds.check_that_each_joins_as_itself(watched, "gcp", "Google Cloud", names, here)


# ---- Bad input.

@pytest.mark.parametrize("provider, complaint", [
    ({}, "spec.provider.gcp.project"),
    ({"project": "Shop"}, "(the id of a project, such as shop-prod)"),
    ({"project": "shop-prod", "zones": ["europe-west1"]}, "spec.provider.gcp.zones[0]"),
    ({"project": "shop-prod", "network": "A"}, "spec.provider.gcp.network"),
    ({"project": "shop-prod", "managedInstanceGroup": "1a"}, "spec.provider.gcp.managedInstanceGroup"),
    ({"project": "shop-prod", "address": "Home"}, "spec.provider.gcp.address"),
    ({"project": "shop-prod", "endpoint": "http://compute.example.org"}, "spec.provider.gcp.endpoint"),
    ({"project": "shop-prod", "endpoint": "https://compute.example.org"}, "must be https:// and of googleapis.com"),
    ({"project": "shop-prod", "endpoint": "http://127.0.0.1:8080"}, "must be https:// and of googleapis.com"),
])
def test_a_provider_that_cannot_work_is_refused(town, google, provider, complaint):
    what = fleet()
    what["spec"]["provider"]["gcp"] = provider
    assert complaint in preview(town, google, what, key(town, google))


def test_a_project_that_is_not_there_is_said(town, google):
    said = preview(town, google, fleet(project="shop-nowhere"), key(town, google))
    assert "Compute Engine of shop-nowhere answers notFound: " in said


# ---- The walk-through.

def test_the_how_to_works_as_written(town, google):
    text = (PROJECT / "docs/how-to/gcp.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    for number in range(3):
        google.launch(role="web" if number else "db")
    variables = google.variables()
    town.server_variables = variables
    town.start_server()
    script = script.replace("slipway get servers", "until slipway get servers -o name | grep -q .; do :; done; slipway get servers")
    write(town, "key.json", google.key_file())
    environment = town.environment() | variables | {"PATH": f"{town.slipway_binary.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=town.directory, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 servers would be in fleet web-gcp; 1 would not." in done.stdout
    assert len(re.findall(r"^vm-[0-9a-f]+-[0-9]+ +web-gcp ", done.stdout, re.M)) == 2
