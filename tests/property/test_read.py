"""The reader gives the values that ruamel.yaml gives, which DVC reads with; what it refuses has a place."""

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.model.source import At, Source
from mlopsc.compiler.read.document import read_document
from mlopsc.compiler.read.yaml import decode, load
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

WORD = st.sampled_from(
    [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "null",
        "Null",
        "NULL",
        "~",
        "true",
        "True",
        "TRUE",
        "1",
        "-1",
        "+1",
        "1.",
        ".5",
        "-.5",
        "+.5",
        "1e3",
        "1e-3",
        "1.5e+3",
        "1E5",
        ".5e3",
        ".5e-3",
        "0o7",
        "010",
        "0b1",
        "0x1F",
        "0X1F",
        "-0x1",
        "0777",
        "1_000",
        "_1",
        "1__0",
        "1.0_1",
        "1:30",
        "=",
        ".inf",
        "-.INF",
        "+.inf",
        ".nan",
        "nan",
        "e1",
        "1e",
        "1e400",
        "1e-400",
        "123456789012345678901",
        "12345678901234567",
        "0",
        "-0",
        "00",
        "0_",
        "0.1.2",
        "${x}",
        "${x.y}-z",
        "a:b",
        "a#b",
        "1.2.3",
        "v1",
        "08",
        "09",
        "0o8",
        "0x",
        "0b2",
        "+",
        "-",
        ".",
        "..",
        ".e3",
        "1.e3",
        "-.",
        "+.",
    ]
)
VALUE = WORD | st.from_regex(r"\A[-+.0-9eExob_]{1,8}\Z") | st.from_regex(r"\A[a-z./$~]{1,8}\Z")


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return type(left) is type(right) and left == right


def by_ruamel(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@settings(max_examples=1500, deadline=None)
@given(VALUE)
@example("1_000")
@example("-.5e3")
def test_scalars_mean_what_they_mean_to_dvc(word: str) -> None:
    text = f"key: {word}\nlist: [{word}, x]\n"
    try:
        expected = by_ruamel(text)
    except (YAMLError, ValueError):
        return
    value, problems = load(Source("x", text))
    if not problems:
        assert same(value["key"], expected["key"]), (word, value["key"], expected["key"])
        assert same(value["list"][0], expected["list"][0])


PLACES = (
    "{}",
    '{{"k":{}}}',
    "{{'k':{}}}",
    "[{},{}]",
    "a:\t{}",
    "- - {}",
    "? {}\n: {}",
    "[a,\n{}]",
    "-   {}",
    "{{a: b, ? {}}}",
    "[{}]: {}",
    "{{[{}] : {}}}",
)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(PLACES), VALUE)
@example(PLACES[1], "010")
def test_values_are_those_of_ruamel_wherever_they_stand(place: str, word: str) -> None:
    text = place.format(word, word)
    try:
        expected = by_ruamel(text)
    except (YAMLError, ValueError, TypeError):
        return
    value, problems = load(Source("x", text))
    if not problems:
        assert repr(value) == repr(expected)


@settings(max_examples=500, deadline=None)
@given(st.text("abc:-[]{},&*!|>'\"#%@?= \n\t1<.~é\ufeff\x85", max_size=30))
def test_any_text_reads_alike_or_is_refused_with_a_place(text: str) -> None:
    source, problems = decode("x.yaml", text.encode())
    assert not problems
    _value, problems = load(source)
    for problem in problems:
        assert problem.place is not None
        assert 0 <= problem.place.start <= len(source.text)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_survived(raw: bytes) -> None:
    source, problems = decode("x.yaml", raw)
    if not problems:
        load(source)


def test_places_are_found_in_other_alphabets_and_behind_merges() -> None:
    text = "# ünïcödé 😀\nbase: &b {cmd: x}\nstages:\n  é: {<<: *b, deps: [a, 'ß b']}\n"
    document, problems = read_document("x", text.encode())
    assert document is not None
    assert not problems
    value = document.data
    assert value["stages"]["é"] == {"cmd": "x", "deps": ["a", "ß b"]}
    span = document.span(At(("stages", "é", "deps", 1)))
    assert text[span.start : span.end] == "'ß b'"
    assert (span.line, span.column) == (4, 25)
    merged = document.span(At(("stages", "é", "cmd"), key=True))
    assert (text[merged.start : merged.end], merged.line) == ("cmd", 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2", "MLC003"),
        ("a: [1, 2", "MLC001"),
        ("a: b: c", "MLC001"),
        ("a: !foo 1", "MLC006"),
        ("a: 2020-01-01", "MLC007"),
        ("a: 1\n---\nb: 2", "MLC005"),
        ("%YAML 1.1\n---\na: yes", "MLC001"),
        ("a: \x07", "MLC002"),
        ("[" * 5_000_000, "MLC004"),
        ("{a: " * 2_000_000, "MLC004"),
        ("- " * 3_000_000, "MLC004"),
        ("\n".join(" " * i + "a:" for i in range(3000)), "MLC004"),
        ("a: &a [*a]", "MLC004"),
        ("a: *b", "MLC001"),
        ("a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)), "MLC004"),
    ],
    ids=lambda value: value[:20],
)
def test_refused(text: str, code: str) -> None:
    _value, problems = load(Source("x", text))
    assert [problem.code for problem in problems] == [code]
    assert problems[0].help
