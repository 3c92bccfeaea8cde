"""Fleets whose servers Nova lists: the real Keystone and Nova, and OpenStack's SDK as the second opinion on what there is."""

import json
import os
import random
import re
import subprocess

import clouds
import openstack_world
import pytest
import yaml
from clouds import rows, small_server
from conftest import PROJECT
from openstack_world import REGIONS, STATUS, environment

STOPPED = ("SHUTOFF", "SUSPENDED", "PAUSED", "SHELVED", "SHELVED_OFFLOADED")
HIDDEN = {"SOFT_DELETED", "UNKNOWN"}  # Nova lists the ones to nobody, and nobody here knows what the others are


@pytest.fixture(name="world", scope="module")
def started_services(tmp_path_factory):
    made = openstack_world.OpenStack(tmp_path_factory.mktemp("openstack"))
    yield made
    made.stop()


@pytest.fixture(name="project")
def new_project(world):
    yield world.project()
    world.before_nova.fault = world.before_keystone.fault = None
    world.nova.ask("lose", name="two", lost=False)


def fleet(**provider):
    return {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
            "spec": {"interval": "200ms", "provider": {"openstack": provider}}}


NOWHERE = {"HOME": "/nonexistent", "XDG_CONFIG_HOME": ""}


def preview(town, what, variables):
    return clouds.preview(town, what, NOWHERE | variables)


def watch(town, variables):
    return clouds.Watched(town, NOWHERE | variables, "openstack")


def write(town, name, content):
    path = town.directory / name
    path.write_text(yaml.safe_dump(content))
    return str(path)


def cloud(project):
    """Its entry of clouds.yaml."""
    auth = project.settings()
    return {"region_name": auth.pop("region_name"), "auth": auth}


def secret(settings):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": settings}


# ---- What is listed.

def random_population(project, rng):
    for number in range(rng.randrange(12, 20)):
        metadata = {"role": rng.choice(["web", "db"]), "größe": rng.choice(["groß", "klein"])}
        networks = [["private", [f"10.0.0.{number}", f"fd00::{number}"], rng.choice([[], [f"203.0.113.{number}"]])],
                    ["dmz", [f"10.1.0.{number}"], []]]
        project.launch(f"vm {number // 2}", rng.choice(sorted(set(STATUS) - HIDDEN)), cell=rng.choice(["one", "two"]),
                       zone=rng.choice(["nova", "az-2"]), networks=rng.sample(networks, rng.randrange(3)),
                       metadata={name: metadata[name] for name in rng.sample(sorted(metadata), rng.randrange(3))})


def random_filters(rng):
    """Fields of the provider, and what of the SDK's servers then fits."""
    provider, tests = {}, []
    for key, values in (("role", ["web", "db", "nobody"]), ("größe", ["groß", "klein"])):
        if rng.random() < 0.4:
            value = rng.choice(values)
            provider.setdefault("metadata", {})[key] = value
            tests.append(lambda server, key=key, value=value: server.metadata.get(key) == value)
    if rng.random() < 0.4:
        zones = rng.sample(["nova", "az-2", "az-3"], rng.randrange(1, 3))
        provider["availabilityZones"] = zones
        tests.append(lambda server: server.availability_zone in zones)
    if rng.random() < 0.4:
        networks = rng.sample(["private", "dmz"], rng.randrange(1, 3))
        provider["networks"] = networks
        tests.append(lambda server: set(networks) & set(server.addresses))
    return provider, tests


@pytest.mark.parametrize("seed", range(3))
def test_slipway_lists_what_the_sdk_lists(town, project, seed):
    rng = random.Random(seed)
    random_population(project, rng)
    everybody = project.list()
    assert len(everybody) == project.launched
    for _ in range(6):
        provider, tests = random_filters(rng)
        shown = rows(preview(town, fleet(**provider), project.variables()))
        assert set(shown) == set(everybody)
        expected = {name for name, server in everybody.items() if all(fits(server) for fits in tests)}
        assert {name for name, (_, in_fleet) in shown.items() if "not as" not in in_fleet} == expected, f"seed {seed}: {provider}"
        for name in expected:
            status = everybody[name].status
            if status in STOPPED:
                assert shown[name] == ("stopped", "no: spec.stopped is Exclude"), status
            else:
                assert shown[name] == ("running", "yes"), status


