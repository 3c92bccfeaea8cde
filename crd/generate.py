#!/usr/bin/python3
"""Makes from crd/ what depends on it.

  generate.py --cpp DIR   C++ structs and codecs into DIR/reconciler/api (the build does this)
  generate.py --tables DIR  the schemas as JSON inside DIR/src/objects/definitions.cpp (the build does this)
  generate.py --sync      makes copies of shared schemas equal to their home (see sharing.py)
"""

import argparse
import pathlib
import sys

import cpp_codecs
import cpp_headers
import cpp_tables
import model
import sharing


def write_if_changed(path, text):
    """Leaves an equal file alone, so that nothing is compiled again for nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def generate_cpp(folder):
    types = model.Model(model.load_kinds(), model.load_configs())
    api = folder / "reconciler" / "api"
    for file in types.files():
        write_if_changed(api / f"{file}.hpp", cpp_headers.header(types, file))
        write_if_changed(api / f"{file}.cpp", cpp_codecs.source(types, file))
    write_if_changed(api / "json_codecs.hpp", cpp_codecs.json_codecs_header(types))


def sync():
    paths = {str(path.relative_to(model.CRD_DIR)): path for pattern in ("*.yaml", "config/*.yaml")
             for path in model.CRD_DIR.glob(pattern)}
    texts = {name: path.read_text() for name, path in paths.items()}
    for name, text in sharing.sync(texts).items():
        write_if_changed(paths[name], text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpp", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--tables", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--sync", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.sync:
            sync()
        if arguments.tables:
            write_if_changed(arguments.tables / "src" / "objects" / "definitions.cpp", cpp_tables.definitions_source())
        if arguments.cpp:
            generate_cpp(arguments.cpp)
    except model.SchemaError as error:
        sys.exit(f"crd/generate.py: {error}")


if __name__ == "__main__":
    main()
