"""The page of each code: its wrong example gives that code and no other, its right one gives nothing.

The blocks of a page are files: a `yaml` block is mlops.yaml, others carry their path behind the language. In a block
that is `escaped`, ``\\x07`` is the character itself.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from code_pages import EXAMPLES, SEEN, files, sections
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.codes import page, title, titles
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Memory

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"


def report(section: str) -> list[Diagnostic]:
    return list(compile_spec(Memory(files(section))).report)


def shown(found: list[Diagnostic]) -> str:
    return "\n".join(f"{each.severity}[{each.code}]: {each.message}" for each in found)


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_wrong_example_gives_the_code_and_no_other(code: str) -> None:
    found = report(sections(code)["Wrong"])
    assert code in {each.code for each in found}, shown(found)
    assert {each.code for each in found if each.severity != "note"} <= {code}, shown(found)
    assert all(each.help for each in found if each.severity != "note"), "each says what to do"


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_right_example_is_right(code: str) -> None:
    found = report(sections(code)["Right"])
    assert [each for each in found if each.severity != "note" or each.code == code] == [], shown(found)


@pytest.mark.parametrize("code", sorted(titles()))
def test_a_page_has_its_parts(code: str) -> None:
    text = page(code)
    assert text is not None
    assert text.startswith(f"# {code}: ")
    assert title(code)
    about = text.partition("## ")[0].partition("\n")[2].strip()
    assert len(re.findall(r"[.:](?:\s|\Z)", about)) >= 2, "what it means, and why it matters"
    assert list(sections(code)) == (["Seen"] if code in SEEN else ["Wrong", "Right"])
    assert text.endswith("```\n")


def test_each_code_of_the_sources_has_a_page_and_each_page_a_code() -> None:
    used = {
        code
        for folder in ("compiler", "targets", "schemas")
        for source in (ROOT / folder).rglob("*.py")
        for code in re.findall(r"""["'](MLC\d{3})["']""", source.read_text("utf-8"))
    }
    assert used == set(titles())


@pytest.mark.parametrize("code", sorted(SEEN))
def test_a_code_without_an_example_has_a_test_of_its_own(code: str) -> None:
    others = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    assert any(code in path.read_text("utf-8") for path in others)


def test_there_is_no_page_for_what_is_no_code() -> None:
    assert page("MLC999") is None
    assert page("../codes/MLC001") is None
    assert page("MLC") is None
    assert title("MLC999") == "MLC999"
