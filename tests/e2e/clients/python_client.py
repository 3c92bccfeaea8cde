"""What programs that use PyPI's kubernetes do, asked of a real server: `python_client.py SCENARIO`, run by the Python of the peers."""

import os
import sys
import threading
import time

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

GROUP, VERSION = "slipway.dev", "v1alpha1"


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def status_of(code, call, *arguments, **options):
    """The exception of a call that must fail so."""
    try:
        call(*arguments, **options)
    except ApiException as failure:
        assert failure.status == code, failure
        return failure
    raise AssertionError(f"it worked, and should have been refused with {code}")


def settings(name, labels=None, **data):
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


def repository(name):
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "GitRepository", "metadata": {"name": name},
            "spec": {"url": f"https://example.com/{name}.git", "suspend": True}}


def crud(space):
    core = client.CoreV1Api()
    made = core.create_namespaced_config_map(space, settings("a", {"tier": "web"}, x="1"))
    assert made.metadata.uid and made.data == {"x": "1"}
    status_of(409, core.create_namespaced_config_map, space, settings("a"))
    assert [m.metadata.name for m in core.list_namespaced_config_map(space, label_selector="tier=web").items] == ["a"]
    made.data["x"] = "2"
    replaced = core.replace_namespaced_config_map("a", space, made)
    assert replaced.data == {"x": "2"}
    status_of(409, core.replace_namespaced_config_map, "a", space, made)
    core.create_namespaced_config_map(space, settings("dry"), dry_run="All")
    status_of(404, core.read_namespaced_config_map, "dry", space)
    core.delete_namespaced_config_map("a", space, dry_run="All")
    precondition = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
    status_of(409, core.delete_namespaced_config_map, "a", space, body=precondition)
    gone = core.delete_namespaced_config_map("a", space, propagation_policy="Background")
    assert gone["status"] == "Success", gone
    status_of(404, core.read_namespaced_config_map, "a", space)
    for name in ("b", "c", "d"):
        core.create_namespaced_config_map(space, settings(name, {"tier": "db" if name == "d" else "web"}))
    core.delete_collection_namespaced_config_map(space, label_selector="tier=web")
    assert [m.metadata.name for m in core.list_namespaced_config_map(space).items] == ["d"]


def patches(space):
    core, custom = client.CoreV1Api(), client.CustomObjectsApi()
    core.create_namespaced_config_map(space, settings("p", x="1"))
    merged = core.patch_namespaced_config_map("p", space, {"data": {"y": "2", "x": None}}, _content_type="application/merge-patch+json")
    assert merged.data == {"y": "2"}, merged
    json_patch = [{"op": "test", "path": "/data/y", "value": "2"}, {"op": "add", "path": "/data/z", "value": "3"}]
    assert core.patch_namespaced_config_map("p", space, json_patch).data == {"y": "2", "z": "3"}
    status_of(422, core.patch_namespaced_config_map, "p", space, [{"op": "test", "path": "/data/y", "value": "9"}])
    strategic = core.patch_namespaced_config_map("p", space, {"metadata": {"labels": {"a": "b"}}},
                                                 _content_type="application/strategic-merge-patch+json")
    assert strategic.metadata.labels == {"a": "b"}
    where = (GROUP, VERSION, space, "gitrepositories")
    custom.create_namespaced_custom_object(*where, repository("r"))
    changed = custom.patch_namespaced_custom_object(*where, "r", {"spec": {"interval": "7m"}}, _content_type="application/merge-patch+json")
    assert changed["spec"]["interval"] == "7m" and changed["metadata"]["generation"] == 2
    changed = custom.patch_namespaced_custom_object_status(*where, "r", {"status": {"observedGeneration": 2}},
                                                           _content_type="application/merge-patch+json")
    assert changed["status"]["observedGeneration"] == 2 and changed["metadata"]["generation"] == 2
    status_of(415, custom.patch_namespaced_custom_object, *where, "r", {"spec": {}},
              _content_type="application/strategic-merge-patch+json")


