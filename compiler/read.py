"""From bytes to plain values, with the way back to line and column kept open.

Two roads. A text that has nothing special goes through `oryaml` (Rust, 25 MB/s). One that has anchors, tags,
merge keys, several documents, or a number or date that the two YAMLs read differently goes through
`node`, and so does every text that the fast road refuses, because only there an error has a place. Both give the
same value where both give one (tests/property/test_read.py); see docs/decisions/0003-yaml.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import accumulate

from .diagnostic import Diagnostic
from .record import Record, field
from .span import At, Path, Place, Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .node import Node

MAX_BYTES = 32 * 1024 * 1024

_ODD = re.compile(
    r"""[\n\r\x85\u2028\u2029,\[{:?-][ \t]*+(?=[-+.\d&*!<=?%])      # where a value starts: on a new line, or
    (?:(?<=[\n\r\x85\u2028\u2029,\[{ \t])|(?<=["']:))(?:            # behind a sign and a space, or without one
        &(?![&\s]) | \*(?=[\w-]) | ! | << | =(?![^\s,\]}])          # anchor, alias, tag, merge, value
      | \?(?!\S)                                                   # a key that may be no scalar, as may `[a]: b`
      | [-+]?0[\dboxBOX_] | [-+]?\d+_ | \d{4}-\d | [-+]?\d{16}       # numbers and dates that readers differ on
      | [-+.\d]+[eE][-+]?\d{3} | [-+][._] | [-+]?\.[_\d]+[_eE] | [-+]?[\d.]+_
      | (?<=\n)(?:%|---|\.\.\.) | (?:[-?][ ]){32}                   # and nesting that is slow to refuse
    )""",
    re.VERBOSE,
)
_SLOPE = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_SLOPE))
_FAST_DEPTH = 32


def decode(name: str, raw: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a file. What is not UTF-8 is reported; the text is then cut before it."""
    if len(raw) > MAX_BYTES:
        source = Source(name, "")
        what = f"`{name}` is larger than {MAX_BYTES // 2**20} MB"
        return source, [Diagnostic("MLC004", what, Span(source, 0, 0), help="split it up, or generate less")]
    try:
        return Source(name, raw.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        source = Source(name, raw[: error.start].decode("utf-8-sig") + "�")
        at = len(source.text) - 1
        what = f"byte {error.start} of the file is not UTF-8"
        return source, [Diagnostic("MLC002", what, Span(source, at, at + 1), help="save the file as UTF-8")]


def load(source: Source) -> tuple[Any, list[Diagnostic]]:
    """The plain value of a YAML text, and what is wrong with it."""
    if (value := _fast(source)) is not _NOT_FAST:
        return value, []
    from . import node

    try:
        return node.value_of(node.compose(source), source)
    except node.Unreadable as unreadable:
        return None, [unreadable.diagnostic]


_NOT_FAST: Any = object()


def _fast(source: Source) -> Any:
    text = source.text
    if _ODD.search(outline := source.outline) or "\x00" in text or re.search(r"\][ \t]*:", outline):
        return _NOT_FAST
    brackets = text.encode("utf-8", "replace").translate(None, _NO_BRACKETS)
    if brackets and max(accumulate(map(_SLOPE.__getitem__, brackets))) > _FAST_DEPTH:
        return _NOT_FAST
    import oryaml

    try:
        return oryaml.loads(text)
    except Exception:  # it has several error classes; whatever it is, the other road finds it and tells where
        return _NOT_FAST


class Document(Record, frozen=False, eq=False):
    """A spec that was read: its plain value, merged from one or more sources, and where each part came from.

    ``owners`` maps the paths of subtrees that another source than the first gave to that source.
    """

    data: dict[str, Any]
    main: Source
    owners: Mapping[Path, Source] = field(default_factory=dict)
    _trees: dict[int, Node | None] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """The outline of the text of each source."""
        return [source.outline for source in {id(each): each for each in (self.main, *self.owners.values())}.values()]

    def owner(self, path: Path) -> Source:
        """The source that the value at ``path`` was written in."""
        for length in range(len(path), -1, -1):
            if (source := self.owners.get(path[:length])) is not None:
                return source
        return self.main

    def span(self, place: Place) -> Span:
        """Where a place is in the text; where it is not written, the nearest that encloses it."""
        if isinstance(place, Span):
            return place
        from . import node

        source = self.owner(place.path)
        if id(source) not in self._trees:
            try:
                self._trees[id(source)] = node.compose(source)
            except node.Unreadable:
                self._trees[id(source)] = None
        key, value = node.find(self._trees[id(source)], place.path)
        chosen = key if key is not None and (place.key or value is None) else value
        return Span(source, chosen.start, chosen.end) if chosen is not None else Span(source, 0, 0)


def at(*path: str | int) -> At:
    """The value at a path."""
    return At(path)


def at_key(*path: str | int) -> At:
    """The key at a path."""
    return At(path, key=True)
