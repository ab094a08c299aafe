"""Whatever a person types for a project gives names that Python, Git and the disk take, or a clear refusal."""

from __future__ import annotations

import keyword
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.scaffold.names import Names, names
from mlopsc.compiler.scaffold.refusal import Refusal


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("wine", Names("wine", "wine", "wine", "wine")),
        ("Wine Quality!", Names("wine-quality", "Wine Quality!", "wine-quality", "wine_quality")),
        ("CamelCase", Names("CamelCase", "CamelCase", "camelcase", "camelcase")),
        ("class", Names("class", "class", "class", "class_project")),
        ("match", Names("match", "match", "match", "match_project")),
        ("json", Names("json", "json", "json", "json_project")),
        ("sklearn", Names("sklearn", "sklearn", "sklearn", "sklearn_project")),
        ("train", Names("train", "train", "train", "train_project")),
        ("2024 sales", Names("2024-sales", "2024 sales", "2024-sales", "p2024_sales")),
        ("Übergröße", Names("ubergrosse", "Übergröße", "ubergrosse", "ubergrosse")),
        ("Été à Paris", Names("ete-a-paris", "Été à Paris", "ete-a-paris", "ete_a_paris")),
        ("some/where/wine", Names("some/where/wine", "wine", "wine", "wine")),
        ("../wine/", Names("../wine", "wine", "wine", "wine")),
        ("/tmp/My Wine", Names("/tmp/my-wine", "My Wine", "my-wine", "my_wine")),
        ("-rf", Names("rf", "-rf", "rf", "rf")),
        (".hidden", Names("hidden", ".hidden", "hidden", "hidden")),
        ("con", Names("con-project", "con", "con-project", "con_project")),
        ("a\nb\x1b[0m", Names("a-b-0m", "a b [0m", "a-b-0m", "a_b_0m")),
        ("a${b}`c`$(d)", Names("a-b-c-d", "a${b}`c`$(d)", "a-b-c-d", "a_b_c_d")),
        ("C:\\wine", Names("c-wine", "C:\\wine", "c-wine", "c_wine")),
    ],
)
def test_names_for(typed: str, expected: Names) -> None:
    assert names(typed) == expected


@pytest.mark.parametrize(
    "typed", ["", "   ", ".", "..", "../..", "/", "a/..", "a\0b", "葡萄酒", "!!!", "x" * 101, "\udc80"]
)
def test_a_clear_refusal(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        names(typed)
    assert refused.value.what
    assert refused.value.help
    assert refused.value.misuse


@given(st.text(max_size=40))
def test_any_text(typed: str) -> None:
    try:
        found = names(typed)
    except Refusal:
        return
    assert found.package.isidentifier()
    assert found.package.isascii()
    assert not keyword.iskeyword(found.package)
    assert found.package not in sys.stdlib_module_names
    last = found.directory.rpartition("/")[2]
    assert last not in ("", ".", "..")
    assert not last.startswith(("-", "."))
    assert last.isascii()
    assert "\n" not in found.title
