"""Runs every command of the README's tour, word for word, in one shell."""

import os
import re
import subprocess

from conftest import PROJECT

EXPECTED = [  # what a reader sees, in this order
    "fleets/integration created", "application", "hello, world", "hello, moon", "stopped at the gate, as it should",
    "hello, moon", "RolledBack|Halted|GateFailed", "hello, world"]


def test_the_tour_of_the_readme_works_as_written(tmp_path):
    readme = (PROJECT / "README.md").read_text()
    tour = readme.split("## A tour in ten minutes")[1].split("\n## ")[0]
    script = "\n".join(re.findall(r"```sh\n(.*?)```", tour, re.S))
    assert script.startswith("./dev build\n")
    # The programs are built already: a test does not build.
    script = "set -e\n" + script.removeprefix("./dev build\n").replace("$PWD/build/dev/bin", os.environ["SLIPWAY_BIN"])
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "NO_COLOR": "1",
                   "LANG": "C.UTF-8"}
    # From a file: the tour's last line looks for processes by their command lines, and must not find this shell.
    (tmp_path / "tour.sh").write_text(script)
    done = subprocess.run(["bash", str(tmp_path / "tour.sh")], cwd=PROJECT, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=540, check=False)
    assert done.returncode == 0, done.stdout
    position = 0
    for expected in EXPECTED:
        found = re.compile(expected).search(done.stdout, position)
        assert found, f"{expected!r} is missing after position {position} of:\n{done.stdout}"
        position = found.end()
