"""Fleets whose servers Azure Resource Manager lists: a strict fake as the API, Azure's SDK as the judge of it and of what there is."""

import itertools
import os
import random
import re
import subprocess

import azure_world
import clouds
import pytest
from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential
from azure_world import CLIENT, GROUPS, LOCATIONS, SUBSCRIPTIONS, TENANT
from clouds import rows
from conftest import PROJECT

FIRST = SUBSCRIPTIONS[0]


@pytest.fixture(name="azure")
def fake_azure():
    made = azure_world.FakeAzure()
    yield made
    made.stop()


def fleet(**provider):
    return {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
            "spec": {"interval": "200ms", "provider": {"azure": {"subscriptions": [FIRST], **provider}}}}


def write(town, name, content):
    path = town.directory / name
    path.write_text(content)
    return str(path)


def preview(town, azure, what, variables=None):
    return clouds.preview(town, what, azure.variables() | (azure.application() if variables is None else variables))


def watch(town, azure, variables=None):
    return clouds.Watched(town, azure.variables() | (azure.application() if variables is None else variables), "azure")


def server_name(machine):
    return azure_world.server_name(machine["name"], machine["properties"]["vmId"])


def addresses(table):
    """The address of each server, by name."""
    return {columns[0]: columns[1] for columns in (re.split(r" {2,}", line) for line in table.splitlines()[1:-1])}


# ---- What is listed.

def random_population(azure, rng):
    """Machines in two subscriptions, alone and of scale sets of both kinds, with tags, and with names that are taken twice."""
    sets = []
    for subscription in SUBSCRIPTIONS:
        for name, mode in (("web", "Uniform"), ("Flex_1", "Flexible"), ("db", "Uniform")):
            sets.append((subscription, azure.scale_set(subscription, rng.choice(GROUPS), name, mode, rng.choice(LOCATIONS))))
    for number in range(rng.randrange(20, 35)):
        tags = {"role": rng.choice(["web", "db"]), "Größe/1": rng.choice(["Groß & klein", "x"])}
        tags = {name: tags[name] for name in rng.sample(sorted(tags), rng.randrange(3))}
        subscription, scale_set = rng.choice(sets)
        state = rng.choice(azure_world.STATES)
        if scale_set["properties"]["orchestrationMode"] == "Uniform" and rng.random() < 0.6:
            azure.instance(scale_set, state, **tags)
        else:
            flexible = "flex_1" if rng.random() < 0.4 else None
            azure.launch(subscription, rng.choice(GROUPS), f"VM_{number // 2}-{number}{'x' * rng.choice([0, 40])}", state,
                         rng.choice(LOCATIONS), flexible, rng.choice([None, *GROUPS]), **tags)


def random_filters(rng):
    """Fields of the provider, and what of the SDK's machines then fits."""
    provider, tests = {"subscriptions": rng.choice([SUBSCRIPTIONS, SUBSCRIPTIONS[:1], SUBSCRIPTIONS[1:]])}, []
    tests.append(lambda machine: machine.id.split("/")[2] in provider["subscriptions"])
    if rng.random() < 0.4:
        provider["resourceGroups"] = [rng.choice(["SHOP-prod", "shop_net"])]
        tests.append(lambda machine: machine.id.split("/")[4].lower() == provider["resourceGroups"][0].lower())
    if rng.random() < 0.4:
        provider["locations"] = [rng.choice(LOCATIONS)]
        tests.append(lambda machine: machine.location in provider["locations"])
    if rng.random() < 0.4:
        name, value = rng.choice([("ROLE", "web"), ("größe/1", "Groß & klein"), ("Größe/1", "x"), ("role", "WEB")])
        provider["tags"] = {name: value}
        # Upper and lower case are the same in ASCII here; the Ö and ß of others are as they are.
        tests.append(lambda machine: any(ascii_lower(own) == ascii_lower(name) and machine.tags[own] == value for own in machine.tags or {}))
    if rng.random() < 0.4:
        provider["scaleSet"] = rng.choice(["WEB", "flex_1", "db"])
        tests.append(lambda machine: set_of(machine).lower() == provider["scaleSet"].lower())
    provider["address"] = rng.choice(["Private", "Public", "IPv6"])
    return provider, tests


