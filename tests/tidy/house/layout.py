"""Folders, names, and marks of unfinished work."""

import re
import subprocess

from house.tree import Fault

_MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")
_NAMES = re.compile(r"(Manager|Helpers?|Utils?|Utility|Common)$")
_FILES = re.compile(r"(^|/|_)(utils?|helpers?|common|misc)(_|/|\.|$)")
_SLEEPS = {"sleep_for", "sleep_until", "usleep", "nanosleep", "sleep"}
_OFF = re.compile(r"\b(DISABLED_\w+|GTEST_SKIP|pytest\.skip|pytest\.mark\.(skip|skipif|xfail)|importorskip)\b")
_ASSERTS = re.compile(r"^(EXPECT|ASSERT)_|^(FAIL|ADD_FAILURE|RC_ASSERT)$")


def check(tree):
    yield from _readmes(tree)
    for path, text in tree.texts.items():
        yield from _marks(path, text)
        if _FILES.search(path):
            yield Fault(path, 1, "name", path, "util, helper and common say nothing: name it after what it does")
        if text.startswith("#!") and "bash" in text.split("\n", 1)[0] or path.endswith(".sh"):
            yield from _bash(path, text)
    for source in tree.sources():
        yield from _words(source)
    yield from _empty_tests(tree)


def _readmes(tree):
    for folder in tree.folders():
        name = f"{folder}/README.md"
        if any(part.startswith(".") for part in folder.split("/")):
            continue
        if name not in tree.texts:
            yield Fault(name, 1, "readme", folder, f"{folder}/ has no README.md: what it is for, its main types, what it must "
                                                      "not know")
        elif len(tree.texts[name].split()) < 8:
            yield Fault(name, 1, "readme", folder, f"{name} says nothing")


def _marks(path, text):
    if path.startswith("tests/tidy/"):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        quoted = re.sub(r"`[^`]*`", "", line) if path.endswith(".md") else line
        for match in _MARK.finditer(quoted):
            yield Fault(path, number, "unfinished", match.group(1), f"{match.group(1)} without a number: finish it, or write "
                                                                    f"{match.group(1)}(#123)")
        if path.startswith("tests/"):
            for match in _OFF.finditer(line):
                yield Fault(path, number, "switched-off", match.group(), f"{match.group()}: a test runs or is removed")


def _bash(path, text):
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        yield Fault(path, 1, "bash", path, done.stderr.strip())


def _words(source):
    tokens = source.tokens
    for index, token in enumerate(tokens):
        if token.kind != "word":
            continue
        before = tokens[index - 1].text if index else ""
        if before in ("class", "struct", "namespace") and _NAMES.search(token.text):
            yield Fault(source.path, source.line(index), "name", token.text, f"{token.text}: say what it does")
        follows = index + 1 < len(tokens) and tokens[index + 1].text == "("
        if token.text in _SLEEPS and follows and before not in (".", "->"):
            yield Fault(source.path, source.line(index), "sleep", token.text, f"{token.text}: wait for a condition instead")


def _empty_tests(tree):
    """Tests that reach no assertion, neither themselves nor by a function of the tests that they call."""
    bodies = []  # (source, block, name, words)
    for source in tree.sources(under=("tests/",)):
        for block in source.blocks:
            if block.kind == "function" and block.close > 0:
                name = source.function_name(block).rsplit("::", 1)[-1]
                bodies.append((source, block, name, set(source.words(block.open, block.close))))
    asserting = {name for _, _, name, words in bodies if any(_ASSERTS.match(word) for word in words)}
    grown = 0
    while grown != len(asserting):
        grown = len(asserting)
        asserting |= {name for _, _, name, words in bodies if words & asserting}
    for source, block, name, _ in bodies:
        if source.block_head(block)[0] in ("TEST", "TEST_F", "TEST_P") and name not in asserting:
            yield Fault(source.path, source.line(block.head), "empty-test", name, f"{name} asserts nothing")
