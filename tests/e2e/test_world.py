"""The small world of the demo: it ends everything that it started, however it is ended, and nothing else."""

import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest
from conftest import PROJECT, demo_world


@pytest.fixture
def programs(tmp_path):
    """Stand-ins for our programs, which only wait."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("slipway", "slipway-agent"):
        (folder / name).symlink_to("/bin/sleep")
    return folder


@pytest.fixture
def small_world(tmp_path, programs):
    world = demo_world.World(tmp_path / "world", programs)
    for folder in ("work", "agents/web-1"):
        (world.directory / folder).mkdir(parents=True)
    return world


@pytest.fixture
def start():
    children = []

    def begin(*argv, **options):
        children.append(subprocess.Popen([str(word) for word in argv], **options))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.wait()


def application(world, start, *argv, **options):
    """Something that an agent of this world runs."""
    root = world.directory / "agents/web-1/apps/shop"
    return start(*argv, env={"PATH": os.environ["PATH"], "SLIPWAY_ROOT": str(root)}, **options)


def test_whoever_looks_around_is_left_alone(small_world, start):
    directory = small_world.directory
    onlookers = [start("sleep", "100", cwd=directory / "work"), start("sleep", "100", cwd=directory / "agents/web-1"),
                 start("sleep", "100", env={"KUBECONFIG": f"{directory}/server/admin.kubeconfig"}),
                 start("tail", "-f", "/dev/null", directory / "work")]
    served = application(small_world, start, "sleep", "100")
    small_world.close()
    assert served.wait(10) == -signal.SIGTERM
    assert [child.poll() for child in onlookers] == [None] * len(onlookers)


def test_what_does_not_end_is_killed_though_another_has_vanished(small_world, start, monkeypatch):
    deaf = application(small_world, start, "sh", "-c", "trap '' TERM; echo; while :; do sleep 100; done",
                       stdout=subprocess.PIPE)
    deaf.stdout.readline()
    other = application(small_world, start, "sleep", "100")
    gone = start("true")
    gone.wait()
    really = small_world.leftovers
    looks = []

    def leftovers():
        looks.append(really())
        return [gone.pid, *looks[-1]] if len(looks) == 1 else looks[-1]

    monkeypatch.setattr(small_world, "leftovers", leftovers)
    small_world.patience = 0.5
    small_world.close()
    assert other.wait(10) == -signal.SIGTERM
    assert deaf.wait(10) == -signal.SIGKILL
    assert really() == []


def processes_with(variable):
    """Command lines of the processes that have this variable in their environment."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(variable) in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes())
        except OSError:  # It has ended, or is not ours.
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_leaves_nothing_behind_when_it_is_ended(number, tmp_path, programs, start):
    (programs / "slipway").unlink()
    # A server that never says that it is ready. It is known by its name and arguments, as the real one is: the signal may come
    # before the demo itself knows that it has started it.
    (programs / "slipway").write_text('#!/bin/bash\nexec -a "$0" /usr/bin/python3 -c "import time; time.sleep(100)" "$@"\n')
    (programs / "slipway").chmod(0o755)
    begun = os.fsencode(programs / "slipway") + b"\0"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    demo = start(sys.executable, PROJECT / "manifests/demo/run", "--bin", programs, stderr=subprocess.DEVNULL,
                 env={**os.environ, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"})
    demo_world.wait_for("the server to be started", lambda: list(temporary.glob("*/server.log")), 20)
    demo_world.wait_for("the server to run", lambda: any(
        command.startswith(begun) for command in processes_with(f"TMPDIR={temporary}")), 20)
    demo.send_signal(number)
    assert demo.wait(20) == 1
    assert list(temporary.iterdir()) == []
    assert processes_with(f"TMPDIR={temporary}") == []


def test_two_worlds_do_not_share_a_network():
    port = demo_world.free_port()
    first, keeper = demo_world.free_network([10], port)
    with keeper:
        second, other = demo_world.free_network([10], port)
        other.close()
    assert first != second


def test_a_port_that_is_taken_everywhere_is_named():
    with socket.socket() as everywhere:
        everywhere.bind(("0.0.0.0", 0))
        port = everywhere.getsockname()[1]
        with pytest.raises(demo_world.WorldError, match=f"port {port} is taken"):
            demo_world.free_network([10], port)