def ascii_lower(text):
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def set_of(machine):
    """The name of the scale set of one of the SDK's machines."""
    if "/virtualMachineScaleSets/" in machine.id:
        return machine.id.split("/")[-3]
    return machine.virtual_machine_scale_set.id.split("/")[-1] if machine.virtual_machine_scale_set else ""


def address_of(interfaces, public, choice):
    """What the SDK says that the address is."""
    for interface in interfaces:
        for configuration in sorted(interface.ip_configurations, key=lambda each: not each.primary):
            version = configuration.private_ip_address_version
            if choice == "Public" and configuration.public_ip_address:
                return public[configuration.public_ip_address.id.lower()]
            if (choice, version) in (("Private", "IPv4"), ("IPv6", "IPv6")):
                return configuration.private_ip_address
    return ""


@pytest.mark.parametrize("seed", range(4))
def test_slipway_lists_what_the_sdk_lists(town, azure, seed):
    rng = random.Random(seed)
    random_population(azure, rng)
    known = azure.list()
    for _ in range(5):
        provider, tests = random_filters(rng)
        table = preview(town, azure, fleet(**provider))
        shown, seen = rows(table), addresses(table)
        assert set(shown) == {name for name, (machine, *_) in known.items() if tests[0](machine)}
        expected = {name: found for name, found in known.items() if all(fits(found[0]) for fits in tests)}
        listed = {name for name, (_, in_fleet) in shown.items() if "not as" not in in_fleet}
        assert listed == set(expected), f"seed {seed}: {provider}"
        for name, (_, codes, interfaces, public) in expected.items():
            running = codes[-1] in ("PowerState/creating", "PowerState/starting", "PowerState/running")
            assert shown[name] == (("running", "yes") if running else ("stopped", "no: spec.stopped is Exclude")), codes
            assert seen[name] == address_of(interfaces, public, provider["address"]), f"seed {seed}: {provider}"


def test_a_machine_without_a_power_state_is_made_or_unmade(town, azure):
    expected = {server_name(azure.launch(state=state)): shown for state, shown in (
        ("new", ("running", "yes")), ("no room", ("stopped", "no: spec.stopped is Exclude")))}
    leaving = server_name(azure.launch(state="leaving"))
    shown = rows(preview(town, azure, fleet()))
    assert shown.pop(leaving)[0] == "terminated"
    assert shown == expected


def test_a_machine_is_a_server_with_its_labels(town, azure):
    there = azure.launch(name="Web_1", scale_set="web-set", role="web", Owner="Team Ä")
    watched = watch(town, azure)
    town.apply(fleet())
    name = server_name(there)
    assert re.fullmatch(r"web-1-[0-9a-f-]{36}", name)
    watched.until_servers([name])
    server = watched.servers()[name]
    assert server["spec"]["address"].startswith("10.1.")
    assert server["spec"]["providerID"] == (f"azure:///subscriptions/{FIRST}/resourceGroups/shop-prod/providers/Microsoft.Compute/"
                                            "virtualMachines/Web_1")
    labels = server["metadata"]["labels"]
    assert re.fullmatch(r"Team___--[0-9a-f]{10}", labels.pop("tag.slipway.dev/Owner"))
    assert labels == {"slipway.dev/fleet": "web", "tag.slipway.dev/role": "web", "topology.kubernetes.io/region": "westeurope",
                      "topology.kubernetes.io/zone": "westeurope-2", "node.kubernetes.io/instance-type": "Standard_D2s_v5",
                      "instance.slipway.dev/group": "web-set", "instance.slipway.dev/launched": "2026-01-02T030405Z"}
    town.apply(fleet(address="Public"))
    watched.until("the public address", lambda: watched.servers()[name]["spec"]["address"].startswith("203.0."))
    of_set = azure.instance(azure.scale_set(name="uniform"))
    watched.until_servers([name, server_name(of_set)])
    assert watched.servers()[server_name(of_set)]["spec"]["providerID"] == (
        f"azure:///subscriptions/{FIRST}/resourceGroups/shop-prod/providers/Microsoft.Compute/virtualMachineScaleSets/uniform/"
        "virtualMachines/0")