def test_a_machine_is_a_server_with_its_labels(town, project):
    name = project.launch("Web Eins", metadata={"role": "web", "owner": "Team_Ä"}, tags=["pet"], networks=[
        ["b-side", ["10.1.0.7", "fd00::7"], []], ["private", ["10.0.0.7"], ["203.0.113.7"]]])
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers([name])
    server = watched.servers()[name]
    assert server["spec"]["address"] == "10.1.0.7"
    assert server["spec"]["providerID"] == f"openstack:///{name}"
    labels = server["metadata"]["labels"]
    assert re.fullmatch(r"Team___--[0-9a-f]{10}", labels.pop("tag.slipway.dev/owner"))
    assert re.fullmatch(r"Web_Eins--[0-9a-f]{10}", labels.pop("instance.slipway.dev/name"))
    assert re.fullmatch(r"[0-9-]{10}T[0-9]{6}Z", labels.pop("instance.slipway.dev/launched"))
    assert labels == {"slipway.dev/fleet": "web", "tag.slipway.dev/role": "web", "tag.slipway.dev/pet": "",
                      "topology.kubernetes.io/region": REGIONS[0], "topology.kubernetes.io/zone": "nova",
                      "node.kubernetes.io/instance-type": "m1.small",
                      "instance.slipway.dev/image": "4f4e8f4e-1111-4222-8333-444455556666"}
    for provider, address in (({"address": "Public"}, "203.0.113.7"), ({"address": "IPv6"}, "fd00::7"),
                              ({"networks": ["private"]}, "10.0.0.7")):
        town.apply(fleet(**provider))
        watched.until(address, lambda address=address: watched.servers()[name]["spec"]["address"] == address)


def test_servers_come_and_go_with_their_machines(town, world, project):
    names = [project.launch() for _ in range(7)]
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers(names)
    world.nova.ask("change", server=names[1], vm_state="stopped")
    watched.until_servers(names[:1] + names[2:])
    world.nova.ask("change", server=names[1], vm_state="active", display_name="renamed")
    watched.until_servers(names)
    world.nova.ask("destroy", server=names[0])
    watched.until_servers(names[1:])
    version = town.get("fleet", "web")["metadata"]["resourceVersion"]
    begun = watched.listings("Complete")
    watched.until("five more listings", lambda: watched.listings("Complete") >= begun + 5)
    assert town.get("fleet", "web")["metadata"]["resourceVersion"] == version, "no news writes nothing"


def test_an_error_takes_along_only_who_was_never_launched(town, world, project):
    """Where a host is lost, Nova may call each of its servers an error and know nothing of their power."""
    names = [project.launch() for _ in range(7)]
    never = project.launch(status="ERROR", launched_at=None)
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers(names)
    for name in names[1:]:
        world.nova.ask("change", server=name, vm_state="error", power_state=0)
    shown = rows(preview(town, fleet(), project.variables()))
    assert shown == {name: ("running", "yes") for name in names} | {never: ("stopped", "no: spec.stopped is Exclude")}
    begun = watched.listings("Complete")
    watched.until("five more listings", lambda: watched.listings("Complete") >= begun + 5)
    assert set(watched.servers()) == set(names)
    listed = project.list()
    assert listed[never].status == listed[names[1]].status == "ERROR" and listed[names[1]].power_state == 0
    assert listed[never].launched_at is None and listed[names[1]].launched_at


# ---- What can go wrong: nobody leaves, it is explained, and the next good listing heals.

FAULTS = {
    "throttle": ("Throttled", "tooManyRequests: This request was rate-limited. (request req-7)"),
    "old throttle": ("Throttled", "overLimit: This request was rate-limited. (request req-7)"),
    "trouble": ("ServiceUnavailable", "computeFault: Unexpected API Error. (request req-7)"),
    "gateway": ("ServiceUnavailable", "answers HTTP status 503"),
    "reset": ("ServiceUnavailable", ": http://127.0.0.1:"),
    "cut body": ("ServiceUnavailable", ": http://127.0.0.1:"),
    "slow body": ("Timeout", " gave no whole answer within "),
    "cut text": ("ListInvalid", "cannot be believed: it is no JSON"),
    "loop": ("ListInvalid", "its pages go round in a circle"),
    "nameless": ("ListInvalid", "it has a next page, and does not say which"),
    "state": ("ListInvalid", 'has the status "ODD", which nobody here knows'),
    "expired": ("CredentialsRefused", "answers Unauthorized: The request you have made requires authentication. (request req-"),
    "denied": ("AccessDenied", "Give them a role in the project that may list servers, such as reader. The credentials are those of the user "
               "lister-"),
    "forbidden": ("AccessDenied", "forbidden: This project is suspended. (request req-7). The credentials are those of the user lister-"),
    "page of the web": ("ListInvalid", "cannot be believed: it is no JSON"),
    "elsewhere": ("EndpointInvalid", "answers with HTTP status 302, and not as Nova does"),
    "old": ("EndpointInvalid", "does not answer with openstack-api-version: compute 2.69, as Nova does"),
    "old nova": ("InvalidRequest", "Slipway needs a Nova of the release Stein or later"),
}


