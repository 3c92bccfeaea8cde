"""The command line, as a person uses it."""

import os
import pathlib
import pwd
import re
import shutil
import stat
import subprocess
import tempfile

import yaml


def slipway(town, *arguments, stdin=None):
    return subprocess.run([str(town.slipway_binary), *arguments], env=town.environment(), input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def test_wrong_usage_is_exit_code_2(town):
    """It is told with the command's name and what is wrong, and nobody is asked: there is no server."""
    for words, said in (
            ("", "slipway: a command is missing; there are server, apply,"),
            ("launch", 'slipway: unknown command "launch"; there are server, apply,'),
            ("rollout launch shop", 'slipway rollout: unknown command "launch"; there are history, status,'),
            ("token list", 'slipway token: unknown command "list"; there is create'),
            ("help launch", 'slipway help: unknown command "launch"'),
            ("get", "slipway get: resource is required"),
            ("get rockets", 'slipway get: there is no kind "rockets"; there are '),
            ("get servers --colour", 'slipway get: unknown option "--colour"'),
            ("get servers -o xml", 'slipway get: --output: "xml": must be wide, yaml, json or name'),
            ("get servers -o 3", 'slipway get: --output: "3": must be'),
            ("get servers -l a=b=c", 'slipway get: --selector: the selector "a=b=c" cannot be understood'),
            ("get servers web-1 -A", "leave out --all-namespaces"),
            ("get servers -w -o yaml", "--watch shows a table"), ("get servers -w -o name", "--watch shows a table"),
            ("get servers -w web-1 web-2", "--watch shows a table"),
            ("describe rocket one", 'there is no kind "rocket"'), ("describe servers", "give a kind and one name"),
            ("delete", "slipway delete: give either a kind and names, or -f FILE"),
            ("delete fleet web -f here", "slipway delete: give either a kind and names, or -f FILE"),
            ("delete fleet", "give the names"), ("delete rocket one", 'there is no kind "rocket"'),
            ("rollout status shop --timeout soon", 'slipway rollout status: --timeout: "soon": must be a length of time'),
            ("rollout status shop --revision zzz", '--revision: "zzz": must be a commit'),
            ("rollout pause fleets/shop", "must be the name of one of the applications"),
            ("logs web-1 shop --tail 0", "--tail: must be from 1"),
            ("token create --ttl 0s", "slipway token create: --ttl: must be longer"),
            ("server --listen here", 'slipway server: "here": must be an IP address and a port')):
        done = slipway(town, *words.split())
        assert done.returncode == 2, (words, done)
        first, second = done.stderr.splitlines()
        assert first.startswith("error: slipway") and said in first, (words, done)
        assert second.startswith("`slipway help"), (words, done)


def test_an_answer_that_cannot_be_written_is_no_success(town):
    town.start_server()
    for command in ("get namespaces", "get namespaces -o yaml", "help", "--help", "version"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(town.slipway_binary), *command.split()], env=town.environment(), text=True, stdout=full,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode == 1, command
        assert done.stderr.startswith("error: standard output cannot be written"), (command, done)


def test_the_version_is_an_option_as_well(town):
    assert slipway(town, "--version").stdout == slipway(town, "version").stdout != ""


def test_no_server_is_a_clear_error(town):
    done = slipway(town, "get", "servers")
    assert done.returncode == 1
    assert f"KUBECONFIG={town.data}/admin.kubeconfig: there is no such file" in done.stderr


def test_labels_and_namespaces_select(town):
    town.start_server()
    for name, tier, namespace in (("one", "web", "default"), ("two", "test", "default"), ("three", "web", "other")):
        fleet = town.fleet(name, ["web-1"])
        fleet["metadata"].update(labels={"tier": tier}, namespace=namespace)
        if namespace == "other":
            town.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
        town.apply(fleet)

    def names(*arguments):
        return sorted(slipway(town, "get", "fleets", "-o", "name", *arguments).stdout.split())

    assert names() == ["fleets/one", "fleets/two"]
    town.apply(*({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"shop-{i}"}} for i in (10, 2, 1)))
    for form in ("name", "wide"):
        shown = slipway(town, "get", "configmaps", "-o", form).stdout
        assert re.findall(r"shop-\d+", shown) == ["shop-1", "shop-2", "shop-10"]
    assert names("-l", "tier=web") == ["fleets/one"]
    assert names("-A", "-l", "tier=web") == ["fleets/one", "fleets/three"]
    assert names("-n", "other") == ["fleets/three"]
    table = slipway(town, "get", "fleets", "-A", "-l", "tier!=test").stdout.splitlines()
    assert table[0].split()[:2] == ["NAMESPACE", "NAME"]
    assert sorted(line.split()[:2] for line in table[1:]) == [["default", "one"], ["other", "three"]]
    assert slipway(town, "get", "fleets", "-l", "tier=none").stderr == "No fleets found in namespace default.\n"


