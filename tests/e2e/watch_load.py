"""Clients that write, watch and list at once, and write down what they saw; for watch_model to judge."""

import base64
import collections
import hashlib
import http.client
import json
import random
import ssl
import threading
import time
import urllib.parse

import yaml

from watch_model import Event, History, Listing, Stream, Thing, Write

PATH = "/api/v1/namespaces/default/configmaps"
NAMES = [f"thing-{number:02}" for number in range(12)]
TIERS = ("a", "b")
PACE = 0.02  # between two writes of one writer; all are judged, and that takes time
PADDING = "x" * 2000  # so that a connection that nobody reads from fills up


def thing_of(tree):
    """(revision, Thing) of an object. What it says at both of its ends must be the same."""
    metadata = dict(tree["metadata"])
    revision = int(metadata.pop("resourceVersion"))
    named = ("apiVersion", "kind")  # an item of a list says neither
    whole = json.dumps({field: value for field, value in tree.items() if field not in named} | {"metadata": metadata}, sort_keys=True)
    data = tree["data"]
    mark = data["a"] if data["a"] == data["z"] else f"torn: {data['a']} and {data['z']}"
    return revision, Thing(metadata["name"], metadata["uid"], metadata["labels"]["tier"], mark,
                           hashlib.sha256(whole.encode()).hexdigest()[:16])


