"""Headers that may not be included are refused where they are."""

import pytest

from house import layers

HEADER = "#pragma once\n"


@pytest.mark.parametrize("include", [
    "<thread>", "<mutex>", "<atomic>", "<condition_variable>", "<future>", "<filesystem>", "<fstream>", "<iostream>", "<random>",
    "<ctime>", "<cstdio>", "<sys/socket.h>", "<unistd.h>", "<boost/asio.hpp>", "<boost/asio/io_context.hpp>", "<spdlog/spdlog.h>",
    "<sqlite3.h>", "<git2.h>", "<openssl/evp.h>", "<boost/outcome/result.hpp>", '"src/store/store.hpp"',
])
def test_the_core_includes_nothing_that_does_io(judge, include):
    files = {"reconciler/rollout/x.cpp": f"#include {include}\n", "src/store/store.hpp": HEADER}
    assert judge(layers, files) == [("layer", include)]


@pytest.mark.parametrize("path, include", [
    ("reconciler/rollout/x.cpp", "<vector>"), ("reconciler/rollout/x.cpp", "<nlohmann/json.hpp>"),
    ("reconciler/rollout/x.cpp", "<nettle/sha2.h>"), ("reconciler/base/result.hpp", "<boost/outcome/try.hpp>"),
    ("reconciler/api/x.hpp", "<nlohmann/json_fwd.hpp>"), ("reconciler/rollout/x.cpp", '"reconciler/api/rollout.hpp"'),
    ("src/x/x.cpp", "<boost/beast.hpp>"), ("src/x/x.hpp", "<boost/asio/awaitable.hpp>"), ("src/x/x.hpp", "<mutex>"),
    ("src/x/x.hpp", "<sys/types.h>"),
])
def test_what_is_allowed_passes(judge, path, include):
    assert judge(layers, {path: f"{HEADER}#include {include}\n"}) == []


@pytest.mark.parametrize("path, include", [
    ("reconciler/api/x.hpp", "<nlohmann/json.hpp>"), ("reconciler/api/x.hpp", "<nettle/sha2.h>"),
    ("src/x/x.hpp", "<boost/beast.hpp>"), ("src/x/x.hpp", "<boost/asio.hpp>"), ("src/x/x.hpp", "<boost/asio/ssl.hpp>"),
    ("src/x/x.hpp", "<nlohmann/json.hpp>"), ("src/x/x.hpp", "<cpprest/http_client.h>"), ("src/x/x.hpp", "<git2.h>"),
    ("src/x/x.hpp", "<yaml-cpp/yaml.h>"), ("src/x/x.hpp", "<sqlite3.h>"), ("src/x/x.hpp", "<spdlog/spdlog.h>"),
])
def test_third_party_headers_stay_out_of_headers(judge, path, include):
    assert judge(layers, {path: f"{HEADER}#include {include}\n"}) == [("layer", include)]


@pytest.mark.parametrize("code", ["auto now = std::chrono::steady_clock::now();", "auto now = std::time(nullptr);",
                                  'auto home = std::getenv("HOME");', 'std::printf("here");'])
def test_the_core_does_not_look_at_clocks(judge, code):
    assert [rule for rule, _ in judge(layers, f"void F() {{ {code} }}", "reconciler/rollout/x.cpp")] == ["layer"]


def test_a_header_begins_with_pragma_once(judge):
    assert judge(layers, "int a;\n", "src/x/x.hpp") == [("layer", "#pragma once")]


@pytest.mark.parametrize("include", ['"x.hpp"', '"../y/y.hpp"', "<src/y/y.hpp>"])
def test_our_headers_are_named_from_the_root(judge, include):
    assert judge(layers, f"#include {include}\n") == [("layer", include)]


def test_a_header_may_be_made_by_cmake(judge):
    assert judge(layers, {"src/x/x.cpp": '#include "src/x/version.hpp"\n', "src/x/version.hpp.in": HEADER}) == []


def test_a_header_may_be_made_of_messages(judge):
    files = {"src/x/x.cpp": '#include "src/x/y.pb.h"\n', "src/x/y.proto": ""}
    assert judge(layers, files) == []
    assert judge(layers, {"src/x/x.cpp": '#include "src/x/y.pb.h"\n'}) == [("layer", '"src/x/y.pb.h"')]


def test_lower_folders_of_the_core_do_not_know_higher_ones(judge):
    files = {"reconciler/base/x.cpp": '#include "reconciler/runtime/engine.hpp"\n', "reconciler/runtime/engine.hpp": HEADER}
    assert judge(layers, files) == [("layer", '"reconciler/runtime/engine.hpp"')]


def test_folders_do_not_include_each_other_in_a_round(judge):
    files = {"src/a/a.hpp": HEADER + '#include "src/b/b.hpp"\n', "src/b/b.hpp": HEADER + '#include "src/c/c.hpp"\n',
             "src/c/c.hpp": HEADER, "src/c/c.cpp": '#include "src/a/a.hpp"\n'}
    assert judge(layers, files)[:1] == [("layer", "src/a src/b")]
    files["src/c/c.cpp"] = ""
    assert judge(layers, files) == []


def test_a_header_that_shows_third_parties_is_private_to_its_folder(judge):
    files = {"src/a/a.hpp": HEADER + "#include <git2.h>\n", "src/a/a.cpp": '#include "src/a/a.hpp"\n',
             "src/b/b.cpp": '#include "src/a/a.hpp"\n'}
    assert judge(layers, files) == [("layer", "<git2.h>"), ("leak", '"src/a/a.hpp"')]
