"""The files that are judged, and what a judgement looks like."""

import dataclasses
import functools
import pathlib
import subprocess

from house.cpp import Source

FOLDERS = ("reconciler", "src", "crd", "tests", "manifests", "charts", "cmake", "docs", ".ci")
TEXT_SUFFIXES = {".cpp", ".hpp", ".proto", ".py", ".sh", ".cmake", ".txt", ".md", ".yaml", ".yml", ".json", ".tpl", ".in", ""}


@dataclasses.dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong. `name` is what an entry of the allow-list calls it by: a function, a header, a word."""

    path: str
    line: int
    rule: str
    name: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class Tree:
    """Texts by path, relative to the root of the project. Made from a folder, or in tests from a dictionary."""

    def __init__(self, texts):
        self.texts = dict(sorted(texts.items()))

    @classmethod
    def read(cls, root):
        root = pathlib.Path(root)
        texts = {}
        for name in _project_files(root):
            path = root / name
            if path.is_file() and path.suffix in TEXT_SUFFIXES and not path.is_symlink():
                try:
                    texts[name] = path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue
        return cls(texts)

    def paths(self, *suffixes, under=("",)):
        """Paths with one of the suffixes, below one of the folders (given with a closing slash)."""
        return [path for path in self.texts if path.endswith(suffixes) and path.startswith(tuple(under))]

    def sources(self, *suffixes, under=("",)):
        return [self.source(path) for path in self.paths(*(suffixes or (".hpp", ".cpp")), under=under)]

    @functools.lru_cache(maxsize=None)
    def source(self, path):
        return Source(path, self.texts[path])

    def folders(self):
        """Every folder that holds a file, at any depth."""
        found = set()
        for path in self.texts:
            found.update(str(parent) for parent in pathlib.PurePosixPath(path).parents if str(parent) != ".")
        return sorted(found)


def _project_files(root):
    """What git tracks or would track; without git (an unpacked archive) what lies in the known folders."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        return sorted(set(filter(None, listed.stdout.decode().split("\0"))))
    top = [path.name for path in root.iterdir() if path.is_file()]
    deep = [str(path.relative_to(root)) for folder in FOLDERS for path in (root / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts]
    return sorted(top + deep)
