"""Checks for secrets in the spec, where everyone with access to the repository and its history can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log2
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..read.params import ParamFiles
from .places import Places

SECRET = Code(
    "MLC420",
    "error",
    "{secret} is written in plain text",
    help="revoke it, keep the new one in an environment variable, and list that variable under `ci.secrets`",
)

_KNOWN = r"""(?x)(?P<an_AWS_access_key>\b(?:AKIA|ASIA)[0-9A-Z]{16}\b)
    | (?P<a_GitHub_token>\bgh[pousr]_[A-Za-z0-9]{30,} | \bgithub_pat_[A-Za-z0-9_]{30,})
    | (?P<a_GitLab_token>\bglpat-[A-Za-z0-9_-]{16,})
    | (?P<a_Slack_token>\bxox[abeoprs]-[A-Za-z0-9-]{10,} | \bhooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/\w{16,})
    | (?P<an_API_key>\bsk-(?:[a-z]+-)?[A-Za-z0-9_]{24,} | \bAIza[A-Za-z0-9_-]{35}\b | \bnpm_[A-Za-z0-9]{30,})
    | (?P<a_Hugging_Face_token>\bhf_[A-Za-z0-9]{30,})
    | (?P<a_PyPI_token>\bpypi-[A-Za-z0-9_-]{40,})
    | (?P<a_private_key>-----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY)
    | (?P<a_password_in_a_URL>://[^/\s:@${}]+:[^/\s@${}<>]+@)
    | \b(?P<name>(?i:[\w-]*(?:passw(?:or)?d|secret|token|api[_-]?key|access[_-]?key)))\s*[=:]\s*['"]?
      (?P<value>[^\s$'"{<>&;|]{8,})"""
_HINT = (
    "AKIA|ASIA|AIza|gh._|github_pat|glpat|xox|hooks|sk-|npm_|hf_|pypi-|PRIVATE|://[^/]*@|"
    "(?i:passw|secret|token|key)[a-z]*[ '\"]*[=:]"
)
_WORDS = (
    "akia",
    "asia",
    "aiza",
    "glpat-",
    "xox",
    "hooks.slack",
    "npm_",
    "hf_",
    "pypi-",
    "pass",
    "secret",
    "token",
    "github_pat",
)
_PAIRS = (("gh", r"\bgh._"), ("key", r"[\s_-]key|(?:api|access|private)key"), ("sk-", r"\bsk-"), ("://", "@"))
"""Lower-case words that occur in every text that `_KNOWN` or `_NAME` matches; for a pair, both occur."""

_NAME = r"(?i)(?:^|[_-])(?:token|secret|passw(?:or)?d|passphrase|(?:api|access|private|secret)[_-]?key)$"
_PLAIN = r"(?i)[a-z_./-]*\Z|[\d._,-]*\Z"
"""A word, a path or a number, which is not a secret."""

_BITS = 3.0
"""Minimum entropy, in bits per character, for a text of at least 16 characters to count as random."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC420."""
    if not _suspect(places):
        return
    waiting: list[tuple[Path, Any]] = [((), places.data)]
    while waiting:
        path, value = waiting.pop()
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            kind = type(item)
            if kind is str:
                if len(item) >= 8 and (secret := _secret(key, item)):
                    yield SECRET.at(*path, key, secret=secret)
            elif kind is dict or kind is list:
                waiting.append(((*path, key), item))
            if type(key) is str and "://" in key and (secret := _secret("", key)):
                yield SECRET.at_key(*path, key, secret=secret)


def _suspect(places: Places) -> bool:
    """Whether the spec as one text may contain a secret; most specs do not and need no search value by value."""
    text = repr(places.data).lower()
    if any(word in text for word in _WORDS):
        return True
    return any(word in text and re.search(pattern, text) is not None for word, pattern in _PAIRS)


def _secret(key: Any, text: str) -> str | None:
    """The kind of secret in a text, or None."""
    if type(key) is str and key[-1:] in "nNtTdDyYeE" and (named := re.search(_NAME, key)):
        if _looks_secret(named.group(), text, random=False):
            return f"the value of `{key}`"
    if re.search(_HINT, text) is None:
        return None
    for match in re.finditer(_KNOWN, text):
        kind = match.lastgroup or ""
        if kind != "value":
            return kind.replace("_", " ")
        if _looks_secret(match.group("name"), match.group("value"), random=True):
            return f"the value of `{match.group('name')}`"
    return None


def _looks_secret(name: str, text: str, random: bool) -> bool:
    """Whether the value of a key such as `password` or `token` is a secret and not a variable, word, path or number.

    Any word is a secret if the name says password. For other names ``random`` requires a text that looks random, because
    `--eos-token=<s>` and `token: cls` are not secrets.
    """
    if len(text) < 8 or "$" in text or "{{" in text:
        return False
    if "pass" in name.lower():
        return "/" not in text
    return not re.match(_PLAIN, text) and (not random or (len(text) >= 16 and entropy(text) >= _BITS))


def entropy(text: str) -> float:
    """The entropy of a text, in bits per character."""
    counts = [text.count(char) for char in set(text)]
    return -sum(count / len(text) * log2(count / len(text)) for count in counts)
