"""AWS on this machine: moto as the API, boto3 as the second opinion, and a proxy between Slipway and moto that spoils answers."""

import http.client
import http.server
import json
import os
import pathlib
import re
import socket
import struct
import sys
import threading
import urllib.parse
import urllib.request

import world as demo_world

if not os.environ.get("SLIPWAY_PEERS"):
    raise RuntimeError("SLIPWAY_PEERS is not set: run this test as `./dev test cloud`, which installs what it needs")
PEERS = pathlib.Path(os.environ["SLIPWAY_PEERS"])
sys.path.insert(0, str(next((PEERS / "lib").glob("python3*/site-packages"))))

import boto3  # noqa: E402  (found by the line above)
from fake_api import hold  # noqa: E402

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test"}
IMAGE = "ami-12c6146b"
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_REGION", "AWS_DEFAULT_REGION", "http_proxy",
         "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")
NOWHERE = dict.fromkeys(UNSET, "") | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


class Moto:
    """EC2, IAM and STS. Nobody's signature is looked at until `judge_signatures`."""

    def __init__(self, directory):
        log = pathlib.Path(directory) / "moto.log"
        self.process = demo_world.Process("moto", [PEERS / "bin" / "moto_server", "-H", "127.0.0.1", "-p", "0"], log,
                                          env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "1000000000"})

        def listening():
            if not self.process.running():
                raise demo_world.WorldError(f"moto has ended:\n{self.process.tail()}")
            return re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())

        try:
            self.url = demo_world.wait_for("moto to listen", listening, 60)[1]
        except demo_world.WorldError:
            self.stop()
            raise

    def client(self, service, region="eu-west-1", keys=None):
        keys = keys or KEYS
        return boto3.client(service, region_name=region, endpoint_url=self.url, aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"])

    def launch(self, count, region="eu-west-1", **tags):
        """Ids of new instances, each in a reservation of its own: moto's pages hold whole reservations."""
        return [self.launch_one(region, tags) for _ in range(count)]

    def launch_one(self, region, tags):
        specification = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
        made = self.client("ec2", region).run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1,
                                                        **({"TagSpecifications": specification} if tags else {}))
        return made["Instances"][0]["InstanceId"]

    def group(self, name, count):
        """Ids of the instances of a new Auto Scaling group."""
        subnet = self.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        scaling = self.client("autoscaling")
        scaling.create_launch_configuration(LaunchConfigurationName=name, ImageId=IMAGE, InstanceType="t3.micro")
        scaling.create_auto_scaling_group(AutoScalingGroupName=name, LaunchConfigurationName=name, MinSize=0, MaxSize=count,
                                          DesiredCapacity=count, VPCZoneIdentifier=subnet)
        made = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        return [instance["InstanceId"] for instance in made["Instances"]]

    def describe(self, region="eu-west-1", filters=()):
        """Instances by id, as boto3 lists them."""
        pages = self.client("ec2", region).get_paginator("describe_instances").paginate(
            Filters=[{"Name": name, "Values": values} for name, values in filters])
        return {instance["InstanceId"]: instance for page in pages for reservation in page["Reservations"]
                for instance in reservation["Instances"]}

    def post(self, path, text):
        request = urllib.request.Request(self.url + path, data=text.encode(), method="POST", headers={"content-type": "text/plain"})
        urllib.request.urlopen(request, timeout=30).close()

    def reset(self):
        """Nothing is left, and nobody's signature is looked at."""
        self.post("/moto-api/reset-auth", "1000000000")
        self.post("/moto-api/reset", "")

    def judge_signatures(self):
        """From now on, each request must be signed by a user who may do it."""
        self.post("/moto-api/reset-auth", "0")

    def user(self, *actions):
        """Keys of a new user who may do that, as variables."""
        iam = self.client("iam")
        name = f"user-{len(iam.list_users()['Users'])}"
        iam.create_user(UserName=name)
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        if actions:
            iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def session(self, *actions):
        """Keys with a token, of a role that may do that, as variables."""
        iam = self.client("iam")
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        role = iam.create_role(RoleName="slipway", AssumeRolePolicyDocument="{}")["Role"]
        iam.put_role_policy(RoleName="slipway", PolicyName="policy", PolicyDocument=json.dumps(policy))
        given = self.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
        return {"AWS_ACCESS_KEY_ID": given["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"]}

    def stop(self):
        self.process.stop()


