"""A fleet whose servers a program lists: what it prints is what there is, unless it cannot be."""

import json
import os
import re
import subprocess

import clouds
import pytest
from conftest import APPLICATION, PROJECT, WatchedFleet, demo_world


class Inventory(WatchedFleet):
    """A program that prints what the test says, and the fleet that asks it."""

    def __init__(self, town):
        super().__init__(town)
        self.file = town.directory / "servers.json"
        self.program = town.directory / "inventory"
        self.program.write_text(f"#!/bin/sh\nexec cat {self.file}\n")
        self.program.chmod(0o755)
        self.fleet = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "web"},
                      "spec": {"provider": {"exec": {"run": str(self.program)}}, "interval": "200ms"}}

    def print(self, *servers):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"servers": list(servers)}))
        fresh.replace(self.file)


@pytest.fixture
def inventory(town):
    made = Inventory(town)
    town.server_flags = ["--allow-inventory", str(made.program)]
    town.start_server()
    return made


def test_servers_come_and_go_as_the_program_says(inventory):
    inventory.print({"name": "web-1", "address": "127.0.0.1", "labels": {"role": "web"}}, {"name": "web-2"},
                    {"name": "web-3", "state": "stopped"})
    inventory.town.apply(inventory.fleet)
    inventory.until("two servers", lambda: set(inventory.servers()) == {"web-1", "web-2"})
    web_1 = inventory.servers()["web-1"]
    assert web_1["metadata"]["labels"] == {"role": "web", "slipway.dev/fleet": "web"}
    assert web_1["spec"]["address"] == "127.0.0.1"
    assert web_1["spec"]["providerID"] == "exec://web-1"
    inventory.print({"name": "web-1", "address": "127.0.0.1"}, {"name": "web-2", "state": "terminated"}, {"name": "web-3"})
    inventory.until("the terminated one to leave", lambda: set(inventory.servers()) == {"web-1", "web-3"})


def test_a_program_that_fails_or_prints_nonsense_removes_nobody(inventory):
    inventory.print({"name": "web-1"}, {"name": "web-2"})
    inventory.town.apply(inventory.fleet)
    inventory.until("two servers", lambda: len(inventory.servers()) == 2)
    inventory.file.write_text('{"servers": [{"name": "web-1"}')
    said = inventory.until_reason("ListInvalid")
    assert "Listing failed: " in said and "The servers that are known stay." in said
    inventory.file.unlink()
    said = inventory.until_reason("ListFailed")
    assert "ended with exit code 1; what it wrote to its standard error is in the log" in said
    inventory.until("the log to hold it", lambda: f"cat: {inventory.file}: No such file" in inventory.town.server.log.read_text())
    assert set(inventory.servers()) == {"web-1", "web-2"}
    inventory.print({"name": "web-1"}, {"name": "web-2"}, {"name": "web-3"})
    inventory.until("the next good listing to heal it", lambda: len(inventory.servers()) == 3)
    assert inventory.ready()["reason"] == "Succeeded"


def test_an_empty_list_removes_nobody_until_a_person_says_so(inventory):
    inventory.print({"name": "web-1"}, {"name": "web-2"})
    inventory.town.apply(inventory.fleet)
    inventory.until("two servers", lambda: len(inventory.servers()) == 2)
    nothing = subprocess.run([inventory.town.slipway_binary, "fleet", "confirm", "web"], env=inventory.town.environment(),
                             capture_output=True, text=True)
    assert nothing.returncode == 1
    assert "no servers of fleet web wait to be confirmed as gone" in nothing.stderr
    inventory.print()
    said = inventory.until_reason("RemovalNeedsConfirmation")
    assert "slipway fleet confirm web" in said
    # A restart forgets nothing of it, and lets nobody go.
    inventory.town.server.kill()
    inventory.town.start_server()
    inventory.until_reason("RemovalNeedsConfirmation")
    assert set(inventory.servers()) == {"web-1", "web-2"}
    assert inventory.town.slipway("fleet", "confirm", "web").splitlines() == [
        "servers/web-1 confirmed as gone", "servers/web-2 confirmed as gone"]
    inventory.until("them to leave", lambda: not inventory.servers())
    assert inventory.until_reason("Succeeded") == "0 servers are listed."


def test_one_missing_server_leaves_after_three_listings(inventory):
    inventory.print({"name": "web-1"}, {"name": "web-2"})
    inventory.town.apply(inventory.fleet)
    inventory.until("two servers", lambda: len(inventory.servers()) == 2)
    inventory.print({"name": "web-2"})
    inventory.until("it to leave", lambda: set(inventory.servers()) == {"web-2"})
    fleet = inventory.town.get("fleet", "web")
    assert "absence" not in fleet["status"]
    version = fleet["metadata"]["resourceVersion"]
    listings = inventory.town.directory / "listings"
    inventory.program.write_text(f"#!/bin/sh\necho >>{listings}\nexec cat {inventory.file}\n")
    inventory.until("five more listings", lambda: listings.exists() and len(listings.read_text()) >= 5)
    assert inventory.town.get("fleet", "web")["metadata"]["resourceVersion"] == version, "no news writes nothing"


