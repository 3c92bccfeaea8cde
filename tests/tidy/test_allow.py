"""The allow-list lets through what it names, and nothing stays on it for nothing."""

from house import allow
from house.tree import Fault

FAULT = Fault("src/x/a.cpp", 3, "function-size", "Run", "Run has 80 lines; at most 70")


def test_an_entry_allows_its_fault():
    text = "- {rule: function-size, path: src/x/a.cpp, name: Run, reason: one flat table of cases}"
    assert allow.apply([FAULT], "allow.yaml", text) == []


def test_another_function_is_not_allowed():
    text = "- {rule: function-size, path: src/x/a.cpp, name: Walk, reason: one flat table of cases}"
    assert FAULT in allow.apply([FAULT], "allow.yaml", text)


def test_an_entry_that_allows_nothing_is_refused():
    text = "- {rule: function-size, path: src/x/a.cpp, name: Run, reason: one flat table of cases}"
    assert ["nothing any more" in fault.message for fault in allow.apply([], "allow.yaml", text)] == [True]


def test_an_entry_needs_a_reason():
    without = "- {rule: function-size, path: src/x/a.cpp, name: Run}"
    assert len(allow.apply([FAULT], "allow.yaml", without)) == 2
    empty = "- {rule: function-size, path: src/x/a.cpp, name: Run, reason: long}"
    assert ["no reason" in fault.message for fault in allow.apply([FAULT], "allow.yaml", empty)] == [True]


def test_paths_may_be_patterns():
    text = "- {rule: function-size, path: 'src/x/*', reason: one flat table of cases}"
    assert allow.apply([FAULT], "allow.yaml", text) == []