def test_servers_come_and_go_with_their_machines(town, azure):
    scale_set = azure.scale_set()
    made = [azure.launch(name=f"web-{number}") for number in range(3)] + [azure.instance(scale_set)]
    names = [server_name(each) for each in made]
    watched = watch(town, azure)
    town.apply(fleet())
    watched.until_servers(names)
    azure.set_state(made[1], "deallocated")
    watched.until_servers(names[:1] + names[2:])
    azure.set_state(made[1], "running")
    watched.until_servers(names)
    azure.set_state(made[3], "leaving")
    watched.until_servers(names[:3])
    azure.remove(made[3])
    azure.remove(scale_set)
    made[0]["properties"]["vmId"] = "00000000-0000-0000-0000-000000000042"  # It was deleted, and made anew with its name.
    watched.until_servers([server_name(made[0]), *names[1:3]])
    version = town.get("fleet", "web")["metadata"]["resourceVersion"]
    begun = watched.listings("Complete")
    watched.until("five more listings", lambda: watched.listings("Complete") >= begun + 5)
    assert town.get("fleet", "web")["metadata"]["resourceVersion"] == version, "no news writes nothing"


# ---- What can go wrong: nobody leaves, it is explained, and the next good listing heals.

SAYS = f"Azure Resource Manager of {FIRST} answers "
FAULTS = {
    "throttle": ("Throttled", SAYS + "TooManyRequests: The request is being throttled. (request 5b1b1b0c)"),
    "trouble": ("ServiceUnavailable", SAYS + "ServiceUnavailable: Please try again. (request 5b1b1b0c)"),
    "reset": ("ServiceUnavailable", f"Azure Resource Manager of {FIRST}: http://127.0.0.1:"),
    "cut body": ("ServiceUnavailable", f"Azure Resource Manager of {FIRST}: http://127.0.0.1:"),
    "slow body": ("Timeout", " gave no whole answer within "),
    "cut text": ("ListInvalid", "cannot be believed: it is no JSON"),
    "no list": ("ListInvalid", "cannot be believed: it is no list"),
    "loop": ("ListInvalid", "its pages go round in a circle"),
    "link elsewhere": ("ListInvalid", "its next page is to be somewhere else, at http://127.0.0.1:9"),
    "no id": ("ListInvalid", "one of its machines has no id"),
    "no vmId": ("ListInvalid", "has no vmId, or no name"),
    "expired": ("CredentialsRefused", SAYS + "ExpiredAuthenticationToken: The access token expiry UTC time is earlier than current UTC time. "
                f"(request 5b1b1b0c). The credentials are those of the application {CLIENT} of the environment."),
    "denied": ("AccessDenied", "(request 5b1b1b0c). Allow Microsoft.Compute/virtualMachines/read, as the role Reader does. The "
               "credentials are those of "),
    "policy": ("AccessDenied", "It was disallowed by policy. (request 5b1b1b0c). The credentials are those of "),
    "disabled": ("InvalidRequest", SAYS + "ReadOnlyDisabledSubscription: The subscription is disabled."),
    "page of the web": ("ListInvalid", "cannot be believed: it is no JSON"),
    "elsewhere": ("EndpointInvalid", "answers with HTTP status 302, and not as Azure Resource Manager does"),
}
OF_LISTS = [
    ("instances", "state", "ListInvalid", 'has the power state "dreaming", which nobody here knows'),
    ("instances", "no state", "ListInvalid", "has no power state"),
    ("status", "state", "ListInvalid", 'has the power state "dreaming", which nobody here knows'),
    ("status", "trouble", "ServiceUnavailable", SAYS + "ServiceUnavailable: "),
    ("status", "cut text", "ListInvalid", "it is no JSON"),
    ("virtualmachinescalesets", "denied", "AccessDenied", "Allow "),
    ("virtualmachinescalesets", "no id", "ListInvalid", "one of its scale sets is not described as such"),
    ("networkinterfaces", "disabled", "InvalidRequest", SAYS + "ReadOnlyDisabledSubscription: "),
    ("networkinterfaces", "cut body", "ServiceUnavailable", "Azure Resource Manager of "),
    ("publicipaddresses", "policy", "AccessDenied", "It was disallowed by policy"),
]


