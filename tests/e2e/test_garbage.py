"""What becomes of objects whose owners are gone, seen from outside. SLIPWAY_JUDGE=kubernetes asks the same of Kubernetes itself, whose
garbage collector is what ours must be like.
"""

import itertools
import os

import pytest
from conftest import APPLICATION, demo_world
from kubernetes_world import Kubernetes, Slipway

OURS = "/apis/slipway.dev/v1alpha1/namespaces/{}/"
PLACES = {"ConfigMap": ("v1", "/api/v1/namespaces/{}/configmaps"), "Secret": ("v1", "/api/v1/namespaces/{}/secrets"),
          "Event": ("v1", "/api/v1/namespaces/{}/events"), "Namespace": ("v1", "/api/v1/namespaces"),
          "Lease": ("coordination.k8s.io/v1", "/apis/coordination.k8s.io/v1/namespaces/{}/leases"),
          "GitRepository": ("slipway.dev/v1alpha1", OURS + "gitrepositories"), "Server": ("slipway.dev/v1alpha1", OURS + "servers")}
SPECS = {"GitRepository": {"spec": {"url": "https://127.0.0.1/shop.git"}}, "Server": {"spec": {"fleet": "web"}}}
MERGE = "application/merge-patch+json"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    kind = Kubernetes if os.environ.get("SLIPWAY_JUDGE") == "kubernetes" else Slipway
    started = kind(tmp_path_factory.mktemp("side") / "one")
    yield started
    started.close()


@pytest.fixture
def world(side):
    return Objects(side.api, f"garbage-{next(numbers)}")


