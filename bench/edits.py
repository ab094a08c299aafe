"""Edits of Python code as people make them: of layout, of meaning, and such as look like the one and are the other.

An edit takes a text and a source of random numbers, and gives the new text, or None where there is nothing for it to change.
No edit says whether it changes what the code does: that is for the run to show.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

Edit = Callable[[str, Random], str | None]
LAYOUT: dict[str, Edit] = {}
MEANING: dict[str, Edit] = {}


def layout(edit: Edit) -> Edit:
    """An edit that is meant to change layout only."""
    LAYOUT[edit.__name__.replace("_", " ")] = edit
    return edit


def meaning(edit: Edit) -> Edit:
    """An edit that is meant to change more than layout."""
    MEANING[edit.__name__.replace("_", " ")] = edit
    return edit


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _at(text: str, place: tuple[int, int]) -> int:
    """The offset of a line and a column."""
    return sum(len(line) for line in text.splitlines(keepends=True)[: place[0] - 1]) + place[1]


def _replaced(text: str, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    return text[: _at(text, start)] + new + text[_at(text, end) :]


def _statements(text: str) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt) and node.lineno)


def _some_token(
    text: str, rng: Random, kind: int, matches: Callable[[str], bool] = lambda string: True
) -> tokenize.TokenInfo | None:
    found = [token for token in _tokens(text) if token.type == kind and matches(token.string)]
    return rng.choice(found) if found else None


def _token_edit(kind: int, matches: Callable[[str], bool], new: Callable[[str], str]) -> Edit:
    def edit(text: str, rng: Random) -> str | None:
        token = _some_token(text, rng, kind, matches)
        return None if token is None else _replaced(text, token.start, token.end, new(token.string))

    return edit


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])


@layout
def a_comment_above(text: str, rng: Random) -> str | None:
    node = rng.choice([*_statements(text)])
    return _replaced(text, (_first_line(node), 0), (_first_line(node), 0), " " * node.col_offset + "# why this is so\n")


@layout
def a_comment_behind(text: str, rng: Random) -> str | None:
    token = _some_token(text, rng, tokenize.NEWLINE, bool)
    return None if token is None else _replaced(text, token.start, token.start, "  # noqa")


@layout
def blank_lines(text: str, rng: Random) -> str | None:
    node = rng.choice([*_statements(text)])
    return _replaced(text, (_first_line(node), 0), (_first_line(node), 0), "\n\n")


@layout
def no_comments_and_blank_lines(text: str, rng: Random) -> str | None:
    lines = text.splitlines(keepends=True)
    dropped = {token.start[0] for token in _tokens(text) if token.type in (tokenize.NL, tokenize.COMMENT)}
    dropped = {number for number in dropped if re.fullmatch(r"\s*(#.*)?", lines[number - 1])}
    return "".join(line for number, line in enumerate(lines, 1) if number not in dropped)


@layout
def another_formatter(text: str, rng: Random) -> str | None:
    return ast.unparse(ast.parse(text)) + "\n"


@layout
def line_ends(text: str, rng: Random) -> str | None:
    return text.replace("\n", "\r\n")


@layout
def a_byte_order_mark(text: str, rng: Random) -> str | None:
    return "\ufeff" + text


@layout
def an_encoding(text: str, rng: Random) -> str | None:
    return f"# -*- coding: {rng.choice(['utf-8', 'latin-1'])} -*-\n{text}"


@layout
def another_indentation(text: str, rng: Random) -> str | None:
    inside = {
        number
        for token in _tokens(text)
        if token.type == tokenize.STRING
        for number in range(token.start[0] + 1, token.end[0] + 1)
    }
    unit = rng.choice(["  ", "\t", " " * 8])
    lines = text.splitlines(keepends=True)
    return "".join(
        line if number in inside else re.sub(r"^( {4})+", lambda blanks: unit * (len(blanks[0]) // 4), line)
        for number, line in enumerate(lines, 1)
    )


@layout
def blanks_at_line_ends(text: str, rng: Random) -> str | None:
    return "\n".join(line + ("  " if line else "") for line in text.split("\n"))


@layout
def parentheses(text: str, rng: Random) -> str | None:
    values = [node.value for node in _statements(text) if isinstance(node, (ast.Assign, ast.Return)) and node.value]
    if not values:
        return None
    node = rng.choice(values)
    segment = ast.get_source_segment(text, node) or ""
    end = (
        node.end_lineno or 0,
        len(text.splitlines()[(node.end_lineno or 1) - 1].encode()[: node.end_col_offset].decode()),
    )
    start = (node.lineno, len(text.splitlines()[node.lineno - 1].encode()[: node.col_offset].decode()))
    return _replaced(text, start, end, f"(\n{segment}\n)")


@layout
def two_statements_on_a_line(text: str, rng: Random) -> str | None:
    bodies = [node.body for node in ast.walk(ast.parse(text)) if isinstance(getattr(node, "body", None), list)]
    pairs = [
        (first, second)
        for body in bodies
        for first, second in pairwise(body)
        if not hasattr(first, "body") and not hasattr(second, "body") and first.end_lineno == second.lineno - 1
    ]
    if not pairs:
        return None
    first, second = rng.choice(pairs)
    lines = text.split("\n")
    if "#" in lines[first.end_lineno - 1]:
        return None
    lines[first.end_lineno - 1 : second.lineno] = [
        lines[first.end_lineno - 1] + "; " + lines[second.lineno - 1].lstrip()
    ]
    return "\n".join(lines)


@layout
def a_broken_line(text: str, rng: Random) -> str | None:
    token = _some_token(text, rng, tokenize.OP, lambda string: string in ("(", "[", ","))
    return None if token is None else _replaced(text, token.end, token.end, "\n        ")


@layout
def a_backslash(text: str, rng: Random) -> str | None:
    token = _some_token(text, rng, tokenize.OP, lambda string: string == "=")
    return None if token is None else _replaced(text, token.end, token.end, " \\\n   ")


@layout
def quotes(text: str, rng: Random) -> str | None:
    plain = re.compile(r"'[\w .:/*-]*'|\"[\w .:/*-]*\"")
    swap = _token_edit(
        tokenize.STRING, lambda string: plain.fullmatch(string) is not None, lambda string: repr(string[1:-1])
        if string[0] == '"' else f'"{string[1:-1]}"'
    )  # fmt: skip
    return swap(text, rng)


@layout
def a_string_in_two_parts(text: str, rng: Random) -> str | None:
    plain = re.compile(r"\"[\w .:/-]{2,}\"")
    return _token_edit(
        tokenize.STRING,
        lambda string: plain.fullmatch(string) is not None,
        lambda string: f'{string[:2]}" "{string[2:]}',
    )(text, rng)


@layout
def a_number_in_another_spelling(text: str, rng: Random) -> str | None:
    return _token_edit(tokenize.NUMBER, lambda string: string.isdigit(), lambda string: hex(int(string)))(text, rng)


@meaning
def a_number(text: str, rng: Random) -> str | None:
    return _token_edit(tokenize.NUMBER, lambda string: string.isdigit(), lambda string: str(int(string) + 1))(text, rng)


@meaning
def a_float_for_a_number(text: str, rng: Random) -> str | None:
    return _token_edit(tokenize.NUMBER, lambda string: string.isdigit(), lambda string: f"{string}.0")(text, rng)


@meaning
def a_blank_in_a_string(text: str, rng: Random) -> str | None:
    return _token_edit(
        tokenize.STRING, lambda string: len(string) > 3, lambda string: f"{string[:-3]} {string[-3:]}"
        if string.endswith(('"""', "'''")) else f"{string[:-1]} {string[-1:]}"
    )(text, rng)  # fmt: skip


