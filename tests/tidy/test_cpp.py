"""The reader of C++ that all rules stand on."""

import pytest

from house.cpp import Source


def kinds(text):
    return [block.kind for block in Source("x.cpp", text).blocks]


@pytest.mark.parametrize("text, want", [
    ("namespace a {\nnamespace {\n}\n}", ["namespace", "namespace"]),
    ('extern "C" {\n}', ["namespace"]),
    ("class A final : public B<int> { int x_{3}; };", ["class", "init"]),
    ("template <class T>\nstruct std::hash<A<T>> { };", ["class"]),
    ("enum class E : int { kA, kB };", ["enum"]),
    ("int F(int a) { return a; }", ["function"]),
    ("auto F() const noexcept -> std::vector<int> { return {}; }", ["function", "init"]),
    ("A::A(int a) : a_(a), b_{a} { Run(); }", ["init", "function"]),
    ("bool operator==(const A& a) { return true; }", ["function"]),
    ("A& operator=(const A& a) { return *this; }", ["function"]),
    ("void F() { if (a) { } else { } do { } while (b); for (;;) { } }",
     ["function", "control", "control", "control", "control"]),
    ("void F() { try { } catch (const E& e) { } switch (a) { case 1: { } default: { } } }",
     ["function", "control", "control", "control", "control", "control"]),
    ("void F() { auto f = [x](int a) mutable { return a; }; }", ["function", "lambda"]),
    ("void F() { Post([this] { Run(); }); }", ["function", "lambda"]),
    ("void F() { auto f = [] -> int { return 1; }; }", ["function", "lambda"]),
    ("void F() { Call(Options{.a = 1}, {2, 3}); }", ["function", "init", "init"]),
    ("void F() { int a[] = {1, 2}; int b[2]{1, 2}; return Point{1}; }", ["function", "init", "init", "init"]),
    ("const std::map<int, A> kAll{{1, {2}}};", ["init", "init", "init"]),
    ("TEST(Suite, Name) { EXPECT_TRUE(x); }", ["function"]),
    ("class A { A() : x_{1} {} virtual ~A() {} };", ["class", "init", "function", "function"]),
    ("std::visit(Overloaded{[](A) { }, [](B) { }}, v);", ["init", "lambda", "lambda"]),
])
def test_each_brace_is_what_it_is(text, want):
    assert kinds(text) == want


@pytest.mark.parametrize("text", [
    '// } {\nvoid F() {}', '/* { */ void F() {}', 'const char* a = "{"; void F() {}', "char a = '{'; void F() {}",
    'auto a = R"x({{")x"; void F() {}', "#define M(x) { x\nvoid F() {}", "#define M \\\n  {\nvoid F() {}",
    "int a = 1'000; void F() {} // '",
])
def test_what_is_not_code_opens_nothing(text):
    assert kinds(text) == ["function"]


@pytest.mark.parametrize("text, want", [
    ("void Alpha::Beta(int a) {}", "Alpha::Beta"), ("Result<int> Get() {}", "Get"), ("TEST_F(A, B) {}", "A.B"),
    ("A::~A() {}", "A::~A"),
])
def test_functions_are_called_by_their_names(text, want):
    source = Source("x.cpp", text)
    assert source.function_name(source.blocks[0]) == want


def test_lines_survive_comments_and_raw_strings():
    source = Source("x.cpp", '/* one\ntwo */\nauto a = R"(\n\n)";\nint last;')
    assert source.line(next(i for i, token in enumerate(source.tokens) if token.text == "last")) == 6


def test_includes_are_found_with_their_lines():
    source = Source("x.cpp", '#pragma once\n#include <a>\n// #include <b>\n#include "c/d.hpp"  // why\n')
    assert source.includes == [(2, "<a>"), (4, '"c/d.hpp"')]
