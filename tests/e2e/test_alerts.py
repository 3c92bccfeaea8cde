"""A real Prometheus reads a control plane by the shipped configuration, and its alerts say what is so."""

import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import urllib.request

import pytest
import yaml
from conftest import PROJECT, demo_world
from test_fleets import inventory  # noqa: F401  (a fixture)

SHIPPED = PROJECT / "manifests/prometheus"


def rules():
    return [rule for group in yaml.safe_load((SHIPPED / "rules.yaml").read_text())["groups"] for rule in group["rules"]]


def test_each_alert_has_a_cause_a_channel_and_an_action():
    for rule in rules():
        assert set(rule["labels"]) == {"channel"} and rule["labels"]["channel"] in ("page", "ticket"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "cause", "action"}, rule["alert"]
        assert f"`{rule['alert']}` | {rule['labels']['channel']} |" in (PROJECT / "docs/how-to/alerts.md").read_text()


def test_the_alerts_fire_and_end_as_their_tests_say():
    for arguments in (["check", "rules", "rules.yaml"], ["test", "rules", "rules_test.yaml"]):
        done = subprocess.run(["promtool", *arguments], cwd=SHIPPED, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = {case["alertname"] for test in yaml.safe_load((SHIPPED / "rules_test.yaml").read_text())["tests"]
              for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert tested == {rule["alert"] for rule in rules()}


class Prometheus:
    """One that begins with the shipped configuration, and looks every second."""

    def __init__(self, directory, target):
        config = yaml.safe_load((directory / "prometheus.yaml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(config))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.log = directory / "prometheus.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=tsdb", f"--web.listen-address={self.address}"],
                cwd=directory, stdout=log, stderr=log)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, path):
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{self.address}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]
        return {}

    def firing(self, name):
        return [alert for alert in self.ask("alerts").get("alerts", [])
                if alert["labels"]["alertname"] == name and alert["state"] == "firing"]

    def value(self, query):
        found = self.ask("query?query=" + urllib.request.quote(query)).get("result", [])
        return [float(each["value"][1]) for each in found]


@pytest.fixture(name="prometheus")
def started_prometheus(inventory, tmp_path):  # noqa: F811
    """Set up as the how-to says."""
    town, directory = inventory.town, tmp_path / "prometheus"
    shutil.copytree(SHIPPED, directory)
    blocks = re.findall(r"```sh\n(.*?)```", (PROJECT / "docs/how-to/alerts.md").read_text(), re.S)
    script = "set -e\n" + "\n".join(blocks).replace("/var/lib/slipway", str(town.data))
    variables = town.environment() | {"PATH": f"{pathlib.Path(town.slipway_binary).parent}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", script], cwd=directory, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    made = Prometheus(directory, town.url.removeprefix("https://"))
    yield made
    made.stop()


def test_somebody_is_told_before_a_fleet_loses_its_servers(inventory, prometheus):  # noqa: F811
    inventory.print({"name": "web-1"}, {"name": "web-2"})
    inventory.town.apply(inventory.fleet)
    inventory.until("two servers", lambda: len(inventory.servers()) == 2)
    ready = 'slipway_object_ready{kind="Fleet",namespace="default",name="web"}'
    demo_world.wait_for("Prometheus to see the fleet", lambda: prometheus.value(ready) == [1], 60)
    inventory.print()
    demo_world.wait_for("the alert", lambda: prometheus.firing("SlipwayFleetRemovalHeld"), 60)
    told = prometheus.firing("SlipwayFleetRemovalHeld")
    assert [alert["labels"]["channel"] for alert in told] == ["page"]
    action = told[0]["annotations"]["action"]
    assert "`slipway fleet confirm web -n default`" in action
    assert set(inventory.servers()) == {"web-1", "web-2"}
    inventory.town.slipway("fleet", "confirm", "web", "-n", "default")
    inventory.until("them to leave", lambda: not inventory.servers())
    demo_world.wait_for("the alert to end", lambda: not prometheus.firing("SlipwayFleetRemovalHeld"), 60)
    assert prometheus.value('up{job="slipway"}') == [1]
    inventory.town.slipway("delete", "fleet", "web")
    demo_world.wait_for("the fleet to be told of no more", lambda: prometheus.value(ready) == [], 60)
