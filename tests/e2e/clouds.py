"""What the tests of all providers do: preview a Fleet, and watch one."""

import contextlib
import http.server
import json
import re
import shutil
import subprocess
import threading

from conftest import WatchedFleet


def preview(town, what, variables):
    """What `slipway fleet preview` says: its standard output, or the error where it fails."""
    done = subprocess.run([town.slipway_binary, "fleet", "preview", "-f", "-"], input=json.dumps(what),
                          env=town.environment() | variables, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout if done.returncode == 0 else done.stderr


def doctor(town, name, variables):
    """What `slipway fleet doctor` prints, and whether it found all to be well."""
    done = subprocess.run([town.slipway_binary, "fleet", "doctor", name], env=town.environment() | variables, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done
    return done.stdout, done.returncode == 0


def checks(said):
    """What the doctor tried, and what came of it: ((what, where), result)."""
    lines = iter(said.splitlines())
    next(line for line in lines if line.startswith("NEEDS "))
    found = []
    for line in lines:
        if not line:
            break
        columns = re.split(r" {2,}", line)
        found.append(((columns[0], columns[1]), columns[2]))
    return found


def rows(table):
    """Whether a server is in the fleet and in what state, by name."""
    assert " would be in fleet web" in table, table
    found = {}
    for line in table.splitlines()[1:-1]:
        columns = re.split(r" {2,}", line)
        found[columns[0]] = (columns[2], columns[3])
    return found


@contextlib.contextmanager
def small_server(answer):
    """A server whose answer(method, path, headers) is a status and a text."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def reply(self):
            status, text = answer(self.command, self.path, self.headers)
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = reply

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Watched(WatchedFleet):
    """A control plane with one fleet, whose provider is called `provider` in metrics."""

    def __init__(self, town, variables, provider):
        super().__init__(town)
        self.provider = provider
        town.server_variables = variables
        town.start_server()

    def listings(self, result):
        """How many of them the control plane has counted."""
        found = re.search(rf'^slipway_listings_total{{provider="{self.provider}",result="{result}"}} (\d+)', self.town.metrics(), re.M)
        return int(found[1]) if found else 0


# What every provider's API is made to do, whatever else it has of its own.
FAULTS_OF_ALL = {"throttle", "trouble", "reset", "cut body", "slow body", "cut text", "loop", "expired", "denied", "page of the web", "elsewhere"}


def check_that_no_fault_removes_a_server(watched, names, faults, spoil):
    """Nobody leaves, it is explained, counted and an Event, and the next good list heals. `faults` are (name, page, reason, message) of a fault,
    pages counted from 1; `spoil(page, name)` makes the API do it, and `spoil(None, None)` ends it."""
    lacking = FAULTS_OF_ALL - {name for name, *_ in faults}
    assert not lacking, f"nothing tries {lacking}"

    def said_so(reason, message):
        ready = watched.ready()
        return ready["reason"] == reason and message in ready["message"] and ready["message"].endswith("The servers that are known stay.")

    for name, page, reason, message in faults:
        before = watched.event(reason).get("count", 0)
        spoil(page, name)
        watched.until(f"{name}: {reason}, {message}", lambda reason=reason, message=message: said_so(reason, message))
        watched.until(f"an event of {name}", lambda reason=reason, before=before: watched.event(reason).get("count", 0) > before)
        event = watched.event(reason)
        assert event["type"] == "Warning" and event["message"].endswith("The servers that are known stay."), event
        assert set(watched.servers()) == set(names), name
        assert watched.listings(reason) >= 1, name
        spoil(None, None)
        watched.until_reason("Succeeded")
        assert set(watched.servers()) == set(names), name
    spoil(1, "empty page")
    begun = watched.listings("Complete")
    watched.until("listings with an empty page", lambda: watched.listings("Complete") >= begun + 5)
    assert set(watched.servers()) == set(names) and watched.ready()["reason"] == "Succeeded"
    spoil(None, None)
    assert "hush" not in json.dumps(watched.town.list("events"))


def pages_of(faults):
    """A page for each, of the first three: a circle begins at the second."""
    return [(name, 2 if name == "loop" else 1 + number % 3, *said) for number, (name, said) in enumerate(faults.items())]


def check_that_each_joins_as_itself(watched, provider, title, names, here):
    """Three machines of a fleet that is there. `here(number)` makes the metadata service speak of one of them, and gives the variables
    of the agent that runs there."""
    town, identity = watched.town, ("--identity", provider)
    agent = town.start_agent("first", "127.0.0.1", identity, **here(0))
    watched.until("the first to join", lambda: town.reachable(names[0]))
    agent.stop()
    # An image is made of the first machine, with everything on it, and the second is launched from that.
    shutil.copytree(town.agent_root("first"), town.agent_root("second"))
    town.start_agent("second", "127.0.0.1", identity, **here(1))
    watched.until("the second to join", lambda: town.reachable(names[1]))
    keys = [next(town.agent_root(name).rglob("agent.key")).read_text() for name in ("first", "second")]
    assert keys[0] != keys[1], "a key is of one machine"
    # Nobody else becomes the third by saying so.
    town.start_agent("third", "127.0.0.1", ("--name", names[2]))
    watched.until("the claim to be refused", lambda: "IdentityMissing" in town.slipway("get", "claims"))
    said = f"{names[2]} is an instance of {title}: start its agent with --identity {provider}."
    assert said in town.slipway("get", "claims", "-o", "wide")
    assert not town.reachable(names[2])
