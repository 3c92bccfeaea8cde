"""Five rules that keep coroutines safe with GCC 12 and Boost 1.74.

GCC 12 destroys some temporaries of an expression with co_await twice, or too early. Until a compiler without that fault
is the oldest that we support:

1. co_await takes a plain call (or a named awaitable): `co_await socket.Read(buffer)`.
2. The statement around it has no `?:`, no brace list, and no lambda that captures.
3. Coroutines take their parameters by value, and none that only refers to what lives elsewhere (string_view, span): the
   caller may be gone before the first resumption.
4. No co_await inside catch.
5. Whoever spawns a coroutine owns it: it is awaited at once, or a class with Stop() that waits for its end holds it. Never
   detached.
"""

import re

from house.tree import Fault

_VIEWS = {"string_view", "span", "reference_wrapper"}
_ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*[\w:\s]*\bawaitable\s*<")


def check(tree):
    sources = tree.sources(under=("src/", "tests/"))
    awaitables = {"awaitable"} | {name for source in sources for name in _ALIAS.findall(source.text)}
    for source in sources:
        texts = {token.text for token in source.tokens}
        if "co_await" in texts:
            yield from _awaits(source)
        if "co_spawn" in texts:
            yield from _spawns(tree, source)
        if awaitables & texts:
            yield from _parameters(source, awaitables)


def _fault(source, index, name, message):
    return Fault(source.path, source.line(index), "coroutine", name, message)


def _awaits(source):
    for index, token in enumerate(source.tokens):
        if token.text != "co_await":
            continue
        statement = _statement_of(source, index)
        if statement is None:
            continue
        block = statement[2]
        name = _function_around(source, block)
        if not _is_plain(source, index + 1):
            yield _fault(source, index, name, "co_await wants a plain call or a name: put what it awaits into a local first")
        for message in _traps(source, *statement):
            yield _fault(source, index, name, message)
        while block is not None and block.kind != "lambda":
            if block.kind == "control" and "catch" in source.block_head(block):
                yield _fault(source, index, name, "co_await inside catch: leave the handler first")
            block = block.parent


def _statement_of(source, index):
    """The innermost statement that holds a token; braces of initialisers do not count as statements of their own."""
    best = None
    for first, last, block in source.statements:
        if first <= index < last and (block is None or block.kind != "init"):
            if best is None or last - first < best[1] - best[0]:
                best = (first, last, block)
    return best


def _function_around(source, block):
    name = ""
    while block is not None:
        if block.kind == "function":
            name = source.function_name(block)
        block = block.parent
    return name


def _is_plain(source, at):
    """Whether the operand that begins at a token is `name`, `a.b->c(…)`, `(*f)(…)` or `std::move(name)`."""
    tokens, pairs = source.tokens, source.pairs
    if source.words(at, at + 2) == ["(", "*"] and source.words(at + 3, at + 5) == [")", "("]:
        at += 2
        return _is_plain(source, at) if tokens[at].kind == "word" else False
    if at >= len(tokens) or tokens[at].kind != "word" and tokens[at].text != "::":
        return False
    while at < len(tokens):
        text = tokens[at].text
        if text in ("(", "["):
            at = pairs.get(at, at) + 1
        elif text == "<" and _closing_angle(source, at):
            at = _closing_angle(source, at) + 1
        elif tokens[at].kind == "word" or text in ("::", ".", "->"):
            at += 1
        else:
            return text != "{"
    return True


def _closing_angle(source, at):
    """Index of the `>` that closes template arguments, or 0 where `<` compares."""
    depth = 0
    for index in range(at, min(at + 60, len(source.tokens))):
        text = source.tokens[index].text
        depth += {"<": 1, ">": -1}.get(text, 0)
        if depth == 0:
            return index
        if text in (";", "{", "}", "&&", "||"):
            return 0
    return 0


