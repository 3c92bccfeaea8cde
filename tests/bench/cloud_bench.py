#!/usr/bin/python3
"""Lists of 10,000 instances of EC2 and of Compute Engine: Slipway, beside curl that fetches the same pages, and beside the provider's own
SDK. A fake is Compute Engine. moto is EC2 where curl is the peer; for 10,000 it would need a minute, whoever asks, so its page is there
repeated for the SDK and us.

Usage: cloud_bench.py BINARIES; prints JSON lines as the other benchmarks do.
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(PROJECT / "tests" / "e2e"), str(PROJECT / "manifests" / "demo")]

import aws as aws_world  # noqa: E402  (found by the line above)
import gcp as gcp_world  # noqa: E402

ON_A_PAGE, OF_AMAZON, REGION = 1000, 10_000, "eu-west-1"  # EC2 has at most 1,000 on a page
LATER = 3  # how often what is quick is measured
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
    tags = [{"ResourceType": "instance", "Tags": [{"Key": f"key-{i}", "Value": f"value-{i}"} for i in range(8)]}]
    moto.client("ec2", REGION).run_instances(ImageId=aws_world.IMAGE, MinCount=ON_A_PAGE, MaxCount=ON_A_PAGE, TagSpecifications=tags)


def page_of(moto):
    """All that it lists, and the seconds that curl needs for it."""
    signed = f"authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=x"
    argv = ["curl", "-sS", "-H", signed, "-d", "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000", moto.url + "/"]
    begun = time.monotonic()
    page = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return page, time.monotonic() - begun


def pages_like(page):
    """So many pages that there are OF_AMAZON instances, with ids of their own."""
    count = OF_AMAZON // ON_A_PAGE
    for number in range(count):
        own = re.sub(r"\b(i|eni|eni-attach|vol|r)-[0-9a-f]{2}([0-9a-f]{6,})", rf"\g<1>-{number:02x}\g<2>", page)
        token = f"<nextToken>page-{number + 1}</nextToken>" if number + 1 < count else ""
        yield own.replace("</DescribeInstancesResponse>", token + "</DescribeInstancesResponse>").encode()


class Amazon:
    """An EC2 that knows one list, and gives it to everybody page by page."""

    def __init__(self, page):
        pages = list(pages_like(page))

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # the name is http.server's
                asked = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                assert asked["Action"] == ["DescribeInstances"], asked
                page = pages[int(asked.get("NextToken", ["page-0"])[0].removeprefix("page-"))]
                self.send_response(200)
                self.send_header("content-type", "text/xml;charset=UTF-8")
                self.send_header("content-length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def with_sdk(script, wanted, *arguments):
    """Seconds of the list alone."""
    environment = os.environ | {"PYTHONPATH": str(next((aws_world.PEERS / "lib").glob("python3*/site-packages")))}
    said = subprocess.run([sys.executable, "-c", script, *arguments], env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert int(said[1]) == wanted, said
    return float(said[0])


def with_slipway(programs, provider, variables, wanted):
    """Seconds of the list alone, over what an earlier one has opened, as the control plane asks again and again, the quickest of LATER times;
    and the bytes of memory that lists took at most."""
    done = subprocess.run([programs / "cloud_list", str(1 + LATER)], input=json.dumps(provider), env=variables | {"PATH": os.environ["PATH"]}, check=True,
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


def against_curl(what, transfer, listed):
    curl = f"list {what}: curl, the same pages"
    say(curl, transfer, "s")
    say(f"list {what}: Slipway", listed, "s", peer=curl, goal=1.5 * transfer, better="less")


def against_sdk(what, sdk, name_of_sdk, listed, preview, memory):
    theirs = f"list {what}: {name_of_sdk}"
    say(theirs, sdk, "s")
    say(f"list {what}: Slipway, beside the SDK", listed, "s", peer=theirs, goal=0.5 * sdk, better="less")
    say(f"list {what}: slipway fleet preview, from its start to its end", preview, "s", peer=theirs)
    say(f"list {what}: memory", memory / 2**20, "MiB", goal=40, better="less")


def of_aws(programs):
    variables = aws_world.NOWHERE | aws_world.KEYS

    def provider(of):
        return {"aws": {"regions": [REGION], "endpoint": of.url}}

    with tempfile.TemporaryDirectory() as directory:
        moto = aws_world.Moto(directory)
        try:
            populate(moto)
            page, transfer = page_of(moto)
            listed, _ = with_slipway(programs, provider(moto), variables, ON_A_PAGE)
        finally:
            moto.stop()
    against_curl("1,000 of EC2", transfer, listed)
    amazon = Amazon(page)
    try:
        sdk = with_sdk(BOTO3, OF_AMAZON, amazon.url)
        listed, memory = with_slipway(programs, provider(amazon), variables, OF_AMAZON)
        preview, _ = with_preview(programs, provider(amazon), variables, OF_AMAZON)
    finally:
        amazon.stop()
    against_sdk("10,000 of EC2", sdk, "boto3", listed, preview, memory)


def pages_with_curl(google):
    """Seconds for all pages over one connection, the quickest of LATER times. Where they are was found out before."""
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
    seconds = []
    for _ in range(LATER):
        begun = time.monotonic()
        subprocess.run(["curl", "-sS", *headers, "-K", "-"], input=listed.encode(), check=True)
        seconds.append(time.monotonic() - begun)
    return min(seconds)


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
    against_curl("10,000 of Compute Engine", transfer, listed)
    against_sdk("10,000 of Compute Engine", sdk, "google-cloud-compute", listed, seconds, memory)
    say("list 10,000 of Compute Engine: slipway fleet preview, memory above that for one", (most - least) / 2**20, "MiB")


def main():
    programs = pathlib.Path(sys.argv[1])
    of_google(programs)
    of_aws(programs)


if __name__ == "__main__":
    main()
