"""Random documents that fit a schema, and small changes that may make them misfit."""

import copy
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_constants
    import sre_parse

DURATIONS = ["1s", "10s", "1m30s", "2m", "250ms", "1h", "1h5s", "24h"]
TIMES = ["2026-11-24T02:15:00Z", "1999-12-31T23:59:59.999Z", "2024-02-29T00:00:00Z"]
TEXTS = ["a", "x y", "npm ci && npm test", "Größe", "line\nline", "\"quoted\" \\ back", "tab\there", "🚢"]


def text_for_pattern(random, pattern):
    return "".join(_from_tokens(random, sre_parse.parse(pattern)))


def _from_tokens(random, tokens):
    for operator, argument in tokens:
        if operator is sre_constants.LITERAL:
            yield chr(argument)
        elif operator is sre_constants.IN:
            yield _from_set(random, argument)
        elif operator in (sre_constants.MAX_REPEAT, sre_constants.MIN_REPEAT):
            low, high, inner = argument
            for _ in range(random.randint(low, min(high, low + 3))):
                yield from _from_tokens(random, inner)
        elif operator is sre_constants.SUBPATTERN:
            yield from _from_tokens(random, argument[-1])
        elif operator is sre_constants.BRANCH:
            yield from _from_tokens(random, random.choice(argument[1]))
        elif operator is not sre_constants.AT:
            raise ValueError(f"a pattern holds {operator}")


def _from_set(random, members):
    negated = members[0][0] is sre_constants.NEGATE
    ranges = [(argument, argument) if operator is sre_constants.LITERAL else argument
              for operator, argument in members if operator is not sre_constants.NEGATE]
    if negated:
        return random.choice([char for char in "abcXYZ019 .-_éß" if not any(low <= ord(char) <= high for low, high in ranges)])
    low, high = random.choice(ranges)
    return chr(random.randint(low, high))


class Generator:
    """Documents of one schema. Texts, durations and times come in the one form that Encode prints; nothing optional is
    empty, because empty and absent are the same to the C++ types."""

    def __init__(self, random):
        self.random = random

    def document(self, kind, schema):
        document = self.value(schema)
        if kind != "RepositoryFile":
            document["apiVersion"], document["kind"] = "slipway.dev/v1alpha1", kind
        return document

    def value(self, schema):
        random = self.random
        if "enum" in schema:
            return random.choice(schema["enum"])
        if schema.get("x-kubernetes-int-or-string"):
            return random.choice([random.randint(max(1, schema.get("minimum", 0)), 1000), f"{random.randint(1, 100)}%"])
        return getattr(self, "_" + schema["type"])(schema)

    def _object(self, schema):
        if "additionalProperties" in schema:
            return {f"key{index}": self.value(schema["additionalProperties"]) for index in range(self.random.randint(1, 3))}
        required = schema.get("required", [])
        fewest = max(schema.get("minProperties", 0), 0)
        names = [name for name in schema["properties"] if name in required or self.random.random() < 0.6]
        if len(names) < fewest:
            names = list(schema["properties"])[:fewest]
        most = schema.get("maxProperties", len(names))
        names = sorted(self.random.sample(names, most), key=names.index) if len(names) > most else names
        return {name: self.value(schema["properties"][name]) for name in names}

    def _array(self, schema):
        items = [self.value(schema["items"])
                 for _ in range(self.random.randint(max(1, schema.get("minItems", 0)), min(4, schema.get("maxItems", 4))))]
        keys = schema.get("x-kubernetes-list-map-keys")
        unique = {}
        for item in items:
            unique.setdefault(str([item.get(key) for key in keys] if keys else item), item)
        return items if schema.get("x-kubernetes-list-type", "atomic") == "atomic" else list(unique.values())

    def _string(self, schema):
        form = schema.get("format")
        if form == "duration":
            return self.random.choice(DURATIONS)
        if form == "date-time":
            return self.random.choice(TIMES)
        if form == "byte":
            return self.random.choice(["", "eA==", "eHk=", "eHl6"])
        if "pattern" in schema:
            return text_for_pattern(self.random, schema["pattern"])[:schema.get("maxLength", 1000)]
        return self.random.choice(TEXTS)

    def _integer(self, schema):
        low, high = schema.get("minimum", -2**63), schema.get("maximum", 2**63 - 1)
        return self.random.choice([low, min(high, low + 1), high, self.random.randint(low, high)])

    def _boolean(self, _):
        return self.random.random() < 0.5


JUNK = [None, True, 0, -1, 1.5, 3.0, 2**63, 2**63 - 1, -2**63, 1e300, "", "x", "X y", "\n", "0%", "25%", "100%", "101%", "3",
        "10m", "1.5h", "9999999999h", "1d", "2026-02-30T00:00:00Z", "2026-11-24T02:15:00+02:00", "eA==", "eA=", "é" * 70, [],
        [None], {}, {"name": "x"}, {"run": 1}]


def places(tree, path=()):
    """All paths of a tree, the root's among them."""
    yield path
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in below:
        yield from places(value, (*path, key))


def mutated(random, tree):
    """A copy with one to three small changes."""
    tree = copy.deepcopy(tree)
    for _ in range(random.randint(1, 3)):
        paths = list(places(tree))
        lists = [path for path in paths if isinstance(_at(tree, path), list)]
        path = random.choice(lists if lists and random.random() < 0.2 else paths)
        if path:
            _change(random, _at(tree, path[:-1]), path[-1])
    return tree


def _at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def _change(random, parent, key):
    value = parent[key]
    choice = random.randrange(6)
    if choice == 0:
        del parent[key]
    elif choice == 1 and isinstance(value, str):
        parent[key] = random.choice([value + "\n", value.upper(), value * 50, value[:-1], " " + value, value + "é", "-" + value])
    elif choice == 2 and isinstance(value, int) and not isinstance(value, bool):
        parent[key] = random.choice([value + 1, value - 1, -value, float(value) if abs(value) < 2**53 else value, str(value)])
    elif choice == 3 and isinstance(value, list) and value:
        value.append(copy.deepcopy(random.choice(value)))
    elif choice == 4 and isinstance(value, list) and value:
        parent[key] = value * random.choice([2, 60])
    elif choice == 5 and isinstance(value, dict):
        value[random.choice(["colour", "name", "run", "x y"])] = copy.deepcopy(random.choice(JUNK))
    else:
        parent[key] = copy.deepcopy(random.choice(JUNK))
