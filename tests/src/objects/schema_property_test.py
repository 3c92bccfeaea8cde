"""Random documents: our validator agrees with python3-jsonschema, and the C++ types lose nothing.

SLIPWAY_SEED and SLIPWAY_DOCUMENTS choose another seed and number; a failure prints the seed of its document.
"""

import json
import os
import random
import subprocess

import pytest

import random_document
import schema_files

SEED = int(os.environ.get("SLIPWAY_SEED", "1"))
DOCUMENTS = int(os.environ.get("SLIPWAY_DOCUMENTS", "300"))
SCHEMAS = schema_files.all_schemas()
TYPED = ["Application", "Fleet", "GitRepository", "RepositoryFile", "Rollout", "Server", "ServerClaim", "TestRun"]


def ask(questions):
    """Answers of the judge, one for each question."""
    program = os.path.join(os.environ["SLIPWAY_BIN"], "document_judge")
    text = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def random_documents(kind):
    """(seed, document that fits)."""
    for number in range(DOCUMENTS):
        seed = SEED * 1_000_000 + number
        yield seed, random_document.Generator(random.Random(seed)).document(kind, SCHEMAS[kind])


def agree(kind, documents):
    """Checks that both judges say the same of each (seed, document); returns how many were refused."""
    judge = schema_files.judge_for(SCHEMAS[kind])
    questions = [{"schema": kind, "action": "validate", "document": document} for _, document in documents]
    refused = 0
    for (seed, document), answer in zip(documents, ask(questions), strict=True):
        theirs = [f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(document)]
        assert bool(theirs) == bool(answer["causes"]), (
            f"seed {seed}: jsonschema says {theirs[:3]}, we say {answer['causes'][:3]} of {json.dumps(document)[:2000]}")
        refused += bool(theirs)
    return refused


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_documents_that_fit_are_accepted(kind):
    assert agree(kind, list(random_documents(kind))) == 0


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_documents_are_refused_exactly_when_jsonschema_refuses_them(kind):
    documents = [(seed, random_document.mutated(random.Random(-seed), document)) for seed, document in random_documents(kind)]
    refused = agree(kind, documents)
    assert DOCUMENTS / 10 < refused < DOCUMENTS, "the changes are too tame or too wild to show anything"


def known_metadata(document):
    """Without the fields of metadata that the C++ types do not keep."""
    for name in ("generateName", "deletionGracePeriodSeconds"):
        document.get("metadata", {}).pop(name, None)
    for owner in document.get("metadata", {}).get("ownerReferences", []):
        for name in ("controller", "blockOwnerDeletion"):
            owner.setdefault(name, False)
    if document.get("metadata", {}).get("generation") == 0:
        del document["metadata"]["generation"]
    if "kind" in document:
        document.setdefault("metadata", {})
    return document


@pytest.mark.parametrize("kind", TYPED)
def test_cpp_types_keep_every_field(kind):
    documents = list(random_documents(kind))
    questions = [{"schema": kind, "action": "round-trip", "document": document} for _, document in documents]
    for (seed, document), answer in zip(documents, ask(questions), strict=True):
        told = f"seed {seed}: {json.dumps(document)[:3000]}"
        assert "error" not in answer, (answer, told)
        assert answer["equal"] and answer["equal_from_canonical"] and answer["canonical_knows_no_defaults"], told
        assert known_metadata(answer["encoded"]) == known_metadata(answer["defaulted"]), told