def test_no_fault_of_the_api_removes_a_server(town, azure):
    scale_set = azure.scale_set()
    names = [server_name(azure.launch()) for _ in range(12)] + [server_name(azure.instance(scale_set)) for _ in range(2)]
    watched = watch(town, azure)
    town.apply(fleet(address="Public"))
    watched.until_servers(names)

    def spoil(page, name):
        # Of the machines themselves, or "LIST: FAULT" of another list.
        *others, fault = name.split(": ") if name else [None]
        azure.fault = fault and (others[0] if others else "virtualmachines", page, fault)

    of_lists = [(f"{which}: {fault}", 1, *said) for which, fault, *said in OF_LISTS]
    clouds.check_that_no_fault_removes_a_server(watched, names, clouds.pages_of(FAULTS) + of_lists, spoil)
    azure.revoke()
    begun = watched.listings("Complete")
    watched.until("a new token", lambda: watched.listings("Complete") >= begun + 2)
    log = town.server.log.read_text()
    assert "eyJ0." not in log and azure.client_secret not in log


def check_that_nobody_leaves(watched, azure, names, faults):
    """Lists of which a page is said not to be there: (list, page, code)."""
    for which, page, code in faults:
        azure.fault = (which, page, f"absent {code}")
        watched.until(f"{azure.fault} to be said", lambda code=code: f"answers {code}: It is not there." in watched.ready()["message"])
        assert watched.ready()["reason"] == ("InvalidRequest" if page == 1 and which != "instances" else "ListInvalid"), azure.fault
        assert set(watched.servers()) == set(names), azure.fault
        azure.fault = None
        watched.until_reason("Succeeded")
        assert set(watched.servers()) == set(names)


def test_no_page_of_a_list_may_be_absent(town, azure):
    azure.page = 2
    sets = [azure.scale_set(name=f"set-{number}") for number in range(5)]
    names = [server_name(azure.launch()) for _ in range(5)] + [server_name(azure.instance(sets[2])) for _ in range(5)]
    watched = watch(town, azure)
    town.apply(fleet(address="Public"))
    watched.until_servers(names)
    codes = itertools.cycle(azure_world.ABSENT)
    check_that_nobody_leaves(watched, azure, names, [
        (which, page, next(codes)) for page in (1, 2, 3) for which in ("virtualmachines", "instances", "status", "virtualmachinescalesets",
                                                                       "networkinterfaces", "publicipaddresses")])


def test_a_resource_group_of_two_subscriptions_is_read_whole_in_both(town, azure):
    azure.page = 2
    names = [server_name(azure.launch()) for _ in range(2)] + [server_name(azure.launch(SUBSCRIPTIONS[1])) for _ in range(6)]
    watched = watch(town, azure)
    town.apply(fleet(subscriptions=SUBSCRIPTIONS, resourceGroups=[GROUPS[0]]))
    watched.until_servers(names)
    gone = "ResourceGroupNotFound"
    check_that_nobody_leaves(watched, azure, names, [("virtualmachines", 2, gone), ("virtualmachines", 3, gone), (
        "virtualmachinescalesets", 1, gone), ("virtualmachines", 1, "ResourceNotFound")])


def test_what_a_list_lacks_is_asked_for_by_itself(town, azure):
    made = [azure.launch() for _ in range(7)]
    names = [server_name(each) for each in made]
    watched = watch(town, azure)
    town.apply(fleet())
    watched.until_servers(names)
    known = {name: server["spec"]["address"] for name, server in watched.servers().items()}
    for fault in (("virtualmachines", 1, "empty page"), ("status", 1, "lacks"), ("status", 2, "denied"), ("networkinterfaces", 1, "lacks")):
        azure.fault = fault
        begun = watched.listings("Complete")
        watched.until("listings with it", lambda begun=begun: watched.listings("Complete") >= begun + 4)
        assert watched.ready()["reason"] == "Succeeded"
        assert {name: server["spec"]["address"] for name, server in watched.servers().items()} == known, fault


def test_who_may_read_one_resource_group_has_its_machines(town, azure):
    here = server_name(azure.launch())
    of_set = server_name(azure.instance(azure.scale_set()))
    azure.launch(group=GROUPS[1])
    azure.readable = [f"/subscriptions/{FIRST}/resourceGroups/{GROUPS[0]}"]
    said = preview(town, azure, fleet())
    assert (f"action 'Microsoft.Compute/virtualMachines/read' over scope '/subscriptions/{FIRST}'" in said
            and "Allow Microsoft.Compute/virtualMachines/read, as the role Reader does. The credentials are those of " in said)
    watched = watch(town, azure)
    town.apply(fleet(resourceGroups=[GROUPS[0].upper()]))
    watched.until_servers([here, of_set])
    assert watched.servers()[here]["spec"]["address"].startswith("10.1.")
    azure.launch(network_group=GROUPS[1])  # Its interface is where nothing may be read.
    assert "Allow Microsoft.Network/networkInterfaces/read, as" in watched.until_reason("AccessDenied")


