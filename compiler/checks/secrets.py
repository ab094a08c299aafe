"""Secrets written into the spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..diagnostic import Diagnostic
from ..span import At, Path

_KNOWN = re.compile(
    r"""\b(?:AKIA|ASIA)[0-9A-Z]{16}\b                                 # AWS access key
    | \bgh[pousr]_[A-Za-z0-9]{30,} | \bgithub_pat_[A-Za-z0-9_]{30,}   # GitHub
    | \bglpat-[A-Za-z0-9_-]{16,} | \bxox[abprs]-[A-Za-z0-9-]{10,}     # GitLab, Slack
    | \bsk-[A-Za-z0-9_-]{24,} | \bhf_[A-Za-z0-9]{30,}                 # OpenAI, Hugging Face
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY
    | ://[^/\s:@${]+:[^/\s@${]+@                                      # user:password in a URL
    | \b(?:password|passwd|secret|token|api[_-]?key)\s*[=:]\s*['"]?[^\s$'"{]{6,}""",
    re.VERBOSE | re.IGNORECASE,
)
_NAME = re.compile(r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:$|_)", re.IGNORECASE)
_HINTS = ("AKIA", "ASIA", "gh", "glpat", "xox", "sk-", "hf_", "PRIVATE", "://", "=", ": ")


def check(data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """MLC420."""
    waiting: list[tuple[Path, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if type(value) is dict:
            for key, item in value.items():
                if type(item) is str:
                    yield from _text((*path, key), key, item)
                elif item is not None:
                    waiting.append(((*path, key), item))
        elif type(value) is list:
            for index, item in enumerate(value):
                if type(item) is str:
                    yield from _text((*path, index), "", item)
                elif type(item) in (dict, list):
                    waiting.append(((*path, index), item))


def _text(path: Path, key: Any, text: str) -> Iterator[Diagnostic]:
    if len(text) < 8:
        return
    named = path[0] != "ci" and type(key) is str and key.isupper() and _NAME.search(key) and "$" not in text
    if named or (any(hint in text for hint in _HINTS) and _KNOWN.search(text)):
        yield Diagnostic(
            "MLC420", "there is a secret here, in clear", At(path),
            help="revoke it, keep it in the environment, and list the variable's name under `ci.secrets`",
        )  # fmt: skip