class Objects:
    """Objects in a namespace of their own; made, deleted and looked at."""

    def __init__(self, api, namespace):
        self.api, self.namespace = api, namespace
        api.must("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})

    def collection(self, kind, namespace=None):
        return PLACES[kind][1].format(namespace or self.namespace)

    def make(self, kind, name, *owners, namespace=None, **metadata):
        """`owners`: what make() returned, or owner references."""
        references = [{"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                       "uid": owner["metadata"]["uid"]} if "metadata" in owner else owner for owner in owners]
        extra = SPECS.get(kind, {})
        if kind == "Event":
            extra = {"involvedObject": {"kind": "ConfigMap", "name": "any", "namespace": self.namespace}}
        body = {"apiVersion": PLACES[kind][0], "kind": kind, "metadata": {"name": name, "ownerReferences": references} | metadata}
        return self.api.must("POST", self.collection(kind, namespace), body | extra)

    def get(self, made):
        path = self.collection(made["kind"], made["metadata"].get("namespace")) + "/" + made["metadata"]["name"]
        status, _, answer = self.api.ask("GET", path)
        return answer if status == 200 and answer["metadata"]["uid"] == made["metadata"]["uid"] else None

    def delete(self, made, policy=None):
        path = self.collection(made["kind"], made["metadata"].get("namespace")) + "/" + made["metadata"]["name"]
        return self.api.must("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy} if policy else None)

    def release(self, made):
        path = self.collection(made["kind"], made["metadata"].get("namespace")) + "/" + made["metadata"]["name"]
        self.api.must("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)

    def gone(self, *made):
        for each in made:
            demo_world.wait_for(f"{each['kind']} {each['metadata']['name']} to be gone", lambda each=each: self.get(each) is None, 60, 0.1)

    def deleting(self, made):
        demo_world.wait_for(f"{made['metadata']['name']} to be deleted",
                            lambda: "deletionTimestamp" in self.get(made)["metadata"], 60, 0.1)

    def owners(self, made):
        """Names of the owners that it names now."""
        return [owner["name"] for owner in self.get(made)["metadata"].get("ownerReferences", [])]

    def settled(self):
        """Returns once what was made before was looked at: something that is certain to be collected was."""
        self.gone(self.make("ConfigMap", f"last-{next(numbers)}", reference("ConfigMap", "never-there")))


def reference(kind, name, uid="00000000-0000-4000-8000-000000000001", **more):
    return {"apiVersion": PLACES[kind][0] if kind in PLACES else "example.com/v1", "kind": kind, "name": name, "uid": uid} | more


def blocking(owner):
    return reference(owner["kind"], owner["metadata"]["name"], owner["metadata"]["uid"], blockOwnerDeletion=True)


@pytest.mark.parametrize("policy", [None, "Background"])
def test_what_belonged_to_it_goes_with_it_whatever_the_kinds(world, policy):
    owner = world.make("ConfigMap", "owner")
    children = [world.make(kind, "child", owner) for kind in ("ConfigMap", "Secret", "Lease", "GitRepository", "Server")]
    grandchild = world.make("ConfigMap", "grandchild", children[3])
    other = world.make("ConfigMap", "other")
    world.delete(owner, policy)
    world.gone(owner, *children, grandchild)
    assert world.get(other)


def test_in_the_foreground_dependents_that_block_go_first(world):
    owner = world.make("Lease", "owner")
    held = world.make("ConfigMap", "held", blocking(owner), finalizers=["example.com/hold"])
    free = world.make("Secret", "free", owner, finalizers=["example.com/hold"])
    marked = world.delete(owner, "Foreground")
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    world.deleting(held)
    world.deleting(free)
    world.settled()
    assert world.get(owner), "one that blocks is left"
    world.release(held)
    world.gone(held, owner)
    assert world.get(free), "it blocks nobody"
    world.release(free)
    world.gone(free)


def test_in_the_foreground_grandchildren_go_before_children(world):
    owner = world.make("ConfigMap", "owner")
    child = world.make("ConfigMap", "child", blocking(owner))
    grandchild = world.make("ConfigMap", "grandchild", blocking(child), finalizers=["example.com/hold"])
    world.delete(owner, "Foreground")
    world.deleting(grandchild)
    world.settled()
    assert world.get(child)["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert world.get(owner)
    world.release(grandchild)
    world.gone(grandchild, child, owner)


def test_orphans_lose_the_reference_and_stay(world):
    owner, other = world.make("Secret", "owner"), world.make("ConfigMap", "other")
    one, two = world.make("ConfigMap", "one", owner), world.make("Lease", "two", other, owner)
    assert world.delete(owner, "Orphan")["metadata"]["finalizers"] == ["orphan"]
    world.gone(owner)
    assert (world.owners(one), world.owners(two)) == ([], ["other"])
    world.settled()
    assert world.get(one) and world.get(two)


def test_the_policy_can_be_a_finalizer_and_changes_with_the_next_deletion(world):
    owner = world.make("ConfigMap", "owner", finalizers=["orphan"])
    child = world.make("ConfigMap", "child", owner)
    world.delete(owner)
    world.gone(owner)
    assert world.owners(child) == []
    owner = world.make("ConfigMap", "owner")
    held = world.make("ConfigMap", "held", blocking(owner), finalizers=["example.com/hold"])
    world.delete(owner, "Foreground")
    world.deleting(held)
    assert world.delete(owner, "Background")["status"] == "Success"
    assert world.get(owner) is None and world.get(held)
    world.release(held)
    world.gone(held)


def test_an_owner_that_never_was_or_is_another_one_counts_as_absent(world):
    owner = world.make("ConfigMap", "owner")
    world.gone(world.make("ConfigMap", "lost", reference("ConfigMap", "never-there")),
               world.make("Secret", "wrong", reference("ConfigMap", "owner")))
    assert world.get(owner)


def test_an_owner_in_another_namespace_counts_as_absent(world):
    elsewhere = f"garbage-{next(numbers)}"
    world.api.must("POST", "/api/v1/namespaces", {"metadata": {"name": elsewhere}})
    owner = world.make("ConfigMap", "owner", namespace=elsewhere)
    world.gone(world.make("ConfigMap", "child", owner))
    assert world.get(owner)


def test_a_dependent_gets_an_owner_that_is_absent_only_later(world):
    child = world.make("ConfigMap", "child")
    world.settled()
    path = world.collection("ConfigMap") + "/child"
    world.api.must("PATCH", path, {"metadata": {"ownerReferences": [reference("Secret", "no")]}}, content_type=MERGE)
    world.gone(child)


def test_one_owner_that_lives_is_enough_and_the_others_are_forgotten(world):
    first, second = world.make("ConfigMap", "first"), world.make("Secret", "second")
    child = world.make("ConfigMap", "child", first, second, reference("ConfigMap", "never-there"))
    demo_world.wait_for("the absent owner to be forgotten", lambda: world.owners(child) == ["first", "second"], 60, 0.1)
    world.delete(first)
    demo_world.wait_for("the other one to be forgotten", lambda: world.owners(child) == ["second"], 60, 0.1)
    world.delete(second)
    world.gone(child)


def test_in_the_foreground_a_dependent_with_another_owner_is_let_go(world):
    first, second = world.make("ConfigMap", "first"), world.make("ConfigMap", "second")
    child = world.make("ConfigMap", "child", blocking(first), blocking(second))
    world.delete(first, "Foreground")
    world.gone(first)
    assert world.owners(child) == ["second"]


def test_a_circle_goes_too(world):
    one = world.make("ConfigMap", "one")
    two = world.make("ConfigMap", "two", blocking(one))
    path = world.collection("ConfigMap") + "/one"
    world.api.must("PATCH", path, {"metadata": {"ownerReferences": [blocking(two)]}}, content_type=MERGE)
    world.delete(one, "Foreground")
    world.gone(one, two)


def test_a_namespace_owns_what_is_elsewhere(world):
    name = f"garbage-{next(numbers)}"
    owner = world.api.must("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    child = world.make("ConfigMap", "child", reference("Namespace", name, owner["metadata"]["uid"]))
    world.settled()
    assert world.get(child)
    world.api.must("DELETE", f"/api/v1/namespaces/{name}", {"propagationPolicy": "Foreground"})
    world.gone(child)


def test_what_nobody_can_judge_stays(world):
    name = f"garbage-{next(numbers)}"
    stays = [world.make("ConfigMap", "foreign", reference("Widget", "one")), world.make("Event", "event", reference("ConfigMap", "no")),
             world.make("Namespace", name, reference("ConfigMap", "no"))]
    world.settled()
    assert all(world.get(each) for each in stays)


def test_a_crash_loses_nothing(tmp_path):
    side = Slipway(tmp_path / "slipway")
    try:
        world = Objects(side.api, "garbage")
        owner = world.make("ConfigMap", "owner")
        children = [world.make("ConfigMap", f"child-{number}", owner) for number in range(200)]
        world.delete(owner)
        side.world.server.kill()
        side.start()
        world.api = side.api
        world.gone(*children)
    finally:
        side.close()


def test_an_application_that_is_made_again_counts_on_from_the_rollouts_that_were_orphaned(town):
    town.populate()
    first = town.tree.push("First")
    town.wait_for_phase(first, "Succeeded")
    town.ask_api("DELETE", OURS.format("default") + "applications/shop", {"propagationPolicy": "Orphan"})
    demo_world.wait_for("the application to be gone", lambda: not town.list("applications"), 60)
    demo_world.wait_for("the servers to forget it", lambda: not any(s["spec"].get("releases") for s in town.list("servers")), 60)
    town.slipway("apply", "-f", "-", stdin=APPLICATION.replace("spec:", "spec:\n  suspend: true", 1))
    for command, error in (["history"], "no rollout yet"), (["undo"], "nothing to go back to"), (["status", "--timeout", "2s"], "no rollout of"):
        with pytest.raises(demo_world.WorldError, match=error):
            town.slipway("rollout", *command, "shop")
    town.slipway("apply", "-f", "-", stdin=APPLICATION)
    assert "shop-2" in town.slipway("rollout", "status", "shop", "--timeout", "2m")
    assert town.serving() == {"web-1": first, "web-2": first, "web-3": first}
    assert "ownerReferences" not in town.get("rollout", "shop-1")["metadata"]
    assert town.get("application", "shop")["status"]["stable"]["rollout"] == "shop-2"
    rows = town.slipway("rollout", "history", "shop").splitlines()
    assert [row.split()[0] for row in rows] == ["NUMBER", "2"]
