#!/usr/bin/python3
"""Makes from crd/ what depends on it.

  generate.py --cpp DIR   C++ structs and codecs into DIR/reconciler/api (the build does this)
  generate.py --tables DIR
                          the schemas as JSON inside DIR/src/objects/definitions.cpp (the build does this)
  generate.py --docs      the pages in docs/reference; --docs --check only says whether they are current
  generate.py --sync      makes copies of shared schemas equal to their home (see sharing.py)
"""

import argparse
import pathlib
import sys

import cpp_codecs
import cpp_headers
import cpp_tables
import model
import reference_pages
import sharing
import structural


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


def generate_docs(check):
    """Writes the reference pages, or fails where one differs from what it would write."""
    folder = model.CRD_DIR.parent / "docs" / "reference"
    pages = reference_pages.pages(model.load_kinds(), model.load_configs())
    stale = sorted(name for name, text in pages.items()
                   if not (folder / name).exists() or (folder / name).read_text() != text)
    stale += sorted(path.name for path in folder.glob("*.md") if path.name not in pages)
    if check and stale:
        raise model.SchemaError(f"docs/reference/{', '.join(stale)}: not what crd/ says; run crd/generate.py --docs")
    if not check:
        for name, text in pages.items():
            write_if_changed(folder / name, text)


def check_schemas():
    """Fails where a file of crd/ is none that Kubernetes would accept."""
    for kind in model.load_kinds():
        faults = structural.definition_faults(kind.document)
        if faults:
            raise model.SchemaError(f"crd/{kind.stem}.yaml: " + "; ".join(faults))
    for stem, schema in model.load_configs().items():
        faults = list(structural.schema_faults("", schema))
        if faults:
            raise model.SchemaError(f"crd/config/{stem}.yaml: " + "; ".join(faults))


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
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--sync", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.sync:
            sync()
        check_schemas()
        if arguments.docs:
            generate_docs(arguments.check)
        if arguments.tables:
            write_if_changed(arguments.tables / "src" / "objects" / "definitions.cpp", cpp_tables.definitions_source())
        if arguments.cpp:
            generate_cpp(arguments.cpp)
    except model.SchemaError as error:
        sys.exit(f"crd/generate.py: {error}")


if __name__ == "__main__":
    main()