def watches(space):
    core = client.CoreV1Api()
    core.create_namespaced_config_map(space, settings("w-0"))
    listed = core.list_namespaced_config_map(space)
    version = listed.metadata.resource_version
    for name in ("w-1", "w-2"):
        core.create_namespaced_config_map(space, settings(name))
    core.delete_namespaced_config_map("w-0", space)
    seen = []
    stream = watch.Watch()
    for event in stream.stream(core.list_namespaced_config_map, space, resource_version=version, timeout_seconds=30):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 3:
            stream.stop()
    assert seen == [("ADDED", "w-1"), ("ADDED", "w-2"), ("DELETED", "w-0")], seen

    def forgotten():
        core.patch_namespaced_config_map("w-1", space, {"data": {"t": str(time.monotonic())}}, _content_type="application/merge-patch+json")
        try:
            events = watch.Watch().stream(core.list_namespaced_config_map, space, resource_version=version, timeout_seconds=1)
            return any(event["type"] == "ERROR" and event["raw_object"]["code"] == 410 for event in events)
        except ApiException as failure:
            assert failure.status == 410, failure
            return True

    until("the first version to be too old", forgotten)
    page = core.list_namespaced_config_map(space, limit=1)
    assert page.metadata._continue and page.metadata.remaining_item_count == 1
    assert len(core.list_namespaced_config_map(space, limit=1, _continue=page.metadata._continue).items) == 1


def election(space):
    order, threads = [], []

    def lead(name, seconds):
        def started():
            order.append(name)
            time.sleep(seconds)

        lock = LeaseLock("leader", space, name)
        settings_of = electionconfig.Config(lock, lease_duration=3, renew_deadline=2, retry_period=1, onstarted_leading=started,
                                            onstopped_leading=lambda: None)
        threads.append(threading.Thread(target=leaderelection.LeaderElection(settings_of).run, daemon=True))
        threads[-1].start()

    def read():
        return client.CoordinationV1Api().read_namespaced_lease("leader", space)

    def steal():
        """Whoever holds it is taken for dead."""
        lease = read()
        lease.spec.holder_identity = "thief"
        try:
            client.CoordinationV1Api().replace_namespaced_lease("leader", space, lease)
            return True
        except ApiException as failure:
            assert failure.status == 409, failure
            return False

    lead("first", 1)
    until("the first to lead", lambda: order == ["first"])
    lead("second", 1)
    lease = read()
    assert lease.spec.holder_identity == "first" and order == ["first"]
    until("the lease to be renewed", lambda: read().metadata.resource_version != lease.metadata.resource_version)
    # The next one takes over with the version that it saw.
    until("the lease to be stolen", steal)
    until("the second to lead, once the thief has not renewed it", lambda: "second" in order)
    # Who cannot renew gives up: a thread that goes on while Python ends can take the process down.
    until("the lease to be stolen again", steal)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def dynamic(space):
    api = DynamicClient(client.ApiClient())
    kinds = {resource.kind for found in api.resources.search() for resource in (found if isinstance(found, list) else [found])}
    assert {"GitRepository", "Fleet", "Application", "ConfigMap", "Secret", "Lease"} <= kinds, kinds
    repositories = api.resources.get(api_version=f"{GROUP}/{VERSION}", kind="GitRepository")
    made = repositories.create(repository("d"), namespace=space)
    assert made.spec.suspend is True
    stream = repositories.watch(namespace=space, resource_version=made.metadata.resourceVersion, timeout=30)
    repositories.patch({"spec": {"interval": "9m"}}, name="d", namespace=space, content_type="application/merge-patch+json")
    intervals = (event["object"].spec.interval for event in stream if event["type"] == "MODIFIED")
    assert next(interval for interval in intervals if interval != made.spec.interval) == "9m"  # its status changes, too
    body = repositories.get(name="d", namespace=space).to_dict()
    body["spec"]["interval"] = "3m"
    assert repositories.replace(body, namespace=space).spec.interval == "3m"
    assert len(repositories.get(namespace=space).items) == 1
    repositories.delete(name="d", namespace=space)
    assert not repositories.get(namespace=space).items


SCENARIOS = {"crud": crud, "patches": patches, "watches": watches, "election": election, "dynamic": dynamic}


def main():
    config.load_kube_config(os.environ["KUBECONFIG"])
    name = sys.argv[1]
    space = f"python-{name}"
    client.CoreV1Api().create_namespace({"metadata": {"name": space}})
    SCENARIOS[name](space)


if __name__ == "__main__":
    main()
