#!/usr/bin/python3
"""Judges the project without running it: format, clang-tidy, and the house rules. `./dev check` calls it.

usage: check.py [--build DIRECTORY] [--jobs N] [--root DIRECTORY] [format] [clang-tidy] [house]
"""

import argparse
import pathlib
import sys
import time

from house import allow, clang_format, clang_tidy, coroutines, headers, layers, layout, sizes
from house.tree import Tree

ALLOW = "tests/tidy/allow.yaml"


def house_faults(tree):
    faults = [fault for rules in (coroutines, headers, layers, layout, sizes) for fault in rules.check(tree)]
    return allow.apply(faults, ALLOW, tree.texts.get(ALLOW, ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=pathlib.Path, help="where compile_commands.json is")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("step", nargs="*", help="format, clang-tidy, house; all three when none is named")
    options = parser.parse_args()
    steps = {
        "format": lambda tree: clang_format.faults(tree, options.root, options.jobs),
        "house": house_faults,
        "clang-tidy": lambda tree: clang_tidy.faults(tree, options.root, options.build, options.jobs),
    }
    unknown = set(options.step) - set(steps)
    if unknown:
        parser.error(f"there is no step {', '.join(sorted(unknown))}")
    tree = Tree.read(options.root)
    bad = 0
    for name, step in steps.items():
        if options.step and name not in options.step:
            continue
        begin = time.monotonic()
        faults = sorted(step(tree))
        for fault in faults:
            print(fault)
        bad += len(faults)
        print(f"check {name}: {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'} "
              f"({time.monotonic() - begin:.1f} s)", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
