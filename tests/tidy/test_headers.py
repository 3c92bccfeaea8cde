"""Headers that keep their contract to themselves are refused."""

import pytest

from house import headers

PATH = "src/x/x.hpp"


def header(text):
    return "#pragma once\n\nnamespace slipway::x {\n\n" + text + "\n\n}  // namespace slipway::x\n"


@pytest.mark.parametrize("text, name", [
    ("struct Options {\n  int a;\n};", "Options"),
    ("class Client final {};", "Client"),
    ("enum class Kind { kA, kB };", "Kind"),
    ("int Count(int a);", "Count"),
    ("template <typename T>\nT Read(T a) {\n  return a;\n}", "Read"),
    ("// Not a contract.\nstd::vector<int> All();", "All"),
    ("/// Too far away.\n\nvoid Run();", "Run"),
])
def test_undocumented_declarations_are_refused(judge, text, name):
    assert judge(headers, header(text), PATH) == [("comment", name)]


@pytest.mark.parametrize("text", [
    "/// What it is.\nstruct Options {\n  int a;\n};",
    "/// What it does.\ntemplate <typename T>\nT Read(T a);",
    "int Count();  ///< how many",
    "/// Both ways.\nstd::string Encode(A a);\nA Decode(std::string text);",
    "class Forward;",
    "using Number = int;",
    "bool operator==(const A& a, const A& b);",
    "constexpr int kLimit = Double(3);",
    "namespace detail {\nstruct Hidden {};\n}",
    "/// Of any.\nint Read(int a);\n\nint Read(long a);",
    "enum class Kind {\n  kA,  ///< the first\n};",
])
def test_documented_and_private_declarations_pass(judge, text):
    assert judge(headers, header(text), PATH) == []


def test_private_folders_are_not_judged(judge):
    assert judge(headers, header("struct Options {};"), "tests/src/x/x.hpp") == []


INTERFACE = """/// Keeps things. {threads}
class Store {{
 public:
  {comment}
  virtual void Put(int a) = 0;
}};"""


def test_pure_virtual_functions_have_a_contract(judge):
    text = INTERFACE.format(threads="Thread-safe.", comment="")
    assert judge(headers, header(text), PATH) == [("comment", "Put")]


@pytest.mark.parametrize("text", [
    INTERFACE.format(threads="", comment="/// Keeps it."),
    "/// Counts.\nclass Counter {\n  std::mutex mutex_;\n};",
    "/// Counts.\nclass Counter {\n  std::atomic<int> count_;\n};",
])
def test_shared_classes_say_which_threads(judge, text):
    assert [rule for rule, _ in judge(headers, header(text), PATH)] == ["threads"]


def test_classes_that_say_which_threads_pass(judge):
    assert judge(headers, header(INTERFACE.format(threads="Thread-safe.", comment="/// Keeps it.")), PATH) == []


def test_plain_values_need_not_speak_of_threads(judge):
    assert judge(headers, header("/// A point.\nclass Point {\n  int x_;\n};"), PATH) == []


def test_a_header_of_results_says_what_can_fail(judge):
    assert judge(headers, header("/// Reads it.\nResult<int> Read(int a);"), PATH) == [("errors", PATH)]
    assert judge(headers, header("/// Reads it; kNotFound where there is none.\nResult<int> Read(int a);"), PATH) == []


@pytest.mark.parametrize("text, name", [
    ("/// Waits.\nvoid Wait(int timeout);", "timeout"), ("/// Of it.\nstruct A {\n  std::uint64_t poll_interval = 3;\n};", "poll_interval"),
    ("/// Of it.\nclass A {\n  double elapsed_ = 0;\n};", "elapsed_"),
])
def test_bare_lengths_of_time_are_refused(judge, text, name):
    assert judge(headers, header(text), PATH) == [("unit", name)]


@pytest.mark.parametrize("text", ["/// Waits.\nvoid Wait(int timeout_ms);", "/// Waits.\nvoid Wait(Duration timeout);"])
def test_lengths_of_time_with_a_unit_pass(judge, text):
    assert judge(headers, header(text), PATH) == []
