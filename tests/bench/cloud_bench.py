#!/usr/bin/python3
"""A list of 2,000 instances: Slipway, beside curl that fetches the same pages, and beside boto3. moto is the API, and needs many
minutes for more.

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

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(PROJECT / "tests" / "e2e"), str(PROJECT / "manifests" / "demo")]

import aws as aws_world  # noqa: E402  (found by the line above)

IN_A_RESERVATION, RESERVATIONS, REGION = 500, 4, "eu-west-1"  # moto's pages hold 1,000 reservations: it is one page
BOTO3 = """
import sys, time, boto3
client = boto3.client("ec2", region_name="eu-west-1", endpoint_url=sys.argv[1], aws_access_key_id="AKID", aws_secret_access_key="s")
begun = time.monotonic()
pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
count = sum(len(each["Instances"]) for page in pages for each in page["Reservations"])
print(time.monotonic() - begun, count)
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


def with_boto3(moto):
    environment = os.environ | {"PYTHONPATH": str(next((aws_world.PEERS / "lib").glob("python3*/site-packages")))}
    said = subprocess.run([sys.executable, "-c", BOTO3, moto.url], env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert int(said[1]) == IN_A_RESERVATION * RESERVATIONS, said
    return float(said[0])


def with_slipway(slipway, moto):
    """Seconds of the whole program."""
    fleet = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
             "spec": {"provider": {"aws": {"regions": [REGION], "endpoint": moto.url}}}}
    environment = aws_world.NOWHERE | aws_world.KEYS | {"PATH": os.environ["PATH"]}
    begun = time.monotonic()
    child = subprocess.Popen([slipway, "fleet", "preview", "-f", "-"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(json.dumps(fleet).encode())
    child.stdin.close()
    table = child.stdout.read().decode()
    status = child.wait()
    seconds = time.monotonic() - begun
    wanted = IN_A_RESERVATION * RESERVATIONS
    assert status == 0 and table.splitlines()[-1].startswith(f"{wanted} servers would be in fleet"), table[-300:]
    return seconds


def main():
    slipway = pathlib.Path(sys.argv[1]) / "slipway"
    with tempfile.TemporaryDirectory() as directory:
        moto = aws_world.Moto(directory)
        try:
            populate(moto)
            transfer, boto3 = with_curl(moto), with_boto3(moto)
            seconds = with_slipway(slipway, moto)
        finally:
            moto.stop()

    def say(name, value, unit, **more):
        print(json.dumps({"name": name, "value": value, "unit": unit, **more}))

    say("list 2,000 instances: curl, the same pages", transfer, "s")
    say("list 2,000 instances: boto3", boto3, "s")
    say("list 2,000 instances: slipway fleet preview", seconds, "s", peer="list 2,000 instances: curl, the same pages",
        goal=1.5 * transfer, better="less")


if __name__ == "__main__":
    main()