class Client:
    """One connection to the API. Everything that goes wrong on it is an OSError."""

    def __init__(self, kubeconfig):
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        identity = kubeconfig.parent / f"identity-{threading.get_ident()}-{time.monotonic_ns()}.pem"
        identity.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        self.context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self.context.load_cert_chain(identity)
        identity.unlink()
        self.host = urllib.parse.urlsplit(cluster["server"]).netloc
        self.connection = None

    def open(self, method, target, body=None, content_type="application/json", timeout=20):
        """The answer, not read yet."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=timeout)
            self.connection.request(method, target, body and json.dumps(body), {"Content-Type": content_type})
            return self.connection.getresponse()
        except (OSError, http.client.HTTPException) as failure:
            self.close()
            raise OSError(str(failure)) from failure

    def ask(self, *request, **options):
        """(status, tree) of an answer; an OSError where there is none."""
        try:
            answer = self.open(*request, **options)
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as failure:
            self.close()
            raise OSError(str(failure)) from failure

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Load:
    """Writers, watchers and readers of one API, until stop()."""

    def __init__(self, kubeconfig, window, seed):
        self.kubeconfig, self.seed = kubeconfig, seed
        self.stopping, self.draining = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.past = collections.deque(maxlen=2000)  # (when, revision) that was known
        self.failures = []
        self.history = History(self.list_all(Client(kubeconfig)), window)
        self.last = self.history.first.revision  # the newest that somebody saw
        self.writers = [threading.Thread(target=self.guard, args=(self.write, number)) for number in range(6)]
        jobs = [(self.follow, None)] * 3 + [(self.follow, ("tier", "a")), (self.follow, ("tier", "b")), (self.follow, ("name", NAMES[0])),
                                            (self.begin_anew, None), (self.begin_anew, ("tier", "a")),
                                            (self.look_back, None), (self.read_slowly, None), (self.list_pages, None), (self.list_pages, None)]
        self.readers = [threading.Thread(target=self.guard, args=(job, 100 + number, selector))
                        for number, (job, selector) in enumerate(jobs)]

    def guard(self, job, number, *arguments):
        try:
            job(Client(self.kubeconfig), random.Random(self.seed * 1000 + number), *arguments)
        except Exception as failure:  # noqa: BLE001  (a thread's own would be lost)
            self.failures.append(failure)

    def start(self):
        for thread in self.writers + self.readers:
            thread.start()

    def stop(self):
        """Ends the writers, then the readers once they have seen everything; the history."""
        self.stopping.set()
        for thread in self.writers:
            thread.join()
        final = self.list_all(Client(self.kubeconfig))
        with self.lock:
            self.history.listings.append(final)
            self.last = final.revision
        self.draining.set()
        for thread in self.readers:
            thread.join()
        if self.failures:
            raise self.failures[0]
        return self.history

    def knows(self, revision):
        with self.lock:
            self.last = max(self.last, revision)
            self.past.append((time.monotonic(), revision))

    @staticmethod
    def list_all(client):
        asked = time.monotonic()
        _, tree = client.ask("GET", PATH)
        items = dict((thing.name, (revision, thing)) for revision, thing in map(thing_of, tree["items"]))
        return Listing(int(tree["metadata"]["resourceVersion"]), items, asked)

    # -- writers --------------------------------------------------------------------------------------------------------
    def write(self, client, rng):
        known = {}  # name -> (revision, uid) as this writer knows it
        for number in range(1_000_000):
            if self.stopping.is_set():
                return
            name, mark = rng.choice(NAMES), f"{threading.get_ident()}-{number}"
            verb = rng.choice(["create", "create", "update", "update", "update", "patch", "patch", "delete"])
            write = Write(verb, name, mark, time.monotonic())
            try:
                status, tree = self.ask_for(client, rng, write, known.get(name, (0, "")))
            except OSError:
                status, tree = 0, {}
            write.answered = time.monotonic()
            self.learn(write, status, tree, known)
            with self.lock:
                self.history.writes.append(write)
            time.sleep(PACE)

    def ask_for(self, client, rng, write, known):
        tier = rng.choice(TIERS)
        body = {"metadata": {"name": write.name, "labels": {"tier": tier}},
                "data": {"a": write.mark, "padding": PADDING, "z": write.mark}}
        path = f"{PATH}/{write.name}"
        if write.verb == "create":
            return client.ask("POST", PATH, body)
        if write.verb == "patch":
            return client.ask("PATCH", path, body, "application/merge-patch+json")
        if write.verb == "delete":
            demands = rng.choice([{}, {"uid": known[1]}]) if known[1] else {}
            return client.ask("DELETE", path, {"preconditions": demands})
        if known[0]:
            write.base = known[0]
            body["metadata"]["resourceVersion"] = str(known[0])
        return client.ask("PUT", path, body)

    def learn(self, write, status, tree, known):
        if status in (200, 201):
            write.outcome = "done"
            if write.verb == "delete":
                write.uid = tree["details"]["uid"]
                known.pop(write.name, None)
                return
            write.revision, write.thing = thing_of(tree)
            known[write.name] = (write.revision, write.thing.uid)
            self.knows(write.revision)
        elif status in (404, 409, 429):
            write.outcome = "refused"
            known.pop(write.name, None)

    # -- watchers -------------------------------------------------------------------------------------------------------
    def finished(self, position):
        return self.draining.is_set() and position >= self.last

    def watch(self, client, stream, seconds, pause=0.0):
        """Reads a stream to its end, whatever that is. True: it was heard at all."""
        query = {"watch": "true", "timeoutSeconds": str(seconds), "allowWatchBookmarks": "true"}
        if stream.after is None:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        else:
            query["resourceVersion"] = str(stream.after)
        query |= self.selection(stream.selector)
        stream.asked = time.monotonic()
        try:
            answer = client.open("GET", f"{PATH}?{urllib.parse.urlencode(query)}")
        except OSError:
            return False
        try:
            if answer.status != 200:
                return False
            for line in answer:
                if not line.endswith(b"\n"):
                    break  # cut in the middle
                if pause:
                    time.sleep(pause)
                self.hear(stream, json.loads(line))
        except (OSError, http.client.HTTPException):
            pass
        finally:
            client.close()
        stream.ended = stream.ended or time.monotonic()
        with self.lock:
            self.history.streams.append(stream)
        return True

    def hear(self, stream, told):
        if told["type"] == "ERROR":
            stream.expired, stream.ended = told["object"]["code"] == 410, time.monotonic()
            return
        if told["type"] == "BOOKMARK":
            metadata = told["object"]["metadata"]
            end = "k8s.io/initial-events-end" in metadata.get("annotations", {})
            stream.events.append(Event("BOOKMARK", int(metadata["resourceVersion"]), None, end))
            return
        stream.events.append(Event(told["type"], *thing_of(told["object"])))
        if stream.selector is None and told["type"] == "DELETED":
            self.knows(stream.events[-1].revision)

    @staticmethod
    def selection(selector):
        if selector is None:
            return {}
        kind, value = selector
        return {"fieldSelector": f"metadata.name={value}"} if kind == "name" else {"labelSelector": f"tier={value}"}

    def follow(self, client, rng, selector):
        """Goes on where it was, over ends, crashes and, where it must, expiries."""
        position, resumes = self.history.first.revision, False
        while not self.finished(position):
            stream = Stream(position, selector, resumes)
            if not self.watch(client, stream, rng.randint(1, 3)):
                time.sleep(0.02)
                continue
            position, resumes = max([position, *(event.revision for event in stream.events)]), True
            if stream.expired:
                position, resumes = self.restart(client), False

    def restart(self, client):
        while True:
            try:
                listing = self.list_all(client)
                with self.lock:
                    self.history.listings.append(listing)
                return listing.revision
            except OSError:
                time.sleep(0.02)

    def begin_anew(self, client, rng, selector):
        """Streams what there is, and then what happens, again and again."""
        while not self.draining.is_set():
            if not self.watch(client, Stream(None, selector), rng.randint(1, 2)):
                time.sleep(0.02)

    def look_back(self, client, rng, selector):
        """Begins at what was the newest some time ago."""
        while not self.draining.is_set():
            with self.lock:
                known = [revision for _, revision in self.past]
            if known:
                self.watch(client, Stream(rng.choice(known), selector), 1)
            time.sleep(0.2)

    def read_slowly(self, client, rng, selector):
        """Takes an event now and then, so that history is forgotten under it."""
        while not self.draining.is_set():
            if not self.watch(client, Stream(self.last, selector), 6, pause=rng.uniform(0.0, 0.05)):
                time.sleep(0.02)

    def list_pages(self, client, rng, _selector):
        while not self.draining.is_set():
            limit, exact = rng.choice([0, 1, 5]), rng.random() < 0.3
            with self.lock:
                back = rng.choice(self.past)[1] if self.past else 0
            query = f"resourceVersionMatch=Exact&resourceVersion={back}&" if exact and back else ""
            asked, items, token, revision = time.monotonic(), {}, "", 0
            try:
                while True:
                    status, page = client.ask("GET", f"{PATH}?{query if not token else ''}limit={limit}&continue={token}")
                    if status != 200:
                        break
                    items |= {thing.name: (version, thing) for version, thing in map(thing_of, page["items"])}
                    if revision and revision != int(page["metadata"]["resourceVersion"]):
                        raise AssertionError(f"a list at {revision} goes on at {page['metadata']['resourceVersion']}")
                    revision, token = int(page["metadata"]["resourceVersion"]), page["metadata"].get("continue", "")
                    if not token:
                        with self.lock:
                            self.history.listings.append(Listing(revision, items, asked, None, bool(query)))
                        break
            except OSError:
                pass
            time.sleep(0.05)
