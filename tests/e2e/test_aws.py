"""Fleets whose servers EC2 lists: the real moto as the API, boto3 as the judge of what there is."""

import contextlib
import json
import os
import random
import re
import subprocess

import aws as aws_world
import clouds
import pytest
import world
from clouds import rows, small_server
from conftest import APPLICATION, PROJECT


@pytest.fixture(name="moto_process", scope="module")
def one_moto(tmp_path_factory):
    made = aws_world.Moto(tmp_path_factory.mktemp("moto"))
    yield made
    made.stop()


@pytest.fixture(name="moto")
def empty_moto(moto_process):
    moto_process.reset()
    return moto_process


@pytest.fixture(name="proxy")
def one_proxy(moto):
    made = aws_world.FaultProxy(moto.url)
    yield made
    made.stop()


def fleet(moto, regions=("eu-west-1",), **provider):
    return {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
            "spec": {"interval": "200ms", "provider": {"aws": {"regions": list(regions), "endpoint": moto.url, **provider}}}}


def preview(town, what, variables):
    return clouds.preview(town, what, aws_world.NOWHERE | variables)


def watch(town, variables):
    return clouds.Watched(town, aws_world.NOWHERE | variables, "aws")


# ---- What is listed.

def random_population(moto, rng):
    """Instances in two regions, with tags that are no labels among them; some stopped, some terminated."""
    roles, owners = ["web", "db", "web server", "wéb*"], ["a", "b/c"]
    for region in ("eu-west-1", "us-east-2"):
        ids = []
        for _ in range(rng.randrange(4, 9)):
            ids += moto.launch(rng.randrange(1, 4), region, role=rng.choice(roles), owner=rng.choice(owners))
        ec2 = moto.client("ec2", region)
        rng.shuffle(ids)
        ec2.stop_instances(InstanceIds=ids[:3])
        ec2.terminate_instances(InstanceIds=ids[3:5])


def random_filters(rng):
    """Fields of the provider, and the same as boto3's filters."""
    provider, filters = {}, []
    if rng.random() < 0.5:
        role = rng.choice(["web", "db", "web server", "nobody"])
        provider["tags"] = {"role": role}
        filters.append(("tag:role", [role]))
    if rng.random() < 0.5:
        owners = rng.sample(["a", "b/c", "x"], rng.randrange(1, 3))
        provider.setdefault("filters", []).append({"name": "tag:owner", "values": owners})
        filters.append(("tag:owner", owners))
    if rng.random() < 0.5:
        states = rng.sample(["running", "stopped", "terminated"], rng.randrange(1, 3))
        provider.setdefault("filters", []).append({"name": "instance-state-name", "values": states})
        filters.append(("instance-state-name", states))
    return provider, filters


@pytest.mark.parametrize("seed", range(3))
def test_slipway_lists_what_boto3_lists(town, moto, seed):
    rng = random.Random(seed)
    random_population(moto, rng)
    for _ in range(5):
        provider, filters = random_filters(rng)
        regions = rng.choice([["eu-west-1"], ["us-east-2"], ["eu-west-1", "us-east-2"]])
        expected = {name: instance for region in regions for name, instance in moto.describe(region, filters).items()}
        shown = rows(preview(town, fleet(moto, regions, **provider), aws_world.KEYS))
        listed = {name for name, (_, in_fleet) in shown.items() if "not as" not in in_fleet}
        assert listed == set(expected), f"seed {seed}: {provider}"
        for name, instance in expected.items():
            state = instance["State"]["Name"]
            assert shown[name] == {"running": ("running", "yes"), "stopped": ("stopped", "no: spec.stopped is Exclude"),
                                   "terminated": ("terminated", "no: it does not come back")}[state]
        assert set(shown) == {name for region in regions for name in moto.describe(region)} | set(expected)


