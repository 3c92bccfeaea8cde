"""What the tests of the house rules share."""

import pytest

from house.tree import Tree


@pytest.fixture
def judge():
    """judge(rules, {path: text}) -> [(rule, name), …], or with a text alone the same for src/x/x.cpp."""

    def run(rules, files, path="src/x/x.cpp"):
        texts = files if isinstance(files, dict) else {path: files}
        return [(fault.rule, fault.name) for fault in sorted(rules.check(Tree(texts)))]

    return run


@pytest.fixture
def messages():
    """As judge, but gives the sentences."""

    def run(rules, files, path="src/x/x.cpp"):
        texts = files if isinstance(files, dict) else {path: files}
        return [fault.message for fault in sorted(rules.check(Tree(texts)))]

    return run
