"""The demo is a test: it exits with 0 only when everything that it promises was seen."""

import os
import subprocess
import sys

from conftest import PROJECT


def test_the_demo_keeps_its_promises():
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, str(PROJECT / "manifests" / "demo" / "run")], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    assert done.returncode == 0, done.stdout