def test_a_resource_group_must_be_somewhere(town, azure):
    azure.launch()
    said = preview(town, azure, fleet(resourceGroups=["shop-prd"]))
    assert SAYS + "ResourceGroupNotFound: Resource group 'shop-prd' could not be found." in said
    said = preview(town, azure, fleet(subscriptions=["0b1f6471-1bf0-4dda-aec3-cb9272f09591"]))
    assert "SubscriptionNotFound: The subscription '0b1f6471-1bf0-4dda-aec3-cb9272f09591' could not be found." in said


# ---- Credentials.

def test_a_secret_holds_the_application(town, azure):
    name = server_name(azure.launch())
    watched = watch(town, azure, {})
    town.apply(fleet(secretRef={"name": "app"}))
    assert "The Secret app that secretRef names does not exist: create it." in watched.until_reason("SecretNotFound")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app"}, "stringData": {"tenantID": TENANT}}
    town.apply(secret)
    needs = "The Secret app needs tenantID, clientID and either clientSecret or certificate: "
    assert needs + "it has no clientID." in watched.until_reason("SecretInvalid")
    for changed, said in (({"clientID": CLIENT}, "it has neither of both"), ({"certificate": "x"}, "it holds no certificate in PEM"),
                          ({"clientSecret": "x"}, "it has both")):
        secret["stringData"] |= changed
        town.apply(secret)
        watched.until("the Secret to be refused", lambda said=said: said in watched.ready()["message"])
    town.slipway("delete", "secret", "app")
    secret["stringData"] = {"tenantID": TENANT, "clientID": CLIENT, "clientSecret": "wrong-hush"}
    town.apply(secret)
    assert "is answered invalid_client: AADSTS7000215: Invalid client secret provided." in watched.until_reason("CredentialsRefused")
    secret["stringData"]["clientSecret"] = azure.client_secret
    town.apply(secret)
    watched.until_servers([name])
    del secret["stringData"]["clientSecret"]
    secret["stringData"]["certificate"] = azure.certificate_pem + azure.key_pem
    town.slipway("delete", "secret", "app")
    town.apply(secret)
    azure.revoke()
    begun = watched.listings("Complete")
    watched.until("the certificate", lambda: watched.listings("Complete") >= begun + 2)
    assert "certificate" in {who for who, _ in azure.given_to.values()}
    assert rows(preview(town, azure, fleet(secretRef={"name": "app"}), {})) == {name: ("running", "yes")}
    log = town.server.log.read_text()
    assert "PRIVATE KEY" not in log and azure.client_secret not in log and "hush" not in log


def test_each_place_of_credentials_is_looked_at(town, azure):
    """Where Azure's SDK finds them. What the fake then sees must be a token that it gave for them."""
    found = {server_name(azure.launch()): ("running", "yes")}
    who = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
    pem = write(town, "both.pem", azure.key_pem + azure.certificate_pem)
    token = write(town, "token", azure.subject() + "\n")
    places = {"secret": azure.application(), "certificate": who | {"AZURE_CLIENT_CERTIFICATE_PATH": pem},
              "workload": who | {"AZURE_FEDERATED_TOKEN_FILE": token},
              "app service": {"IDENTITY_ENDPOINT": azure.url + "/msi/token", "IDENTITY_HEADER": azure.app_service_secret},
              "machine": {"AZURE_CLIENT_ID": CLIENT}}
    assert "(it has no such identity: invalid_request: Identity not found)" in preview(town, azure, fleet(), {})
    azure.machine = True
    for place, variables in places.items():
        azure.revoke()
        assert rows(preview(town, azure, fleet(), variables)) == found, place
        assert {who for who, _ in azure.given_to.values()} == {place}


