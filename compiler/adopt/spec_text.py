"""The text of mlops.yaml for an existing dvc.yaml: the same bytes, with a few lines inserted above them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..build import Compiled
from ..checks.accept import accept_line
from ..read.scalars import is_date, plain_value

BOM = b"\xef\xbb\xbf"
_DOCUMENT_START = re.compile(rb"---([ \t]*\r?\n|[ \t]+(#.*\n)?|$)")
"""The start of a document, optionally with a comment: https://yaml.org/spec/1.2.2/#91-documents"""

_INVALID_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Draft:
    """A spec for an existing dvc.yaml, what it compiles to, and how many errors of each code `accept` downgrades."""

    text: bytes
    compiled: Compiled
    accepted: Mapping[str, int]
    accept: str = ""
    """The line of the spec that lists them."""


def draft(original: bytes, lines: Sequence[str], compile_text: Callable[[bytes], Compiled]) -> Draft:
    """Turn a dvc.yaml into a spec. If checks find errors, which DVC accepts, list their places under `accept`."""
    text = spec_text(original, lines)
    compiled = compile_text(text)
    errors = [diagnostic for diagnostic in compiled.report if "error" in (diagnostic.severity, diagnostic.in_check)]
    if not errors or not all(error.code.startswith("MLC4") for error in errors):
        return Draft(text, compiled, {})
    accepted = dict(sorted(Counter(error.code for error in errors).items()))
    data = compiled.document.data if compiled.document is not None else {}
    line = accept_line(errors, data)
    text = spec_text(original, [*lines, line])
    return Draft(text, compile_text(text), accepted, line)


def project_name(folder: str) -> str:
    """A project name made from the name of a folder."""
    return _INVALID_IN_NAME.sub("-", folder).strip("-.") or "pipeline"


def project_value(folder: str) -> str:
    """`project_name` as YAML: a name that YAML reads as a number or a date, such as `0.11`, is quoted."""
    name = project_name(folder)
    return name if isinstance(plain_value(name), str) and not is_date(name) else f'"{name}"'


def spec_text(original: bytes, lines: Sequence[str]) -> bytes:
    """Insert ``lines`` above the content of ``original``; comments at the top stay there, and line endings are kept.

    If the document is a single flow mapping, insert the lines after its opening brace.
    """
    body = original.removeprefix(BOM)
    mark = BOM if body != original else b""
    newline = b"\r\n" if b"\r\n" in body else b"\n"
    start, indent = _insertion_point(body)
    head, rest = body[:start], body[start:]
    if rest.lstrip(b" ").startswith(b"{"):
        brace = rest.index(b"{") + 1
        comma = b"" if rest[brace:].lstrip().startswith(b"}") else b", "
        return mark + head + rest[:brace] + ", ".join(lines).encode() + comma + rest[brace:]
    if rest.strip() in (b"null", b"~"):
        rest = b""
    if head and not head.endswith(b"\n"):
        head += newline
    return mark + head + b"".join(b" " * indent + line.encode() + newline for line in lines) + rest


def is_flow(original: bytes) -> bool:
    """Whether the document is a flow mapping, in which an inserted line cannot end with a comment."""
    body = original.removeprefix(BOM)
    return body[_insertion_point(body)[0] :].lstrip(b" ").startswith(b"{")


def _insertion_point(body: bytes) -> tuple[int, int]:
    """Offset and indent of the inserted lines: after `---`, directives and leading comments."""
    start = offset = 0
    for line in body.splitlines(keepends=True):
        words = line.strip()
        offset += len(line)
        if marker := _DOCUMENT_START.match(line):
            if marker.end() < len(line):  # a flow mapping on the same line
                return offset - len(line) + marker.end(), 0
            start = offset
        elif words and not words.startswith((b"#", b"%")):
            return start, len(line) - len(line.lstrip(b" "))
    return start, 0
