"""Random writes of one object by several managers: our rules of ownership and those of kube-apiserver say the same. `make(seed)` gives a
sequence; apply_oracle/README.md says how it is compared and recorded.
"""

import argparse
import copy
import json
import lzma
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import schema_files

RECORD = pathlib.Path(__file__).with_name("recorded_applies.json.xz")
KINDS = ["Application", "Fleet", "Server"]
VERSION = {"group": "slipway.dev", "version": "v1alpha1"}
TOPOLOGY = {"type", "properties", "additionalProperties", "items", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
            "x-kubernetes-map-type", "x-kubernetes-int-or-string", "default"}
TEXTS = ["a", "b", 'c<&>"\n', "x"]


def topology(schema):
    """What ownership depends on."""
    kept = {keyword: value for keyword, value in schema.items() if keyword in TOPOLOGY}
    for keyword in ("items", "additionalProperties"):
        if keyword in kept:
            kept[keyword] = topology(kept[keyword])
    if "properties" in kept:
        kept["properties"] = {name: topology(below) for name, below in kept["properties"].items()}
    return kept


SCHEMAS = {kind: topology(schema) for kind, schema in schema_files.all_schemas().items() if kind in KINDS}


class Trees:
    """Makes trees that are in the schema, and hardly ever valid: few values, so that managers meet."""

    def __init__(self, rng):
        self.rng = rng
        self.part = rng.choice([0.1, 0.2, 0.3])  # of the fields that are there

    def chance(self, part):
        return self.rng.random() < part

    def value(self, schema):
        if self.chance(0.02):
            return None
        if "x-kubernetes-int-or-string" in schema:
            return self.rng.choice([1, 2, "10%"])
        if schema["type"] == "array":
            return self.items(schema)
        if schema["type"] == "object":
            return self.fields(schema)
        return self.rng.choice({"string": TEXTS, "integer": [1, 2, 9, 10], "boolean": [True, False]}[schema["type"]])

    def fields(self, schema, names=None):
        tree = {name: self.value(below) for name, below in schema.get("properties", {}).items()
                if (names is None or name in names) and self.chance(self.part)}
        if "additionalProperties" in schema:
            tree |= {name: self.value(schema["additionalProperties"]) for name in "abc" if self.chance(0.4)}
        return tree

    def items(self, schema):
        items = [self.value(schema["items"]) for _ in range(self.rng.randint(0, 3))]
        kind = schema.get("x-kubernetes-list-type", "atomic")
        if kind == "set":
            items = [item for item in items if item is not None]
            return list(dict.fromkeys(items)) if self.chance(0.9) else items
        if kind == "atomic":
            return items
        seen, kept = set(), []
        for item in items:
            item = item or {}
            for key in schema["x-kubernetes-list-map-keys"]:
                item[key] = self.rng.choice([1, 9, 10] if schema["items"]["properties"][key]["type"] == "integer" else TEXTS)
            name = json.dumps([item[key] for key in schema["x-kubernetes-list-map-keys"]])
            if name not in seen or self.chance(0.1):
                kept.append(item)
            seen.add(name)
        return kept


