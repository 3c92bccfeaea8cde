"""The schemas as JSON text inside a C++ source, so that programs need no file at run time."""

import json

import yaml

from cpp_headers import BANNER
from model import CRD_DIR

SRC_DIR = CRD_DIR.parent / "src"
CORE_DIR = SRC_DIR / "objects" / "core"


def _text(document):
    """A C++ literal of the document as JSON; pieces, because compilers bound the length of one literal."""
    text = json.dumps(document, sort_keys=True)
    pieces = [text[start:start + 8000] for start in range(0, len(text), 8000)]
    return "\n    ".join(f'R"json({piece})json"' for piece in pieces)


def _load(path):
    return yaml.safe_load(path.read_text())


def definitions_source():
    paths = sorted(CRD_DIR.glob("*.yaml")) + sorted(path for path in CORE_DIR.glob("*.yaml") if path.stem != "object_meta")
    lines = [BANNER, '#include "src/objects/definitions.hpp"', "", "#include <array>", "",
             "namespace slipway::objects {", "namespace {", "",
             f"constexpr std::array<std::string_view, {len(paths)}> kDefinitions = {{"]
    lines += [f"    {_text(_load(path))}," for path in paths]
    lines += ["};", "", "}  // namespace", "",
              "std::span<const std::string_view> KindDefinitions() { return kDefinitions; }", "",
              "std::string_view ObjectMetaSchema() {", f"  return {_text(_load(CORE_DIR / 'object_meta.yaml'))};", "}", "",
              "std::string_view MetaDefinitions() {", f"  return {_text(_load(SRC_DIR / 'openapi' / 'meta.yaml'))};", "}", "",
              "std::string_view RepositoryFileSchema() {",
              f"  return {_text(_load(CRD_DIR / 'config' / 'slipway.yaml'))};", "}", "",
              "}  // namespace slipway::objects", ""]
    return "\n".join(lines)