@meaning
def a_docstring(text: str, rng: Random) -> str | None:
    return _token_edit(
        tokenize.STRING, lambda string: string.startswith('"""'), lambda string: f'"""New. {string[3:]}'
    )(text, rng)


@meaning
def a_comment_in_a_long_string(text: str, rng: Random) -> str | None:
    return _token_edit(
        tokenize.STRING,
        lambda string: string.count("\n") > 1,
        lambda string: string.replace("\n", "\n# a comment\n", 1),
    )(text, rng)


@meaning
def a_dedented_statement(text: str, rng: Random) -> str | None:
    last = [
        node.body[-1]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.For, ast.If, ast.With)) and len(node.body) > 1 and not hasattr(node.body[-1], "body")
    ]
    if not last:
        return None
    node = rng.choice(last)
    return _replaced(text, (node.lineno, 0), (node.lineno, 4), "")


@meaning
def swapped_statements(text: str, rng: Random) -> str | None:
    lines = text.split("\n")
    pairs = [
        number
        for number in range(len(lines) - 1)
        if lines[number].strip() and re.match(r"\s*", lines[number])[0] == re.match(r"\s*", lines[number + 1])[0]  # type: ignore[index]
    ]
    if not pairs:
        return None
    number = rng.choice(pairs)
    lines[number], lines[number + 1] = lines[number + 1], lines[number]
    return "\n".join(lines)


