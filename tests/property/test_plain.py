"""What `schemas.plain` takes is valid for the models, and comes to the same values; the schema is made from the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.schemas import plain
from mlopsc.schemas.ci import Ci
from mlopsc.schemas.code import Code
from mlopsc.schemas.spec import Spec, json_schema
from mlopsc.schemas.stack import Stack
from mlopsc.schemas.stage import Foreach, Stage, StageBody
from mlopsc.schemas.words import DVC_KEYS, DVC_SECTIONS, OWN_KEYS
from pydantic import BaseModel, ValidationError

PAIRS: list[tuple[type[Any], type[BaseModel]]] = [
    (plain.PlainStage, Stage),
    (plain.PlainForeach, Foreach),
    (plain.PlainStack, Stack),
    (plain.PlainCi, Ci),
    (plain.PlainCode, Code),
    (plain.PlainSpec, Spec),
]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("light", "model"), PAIRS, ids=lambda each: each.__name__)
def test_the_same_attributes(light: type[Any], model: type[BaseModel]) -> None:
    always = {"mlops", "stages", "stack", "ci", "code"} if model is Spec else set()
    names = {name for name in vars(light) if not name.startswith("_")}
    assert names | always == set(model.model_fields)


def test_words_are_the_models() -> None:
    assert set(StageBody.model_fields) | {"matrix", "foreach", "do"} == DVC_KEYS | OWN_KEYS
    assert set(DVC_SECTIONS) <= set(Spec.model_fields)


def test_the_published_schema_is_made_from_the_models() -> None:
    assert json.loads((ROOT / "schemas/mlops.schema.json").read_text()) == json_schema()


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.text(max_size=2), max_size=2),
                st.dictionaries(st.text(max_size=2), st.integers(), max_size=1))  # fmt: skip
FLAGGED = st.one_of(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.dictionaries(
    st.sampled_from(["cache", "persist", "push", "desc", "x"]), st.one_of(st.booleans(), ODD), max_size=2), max_size=2))  # fmt: skip
VALUES = {
    "cmd": st.text(max_size=3), "wdir": st.text(max_size=3), "desc": st.text(max_size=3), "deps": st.lists(st.text(max_size=3)),
    "params": st.lists(st.text(max_size=3)), "outs": st.lists(FLAGGED), "metrics": st.lists(FLAGGED), "plots": st.lists(FLAGGED),
    "frozen": st.booleans(), "always_changed": st.booleans(), "matrix": st.dictionaries(st.text(max_size=2), ODD, max_size=2),
    "timeout": ODD, "odd": ODD,
}  # fmt: skip
BODY = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=4).flatmap(
    lambda keys: st.fixed_dictionaries({key: st.one_of(VALUES[key], VALUES[key], ODD) for key in keys})
)
ENTRY = st.one_of(BODY, st.none(), ODD, st.fixed_dictionaries({"foreach": ODD, "do": BODY}))
STACK = st.dictionaries(st.sampled_from(["ci", "orchestrator", "test", "build", "registry", "no"]), ODD, max_size=2)
DATA = st.fixed_dictionaries(
    {"mlops": st.sampled_from([1, 1, 1, 2, True, "1"])},
    optional={"project": st.one_of(st.just("p"), ODD), "stages": st.dictionaries(st.text(max_size=3), ENTRY, max_size=2),
              "stack": STACK, "params": ODD, "metrics": ODD, "ci": ODD},
)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(DATA)
def test_what_is_plain_is_valid_and_the_same(data: dict[str, Any]) -> None:
    spec = plain.plain(data)
    if spec is None:
        return
    try:
        model = Spec.model_validate(data)
    except ValidationError as error:
        raise AssertionError(f"plain takes what the models refuse: {error}") from None
    assert model.project == spec.project  # type: ignore[attr-defined]
    assert model.stack.targets == spec.stack.targets  # type: ignore[attr-defined]
    assert model.stages.keys() == spec.stages.keys()  # type: ignore[attr-defined]
    for name, stage in spec.stages.items():  # type: ignore[attr-defined]
        other = model.stages[name]
        assert (stage is None) == (other is None)
        for key in Stage.model_fields if isinstance(other, Stage) else ():
            value = getattr(other, key)
            dumped = [item if isinstance(item, str) else {k: v.model_dump(exclude_unset=True) for k, v in item.items()}
                      for item in value] if key in ("outs", "metrics", "plots") and value else value  # fmt: skip
            assert dumped == getattr(stage, key)
