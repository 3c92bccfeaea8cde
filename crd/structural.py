"""Whether a CustomResourceDefinition is one that a real Kubernetes API accepts, and one that Slipway's people can read."""

import re

VALUE_KEYWORDS = {"type", "format", "title", "description", "default", "enum", "pattern", "minimum", "maximum",
                  "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "required",
                  "properties", "items", "additionalProperties", "nullable", "x-kubernetes-int-or-string",
                  "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"}
TYPES = {"object", "array", "string", "integer", "boolean"}
OF_TYPE = {"object": {"properties", "additionalProperties", "required", "minProperties", "maxProperties",
                      "x-kubernetes-map-type"},
           "array": {"items", "minItems", "maxItems", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}}
SCALARS = TYPES - {"object", "array"}
COLUMN_TYPES = {"string", "integer", "number", "boolean", "date"}
NAME = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")


def _type_faults(path, schema):
    if schema.get("x-kubernetes-int-or-string"):
        if "type" in schema:
            yield f"{path}: an int-or-string has no type"
        return
    kind = schema.get("type")
    if kind not in TYPES:
        yield f"{path}: type must be one of {', '.join(sorted(TYPES))}"
    for owner, keywords in OF_TYPE.items():
        if kind != owner:
            for keyword in sorted(keywords & set(schema)):
                yield f"{path}: {keyword} belongs to type {owner}"


def _object_faults(path, schema):
    if "properties" in schema and "additionalProperties" in schema:
        yield f"{path}: properties and additionalProperties exclude each other"
    if "properties" not in schema and "additionalProperties" not in schema and path != ".metadata":
        yield f"{path}: an object without properties loses all of its fields"
    for name in schema.get("required", ()):
        if name not in schema.get("properties", {}):
            yield f"{path}: required names {name}, which is no property"
    for name, below in schema.get("properties", {}).items():
        yield from schema_faults(f"{path}.{name}", below)
    if "additionalProperties" in schema:
        yield from schema_faults(path + ".*", schema["additionalProperties"])


def _array_faults(path, schema):
    if "items" not in schema:
        yield f"{path}: a list needs items"
        return
    items = schema["items"]
    list_type = schema.get("x-kubernetes-list-type")
    if list_type not in ("atomic", "set", "map"):
        yield f"{path}: x-kubernetes-list-type must be atomic, set or map"
    if "maxItems" not in schema:
        yield f"{path}: a list needs maxItems"
    if list_type == "set" and items.get("type") not in SCALARS:
        yield f"{path}: the items of a set must be scalars"
    if list_type == "map":
        keys = schema.get("x-kubernetes-list-map-keys", [])
        if not keys:
            yield f"{path}: a map list needs x-kubernetes-list-map-keys"
        for key in keys:
            field = items.get("properties", {}).get(key, {})
            if field.get("type") not in SCALARS:
                yield f"{path}: the key {key} must be a scalar property of the items"
            elif key not in items.get("required", ()) and "default" not in field:
                yield f"{path}: the key {key} must be required or have a default"
    yield from schema_faults(path + "[]", items)


def schema_faults(path, schema):
    """What is wrong with a structural schema, as sentences."""
    for keyword in sorted(set(schema) - VALUE_KEYWORDS):
        yield f"{path}: the keyword {keyword} is not used here"
    if not schema.get("description") and path != ".metadata":
        yield f"{path}: a description is missing"
    yield from _type_faults(path, schema)
    if schema.get("type") == "object":
        yield from _object_faults(path, schema)
    if schema.get("type") == "array":
        yield from _array_faults(path, schema)
    if schema.get("type") == "string" and "enum" not in schema and "maxLength" not in schema and path.count(".") > 1:
        yield f"{path}: a text needs maxLength"
    if "enum" in schema and not all(isinstance(value, str) and value for value in schema["enum"]):
        yield f"{path}: enum must list texts"


def _metadata_faults(schema):
    """Kubernetes knows metadata itself; a schema may only restrict the names, and not even describe the rest."""
    metadata = schema["properties"].get("metadata", {})
    if metadata.get("type") != "object" or set(metadata) - {"type", "properties"}:
        yield ".metadata: only type and properties may be given"
    for name, below in metadata.get("properties", {}).items():
        if name not in ("name", "generateName"):
            yield f".metadata.{name}: only name and generateName may be restricted"
        if "default" in below:
            yield f".metadata.{name}: metadata has no defaults"


def _names_faults(document):
    spec = document["spec"]
    names = spec["names"]
    if document["metadata"]["name"] != f"{names['plural']}.{spec['group']}":
        yield "metadata.name must be the plural, a dot and the group"
    for name in [names["plural"], names["singular"], *names.get("shortNames", []), *names.get("categories", [])]:
        if not NAME.match(name):
            yield f"spec.names: {name} must be lower case"
    if names["listKind"] != names["kind"] + "List" or names["singular"] != names["kind"].lower():
        yield "spec.names: listKind is the kind with List, singular the kind in lower case"
    if spec["scope"] != "Namespaced" or "slipway" not in names.get("categories", []):
        yield "spec: every kind is namespaced and in the category slipway"


def _version_faults(version):
    if version["name"] != "v1alpha1" or not version["served"] or not version["storage"]:
        yield "spec.versions: v1alpha1 is served and stored"
    if version.get("subresources") != {"status": {}}:
        yield "spec.versions: the status subresource is missing"
    for column in version.get("additionalPrinterColumns", []):
        if column["type"] not in COLUMN_TYPES or not column["jsonPath"].startswith(".") or not column.get("description"):
            yield f"additionalPrinterColumns: {column['name']} needs a type, a path that begins with . and a description"


def definition_faults(document):
    """What is wrong with a CustomResourceDefinition, as sentences; empty when all is well."""
    if (document.get("apiVersion"), document.get("kind")) != ("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
        return ["it must be a CustomResourceDefinition of apiextensions.k8s.io/v1"]
    version = document["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    return [*_names_faults(document), *_version_faults(version), *_metadata_faults(schema), *schema_faults("", schema)]
