"""The schema files are ones that Kubernetes accepts, and what is made from them is current."""

import copy
import shutil
import subprocess
import sys

import jsonschema
import pytest
import yaml

import schema_files

CRD = schema_files.ROOT / "crd"
sys.path.insert(0, str(CRD))
import cpp_headers  # noqa: E402
import model  # noqa: E402
import sharing  # noqa: E402
import structural  # noqa: E402


def fleet():
    return copy.deepcopy(schema_files.load("crd/fleet.yaml"))


def root_of(document):
    return document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def every_schema(schema):
    yield schema
    for below in schema.get("properties", {}).values():
        yield from every_schema(below)
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from every_schema(schema[keyword])


@pytest.mark.parametrize("path", sorted(CRD.glob("*.yaml")), ids=lambda path: path.stem)
def test_definitions_are_structural(path):
    assert structural.definition_faults(yaml.safe_load(path.read_text())) == []


def test_every_default_fits_its_own_schema():
    for kind, schema in schema_files.all_schemas().items():
        for below in every_schema(schema):
            if "default" in below:
                errors = list(schema_files.judge_for(below).iter_errors(below["default"]))
                assert not errors, f"{kind}: {below['default']!r}: {errors}"


def test_every_example_in_the_translation_is_valid_json_schema():
    for schema in schema_files.all_schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema_files.translate(schema))


def spoil(change):
    """The faults of a Fleet after a change to its schema."""
    document = fleet()
    change(document, root_of(document)["properties"]["spec"]["properties"])
    return " ".join(structural.definition_faults(document))


@pytest.mark.parametrize("words, change", [
    ("a description is missing", lambda document, spec: spec["suspend"].pop("description")),
    ("the keyword oneOf is not used", lambda document, spec: spec["provider"].update(oneOf=[])),
    ("type must be one of", lambda document, spec: spec["suspend"].pop("type")),
    ("exclude each other", lambda document, spec: spec["provider"].update(additionalProperties=spec["suspend"])),
    ("required names colour", lambda document, spec: spec["provider"].update(required=["colour"])),
    ("a list needs items", lambda document, spec: spec.update(list={"type": "array", "description": "A list."})),
    ("loses all of its fields", lambda document, spec: spec.update(any={"type": "object", "description": "Any."})),
    ("items of a set must be scalars",
     lambda document, spec: spec["provider"]["properties"]["static"]["properties"]["servers"].update({"x-kubernetes-list-type": "set"})),
    ("must be required or have a default",
     lambda document, spec: spec["provider"]["properties"]["static"]["properties"]["servers"].update(
         {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]})),
    ("only name and generateName",
     lambda document, spec: root_of(document)["properties"]["metadata"]["properties"].update(labels=spec["suspend"])),
    ("only type and properties", lambda document, spec: root_of(document)["properties"]["metadata"].update(description="Names.")),
    ("an int-or-string has no type", lambda document, spec: spec["suspend"].update({"x-kubernetes-int-or-string": True})),
    ("minItems belongs to type array", lambda document, spec: spec["suspend"].update(minItems=1)),
    ("the status subresource", lambda document, spec: document["spec"]["versions"][0].pop("subresources")),
    ("a path that begins with .",
     lambda document, spec: document["spec"]["versions"][0]["additionalPrinterColumns"][0].update(jsonPath="status")),
    ("metadata.name must be", lambda document, spec: document["metadata"].update(name="fleet")),
])
def test_what_kubernetes_would_refuse_is_refused(words, change):
    assert words in spoil(change)


def test_copies_of_a_shared_schema_are_equal_to_their_home():
    model.Model(model.load_kinds(), model.load_configs())  # raises where two schemas with one title differ


def test_a_changed_home_is_a_fault_until_it_is_carried_over(tmp_path):
    copied = tmp_path / "crd"
    shutil.copytree(CRD, copied, ignore=shutil.ignore_patterns("__pycache__"))
    home = copied / "application.yaml"
    home.write_text(home.read_text().replace("Command line for /bin/sh, run in", "A command line for /bin/sh, run in"))

    def generate(*arguments):
        return subprocess.run([sys.executable, "-B", copied / "generate.py", *arguments], capture_output=True, text=True)

    stale = generate("--cpp", tmp_path / "out")
    assert stale.returncode != 0
    assert "another schema has the title" in stale.stderr and "--sync" in stale.stderr
    assert generate("--sync").returncode == 0
    assert generate("--cpp", tmp_path / "out").returncode == 0
    assert "A command line for /bin/sh" in (copied / "config" / "slipway.yaml").read_text()
    assert (tmp_path / "out/reconciler/api/application.hpp").exists()


def test_syncing_what_is_equal_changes_no_meaning():
    texts = {str(path.relative_to(CRD)): path.read_text() for path in [*CRD.glob("*.yaml"), *CRD.glob("config/*.yaml")]}
    synced = sharing.sync(dict(texts))
    for name, text in texts.items():
        assert yaml.safe_load(synced[name]) == yaml.safe_load(text)


@pytest.mark.parametrize("text, length", [("1.5s", 1500), ("1m30s", 90_000), ("250ms", 250), ("0.25h", 900_000), ("0s", 0)])
def test_defaults_of_durations_become_milliseconds(text, length):
    assert cpp_headers.duration_ms(text) == length


@pytest.mark.parametrize("text", ["", "1", "5 s", "1.5ms", "-1s"])
def test_defaults_that_are_no_durations_are_refused(text):
    with pytest.raises(ValueError):
        cpp_headers.duration_ms(text)


def test_the_generator_writes_nothing_twice(tmp_path):
    command = [sys.executable, "-B", CRD / "generate.py", "--cpp", tmp_path, "--tables", tmp_path]
    subprocess.run(command, check=True)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.?pp")}
    subprocess.run(command, check=True)
    assert times and times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.?pp")}


def test_reference_pages_are_current():
    done = subprocess.run([sys.executable, "-B", CRD / "generate.py", "--docs", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_stale_reference_pages_are_noticed(tmp_path):
    shutil.copytree(CRD, tmp_path / "crd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(schema_files.ROOT / "docs/reference", tmp_path / "docs/reference")
    (tmp_path / "docs/reference/fleet.md").write_text("old")
    (tmp_path / "docs/reference/gone.md").write_text("of a kind that is no more")
    done = subprocess.run([sys.executable, "-B", tmp_path / "crd/generate.py", "--docs", "--check"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "docs/reference/fleet.md, gone.md: not what crd/ says" in done.stderr