def test_an_instance_is_a_server_with_its_labels(town, moto):
    name = moto.launch(1, role="web", Name="the web server")[0]
    there = moto.describe()[name]
    watched = watch(town, aws_world.KEYS)
    town.apply(fleet(moto))
    watched.until_servers([name])
    server = watched.servers()[name]
    zone = there["Placement"]["AvailabilityZone"]
    assert server["spec"]["address"] == there["PrivateIpAddress"]
    assert server["spec"]["providerID"] == f"aws:///{zone}/{name}"
    labels = server["metadata"]["labels"]
    assert re.fullmatch(r"the_web_server--[0-9a-f]{10}", labels.pop("tag.slipway.dev/Name"))
    assert labels.pop("instance.slipway.dev/launched") == there["LaunchTime"].strftime("%Y-%m-%dT%H%M%SZ")
    assert labels == {"slipway.dev/fleet": "web", "tag.slipway.dev/role": "web", "topology.kubernetes.io/region": "eu-west-1",
                      "topology.kubernetes.io/zone": zone, "node.kubernetes.io/instance-type": there["InstanceType"],
                      "instance.slipway.dev/image": there["ImageId"]}


def test_servers_come_and_go_with_their_instances(town, moto):
    names = moto.launch(4)
    watched = watch(town, aws_world.KEYS)
    town.apply(fleet(moto))
    watched.until_servers(names)
    ec2 = moto.client("ec2")
    ec2.terminate_instances(InstanceIds=names[:1])
    ec2.stop_instances(InstanceIds=names[1:2])
    watched.until_servers(names[2:])
    ec2.start_instances(InstanceIds=names[1:2])
    watched.until_servers(names[1:])

    def versions():
        # A report of an agent is no news of the list: of servers, what their fleet writes counts.
        return [town.get("fleet", "web")["metadata"]["resourceVersion"],
                *((each["metadata"]["generation"], each["metadata"]["labels"]) for each in town.list("servers"))]

    before, begun = versions(), watched.listings("Complete")
    watched.until("five more listings", lambda: watched.listings("Complete") >= begun + 5)
    assert versions() == before, "no news writes nothing"


def test_an_instance_on_standby_gets_no_new_release(town, moto):
    names = moto.group("web group", 2)
    variables = aws_world.KEYS | {"AWS_ENDPOINT_URL_AUTO_SCALING": moto.url}
    watched = watch(town, variables)
    town.apply(fleet(moto, autoScalingGroup="web group"))
    watched.until_servers(names)
    scaling = moto.client("autoscaling")
    scaling.enter_standby(InstanceIds=names[:1], AutoScalingGroupName="web group", ShouldDecrementDesiredCapacity=True)
    standby = lambda: {name for name, server in watched.servers().items() if server["spec"].get("standby")}  # noqa: E731
    watched.until("one to stand by", lambda: standby() == {names[0]})
    shown = rows(preview(town, fleet(moto, autoScalingGroup="web group"), variables))
    assert shown == {names[0]: ("standby", "yes, and gets no new release"), names[1]: ("running", "yes")}
    scaling.exit_standby(InstanceIds=names[:1], AutoScalingGroupName="web group")
    watched.until("it to be back", lambda: not standby())


# ---- What can go wrong: nobody leaves, it is explained, and the next good listing heals.

FAULTS = {
    "throttle": ("Throttled", "EC2 of eu-west-1 answers RequestLimitExceeded: Request limit exceeded. (request 3f4f1f4e)"),
    "trouble": ("ServiceUnavailable", "EC2 of eu-west-1 answers InternalError: An internal error has occurred. (request 3f4f1f4e)"),
    "reset": ("ServiceUnavailable", "EC2 of eu-west-1: http://127.0.0.1:"),
    "cut body": ("ServiceUnavailable", "EC2 of eu-west-1: http://127.0.0.1:"),
    "slow body": ("Timeout", " gave no whole answer within "),
    "cut text": ("ListInvalid", "cannot be believed: it is no XML"),
    "loop": ("ListInvalid", "its pages go round in a circle"),
    "no text": ("ListInvalid", 'is "10.0.0.?", which is none.'),
    "expired": ("CredentialsRefused", "ExpiredToken: The provided token has expired. (request 3f4f1f4e)"),
    "bad filter": ("InvalidRequest", "InvalidParameterValue: The filter 'instanc-type' is invalid (request 3f4f1f4e)"),
    "denied": ("AccessDenied", "Allow ec2:DescribeInstances."),
    "page of the web": ("ListInvalid", "it is no list of instances"),
    "elsewhere": ("EndpointInvalid", "answers with HTTP status 302, and not as EC2 does"),
}