@meaning
def swapped_imports(text: str, rng: Random) -> str | None:
    lines = text.split("\n")
    imports = [number for number, line in enumerate(lines) if line.startswith(("import ", "from "))]
    if len(imports) < 2:
        return None
    first, second = rng.sample(imports, 2)
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


@meaning
def an_unused_import(text: str, rng: Random) -> str | None:
    return f"import math\n{text}"


@meaning
def no_statement(text: str, rng: Random) -> str | None:
    nodes = [node for node in _statements(text) if not hasattr(node, "body") and node.lineno == node.end_lineno]
    node = rng.choice(nodes)
    return _replaced(text, (node.lineno, node.col_offset), (node.lineno, node.col_offset), "pass  # ")


@meaning
def a_name(text: str, rng: Random) -> str | None:
    names = sorted({node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name) and len(node.id) > 2})
    if not names:
        return None
    name = rng.choice(names)
    return re.sub(rf"\b{name}\b", f"{name}_", text)


@meaning
def a_trailing_comma(text: str, rng: Random) -> str | None:
    ends = [node for node in _statements(text) if isinstance(node, (ast.Assign, ast.Return)) and node.value]
    if not ends:
        return None
    node = rng.choice(ends)
    return _replaced(
        text, (node.end_lineno or 0, node.end_col_offset or 0), (node.end_lineno or 0, node.end_col_offset or 0), ","
    )


@meaning
def an_operator(text: str, rng: Random) -> str | None:
    other = {"+": "-", "*": "+", "<": "<=", "==": "!=", "%": "*", "-": "+"}
    return _token_edit(tokenize.OP, other.__contains__, other.__getitem__)(text, rng)


@meaning
def annotations_as_text(text: str, rng: Random) -> str | None:
    return None if "__future__" in text else f"from __future__ import annotations\n{text}"


@meaning
def an_annotation(text: str, rng: Random) -> str | None:
    names = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.arg) and node.annotation is None]
    if not names:
        return None
    node = rng.choice(names)
    return _replaced(text, (node.lineno, node.end_col_offset or 0), (node.lineno, node.end_col_offset or 0), ": object")


@meaning
def blanks_in_a_replacement_field(text: str, rng: Random) -> str | None:
    return re.sub(r"\{(\w+)=\}", r"{\1 = }", text) if "=}" in text else None


@meaning
def an_added_statement(text: str, rng: Random) -> str | None:
    return f"{text}\nLATER = {rng.randrange(1000)}\n"
