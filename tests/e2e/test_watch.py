"""Commands that follow: they outlive servers that close, restart and forget."""

import os
import pty
import re
import subprocess
import threading

import pytest

from fake_api import FakeApi, event, status, table


@pytest.fixture
def fake(town, tmp_path):
    """Starts a command against a FakeApi; all ends with the test."""
    started = []

    def start(lists, watches, *command_line, stdout=subprocess.PIPE, **more):
        api = FakeApi(lists, watches)
        environment = dict(town.environment(), KUBECONFIG=str(api.kubeconfig(tmp_path / "kubeconfig")), **more)
        command = subprocess.Popen([str(town.slipway_binary), *command_line], env=environment, text=True,
                                   stdout=stdout, stderr=subprocess.PIPE)
        started.append((api, command))
        return api, command

    yield start
    for api, command in started:
        command.kill()
        command.communicate()
        api.close()


WATCH_FLEETS = ("get", "fleets", "-w")


def lines(command, count):
    return [command.stdout.readline().rstrip("\n") for _ in range(count)]


def ended(command):
    """A last event for streams: it makes the command end, so that everything it printed can be read."""
    out, err = command.communicate(timeout=60)
    return command.returncode, out.splitlines(), err


GONE = {"type": "ERROR", "object": status(403, "Forbidden")}


def test_a_watch_goes_on_from_the_last_version_after_the_server_closed_it(fake):
    api, command = fake(
        [lambda path: (200, table(5, "a"))],
        [lambda path: iter([event("ADDED", 6, "b")]),
         lambda path: iter([event("BOOKMARK", 9, "nothing"), "cut"]),
         lambda path: iter([event("MODIFIED", 10, "b"), GONE])], *WATCH_FLEETS)
    code, out, err = ended(command)
    assert out == ["NAME", "a", "b", "b"]
    assert api.watched_from() == ["5", "6", "9"]
    assert all(query["allowWatchBookmarks"] == "true" for _, query in api.requests if "watch" in query)
    assert err.count("trying again") == 1 and "cannot be reached" in err
    assert code == 1 and "Forbidden" in err


def test_a_watch_lists_again_when_its_version_is_too_old(fake):
    api, command = fake(
        [lambda path: (200, table(5, "a")), lambda path: (200, table(50, "c", "d"))],
        [lambda path: iter([{"type": "ERROR", "object": status(410, "Expired")}]),
         lambda path: iter([event("ADDED", 51, "e"), GONE])], *WATCH_FLEETS)
    assert ended(command)[1] == ["NAME", "a", "NAME", "c", "d", "e"]
    assert api.watched_from() == ["5", "50"]


def test_a_watch_that_may_not_be_ends_at_once(fake):
    for code, reason, advice in ((401, "Unauthorized", "admin.kubeconfig"), (403, "Forbidden", "kubeconfig"),
                                 (500, "InternalError", "slipway server"),
                                 (429, "TooManyRequests", "run the command again")):
        _, command = fake([lambda path, code=code, reason=reason: (code, status(code, reason))], [], *WATCH_FLEETS)
        returncode, out, err = ended(command)
        assert (returncode, out) == (1, [])
        assert f"{reason}, says the fake; " in err and advice in err


def test_one_name_is_watched_by_a_field_selector(fake):
    api, command = fake([lambda path: (200, table(5, "a"))], [lambda path: iter([event("DELETED", 6, "a"), GONE])],
                        *WATCH_FLEETS, "a", "-l", "tier=web")
    assert ended(command)[1] == ["NAME", "a", "a"]
    path, query = api.requests[-1]
    assert path.endswith("/namespaces/default/fleets")
    assert query["fieldSelector"] == "metadata.name%3Da" and query["labelSelector"] == "tier%3Dweb"


