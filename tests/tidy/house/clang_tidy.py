"""clang-tidy over every .cpp that is built, each result remembered by the content of all that went into it.

The memory lies outside of the checkout, so that a fresh clone profits from it. Only clean results are kept: what is
wrong is said again each time.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import time

from house.tree import Fault

PROGRAM = "clang-tidy-16"
_INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
_MESSAGE = re.compile(r"^(?P<path>/.*?):(?P<line>\d+):\d+: (?:error|warning): (?P<text>.*?)(?: \[(?P<check>[\w.,-]+)\])?$",
                      re.MULTILINE)
# GCC's own; and what precompiled headers need: each file is read without, so that it names what it includes.
_DROPPED = ("-Wno-mismatched-new-delete", "-Wno-tsan", "-Wno-array-bounds", "-Wno-stringop-overread",
            "-Wno-subobject-linkage", "-ffunction-sections", "-fdata-sections", "-Og",
            "-Winvalid-pch", "-fpch-preprocess", "-pthread")
_EXTRA = ("-DBOOST_ASIO_HAS_CO_AWAIT", "-DBOOST_ASIO_HAS_STD_COROUTINE", "-Wno-unknown-warning-option")
_KEEP_DAYS = 30


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    directory = pathlib.Path(base) / "slipway" / "clang-tidy"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


class Linter:
    """Knows what each file is compiled with, and what was clean before."""

    def __init__(self, root, build, memory):
        self.root, self.build, self.memory = root.resolve(), build.resolve(), memory
        self._content, self._reach = {}, {}
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
        configurations = sorted(self.root.glob("**/.clang-tidy"))
        settings = b"".join(path.read_bytes() for path in configurations if self.build not in path.parents)
        self._base = hashlib.sha256(version.encode() + settings + repr(_EXTRA).encode()).hexdigest()

    def content(self, path):
        if path not in self._content:
            self._content[path] = path.read_bytes() if path.is_file() else None
        return self._content[path]

    def reach(self, path):
        """A file and all of ours that it includes, at any depth; sorted."""
        seen, open_ = set(), [path]
        while open_:
            at = open_.pop()
            if at in seen:
                continue
            seen.add(at)
            for name in _INCLUDE.findall(self.content(at) or b""):
                for base in (self.root, self.build / "generated"):
                    candidate = base / name.decode()
                    if self.content(candidate) is not None:
                        open_.append(candidate)
                        break
        return sorted(seen)

    def key(self, path, arguments):
        digest = hashlib.sha256(self._base.encode())
        digest.update(" ".join(arguments).replace(str(self.build), "BUILD").replace(str(self.root), "ROOT").encode())
        for member in self.reach(path):
            name = str(member).replace(str(self.build), "BUILD").replace(str(self.root), "ROOT")
            digest.update(name.encode() + b"\0" + hashlib.sha256(self.content(member)).digest())
        return digest.hexdigest()

    def lint(self, path, arguments, directory):
        """What clang-tidy says about one file, or an empty string."""
        remembered = self.memory / self.key(path, arguments)
        if remembered.exists():
            remembered.touch()
            return ""
        command = [PROGRAM, "--quiet", "--warnings-as-errors=*", str(path), "--", *arguments, *_EXTRA]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            remembered.touch()
            return ""
        return done.stdout + done.stderr


def _sources(path, root):
    """The files that one compilation reads: several of a target are compiled as one, and each is linted by itself."""
    if not path.parent.name.endswith(".batches"):
        return [path]
    return [root / name.decode() for name in _INCLUDE.findall(path.read_bytes())]


def commands(root, build):
    """(path, arguments without the compiler, input and output; directory) of everything that is compiled."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        while words and not os.path.basename(words[0]).startswith(("c++", "g++", "clang++")):
            words.pop(0)
        kept, skip = [], False
        for word in words[1:]:
            if skip or word in ("-o", "-c", "-include"):
                skip = word in ("-o", "-include")
            elif word not in _DROPPED and word != entry["file"]:
                kept.append(word)
        for source in _sources(pathlib.Path(entry["file"]), root):
            yield source, kept, entry["directory"]


def forget_old(memory):
    limit = time.time() - _KEEP_DAYS * 86400
    for path in memory.iterdir():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


def faults(tree, root, build, jobs):
    if build is None or not (build / "compile_commands.json").exists():
        return [Fault(str(build), 1, "clang-tidy", "", "no compile_commands.json here; `./dev build` makes one")]
    memory = cache_directory()
    forget_old(memory)
    linter = Linter(root, build, memory)
    wanted = {linter.root / path for path in tree.paths(".cpp", under=("reconciler/", "src/", "tests/"))}
    work = {path: (arguments, directory) for path, arguments, directory in commands(linter.root, build) if path in wanted}
    found = {Fault(os.path.relpath(path, linter.root), 1, "clang-tidy", "", "is compiled by no target")
             for path in wanted - work.keys()}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(linter.lint, path, *rest): path for path, rest in sorted(work.items())}
        for future in concurrent.futures.as_completed(running):
            found.update(_read(future.result(), running[future], linter.root))
    return list(found)


def _read(output, path, root):
    if not output:
        return
    matches = list(_MESSAGE.finditer(output))
    for match in matches:
        name = os.path.relpath(match["path"], root)
        check = (match["check"] or "").replace(",-warnings-as-errors", "")
        yield Fault(name, int(match["line"]), "clang-tidy", check, f"{match['text']} [{check}]")
    if not matches:
        yield Fault(os.path.relpath(path, root), 1, "clang-tidy", "", output.strip())
