"""Who may include what. The linker enforces libraries; this enforces headers."""

import re

from house.tree import Fault

# The pure core: the language's own data structures, and nothing that waits, reads, writes or looks at a clock.
CORE_STANDARD = set("""
    algorithm any array bit bitset cctype charconv chrono cmath compare concepts cstddef cstdint cstdlib cstring deque
    exception functional initializer_list iomanip iosfwd iterator limits list map memory memory_resource new numeric
    optional ostream queue ranges ratio set span sstream stack stdexcept string string_view tuple type_traits typeindex
    typeinfo unordered_map unordered_set utility variant vector version
""".split())
CORE_ORDER = {"base": 0, "api": 1, "runtime": 2}  # every other folder of the core is a planner: level 3
# What a header of the shell may show of third parties: the executor and the awaitable of its signatures.
SHELL_HEADERS = re.compile(r"<(boost/asio/(?!ssl\.hpp|ssl/|spawn\.hpp)[\w/]+\.hpp|nlohmann/json_fwd\.hpp)>")
SYSTEM_HEADERS = re.compile(r"<((sys|net|netinet|arpa|linux)/[\w/]+\.h|unistd\.h|poll\.h|fcntl\.h|signal\.h|spawn\.h|time\.h)>")
STANDARD = re.compile(r"<[a-z_0-9]+>")
_OUTSIDE = {"gettimeofday", "clock_gettime", "localtime", "gmtime", "getenv", "printf", "fopen", "system"}


def check(tree):
    for source in tree.sources():
        yield from _spelling(source, tree)
        if source.path.startswith("reconciler/"):
            yield from _core(source)
        elif source.path.startswith("src/") and source.path.endswith(".hpp"):
            yield from _shell_header(source)
    yield from _leaks(tree)
    yield from _cycles(tree)


def _fault(source, line, name, message):
    return Fault(source.path, line, "layer", name, message)


def _spelling(source, tree):
    if source.path.endswith(".hpp") and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield _fault(source, 1, "#pragma once", "a header begins with #pragma once")
    for line, name in source.includes:
        inner = name[1:-1]
        generated = (inner + ".in" in tree.texts or inner.startswith(("reconciler/api/", "src/objects/"))
                     or inner.removesuffix(".pb.h") + ".proto" in tree.texts)
        if name[0] == '"' and inner not in tree.texts and not generated:
            yield _fault(source, line, name, f"{name}: our own headers are included by their path from the root")
        if name[0] == "<" and inner.startswith(("reconciler/", "src/")):
            yield _fault(source, line, name, f"{name}: our own headers go in quotes")


def _core(source):
    for line, name in source.includes:
        why = _core_include(source.path, name)
        if why:
            yield _fault(source, line, name, f"{name} in the pure core: {why}")
    for index, token in enumerate(source.tokens):
        before, after = source.words(max(index - 2, 0), index), source.words(index + 1, index + 3)
        reads = token.text.endswith("_clock") and after == ["::", "now"] or token.text == "time" and before == ["std", "::"]
        if reads or token.text in _OUTSIDE and after[:1] == ["("]:
            yield _fault(source, source.line(index), token.text, f"{token.text}: the core is told, it never looks or prints")


def _core_include(path, name):
    """Why the core must not include this; empty if it may."""
    inner = name[1:-1]
    if name[0] == '"':
        if not inner.startswith("reconciler/"):
            return "it knows nothing of the shell"
        mine, other = path.split("/")[1], inner.split("/")[1]
        level, reached = CORE_ORDER.get(mine, 3), CORE_ORDER.get(other, 3)
        return "" if mine == other or reached < level or level == reached == 3 else f"{mine}/ lies below {other}/"
    if inner in CORE_STANDARD or inner == "nlohmann/json_fwd.hpp":
        return ""
    if inner == "nlohmann/json.hpp" or inner.startswith("nettle/"):
        return "" if path.endswith(".cpp") else "only in a .cpp"
    if inner.startswith("boost/outcome/"):
        return "" if path == "reconciler/base/result.hpp" else "only reconciler/base/result.hpp names Outcome"
    return "not on the list of pure headers"


def _third_party(source):
    """(line, name) of the headers of others that a header of the shell must not show."""
    for line, name in source.includes:
        if name[0] == "<" and not any(allowed.fullmatch(name) for allowed in (STANDARD, SHELL_HEADERS, SYSTEM_HEADERS)):
            yield line, name


def _shell_header(source):
    for line, name in _third_party(source):
        yield _fault(source, line, name, f"{name} in a header: third-party headers stay in .cpp files")


def _leaks(tree):
    """A header that is allowed to show a third party's is private to its folder."""
    showing = {source.path for source in tree.sources(".hpp", under=("src/",)) if any(_third_party(source))}
    for source in tree.sources(under=("src/",)):
        for line, name in source.includes:
            if name[1:-1] in showing and _folder(name[1:-1]) != _folder(source.path):
                yield Fault(source.path, line, "leak", name, f"{name} shows a third party's header, so only its own folder may "
                                                             "include it")


def _folder(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 and parts[0] in ("reconciler", "src") else ""


def _cycles(tree):
    """Folders that include each other, directly or in a round."""
    edges = {}
    for source in tree.sources(under=("reconciler/", "src/")):
        mine = _folder(source.path)
        for line, name in source.includes:
            other = _folder(name[1:-1]) if name[0] == '"' else ""
            if mine and other and mine != other:
                edges.setdefault(mine, {}).setdefault(other, (source, line))
    for start in sorted(edges):
        for other in sorted(edges[start]):
            if other > start and _reaches(edges, other, start):
                source, line = edges[start][other]
                yield _fault(source, line, f"{start} {other}", f"{start} and {other} include each other: one must not know "
                                                               "the other")


def _reaches(edges, start, goal):
    seen, open_ = set(), [start]
    while open_:
        at = open_.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            open_.extend(edges.get(at, ()))
    return False
