"""Characters that look like YAML but are none: no-break spaces, curly quotes, full-width colons, and anchors by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.source import Source, Span
from .quoting import QUOTE_IT, quote_value, quoted

if TYPE_CHECKING:
    from .yaml import Node

NO_BREAK_SPACE = Code(
    "MLC001",
    "error",
    "invalid YAML: {name}, which only looks like {looks}",
    help="{remedy}",
)
DOUBLE_BRACES = Code("MLC001", "error", "invalid YAML: an unquoted value cannot start with `{{{{`", help=QUOTE_IT)
WIDE_COLON = Code("MLC001", "error", "invalid YAML: a full-width colon after the key `{key}`", help="write `{written}`")
ODD_SPACE = Code(
    "MLC011",
    "warning",
    "`{text}` contains {name}, which only looks like {looks}",
    help="{remedy}, or put the text in quotes if it is meant",
)
CURLY_QUOTES = Code(
    "MLC011",
    "warning",
    "`{opening}` is not a quote of YAML: it becomes part of the text",
    help="use straight quotes: {quoted}",
)
CURLY_IN_COMMAND = Code(
    "MLC011",
    "warning",
    "the shell does not treat `{opening}` as a quote: it becomes part of a word",
    help="use straight quotes: {command}",
)
CURLY_ALONE = replace(CURLY_IN_COMMAND, help='replace each by a straight quote, "')
UNUSED_ANCHOR = Code(
    "MLC011",
    "warning",
    "YAML reads `&{anchor}` as an anchor and removes it from the value; nothing refers to it",
    help=QUOTE_IT,
)


PROSE = frozenset(["desc", "title", "x_label", "y_label", "header"])
"""Keys whose text is for people, who may use any typography."""
COMMANDS = frozenset(["cmd", "run", "test", "check"])

CURLY = {"“": "”", "„": "“”", "‘": "’", "‚": "‘’", "«": "»", "»": "«", "”": "”", "’": "’"}
ODD = {
    "\u00a0": ("a no-break space", "a space", "replace it by an ordinary space"),
    "\u202f": ("a narrow no-break space", "a space", "replace it by an ordinary space"),
    "\u2007": ("a figure space", "a space", "replace it by an ordinary space"),
    "\u3000": ("an ideographic space", "a space", "replace it by an ordinary space"),
    "\u200b": ("a zero-width space", "nothing", "remove it"),
    "\ufeff": ("a byte order mark", "nothing", "remove it"),
}
"""What looks like a space or like nothing: its name, what it looks like, and what to do about it."""
ODD_CHARACTER = re.compile("[" + "".join(ODD) + "]")
_ODD = "[" + "".join(ODD) + "]"
_ODD_KEY = re.compile(rf"^{_ODD}|{_ODD}$")
_NO_MAPPING = re.compile(rf"[A-Za-z_][\w.-]*(?:(:){_ODD}|(：)\s*).*", re.DOTALL)
_ACCIDENTAL = re.compile(r"(?:[-:,] +|[\[{])&\w")


def check(root: Node | None, source: Source) -> Iterator[Diagnostic]:
    """The lookalikes in a document. An error is one that changes the structure: what follows from it is not reported."""
    if root is None:
        return
    if not source.text.isascii() or "{{" in source.text:
        yield from _in_node(root, source, "")
    if _ACCIDENTAL.search(source.text) is not None:
        yield from _unused_anchors(source)


def _in_node(node: Node, source: Source, key: str) -> Iterator[Diagnostic]:
    if node.kind == "scalar":
        if node.plain and not node.text.isascii():
            yield from _in_text(node, source, key)
        elif key in COMMANDS:
            yield from _curly_in_command(node, source)
    elif node.kind == "sequence":
        for item in node.items:
            yield from _in_node(item, source, key)
    else:
        for name, value in node.items:
            if name.kind == "mapping" and len(node.items) == 1 and source.text.startswith("{{", node.start):
                yield quote_value(DOUBLE_BRACES, source, node.start)
                return
            if name.kind == "scalar" and name.plain and not name.text.isascii():
                yield from _in_key(name, source)
            yield from _in_node(value, source, name.text)


def _in_key(node: Node, source: Source) -> Iterator[Diagnostic]:
    if (odd := _ODD_KEY.search(node.text)) is not None:
        yield odd_space(NO_BREAK_SPACE, source, source.text.find(odd[0], node.start))
    else:
        yield from _in_text(node, source, "")


def _in_text(node: Node, source: Source, key: str) -> Iterator[Diagnostic]:
    """What an unquoted text contains that looks like something else."""
    span, text = Span(source, node.start, node.end), node.text
    if key not in COMMANDS and (glued := _NO_MAPPING.fullmatch(text)) is not None:
        if glued[1]:
            yield odd_space(NO_BREAK_SPACE, source, node.start + glued.end(1))
        else:
            name, _, value = text.partition("：")
            written = f"{name}: {value.strip()}".rstrip()
            yield replace(WIDE_COLON.on(span, key=name, written=written), fix=Fix(span, written, "unsafe"))
    elif key in PROSE:
        return
    elif (odd := ODD_CHARACTER.search(text)) is not None:
        offset = source.text.find(odd[0], node.start)
        yield odd_space(ODD_SPACE, source, offset, text=text)
    elif len(text) > 1 and text[-1] in CURLY.get(text[0], ""):
        straight = quoted(text[1:-1])
        yield replace(CURLY_QUOTES.on(span, opening=text[0], quoted=straight), fix=Fix(span, straight, "unsafe"))
    elif key in COMMANDS:
        yield from _curly_in_command(node, source)


def odd_space(code: Code, source: Source, offset: int, **values: object) -> Diagnostic:
    """The diagnostic at one character of `ODD`, with its replacement as the fix."""
    span = Span(source, offset, offset + 1)
    name, looks, remedy = ODD[source.text[offset]]
    replacement = " " if looks == "a space" else ""
    return replace(code.on(span, name=name, looks=looks, remedy=remedy, **values), fix=Fix(span, replacement, "unsafe"))


def _curly_in_command(node: Node, source: Source) -> Iterator[Diagnostic]:
    text = source.text[node.start : node.end]
    opening = re.search("[“”„]", text)
    if opening is not None and len(re.findall("[“”„]", text)) % 2:
        yield CURLY_ALONE.on(Span(source, node.start, node.end), opening=opening[0])
    elif opening is not None:
        span = Span(source, node.start, node.end)
        straight = re.sub("[“”„]", '"', text if node.plain else node.text)
        written = straight if node.plain else quoted(straight)
        diagnostic = CURLY_IN_COMMAND.on(span, opening=opening[0], command=written)
        yield replace(diagnostic, fix=Fix(span, written, "unsafe"))


def _unused_anchors(source: Source) -> Iterator[Diagnostic]:
    """The anchors of scalars that no alias refers to: most likely the values were meant to start with ``&``."""
    anchors: dict[str, int] = {}
    event: Any
    for event in yaml.parse(source.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        kind = type(event)
        if kind is yaml.AliasEvent:
            anchors.pop(event.anchor, None)
        elif kind is yaml.ScalarEvent and event.anchor and event.value and event.implicit[0]:
            anchors[event.anchor] = event.start_mark.index
    for anchor, offset in anchors.items():
        yield quote_value(UNUSED_ANCHOR, source, offset, anchor=anchor)
