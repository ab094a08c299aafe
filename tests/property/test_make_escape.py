"""Whatever goes through our escapers comes out of make and sh as it went in."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.emit import makefile as make
from mlopsc.compiler.emit import shell
from mlopsc.compiler.emit.gitignore import ignore_patterns
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


@settings(max_examples=60, deadline=None)
@given(st.lists((TEXT | st.text("${}[]x.a*,~", max_size=8)).filter(lambda text: "${" not in text), min_size=1))
def test_shell_words(words: list[str]) -> None:
    for quoted in (map(shell.word, words), map(shell.single_quoted, words), [shell.join(words)]):
        script = f"printf '%s\\0' {' '.join(quoted)}"
        done = subprocess.run(["sh", "-c", script], cwd="/bin", capture_output=True, check=True)
        assert done.stdout == b"".join(word.encode() + b"\0" for word in words)


@pytest.mark.parametrize("word", ["${train.lr}", "data/${item}.csv", "${a[0].b}"])
def test_a_template_stays_bare(word: str) -> None:
    assert shell.word(word) == word


@pytest.mark.parametrize("word", ["$HOME", "a[1].csv", "{a,b}", "$(x)", "${a b}", "\\${x}", ""])
def test_what_the_shell_would_expand_is_quoted(word: str) -> None:
    assert shell.word(word) == f"'{word}'"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab9_.@+/-é$%#: ", min_size=1, max_size=6).filter(make.is_target), min_size=1, unique=True))
def test_names_that_can_be_targets(names: list[str]) -> None:
    out = made(f"all: {' '.join(names)}\n{' '.join(names)}:\n\t@printf '%s\\0' $@\n.PHONY: {' '.join(names)}\n")
    assert out == b"".join(name.encode() + b"\0" for name in names)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("abé _", min_size=1, max_size=60), max_size=30), st.text("ab\\#$ \n", max_size=9))
def test_long_lines_and_comments(words: list[str], comment: str) -> None:
    names = [f"t{number}-{len(word)}" for number, word in enumerate(words)]
    text = f"{make.wrapped(names, 'all:')}\n.PHONY: all\n# {make.comment(comment)}\n%:\n\t@echo $@\n"
    assert made(text).decode().split() == names
    assert max(map(len, text.splitlines())) < make.MAX_COLUMN + 12


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("ab/*[]?\\ !#é", min_size=1, max_size=5), min_size=1, max_size=4))
def test_git_ignores_the_path_and_nothing_else(names: list[str]) -> None:
    paths = [name.strip("/").replace("//", "_") or "x" for name in names]
    others = [path.replace("*", "z").replace("?", "z").replace("[", "").replace("\\", "") for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        (Path(folder) / ".gitignore").write_text(ignore_patterns(paths))
        asked = "\0".join(dict.fromkeys([*paths, *others]))
        done = subprocess.run(
            ["git", "check-ignore", "-z", "--stdin"], input=asked.encode(), cwd=folder, capture_output=True, check=False
        )
    ignored = set(done.stdout.decode().split("\0")) - {""}
    expected = {
        path for path in [*paths, *others] if any(path == kept or path.startswith(f"{kept}/") for kept in paths)
    }
    assert ignored == expected
