"""What a header must say: it is the contract, and its reader does not open the .cpp.

Every class, struct, enum and function that a header of reconciler/ or src/ offers has a `///` comment, and so has every
pure virtual function; one comment may speak for functions that follow each other without an empty line. Where functions
return a Result, the header says something about errors. A class that others implement, or that holds a lock, a thread or
an executor, says which threads may use it. A number that is a length of time carries its unit in its name.
"""

import re

from house.tree import Fault

_TIME = re.compile(r"^(\w*_)?(timeout|deadline|delay|interval|period|duration|elapsed|backoff|age|ttl)_?$")
_NUMBERS = {"int", "long", "unsigned", "double", "float", "int32_t", "int64_t", "uint32_t", "uint64_t", "size_t"}
_ERRORS = re.compile(r"error|fail|refus|invalid|wrong|k[A-Z]\w+|unless|not found|trouble", re.IGNORECASE)
_THREADS = re.compile(r"thread|strand|executor|io_context|immutable|one owner|owned by", re.IGNORECASE)
_SHARED = {"mutex", "shared_mutex", "atomic", "thread", "jthread", "condition_variable", "thread_pool", "any_io_executor",
           "io_context", "steady_timer", "strand"}
_NOT_OFFERED = {"using", "typedef", "friend", "static_assert", "extern", "namespace"}


def check(tree):
    for source in tree.sources(".hpp", under=("reconciler/", "src/")):
        yield from _declarations(source)
        yield from _virtuals(source)
        yield from _errors(source)
        yield from _units(source)


def _fault(source, index, rule, name, message):
    return Fault(source.path, source.line(index), rule, name, message)


def _public_level(source, block):
    while block is not None:
        if block.kind != "namespace":
            return False
        words = source.block_head(block)
        if words == ["namespace"] or {"detail", "internal"} & set(words):
            return False
        block = block.parent
    return True


def _declarations(source):
    covered_until, names = -1, set()  # the line up to which a comment speaks for functions; names that were judged
    opened = {block.open: block for block in source.blocks}
    for first, last, block in sorted(source.statements, key=lambda item: item[:2]):
        if not _public_level(source, block):
            continue
        kind, name = _what(source, first, last, opened)
        family = kind == "function" and (source.line(first) <= covered_until + 1 or name in names)
        if kind and not family and not _documented(source, first, last):
            yield _fault(source, first, "comment", name, f"{kind} {name} has no /// comment")
        if kind in ("class", "struct") and _is_shared(source, first, last) and not _says_threads(source, first):
            yield _fault(source, first, "threads", name, f"{kind} {name} does not say which threads may use it")
        covered_until = source.line(last - 1) if kind == "function" else -1
        names.add(name)


def _what(source, first, last, opened):
    """("class" | "struct" | "enum" | "function", name), or ("", "") where a comment is not asked for."""
    tokens, at = source.tokens, first
    if tokens[at].text == "template":
        depth = 0
        while at < last:
            at += 1
            depth += {"<": 1, ">": -1}.get(tokens[at].text, 0)
            if depth == 0:
                break
        at += 1
    words = source.words(at, last)
    if not words or words[0] in _NOT_OFFERED or "operator" in words[:words.index("(") if "(" in words else len(words)]:
        return "", ""
    body = next((opened[i] for i in range(at, last) if i in opened), None)
    if body is not None and body.kind in ("class", "enum"):
        head = [word for word in source.words(at, body.open) if word not in ("alignas", "final")]
        name = head[1] if head[0] != "enum" or head[1] not in ("class", "struct") else head[2]
        specialised = "<" in head[:head.index(":") if ":" in head else len(head)] or "::" in head[:3]
        return ("", "") if specialised or body.parent is None else (head[0], name)
    parenthesis = source.first("(", at, last)
    assigned = source.first("=", at, last)
    if parenthesis < 0 or 0 <= assigned < parenthesis or tokens[parenthesis - 1].kind != "word" or parenthesis == at + 1:
        return "", ""
    if body is not None and body.open < parenthesis:
        return "", ""
    return "function", tokens[parenthesis - 1].text


def _documented(source, first, last):
    line = source.line(first)
    above = source.lines[line - 2].strip() if line >= 2 else ""
    if above.startswith("///"):
        return True
    return any("///<" in source.lines[number - 1] for number in range(line, source.line(last - 1) + 1))


def _comment_above(source, index):
    line, text = source.line(index) - 2, []
    while line >= 0 and source.lines[line].strip().startswith("///"):
        text.append(source.lines[line])
        line -= 1
    return "\n".join(reversed(text))


def _is_shared(source, first, last):
    words = source.words(first, last)
    return bool(_SHARED & set(words)) or "virtual" in words and "= 0 ;" in " ".join(words)


def _says_threads(source, first):
    return bool(_THREADS.search(_comment_above(source, first)))


def _virtuals(source):
    covered_until = -1
    for first, last, block in sorted(source.statements, key=lambda item: item[:2]):
        words = source.words(first, last)
        if block is not None and block.kind == "class" and words[:1] == ["virtual"] and words[-3:] == ["=", "0", ";"]:
            name = source.tokens[source.first("(", first, last) - 1].text
            if source.line(first) > covered_until + 1 and not _documented(source, first, last):
                yield _fault(source, first, "comment", name, f"pure virtual {name} has no /// comment: it is a contract")
            covered_until = source.line(last - 1)


def _errors(source):
    comments = "\n".join(text for _, text in source.comments if text.startswith("///"))
    if _ERRORS.search(comments):
        return
    for first, last, block in source.statements:
        if source.words(first, first + 2) == ["Result", "<"] and source.first("(", first, last) > 0:
            yield _fault(source, first, "errors", source.path, "functions here return a Result, but no comment says what "
                                                              "can fail and with which error")
            return


def _units(source):
    for index, token in enumerate(source.tokens[1:], start=1):
        if token.kind == "word" and _TIME.match(token.text) and source.tokens[index - 1].text in _NUMBERS:
            yield _fault(source, index, "unit", token.text, f"{token.text} is a bare number: make it a Duration or put the "
                                                            "unit last, such as {0}_ms".replace("{0}", token.text.rstrip("_")))
