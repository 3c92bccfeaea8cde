"""What the documents tell people to type exists, and nothing that they need is left out."""

import functools
import os
import pathlib
import re
import shlex
import subprocess

import pytest
from conftest import PROJECT

BIN = pathlib.Path(os.environ.get("SLIPWAY_BIN") or PROJECT / "build/dev/bin")
DOCUMENTS = [*sorted((PROJECT / "docs").rglob("*.md")), PROJECT / "README.md"]
TUTORIAL = (PROJECT / "docs/tutorial.md").read_text()


def commands(text):
    """Every `slipway …` and `slipway-agent …` of a document, as words: in blocks, in units of systemd, between backquotes."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    for line in (re.sub(r'"\$\(.*?\)"|^\./dev .*', "X", line) for line in lines):
        for found in re.findall(r"(?:^|\s|[/=|;&(])(slipway(?:-agent)? [^|;&<>]*)", line):
            yield shlex.split(found, comments=True)


@functools.cache
def help_of(*command):
    done = subprocess.run([BIN / command[0], *command[1:], "--help"], text=True, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def faults(words):
    path = words[:1]
    while "SUBCOMMAND" in help_of(*path) and len(words) > len(path) and not words[len(path)].startswith("-"):
        path.append(words[len(path)])
    known = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", help_of(*path) + help_of(path[0]))
    if f"Usage: {' '.join(path)} " not in help_of(*path):
        yield " ".join(path)
    yield from (word for word in words if re.match("--?[a-z]", word) and word.split("=")[0] not in known)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_commands_and_options_that_exist(document):
    for words in commands(document.read_text()):
        if words[1].isupper() or words[1] == "…":  # such as `slipway COMMAND --help`
            continue
        assert not list(faults(words)), words


def test_the_tutorial_shows_commands():
    shown = {tuple(words[:2]) for words in commands(TUTORIAL)}
    assert {("slipway", "server"), ("slipway", "rollout"), ("slipway-agent", "--server")} <= shown
    assert list(faults(["slipway", "rollout", "begin"])) == ["slipway rollout begin"]
    assert list(faults(["slipway", "get", "servers", "--colour"])) == ["--colour"]


def test_the_objects_of_the_tutorial_are_taken(town):
    town.start_server()
    objects = "\n---\n".join(re.findall(r"^```yaml\n(.*?)^```", TUTORIAL, re.S | re.M))
    done = subprocess.run([BIN / "slipway", "apply", "-f", "-"], env=town.environment(), input=objects, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done
    assert done.stdout.split() == ["fleets/web", "created", "secrets/shop-git", "created", "gitrepositories/shop", "created",
                                   "applications/shop", "created"]


def packages_of(program):
    """The packages of the libraries that it is linked to."""
    linked = subprocess.run(["ldd", program], text=True, capture_output=True, check=True).stdout
    needed = subprocess.run(["objdump", "--private-headers", program], text=True, capture_output=True, check=True).stdout
    packages = set()
    for library in re.findall(r"NEEDED +(\S+)", needed):
        path = re.search(re.escape(library) + r" => (\S+)", linked)
        if path:
            real = os.path.realpath(path[1])
            names = [real, real.removeprefix("/usr")]
            owner = subprocess.run(["dpkg-query", "--search", *names], text=True, capture_output=True, check=False).stdout
            packages.add(owner.split(":")[0])
    return packages - {"libc6", "libgcc-s1", "libstdc++6"}  # apt itself needs these


@pytest.mark.parametrize("section, programs", [("1", ["slipway"]), ("3", ["slipway-agent", "slipway-agent-content"])])
def test_the_tutorial_installs_what_the_programs_are_linked_to(section, programs):
    text = re.search(rf"^## {section}\..*?(?=^## )", TUTORIAL, re.S | re.M)[0]
    installed = set(re.search(r"^apt install (.*?)\n```", text, re.S | re.M)[1].replace("\\\n", " ").split())
    needed = set().union(*(packages_of(BIN / program) for program in programs))
    assert needed == {package for package in installed if package.startswith(("lib", "zlib"))}
    assert all(f"out/{program}`" in text for program in programs)