def test_no_fault_of_the_api_removes_a_server(town, world, project):
    names = [project.launch() for _ in range(12)]
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers(names)

    def spoil(page, name):
        world.before_nova.fault = name and (page, name)

    clouds.check_that_no_fault_removes_a_server(watched, names, clouds.pages_of(FAULTS), spoil)
    world.revoke()
    begun = watched.listings("Complete")
    watched.until("a new token", lambda: watched.listings("Complete") >= begun + 2)
    log = town.server.log.read_text()
    assert "gAAAAA" not in log and "hush" not in log


@pytest.mark.parametrize("count", [2, 7])
def test_a_cell_that_is_away_takes_nobody_along(town, world, project, count):
    """With one page Nova itself says what lacks. With more it says nothing, and each server that lacks is asked for."""
    names = [project.launch(cell=cell) for cell in ("one", "two") for _ in range(count)]
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers(names)
    world.nova.ask("lose", name="two")
    if count > 2:
        assert len(project.list()) == count, "the SDK believes it"
    said = watched.until_reason("ListInvalid")
    assert ("is only named, because its cell of Nova does not answer" if count == 2 else "which is there") in said
    begun = watched.listings("ListInvalid")
    watched.until("five more", lambda: watched.listings("ListInvalid") >= begun + 5)
    assert set(watched.servers()) == set(names)
    world.nova.ask("lose", name="two", lost=False)
    watched.until_reason("Succeeded")
    world.nova.ask("destroy", server=names[0])
    watched.until_servers(names[1:])


def test_a_restart_while_a_cell_is_away_takes_nobody_along(town, world, project):
    """A new process knows only from the fleet's own Servers who lacks."""
    names = [project.launch(cell=cell) for cell in ("one", "two") for _ in range(7)]
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers(names)
    world.nova.ask("lose", name="two")
    watched.until_reason("ListInvalid")
    town.server.kill()
    town.start_server()
    watched.until("five lists", lambda: watched.listings("ListInvalid") >= 5)
    assert watched.listings("Complete") == 0 and "which is there" in watched.ready()["message"]
    assert set(watched.servers()) == set(names)
    world.nova.ask("lose", name="two", lost=False)
    watched.until_reason("Succeeded")
    world.nova.ask("destroy", server=names[0])
    watched.until_servers(names[1:])
    world.nova.ask("change", server=names[-1], vm_state="soft-delete")
    watched.until_servers(names[1:-1])


# ---- Credentials.

@pytest.mark.parametrize("fault, message", [
    ("throttle", "tooManyRequests: This request was rate-limited."),
    ("gateway", "it answers HTTP status 503"),
    ("reset", "http://127.0.0.1:"),
    ("cut text", "its answer does not say when the token ends"),
    ("page of the web", "it answers HTTP status 200, and not as Keystone does: correct auth_url"),
    ("elsewhere", "it answers HTTP status 302, and not as Keystone does: correct auth_url"),
])
def test_faults_of_keystone_are_said(town, world, project, fault, message):
    world.before_keystone.fault = (1, fault)
    said = preview(town, fleet(), project.variables())
    assert message in said and f"Keystone gives no token to the user {project.user.name} of the OS_ variables: " in said
    assert "hush" not in said


