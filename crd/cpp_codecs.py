"""C++ codecs: one .cpp for each header, and one internal header that declares them to each other."""

from cpp_headers import BANNER, enumerator, is_optional, literal
from model import API_VERSION


def json_codecs_header(model):
    lines = [BANNER, "// Only for .cpp files of the codecs.", "#pragma once", "", '#include "reconciler/api/codec.hpp"']
    lines += [f'#include "reconciler/api/{file}.hpp"' for file in model.files()]
    lines += ["", "namespace slipway::api::codec {", ""]
    for name in [*model.enums, *model.structs]:
        by_value = name if name in model.enums else f"const {name}&"
        lines += [f"void Read(const Json& json, {name}& value, Cursor& at);", f"Json Write({by_value} value, Form form);"]
    return "\n".join(lines + ["", "}  // namespace slipway::api::codec", ""])


def _read_field(field):
    presence = "kRequired" if field.required else "kOptional"
    return f'  ReadField(json, "{field.json_name}", Presence::{presence}, value.{field.cpp_name}, at);'


def _write_field(field):
    arguments = f'json, "{field.json_name}", value.{field.cpp_name}'
    if field.type.form == "meta" or field.required:
        return f"  WriteRequired({arguments}, form);"
    if field.default is not None:
        form = "Form::kCanonical" if field.json_name == "status" and field.default == {} else "form"
        return f"  WriteDefaulted({arguments}, {literal(field.type, field.default)}, {form});"
    if is_optional(field):
        return f"  WriteOptional({arguments}, form);"
    return f"  WriteUnlessEmpty({arguments}, form);"


def _struct_codec(struct):
    read = [f"void Read(const Json& json, {struct.name}& value, Cursor& at) {{", "  if (!IsObject(json, at)) {",
            "    return;", "  }"]
    if struct.kind:
        read += [f'  ReadKind(json, "{struct.kind.name}", at);']
    read += [_read_field(field) for field in struct.fields] + ["}", ""]
    write = [f"Json Write(const {struct.name}& value, [[maybe_unused]] Form form) {{", "  Json json = Json::object();"]
    if struct.kind:
        write += [f'  json["apiVersion"] = "{API_VERSION}";', f'  json["kind"] = "{struct.kind.name}";']
    return read + write + [_write_field(field) for field in struct.fields] + ["  return json;", "}", ""]


def _enum_codec(enum):

    return [f"void Read(const Json& json, {enum.name}& value, Cursor& at) {{", "  std::string text;",
            "  Read(json, text, at);", "  if (!at.failed() && !FromString(text, value)) {",
            f'    at.Refuse("must be one of {", ".join(enum.values)}");', "  }", "}", "",
            f"Json Write({enum.name} value, Form) {{ return std::string(ToString(value)); }}", ""]


def _enum_text(enum):
    lines = [f"std::string_view ToString({enum.name} value) {{", "  switch (value) {"]
    for value in enum.values:
        lines += [f"    case {enum.name}::{enumerator(value)}:", f'      return "{value}";']
    lines += ["  }", f'  SLIPWAY_UNREACHABLE("{enum.name} outside the enum");', "}", "",
              f"bool FromString(std::string_view text, {enum.name}& value) {{"]
    for value in enum.values:
        lines += [f'  if (text == "{value}") {{', f"    value = {enum.name}::{enumerator(value)};", "    return true;", "  }"]
    return lines + ["  return false;", "}", ""]


def _struct_text(struct):
    name = struct.name
    return [f"std::string Encode(const {name}& value) {{", "  return PrintJson(codec::Write(value, codec::Form::kComplete));",
            "}", "", f"std::string EncodeCanonical(const {name}& value) {{",
            "  return PrintJson(codec::Write(value, codec::Form::kCanonical));", "}", "", "template <>",
            f"Result<{name}> Decode<{name}>(std::string_view json) {{",
            f"  return codec::DecodeAs<{name}>(json);", "}", ""]


def source(model, file):
    enums, structs = model.of_file(file)
    lines = [BANNER, "#include <nlohmann/json.hpp>", "", '#include "reconciler/api/json_codecs.hpp"', '#include "reconciler/base/assert.hpp"',
             '#include "reconciler/base/json.hpp"', "",
             "namespace slipway::api::codec {", ""]
    for enum in enums:
        lines += _enum_codec(enum)
    for struct in structs:
        lines += _struct_codec(struct)
    lines += ["}  // namespace slipway::api::codec", "", "namespace slipway::api {", ""]
    for enum in enums:
        lines += _enum_text(enum)
    for struct in structs:
        lines += _struct_text(struct)
    return "\n".join(lines + ["}  // namespace slipway::api", ""])
