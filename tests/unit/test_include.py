"""Our item in GitLab's file at the root of the Git repository: no line of the team's is lost, whatever the file looks like."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.write.include import split_included, with_item, without_block
from mlopsc.compiler.write.lock import BEGIN, END

ITEM = "- local: .gitlab/mlops-*.yml\n"
JOBS = "build:\n  script: [make]\n"


def added(text: str) -> str | None:
    """The file after a build."""
    split = split_included(text)
    assert split is not None
    before, item, after = split
    return with_item(before, ITEM, after, item is not None)


TEAMS = {
    "nothing": "",
    "jobs": JOBS,
    "no last line break": JOBS.rstrip("\n"),
    "a list": f"include:\n  - local: team.yml\n  - template: x.yml\n{JOBS}",
    "a list that is not indented": f"include:\n- local: team.yml\n{JOBS}",
    "a list below jobs, with comments": f"{JOBS}include:  # ours\n\n  # the first\n    - local: team.yml\n",
    "line ends of Windows": "include:\r\n  - local: team.yml\r\nbuild: {script: [make]}\r\n",
    "two documents": f"spec:\n  inputs: {{}}\n---\n{JOBS}",
    "a key that begins like it": f"include_me: 1\n{JOBS}",
}


@pytest.mark.parametrize("team", TEAMS.values(), ids=TEAMS)
def test_the_item_is_added_once_and_nothing_is_lost(team: str) -> None:
    text = added(team)
    assert text is not None
    *_, data = yaml.safe_load_all(text)
    *_, expected = {}, *yaml.safe_load_all(team)
    included = data.pop("include")
    included.remove({"local": ".gitlab/mlops-*.yml"})
    assert included == expected.pop("include", [])
    assert data == expected
    assert all(line in text.splitlines() for line in team.splitlines())
    assert added(text) == text


@pytest.mark.parametrize(
    "value", ["team.yml", "[team.yml]", "{local: team.yml}", "&all\n  - local: a.yml", "\n  local: team.yml"]
)
def test_an_include_that_is_no_list_is_left_alone(value: str) -> None:
    assert added(f"include: {value}\n{JOBS}") is None


def test_a_block_moves_into_a_list_that_the_team_adds_later() -> None:
    text = added(JOBS)
    assert text is not None
    later = added(f"include:\n  - local: team.yml\n{text}")
    assert later is not None
    assert yaml.safe_load(later)["include"] == [{"local": ".gitlab/mlops-*.yml"}, {"local": "team.yml"}]
    assert later.count(BEGIN) == 1


def test_a_block_keeps_its_place() -> None:
    block = f"{BEGIN}\ninclude:\n  {ITEM}{END}\n"
    assert added(f"# first\n{block}{JOBS}") == f"# first\n{block}{JOBS}"


@pytest.mark.parametrize("text", [f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n"])
def test_markers_that_do_not_match_are_told(text: str) -> None:
    assert split_included(text) is None


LINES = st.sampled_from(
    [
        "build:",
        "  script: [a]",
        "include:",
        "  - local: x.yml",
        "- local: y.yml",
        "# note",
        "",
        "include: z.yml",
        "   ",
        "é: 1",
    ]
)


@given(st.lists(LINES, max_size=9), st.booleans())
def test_every_line_of_the_team_stays_in_order(lines: list[str], ends: bool) -> None:
    team = "\n".join(lines) + ("\n" if ends and lines else "")
    text = added(team)
    if text is None:
        return
    split = split_included(text)
    assert split is not None
    assert split[1] == ITEM
    assert [line for line in (split[0] + split[2]).splitlines() if line.strip()] == [
        line for line in lines if line.strip()
    ]
    assert added(text) == text
    around = without_block(text.encode())
    assert around is not None
    assert around[0].strip() == team.strip()
