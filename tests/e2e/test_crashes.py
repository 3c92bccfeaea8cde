"""kill -9 in the middle of a wave, and the same end state."""

import os
import pathlib
import shutil


def everybody(town, commit):
    return town.serving() == {"web-1": commit, "web-2": commit, "web-3": commit}


def test_a_server_killed_in_the_middle_of_a_wave_goes_on_where_it_was(town, world_module):
    town.populate()
    first = town.tree.push("First")
    town.wait_for_phase(first, "Succeeded")
    town.tree.replace("shop.py", "Hello, {name}!", "Welcome, {name}!")
    town.tree.replace("test_shop.py", "Hello, Ada!", "Welcome, Ada!")
    second = town.tree.push("Second")
    world_module.wait_for("the second wave to begin", lambda: town.wave(second) >= 1, 120)
    town.server.kill()
    town.start_server()
    town.wait_for_phase(second, "Succeeded")
    assert everybody(town, second)
    rollouts = [r["metadata"]["name"] for r in town.list("rollouts")]
    assert sorted(rollouts) == ["shop-1", "shop-2"]


def test_an_agent_killed_in_the_middle_of_a_wave_is_interrupted_not_failed(town, world_module):
    town.populate()
    first = town.tree.push("First")
    town.wait_for_phase(first, "Succeeded")
    town.tree.replace("shop.py", "Hello, {name}!", "Welcome, {name}!")
    town.tree.replace("test_shop.py", "Hello, Ada!", "Welcome, Ada!")
    second = town.tree.push("Second")

    def taken():
        for server in town.list("servers"):
            attempts = [r.get("attempt", {}) for r in server.get("status", {}).get("releases", [])]
            if server["spec"]["fleet"] == "web" and any(a.get("rollout") == "shop-2" and a.get("phase") != "Ended"
                                                        for a in attempts):
                return server["metadata"]["name"]
        return None

    name = world_module.wait_for("an attempt to begin", taken, 120)
    town.agents[name].kill()
    town.start_agent(name, town.addresses[name])
    town.wait_for_phase(second, "Succeeded")
    assert everybody(town, second)


def test_an_agent_that_dies_leaves_its_application_running(town, world_module):
    town.populate()
    first = town.tree.push("First")
    town.wait_for_phase(first, "Succeeded")
    town.agents["web-1"].kill()
    assert everybody(town, first)
    world_module.wait_for("the loss to be noticed", lambda: not town.reachable("web-1"), 60)
    assert everybody(town, first)
    town.start_agent("web-1", town.addresses["web-1"])
    world_module.wait_for("the agent to come back", lambda: town.reachable("web-1"), 60)
    assert everybody(town, first)


def test_sigterm_stops_the_server_in_order(town):
    town.start_server()
    town.server.child.terminate()
    assert town.server.child.wait(6) == 0


def test_sigterm_stops_the_server_while_a_pack_is_built(town, world_module, tmp_path, monkeypatch):
    tools, building = tmp_path / "tools", tmp_path / "building"
    tools.mkdir()
    hanging_git = tools / "git"
    hanging_git.write_text(f"""#!/bin/sh
case " $* " in *" pack-objects "*) echo $$ >{building}.new; mv {building}.new {building}; exec sleep 600;; esac
exec {shutil.which("git")} "$@"
""")
    hanging_git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    town.populate()
    town.tree.push("First")
    world_module.wait_for("a pack to be built", building.exists, 120)
    status = pathlib.Path("/proc") / building.read_text().strip() / "stat"
    assert status.exists()
    town.server.child.terminate()
    assert town.server.child.wait(5) == 0
    world_module.wait_for("git to end", lambda: not status.exists() or ") Z " in status.read_text(), 10)