def test_an_error_ends_with_what_to_do(town, tmp_path):
    town.start_server()
    done = slipway(town, "get", "app", "nope")
    assert done.returncode == 1
    assert done.stderr.endswith("not found; `slipway get applications` lists what there is\n"), done
    for command in (("get", "app", "-n", "nowhere"), ("logs", "web-1", "nope"), ("token", "create", "-n", "nowhere")):
        assert "lists what there is" not in slipway(town, *command).stderr, command
    stranger = yaml.safe_load((town.data / "admin.kubeconfig").read_text())
    stranger["users"][0]["user"] = {"token": "guessed"}
    (tmp_path / "stranger").write_text(yaml.safe_dump(stranger))
    done = slipway(town, "get", "apps", "--kubeconfig", str(tmp_path / "stranger"))
    assert done.returncode == 1
    assert "; use the admin.kubeconfig that this server wrote" in done.stderr, done


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
    assert 'unknown field "spec.colour"' in done.stderr
    document = document.replace("  colour: red\n", "")
    done = slipway(town, "apply", "-f", "-", stdin=document)
    assert ('spec.strategy.waves[1].upTo: Invalid value: "ten": spec.strategy.waves[1].upTo in body should match '
            "'^(100|[1-9][0-9]?)%$' (a count or a percentage, such as 3 or 25%)") in done.stderr
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
    assert slipway(town, "get", "fleets/web", "-o", "name").stdout == "fleets/web\n"
    assert slipway(town, "get", "claims").returncode == slipway(town, "get", "gitrepos").returncode == 0
    assert slipway(town, "get", "fleet", "none").returncode == 1
    assert slipway(town, "get", "fleet", "none", "--ignore-not-found").returncode == 0
    assert slipway(town, "delete", "fleets/web").returncode == 0
    assert slipway(town, "get", "fleet", "web").returncode == 1


def test_delete_says_what_becomes_of_what_belongs_to_it(town, world_module):
    town.start_server()

    def make(name, *owners):
        references = [{"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": town.get("configmap", owner)["metadata"]["uid"],
                       "blockOwnerDeletion": True} for owner in owners]
        town.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": references}})

    def names():
        return {each["metadata"]["name"] for each in town.list("configmaps")}

    make("owner")
    make("child", "owner")
    assert slipway(town, "delete", "configmap", "owner", "--cascade=orphan").returncode == 0
    assert names() == {"child"} and "ownerReferences" not in town.get("configmap", "child")["metadata"]
    make("owner")
    make("child", "owner")
    assert slipway(town, "delete", "configmap", "owner", "--cascade=foreground").returncode == 0
    assert names() == set(), "the child went first"
    make("owner")
    make("child", "owner")
    assert slipway(town, "delete", "configmap", "owner").returncode == 0
    world_module.wait_for("the child to follow", lambda: names() == set(), 60)
    refused = slipway(town, "delete", "configmap", "owner", "--cascade=none")
    assert refused.returncode == 2 and "background" in refused.stderr


def test_a_token_for_a_fleet_that_is_not_there_is_told(town):
    town.start_server()
    town.apply(town.fleet("web", ["web-1"]))
    assert "warning" not in slipway(town, "token", "create", "--fleet", "web").stderr
    done = slipway(town, "token", "create", "--fleet", "wbe", "--quiet")
    assert done.returncode == 0 and done.stdout
    assert done.stderr == "warning: there is no fleet wbe in namespace default yet; until there is, nobody can join with this token\n"


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


def test_help_lists_all_commands_and_explains_each(town):
    overview = slipway(town, "help").stdout
    for command in ("server", "apply", "get", "describe", "delete", "rollout", "logs", "token", "version"):
        assert f"\n  {command} " in overview, overview
    assert "Exit codes" in overview
    one = slipway(town, "help", "rollout", "status")
    assert one.returncode == 0
    assert "slipway rollout status" in one.stdout and "--revision" in one.stdout
    assert "undo" in slipway(town, "help", "rollout").stdout
    assert all(verb in overview for verb in ("status", "history", "pause", "resume", "undo", "retry")), overview
    for command in ("get", "delete", "logs"):
        assert "{" not in slipway(town, "help", command).stdout, "values of enums are no business of people"