def test_tokens_are_those_that_the_sdk_gets(town, azure, monkeypatch):
    """Azure's own library at the same fake: what it sends is what is taken from Slipway."""
    authority, bundle = azure.serve_tls(town.directory)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    ways = {"authority": authority, "disable_instance_discovery": True}
    pem = (azure.key_pem + azure.certificate_pem).encode()
    credentials = [ClientSecretCredential(TENANT, CLIENT, azure.client_secret, **ways),
                   CertificateCredential(TENANT, CLIENT, certificate_data=pem, **ways)]
    azure.machine = True
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure.url)
    credentials.append(ManagedIdentityCredential())
    azure.launch()
    for credential in credentials:
        token = credential.get_token(azure_world.RESOURCE + "/.default").token
        assert len(azure.list(token)) == 1
    shown = preview(town, azure, fleet(), azure.application() | {"AZURE_AUTHORITY_HOST": authority, "REQUESTS_CA_BUNDLE": bundle})
    assert len(rows(shown)) == 1


def test_credentials_that_are_wrong_are_explained(town, azure):
    azure.launch()
    who = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
    said = preview(town, azure, fleet(), who | {"AZURE_CLIENT_SECRET": "wrong-hush"})
    assert "hush" not in said
    assert (f"There is no token for the application {CLIENT}: it is answered invalid_client: AADSTS7000215: Invalid client secret "
            "provided.. The credentials are those of the environment") in said
    said = preview(town, azure, fleet(), who | {"AZURE_CLIENT_SECRET": "x", "AZURE_TENANT_ID": "contoso.com"})
    assert "AADSTS90002: Tenant 'contoso.com' not found." in said
    other_key, other_certificate = azure_world.authorities("other")
    for name, content, why in (("other.pem", other_key + other_certificate, "AADSTS700027: The certificate with this identifier"),
                               ("two.pem", azure.key_pem + other_certificate, "its key is that of another certificate than its first"),
                               ("no.pem", "hush", "no.pem cannot be used: it holds no certificate in PEM")):
        said = preview(town, azure, fleet(), who | {"AZURE_CLIENT_CERTIFICATE_PATH": write(town, name, content)})
        assert why in said and "hush" not in said, said
    azure.machine = True
    for proof in ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"):
        assert "/typo is not there" in preview(town, azure, fleet(), who | {proof: "/typo"})
    assert "AZURE_CLIENT_SECRET is set: AZURE_TENANT_ID and AZURE_CLIENT_ID must be, too" in preview(
        town, azure, fleet(), {"AZURE_CLIENT_SECRET": "x"})


def test_the_doctor_tries_each_permission(town, azure):
    azure.launch()
    watched = watch(town, azure)
    town.apply(fleet(address="Public"))
    watched.until_reason("Succeeded")
    variables = azure.variables() | azure.application()
    said, good = clouds.doctor(town, "web", variables)
    kinds = ["Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Network/networkInterfaces",
             "Microsoft.Network/publicIPAddresses"]
    whole = ("a whole list", "all subscriptions")
    assert good and clouds.checks(said)[1:] == [*(((f"{kind}/read", FIRST), "ok") for kind in kinds), (whole, "ok")]
    assert azure.client_secret not in said
    azure.readable = []
    said, good = clouds.doctor(town, "web", variables)
    assert not good and [result for _, result in clouds.checks(said)] == ["ok"] + ["AccessDenied"] * 5
    assert "Allow Microsoft.Compute/virtualMachines/read, as the role Reader does" in said
    assert f'"AssignableScopes": ["/subscriptions/{FIRST}"]' in said


def test_the_doctor_sees_what_only_a_whole_list_needs(town, azure):
    azure.instance(azure.scale_set())
    watched = watch(town, azure)
    town.apply(fleet(resourceGroups=[GROUPS[0]], subscriptions=SUBSCRIPTIONS))
    watched.until_reason("Succeeded")
    azure.actions.remove("Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read")
    said, good = clouds.doctor(town, "web", azure.variables() | azure.application())
    results = clouds.checks(said)
    assert not good and {result for _, result in results[:-1]} == {"ok"} and results[-1][1] == "AccessDenied", said
    assert "Allow Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read, as the role Reader does" in said
    for each in SUBSCRIPTIONS:
        assert f"--scope '/subscriptions/{each}/resourceGroups/{GROUPS[0]}'" in said