def test_no_fault_of_the_api_removes_a_server(town, moto, proxy):
    names = moto.launch(12)
    watched = watch(town, aws_world.KEYS)
    what = fleet(moto)
    what["spec"]["provider"]["aws"]["endpoint"] = proxy.url
    town.apply(what)
    watched.until_servers(names)

    def spoil(page, name):
        proxy.fault = (page, name)

    clouds.check_that_no_fault_removes_a_server(watched, names, clouds.pages_of(FAULTS), spoil)


# ---- Credentials.

def test_signatures_are_good_and_a_permission_that_lacks_is_named(town, moto):
    name = moto.launch(1)[0]
    lister, nobody = moto.user("ec2:DescribeInstances"), moto.user()
    moto.judge_signatures()
    assert rows(preview(town, fleet(moto), lister)) == {name: ("running", "yes")}
    assert "Allow ec2:DescribeInstances. The credentials are those of the environment." in preview(town, fleet(moto), nobody)
    wrong = lister | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    said = preview(town, fleet(moto), wrong)
    assert "AWS was not able to validate the provided access credentials" in said and "wrong" not in said.replace("is wrong", "")


def test_the_doctor_tries_each_permission(town, moto):
    moto.launch(1)
    lister, all_of_it = moto.user("ec2:DescribeInstances"), moto.user("ec2:DescribeInstances", "autoscaling:DescribeAutoScalingGroups")
    moto.judge_signatures()
    watched = watch(town, lister)
    town.apply(fleet(moto))
    watched.until_reason("Succeeded")
    environment = ("credentials", "the environment")
    instances, groups = ("ec2:DescribeInstances", "eu-west-1"), ("autoscaling:DescribeAutoScalingGroups", "eu-west-1")
    variables = aws_world.NOWHERE | {"AWS_ENDPOINT_URL": moto.url}
    said, good = clouds.doctor(town, "web", variables | lister)
    assert not good and clouds.checks(said) == [(environment, "ok"), (instances, "ok"), (groups, "AccessDenied")], said
    assert "Allow autoscaling:DescribeAutoScalingGroups." in said and '"Action": ["ec2:DescribeInstances", ' in said
    said, good = clouds.doctor(town, "web", variables | all_of_it)
    assert good and [result for _, result in clouds.checks(said)] == ["ok"] * 3
    assert all_of_it["AWS_SECRET_ACCESS_KEY"] not in said


def test_a_secret_holds_the_keys(town, moto):
    name = moto.launch(1)[0]
    lister = moto.user("ec2:DescribeInstances")
    moto.judge_signatures()
    watched = watch(town, {})
    town.apply(fleet(moto, secretRef={"name": "keys"}))
    assert "The Secret keys that secretRef names does not exist: create it." in watched.until_reason("SecretNotFound")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"},
              "stringData": {"accessKeyID": lister["AWS_ACCESS_KEY_ID"]}}
    town.apply(secret)
    assert "The Secret keys needs accessKeyID and secretAccessKey" in watched.until_reason("SecretInvalid")
    secret["stringData"]["secretAccessKey"] = lister["AWS_SECRET_ACCESS_KEY"]
    town.apply(secret)
    watched.until_servers([name])
    assert rows(preview(town, fleet(moto, secretRef={"name": "keys"}), {})) == {name: ("running", "yes")}
    assert lister["AWS_SECRET_ACCESS_KEY"] not in town.server.log.read_text()


def test_a_role_is_assumed(town, moto):
    name = moto.launch(1)[0]
    variables = aws_world.KEYS | {"AWS_ENDPOINT_URL_STS": moto.url}
    what = fleet(moto, roleARN="arn:aws:iam::123456789012:role/slipway", externalID="ours")
    assert rows(preview(town, what, variables)) == {name: ("running", "yes")}


def given(keys):
    return json.dumps({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
                       "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"], "Token": keys["AWS_SESSION_TOKEN"], "Expiration": "2099-01-01T00:00:00Z"})


