"""Commands that follow: they outlive servers that close, restart and forget."""

import subprocess

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
                                 (404, "NotFound", "slipway get KIND"), (500, "InternalError", "slipway server"),
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
            shown = [lines(command, 1)[0].split()[:2] for _ in range(2)]
            assert shown == [["default", "web"], ["default", "late"]]
        finally:
            command.kill()
