"""C++ headers with the structs and enums of the model."""

import fractions
import re
import textwrap

from model import API_VERSION, pascal_case

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def comment(text, indent=""):
    """`text` as /// lines of at most 100 columns."""
    return [indent + "/// " + line for line in textwrap.wrap(text, 95 - len(indent))]


def enumerator(value):
    return "k" + pascal_case(re.sub(r"[^A-Za-z0-9]+(.)", lambda match: match.group(1).upper(), value))


def duration_ms(text):
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", text)
    length = sum(fractions.Fraction(number) * UNITS_MS[unit] for number, unit in parts)
    if not parts or "".join(number + unit for number, unit in parts) != text or length.denominator != 1:
        raise ValueError(f"{text!r} is no length in whole milliseconds")
    return int(length)


def literal(type_, value):
    """A C++ expression for a default of the schema."""
    if type_.form == "bool":
        return "true" if value else "false"
    if type_.form == "int":
        return f"std::int64_t{{{value}}}"
    if type_.form == "text":
        return 'std::string("' + value.replace("\\", "\\\\").replace('"', '\\"') + '")'
    if type_.form == "enum":
        return f"{type_.name}::{enumerator(value)}"
    if type_.name == "Duration":
        return f"Duration{{{duration_ms(value)}}}"
    if type_.name == "IntOrPercent":
        return f"IntOrPercent::Percent({value[:-1]})" if isinstance(value, str) else f"IntOrPercent::Count({value})"
    if type_.form == "struct" and value == {}:
        return f"{type_.name}{{}}"
    raise ValueError(f"no C++ literal for a default {value!r} of {type_.name}")


def is_optional(field):
    return not field.required and field.default is None and not field.type.emptiable and field.type.form != "meta"


def _member(field):
    type_ = f"std::optional<{field.type.name}>" if is_optional(field) else field.type.name
    if field.default is not None and field.type.form != "struct":
        value = f"{field.type.name} {field.cpp_name} = {literal(field.type, field.default)};"
    elif field.type.form == "int" and not is_optional(field):
        value = f"{type_} {field.cpp_name} = 0;"
    elif field.type.form == "bool" and not is_optional(field):
        value = f"{type_} {field.cpp_name} = false;"
    else:
        value = f"{type_} {field.cpp_name}{{}};"
    return comment(field.description, "  ") + ["  " + value]


def _enum(enum):
    lines = comment(enum.description) + [f"enum class {enum.name} : std::uint8_t {{"]
    lines += [f"  {enumerator(value)}," for value in enum.values]
    return lines + ["};", "", "/// As it is written in an object.", f"std::string_view ToString({enum.name} value);", "",
                    "/// False where `text` is none of the values; `value` stays as it is.",
                    f"bool FromString(std::string_view text, {enum.name}& value);", ""]


def _struct(struct):
    lines = comment(struct.description) + [f"struct {struct.name} {{"]
    if struct.kind:
        lines += [f'  static constexpr std::string_view kApiVersion = "{API_VERSION}";',
                  f'  static constexpr std::string_view kKind = "{struct.kind.name}";',
                  f'  static constexpr std::string_view kPlural = "{struct.kind.plural}";', ""]
    for field in struct.fields:
        lines += _member(field)
    return lines + ["", f"  bool operator==(const {struct.name}&) const = default;", "};", "",
                    f"std::string Encode(const {struct.name}& value);",
                    f"std::string EncodeCanonical(const {struct.name}& value);", "template <>",
                    f"Result<{struct.name}> Decode<{struct.name}>(std::string_view json);", ""]


BANNER = "// Generated from crd/ by crd/generate.py."
ENCODE_NOTE = """// Encode: canonical JSON, keys sorted; fields without a value are left out. EncodeCanonical also leaves out every field
// that equals its default. Decode: see reconciler/api/decode.hpp. Strings, ids, lists and maps that may be absent are empty
// when they are."""


def header(model, file):
    enums, structs = model.of_file(file)
    standard = ["cstdint", "map", "optional", "string", "string_view", "vector"]
    local = ["reconciler/api/decode.hpp", "reconciler/api/meta.hpp", "reconciler/api/scalars.hpp",
             "reconciler/base/ids.hpp", "reconciler/base/result.hpp", "reconciler/base/time.hpp"]
    if file != "shared":
        local.insert(3, "reconciler/api/shared.hpp")
    lines = [BANNER, "#pragma once", ""] + [f"#include <{name}>" for name in standard] + [""]
    lines += [f'#include "{name}"' for name in local] + ["", ENCODE_NOTE, "namespace slipway::api {", ""]
    for enum in enums:
        lines += _enum(enum)
    for struct in structs:
        lines += _struct(struct)
    return "\n".join(lines + ["}  // namespace slipway::api", ""])