class Maker(Trees):
    """Makes the questions of one sequence, one after the other."""

    def __init__(self, seed):
        super().__init__(random.Random(seed))
        self.kind = self.rng.choice(KINDS)
        self.applied = {}

    def document(self):
        schema = SCHEMAS[self.kind]
        tree = self.fields(schema, ("spec", "status"))
        metadata = self.fields(schema["properties"]["metadata"], ("labels", "annotations", "finalizers", "ownerReferences"))
        for name in ("labels", "annotations"):
            if metadata.get(name):
                metadata[name] = {key: value for key, value in metadata[name].items() if value is not None}
        for holder in (tree, metadata):
            for name in [name for name, value in holder.items() if value is None]:
                del holder[name]
        return {"apiVersion": "slipway.dev/v1alpha1", "kind": self.kind, "metadata": metadata | {"name": "x", "namespace": "n"}} | tree

    def mixed(self, base, other):
        """Some of `other` put into `base`, and some of that left out."""
        out = copy.deepcopy(base)
        fixed = ("apiVersion", "kind", "metadata", "name", "namespace", "uid")
        for name, value in other.items():
            if isinstance(out.get(name), dict) and isinstance(value, dict) and (self.chance(0.3) or name == "metadata"):
                out[name] = self.mixed(out[name], value)
            elif name not in fixed and self.chance(0.3):
                out[name] = value
        for name in list(out):
            if name not in fixed and self.chance(0.1):
                del out[name]
        return out

    def question(self, live):
        asked = {"live": live, "status": live is not None and self.chance(0.2), "force": self.chance(0.4)}
        return self.apply(asked) if self.chance(0.6) else self.update(asked)

    def apply(self, asked):
        manager = self.rng.choice(["one", "two", "three", "kubectl"])
        wanted = self.document()
        if manager in self.applied and self.chance(0.6):
            wanted = self.mixed(self.applied[manager], wanted) if self.chance(0.8) else self.applied[manager]
        if asked["live"] and self.chance(0.2):  # What is there already: they share it.
            wanted = copy.deepcopy(asked["live"])
            for name in ("managedFields", "uid"):
                wanted["metadata"].pop(name, None)
        if self.chance(0.02):
            wanted = {name: wanted[name] for name in ("apiVersion", "kind")} | {"metadata": {"name": "x"}, "nonsense": 1}
        if self.chance(0.02):
            wanted = wanted | {"apiVersion": "v9"}
        self.applied[manager] = wanted
        return asked | {"do": "apply", "manager": manager, "object": wanted}

    def update(self, asked):
        live, fresh = asked["live"], self.document()
        wanted = self.mixed(live, fresh) if live else fresh
        if live and self.chance(0.05):
            # No []: kube-apiserver reads a custom resource's metadata into a type that leaves empty lists out, so its field managers,
            # which are all that is asked here, would never see one.
            wanted["metadata"]["managedFields"] = self.rng.choice([[{}], [{"x": 1}], None])
        elif live and self.chance(0.3):
            wanted["metadata"].pop("managedFields", None)
        if live and self.chance(0.05) and isinstance(wanted["metadata"].setdefault("annotations", {}), dict):
            wanted["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(fresh)
        return asked | {"do": "update", "manager": self.rng.choice(["one", "two"] + [f"u{n}" for n in range(1, 15)]), "object": wanted}


def plain(answer):
    """Without what depends on when it was made."""
    if "object" not in answer:
        error = answer["error"]
        causes = error.get("causes") or error.get("details", {}).get("causes") or []
        return {"code": error["code"], "message": error["message"], "causes": sorted(json.dumps(cause, sort_keys=True) for cause in causes)}
    tree = copy.deepcopy(answer["object"])
    owners = tree["metadata"].get("managedFields") or []
    for owner in owners:
        if owner.get("time"):
            owner["time"] = "TIME"
        else:
            owner.pop("time", None)
    owners.sort(key=lambda owner: [owner.get(name, "") for name in ("operation", "manager", "apiVersion", "subresource")])
    if not owners:
        tree["metadata"].pop("managedFields", None)
    return tree


class Program:
    """One that answers a line for each line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


def judge(kind):
    return Program(os.path.join(os.environ["SLIPWAY_BIN"], "apply_judge"), kind)


def oracle(program, kind, directory):
    metadata = SCHEMAS[kind]["properties"]["metadata"]
    owners = {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "object"}}
    schema = SCHEMAS[kind] | {"x-kubernetes-group-version-kind": [VERSION | {"kind": kind}], "properties": SCHEMAS[kind]["properties"] | {
        "metadata": metadata | {"properties": metadata["properties"] | {"managedFields": owners}}}}
    path = pathlib.Path(directory) / f"{kind}.json"
    path.write_text(json.dumps({"gvk": VERSION | {"kind": kind}, "schema": schema}))
    return Program(program, str(path))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("oracle", help="what `go build` made of apply_oracle")
    arguments.add_argument("--count", type=int, default=1000, help="sequences (1000)")
    arguments.add_argument("--seed", type=int, default=1, help="of the first one (1)")
    arguments.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    asked = arguments.parse_args()
    steps, failed = [], 0
    with tempfile.TemporaryDirectory() as directory:
        ours = {kind: judge(kind) for kind in KINDS}
        theirs = {kind: oracle(asked.oracle, kind, directory) for kind in KINDS}
        for seed in range(asked.seed, asked.seed + asked.count):
            maker, live = Maker(seed), None
            for _ in range(maker.rng.randint(3, 25)):
                question = maker.question(live)
                answers = [plain(sides[maker.kind].ask(question)) for sides in (theirs, ours)]
                steps.append({"kind": maker.kind, "question": question, "answer": answers[0]})
                if answers[0] != answers[1]:
                    failed += 1
                    print(f"seed {seed}: {json.dumps(question)}\n  Kubernetes: {json.dumps(answers[0])}\n  Slipway:    {json.dumps(answers[1])}")
                    break
                if "metadata" in answers[0]:
                    live = theirs_with_time(answers[0])
        for program in [*ours.values(), *theirs.values()]:
            program.close()
    if asked.record and not failed:
        with lzma.open(RECORD, "wt", preset=9) as lines:
            lines.writelines(json.dumps(step, separators=(",", ":")) + "\n" for step in steps)
    print(f"{asked.count} sequences from seed {asked.seed}, {len(steps)} writes: {failed} differ")
    return 1 if failed else 0


def theirs_with_time(tree):
    """An answer as the object that is there: whoever has a time has the same one."""
    live = json.loads(json.dumps(tree).replace('"TIME"', '"2026-01-01T00:00:00Z"'))
    live["metadata"]["uid"] = "u"
    return live


if __name__ == "__main__":
    sys.exit(main())
