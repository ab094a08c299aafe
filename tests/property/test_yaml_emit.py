"""Whatever is emitted reads back the same, by the readers that will read it."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.emit.yaml import Flow, Remarked, dump
from ruamel.yaml import YAML

WORDS = st.sampled_from(
    [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "null",
        "~",
        "true",
        "1",
        "1.0",
        "1e3",
        "0o7",
        "010",
        "0b1",
        "1_000",
        "2020-01-01",
        "1:30",
        "=",
        "<<",
        ".inf",
        ".nan",
        "-",
        "?",
        ":",
        "--",
        "---",
        "...",
        "a:b",
        "'a:",
        "b'",
        "#x",
        "${x}",
        "${{y}}",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "|",
        ">",
        "[a",
        "{a",
        "a]",
        ",",
        "\\",
        "''",
        '"',
    ]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | WORDS | st.text("ab \n:#-'\"\\", max_size=12)
SCALAR = TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
DATA = st.dictionaries(
    TEXT,
    st.recursive(
        SCALAR | st.lists(SCALAR).map(Flow),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


@settings(max_examples=400, deadline=None)
@given(DATA, st.integers(0, 3))
def test_yaml_1_2_reads_back_what_was_written(data: dict[str, Any], gap: int) -> None:
    assert YAML(typ="safe", pure=True).load(dump(data, gap)) == data


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_strings_stay_strings_in_yaml_1_1(items: list[str]) -> None:
    assert yaml.safe_load(dump({"key": items})) == {"key": items}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("python src/train.py --lr ${lr}", "python src/train.py --lr ${lr}"),
        ("a: b", "'a: b'"),
        ("it's", "it's"),
        ("'it", '"\'it"'),
        ("tab\there", '"tab\\there"'),
        ("one\ntwo\n", "|\n  one\n  two"),
        (Remarked("v", "why"), "v  # why"),
        (Flow(["a", "b, c"]), "[a, 'b, c']"),
    ],
)
def test_style(value: Any, text: str) -> None:
    assert dump({"k": value}) == f"k: {text}\n"


def test_nested_style() -> None:
    data = {"stages": {"a": {"cmd": "run", "outs": [{"o": {"cache": False}}, "p"]}, "b": {"cmd": "go"}}}
    assert dump(data, gap=2) == (
        "stages:\n  a:\n    cmd: run\n    outs:\n    - o:\n        cache: false\n    - p\n\n  b:\n    cmd: go\n"
    )