def test_waves_and_budgets_count_over_all_fleets_of_an_application(inventory):
    """Two machines that stand in a Fleet, and one that a program lists."""
    town = inventory.town
    inventory.print({"name": "web-3", "address": town.addresses["web-3"]})
    inventory.fleet["metadata"]["name"] = "metal"
    application = APPLICATION.replace("servers: {fleets: [web]}", "servers: {fleets: [web, metal]}")
    assert application != APPLICATION
    town.populate(application, [town.fleet("web", ["web-1", "web-2"]), inventory.fleet])
    first = town.tree.push("First")
    town.wait_for_phase(first, "Succeeded")
    town.tree.replace("shop.py", "Hello, {name}!", "Welcome, {name}!")
    town.tree.replace("test_shop.py", "Hello, Ada!", "Welcome, Ada!")
    second = town.tree.push("Second")
    down = []

    def everybody_serves_it():
        serving = town.serving()
        down.append([name for name, revision in serving.items() if revision is None])
        return set(serving.values()) == {second}

    demo_world.wait_for("all three to serve it", everybody_serves_it, 120)
    town.wait_for_phase(second, "Succeeded")
    assert max(len(names) for names in down) <= 1, "maxUnavailable is that of the application"
    rollouts = {rollout["metadata"]["name"]: rollout["status"] for rollout in town.list("rollouts")}
    assert [status["servers"]["total"] for status in rollouts.values()] == [3, 3]
    assert rollouts["shop-2"]["wave"] == 2, "one canary of all three, then the rest: not a canary of each"


def test_a_program_that_is_not_allowed_is_not_run(inventory):
    inventory.print({"name": "web-1"})
    inventory.fleet["spec"]["provider"]["exec"]["run"] = f"{inventory.program} --all"
    inventory.town.apply(inventory.fleet)
    said = inventory.until_reason("NotAllowed")
    assert f"--allow-inventory '{inventory.program} --all'" in said
    assert not inventory.servers()


def test_the_doctor_runs_nothing_that_a_fleet_names(inventory):
    """Whoever wrote the Fleet is not the person who examines it."""
    mark = inventory.program.parent / "ran"
    trap = inventory.program.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\necho '[]'\n")
    trap.chmod(0o755)
    inventory.fleet["spec"]["provider"]["exec"]["run"] = str(trap)
    inventory.town.apply(inventory.fleet)
    inventory.until_reason("NotAllowed")
    said, good = clouds.doctor(inventory.town, "web", {})
    assert not good and not mark.exists()
    assert "NotAllowed" in said and "Its program runs where the control plane is" in said


def test_preview_shows_who_would_be_in_the_fleet_and_why_others_would_not(inventory):
    inventory.print({"name": "web-10", "address": "10.0.0.10", "labels": {"role": "web"}}, {"name": "web-2"},
                    {"name": "web-3", "state": "stopped"}, {"name": "web-4", "state": "terminated"})
    shown = inventory.town.slipway("fleet", "preview", "-f", "-", stdin=json.dumps(inventory.fleet))
    assert shown.splitlines() == [
        "NAME     ADDRESS     STATE        IN FLEET                      LABELS",
        "web-2    <none>      running      yes                           <none>",
        "web-3    <none>      stopped      no: spec.stopped is Exclude   <none>",
        "web-4    <none>      terminated   no: it does not come back     <none>",
        "web-10   10.0.0.10   running      yes                           role=web",
        "2 servers would be in fleet web; 2 would not."]
    assert not inventory.servers(), "nothing was applied"
    inventory.file.write_text("no list")
    failed = subprocess.run([inventory.town.slipway_binary, "fleet", "preview", "-f", "-"], input=json.dumps(inventory.fleet),
                            env=inventory.town.environment(), capture_output=True, text=True)
    assert failed.returncode == 1 and "prints what is no list of servers" in failed.stderr
    inventory.fleet["spec"]["provider"]["static"] = {"servers": []}
    failed = subprocess.run([inventory.town.slipway_binary, "fleet", "preview", "-f", "-"], input=json.dumps(inventory.fleet),
                            env=inventory.town.environment(), capture_output=True, text=True)
    assert failed.returncode == 1 and "spec.provider" in failed.stderr


def test_the_how_to_works_as_written(town):
    text = (PROJECT / "docs/how-to/inventory-program.md").read_text()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    town.server_flags = ["--allow-inventory", str(town.directory / "inventory")]
    town.start_server()
    # The fleet's first listing comes after `apply`: look until the servers are there.
    script = script.replace("slipway get servers", "until slipway get servers web-2 >table 2>&1; do :; done; slipway get servers")
    environment = town.environment() | {"PATH": f"{town.slipway_binary.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=town.directory, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 servers would be in fleet web; 1 would not." in done.stdout
    assert re.search(r"^web-1 +web +10\.0\.0\.1 ", done.stdout, re.M) and "web-3 " not in done.stdout.split("created")[1]