def test_each_place_of_credentials_is_looked_at(town, moto):
    """Where AWS's tools find keys, and as strict as the real ones: what moto then sees must be signed with them."""
    name = moto.launch(1)[0]
    keys, session = moto.user("ec2:DescribeInstances"), moto.session("ec2:DescribeInstances")
    moto.judge_signatures()
    found = {name: ("running", "yes")}
    files = town.directory / "aws"
    files.mkdir()
    (files / "credentials").write_text(
        f"[shop]\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n")
    variables = {"AWS_SHARED_CREDENTIALS_FILE": str(files / "credentials")}
    assert rows(preview(town, fleet(moto), variables | {"AWS_PROFILE": "shop"})) == found
    assert "shop2" in preview(town, fleet(moto), variables | {"AWS_PROFILE": "shop2"})
    program = files / "keys"
    program.write_text("#!/bin/sh\ncat <<'END'\n" + json.dumps(
        {"Version": 1, "AccessKeyId": keys["AWS_ACCESS_KEY_ID"], "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"]}) + "\nEND\n")
    program.chmod(0o755)
    (files / "config").write_text(f"[default]\ncredential_process = {program}\n")
    assert rows(preview(town, fleet(moto), {"AWS_CONFIG_FILE": str(files / "config")})) == found

    def container(method, path, headers):
        return (200, given(session)) if (path, headers["authorization"]) == ("/role", "let-me-in") else (403, "who are you?")

    with small_server(container) as url:
        variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/role", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let-me-in"}
        assert rows(preview(town, fleet(moto), variables)) == found

    def metadata(method, path, headers):
        if (method, path) == ("PUT", "/latest/api/token") and headers["x-aws-ec2-metadata-token-ttl-seconds"]:
            return 200, "session"
        if headers["x-aws-ec2-metadata-token"] != "session":
            return 401, ""
        base = "/latest/meta-data/iam/security-credentials/"
        return (200, "slipway-role") if path == base else (200, given(session)) if path == base + "slipway-role" else (404, "")

    with small_server(metadata) as url:
        variables = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
        assert rows(preview(town, fleet(moto), variables)) == found


def test_a_web_identity_becomes_a_role(town, moto):
    name = moto.launch(1)[0]
    token = town.directory / "token"
    token.write_text("ey.the.token")
    variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/slipway",
                 "AWS_ENDPOINT_URL_STS": moto.url}
    assert rows(preview(town, fleet(moto), variables)) == {name: ("running", "yes")}
    token.unlink()
    assert str(token) in preview(town, fleet(moto), variables)


def test_without_credentials_every_place_that_was_tried_is_named(town, moto):
    said = preview(town, fleet(moto), {})
    for place in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", "AWS_EC2_METADATA_DISABLED"):
        assert place in said, said


# ---- Agents.

@contextlib.contextmanager
def instance(moto, name):
    """The metadata service as that instance sees it."""
    document = json.dumps({"instanceId": name, "availabilityZone": moto.describe()[name]["Placement"]["AvailabilityZone"],
                           "accountId": "123456789012", "region": "eu-west-1"})

    def metadata(method, path, headers):
        if (method, path) == ("PUT", "/latest/api/token") and headers["x-aws-ec2-metadata-token-ttl-seconds"]:
            return 200, "session"
        if headers["x-aws-ec2-metadata-token"] != "session":
            return 401, ""
        return (200, document) if path == "/latest/dynamic/instance-identity/document" else (404, "")

    with small_server(metadata) as url:
        yield {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}


def test_an_instance_joins_as_itself_whatever_its_image_holds(town, moto):
    names = moto.launch(3)
    watched = watch(town, aws_world.KEYS)
    town.apply(fleet(moto))
    watched.until_servers(names)
    with contextlib.ExitStack() as stack:
        clouds.check_that_each_joins_as_itself(watched, "aws", "AWS", names,
                                               lambda number: stack.enter_context(instance(moto, names[number])))


# ---- Launch hooks.

@pytest.fixture(name="hook")
def one_hook(moto):
    made = aws_world.LaunchHook(moto.url, "bring-up", "web group")
    yield made
    made.stop()


