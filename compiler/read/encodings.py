"""Files in another encoding than UTF-8: UTF-16 and UTF-32, which some editors write."""

from __future__ import annotations

from ..model.diagnostic import Code, Diagnostic
from ..model.source import Source, Span

NOT_UTF8_BUT = Code("MLC002", "error", "the file is {encoding}, not UTF-8", help="save the file as UTF-8")

_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)


def other_encoding(name: str, raw: bytes) -> tuple[Source, Diagnostic] | None:
    """The text of a file in UTF-16 or UTF-32, with or without a byte order mark, and the diagnostic; None for others."""
    found = next(((codec, title) for mark, codec, title in _ENCODINGS if raw.startswith(mark)), None)
    if found is None and raw[:2].count(0) == 1:  # the first character of a spec is ASCII
        found = ("utf-16-be" if raw[0] == 0 else "utf-16-le", "UTF-16")
    if found is None:
        return None
    source = Source(name, raw.decode(found[0], "replace"))
    return source, NOT_UTF8_BUT.on(Span(source, 0, 1), encoding=found[1])
