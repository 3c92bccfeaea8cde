"""CMake refuses, when it configures, a core that links what does I/O."""

import pathlib
import subprocess

import pytest

CMAKE = pathlib.Path(__file__).resolve().parents[2] / "cmake"
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(probe NONE)
include("{functions}")
add_library(reconciler INTERFACE)
target_link_libraries(reconciler INTERFACE {links})
check_core_is_pure()
"""


@pytest.mark.parametrize("links, allowed", [
    ("nlohmann_json::nlohmann_json", True), ("PkgConfig::NETTLE", True), ("SQLite::SQLite3", False), ("sqlite3", False),
    ("OpenSSL::SSL", False), ("Threads::Threads", False), ("Boost::headers", False), ("$<LINK_ONLY:git2>", False),
])
def test_only_pure_libraries_are_linked(tmp_path, links, allowed):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(functions=CMAKE / "Functions.cmake", links=links))
    done = subprocess.run(["cmake", "-G", "Ninja", "-S", tmp_path, "-B", tmp_path / "build"], capture_output=True,
                          text=True, check=False)
    refused = "is the pure core and must not link" in done.stderr
    assert (done.returncode == 0, refused) == (allowed, not allowed), done.stderr