def joining(watched):
    """The condition Joining of the fleet; empty where there is none."""
    conditions = watched.town.get("fleet", "web").get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == "Joining"), {"reason": "", "message": ""})


def waits(watched):
    return {name for name, server in watched.servers().items() if server["spec"].get("joining")}


def launches(town, result):
    found = re.search(rf'^slipway_launches_total{{provider="aws",result="{result}"}} (\d+)', town.metrics(), re.M)
    return int(found[1]) if found else 0


def start_instance(town, stack, moto, name, address, config):
    variables = stack.enter_context(instance(moto, name))
    town.write_shared(name, "shop", "config.json", config)
    town.start_agent(name, town.addresses[address], ("--identity", "aws"), **variables)
    world.wait_for(f"{name} to join", lambda: town.reachable(name), 60)


def running(town, name):
    """The rollouts that a server has an entry of."""
    return [entry["rollout"] for entry in town.get("server", name)["spec"].get("releases", [])]


def test_an_instance_at_the_launch_hook_is_let_in_with_what_was_promoted(town, moto, hook):
    old, late, bad = moto.group("web group", 3)
    hook.hold(late)
    hook.hold(bad)
    variables = aws_world.KEYS | {"AWS_ENDPOINT_URL_AUTO_SCALING": hook.url}
    watched = watch(town, variables)
    what = fleet(moto, autoScalingGroup="web group", launchHook="bring-up")
    town.apply(what)
    watched.until_servers([old, late, bad])
    watched.until("two to wait", lambda: waits(watched) == {late, bad})
    shown = rows(preview(town, what, variables))
    assert shown == {old: ("running", "yes"), late: ("joining", "yes, once it has what was promoted"),
                     bad: ("joining", "yes, once it has what was promoted")}
    application = APPLICATION.replace("  gate: {servers: {fleets: [integration]}}\n", "").replace("deadline: 20s", "deadline: 6s")
    tree = town.plant_shop(application)
    with contextlib.ExitStack() as stack:
        start_instance(town, stack, moto, old, "web-1", '{"currency": "EUR"}\n')
        first = tree.push("the first release")
        town.wait_for_phase(first, "Succeeded")
        # The second is rolled out for an hour, and nobody who joins meanwhile is a matter of it.
        town.slipway("apply", "-f", "-", stdin=application.replace("{name: canary, upTo: 1}", "{name: canary, upTo: 1, bake: 1h}"))
        tree.write("note", "the second")
        second = tree.push("the second release")
        watched.until("the second to bake", lambda: running(town, old) == ["shop-2"] and town.phase(second) == "Progressing")
        start_instance(town, stack, moto, late, "web-2", '{"currency": "EUR"}\n')
        start_instance(town, stack, moto, bad, "web-3", '{}\n')
        watched.until("the late one to be let in", lambda: hook.completed == [late])
        assert world.ask(town.addresses["web-2"])[1]["revision"] == first, "never an old release, and none that is not promoted"
        watched.until("it to be in service", lambda: waits(watched) == {bad} and running(town, late) == ["shop-1"])
        watched.until("the other to fail", lambda: joining(watched)["reason"] == "ReleaseFailed")
        assert joining(watched)["message"] == f"shop-1 did not succeed on {bad}, so its provider's own time-out decides there."
        begun = watched.listings("Complete")
        watched.until("five more listings", lambda: watched.listings("Complete") >= begun + 5)
        assert (hook.completed, hook.refused, waits(watched)) == ([late], [], {bad})
        assert watched.ready()["reason"] == "Succeeded" and running(town, bad) == ["shop-1"]
        assert launches(town, "Completed") == 1


