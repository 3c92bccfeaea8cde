"""The command line, as a person uses it."""

import subprocess


def slipway(town, *arguments, stdin=None):
    return subprocess.run([str(town.slipway_binary), *arguments], env=town.environment(), input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def test_wrong_usage_is_exit_code_2(town):
    town.start_server()
    for arguments in ([], ["launch"], ["get"], ["get", "servers", "-o", "xml"], ["delete"],
                      ["rollout", "status", "shop", "--timeout", "soon"], ["server", "--listen", "here"]):
        done = slipway(town, *arguments)
        assert done.returncode == 2, (arguments, done)
        assert done.stderr, arguments


def test_no_server_is_a_clear_error(town):
    done = slipway(town, "get", "servers")
    assert done.returncode == 1
    assert "KUBECONFIG" in done.stderr


def test_a_refused_document_says_everything_that_is_wrong(town):
    town.start_server()
    document = """
apiVersion: slipway.dev/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  source: {repository: shop}
  servers: {fleets: [web]}
  release: {processes: [{name: web, run: ./serve}]}
  strategy:
    waves: [{upTo: 1}, {upTo: "ten"}]
    maxUnavailable: -3
  colour: red
"""
    done = slipway(town, "apply", "-f", "-", stdin=document)
    assert done.returncode == 1
    assert 'spec.strategy.waves[1].upTo: "ten": must be a count or a percentage, such as 3 or 25%' in done.stderr or \
        'unknown field "spec.colour"' in done.stderr
    document = document.replace("  colour: red\n", "")
    done = slipway(town, "apply", "-f", "-", stdin=document)
    assert 'spec.strategy.waves[1].upTo' in done.stderr and '"ten": must be a count or a percentage' in done.stderr
    assert "spec.strategy.maxUnavailable" in done.stderr


def test_apply_get_describe_and_delete(town):
    town.start_server()
    fleet = "apiVersion: slipway.dev/v1alpha1\nkind: Fleet\nmetadata: {name: web}\n" \
            "spec: {provider: {static: {servers: [{name: a}, {name: b}]}}}\n"
    assert slipway(town, "apply", "-f", "-", stdin=fleet).stdout == "fleets/web created\n"
    assert slipway(town, "apply", "-f", "-", stdin=fleet).stdout == "fleets/web unchanged\n"
    changed = fleet.replace(", {name: b}", "")
    assert slipway(town, "apply", "-f", "-", stdin=changed).stdout == "fleets/web configured\n"
    assert town.get("fleet", "web")["spec"]["provider"]["static"]["servers"] == [{"name": "a"}]
    table = slipway(town, "get", "fleets").stdout.splitlines()
    assert table[0].startswith("NAME") and table[1].startswith("web")
    assert slipway(town, "get", "fleets", "-o", "name").stdout == "fleets/web\n"
    assert "Conditions:" in slipway(town, "describe", "fleet", "web").stdout
    assert slipway(town, "get", "fleet", "none").returncode == 1
    assert slipway(town, "get", "fleet", "none", "--ignore-not-found").returncode == 0
    assert slipway(town, "delete", "fleet", "web").returncode == 0
    assert slipway(town, "get", "fleet", "web").returncode == 1


def test_a_rollout_that_does_not_come_is_a_timeout(town):
    town.start_server()
    application = """
apiVersion: slipway.dev/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  source: {repository: none}
  servers: {fleets: [web]}
  release: {processes: [{name: web, run: ./serve}]}
"""
    assert slipway(town, "apply", "-f", "-", stdin=application).returncode == 0
    done = slipway(town, "rollout", "status", "shop", "--timeout", "1s")
    assert done.returncode == 3
    assert "describe application" in done.stderr