def _traps(source, first, last, _block):
    """What must not be in the statement, bodies of lambdas and of control statements left out."""
    at = first
    opened = {block.open: block for block in source.blocks}
    while at < last:
        block = opened.get(at)
        if block is not None and block.kind in ("lambda", "control", "function", "class"):
            at = block.close + 1
            continue
        text = source.tokens[at].text
        if block is not None and block.kind == "init":
            yield "brace list in a statement with co_await: make a named local and std::move it in"
        elif text == "?":
            yield "?: in a statement with co_await: use if and else"
        elif text == "[" and _captures(source, at):
            yield "capturing lambda in a statement with co_await: make it a named local and std::move it in"
        at += 1


def _captures(source, at):
    close = source.pairs.get(at, at)
    if close == at or close == at + 1:
        return False
    before = source.tokens[at - 1]
    subscript = before.kind == "word" and before.text not in ("return", "co_return", "co_await") or before.text in (")", "]")
    attribute = before.text == "[" or source.tokens[at + 1].text == "["
    return not subscript and not attribute


def _parameters(source, awaitables):
    for index, token in enumerate(source.tokens):
        if token.text not in awaitables:
            continue
        if index + 1 >= len(source.tokens) or source.tokens[index + 1].text != "<":
            continue
        close = _closing_angle(source, index + 1)
        opening = _parameter_list(source, index, close)
        if opening:
            yield from _judge_parameters(source, opening)


def _parameter_list(source, index, close):
    """Where the parameters begin of a function or lambda whose return type was found; 0 if it is something else."""
    tokens = source.tokens
    start = index
    while start > 0 and (tokens[start - 1].text == "::" or tokens[start - 1].kind == "word" and
                         tokens[start].text == "::"):
        start -= 1
    if start > 0 and tokens[start - 1].text == "->":  # trailing return type
        at = start - 2
        while at > 0 and tokens[at].text != ")":
            if tokens[at].text not in ("mutable", "const", "noexcept"):
                return 0
            at -= 1
        return source.pairs.get(at, 0)
    at = close + 1
    while close and at < len(tokens) and (tokens[at].kind == "word" or tokens[at].text == "::"):
        at += 1
    declares = close and at > close + 1 and at < len(tokens) and tokens[at].text == "("
    return at if declares else 0


def _judge_parameters(source, opening):
    close, at, depth = source.pairs.get(opening, opening), opening + 1, 0
    name = source.tokens[opening - 1].text
    while at < close:
        text = source.tokens[at].text
        if text in ("(", "[", "{"):
            at = source.pairs.get(at, at)
        elif text in ("<", ">"):
            depth += 1 if text == "<" else -1
        elif depth == 0 and text in ("&", "&&"):
            yield _fault(source, at, name, f"coroutine {name} takes a reference: take it by value, or a pointer to what "
                                           "outlives the coroutine")
        elif depth == 0 and text in _VIEWS:
            yield _fault(source, at, name, f"coroutine {name} takes a {text}, which may dangle: take a value")
        at += 1


def _spawns(tree, source):
    stem = source.path.rsplit(".", 1)[0]
    family = [tree.source(path) for path in (stem + ".hpp", stem + ".cpp") if path in tree.texts]
    stops = any(re.search(r"\bStop\s*\(", member.text) for member in family)
    for index, token in enumerate(source.tokens):
        if token.text == "detached" and source.path.startswith("src/"):
            yield _fault(source, index, "detached", "nobody owns a detached coroutine: keep it in something whose Stop() "
                                                    "waits for it")
        if token.text != "co_spawn" or index + 1 >= len(source.tokens) or source.tokens[index + 1].text != "(":
            continue
        start = index
        while source.tokens[start - 1].text in ("::", "asio", "boost", "net"):
            start -= 1
        awaited = source.tokens[start - 1].text == "co_await"
        if not awaited and not stops and source.path.startswith("src/"):
            yield _fault(source, index, "co_spawn", "this file spawns a coroutine but has no Stop() that waits for it")