def test_changes_are_shown_across_a_restart_of_the_server(town):
    town.start_server()
    town.apply(town.fleet("web", ["web-1"]))
    with subprocess.Popen([str(town.slipway_binary), "get", "fleets", "-w", "-A"], env=town.environment(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        try:
            assert lines(command, 1)[0].startswith("NAMESPACE")
            town.server.kill()
            assert "trying again" in command.stderr.readline()
            town.start_server()
            town.apply(town.fleet("late", ["web-2"]))
            shown = []
            while shown[-1:] != [["default", "late"]]:  # web may change its counts meanwhile
                shown.append(lines(command, 1)[0].split()[:2])
            assert ["default", "web"] in shown and all(row[0] == "default" for row in shown)
        finally:
            command.kill()


def test_a_rollout_is_followed_across_a_crash_of_the_server(town, world_module):
    town.populate()
    town.wait_for_phase(town.tree.push("First"), "Succeeded")
    town.tree.replace("shop.py", "Hello, {name}!", "Welcome, {name}!")
    town.tree.replace("test_shop.py", "Hello, Ada!", "Welcome, Ada!")
    second = town.tree.push("Second")
    world_module.wait_for("the rollout to begin", lambda: town.phase(second), 120)
    with subprocess.Popen([str(town.slipway_binary), "rollout", "status", "shop", "--revision", second, "--timeout", "5m"],
                          env=town.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        try:
            assert command.stdout.readline().startswith("shop-2")
            town.server.kill()
            assert "trying again" in command.stderr.readline()
            town.start_server()
            out, err = command.communicate(timeout=240)
        finally:
            command.kill()
    assert command.returncode == 0, (out, err)
    assert "shop-2: Succeeded" in out.splitlines()[-1]
    assert all(f"shop-2: {name} Succeeded" in out for name in ("web-1", "web-2", "web-3")), out


def rollout(phase, application="shop"):
    owner = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Application", "name": application, "uid": f"uid-of-{application}", "controller": True}
    return {"apiVersion": "slipway.dev/v1alpha1", "kind": "Rollout",
            "metadata": {"name": "shop-1", "resourceVersion": "7", "ownerReferences": [owner]},
            "spec": {"application": application, "number": 1,
                     "release": {"commit": "c" * 40, "tree": "d" * 40, "hash": "e" * 64},
                     "template": {"release": {"processes": [{"name": "web", "run": "./serve"}]}}},
            "status": {"phase": phase, "wave": 1, "message": f"It is {phase}."}}


def shop(phase):
    """What an API holds in which shop-1 is in this phase."""
    def answer(path):
        if path.endswith("/applications/shop"):
            return 200, {"apiVersion": "slipway.dev/v1alpha1", "kind": "Application", "metadata": {"name": "shop", "uid": "uid-of-shop"},
                         "spec": {"source": {"repository": "shop"}, "servers": {"fleets": ["web"]},
                                  "release": {"processes": [{"name": "web", "run": "./serve"}]}}}
        kind = {"rollouts": "RolloutList", "servers": "ServerList", "testruns": "TestRunList"}[path.rsplit("/", 1)[1]]
        return 200, {"apiVersion": "slipway.dev/v1alpha1", "kind": kind, "metadata": {"resourceVersion": "9"},
                     "items": [rollout(phase)] if kind == "RolloutList" else []}
    return answer


def silence(path):
    """A watch in which nothing happens until the command has ended."""
    threading.Event().wait(60)
    return iter([])


def test_the_exit_code_says_how_the_rollout_ended(fake):
    for phase, code in (("Succeeded", 0), ("RolledBack", 1), ("Halted", 1), ("Aborted", 1), ("Superseded", 1)):
        _, command = fake([shop(phase)], [silence], "rollout", "status", "shop")
        returncode, out, err = ended(command)
        assert (returncode, err) == (code, ""), (phase, out, err)
        assert out[-1] == f"shop-1: {phase}, It is {phase}."
    for arguments in (("shop", "--timeout", "1s"), ("shop", "--timeout", "1s", "--revision", "abcd")):
        _, command = fake([shop("Testing")], [silence], "rollout", "status", *arguments)
        returncode, _, err = ended(command)
        assert returncode == 3, arguments
        assert ("waits for a rollout of abcd\n" in err) == ("abcd" in arguments), err


def test_a_server_that_stays_away_is_a_timeout(fake):
    away = lambda path: (503, status(503, "ServiceUnavailable"))  # noqa: E731
    _, command = fake([shop("Testing"), away], [silence], "rollout", "status", "shop", "--timeout", "3s")
    code, _, err = ended(command)
    assert code == 3
    assert err.count("trying again") == 1, err
    _, command = fake([away], [silence], "rollout", "status", "shop", "--timeout", "3s")
    assert ended(command)[0] == 1, "the very first look may fail at once"
    forbidden = lambda path: (403, status(403, "Forbidden"))  # noqa: E731
    _, command = fake([shop("Testing"), forbidden], [silence], "rollout", "status", "shop", "--timeout", "60s")
    code, _, err = ended(command)
    assert code == 1 and "Forbidden, says the fake; use a kubeconfig that allows it" in err


def on_a_terminal(fake, phase, code, **environment):
    """What `rollout status` of a rollout in this phase writes to a terminal."""
    master, slave = pty.openpty()
    try:
        _, command = fake([shop(phase)], [silence], "rollout", "status", "shop", "--timeout", "3s", stdout=slave, **environment)
        assert command.wait(60) == code
        return os.read(master, 65536).decode()
    finally:
        os.close(slave)
        os.close(master)


def test_no_color_is_respected_on_a_terminal(fake):
    assert "\x1b[32mSucceeded\x1b[0m" in on_a_terminal(fake, "Succeeded", 0, NO_COLOR=""), "empty asks for nothing"
    plain = on_a_terminal(fake, "Succeeded", 0, NO_COLOR="1")
    assert "shop-1  Succeeded  cccccccc" in plain and not re.search(r"\x1b\[[0-9]*m", plain)


def test_a_terminal_shows_one_tree_that_is_drawn_anew_in_place(fake):
    text = on_a_terminal(fake, "Testing", 3)
    frames = text.count("shop-1  Testing")
    assert 2 <= frames <= 10
    assert text.count("\x1b[3A") == frames - 1, "three lines: title, gate, message"
    assert "A\x1b[J" not in text, "terminals keep a copy of a screen that is cleared from its top"
