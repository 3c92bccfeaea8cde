"""The real kubectl, unchanged: it says the same of us as of Kubernetes itself."""

import pytest
import transcripts
import yaml
from kubernetes_world import Slipway

SCENARIOS = transcripts.scenarios()
CASES = [(version, name) for version in transcripts.VERSIONS for name, scenario in SCENARIOS.items()
         if version in transcripts.versions_of(scenario)]

GAPS = yaml.safe_load((transcripts.HERE / "gaps.yaml").read_text())


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """One server for each version of kubectl, so that both find the world as new."""
    started = {}

    def of(version):
        if version not in started:
            started[version] = Slipway(tmp_path_factory.mktemp("slipway") / version)
        return started[version]

    yield of
    for server in started.values():
        server.close()


@pytest.mark.parametrize(("version", "name"), CASES, ids=[f"{version}-{name}" for version, name in CASES])
def test_says_what_it_says_of_kubernetes(version, name, servers, tmp_path):
    scenario = SCENARIOS[name]
    run = transcripts.Run(servers(version), version, tmp_path / "run", scenario)
    expected = transcripts.golden(version, name, "slipway" if "differs" in scenario else "kubernetes").read_text()
    if f"{version}-{name}" in GAPS:
        assert run.transcript() != expected, "it is mended: take it off gaps.yaml"
    else:
        assert run.transcript() == expected


def test_every_gap_is_a_case():
    assert set(GAPS) <= {f"{version}-{name}" for version, name in CASES}


def test_no_golden_is_left_over():
    wanted = {transcripts.golden(version, name, side) for version, name in CASES
              for side in ("kubernetes", "slipway") if side == "kubernetes" or "differs" in SCENARIOS[name]}
    assert set((transcripts.HERE / "goldens").glob("*.txt")) == wanted
