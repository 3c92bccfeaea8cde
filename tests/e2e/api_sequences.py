"""Random requests to an API, and what they come to, in a form in which two APIs can be compared. A sequence is data: it is made from a
seed, or read from a file, and refers to what is only known when it runs as ["revision", NAME] or ["uid", NAME].
"""

import copy
import http.client
import json
import random
import re

GROUP = "slipway.dev/v1alpha1"
PATHS = {"Application": "/apis/slipway.dev/v1alpha1/namespaces/{}/applications", "ConfigMap": "/api/v1/namespaces/{}/configmaps",
         "Secret": "/api/v1/namespaces/{}/secrets", "GitRepository": "/apis/slipway.dev/v1alpha1/namespaces/{}/gitrepositories"}
TYPES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json",
         "strategic": "application/strategic-merge-patch+json", "apply": "application/apply-patch+yaml"}
MANAGERS = ["ann", "ben", "kubectl"]


class Maker:
    """Makes one sequence. Objects are called NAME-a, NAME-b; values come from few, so that people meet."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.kind = self.rng.choices(list(PATHS), [5, 2, 1, 2])[0]

    def sequence(self):
        requests = [self.first()]
        for _ in range(self.rng.randint(3, 12)):
            requests.append(self.request())
        return {"kind": self.kind, "requests": requests}

    def chance(self, part):
        return self.rng.random() < part

    def some(self, values, least=0):
        count = self.rng.randint(least, len(values))
        return self.rng.sample(values, count)

    def name(self):
        return "a" if self.chance(0.85) else "b"

    # -- objects ------------------------------------------------------------------------------------------------------
    def labels(self):
        return {key: self.rng.choice(["x", "y", ""]) for key in self.some(["tier", "zone", "example.com/role"])}

    def metadata(self, name):
        metadata = {"name": ["name", name]}
        if self.chance(0.4):
            metadata["labels"] = self.labels()
        if self.chance(0.3):
            metadata["annotations"] = {key: self.rng.choice(["1", "2"]) for key in self.some(["note", "example.com/by"])}
        if self.chance(0.1):
            metadata["finalizers"] = self.some(["example.com/one", "example.com/two"], 1)
        return metadata

    def whole(self, name, spare=False):
        """A whole object; `spare`: only what somebody wants who applies."""
        tree = {"apiVersion": GROUP if self.kind in ("Application", "GitRepository") else "v1", "kind": self.kind,
                "metadata": self.metadata(name)}
        tree |= getattr(self, self.kind.lower())(spare)
        if self.chance(0.04):
            self.spoil(tree)
        return tree

    def application(self, spare):
        spec = {}
        if not spare or self.chance(0.5):
            spec["source"] = {"repository": self.rng.choice(["shop", "cart"])}
        if not spare or self.chance(0.5):
            spec["servers"] = {"fleets": self.some(["web", "db", "cache"], 1)}
        if self.chance(0.2):
            spec.setdefault("servers", {})["selector"] = {"matchLabels": {"zone": self.rng.choice(["a", "b"])}}
        if not spare or self.chance(0.7):
            spec["release"] = self.release(spare)
        if self.chance(0.4):
            spec["strategy"] = self.strategy()
        if self.chance(0.3):
            spec["revisionHistoryLimit"] = self.rng.choice([3, 10])
        spec["suspend"] = True
        return {"spec": spec}

    def release(self, spare):
        release = {}
        if self.chance(0.6):
            release["env"] = self.some([{"name": "PORT", "value": self.rng.choice(["1", "2"])}, {"name": "MODE"},
                                        {"name": "DEBUG", "value": self.rng.choice(["", "yes"])}])
        if self.chance(0.3):
            release["shared"] = {"files": self.some(["a.json", "b.json"], 1)}
        if self.chance(0.2):
            release["keep"] = self.rng.choice([3, 5])
        if not spare or self.chance(0.6):
            release["processes"] = [self.process(name) for name in self.some(["web", "worker"], 1)]
        return release

    def process(self, name):
        process = {"name": name, "run": self.rng.choice(["exec ./a", "exec ./b"])}
        if self.chance(0.4):
            process["health"] = {"http": {"port": self.rng.choice([80, 8080])}}
            if self.chance(0.5):
                process["health"]["interval"] = self.rng.choice(["1s", "3s"])
        return process

    def strategy(self):
        strategy = {}
        if self.chance(0.5):
            strategy["waves"] = self.rng.choice([[{"upTo": 1}], [{"name": "one", "upTo": 1}, {"upTo": "50%"}], []])
        if self.chance(0.5):
            strategy["maxUnavailable"] = self.rng.choice([1, "25%", "50%"])
        if self.chance(0.3):
            strategy["rollback"] = self.rng.choice(["Automatic", "Never"])
        if self.chance(0.2):
            strategy["unreachable"] = {"max": self.rng.choice([0, "10%"])}
        return strategy

    def gitrepository(self, spare):
        spec = {}
        if not spare or self.chance(0.6):
            spec["url"] = self.rng.choice(["https://git.example.com/a.git", "https://git.example.com/b.git"])
        if self.chance(0.5):
            spec["ref"] = self.rng.choice([{"branch": "main"}, {"branch": "next"}, {"tag": "v1"}, {}])
        if self.chance(0.4):
            spec["interval"] = self.rng.choice(["1m", "5m"])
        if self.chance(0.2):
            spec["secretRef"] = {"name": "key"}
        spec["suspend"] = True
        return {"spec": spec}

    def configmap(self, _spare):
        tree = {}
        if self.chance(0.9):
            tree["data"] = {key: self.rng.choice(["1", "2", ""]) for key in self.some(["a", "b", "c.txt"])}
        if self.chance(0.1):
            tree["binaryData"] = {"bin": self.rng.choice(["AA==", "/w=="])}
        if self.chance(0.03):
            tree["immutable"] = self.chance(0.7)
        return tree

    def secret(self, _spare):
        tree = {}
        if self.chance(0.7):
            tree["data"] = {key: self.rng.choice(["MQ==", "Mg==", ""]) for key in self.some(["a", "b"])}
        if self.chance(0.3):
            tree["stringData"] = {key: self.rng.choice(["1", "2"]) for key in self.some(["a", "c"])}
        if self.chance(0.2):
            tree["type"] = self.rng.choice(["Opaque", "example.com/mine"])
        return tree

    # -- what is wrong ------------------------------------------------------------------------------------------------
    def spoil(self, tree):
        """Makes one thing in it wrong or strange."""
        places = list(self.places(tree)) or [(tree, "data")]
        holder, key = self.rng.choice(places)
        how = self.rng.choice(["unknown", "null", "type", "text", "remove"])
        if how == "unknown" and isinstance(holder, dict):
            holder["colour"] = "blue"
        elif how == "null":
            holder[key] = None
        elif how == "type":
            holder[key] = self.rng.choice([7, True, [], {}, "text"])
        elif how == "text":
            holder[key] = self.rng.choice(["No Such Value", "-", ""])
        elif isinstance(holder, dict):
            holder.pop(key, None)

    def places(self, tree):
        """(holder, key) of everything but what says which object it is."""
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in items:
            if key in ("apiVersion", "kind", "metadata") or (isinstance(value, list) and value[:1] == ["name"]):
                continue
            yield tree, key
            if isinstance(value, (dict, list)):
                yield from self.places(value)

    # -- requests -----------------------------------------------------------------------------------------------------
    def first(self):
        return self.create("a") if self.chance(0.6) else self.apply("a", spare=self.chance(0.15))

    def request(self):
        name = self.name()
        made = self.rng.choices(
            [self.create, self.update, self.merge, self.json_patch, self.strategic, self.apply, self.status, self.label, self.delete,
             self.get], [1, 3, 4, 3, 2, 7, 2, 2, 1, 1])[0]
        return made(name)

    def ask(self, method, name, body, query=None, content_type="application/json", part=""):
        return {"method": method, "name": name, "part": part, "query": query or {}, "type": content_type, "body": body}

    def query(self, manager=True):
        query = {}
        if manager and self.chance(0.8):
            query["fieldManager"] = self.rng.choice(MANAGERS)
        if self.chance(0.08):
            query["dryRun"] = "All"
        if self.chance(0.15):
            query["fieldValidation"] = self.rng.choice(["Strict", "Warn", "Ignore"])
        return query

    def revision(self, name, metadata, part=0.3):
        if self.chance(part):
            metadata["resourceVersion"] = ["revision", name] if self.chance(0.85) else "1"

    def create(self, name):
        return self.ask("POST", name, self.whole(name), self.query())

    def update(self, name):
        if self.chance(0.5):  # As somebody does who reads, changes and writes back.
            return self.ask("PUT", name, ["changed", name, self.changes(name)], self.query())
        body = self.whole(name)
        self.revision(name, body["metadata"], 0.85)
        if self.chance(0.08):
            body["metadata"]["managedFields"] = self.rng.choice([[], [{}]])
        if self.chance(0.05):
            body["metadata"]["uid"] = ["uid", name] if self.chance(0.5) else "00000000-0000-0000-0000-000000000000"
        return self.ask("PUT", name, body, self.query())

    def changes(self, name):
        """A merge patch that fits: parts of another object, and some nulls."""
        patch = self.whole(name, spare=True)
        for key in ("apiVersion", "kind"):
            del patch[key]
        del patch["metadata"]["name"]
        patch["metadata"].pop("finalizers", None)
        if self.chance(0.3):
            places = [(holder, key) for holder, key in self.places(patch) if isinstance(holder, dict)]
            if places:
                holder, key = self.rng.choice(places)
                holder[key] = None
        if self.chance(0.15):
            patch["metadata"]["finalizers"] = self.rng.choice([None, [], ["example.com/one"]])
        return patch

    def merge(self, name):
        body = self.changes(name)
        self.revision(name, body["metadata"], 0.1)
        return self.ask("PATCH", name, body, self.query(), TYPES["merge"])

    def strategic(self, name):
        body = self.changes(name)
        if self.chance(0.2):
            body["metadata"].pop("finalizers", None)  # Kubernetes does both in any order.
            body["metadata"]["$deleteFromPrimitiveList/finalizers"] = ["example.com/one"]
        if self.chance(0.15) and isinstance(body.get("data"), dict):
            body["data"]["$patch"] = self.rng.choice(["replace", "delete", "merge", "other"])
        return self.ask("PATCH", name, body, self.query(), TYPES["strategic"])

    def json_patch(self, name):
        paths = ["/metadata/labels", "/metadata/labels/tier", "/metadata/annotations/note", "/metadata/finalizers"]
        paths += {"Application": ["/spec/release/keep", "/spec/release/env", "/spec/release/env/0", "/spec/servers/fleets/-",
                                  "/spec/release/processes/0/run", "/spec/strategy", "/spec/nothing"],
                  "GitRepository": ["/spec/ref", "/spec/ref/branch", "/spec/interval", "/spec/url", "/spec/secretRef"],
                  "ConfigMap": ["/data/a", "/data", "/immutable"], "Secret": ["/data/a", "/stringData", "/type"]}[self.kind]
        values = ["web", "exec ./c", "5m", {}, {"tier": "z"}, [], [{"name": "PORT", "value": "3"}], 4, None]
        operations = []
        for _ in range(self.rng.randint(1, 3)):
            operation = {"op": self.rng.choice(["add", "replace", "remove", "test", "add"]), "path": self.rng.choice(paths)}
            if operation["op"] != "remove":
                operation["value"] = self.rng.choice(values)
            operations.append(operation)
        return self.ask("PATCH", name, operations, self.query(), TYPES["json"])

    def apply(self, name, spare=None):
        body = self.whole(name, spare=self.chance(0.7) if spare is None else spare)
        self.revision(name, body["metadata"], 0.04)
        query = self.query(manager=False)
        if self.chance(0.98):
            query["fieldManager"] = self.rng.choice(MANAGERS)
        if self.chance(0.4):
            query["force"] = self.rng.choice(["true", "true", "false"])
        return self.ask("PATCH", name, body, query, TYPES["apply"])

    def status(self, name):
        if self.kind not in ("Application", "GitRepository"):
            return self.get(name)
        status = {"observedGeneration": self.rng.choice([1, 2])}
        if self.chance(0.6):
            status["conditions"] = [{"type": kind, "status": self.rng.choice(["True", "False"]), "reason": "Why", "message": "so",
                                     "lastTransitionTime": "2026-01-01T00:00:00Z"} for kind in self.some(["Ready", "Stalled"], 1)]
        if self.chance(0.3):
            return self.ask("PATCH", name, {"apiVersion": GROUP, "kind": self.kind, "metadata": {"name": ["name", name]},
                                            "status": status}, {"fieldManager": self.rng.choice(MANAGERS), "force": "true"},
                            TYPES["apply"], "/status")
        body = {"status": status}
        if self.chance(0.3):
            body["spec"] = {"suspend": False}
        if self.chance(0.3):
            body["metadata"] = {"labels": self.labels()}
        return self.ask("PATCH", name, body, self.query(), TYPES["merge"], "/status")

    def label(self, name):
        labels = {key: self.rng.choice(["x", "y", None]) for key in ("tier", "zone")}
        return self.ask("PATCH", name, {"metadata": {"labels": labels}}, {"fieldManager": "kubectl-label"}, TYPES["merge"])

    def delete(self, name):
        body = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if self.chance(0.2):
            body["preconditions"] = self.rng.choice([{"uid": ["uid", name]}, {"resourceVersion": ["revision", name]},
                                                     {"uid": "00000000-0000-0000-0000-000000000000"}, {"resourceVersion": "1"}])
        if self.chance(0.2):
            body["dryRun"] = ["All"]
        return self.ask("DELETE", name, body if self.chance(0.8) else None)

    def get(self, name):
        return self.ask("GET", name, None)


# -- running -------------------------------------------------------------------------------------------------------------
def merged(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class Runner:
    """Runs sequences against one API, in one namespace."""

    def __init__(self, api, namespace):
        self.api, self.namespace = api, namespace

    def run(self, sequence, label):
        """What each request came to, and at the end what is there. `label` becomes part of the names of the objects."""
        self.label, self.seen, self.words = label, {}, {"uid": {}, "revision": {}}
        collection = PATHS[sequence["kind"]].format(self.namespace)
        replies = [self.reply(collection, request) for request in sequence["requests"]]
        for name in ("a", "b"):
            replies.append(self.reply(collection, {"method": "GET", "name": name, "part": "", "query": {}, "type": "", "body": None}))
        return replies

    def full(self, name):
        return f"{self.label}-{name}"

    def reply(self, collection, request):
        path = collection if request["method"] == "POST" else f"{collection}/{self.full(request['name'])}{request['part']}"
        query = "&".join(f"{key}={value}" for key, value in request["query"].items())
        try:
            status, headers, body = self.api.ask(request["method"], path + ("?" + query if query else ""),
                                                 self.filled(request["body"]), request["type"])
        except (OSError, http.client.HTTPException) as error:
            return {"status": 0, "warnings": [], "body": f"no answer: {error!r}"}
        if status < 300 and isinstance(body, dict) and body.get("kind") != "Status" and "dryRun" not in request["query"]:
            self.seen[request["name"]] = body
        return {"status": status, "warnings": sorted(headers.get_all("Warning") or []), "body": self.plain(body)}

    def filled(self, tree):
        """With what is only known now."""
        if isinstance(tree, dict):
            return {key: self.filled(value) for key, value in tree.items()}
        if not isinstance(tree, list):
            return tree
        if len(tree) == 2 and tree[0] in ("name", "uid", "revision") and isinstance(tree[1], str):
            if tree[0] == "name":
                return self.full(tree[1])
            metadata = self.seen.get(tree[1], {}).get("metadata", {})
            return metadata.get("uid" if tree[0] == "uid" else "resourceVersion", "1")
        if len(tree) == 3 and tree[0] == "changed":
            return merged(copy.deepcopy(self.seen.get(tree[1], {"metadata": {"name": self.full(tree[1])}})), self.filled(tree[2]))
        return [self.filled(value) for value in tree]

    # -- what differs from run to run ---------------------------------------------------------------------------------
    def word(self, sort, value):
        """The same word for the same value: first, second, …"""
        return self.words[sort].setdefault(value, f"{sort}-{len(self.words[sort]) + 1}")

    def plain(self, body):
        if not isinstance(body, dict):
            return repr(body)
        text = json.dumps(body).replace(self.label + "-", "NAME-")
        body = json.loads(re.sub(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', lambda found: '"TIME"' if "2026-01-01" not in found[0] else found[0],
                                 text))
        if body.get("kind") == "Status":
            return self.plain_status(body)
        metadata = body.get("metadata", {})
        for field, sort in (("uid", "uid"), ("resourceVersion", "revision")):
            if field in metadata:
                metadata[field] = self.word(sort, metadata[field])
        if "managedFields" in metadata:
            metadata["managedFields"].sort(key=lambda entry: json.dumps([entry.get(part) for part in (
                "operation", "manager", "apiVersion", "subresource")]))
        return body

    def plain_status(self, body):
        details = body.get("details", {})
        if "uid" in details:
            details["uid"] = self.word("uid", details["uid"])
        causes = details.get("causes", [])
        for cause in causes:
            cause["message"] = self.plain_text(cause.get("message", ""))
        body["message"] = self.plain_text(body.get("message", ""))
        if len(causes) > 1:  # Some come in the order of a hash.
            causes.sort(key=lambda cause: json.dumps(cause, sort_keys=True))
            body["message"] = re.sub(r"(is invalid: \[).*\]$", r"\1…]", body["message"], flags=re.S)
        return body

    def plain_text(self, text):
        for uid, word in self.words["uid"].items():
            text = text.replace(uid, word)
        # Where Kubernetes keeps it is its own affair, and so is how it writes down a whole object; of a Secret we show nothing.
        text = re.sub(r"StorageError: invalid object, Code: \d+, Key: \S+, ResourceVersion: \d+, AdditionalErrorMsg: ", "", text)
        text = re.sub(r'Invalid value: "(\{.*?[}…]|\(hidden\))": ', "Invalid value: OBJECT: ", text, flags=re.S)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "TIME", text)
        text = re.sub(r"\(\{.{0,40} \.\.\.\)$", "(BODY ...)", text, flags=re.S)  # Cut off somewhere, with a name in it.
        return re.sub(r"(resource ?version.{0,60}?)\b\d+\b", r"\1REVISION", text, flags=re.I)


def shape(sequence, found):
    """What a difference is about, without its details: those that have one cause look alike."""
    index, where, real, ours = found
    requests = sequence["requests"]
    kind = "end" if index >= len(requests) else requests[index]["method"] + " " + requests[index]["type"].split("/")[-1] + (
        requests[index]["part"])
    place = re.sub(r"\[\d+\]|v:.*|k:\{.*", "", where.split(": ")[0])
    return f"{sequence['kind']} {kind} {real['status']}/{ours['status']} {place[:80]}"
