"""What the schema files say, as C++ sees it: kinds, structs, enums and fields."""

import dataclasses
import pathlib
import re

import yaml

CRD_DIR = pathlib.Path(__file__).resolve().parent
API_VERSION = "slipway.dev/v1alpha1"
ID_TYPES = {"git-commit": "Commit", "git-tree": "Tree", "release-hash": "ReleaseHash"}
TEXT_TYPES = {"duration": "Duration", "date-time": "Time", "quantity": "Quantity"}
KEYWORDS = {"static", "namespace", "class", "default", "delete", "new", "operator", "switch", "template", "register"}


class SchemaError(Exception):
    """A schema that the generator cannot use; the message says where and why."""


@dataclasses.dataclass
class Type:
    """C++ type of a value. `form` is one of bool, int, text, id, scalar, enum, struct, list, map."""
    form: str
    name: str
    item: "Type | None" = None

    @property
    def emptiable(self):
        """Whether absent and empty are the same, so that no std::optional is needed."""
        return self.form in ("text", "id", "list", "map")


@dataclasses.dataclass
class Field:
    json_name: str
    cpp_name: str
    type: Type
    required: bool
    default: object  # None: no default
    description: str


@dataclasses.dataclass
class Enum:
    name: str
    description: str
    values: list
    file: str


@dataclasses.dataclass
class Struct:
    name: str
    description: str
    fields: list
    file: str  # where it goes: the stem of a schema file, or "shared"
    kind: "Kind | None" = None


@dataclasses.dataclass
class Kind:
    name: str
    plural: str
    stem: str
    document: dict
    schema: dict


def snake_case(name):
    """providerID -> provider_id, cleanUp -> clean_up."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    snake = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", spaced).lower()
    return snake + "_" if snake in KEYWORDS else snake


def pascal_case(name):
    return name[:1].upper() + name[1:]


def load_kinds():
    """The kinds of crd/*.yaml, by file name."""
    kinds = []
    for path in sorted(CRD_DIR.glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        names = document["spec"]["names"]
        schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        kinds.append(Kind(names["kind"], names["plural"], path.stem, document, schema))
    return kinds


def load_configs():
    """The schemas of crd/config/*.yaml as {stem: schema}."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted((CRD_DIR / "config").glob("*.yaml"))}


class Model:
    """All structs and enums, in an order in which each comes after those that it uses."""

    def __init__(self, kinds, configs):
        self.kinds = kinds
        self.structs = {}
        self.enums = {}
        self._schemas = {}
        self._uses = {}
        for kind in kinds:
            self._add_kind(kind)
        for stem, schema in configs.items():
            self._struct(schema, schema["title"], "repository_file" if stem == "slipway" else stem, schema["title"])
        for name, files in self._uses.items():
            (self.structs.get(name) or self.enums[name]).file = "shared" if len(files) > 1 else next(iter(files))

    def files(self):
        return sorted({struct.file for struct in self.structs.values()})

    def of_file(self, file):
        """Enums, then structs, of one header."""
        return ([enum for enum in self.enums.values() if enum.file == file],
                [struct for struct in self.structs.values() if struct.file == file])

    def _add_kind(self, kind):
        fields = [Field("metadata", "metadata", Type("meta", "ObjectMeta"), False, None, "Name, labels and what else every object has.")]
        for part in ("spec", "status"):
            schema = kind.schema["properties"][part]
            type_ = self._struct(schema, kind.name + pascal_case(part), kind.stem, part)
            fields.append(Field(part, part, type_, part == "spec", {} if part == "status" else None, schema["description"]))
        self.structs[kind.name] = Struct(kind.name, kind.schema["description"], fields, kind.stem, kind)

    def _note_use(self, name, schema, file, path):
        """The same title must mean the same schema; what is local to a place does not count."""
        compared = {key: value for key, value in schema.items() if key not in ("description", "default")}
        if self._schemas.setdefault(name, compared) != compared:
            raise SchemaError(f"crd/{file}: {path}: another schema has the title {name} and differs; "
                              "run crd/generate.py --sync or choose another title")
        self._uses.setdefault(name, set()).add(file)

    def _struct(self, schema, name, file, path):
        self._note_use(name, schema, file, path)
        fields = []
        for key, value in schema["properties"].items():
            type_ = self._type(value, name + pascal_case(key), file, f"{path}.{key}")
            fields.append(Field(key, snake_case(key), type_, key in schema.get("required", ()), value.get("default"),
                                value["description"]))
        # Added after its fields' structs, so that the order of the dictionary is the order of declaration.
        self.structs.setdefault(name, Struct(name, schema.get("description", ""), fields, file))
        return Type("struct", name)

    def _enum(self, schema, name, file, path):
        self._note_use(name, schema, file, path)
        self.enums.setdefault(name, Enum(name, schema["description"], schema["enum"], file))
        return Type("enum", name)

    def _type(self, schema, name, file, path):
        name = schema.get("title", name)
        if schema.get("x-kubernetes-int-or-string"):
            return Type("scalar", "IntOrPercent")
        kind = schema.get("type")
        if kind == "object" and "additionalProperties" in schema:
            item = self._type(schema["additionalProperties"], name + "Value", file, path + ".*")
            return Type("map", f"std::map<std::string, {item.name}>", item)
        if kind == "object":
            return self._struct(schema, name, file, path)
        if kind == "array":
            item = self._type(schema["items"], name + "Item", file, path + "[]")
            return Type("list", f"std::vector<{item.name}>", item)
        if kind == "string":
            return self._string(schema, name, file, path)
        if kind == "integer":
            return Type("int", "std::int64_t")
        if kind == "boolean":
            return Type("bool", "bool")
        raise SchemaError(f"crd/{file}: {path}: the generator knows no C++ type for this schema")

    def _string(self, schema, name, file, path):
        if "enum" in schema:
            return self._enum(schema, name, file, path)
        form = schema.get("format")
        if form in ID_TYPES:
            return Type("id", ID_TYPES[form])
        if form in TEXT_TYPES:
            return Type("scalar", TEXT_TYPES[form])
        return Type("text", "std::string")
