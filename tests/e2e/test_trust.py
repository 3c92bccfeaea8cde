"""Nobody joins with a wrong token, and no agent trusts a wrong server."""

import subprocess


def start_and_wait_for(town, world_module, name, sign, **changes):
    """Starts an agent with something changed and waits until its log holds `sign`."""
    for field, value in changes.items():
        setattr(town, field, value)
    agent = town.start_agent(name, town.addresses[name])
    world_module.wait_for(f"{name} to say {sign!r}; it said:\n{agent.tail()}", lambda: sign in agent.log.read_text(), 30)


def test_a_wrong_token_is_refused(town, world_module):
    town.start_server()
    town.apply(town.fleet("web", ["web-1", "web-2", "web-3"]))
    token = town.token()
    namespace, identifier, secret = token.read_text().strip().split(".")
    token.write_text(f"{namespace}.{identifier}.{'0' * len(secret)}")
    start_and_wait_for(town, world_module, "web-1", "token")
    assert town.list("serverclaims") == []


def test_an_agent_with_another_ca_hash_does_not_talk_to_the_server(town, world_module):
    town.start_server()
    town.apply(town.fleet("web", ["web-1", "web-2", "web-3"]))
    start_and_wait_for(town, world_module, "web-1", "ca-hash", ca_hash="sha256:" + "0" * 64)
    assert town.list("serverclaims") == []


def test_a_name_that_no_fleet_lists_waits_and_says_so(town, world_module):
    town.start_server()
    town.apply(town.fleet("web", ["web-1"]))
    town.start_agent("web-2", town.addresses["web-2"])

    def reasons():
        return [c["reason"] for claim in town.list("serverclaims") for c in
                claim.get("status", {}).get("conditions", []) if c["type"] == "Ready"]

    world_module.wait_for("the claim to wait", lambda: reasons() == ["NoSuchServer"], 30)
    town.apply(town.fleet("web", ["web-1", "web-2"]))
    world_module.wait_for("the agent to join", lambda: town.reachable("web-2"), 60)


def test_a_stranger_with_a_certificate_of_another_authority_is_refused(town, tmp_path, world_module):
    town.start_server()
    world_module.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", "/O=system:masters/CN=admin", "-keyout", tmp_path / "key", "-out", tmp_path / "crt")
    curl = ["curl", "--silent", "--insecure", "--max-time", "10", "--output", "/dev/null", "--write-out", "%{http_code}"]
    path = town.url + "/api/v1/namespaces/default/secrets"
    answers = [subprocess.run([*curl, *more, path], capture_output=True, text=True, check=False).stdout
               for more in ([], ["--cert", str(tmp_path / "crt"), "--key", str(tmp_path / "key")])]
    assert answers[0] == "401"
    assert answers[1] in ("000", "401")