def test_the_least_role_is_enough_and_no_action_is_too_much(town, azure):
    azure.launch()
    azure.instance(azure.scale_set())
    watched = watch(town, azure)
    town.apply(fleet(address="Public"))
    watched.until_reason("Succeeded")
    azure.actions = set()
    said, _ = clouds.doctor(town, "web", azure.variables() | azure.application())
    least = re.findall(r'"(Microsoft\.[^"]+)"', said)
    assert least == re.findall(r"^(Microsoft\..*)$", (PROJECT / "docs/how-to/azure.md").read_text(), re.M)
    # What the lists lack is asked for one by one, and that needs more.
    ways = [("networkinterfaces", 1, "lacks"), ("publicipaddresses", 1, "lacks")]

    def previews():
        for azure.fault in ways:
            yield preview(town, azure, fleet(address="Public"))

    azure.actions = set(least)
    assert all(len(rows(said)) == 2 for said in previews())
    for action in least:
        azure.actions = set(least) - {action}
        assert any(f"Allow {action}, as the role Reader does" in said for said in previews()), action


# ---- Agents.

def test_a_machine_joins_as_itself_whatever_its_image_holds(town, azure):
    made = [azure.launch(name="Web_1"), azure.instance(azure.scale_set()), azure.launch(name="web-3")]
    names = [server_name(machine) for machine in made]
    watched = watch(town, azure)
    town.apply(fleet())
    watched.until_servers(names)

    def here(number):
        azure.here = made[number]
        return {"SLIPWAY_AZURE_METADATA": azure.url}

    clouds.check_that_each_joins_as_itself(watched, "azure", "Azure", names, here)


# ---- Bad input.

@pytest.mark.parametrize("provider, complaint", [
    ({}, "spec.provider.azure.subscriptions"),
    ({"subscriptions": []}, "spec.provider.azure.subscriptions"),
    ({"subscriptions": ["shop"]}, "(the id of a subscription in lower case"),
    ({"subscriptions": [FIRST, FIRST]}, "spec.provider.azure.subscriptions"),
    ({"subscriptions": [FIRST], "resourceGroups": ["a/b"]}, "spec.provider.azure.resourceGroups[0]"),
    ({"subscriptions": [FIRST], "resourceGroups": ["dot."]}, "that does not end with a dot"),
    ({"subscriptions": [FIRST], "locations": ["West Europe"]}, "(the name of a location, such as westeurope)"),
    ({"subscriptions": [FIRST], "scaleSet": "a b"}, "spec.provider.azure.scaleSet"),
    ({"subscriptions": [FIRST], "address": "Home"}, "spec.provider.azure.address"),
    ({"subscriptions": [FIRST], "cloud": "Germany"}, "spec.provider.azure.cloud"),
    ({"subscriptions": [FIRST], "endpoint": "http://management.azure.com"}, "spec.provider.azure.endpoint"),
    ({"subscriptions": [FIRST], "endpoint": "https://example.org"}, "must be https:// and at or under management.azure.com"),
    ({"subscriptions": [FIRST], "endpoint": "http://127.0.0.1:8080"}, "must be https:// and at or under management.azure.com"),
    ({"subscriptions": [FIRST], "endpoint": "https://management.azure.com", "cloud": "China"}, "at or under management.chinacloudapi.cn"),
])
def test_a_provider_that_cannot_work_is_refused(town, azure, provider, complaint):
    what = fleet()
    what["spec"]["provider"]["azure"] = provider
    assert complaint in preview(town, azure, what)


# ---- The walk-through.

def test_the_how_to_works_as_written(town, azure):
    text = (PROJECT / "docs/how-to/azure.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    for number in range(3):
        azure.launch(role="web" if number else "db")
    variables = azure.variables()
    town.server_variables = variables
    town.start_server()
    script = script.replace("slipway get servers", "until slipway get servers -o name | grep -q .; do :; done; slipway get servers")
    environment = town.environment() | variables | {
        "PATH": f"{town.slipway_binary.parent}:{os.environ['PATH']}", "TENANT": TENANT, "CLIENT": CLIENT, "SECRET": azure.client_secret}
    done = subprocess.run(["bash", "-c", script], cwd=town.directory, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 servers would be in fleet web-azure; 1 would not." in done.stdout
    assert len(re.findall(r"^vm-[0-9a-f]+-[0-9a-f-]{36} +web-azure ", done.stdout, re.M)) == 2
