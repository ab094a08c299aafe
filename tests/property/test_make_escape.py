"""Whatever goes through our escapers comes out of make and sh as it went in."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.emit import makefile as make
from mlopsc.targets.dvc import ignore_pattern, ignore_patterns
from mlopsc.targets.github.escape import literal

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), max_size=20) | st.text(
    "$#:%'\"\\ ab(){}[]*?~=;|&<>`!@-+\t", max_size=12
)


def made(makefile: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Makefile").write_text(makefile)
        done = subprocess.run(["make", "-s"], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=30))
def test_words_of_a_recipe(words: list[str]) -> None:
    lines = "".join(f"\t@printf '%s\\0' {make.word(word)}\n" for word in words)
    assert made(f"all:\n{lines}") == b"".join(word.encode() + b"\0" for word in words)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=30))
def test_whole_lines_of_a_recipe(words: list[str]) -> None:
    from shlex import quote

    lines = "".join(f"\t{make.recipe(f'printf %s {quote(word)}; echo')}\n" for word in words)
    assert made(f"all:\n{lines}").decode() == "".join(f"{word}\n" for word in words)


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_values_of_variables(text: str) -> None:
    out = made(f"empty :=\nv ?= {make.value(text)}\nall:\n\t@printf '%s' \"$$v\"\nexport v\n")
    assert out.decode() == text


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "end\\"])
def test_what_make_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"line"):
        make.recipe(text)


def test_expressions_of_actions_are_not_evaluated() -> None:
    assert literal("echo ${{ secrets.X }}") == "echo ${{ '${{' }} secrets.X }}"


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.text("ab9_.@+/-: \n\ré", max_size=3), max_size=4))
def test_names_told_at_once_are_told_as_each_is(names: list[str]) -> None:
    assert make.are_targets(names) == all(map(make.is_target, names))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.text("ab/*[]?\\ !#", min_size=1, max_size=4), max_size=4))
def test_patterns_told_at_once_are_those_of_each(paths: list[str]) -> None:
    assert ignore_patterns(paths) == "".join(f"/{ignore_pattern(path)}\n" for path in paths)
