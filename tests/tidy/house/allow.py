"""Faults that are allowed, each with a reason. An entry that allows nothing is itself a fault."""

import fnmatch

import yaml

from house.tree import Fault

_KEYS = {"rule", "path", "name", "reason"}


def apply(faults, path, text):
    """The faults that remain. `path` names the allow-list in what is said about it."""
    entries = yaml.safe_load(text) or []
    used, remaining = set(), []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or set(entry) - _KEYS or not {"rule", "path", "reason"} <= set(entry):
            remaining.append(Fault(path, 1, "allow", str(number), f"entry {number + 1} wants rule, path, reason and perhaps "
                                                                  f"name: {entry}"))
            used.add(number)
        elif len(str(entry["reason"]).split()) < 3:
            remaining.append(Fault(path, 1, "allow", str(number), f"entry {number + 1} gives no reason: {entry}"))
    for fault in faults:
        matches = [number for number, entry in enumerate(entries) if _matches(entry, fault)]
        used.update(matches)
        if not matches:
            remaining.append(fault)
    for number, entry in enumerate(entries):
        if number not in used:
            remaining.append(Fault(path, 1, "allow", str(number), f"entry {number + 1} allows nothing any more, remove it: "
                                                                  f"{entry['rule']} {entry['path']} {entry.get('name', '')}"))
    return remaining


def _matches(entry, fault):
    if not isinstance(entry, dict) or not {"rule", "path", "reason"} <= set(entry):
        return False
    return (entry["rule"] == fault.rule and fnmatch.fnmatchcase(fault.path, entry["path"]) and
            fnmatch.fnmatchcase(fault.name, str(entry.get("name", "*"))))
