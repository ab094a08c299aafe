"""Our block in GitLab's file at the root of the Git repository: an item of the list `include`, whatever else the team has there.

A YAML file has one key `include`. Where the team has none, the block brings it; where the team has a list, the block is an
item of it; where `include` is something else, the team has to make it a list.
"""

from __future__ import annotations

import re
import textwrap

from .lock import BEGIN, END

_KEY = re.compile(r"include\s*:(.*)")
_ITEM = re.compile(r"( *)- ")
_BLANK = re.compile(r"\s*(?:#.*)?\Z")


def split_included(text: str) -> tuple[str, str | None, str] | None:
    """The text before our block, the item in it (None without a block), and the text after it; None if the markers do not match."""
    lines = text.splitlines(keepends=True)
    begins = [index for index, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [index for index, line in enumerate(lines) if line.strip() == END]
    if not begins and not ends:
        return text, None, ""
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        return None
    begin, end = begins[0], ends[0]
    inner = "".join(lines[begin + 1 : end]).replace("\r\n", "\n")
    item = textwrap.dedent(re.sub(r"\A *include:[ \t]*\n", "", inner))
    return "".join(lines[:begin]), item, "".join(lines[end + 1 :])


def without_block(content: bytes) -> tuple[str, str] | None:
    """What is around our block, and the item in it; None without a block."""
    split = split_included(content.decode("utf-8", "surrogateescape"))
    if split is None:
        return None
    before, item, after = split
    if item is None:
        return None
    return (before.removesuffix("\n") if before.endswith("\n\n") and not after else before) + after, item


def with_item(before: str, item: str, after: str, had_block: bool) -> str | None:
    """The file with our block; None if the key `include` of the team is no list with a line for each item.

    A block that was there keeps its place as long as it may stand there.
    """
    team = before + after
    place = _place(team)
    if place is None:
        return None
    index, indent = place
    eol = "\r\n" if "\r\n" in team else "\n"
    if indent is None:
        block = _block(f"include:\n{textwrap.indent(item, '  ')}", "", eol)
        if had_block:
            return f"{before}{block}{after}"
        gap = "" if not team else eol if team.endswith("\n") else 2 * eol
        return f"{team}{gap}{block}"
    lines = team.splitlines(keepends=True)
    return "".join(lines[:index]) + _block(textwrap.indent(item, indent), indent, eol) + "".join(lines[index:])


def _block(inner: str, indent: str, eol: str) -> str:
    return f"{indent}{BEGIN}\n{inner}{indent}{END}\n".replace("\n", eol)


def _place(team: str) -> tuple[int, str | None] | None:
    """Before which line of the team's file the block stands, and its indentation; no indentation if there is no `include`."""
    lines = team.splitlines()
    keys = [(index, match) for index, line in enumerate(lines) if (match := _KEY.match(line)) is not None]
    if not keys:
        return len(lines), None
    index, match = keys[-1]
    if len(keys) > 1 or not _BLANK.match(match.group(1)):
        return None
    following = next((line for line in lines[index + 1 :] if not _BLANK.match(line)), "")
    item = _ITEM.match(following)
    return (index + 1, item.group(1)) if item is not None else None
