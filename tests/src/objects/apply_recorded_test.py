"""Writes by several managers come to what kube-apiserver's field managers made of them; apply_oracle/README.md says how they were
recorded."""

import collections
import json
import lzma

import apply_sequences


def test_writes_come_to_what_kubernetes_made_of_them():
    steps = collections.defaultdict(list)
    with lzma.open(apply_sequences.RECORD, "rt") as lines:
        for line in lines:
            step = json.loads(line)
            steps[step["kind"]].append(step)
    assert sorted(steps) == sorted(apply_sequences.KINDS)
    for kind, recorded in steps.items():
        judge = apply_sequences.judge(kind)
        for step in recorded:
            answer = apply_sequences.plain(judge.ask(step["question"]))
            assert answer == step["answer"], f"{kind}: {json.dumps(step['question'])}"
        judge.close()
