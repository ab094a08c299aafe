"""Characters that no tool can pass on, or that hide what a text says, are errors wherever a spec has a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from helped import problems
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.emit.yaml import dump

FILES = {"raw.txt": "", "src/plain.py": "", "src/ab.py": "", "params.yaml": "x: 1\n"}
SPEC: dict[str, Any] = {
    "mlops": 1,
    "project": "wine",
    "stack": {"registry": "s3://bucket/wine", "test": "pytest", "metadata": "dvc", "features": "src"},
    "ci": {"runner": "big", "secrets": ["TOKEN"], "on": {"push": ["main"]}},
    "vars": [{"note": "text"}],
    "stages": {
        "sort": {
            "cmd": "sort raw.txt > sorted.txt",
            "desc": "Sort it",
            "wdir": ".",
            "env": {"LANG": "C"},
            "image": "python:3.11",
            "deps": ["raw.txt"],
            "params": ["x"],
            "outs": ["sorted.txt", {"log.txt": {"desc": "A log", "type": "log", "labels": ["log"], "remote": "s3"}}],
            "metrics": ["m.json"],
            "plots": [{"p.csv": {"title": "Plot", "x": "x", "x_label": "X", "template": "linear"}}],
            "meta": {"owner": ["me"]},
        },
        "plain": {"args": ["one", "two"], "deps": ["sorted.txt"], "outs": ["q.txt"]},
        "split": {"foreach": ["a", "b"], "do": {"cmd": "wc ${item}", "deps": ["raw.txt"], "outs": ["out-${item}"]}},
        "grid": {"matrix": {"k": ["a", "b"]}, "cmd": "wc ${item.k}", "deps": ["raw.txt"], "outs": ["grid-${item.k}"]},
    },
    "data": {
        "rows": {"url": "https://example.com/rows.csv", "path": "rows.csv", "check": "wc rows.csv", "desc": "Rows"}
    },
    "models": {"wine": {"path": "sorted.txt", "from": "sort", "desc": "A model", "type": "model", "labels": ["a"]}},
    "artifacts": {"table": {"path": "log.txt", "desc": "A table"}},
    "experiments": {"e": {"set": {"x": ["a", "b"]}, "desc": "Try", "targets": ["sort"]}},
    "deploy": {"production": {"model": "wine", "run": "make rollout", "url": "https://example.com", "env": {"A": "b"}}},
    "monitor": {"drift": {"cmd": "wc raw.txt > d.json", "deps": ["raw.txt"], "metrics": ["d.json"], "desc": "Drift"}},
}


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each text, those of keys with `KEY` as their last part."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*path, key))
            if path and path[-1] in ("stages", "env", "artifacts", "set", "meta", "matrix"):
                yield (*path, key, "KEY")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


def changed(value: Any, path: tuple[Any, ...], character: str) -> Any:
    """The spec with a character within one of its texts or keys."""
    if not path:
        return value[:1] + character + value[1:]
    if path[1:] == ("KEY",):
        return {key[:1] + character + key[1:] if key == path[0] else key: item for key, item in value.items()}
    if isinstance(value, list):
        return [changed(item, path[1:], character) if index == path[0] else item for index, item in enumerate(value)]
    return {key: changed(item, path[1:], character) if key == path[0] else item for key, item in value.items()}


PLACES = sorted(texts(SPEC), key=str)
CHARACTERS = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x2028, 0x2029)]
BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@settings(max_examples=400, deadline=None)
@given(place=st.sampled_from(PLACES), character=st.sampled_from(CHARACTERS + BIDI))
def test_an_unwanted_character_is_an_error_wherever_it_stands(place: tuple[Any, ...], character: str) -> None:
    spec = dump(changed(SPEC, place, character))
    assert any(problem.diagnostic.severity == "error" for problem in problems({**FILES, "mlops.yaml": spec})), place


def test_the_spec_without_such_a_character_has_no_error() -> None:
    found = problems({**FILES, "mlops.yaml": dump(SPEC)})
    assert [problem.diagnostic.message for problem in found if problem.diagnostic.severity == "error"] == []
    assert len(PLACES) > 60
