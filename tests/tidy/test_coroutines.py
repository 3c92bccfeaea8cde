"""Each coroutine rule refuses what it is about, and nothing that is safe."""

import pytest

from house import coroutines


def body(statement):
    return f"asio::awaitable<void> Run(Options options) {{\n  {statement}\n}}\n"


@pytest.mark.parametrize("statement", [
    "co_await Read();",
    "co_await socket_.async_read_some(buffer, asio::use_awaitable);",
    "auto x = co_await this->client_->Get<api::Server>(name, std::move(options));",
    "co_await std::move(task);",
    "co_await (*handler)(std::move(exchange));",
    "auto executor = co_await asio::this_coro::executor;",
    "SLIPWAY_CO_TRY(value, co_await Get(Key(\"a\", \"b\")));",
    "if ((co_await Read()).has_value()) { Options next{.a = 1}; }",
    "for (int i = 0; i < 3; ++i) { co_await Read(i); }",
    "if (auto x = co_await Read(); !x) { auto f = [x] { return 1; }; co_return; }",
    "auto f = [this, x] { return 1; }; co_await Read(f);",
    "int a = b ? 1 : 2; co_await Read(a);",
    "co_await Read([] { return 1; });",
    "co_await Read(table_[i]);",
    "switch (a) { case 1: co_await Read(); break; case 2: Options x{}; }",
    "try { co_await Read(); } catch (const Error& e) { failed = true; }",
    "try { Read(); } catch (const Error& e) { Post([]() -> asio::awaitable<void> { co_await Run(); }); }",
])
def test_safe_statements_pass(judge, statement):
    assert judge(coroutines, body(statement)) == []


@pytest.mark.parametrize("statement, part", [
    ("co_await (a ? Read() : Write());", "plain call"),
    ("co_await (Read());", "plain call"),
    ("co_await [] () -> asio::awaitable<void> { co_return; }();", "plain call"),
    ("co_await Options{};", "plain call"),
    ("co_await Read(a ? 1 : 2);", "?:"),
    ("int x = a ? co_await Read() : 0;", "?:"),
    ("co_await Read({1, 2});", "brace list"),
    ("co_await Read(Options{.a = 1});", "brace list"),
    ("SLIPWAY_CO_TRY(x, co_await Read(Key{a, b}));", "brace list"),
    ("if (co_await Read(Options{})) { Done(); }", "brace list"),
    ("Point point{co_await Read()};", "brace list"),
    ("co_await Read([this] { return 1; });", "capturing lambda"),
    ("co_await Read([&] { return 1; });", "capturing lambda"),
    ("return Pair(co_await Read(), [x] { return x; });", "capturing lambda"),
    ("try { Read(); } catch (const Error& e) { co_await Write(); }", "catch"),
    ("try { Read(); } catch (...) { if (a) { co_await Write(); } }", "catch"),
])
def test_traps_are_refused(messages, statement, part):
    found = messages(coroutines, body(statement))
    assert found and any(part in message for message in found), found


@pytest.mark.parametrize("declaration", [
    "asio::awaitable<void> Run(std::string name, std::shared_ptr<A> a, B* b);",
    "asio::awaitable<Result<int>> Run();",
    "asio::awaitable<void> Run(std::function<void(const A&)> f);",
    "auto f = [this](std::string name) -> asio::awaitable<void> { co_return; };",
    "asio::awaitable<void> task = Start(a && b);",
    "void Take(asio::awaitable<void> task, const A& a);",
    "template <typename T>\nusing Task = asio::awaitable<T>;\nTask<int> Run(int a);",
])
def test_parameters_by_value_pass(judge, declaration):
    assert judge(coroutines, declaration) == []


@pytest.mark.parametrize("declaration", [
    "asio::awaitable<void> Run(const std::string& name);",
    "boost::asio::awaitable<Result<int>> Server::Run(int a, Options&& options) { co_return 1; }",
    "virtual asio::awaitable<void> Run(std::string_view name) = 0;",
    "asio::awaitable<void> Run(std::span<const int> numbers);",
    "auto f = [this](const A& a) mutable -> asio::awaitable<void> { co_return; };",
    "template <typename T>\nusing Task = asio::awaitable<T>;\nTask<int> Run(const A& a);",
])
def test_references_and_views_as_parameters_are_refused(judge, declaration):
    assert [rule for rule, _ in judge(coroutines, declaration)] == ["coroutine"]


def test_detached_is_refused(judge):
    assert ("coroutine", "detached") in judge(coroutines, "void Stop();\nvoid F() { asio::co_spawn(e, Run(), asio::detached); }")


def test_spawning_needs_a_stop_in_the_same_class(judge):
    spawn = "void A::Start() { asio::co_spawn(executor_, Run(), done_); }"
    assert judge(coroutines, spawn) == [("coroutine", "co_spawn")]
    assert judge(coroutines, {"src/x/a.cpp": spawn, "src/x/a.hpp": "class A {\n  void Stop();\n};"}) == []


def test_a_spawned_coroutine_that_is_awaited_at_once_needs_no_owner(judge):
    assert judge(coroutines, body("co_await asio::co_spawn(pool_, std::move(task), asio::use_awaitable);")) == []


def test_the_message_names_function_and_line(judge):
    assert judge(coroutines, body("co_await (Read());")) == [("coroutine", "Run")]
