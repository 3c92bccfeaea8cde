"""A fleet that follows a file: what stands in it is what there is, at once, unless it cannot be.

The interval is an hour: whatever follows here was seen by the watch.
"""

import json
import os
import re
import subprocess
import time

import pytest
import yaml
from conftest import PROJECT, WatchedFleet


class ServerList(WatchedFleet):
    """A file that holds what the test says, and the fleet that follows it."""

    def __init__(self, town, path):
        super().__init__(town)
        self.path = path
        self.fleet = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
                      "spec": {"provider": {"static": {"file": str(path)}}, "interval": "1h",
                               "absence": {"confirmations": 2, "maxRemovals": 1}}}

    def allow(self):
        self.town.server_flags = ["--allow-server-list", str(self.path)]
        self.town.start_server()

    def put(self, *servers):
        """Another file takes the place of the old one."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(yaml.safe_dump({"servers": list(servers)}))
        fresh.replace(self.path)

    def begin(self, *servers):
        self.put(*servers)
        self.town.apply(self.fleet)
        self.until_servers([server["name"] for server in servers])

    def often(self):
        """What is missing counts once in an interval."""
        self.fleet["spec"]["interval"] = "500ms"
        self.town.apply(self.fleet)

    def listings(self):
        return sum(float(value) for value in
                   re.findall(r'^slipway_listings_total\{provider="static".*\} (\S+)$', self.town.metrics(), re.M))


@pytest.fixture(name="listed")
def one_server_list(town):
    made = ServerList(town, town.directory / "lists" / "web.yaml")
    made.path.parent.mkdir()
    made.allow()
    return made


WEB_1 = {"name": "web-1", "address": "10.0.0.1", "labels": {"role": "web"}}
WEB_2 = {"name": "web-2", "address": "10.0.0.2"}
WEB_3 = {"name": "web-3"}


def test_servers_come_change_and_go_with_the_file(listed):
    listed.begin(WEB_1)
    server = listed.servers()["web-1"]
    assert server["metadata"]["labels"] == {"role": "web", "slipway.dev/fleet": "web"}
    assert server["spec"]["address"] == "10.0.0.1" and "providerID" not in server["spec"]
    listed.put(WEB_1, WEB_2)
    listed.until_servers(["web-1", "web-2"])
    listed.path.write_text(json.dumps({"servers": [WEB_1 | {"address": "10.0.0.9", "labels": {"role": "db"}}, WEB_2]}))
    listed.until("the new address", lambda: listed.servers()["web-1"]["spec"]["address"] == "10.0.0.9")
    listed.until("the new label", lambda: listed.servers()["web-1"]["metadata"]["labels"]["role"] == "db")
    listed.put(WEB_1)
    listed.until("one listing without it", lambda: "Missing from 1 of 2 listings: web-2" in listed.ready()["message"])
    before = listed.listings()
    listed.put(WEB_1)
    listed.until("another listing", lambda: listed.listings() > before)
    listed.put(WEB_1, WEB_3)
    listed.until_servers(["web-1", "web-2", "web-3"])
    assert "Missing from 1 of 2 listings: web-2" in listed.ready()["message"], "more often in an interval counts once"
    listed.often()
    listed.until_servers(["web-1", "web-3"])


def test_an_agent_joins_under_the_name_that_the_file_gives(listed):
    listed.begin({"name": "web-1", "address": listed.town.addresses["web-1"]})
    listed.town.start_agent("web-1", listed.town.addresses["web-1"])
    listed.until("it to join", lambda: listed.town.reachable("web-1"))


def test_a_file_that_is_broken_or_gone_removes_nobody_and_heals_at_once(listed):
    listed.begin(WEB_1, WEB_2)
    whole = listed.path.read_text()
    for text, said in (("servers:\n- {name: web-1\n", "line 2"),
                       ("", f"{listed.path} is no list of servers: it is empty"),
                       ("servers:\n", "servers must be a list"),
                       ("servers:\n- name: web-1\n  color: red\n", "servers[0].color (web-1): there is no such field"),
                       ("servers: [{name: web-1}, {name: web-1}]", "another server of this fleet has this name"),
                       ("servers: [{name: web-1, labels: {role: a b}}]", "servers[0].labels.role (web-1)"),
                       ("#" * (9 << 20), "has more than 8388608 bytes")):
        listed.path.write_text(text)
        listed.until(f"it to say {said}", lambda said=said: said in listed.ready()["message"])
        ready = listed.ready()
        assert ready["reason"] == "ListInvalid" and ready["status"] == "False"
        assert ready["message"].startswith(f"Listing failed: {listed.path} ")
        assert ready["message"].endswith("The servers that are known stay.")
        assert set(listed.servers()) == {"web-1", "web-2"}
    listed.path.unlink()
    said = listed.until_reason("NotFound")
    assert f"{listed.path} is not there" in said and set(listed.servers()) == {"web-1", "web-2"}
    # After so many failures in a row the next try would come after minutes.
    listed.path.write_text(whole)
    listed.until_reason("Succeeded")
    listed.path.parent.rename(listed.path.parent.with_name("away"))
    listed.until_reason("NotFound")
    listed.path.parent.mkdir()
    listed.put(WEB_1, WEB_2, WEB_3)
    listed.until_servers(["web-1", "web-2", "web-3"])
    assert listed.until_reason("Succeeded") == "3 servers are listed."


def test_an_empty_list_waits_for_a_person(listed):
    listed.begin(WEB_1)
    listed.put()
    listed.until("one listing without it", lambda: "Missing from 1 of 2 listings: web-1" in listed.ready()["message"])
    listed.often()
    said = listed.until_reason("RemovalNeedsConfirmation")
    assert "The fleet would be empty" in said
    assert set(listed.servers()) == {"web-1"}
    listed.town.slipway("fleet", "confirm", "web")
    listed.until_servers([])


def test_a_mounted_config_map_is_followed(town):
    """As a kubelet does it: the data folder is another one, by a link that is renamed over the old one."""
    mount = town.directory / "mount"
    mount.mkdir()
    listed = ServerList(town, mount / "web.yaml")

    def publish(version, *servers):
        folder = mount / f"..{version}"
        folder.mkdir()
        (folder / "web.yaml").write_text(yaml.safe_dump({"servers": list(servers)}))
        before = (mount / "..data").resolve()
        (mount / "..data_tmp").symlink_to(folder.name)
        (mount / "..data_tmp").rename(mount / "..data")
        if before != mount / "..data":
            (before / "web.yaml").unlink()
            before.rmdir()

    publish(1, WEB_1)
    listed.path.symlink_to("..data/web.yaml")
    listed.allow()
    town.apply(listed.fleet)
    listed.until_servers(["web-1"])
    publish(2, WEB_1, WEB_2)
    listed.until_servers(["web-1", "web-2"])
    publish(3, WEB_1, WEB_2, WEB_3)
    listed.until_servers(["web-1", "web-2", "web-3"])


def test_a_burst_is_read_once_a_second_at_most(listed):
    listed.begin(WEB_1)
    before, began = listed.listings(), time.monotonic()
    for number in range(300):
        listed.put(WEB_1, {"name": f"web-{number}x"})
    listed.put(WEB_1, WEB_2)
    listed.until("the last of them", lambda: "web-2" in listed.servers())
    assert listed.listings() - before <= 2 + (time.monotonic() - began)


def test_what_is_seen_before_a_restart_is_seen_after_it(listed):
    listed.begin(WEB_1)
    listed.town.server.kill()
    listed.put(WEB_1, WEB_2)
    listed.town.start_server()
    listed.until_servers(["web-1", "web-2"])
    listed.put(WEB_1, WEB_2, WEB_3)
    listed.until_servers(["web-1", "web-2", "web-3"])


def test_a_file_that_is_not_allowed_is_not_read(listed):
    other = listed.path.with_name("other.yaml")
    other.write_text("servers: [{name: web-1}]")
    listed.fleet["spec"]["provider"]["static"]["file"] = str(other)
    listed.town.apply(listed.fleet)
    said = listed.until_reason("NotAllowed")
    assert f"start it with --allow-server-list '{other}'" in said
    assert not listed.servers()
    # Neither is one that leads to a file that is.
    listed.put(WEB_1)
    other.unlink()
    other.symlink_to(listed.path)
    listed.fleet["spec"]["interval"] = "100ms"
    listed.town.apply(listed.fleet)
    before = listed.listings()
    listed.until("two more listings", lambda: listed.listings() >= before + 2)
    assert listed.ready()["reason"] == "NotAllowed" and not listed.servers()
    refused = subprocess.run([listed.town.slipway_binary, "server", "--allow-server-list", "web.yaml"],
                             capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "must be an absolute path" in refused.stderr


def test_a_folder_that_cannot_be_watched_is_said_and_the_interval_holds(listed):
    """It may be entered and not be read: that is enough for the file, and too little for inotify."""
    town, folder = listed.town, listed.path.parent
    town.server.kill()
    folder.chmod(0o300)
    if os.geteuid() == 0:  # who may do everything may not, here
        wrapper = town.directory / "slipway-without-capabilities"
        wrapper.write_text(f'#!/bin/sh\nexec setpriv --bounding-set=-all --inh-caps=-all {town.slipway_binary} "$@"\n')
        wrapper.chmod(0o755)
        town.slipway_binary, binary = wrapper, town.slipway_binary
        town.start_server()
        town.slipway_binary = binary
    else:
        town.start_server()
    assert f"{folder} cannot be watched: Permission denied; changes of a list there are seen after the interval" \
        in town.server.log.read_text()
    listed.fleet["spec"]["interval"] = "200ms"
    listed.begin(WEB_1)
    listed.put(WEB_1, WEB_2)
    listed.until_servers(["web-1", "web-2"])
    folder.chmod(0o700)


def test_preview_reads_the_file_of_the_one_who_types(listed):
    mine = listed.town.directory / "mine.yaml"
    mine.write_text("servers: [{name: web-1, address: 10.0.0.1, labels: {role: web}}, {name: web-2}]")
    listed.fleet["spec"]["provider"]["static"]["file"] = str(mine)
    shown = listed.town.slipway("fleet", "preview", "-f", "-", stdin=json.dumps(listed.fleet))
    assert shown.splitlines() == [
        "NAME    ADDRESS    STATE     IN FLEET   LABELS",
        "web-1   10.0.0.1   running   yes        role=web",
        "web-2   <none>     running   yes        <none>",
        "2 servers would be in fleet web."]
    mine.write_text("servers: [{name: web-1}, {name: web-1}]")
    failed = subprocess.run([listed.town.slipway_binary, "fleet", "preview", "-f", "-"], input=json.dumps(listed.fleet),
                            env=listed.town.environment(), capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and f"{mine} is no list of servers: servers[1] (web-1)" in failed.stderr
    listed.fleet["spec"]["provider"]["static"]["servers"] = []
    failed = subprocess.run([listed.town.slipway_binary, "fleet", "preview", "-f", "-"], input=json.dumps(listed.fleet),
                            env=listed.town.environment(), capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and "must have exactly one of servers and file" in failed.stderr


def test_the_how_to_works_as_written(town):
    text = (PROJECT / "docs/how-to/server-list.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    town.server_flags = ["--allow-server-list", str(town.directory / "servers.yaml")]
    town.start_server()
    # What follows a change comes after the command: look until it is there.
    for server in ("web-2", "web-3"):
        script = script.replace(f"slipway get server {server}",
                                f"until slipway get server {server} >table 2>&1; do :; done; slipway get server {server}")
    environment = town.environment() | {"PATH": f"{town.slipway_binary.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=town.directory, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 servers would be in fleet web." in done.stdout
    assert re.search(r"^web-2 +web +10\.0\.0\.2 ", done.stdout, re.M)
    assert re.search(r"^web-3 +web +10\.0\.0\.3 ", done.stdout, re.M)
