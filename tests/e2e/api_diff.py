"""`./dev test api-diff [COUNT]`: the same random requests to Kubernetes itself and to us; what they come to must be equal. Prints the
shortest sequence that is not. `--record FILE` keeps what Kubernetes answered, for the tests that run without it.
"""

import argparse
import concurrent.futures
import copy
import json
import lzma
import pathlib
import re
import sys
import tempfile
import time

import api_sequences
import kubernetes_world

NAMESPACE = "sequences"
# What we refuse besides: rules between fields, which no schema can say and Kubernetes does not know, and a list where a text of a format
# should be, which its schema lets pass.
OWN_RULES = re.compile("must have exactly one of run and service|must name fleets, or labels in selector, or both"
                       "|must be the name of a label, such as role"
                       "|(spec|health)\\.interval in body must be of type string: \"array\"")


def difference(left, right, path=""):
    """Where two trees differ first; empty where they do not."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(set(left) | set(right)):
            found = difference(left.get(key, "(absent)"), right.get(key, "(absent)"), f"{path}.{key}")
            if found:
                return found
        return ""
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, pair in enumerate(zip(left, right)):
            found = difference(*pair, f"{path}[{index}]")
            if found:
                return found
        return ""
    return "" if left == right and type(left) is type(right) else f"{path}: {json.dumps(left)} is not {json.dumps(right)}"


def own_rule(theirs, ours):
    """Whether we refuse by a rule of our own what Kubernetes takes, or would take if its name were free."""
    causes = ours["body"].get("details", {}).get("causes", []) if isinstance(ours["body"], dict) else []
    return ours["status"] == 422 and theirs["status"] in (200, 201, 409) and bool(causes) and all(
        OWN_RULES.search(cause["message"]) for cause in causes)


def without_own_rules(theirs, ours):
    """Our refusal without what Kubernetes cannot say."""
    if theirs["status"] != 422 or ours["status"] != 422:
        return ours
    ours = copy.deepcopy(ours)
    causes = ours["body"].get("details", {}).get("causes", [])
    causes[:] = [cause for cause in causes if not OWN_RULES.search(cause["message"])]
    if len(causes) == 1:
        ours["body"]["message"] = ours["body"]["message"].replace("is invalid: […]", f"is invalid: {causes[0]['field']}: {causes[0]['message']}")
    return ours


def told_once(reply):
    """Without causes that are there again: Kubernetes looks at the metadata of an update up to four times."""
    body = reply["body"]
    if reply["status"] != 422 or "causes" not in body.get("details", {}):
        return reply
    causes = body["details"]["causes"]
    once = [cause for index, cause in enumerate(causes) if cause not in causes[:index]]
    return {**reply, "body": {**body, "details": {**body["details"], "causes": once}}}


def without_patch(reply):
    """Without the patch that a refusal shows: of a Secret we show nothing."""
    if reply["status"] != 422:
        return reply
    return json.loads(re.sub(r'Invalid value: \\"map\[.*?\]\\": ', "Invalid value: OBJECT: ", json.dumps(reply)))


def lost(theirs, ours):
    """Whether Kubernetes fell over what we refuse: it does so at some JSON patches."""
    return theirs["status"] == 0 and ours["status"] == 422


def first_difference(theirs, ours):
    """(index of the reply, where, one, other) or None."""
    for index, (one, other) in enumerate(zip(theirs, ours)):
        if own_rule(one, other):
            if one["status"] == 409:
                continue
            return None  # What follows cannot be compared.
        if lost(one, other):
            continue
        one, other = without_patch(one), without_patch(other)
        where = difference(told_once(one), without_own_rules(one, told_once(other)))
        if where:
            return index, where, one, other
    return None


def read_record(path):
    with lzma.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


class Comparison:
    """Two runners: `real` and `ours`."""

    def __init__(self, real, ours):
        self.runners, self.runs = (real, ours), 0
        self.threads = concurrent.futures.ThreadPoolExecutor(2)  # Both at once: each mostly waits.

    def replies(self, sequence):
        self.runs += 1
        label = f"s{self.runs}"
        return self.threads.map(lambda runner: runner.run(sequence, label), self.runners)

    def first_difference(self, sequence):
        return first_difference(*self.replies(sequence))

    def shortest(self, sequence, found):
        """Leaves out what is not needed for a difference; one that does not come again is shown as it was."""
        again = self.first_difference(sequence)
        if not again:
            return sequence, found
        found = again
        best = copy.deepcopy(sequence)
        index = len(best["requests"]) - 1
        while index >= 0:
            shorter = {**best, "requests": best["requests"][:index] + best["requests"][index + 1:]}
            again = self.first_difference(shorter) if shorter["requests"] else None
            if again:
                best, found = shorter, again
            index = min(index, len(best["requests"])) - 1
        return best, found


def show(seed, sequence, found):
    index, where, real, ours = found
    requests = [*sequence["requests"], {"then": "GET a"}, {"then": "GET b"}]
    print(f"--- seed {seed}, {sequence['kind']}: request {index + 1}: {where}")
    for request in requests[:index + 1]:
        print("  " + json.dumps(request))
    print("  Kubernetes: " + json.dumps(real))
    print("  Slipway:    " + json.dumps(ours), flush=True)


def prepared(side):
    side.api.must("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    return api_sequences.Runner(side.api, NAMESPACE)


def compare(asked, real, ours):
    comparison, failed, begin = Comparison(prepared(real), prepared(ours)), 0, time.monotonic()
    shapes = {}
    for seed in range(asked.seed, asked.seed + asked.count):
        sequence = api_sequences.Maker(seed).sequence()
        found = comparison.first_difference(sequence)
        if found:
            failed += 1
            shape = api_sequences.shape(sequence, found)
            shapes[shape] = shapes.get(shape, 0) + 1
            if shapes[shape] == 1 and len(shapes) <= asked.show:
                show(seed, *comparison.shortest(sequence, found))
    seconds = time.monotonic() - begin
    for shape, count in sorted(shapes.items(), key=lambda item: -item[1]):
        print(f"{count:6} {shape}")
    print(f"{asked.count} sequences from seed {asked.seed}, {asked.count / seconds:.1f} a second: {failed} differ")
    return 1 if failed else 0


def record(asked, real):
    runner = prepared(real)
    with lzma.open(asked.record, "wt", preset=9) as lines:
        for seed in range(asked.seed, asked.seed + asked.count):
            sequence = api_sequences.Maker(seed).sequence()
            replies = runner.run(sequence, f"s{seed}")
            lines.write(json.dumps({"seed": seed, **sequence, "replies": replies}, separators=(",", ":")) + "\n")
    return 0


def main():
    arguments = argparse.ArgumentParser(prog="./dev test api-diff", description=__doc__)
    arguments.add_argument("count", type=int, nargs="?", default=10_000, help="how many sequences (10000)")
    arguments.add_argument("--seed", type=int, default=1, help="of the first one (1)")
    arguments.add_argument("--show", type=int, default=20, help="of how many different differences the shortest sequence is shown (20)")
    arguments.add_argument("--record", type=pathlib.Path, help="write down what Kubernetes answers, and compare nothing")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-api-diff-") as directory:
        sides = [kubernetes_world.Kubernetes(pathlib.Path(directory) / "kubernetes")]
        try:
            if asked.record:
                return record(asked, sides[0])
            sides.append(kubernetes_world.Slipway(pathlib.Path(directory) / "slipway"))
            return compare(asked, *sides)
        finally:
            for side in sides:
                side.close()


if __name__ == "__main__":
    sys.exit(main())
