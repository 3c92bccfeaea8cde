"""What the tests of all providers do: preview a Fleet, and watch one."""

import json
import re
import subprocess

from conftest import WatchedFleet


def preview(town, what, variables):
    """What `slipway fleet preview` says: its standard output, or the error where it fails."""
    done = subprocess.run([town.slipway_binary, "fleet", "preview", "-f", "-"], input=json.dumps(what),
                          env=town.environment() | variables, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout if done.returncode == 0 else done.stderr


def rows(table):
    """Whether a server is in the fleet and in what state, by name."""
    assert " would be in fleet web" in table, table
    found = {}
    for line in table.splitlines()[1:-1]:
        columns = re.split(r" {2,}", line)
        found[columns[0]] = (columns[2], columns[3])
    return found


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
