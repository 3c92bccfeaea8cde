"""Client libraries of Kubernetes, unchanged, against a real server over TLS. What they ask and judge is in the programs."""

import os
import pathlib
import subprocess

import pytest
import world as demo_world

HERE = pathlib.Path(__file__).resolve().parent
for needed in ("SLIPWAY_PEERS", "SLIPWAY_CLIENTS"):
    if not os.environ.get(needed):
        raise RuntimeError(f"{needed} is not set: run this test as `./dev test clients`, which installs what it needs")
CLIENTS = pathlib.Path(os.environ["SLIPWAY_CLIENTS"])

PYTHON = [pathlib.Path(os.environ["SLIPWAY_PEERS"]) / "bin" / "python", HERE / "python_client.py"]
NODE = ["node", HERE / "node_client.mjs", CLIENTS / "node_modules" / "@kubernetes" / "client-node"]
GO = [CLIENTS / "clients"]

CASES = [*((PYTHON, name) for name in ("crud", "patches", "watches", "election", "dynamic")),
         *((NODE, name) for name in ("crud", "patches", "informer")),
         *((GO, name) for name in ("informer", "watchlist", "pages", "compaction", "conflict", "election", "collection"))]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Of a client of one server, which forgets its history after a second: so each meets a compaction."""
    world = demo_world.World(tmp_path_factory.mktemp("clients") / "world")
    world.server_flags = ["--history", "1s"]
    try:
        world.start_server()
        yield os.environ | {"KUBECONFIG": str(world.data / "admin.kubeconfig")}
    finally:
        world.close()


def name_of(case):
    program = {id(PYTHON): "python", id(NODE): "node", id(GO): "go"}[id(case[0])]
    return f"{program}-{case[1]}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_client_finds_kubernetes(case, environment):
    program, scenario = case
    features = {"KUBE_FEATURE_WatchListClient": "true"} if scenario == "watchlist" else {}
    done = subprocess.run([*map(str, program), scenario], env=environment | features, text=True, timeout=180, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-4000:]
