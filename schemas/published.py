"""The published JSON Schema of mlops.yaml, for editors and for validators that know nothing of mlopsc."""

from __future__ import annotations

from typing import Any

from .common import FORMS
from .examples import example
from .spec import Spec

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:mlopsc:mlops.yaml:1"
"""The identity of the schema; 1 is the version of the language (`mlops: 1`)."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12): without generated titles and null defaults, with an example for each key that takes one form."""
    schema = Spec.model_json_schema(by_alias=True)
    for name, model in schema.pop("$defs").items():
        schema.setdefault("$defs", {})[name] = _model(name, model)
    return {"$schema": DRAFT, "$id": ID, "title": "mlops.yaml", **_with_messages(_model("Spec", schema))}


def _with_messages(schema: Any) -> Any:
    """A schema in which each pattern says in words what it accepts, by a keyword of the YAML and JSON servers of editors."""
    if isinstance(schema, list):
        return [_with_messages(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _with_messages(value) for key, value in schema.items()}
    words = FORMS.get(schema["pattern"]) if isinstance(schema.get("pattern"), str) else None
    return plain if words is None else {**plain, "patternErrorMessage": f"expected {words}"}


def _model(name: str, model: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in model.items() if key not in ("title", "properties")}
    if "properties" in model:
        plain["properties"] = {key: _property(name, key, value) for key, value in model["properties"].items()}
    return plain


def _property(model: str, key: str, schema: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in schema.items() if name != "title"}
    if "default" in plain and plain["default"] is None:
        del plain["default"]
    if "examples" not in plain and (value := example(model, key)) is not None and is_one_form(plain):
        plain["examples"] = [value]
    return plain


def is_one_form(schema: dict[str, Any]) -> bool:
    """Whether a key takes one form of text, number, list or mapping; null aside, which means that it is left out."""
    forms = [form for form in schema.get("anyOf", [schema]) if form.get("type") != "null"]
    return (
        len(forms) == 1
        and forms[0].get("type") in ("string", "integer", "number", "array", "object", None)
        and not ({"enum", "const", "$ref", "oneOf", "anyOf"} & forms[0].keys())
    )