def test_a_secret_holds_who_asks(town, project):
    name = project.launch()
    watched = watch(town, {})
    town.apply(fleet(secretRef={"name": "keys"}))
    assert "The Secret keys that secretRef names does not exist: create it." in watched.until_reason("SecretNotFound")
    town.apply(secret({"auth_url": "https://keystone.example.org"}))
    assert "The Secret keys cannot be used: it has neither username nor user_id." in watched.until_reason("SecretInvalid")
    settings = project.settings()
    town.apply(secret(settings | {"password": "hush-wrong"}))
    said = watched.until_reason("CredentialsRefused")
    assert "it answers Unauthorized: The request you have made requires authentication." in said and "Secret keys" in said
    town.apply(secret(settings))
    watched.until_servers([name])
    town.apply(secret(project.credential()))
    watched.until_reason("Succeeded")
    assert rows(preview(town, fleet(secretRef={"name": "keys"}), {})) == {name: ("running", "yes")}
    town.apply(fleet(secretRef={"name": "keys"}, project="another"))
    watched.until("another project to be refused", lambda: (
        f"is for project {project.name} ({project.id}), and not for another" in watched.ready()["message"]))
    assert set(watched.servers()) == {name}
    assert "hush" not in town.server.log.read_text()


def test_each_place_of_credentials_is_looked_at(town, world, project):
    found = {project.launch(): ("running", "yes")}
    other = world.project()
    others = {other.launch(): ("running", "yes")}
    assert rows(preview(town, fleet(), project.variables())) == found
    assert rows(preview(town, fleet(), environment(project.credential()) | {"OS_AUTH_TYPE": "v3applicationcredential"})) == found
    entry = cloud(project)
    password = entry["auth"].pop("password")
    (town.directory / "config/openstack").mkdir(parents=True)
    home = {"XDG_CONFIG_HOME": str(town.directory / "config")}
    write(town, "config/openstack/clouds.yaml", {"clouds": {"shop": entry}})
    assert "cloud shop in " in preview(town, fleet(), home) and "it has no password" in preview(town, fleet(), home)
    write(town, "config/openstack/secure.yaml", {"clouds": {"shop": {"auth": {"password": password}}}})
    assert rows(preview(town, fleet(), home)) == found
    both = {"shop": entry, "other": cloud(other) | {"region_name": REGIONS[1]}}
    write(town, "config/openstack/clouds.yaml", {"clouds": both})
    assert "has several clouds: say in OS_CLOUD, or in the Fleet's cloud, which one: other, shop" in preview(town, fleet(), home)
    assert rows(preview(town, fleet(), home | {"OS_CLOUD": "other"})) == others
    assert rows(preview(town, fleet(cloud="shop"), home | {"OS_CLOUD": "other"})) == found
    file = write(town, "mine.yaml", {"clouds": {"mine": cloud(other) | {"verify": False}}})
    said = preview(town, fleet(), {"OS_CLIENT_CONFIG_FILE": file})
    assert f"cloud mine in {file} cannot be used: it says not to verify certificates" in said
    said = preview(town, fleet(), {})
    for place in ("OS_CLOUD", "OS_AUTH_URL", "/nonexistent/.config/openstack", "/etc/openstack"):
        assert place in said, said


def test_a_project_and_a_region_are_chosen(town, world, project):
    """A user with a role in two projects."""
    found = {project.launch(): ("running", "yes")}
    other = world.project()
    others = {other.launch(): ("running", "yes")}
    identity = world.admin.identity
    identity.assign_project_role_to_user(other.id, project.user.id, identity.find_role("reader").id)
    variables = project.variables()
    assert rows(preview(town, fleet(project=other.name), variables)) == others
    assert rows(preview(town, fleet(project=other.id), variables)) == others
    assert rows(preview(town, fleet(region=REGIONS[1]), variables)) == found, "by a catalog that still says v2"
    assert "it answers Unauthorized" in preview(town, fleet(project="nobodys"), variables)
    del variables["OS_REGION_NAME"]
    assert f"has several regions: say which: {REGIONS[0]}, {REGIONS[1]}. " in preview(town, fleet(), variables)
    assert "has no public compute API in region Mars, but in RegionOne, RegionTwo" in preview(town, fleet(region="Mars"), variables)
    assert rows(preview(town, fleet(), variables | {"OS_INTERFACE": "internal"})) == found
    assert "names a compute API that is no https:// URL" in preview(town, fleet(), variables | {"OS_INTERFACE": "admin"})