def test_a_launch_that_cannot_be_completed_is_said_and_tried_again(town, moto, hook):
    name, other = moto.group("web group", 2)
    hook.hold(name)
    watched = watch(town, aws_world.KEYS | {"AWS_ENDPOINT_URL_AUTO_SCALING": hook.url})
    town.apply(fleet(moto, autoScalingGroup="web group", launchHook="another-hook"))
    watched.until("its agent to be waited for", lambda: joining(watched)["message"] == f"Waits for the agents of {name}.")
    with contextlib.ExitStack() as stack:
        start_instance(town, stack, moto, name, "web-1", "{}")
        watched.until("the hook to be refused", lambda: joining(watched)["reason"] == "NotWaiting")
        assert joining(watched)["message"] == (
            f"Cannot let in {name}: Auto Scaling of eu-west-1 answers ValidationError: No active Lifecycle Action found with instance ID "
            f"{name} (request 7a1b). It may be in service by now; if the next list shows that it waits still, it does so at another hook "
            "than another-hook.")
        assert not hook.completed and waits(watched) == {name}
        hook.denies = True
        town.apply(fleet(moto, autoScalingGroup="web group", launchHook="bring-up"))
        watched.until("the permission to be named", lambda: joining(watched)["reason"] == "AccessDenied")
        assert "(request 7a1b). Allow autoscaling:CompleteLifecycleAction." in joining(watched)["message"]
        # The list goes on, and who else comes and goes is followed.
        moto.client("ec2").terminate_instances(InstanceIds=[other])
        watched.until("the other to leave", lambda: other not in watched.servers())
        assert watched.ready()["reason"] == "Succeeded" and name in watched.servers()
        hook.denies = False
        watched.until("it to be let in", lambda: hook.completed == [name])
        watched.until("nobody to wait", lambda: not waits(watched) and not joining(watched)["reason"])
        assert launches(town, "NotWaiting") >= 1 and launches(town, "AccessDenied") >= 1


# ---- Bad input.

@pytest.mark.parametrize("provider, complaint", [
    ({"regions": []}, "spec.provider.aws.regions"),
    ({"regions": ["mars"]}, "(the name of a region, such as eu-west-1)"),
    ({"regions": ["eu-west-1"], "endpoint": "http://ec2.example.org"}, "spec.provider.aws.endpoint"),
    ({"regions": ["eu-west-1"], "externalID": "x"}, "spec.provider.aws.externalID"),
    ({"regions": ["eu-west-1"], "vpc": "vpc"}, "spec.provider.aws.vpc"),
    ({"regions": ["eu-west-1"], "launchHook": "bring up"}, "(the name of a lifecycle hook, of letters, digits, -, _ and /)"),
    ({"regions": ["eu-west-1"], "address": "Home"}, "spec.provider.aws.address"),
])
def test_a_provider_that_cannot_work_is_refused(town, moto, provider, complaint):
    what = fleet(moto)
    what["spec"]["provider"]["aws"] = provider
    assert complaint in preview(town, what, aws_world.KEYS)


def test_a_region_that_cannot_be_reached_is_named(town, moto):
    what = fleet(moto, regions=["eu-nowhere-9"])
    what["spec"]["provider"]["aws"]["endpoint"] = "http://127.0.0.1:1"  # nobody listens there
    said = preview(town, what, aws_world.KEYS)
    assert "Is eu-nowhere-9 a region, and can it be reached?" in said


# ---- The walk-through.

def test_the_how_to_works_as_written(town, moto):
    text = (PROJECT / "docs/how-to/aws.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    moto.launch(2, role="web")
    moto.launch(1, role="db")
    town.server_variables = aws_world.NOWHERE | {"AWS_ENDPOINT_URL": moto.url}
    town.start_server()
    keys = moto.user("ec2:DescribeInstances", "autoscaling:DescribeAutoScalingGroups")
    moto.judge_signatures()
    script = script.replace("slipway get servers", "until slipway get servers -o name | grep -q .; do :; done; slipway get servers")
    environment = town.environment() | aws_world.NOWHERE | {
        "PATH": f"{town.slipway_binary.parent}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": moto.url,
        "KEY_ID": keys["AWS_ACCESS_KEY_ID"], "SECRET_KEY": keys["AWS_SECRET_ACCESS_KEY"]}
    done = subprocess.run(["bash", "-c", script], cwd=town.directory, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 servers would be in fleet web-aws; 1 would not." in done.stdout
    assert len(re.findall(r"^i-[0-9a-f]+ +web-aws ", done.stdout, re.M)) == 2
