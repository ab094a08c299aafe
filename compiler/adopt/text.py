"""The text of mlops.yaml: that of dvc.yaml, byte for byte, with a few lines put before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

BOM = b"\xef\xbb\xbf"
_MARKER = re.compile(rb"---([ \t]*\r?\n|[ \t]+(#.*\n)?|$)")
"""The begin of a document, with a comment behind it or not: https://yaml.org/spec/1.2.2/#91-documents"""

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def project_name(folder: str) -> str:
    """A name for the project, made of a folder's."""
    return _NOT_A_NAME.sub("-", folder).strip("-.") or "pipeline"


def spec_text(original: bytes, lines: Sequence[str]) -> bytes:
    """``original`` with ``lines`` before its content: comments at its top stay at the top, its line ends are kept.

    A document that is one flow mapping gets the lines inside of its brace.
    """
    body = original.removeprefix(BOM)
    mark = BOM if body != original else b""
    end = b"\r\n" if b"\r\n" in body else b"\n"
    start, indent = _first(body)
    head, rest = body[:start], body[start:]
    if rest.lstrip(b" ").startswith(b"{"):
        brace = rest.index(b"{") + 1
        inside = rest[brace:].lstrip()
        comma = b"" if inside.startswith(b"}") else b", "
        return mark + head + rest[:brace] + ", ".join(lines).encode() + comma + rest[brace:]
    if rest.strip() in (b"null", b"~"):
        rest = b""
    if head and not head.endswith(b"\n"):
        head += end
    return mark + head + b"".join(b" " * indent + line.encode() + end for line in lines) + rest


def flow(original: bytes) -> bool:
    """Whether the lines would stand in one flow mapping, where a comment would end it."""
    body = original.removeprefix(BOM)
    return body[_first(body)[0] :].lstrip(b" ").startswith(b"{")


def _first(body: bytes) -> tuple[int, int]:
    """Where the lines go (behind `---` and directives, before comments unless such come first), and the indent."""
    start = offset = 0
    for line in body.splitlines(keepends=True):
        words = line.strip()
        offset += len(line)
        if marker := _MARKER.match(line):
            if marker.end() < len(line):  # a flow mapping stands behind it
                return offset - len(line) + marker.end(), 0
            start = offset
        elif words and not words.startswith((b"#", b"%")):
            return start, len(line) - len(line.lstrip(b" "))
    return start, 0
