#!/usr/bin/python3
"""Lists of 2,000 instances of EC2 and 10,000 of Compute Engine: Slipway, beside curl that fetches the same pages, and beside the
provider's own SDK. moto is EC2, and needs many minutes for more; a fake is Compute Engine.

Usage: cloud_bench.py BINARIES; prints JSON lines as the other benchmarks do.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(PROJECT / "tests" / "e2e"), str(PROJECT / "manifests" / "demo")]

import aws as aws_world  # noqa: E402  (found by the line above)
import gcp as gcp_world  # noqa: E402

IN_A_RESERVATION, RESERVATIONS, REGION = 500, 4, "eu-west-1"  # moto's pages hold 1,000 reservations: it is one page
BOTO3 = """
import sys, time, boto3
client = boto3.client("ec2", region_name="eu-west-1", endpoint_url=sys.argv[1], aws_access_key_id="AKID", aws_secret_access_key="s")
begun = time.monotonic()
pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
count = sum(len(each["Instances"]) for page in pages for each in page["Reservations"])
print(time.monotonic() - begun, count)
"""


GOOGLE = """
import sys, time
from google.cloud import compute_v1
from google.cloud.compute_v1.services.instances.transports import InstancesRestTransport
from google.oauth2 import service_account
credentials = service_account.Credentials.from_service_account_file(sys.argv[2], scopes=["%s"])
client = compute_v1.InstancesClient(transport=InstancesRestTransport(host=sys.argv[1], url_scheme="http", credentials=credentials))
begun = time.monotonic()
request = compute_v1.AggregatedListInstancesRequest(project="shop-prod", max_results=500)
count = sum(len(scope.instances) for _, scope in client.aggregated_list(request=request))
print(time.monotonic() - begun, count)
""" % gcp_world.READ
OF_GOOGLE = 10_000
# The kernel counts for a process what the one that starts it had at most, and this one holds a fake cloud and an SDK.
MEASURED = """
import os, subprocess, sys, time
begun = time.monotonic()
child = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(child.pid, 0)
print(time.monotonic() - begun, used.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def populate(moto):
    client = moto.client("ec2", REGION)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": f"key-{i}", "Value": f"value-{i}"} for i in range(8)]}]

    for _ in range(RESERVATIONS):
        client.run_instances(ImageId=aws_world.IMAGE, MinCount=IN_A_RESERVATION, MaxCount=IN_A_RESERVATION, TagSpecifications=tags)


def with_curl(moto):
    """Seconds for all pages, one after the other."""
    token, seconds = "", 0.0
    while True:
        body = "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000" + (f"&NextToken={token}" if token else "")
        signed = f"authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=x"
        begun = time.monotonic()
        page = subprocess.run(["curl", "-sS", "-H", signed, "-d", body, moto.url + "/"], check=True, capture_output=True).stdout
        seconds += time.monotonic() - begun
        following = re.search(rb"<nextToken>([^<]+)</nextToken>", page)
        if not following:
            return seconds
        token = following[1].decode()


def with_sdk(script, wanted, *arguments):
    """Seconds of the list alone."""
    environment = os.environ | {"PYTHONPATH": str(next((aws_world.PEERS / "lib").glob("python3*/site-packages")))}
    said = subprocess.run([sys.executable, "-c", script, *arguments], env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert int(said[1]) == wanted, said
    return float(said[0])


def with_slipway(programs, provider, variables, wanted):
    """Seconds of the list alone, over what an earlier one has opened, as the control plane asks again and again; and the bytes of memory that
    lists took at most."""
    done = subprocess.run([programs / "cloud_list", "4"], input=json.dumps(provider), env=variables | {"PATH": os.environ["PATH"]}, check=True,
                          stdout=subprocess.PIPE, text=True)
    said = json.loads(done.stdout)
    assert said["servers"] == wanted, said
    return said["later"], said["memory"]


def with_preview(programs, provider, variables, wanted):
    """Seconds of the whole `slipway fleet preview`, table and all, and the most memory that it had, in bytes."""
    fleet = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"}, "spec": {"provider": provider}}
    command = [programs / "slipway", "fleet", "preview", "-f", "-"]
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], input=json.dumps(fleet), check=True, capture_output=True, text=True,
                          env=variables | {"PATH": os.environ["PATH"]})
    assert done.stdout.splitlines()[-1].startswith(f"{wanted} server"), done.stdout[-300:]
    seconds, used = done.stderr.split()[-2:]
    return float(seconds), int(used) * 1024


