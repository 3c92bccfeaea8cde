"""Keeps schemas that several files hold the same.

A CustomResourceDefinition must be complete in itself, so a schema such as Condition stands in many files. Its home is the
first place that has it, in the order of the files' names; every other place with the same title is a copy. Only
`description` and `default` belong to the place. Edit the home, then run `crd/generate.py --sync`.
"""

import yaml

LOCAL_KEYS = ("description", "default")


def _children(node):
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return node.value
    return []


def _scalar(node, key):
    for name, value in node.value:
        if name.value == key and isinstance(value, yaml.ScalarNode):
            return value.value
    return None


def _is_shared(node):
    """Objects and enums are shared by title; a title on any other schema only names its C++ type."""
    keys = {name.value for name, _ in node.value}
    kind = _scalar(node, "type")
    return "title" in keys and (kind == "object" or "enum" in keys or keys <= {"title", *LOCAL_KEYS, "type"})


def titled_nodes(node):
    """All shared schemas below a node, outer ones first."""
    if isinstance(node, yaml.MappingNode) and _scalar(node, "title") is not None and _is_shared(node):
        yield node
    for child in _children(node):
        yield from titled_nodes(child)


def _blocks(lines, node):
    """The source lines of each key of a block mapping, by key, with the mapping's indentation removed."""
    indent = node.start_mark.column
    blocks = {}
    starts = [key.start_mark.line for key, _ in node.value]
    ends = starts[1:] + [_end_line(lines, starts[-1], indent)]
    for (key, _), start, end in zip(node.value, starts, ends):
        first = lines[start][indent:]
        rest = [line[indent:] for line in lines[start + 1:end]]
        blocks[key.value] = [first, *rest]
    return blocks


def _end_line(lines, start, indent):
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
        end += 1
    return end


def _merged(home, copy):
    """The copy's own lines for what is local, the home's for everything else, in the home's order."""
    merged = []
    for key, lines in home.items():
        if key not in LOCAL_KEYS:
            merged += lines
            if key != "title":
                continue
            for local in LOCAL_KEYS:
                merged += copy.get(local, [])
    return merged


def sync(texts):
    """texts: {file name: text}. Returns the same with every copy equal to its home."""
    homes = {}
    for name in sorted(texts):
        done = 0
        while True:
            lines = texts[name].splitlines()
            nodes = list(titled_nodes(yaml.compose(texts[name])))
            if done == len(nodes):
                break
            node = nodes[done]
            done += 1
            title = _scalar(node, "title")
            blocks = _blocks(lines, node)
            if title not in homes:
                homes[title] = blocks
                continue
            indent = node.start_mark.column
            first = node.start_mark.line
            last = _end_line(lines, node.value[-1][0].start_mark.line, indent)
            new = [" " * indent + line if line else line for line in _merged(homes[title], blocks)]
            new[0] = lines[first][:indent] + new[0][indent:]  # keeps the dash of a list item
            texts[name] = "\n".join(lines[:first] + new + lines[last:]) + "\n"
    return texts
