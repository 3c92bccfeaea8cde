"""Runs every command of the README's tour, word for word, in one shell."""

import os
import re
import subprocess

from conftest import PROJECT

EXPECTED = [  # what a reader sees, in this order
    "fleets/integration created", "application", "hello, world", "hello, moon", "stopped at the gate, as it should",
    "hello, moon", "RolledBack|Halted|GateFailed", "hello, world"]


BUILD = "./dev build slipway slipway-agent\n"


def tour():
    readme = (PROJECT / "README.md").read_text()
    return re.findall(r"```sh\n(.*?)```", readme.split("## A tour in ten minutes")[1].split("\n## ")[0], re.S)


def test_a_server_that_cannot_start_ends_the_wait_and_says_why(tmp_path):
    (tmp_path / "slipway").write_text("#!/bin/sh\necho 'error: 127.0.0.1:7443 is in use'\nexit 1\n")
    (tmp_path / "slipway").chmod(0o755)
    script = tour()[0].replace(BUILD, "").replace("$PWD/build/dev/bin", str(tmp_path))
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False,
                          env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)})
    assert "error: 127.0.0.1:7443 is in use" in done.stdout


def test_the_tour_of_the_readme_works_as_written(tmp_path):
    script = "\n".join(tour())
    assert script.startswith(BUILD)
    # The programs are built already: a test does not build.
    script = "set -e\n" + script.removeprefix(BUILD).replace("$PWD/build/dev/bin", os.environ["SLIPWAY_BIN"])
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "NO_COLOR": "1",
                   "LANG": "C.UTF-8"}
    # From a file: the tour's last lines look for processes by their command lines, and must not find this shell.
    (tmp_path / "tour.sh").write_text(script)
    done = subprocess.run(["bash", str(tmp_path / "tour.sh")], cwd=PROJECT, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=540, check=False)
    assert done.returncode == 0, done.stdout
    position = 0
    for expected in EXPECTED:
        found = re.compile(expected).search(done.stdout, position)
        assert found, f"{expected!r} is missing after position {position} of:\n{done.stdout}"
        position = found.end()
    assert not list(tmp_path.glob("tmp.*")), "the tour removes its folder"
