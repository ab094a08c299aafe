"""The two roads of the reader, and ruamel.yaml, which DVC reads with, give one value."""

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler import node
from mlopsc.compiler.read import _NOT_FAST, _ODD, Document, _fast, decode, load
from mlopsc.compiler.span import At, Source
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
        expected = None
    source = Source("x", text)
    try:
        slow, problems = node.value_of(node.compose(source), source)
    except node.Unreadable:
        assert expected is None
        assert _fast(Source("x", text)) is _NOT_FAST
        return
    if expected is not None and not problems:
        assert same(slow["key"], expected["key"]), (word, slow["key"], expected["key"])
    fast = _fast(Source("x", text))
    if fast is not _NOT_FAST:
        assert same(fast["key"], slow["key"])
        assert same(fast["list"][0], slow["list"][0])


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
def test_the_roads_give_one_value_wherever_it_stands(place: str, word: str) -> None:
    text = place.format(word, word)
    fast = _fast(Source("x", text))
    if fast is not _NOT_FAST:
        slow, problems = node.value_of(node.compose(Source("x", text)), Source("x", text))
        assert not problems
        assert repr(fast) == repr(slow)


@settings(max_examples=500, deadline=None)
@given(st.text("abc:-[]{},&*!|>'\"#%@?= \n\t1<.~é\ufeff\x85", max_size=30))
def test_any_text_reads_alike_or_is_refused_with_a_place(text: str) -> None:
    source, problems = decode("x.yaml", text.encode())
    assert not problems
    value, problems = load(source)
    for problem in problems:
        assert problem.place is not None
        assert 0 <= problem.place.start <= len(source.text)
    if _fast(source) is not _NOT_FAST:
        slow, slow_problems = node.value_of(node.compose(source), source)
        assert not slow_problems
        assert repr(slow) == repr(value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_survived(raw: bytes) -> None:
    source, problems = decode("x.yaml", raw)
    if not problems:
        load(source)


def test_places_are_found_in_other_alphabets_and_behind_merges() -> None:
    text = "# ünïcödé 😀\nbase: &b {cmd: x}\nstages:\n  é: {<<: *b, deps: [a, 'ß b']}\n"
    source = Source("x", text)
    value, problems = load(source)
    assert not problems
    assert value["stages"]["é"] == {"cmd": "x", "deps": ["a", "ß b"]}
    document = Document(value, source)
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


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.text("ab0123456789:-+._&*!<=%?[]{},eExo \t\r\x85é", max_size=12), max_size=6))
def test_what_is_odd_in_a_text_is_odd_in_its_outline(lines: list[str]) -> None:
    text = "\n".join(["", *lines, ""])
    if _ODD.search(text):
        assert _ODD.search(Source("x", text).outline)
