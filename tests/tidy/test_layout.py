"""Folders, names and unfinished work."""

import pytest

from house import layout

README = "# x\n\nWhat it is for, its main types, and what it must not know.\n"


def with_readmes(files):
    return files | {"src/README.md": README, "src/x/README.md": README, "tests/README.md": README}


def test_every_folder_has_a_readme(judge):
    assert judge(layout, {"src/x/a.cpp": ""}) == [("readme", "src"), ("readme", "src/x")]
    assert judge(layout, with_readmes({"src/x/a.cpp": ""})) == []


def test_a_readme_says_something(judge):
    assert judge(layout, {"src/README.md": "# src\n"}) == [("readme", "src")]


def test_hidden_folders_need_none(judge):
    assert judge(layout, {".ci/run": "#!/usr/bin/env bash\n"}) == []


@pytest.mark.parametrize("line, count", [
    ("// TODO: finish", 1), ("// FIXME", 1), ("// XXX this", 1), ("# HACK", 1), ("// TODO(#12): finish", 0), ("// TODOS", 0),
])
def test_unfinished_work_has_a_number(judge, line, count):
    assert len(judge(layout, with_readmes({"src/x/a.cpp": line}))) == count


@pytest.mark.parametrize("text", ["class RolloutManager {};", "struct StringUtils {};", "namespace Helper {}", "class FooHelper;"])
def test_names_that_say_nothing_are_refused(judge, text):
    assert [rule for rule, _ in judge(layout, with_readmes({"src/x/a.cpp": text}))] == ["name"]


@pytest.mark.parametrize("path", ["src/x/string_util.cpp", "src/x/helpers.hpp", "src/x/common.hpp", "tests/test_helper.py"])
def test_files_that_say_nothing_are_refused(judge, path):
    assert judge(layout, with_readmes({path: ""})) == [("name", path)]


@pytest.mark.parametrize("call", ["std::this_thread::sleep_for(a)", "usleep(3)", "::sleep(1)"])
def test_sleeps_are_refused(judge, call):
    files = with_readmes({"src/x/a.cpp": f"void F() {{ {call}; }}"})
    assert [rule for rule, _ in judge(layout, files)] == ["sleep"]


def test_scripts_are_parsed(judge):
    assert judge(layout, {"dev": "#!/usr/bin/env bash\nif true; then\n"}) == [("bash", "dev")]
    assert judge(layout, {"dev": "#!/usr/bin/env bash\nif true; then true; fi\n"}) == []


def test_tests_that_reach_no_assertion_are_refused(judge):
    empty = "TEST(A, Runs) { Run(); }"
    assert judge(layout, with_readmes({"tests/a_test.cpp": empty})) == [("empty-test", "A.Runs")]
    checked = empty + "\nvoid Run() { Deeper(); }\nvoid Deeper() { EXPECT_TRUE(x); }"
    assert judge(layout, with_readmes({"tests/a_test.cpp": checked})) == []


@pytest.mark.parametrize("text", ["TEST(A, DISABLED_B) { EXPECT_TRUE(x); }", "TEST(A, B) { GTEST_SKIP(); EXPECT_TRUE(x); }"])
def test_tests_are_not_switched_off(judge, text):
    assert [rule for rule, _ in judge(layout, with_readmes({"tests/a_test.cpp": text}))] == ["switched-off"]
