"""Random requests, and what Kubernetes itself answered to them (api_diff.py recorded that): we answer the same."""

import json
import pathlib

import api_diff
import api_sequences
import pytest
from kubernetes_world import Slipway

RECORD = pathlib.Path(__file__).parent / "api_sequences.jsonl.xz"
# Differences that are known, and should not be: `api_diff.py` says what they are.
GAPS = pathlib.Path(__file__).parent / "api_gaps.txt"


@pytest.fixture
def slipway(tmp_path):
    server = Slipway(tmp_path / "slipway")
    yield server
    server.close()


def test_we_answer_what_kubernetes_answered(slipway):
    runner = api_diff.prepared(slipway)
    shapes, examples = {}, {}
    for number, recorded in enumerate(api_diff.read_record(RECORD)):
        found = api_diff.first_difference(recorded["replies"], runner.run(recorded, f"r{number}"))
        if found:
            shape = api_sequences.shape(recorded, found)
            shapes[shape] = shapes.get(shape, 0) + 1
            examples.setdefault(shape, f"{found[1]}\n" + "\n".join(map(json.dumps, recorded["requests"][:found[0] + 1])))
    gaps = set(GAPS.read_text().splitlines())
    assert not set(shapes) - gaps, "\n".join(f"{count} times {shape}\n{examples[shape]}\n" for shape, count in shapes.items()
                                             if shape not in gaps)
    assert not gaps - set(shapes), "these are mended: take them off api_gaps.txt"


def refusal(*messages):
    causes = [{"field": "spec", "message": message} for message in messages]
    return {"status": 422, "body": {"message": "x is invalid: […]", "details": {"causes": causes}}}


def test_rules_of_our_own_are_no_difference():
    rule = "must name fleets, or labels in selector, or both"
    taken, theirs = {"status": 200, "body": {}}, refusal("bad")
    theirs["body"]["message"] = "x is invalid: spec: bad"
    assert api_diff.first_difference([taken, {"status": 200, "body": {"a": 1}}], [refusal(rule), {"status": 404, "body": {}}]) is None
    assert api_diff.first_difference([taken], [refusal(rule, "bad")])[0] == 0
    assert api_diff.first_difference([theirs], [refusal("bad", rule)]) is None
    assert api_diff.first_difference([theirs], [refusal("worse", rule)])[0] == 0
    taken_name = {"status": 409, "body": {}}
    assert api_diff.first_difference([taken_name], [refusal(rule)]) is None
    assert api_diff.first_difference([taken_name, taken], [refusal(rule), {"status": 404, "body": {}}])[0] == 1
    theirs["body"] |= refusal(r"no \x")["body"] | {"message": r"x is invalid: spec: no \x"}
    assert api_diff.first_difference([theirs], [refusal(r"no \x", rule)]) is None


def test_a_difference_is_seen():
    assert api_diff.difference({"a": [1, {"b": True}]}, {"a": [1, {"b": True}]}) == ""
    assert api_diff.difference({"a": [1, {"b": 1}]}, {"a": [1, {"b": 2}]}) == ".a[1].b: 1 is not 2"
    assert api_diff.difference({"a": 1}, {}) == '.a: 1 is not "(absent)"'
    assert api_diff.difference({"a": True}, {"a": 1}) != ""
    assert api_diff.difference([1], [1, 2]) != ""


@pytest.mark.parametrize("seed", range(20))
def test_a_sequence_is_made_of_its_seed_and_is_data(seed):
    sequence = api_sequences.Maker(seed).sequence()
    assert json.loads(json.dumps(sequence)) == api_sequences.Maker(seed).sequence()


def test_what_kubernetes_falls_over_is_refused():
    nothing = {"status": 0, "warnings": [], "body": "no answer"}
    assert api_diff.first_difference([nothing], [refusal("bad")]) is None
    assert api_diff.first_difference([nothing], [{"status": 200, "body": {}}])[0] == 0
    assert api_diff.first_difference([refusal("bad")], [nothing])[0] == 0


def test_what_kubernetes_says_again_is_no_difference():
    twice, once = refusal("bad", "worse", "bad"), refusal("bad", "worse")
    assert api_diff.first_difference([twice], [once]) is None
    assert api_diff.first_difference([twice], [refusal("bad", "worst")])


def test_the_patch_that_a_refusal_shows_is_no_difference():
    theirs, ours = refusal('Invalid value: "map[data:map[a:1]]": cannot restore map'), refusal("Invalid value: OBJECT: cannot restore map")
    theirs["body"]["message"] = "x is invalid: spec: " + theirs["body"]["details"]["causes"][0]["message"]
    assert api_diff.first_difference([theirs], [ours]) is None
    assert api_diff.first_difference([theirs], [refusal("Invalid value: OBJECT: cannot restore slice")])[0] == 0
