"""The examples on the pages of the diagnostic codes, as files."""

from __future__ import annotations

import re

from mlopsc.compiler.codes import page, titles
from mlopsc.compiler.installed import installed
from mlopsc.compiler.model.source import Source
from mlopsc.compiler.read.yaml import load
from mlopsc.schemas.stack import Stack

SEEN = {
    "MLC502": "a target that is broken has to be installed",
    "MLC506": "no two targets of this distribution write one file",
    **dict.fromkeys((f"MLC{number}" for number in range(601, 618)), "it takes a repository on a disk to see it"),
    **dict.fromkeys(("MLC317", "MLC318"), "it takes a repository with several folders to see it"),
    **dict.fromkeys(
        (f"MLC{number}" for number in (*range(701, 707), 711, 712)), "it takes an import or a tidy to see it"
    ),
}
"""Codes whose pages show what is seen instead of an example, and why. Tests of their own cover them."""

_BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections(code: str) -> dict[str, str]:
    text = page(code) or ""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def files(section: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for language, info, text in _BLOCK.findall(section):
        path, *flags = info.split() or ["mlops.yaml"]
        assert path != "mlops.yaml" or language == "yaml", "a block without a path is the spec"
        found[path] = text.encode().decode("unicode_escape") if "escaped" in flags else text
    return found


def removed(code: str) -> set[str]:
    """The targets that the right example is for and that are not installed: tests/contract/test_removed.py removes one."""
    spec, _ = load(Source("mlops.yaml", files(sections(code)["Right"]).get("mlops.yaml", "")))
    stack = Stack.model_validate(spec.get("stack") or {})
    return set(stack.targets) - installed().keys()


EXAMPLES = sorted(code for code in titles().keys() - SEEN.keys() if not removed(code))