def say(name, value, unit, **more):
    print(json.dumps({"name": name, "value": value, "unit": unit, **more}))


def report(what, transfer, sdk, name_of_sdk, listed, preview):
    curl, theirs, ours = f"list {what}: curl, the same pages", f"list {what}: {name_of_sdk}", f"list {what}: Slipway"
    say(curl, transfer, "s")
    say(theirs, sdk, "s", peer=curl)
    say(ours, listed, "s", peer=curl, goal=1.5 * transfer, better="less")
    say(f"{ours}, beside the SDK", listed, "s", peer=theirs, goal=0.5 * sdk, better="less")
    say(f"list {what}: slipway fleet preview, from its start to its end", preview, "s", peer=curl)


def of_aws(programs):
    with tempfile.TemporaryDirectory() as directory:
        moto = aws_world.Moto(directory)
        try:
            populate(moto)
            wanted = IN_A_RESERVATION * RESERVATIONS
            provider = {"aws": {"regions": [REGION], "endpoint": moto.url}}
            variables = aws_world.NOWHERE | aws_world.KEYS
            report("2,000 of EC2", with_curl(moto), with_sdk(BOTO3, wanted, moto.url), "boto3",
                   with_slipway(programs, provider, variables, wanted)[0], with_preview(programs, provider, variables, wanted)[0])
        finally:
            moto.stop()


def pages_with_curl(google):
    """Seconds for all pages over one connection. Where they are was found out before."""
    query = f"{google.url}/compute/v1/projects/{gcp_world.PROJECT}/aggregated/instances?maxResults=500"
    token = google.token(gcp_world.READ)
    headers, urls, following = ["-H", f"authorization: Bearer {token}"], [], ""
    while True:
        urls.append(query + (f"&pageToken={urllib.parse.quote(following)}" if following else ""))
        page = json.loads(subprocess.run(["curl", "-sS", *headers, urls[-1]], check=True, capture_output=True).stdout)
        following = page.get("nextPageToken")
        if not following:
            break
    listed = "\n".join(f'url = "{url}"\noutput = "/dev/null"' for url in urls)
    begun = time.monotonic()
    subprocess.run(["curl", "-sS", *headers, "-K", "-"], input=listed.encode(), check=True)
    return time.monotonic() - begun


def of_google(programs):
    google = gcp_world.FakeGoogle(page=500)
    with tempfile.TemporaryDirectory() as directory:
        try:
            key = pathlib.Path(directory) / "key.json"
            key.write_text(json.dumps(google.key_file()))
            variables = google.variables() | {"GOOGLE_APPLICATION_CREDENTIALS": str(key)}
            provider = {"gcp": {"project": gcp_world.PROJECT}}
            labels = {f"key-{number}": f"value-{number}" for number in range(8)}
            google.launch(**labels)
            _, least = with_preview(programs, provider, variables, 1)
            for number in range(OF_GOOGLE - 1):
                google.launch(gcp_world.ZONES[number % 3], **labels)
            transfer = pages_with_curl(google)
            sdk = with_sdk(GOOGLE, OF_GOOGLE, google.host, str(key))
            listed, memory = with_slipway(programs, provider, variables, OF_GOOGLE)
            seconds, most = with_preview(programs, provider, variables, OF_GOOGLE)
        finally:
            google.stop()
    report("10,000 of Compute Engine", transfer, sdk, "google-cloud-compute", listed, seconds)
    say("list 10,000 of Compute Engine: memory", memory / 2**20, "MiB", goal=40, better="less")
    say("list 10,000 of Compute Engine: slipway fleet preview, memory above that for one", (most - least) / 2**20, "MiB")


def main():
    programs = pathlib.Path(sys.argv[1])
    of_google(programs)
    of_aws(programs)


if __name__ == "__main__":
    main()
