"""clang-format has been over every file."""

import re
import subprocess

from house.tree import Fault

PROGRAM = "clang-format-16"


def faults(tree, root, jobs):
    paths = [path for path in tree.paths(".cpp", ".hpp") if (root / path).exists()]
    children = []
    for number in range(jobs):
        share = paths[number::jobs]
        if share:
            children.append(subprocess.Popen([PROGRAM, "--dry-run", "--Werror", *share], cwd=root, text=True,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    found = {}
    for child in children:
        _, errors = child.communicate()
        for match in re.finditer(r"^(\S.*?):(\d+):\d+: (?:error|warning): ", errors, re.MULTILINE):
            found.setdefault(match[1], int(match[2]))
        if child.returncode != 0 and not found:
            found[errors.strip().split("\n")[0] or PROGRAM] = 1
    return [Fault(path, line, "format", path, "is not formatted; `./dev fmt` does it") for path, line in found.items()]