def test_documents_of_the_wrong_shape_are_errors_that_name_the_field(town):
    town.start_server()
    for document, message in (
            ("apiVersion: 1\nkind: Fleet\nmetadata: {name: web}\n", "apiVersion: must be text; put it in quotes"),
            ("apiVersion: slipway.dev/v1alpha1\nkind: [Fleet]\nmetadata: {name: web}\n", "kind: must be text"),
            ("apiVersion: slipway.dev/v1alpha1\nkind: Fleet\nmetadata: {name: 2024}\n",
             "metadata.name: must be text; put it in quotes"),
            ("apiVersion: slipway.dev/v1alpha1\nkind: Fleet\nmetadata: {name: web, namespace: 7}\n",
             "metadata.namespace: must be text"),
            ("apiVersion: slipway.dev/v1alpha1\nkind: Fleet\nmetadata: web\n", "metadata.name: is missing"),
            ("kind: Fleet\nmetadata: {name: web}\n", "apiVersion: is missing"),
            ("- a\n- b\n", "must be an object"),
            ("only words\n", "must be an object")):
        for command in ("apply", "delete"):
            done = slipway(town, command, "-f", "-", stdin=document)
            assert done.returncode == 1, (command, document, done)
            assert message in done.stderr and "standard input" in done.stderr, (command, document, done)


def test_a_data_directory_that_is_closed_to_us_says_what_to_do(town):
    town.start_server()
    assert stat.S_IMODE(town.data.stat().st_mode) == 0o700
    nobody = pwd.getpwnam("nobody")
    # Root becomes somebody else; anybody else closes the folder to himself.
    root = os.getuid() == 0
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if root else {}
    # pytest's own folders are closed to others, too: the data directory alone must be what refuses.
    with tempfile.TemporaryDirectory() as open_directory:
        os.chmod(open_directory, 0o755)
        binary = shutil.copy2(town.slipway_binary, open_directory)
        closed = pathlib.Path(open_directory) / "closed"
        closed.mkdir(mode=0o700)
        (closed / "fleet.yaml").write_text("kind: Fleet\n")
        if not root:
            closed.chmod(0)
        kubeconfig = pathlib.Path(shutil.copy2(town.data / "admin.kubeconfig", open_directory))
        kubeconfig.chmod(0o644)

        def refused(*arguments, **environment):
            return subprocess.run([binary, *arguments], env=environment, text=True, cwd="/", capture_output=True,
                                  timeout=60, check=False, **user)

        for environment in ({"SLIPWAY_DATA_DIR": str(closed)}, {"KUBECONFIG": str(closed / "admin.kubeconfig")}):
            done = refused("get", "fleets", **environment)
            assert done.returncode == 1, done
            assert "may not be read; set KUBECONFIG" in done.stderr, done
        for path in (closed / "fleet.yaml", closed):
            done = refused("apply", "-f", str(path), KUBECONFIG=str(kubeconfig))
            assert done.returncode == 1 and f"{path}: cannot be read" in done.stderr, done


def test_a_release_that_failed_is_retried_although_an_undo_came_after_it(town, world_module):
    town.populate()
    town.wait_for_phase(town.tree.push("First"), "Succeeded")
    town.tree.replace("shop.py", "Hello, {name}!", "Welcome, {name}!")
    town.tree.replace("test_shop.py", "Hello, Ada!", "Welcome, Ada!")
    town.wait_for_phase(town.tree.push("Second"), "Succeeded")
    town.tree.replace("shop.py", "Welcome, {name}!", "Goodbye, {name}!")
    third = town.tree.push("Third")
    town.wait_for_phase(third, "Halted")
    assert town.slipway("rollout", "undo", "shop", "--reason", "to look at it").startswith("rollouts/shop-4 created")
    assert slipway(town, "rollout", "status", "shop", "--timeout", "2m").returncode == 0
    world_module.wait_for("the hold to be told", lambda: " Held " in slipway(town, "describe", "app", "shop").stdout, 60)
    described = slipway(town, "describe", "app", "shop").stdout
    conditions, _, events = described.partition("\nEvents:")
    for part in (conditions, events):
        assert part.count("`slipway rollout resume shop`. Reason: to look at it.") == 1, described
    missing = slipway(town, "logs", "web-1", "nope")
    assert missing.stderr == "error: application nope does not run on web-1\n", missing
    held = slipway(town, "rollout", "retry", "shop")
    assert held.returncode == 1 and "lift the hold with `slipway rollout resume shop` first" in held.stderr, held
    history = slipway(town, "rollout", "history", "shop").stdout.splitlines()
    assert history[0].split() == ["NUMBER", "PHASE", "COMMIT", "CONFIG", "CAUSE", "AGE", "SUBJECT"]
    assert history[-1].endswith(" First (to look at it)"), history
    assert town.slipway("rollout", "resume", "shop") == "the hold of shop-4 is lifted\n"
    again = slipway(town, "rollout", "resume", "shop")
    assert (again.returncode, again.stderr) == (1, "error: nothing of shop is paused or held by a person\n")
    world_module.wait_for("the failure to be told", lambda: "failed in shop-3" in
                          slipway(town, "get", "app", "shop", "-o", "wide").stdout, 60)
    done = slipway(town, "rollout", "retry", "shop")
    assert done.returncode == 0, done
    assert done.stdout == f'rollouts/shop-5 created: {third[:8]} "Third", as in shop-3\n'
