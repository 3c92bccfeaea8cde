"""clang-tidy is run once for the same content, and again when anything that goes into it changes. A program that refuses
the word `bad` stands in for clang-tidy."""

import json
import os
import shlex

import pytest

from house import clang_tidy
from house.tree import Tree

PROGRAM = """#!/bin/sh
[ "$1" = --version ] && { echo version 1; exit 0; }
echo call >>"$CALLS"
for argument; do case "$argument" in *.cpp) file="$argument" ;; esac; done
cat "$file" $(sed -n 's/^#include "\\(.*\\)"/\\1/p' "$file") 2>/dev/null | grep -q bad || exit 0
echo "$file:3:7: error: this is bad [bugprone-bad,-warnings-as-errors]"
exit 1
"""


class Project:
    """A checkout with one .cpp and one header."""

    def __init__(self, root, calls):
        self.root, self.build, self.calls = root, root / "build" / "dev", calls
        self.write("src/x/x.cpp", '#include "src/x/x.hpp"\n')
        self.write("src/x/x.hpp", "int a;\n")
        self.write("build/dev/compile_commands.json", json.dumps([{
            "directory": str(root), "file": str(root / "src/x/x.cpp"),
            "command": shlex.join(["/usr/bin/ccache", "/usr/bin/c++", f"-I{root}", "-o", "x.o", "-c", f"{root}/src/x/x.cpp"])}]))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def faults(self):
        return clang_tidy.faults(Tree.read(self.root), self.root, self.build, 1)

    def runs(self):
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0


@pytest.fixture
def make(tmp_path, monkeypatch):
    """make(name): a project in a folder of that name; all of them share one memory."""
    program = tmp_path / "bin" / clang_tidy.PROGRAM
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return lambda name: Project(tmp_path / name, tmp_path / "calls")


def test_clean_files_are_judged_once(make):
    project = make("one")
    assert project.faults() == [] and project.faults() == []
    assert project.runs() == 1


def test_another_checkout_profits(make):
    make("one").faults()
    second = make("a second one")
    assert second.faults() == [] and second.runs() == 1


@pytest.mark.parametrize("name, text", [
    ("src/x/x.hpp", "int b;\n"), ("src/x/x.cpp", '#include "src/x/x.hpp"\nint b;\n'), (".clang-tidy", "Checks: all\n"),
])
def test_a_change_of_what_goes_in_is_noticed(make, name, text):
    project = make("one")
    project.faults()
    project.write(name, text)
    project.faults()
    assert project.runs() == 2


def test_faults_are_said_each_time(make):
    project = make("one")
    project.write("src/x/x.cpp", "bad\n")
    for _ in range(2):
        assert [str(fault) for fault in project.faults()] == ["src/x/x.cpp:3: [clang-tidy] this is bad [bugprone-bad]"]


def test_each_file_of_a_batch_is_read_by_itself(make):
    project = make("one")
    batch = project.build / "src/x/x.batches/0.cpp"
    project.write("src/x/y.cpp", "bad\n")
    project.write("build/dev/src/x/x.batches/0.cpp", '#include "src/x/x.cpp"\n#include "src/x/y.cpp"\n')
    project.write("build/dev/compile_commands.json", json.dumps([{
        "directory": str(project.root), "file": str(batch), "command": f"/usr/bin/c++ -I{project.root} -o 0.o -c {batch}"}]))
    assert [str(fault) for fault in project.faults()] == ["src/x/y.cpp:3: [clang-tidy] this is bad [bugprone-bad]"]


def test_a_file_that_no_target_compiles_is_a_fault(make):
    project = make("one")
    project.write("src/x/forgotten.cpp", "int b;\n")
    assert [str(fault) for fault in project.faults()] == ["src/x/forgotten.cpp:1: [clang-tidy] is compiled by no target"]


def test_without_a_build_it_says_so(make, tmp_path):
    project = make("one")
    project.build = tmp_path / "nowhere"
    assert ["compile_commands.json" in fault.message for fault in project.faults()] == [True]