def test_the_doctor_tries_each_thing_that_is_needed(town, world, project):
    project.launch()
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_reason("Succeeded")
    well = [(("credentials", f"the user {project.user.name} of the OS_ variables"), "ok"),
            (("os_compute_api:servers:detail", REGIONS[0]), "ok")]
    said, good = clouds.doctor(town, "web", NOWHERE | project.variables())
    assert good and clouds.checks(said) == well and "Succeeded" in said
    world.before_nova.fault = (1, "denied")
    watched.until_reason("AccessDenied")
    said, good = clouds.doctor(town, "web", NOWHERE | project.variables())
    assert not good and clouds.checks(said) == [well[0], (well[1][0], "AccessDenied")]
    assert "Give them a role in the project that may list servers, such as reader." in said
    assert f"openstack role add --project {project.id} --user ID_OF_THE_USER reader\n" in said
    said, good = clouds.doctor(town, "web", NOWHERE | project.variables() | {"OS_PASSWORD": "hush-wrong"})
    assert not good and clouds.checks(said) == [(("credentials", "<none>"), "CredentialsRefused")] and "hush" not in said
    world.before_nova.fault = (1, "old nova")
    said, good = clouds.doctor(town, "web", NOWHERE | project.variables())
    assert not good and clouds.checks(said) == [well[0], (well[1][0], "InvalidRequest")]


def test_nova_itself_denies_whom_nobody_let_read(town, world):
    stranger = world.project_of_a_stranger()
    name = stranger.launch()
    watched = watch(town, stranger.variables())
    town.apply(fleet())
    said = watched.until_reason("AccessDenied")
    assert "Policy doesn't allow os_compute_api:servers:detail to be performed." in said and re.search(r"\(request req-[0-9a-f-]{36}\)", said), said
    said, good = clouds.doctor(town, "web", NOWHERE | stranger.variables())
    assert not good and clouds.checks(said)[1] == (("os_compute_api:servers:detail", REGIONS[0]), "AccessDenied")
    assert f"openstack role add --project {stranger.id} --user ID_OF_THE_USER reader\n" in said
    stranger.grant("reader")
    watched.until_servers([name])


# ---- Agents.

def test_a_machine_joins_as_itself_whatever_its_image_holds(town, project):
    names = [project.launch() for _ in range(3)]
    watched = watch(town, project.variables())
    town.apply(fleet())
    watched.until_servers(names)
    machine = {}

    def metadata(_method, path, _headers):
        return (200, json.dumps(machine)) if path == "/openstack/latest/meta_data.json" else (404, "")

    with small_server(metadata) as url:

        def here(number):
            machine.update(uuid=names[number], name="web")
            return {"SLIPWAY_OPENSTACK_METADATA": url}

        clouds.check_that_each_joins_as_itself(watched, "openstack", "OpenStack", names, here)


# ---- Bad input.

@pytest.mark.parametrize("provider, complaint", [
    ({"region": ""}, "spec.provider.openstack.region"),
    ({"project": "x" * 65}, "spec.provider.openstack.project"),
    ({"metadata": {"role": "x" * 256}}, "spec.provider.openstack.metadata"),
    ({"networks": ["a", "a"]}, "spec.provider.openstack.networks"),
    ({"availabilityZones": [""]}, "spec.provider.openstack.availabilityZones[0]"),
    ({"address": "Home"}, "spec.provider.openstack.address"),
    ({"cloud": "a", "secretRef": {"name": "b"}}, "spec.provider.openstack.cloud: names credentials, and secretRef does too"),
])
def test_a_provider_that_cannot_work_is_refused(town, provider, complaint):
    assert complaint in preview(town, fleet(**provider), {})


# ---- The walk-through.

def test_the_how_to_works_as_written(town, project):
    text = (PROJECT / "docs/how-to/openstack.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    for number in range(3):
        project.launch(metadata={"role": "web" if number else "db"})
    settings = project.credential("walk")
    town.server_variables = NOWHERE
    town.start_server()
    script = script.replace("slipway get servers", "until slipway get servers -o name | grep -q .; do :; done; slipway get servers")
    variables = NOWHERE | environment(settings) | {"PATH": f"{town.slipway_binary.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=town.directory, env=town.environment() | variables, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 servers would be in fleet web-openstack; 1 would not." in done.stdout
    assert len(re.findall(r"^[0-9a-f-]{36} +web-openstack ", done.stdout, re.M)) == 2
