"""`patches` keep what they do not name, or say what they lose."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.patch import patched
from mlopsc.compiler.model.snapshot import Memory

A, B, C = {"name": "a", "run": "1"}, {"name": "b", "run": "2", "env": {"X": "1"}}, {"uses": "c"}
STEPS = {"steps": [A, B, C]}

MERGES: dict[str, tuple[Any, Any, Any]] = {
    "a key": ({"k": 1, "l": 2}, {"k": 3}, {"k": 3, "l": 2}),
    "null removes": ({"k": 1, "l": 2}, {"k": None}, {"l": 2}),
    "null in what is new": ({}, {"k": {"l": None, "m": 1}}, {"k": {"m": 1}}),
    "deep": ({"k": {"l": {"m": 1}}}, {"k": {"l": {"n": 2}}}, {"k": {"l": {"m": 1, "n": 2}}}),
    "an item by name": (STEPS, {"steps": [{"name": "b", "env": {"Y": "2"}}]}, {"steps": [A, {**B, "env": {"X": "1", "Y": "2"}}, C]}),
    "a new item": (STEPS, {"steps": [{"name": "d"}]}, {"steps": [A, B, C, {"name": "d"}]}),
    "after": (STEPS, {"steps": [{"name": "d", "after": "a"}]}, {"steps": [A, {"name": "d"}, B, C]}),
    "before": (STEPS, {"steps": [{"name": "d", "before": "a"}]}, {"steps": [{"name": "d"}, A, B, C]}),
    "two in order": (
        STEPS, {"steps": [{"name": "d", "after": "a"}, {"name": "e", "after": "d"}]},
        {"steps": [A, {"name": "d"}, {"name": "e"}, B, C]},
    ),
    "moved": (STEPS, {"steps": [{"name": "a", "after": "b"}]}, {"steps": [B, A, C]}),
    "removed": (STEPS, {"steps": [{"name": "a", "remove": True}]}, {"steps": [B, C]}),
    "Name": ({"Steps": [{"Name": "x", "Type": "T"}]}, {"Steps": [{"Name": "x", "Disk": 9}]},
             {"Steps": [{"Name": "x", "Type": "T", "Disk": 9}]}),
    "id": ([{"id": "x", "k": 1}], [{"id": "x", "k": 2}], [{"id": "x", "k": 2}]),
    "lists in items": ([{"name": "x", "env": [{"name": "e", "value": 1}]}], [{"name": "x", "env": [{"name": "f"}]}],
                       [{"name": "x", "env": [{"name": "e", "value": 1}, {"name": "f"}]}]),
    "a longer list": ({"branches": ["main"]}, {"branches": ["main", "next"]}, {"branches": ["main", "next"]}),
    "an empty list": ({"needs": []}, {"needs": ["x"]}, {"needs": ["x"]}),
    "a new list": ({}, {"needs": [{"name": "x"}]}, {"needs": [{"name": "x"}]}),
}  # fmt: skip


@pytest.mark.parametrize(("target", "patch", "expected"), MERGES.values(), ids=MERGES)
def test_merge(target: Any, patch: Any, expected: Any) -> None:
    before = json.dumps(target)
    assert patched("x.yml", target, patch) == (expected, [])
    assert json.dumps(target) == before, "emitted data is not changed in place"


LOSSES: dict[str, tuple[Any, Any, str, str]] = {
    "a list of words": ({"needs": ["a", "b"]}, {"needs": ["c"]}, "MLC507", "a list of `needs`, which loses `a`, `b`"),
    "items without names": ({"s": [{"uses": "x"}]}, {"s": [{"uses": "y"}]}, "MLC507", "a list of `s`, which loses `uses: x`"),
    "names in the target only": (STEPS, {"steps": [{"uses": "y"}]}, "MLC507", "loses `a`, `b`, `uses: c`"),
    "many": ({"l": [*"abcdef"]}, {"l": []}, "MLC507", "loses `a`, `b`, `c` and 3 more"),
    "a mapping by a list": ({"on": {"push": {}, "schedule": []}}, {"on": ["push"]}, "MLC507", "a mapping of `on`, which loses `schedule`"),
    "a list by a mapping": ({"on": ["push"]}, {"on": {"schedule": []}}, "MLC507", "a list of `on`, which loses `push`"),
    "a mapping by a text": ({"env": {"X": "1"}}, {"env": "none"}, "MLC507", "a mapping of `env`, which loses `X`"),
    "within an item": (STEPS, {"steps": [{"name": "b", "env": []}]}, "MLC507", "a mapping of `steps.0.env`, which loses `X`"),
    "no neighbour": (STEPS, {"steps": [{"name": "d", "after": "zz"}]}, "MLC508", "the list of `steps` has no item `zz`"),
    "nothing to remove": (STEPS, {"steps": [{"name": "zz", "remove": True}]}, "MLC508", "the list of `steps` has no item `zz`"),
}  # fmt: skip


@pytest.mark.parametrize(("target", "patch", "code", "message"), LOSSES.values(), ids=LOSSES)
def test_loss(target: Any, patch: Any, code: str, message: str) -> None:
    _, (diagnostic,) = patched("x.yml", target, patch)
    assert diagnostic.code == code
    assert message in diagnostic.message


VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.dictionaries(st.sampled_from(["k", "l", "name"]), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_nothing_is_lost_without_a_word(target: Any, patch: Any) -> None:
    """Without a diagnostic, each text and number of the target is there afterwards, or a value of the patch stands in its place."""
    merged, diagnostics = patched("x.yml", target, patch)

    def nodes(value: Any) -> list[Any]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value, *(node for item in inner for node in nodes(item))]

    if not diagnostics:
        leaves = [node for node in nodes(target) if not isinstance(node, dict | list)]
        lost = [leaf for leaf in leaves if leaf not in nodes(merged)]
        assert len(lost) <= len(nodes(patch))


def test_a_step_of_a_workflow() -> None:
    """One more step leaves all others; before, the pipeline of such a job trained nothing and was green."""
    spec = {
        "mlops": 1,
        "stages": {"a": {"cmd": "x", "deps": ["in.txt"], "outs": ["o.txt"]}},
    }
    path = ".github/workflows/mlops.yml"
    step = {"name": "Log in", "before": "Install dependencies", "uses": "acme/log-in@v1"}
    plain, more = (
        next(file.data for file in compile_spec(Memory({"mlops.yaml": json.dumps(data), "in.txt": ""})).files if file.path == path)
        for data in (spec, {**spec, "patches": {path: {"jobs": {"pipeline": {"steps": [step]}}}}})
    )  # fmt: skip
    assert isinstance(plain, dict)
    assert isinstance(more, dict)
    names = [each["name"] for each in more["jobs"]["pipeline"]["steps"]]
    position = names.index("Log in")
    assert names[position + 1] == "Install dependencies"
    more["jobs"]["pipeline"]["steps"].pop(position)
    assert more == plain
