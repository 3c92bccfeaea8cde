"""The schemas of crd/ and src/objects/core/ as Python trees, and their translation to plain JSON Schema."""

import datetime
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
INT64 = 2**63
EXACT_DOUBLE = 2**53


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


def all_schemas():
    """{kind: schema with the whole of metadata}, RepositoryFile among them."""
    metadata = load("src/objects/core/object_meta.yaml")
    schemas = {"RepositoryFile": load("crd/config/slipway.yaml")}
    paths = sorted((ROOT / "crd").glob("*.yaml")) + sorted((ROOT / "src/objects/core").glob("*.yaml"))
    for path in paths:
        if path.stem == "object_meta":
            continue
        document = yaml.safe_load(path.read_text())
        if "refusal" in document["spec"] or document["spec"].get("hidden"):
            continue  # Nobody can send one.
        schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        own = schema["properties"].get("metadata", {}).get("properties", {})
        schema["properties"]["metadata"] = {**metadata, "properties": {**metadata["properties"], **own}}
        for name in ("apiVersion", "kind"):
            schema["properties"][name] = {"type": "string", "maxLength": 317}
        schemas[document["spec"]["names"]["kind"]] = schema
    return schemas


def _python_pattern(pattern):
    """RE2's $ is the end of the text; Python's also stands before a last line break."""
    return re.sub(r"\$$", r"\\Z", pattern)


def translate(schema):
    """A structural schema as JSON Schema (draft 2020-12) with one keyword more, `uniqueKeys`."""
    if schema.get("x-kubernetes-int-or-string"):
        number = {key: schema[key] for key in ("minimum", "maximum") if key in schema}
        text = {key: schema[key] for key in ("maxLength", "pattern") if key in schema}
        if "pattern" in text:
            text["pattern"] = _python_pattern(text["pattern"])
        return {"anyOf": [{"type": "integer", **number}, {"type": "string", **text}]}
    plain = ("required", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties",
             "maxProperties", "format")
    result = {key: schema[key] for key in plain if key in schema}
    result["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
    if "pattern" in schema:
        result["pattern"] = _python_pattern(schema["pattern"])
    if "properties" in schema:
        result["properties"] = {name: translate(below) for name, below in schema["properties"].items()}
    if "additionalProperties" in schema:
        result["additionalProperties"] = translate(schema["additionalProperties"])
    if "items" in schema:
        result["items"] = translate(schema["items"])
    if schema.get("x-kubernetes-list-type") == "set":
        result["uniqueItems"] = True
    if schema.get("x-kubernetes-list-type") == "map":
        result["uniqueKeys"] = schema["x-kubernetes-list-map-keys"]
    return result


def _is_integer(_, value):
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return value.is_integer() and abs(value) <= EXACT_DOUBLE
    return isinstance(value, int) and -INT64 <= value < INT64


def _unique_keys(_, keys, items, __):
    if isinstance(items, list):
        seen = [[item.get(key) if isinstance(item, dict) else None for key in keys] for item in items]
        if any(key in seen[:index] for index, key in enumerate(seen)):
            yield jsonschema.ValidationError("two items have the same keys")


FORMATS = jsonschema.FormatChecker(formats=())
UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
LONGEST_MS = 100 * 366 * 24 * 3_600_000


@FORMATS.checks("duration")
def _is_duration(text):
    if not isinstance(text, str) or not re.fullmatch(r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+", text):
        return not isinstance(text, str)
    return sum(float(number) * UNITS_MS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", text)) <= LONGEST_MS


@FORMATS.checks("date-time")
def _is_time(text):
    if not isinstance(text, str):
        return True
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-](\d\d):(\d\d))", text, re.ASCII)
    if not match or int(match[9] or 0) > 23 or int(match[10] or 0) > 59:
        return False
    # Year 0 exists for RFC 3339 and not for Python; 2000 has the same leap day.
    year, *rest = (int(match[index]) for index in range(1, 7))
    try:
        datetime.datetime(year or 2000, *rest)
    except ValueError:
        return False
    return True


@FORMATS.checks("byte")
def _is_base64(text):
    return not isinstance(text, str) or bool(re.fullmatch(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text))


Judge = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"uniqueKeys": _unique_keys},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer))


def judge_for(schema):
    return Judge(translate(schema), format_checker=FORMATS)