class Proxy:
    """Between Slipway and moto; `answer` says what Slipway hears."""

    def __init__(self, upstream):
        self.upstream = urllib.parse.urlsplit(upstream)
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def forward(self, handler, body):
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        headers = {"content-type": handler.headers["content-type"], "authorization": handler.headers["authorization"]}
        connection.request("POST", "/", body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def answer(self, handler):
        raise NotImplementedError


class FaultProxy(Proxy):
    """Gives pages of five, and spoils the answers that `fault` names: (page, what), counted from 1."""

    PAGE = 5

    def __init__(self, upstream):
        self.fault, self.pages, self.seen = None, {}, 0
        super().__init__(upstream)

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        token = form.pop("NextToken", "")
        asked = token.rstrip("+")
        page = self.pages.get(asked, 1)
        self.seen += 1
        what = self.fault[1] if self.fault and self.fault[0] == page else None
        if what in REFUSALS:
            return send(handler, *REFUSALS[what])
        if what == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return None
        form |= {"MaxResults": str(self.PAGE)} | ({"NextToken": asked} if asked else {})
        status, text = self.forward(handler, urllib.parse.urlencode(form))
        following = re.search(r"<nextToken>([^<]*)</nextToken>", text)
        if following:
            self.pages[following[1]] = page + 1
        if what == "loop":
            text = re.sub(r"<nextToken>[^<]*</nextToken>", f"<nextToken>{token}</nextToken>", text)
        elif what == "cut text":
            text = text[:len(text) // 2]
        elif what == "no text":  # one byte that is no UTF-8
            text = re.sub(r"<privateIpAddress>[^<]*</privateIpAddress>", "<privateIpAddress>10.0.0.\udcff</privateIpAddress>", text)
        elif what == "empty page":
            if token == asked:  # All that it holds comes a page later.
                text = re.sub(r"<nextToken>[^<]*</nextToken>", "", text)
                text = re.sub(r"<reservationSet>.*</reservationSet>", f"<reservationSet/><nextToken>{token}+</nextToken>", text,
                              flags=re.S)
        send(handler, status, text, promised=len(text.encode()) + 100 if what in ("cut body", "slow body") else None)
        if what == "slow body":
            hold(handler)


class LaunchHook(Proxy):
    """A launch lifecycle hook, which moto has only in name: instances wait at it until their action is completed. As strict as AWS: who
    names another hook, group, token or instance is refused, and so is who completes twice."""

    def __init__(self, upstream, name, group):
        self.name, self.group = name, group
        self.waiting, self.completed, self.refused, self.denies = {}, [], [], False
        super().__init__(upstream)

    def hold(self, instance):
        """It has been launched, and waits. Its group hands out a token for it, which Slipway is not told."""
        self.waiting[instance] = f"token-of-{instance}"

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        if form["Action"] == "CompleteLifecycleAction":
            return send(handler, *self.complete(form))
        status, text = self.forward(handler, body)
        if form["Action"] == "DescribeAutoScalingGroups":
            text = re.sub(r"<member>(?:(?!</?member>).)*</member>", self.as_it_waits, text, flags=re.S)
        return send(handler, status, text)

    def as_it_waits(self, member):
        instance = re.search(r"<InstanceId>([^<]*)</InstanceId>", member[0])
        if not instance or instance[1] not in self.waiting:
            return member[0]
        text, count = re.subn("<LifecycleState>InService</LifecycleState>", "<LifecycleState>Pending:Wait</LifecycleState>", member[0])
        assert count == 1, member[0]
        return text

    def complete(self, form):
        instance = form.get("InstanceId", "")
        if self.denies:
            return 403, scaling_refusal("AccessDenied", "User: arn:aws:iam::123456789012:user/slipway is not authorized to perform: "
                                        "autoscaling:CompleteLifecycleAction")
        known = (form.get("LifecycleHookName"), form.get("AutoScalingGroupName")) == (self.name, self.group)
        right_token = form.get("LifecycleActionToken", self.waiting.get(instance)) == self.waiting.get(instance)
        if not known or not right_token or instance not in self.waiting:
            self.refused.append(form)
            return 400, scaling_refusal("ValidationError", f"No active Lifecycle Action found with instance ID {instance}")
        if form.get("LifecycleActionResult") != "CONTINUE":
            self.refused.append(form)
            return 400, scaling_refusal("ValidationError", "Lifecycle action result must be CONTINUE or ABANDON")
        del self.waiting[instance]
        self.completed.append(instance)
        return 200, ('<CompleteLifecycleActionResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">'
                     "<CompleteLifecycleActionResult/><ResponseMetadata><RequestId>7a1b</RequestId></ResponseMetadata>"
                     "</CompleteLifecycleActionResponse>")


def scaling_refusal(code, message):
    return ('<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>7a1b</RequestId></ErrorResponse>")


def refusal(code, message):
    return (f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            "<RequestID>3f4f1f4e</RequestID></Response>")


REFUSALS = {
    "throttle": (503, refusal("RequestLimitExceeded", "Request limit exceeded.")),
    "trouble": (500, refusal("InternalError", "An internal error has occurred.")),
    "expired": (400, refusal("ExpiredToken", "The provided token has expired.")),
    "bad filter": (400, refusal("InvalidParameterValue", "The filter 'instanc-type' is invalid")),
    "denied": (403, refusal("UnauthorizedOperation", "You are not authorized to perform this operation.")),
    "page of the web": (200, "<html><body>Please log in</body></html>"),
    "elsewhere": (302, "<html/>"),
}


def send(handler, status, text, promised=None):
    data = text.encode(errors="surrogateescape")
    handler.send_response(status)
    handler.send_header("content-type", "text/xml")
    handler.send_header("content-length", str(promised or len(data)))
    if status == 302:
        handler.send_header("location", "http://127.0.0.1:9/")
    if promised:
        handler.send_header("connection", "close")
        handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(data)
