"""Whatever is in a spec, a params file or the code, the answer is files or diagnostics: no exception, no hang."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import At
from mlopsc.compiler.show.render import FORMATS, render
from mlopsc.schemas.spec import Spec
from mlopsc.schemas.stage import Stage
from road import one, seeds

WORD = st.sampled_from(
    ["a", "b", "train", "${a}", "${item.x}", "${", "\\${x}", "../x", "/abs", "data/x", "data", "1h", ">= 1", "s3://b/x", "", " ",
     "a b", "é\n", "'", '"', "$(x)", "@", "params.yaml", "a.yaml:k", "8Gi", "python src/a.py", "\x07", "{{", "all", "none"]
)  # fmt: skip
VALUE = st.recursive(
    st.one_of(WORD, st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
    max_leaves=6,
)
STAGE = st.dictionaries(st.sampled_from([*Stage.model_fields, "foreach", "do", "cmdd"]), VALUE, max_size=5)
SPEC = st.fixed_dictionaries(
    {"mlops": st.sampled_from([1, 1, 1, 2])},
    optional={
        "stages": st.dictionaries(WORD, STAGE | VALUE, max_size=3),
        **{key: VALUE for key in Spec.model_fields if key not in ("mlops", "stages")},
        "odd": VALUE,
    },
)


@settings(max_examples=400, deadline=None)
@given(SPEC, VALUE, st.binary(max_size=30))
def test_any_spec(spec: dict[str, Any], params: Any, code: bytes) -> None:
    files = {
        "mlops.yaml": dump(spec),
        "params.yaml": dump({"a": params}),
        "src/a.py": b"import b\n" + code,
        "src/train.py": code,
        "a.yaml": code,
    }
    run = compile_spec(Memory(files))
    assert run.files or run.report.failed or not run.project
    for style in FORMATS:
        render(run.report, run.document, style)


@settings(max_examples=300, deadline=None)
@given(st.text("abcms:-[]{}$&*'\"\n #|>01.", max_size=60))
def test_any_text(text: str) -> None:
    run = compile_spec(Memory({"mlops.yaml": "mlops: 1\n" + text}))
    render(run.report, run.document, "text")


@pytest.mark.parametrize("data", seeds(), ids=lambda data: "")
def test_what_the_fuzzer_begins_with(data: bytes) -> None:
    one(data)


WHOLE = {
    "mlops": 1,
    "stages": {"t": {"cmd": "x", "params": ["a"], "outs": ["m.pkl"], "metrics": ["m.json"], "gates": {"a": ">= 1"}}},
    "data": {
        "w": {"url": "https://e.org/w.csv", "path": "data/w.csv", "check": "python c.py", "schema": "s.json", "desc": "d"},
        "g": {"url": "https://e.org/r.git", "file": "f", "rev": "v1", "path": "data/g"},
    },
    "models": {"m": {"path": "m.pkl", "from": "t", "desc": "x", "type": "model", "labels": ["l"]}},
    "experiments": {"e": {"set": {"a": [1, 2], "params.yaml:b": ["xy"]}, "targets": ["t"], "desc": "d"}},
    "deploy": {"p": {"model": "m", "run": "make r", "gates": {"a": ">= 0.9"}, "env": {"R": "3"}, "url": "http://x"}},
    "monitor": {"d": {"cmd": "y", "deps": ["data/w.csv"], "metrics": ["d.json"], "gates": {"s": "<= 1"}, "on_breach": ["issue"]}},
}  # fmt: skip


def with_a_sign(value: Any, sign: str) -> list[Any]:
    """Copies of a value, each with the sign in the middle of another of its texts and keys."""
    if isinstance(value, dict):
        keys = [{**{k: v for k, v in value.items() if k != key}, key[:1] + sign + key[1:]: value[key]} for key in value]
        return keys + [{**value, key: each} for key in value for each in with_a_sign(value[key], sign)]
    if isinstance(value, list):
        return [[*value[:i], each, *value[i + 1 :]] for i, old in enumerate(value) for each in with_a_sign(old, sign)]
    return [value[: len(value) // 2] + sign + value[len(value) // 2 :]] if isinstance(value, str) else []


@pytest.mark.parametrize("sign", ["\n", "\0", "\\\n", "\u2028", "${a}"])
@pytest.mark.parametrize("engines", [["dvc", "make"], "make", ["dvc", "airflow", "argo", "kubeflow", "vertex"],
                                     ["dvc", "sagemaker", "azureml", "mlflow", "sacred"]])  # fmt: skip
def test_a_sign_wherever_there_is_text(engines: Any, sign: str) -> None:
    for spec in with_a_sign(WHOLE, sign):
        stack = {"orchestrator": engines, "ci": ["github", "gitlab"], "registry": "s3://b/x"}
        files = {"mlops.yaml": dump({**spec, "stack": stack}), "params.yaml": "a: 1\nb: x\n", "s.json": "{}"}
        run = compile_spec(Memory(files))
        assert run.files or run.report.failed


def test_a_template_alone_for_a_key_of_what_is_gone_over_is_told_where_dvc_would_break() -> None:
    for said in ("foreach: [{'${a}': 1}]\n    do: {cmd: x}", "foreach: {'${a}': 1}\n    do: {cmd: x}"):
        run = compile_spec(Memory({"mlops.yaml": f"mlops: 1\nvars: [a: k]\nstages:\n  s:\n    {said}\n"}))
        assert [each.code for each in run.report if each.severity == "error"] == ["MLC205"]
    run = compile_spec(
        Memory({"mlops.yaml": "mlops: 1\nvars: [a: k]\nstages:\n  s: {matrix: {'${a}': [1]}, cmd: x}\n"})
    )
    assert [each.code for each in run.report if each.severity == "error"] == ["MLC205"]


def test_a_gate_on_metrics_without_a_path() -> None:
    run = compile_spec(Memory({"mlops.yaml": "mlops: 1\nstages:\n  s: {cmd: x, metrics: [{}], gates: {a: '>= 1'}}\n"}))
    assert [each.code for each in run.report if each.severity == "error"] == ["MLC305"]


def test_what_is_wrong_below_a_key_that_is_no_text_has_a_place() -> None:
    run = compile_spec(Memory({"mlops.yaml": "mlops: 1\nplots:\n- {~: {odd: 1}}\n- {1.5: {odd: 2}}\n"}))
    places = [
        (each.code, each.place.path) for each in run.report if each.code == "MLC101" and isinstance(each.place, At)
    ]
    assert places == [("MLC101", ("plots", 0, None, "odd")), ("MLC101", ("plots", 1, 1.5, "odd"))]
