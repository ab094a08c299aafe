"""The published JSON Schema helps alone: what an editor without mlopsc shows, and which specs it accepts and rejects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT
from jsonschema.exceptions import best_match
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import Source
from mlopsc.compiler.read.yaml import load
from mlopsc.schemas.docs import models
from mlopsc.schemas.examples import EXAMPLES
from mlopsc.schemas.published import is_one_form, json_schema

SCHEMA = json_schema()
CASES = Path(__file__).parents[1] / "schema"


def properties() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, model in {"Spec": SCHEMA, **SCHEMA["$defs"]}.items():
        for key, schema in model.get("properties", {}).items():
            yield name, key, schema


def test_the_committed_schema_is_the_current_one() -> None:
    assert json.loads((ROOT / "schemas/mlops.schema.json").read_text()) == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"]


def test_every_key_has_a_description_and_no_generated_title() -> None:
    bare = [f"{model}.{key}" for model, key, schema in properties() if len(schema.get("description", "")) < 10]
    assert not bare
    titled = [f"{model}.{key}" for model, key, schema in properties() if "title" in schema]
    assert not titled
    assert not [name for name, model in SCHEMA["$defs"].items() if "title" in model]


def test_every_pattern_says_what_it_accepts() -> None:
    found = [schema for schema in nodes(SCHEMA) if isinstance(schema.get("pattern"), str)]
    assert len(found) > 10
    assert not [
        schema["pattern"] for schema in found if not schema.get("patternErrorMessage", "").startswith("expected ")
    ]


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """All mappings of a schema."""
    if isinstance(schema, dict):
        yield schema
    for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from nodes(value)


def test_every_key_of_one_form_has_an_example() -> None:
    """Keys with several forms, words of a list and switches explain themselves."""
    without = [
        f"{model}.{key}" for model, key, schema in properties() if is_one_form(schema) and not schema.get("examples")
    ]
    assert not without
    names = {model.__name__: model for model in models()}
    unused = [
        name for name in EXAMPLES if "." in name and name.split(".")[1] not in _keys(names[name.partition(".")[0]])
    ]
    assert not unused


def _keys(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_examples_are_what_the_language_takes() -> None:
    for model, key, schema in properties():
        for value in schema.get("examples", ()):
            validator = jsonschema.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})
            assert not list(validator.iter_errors(value)), (model, key)


def value(path: Path) -> Any:
    """The value of a file, by YAML 1.2."""
    data, diagnostics = load(Source(path.name, path.read_text()))
    assert not diagnostics
    return data


def cases(kind: str) -> list[Path]:
    return sorted((CASES / kind).glob("*.yaml"))


@pytest.mark.parametrize("path", cases("accepted"), ids=lambda path: path.stem)
def test_accepted(path: Path) -> None:
    """Specs that any validator has to accept; SchemaStore takes such files beside a schema."""
    assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(value(path)))


@pytest.mark.parametrize("path", cases("rejected"), ids=lambda path: path.stem)
def test_rejected(path: Path) -> None:
    """Specs with one mistake each, at the place that the first line names."""
    place = path.read_text().partition("\n")[0].removeprefix("# at: ").split(".")
    error = best_match(jsonschema.Draft202012Validator(SCHEMA).iter_errors(value(path)))
    assert error is not None
    assert [str(part) for part in error.absolute_path] == [part for part in place if part]


SPEC = "mlops: 1\nproject: p\nstages: {a: {cmd: echo, deps: [x]}}\naccept: [MLC411]\n"


@pytest.mark.parametrize(
    ("above", "is_there"),
    [
        ("", False),
        ("# yaml-language-server: $schema=.mlops/schema.json\n", True),
        ("# a title\n#yaml-language-server: $schema=./.mlops/schema.json  \n", True),
        ("# yaml-language-server: $schema=other.json\n", False),
        ("# see # yaml-language-server: $schema=.mlops/schema.json\n", False),
    ],
)
def test_a_build_keeps_the_schema_that_the_spec_names(above: str, is_there: bool) -> None:
    compiled = compile_spec(Memory({"mlops.yaml": above + SPEC}))
    assert not compiled.report.failed
    texts = [file.text for file in compiled.files if file.path == ".mlops/schema.json"]
    assert [json.loads(text) for text in texts] == ([SCHEMA] if is_there else [])
