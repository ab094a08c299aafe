"""The JSON Schema of mlops.yaml beside the spec, for editors that know YAML but not mlopsc.

A spec asks for it by the comment with which every YAML server finds a schema; a spec without it gets no file.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..model.target import File

PATH = ".mlops/schema.json"
MODELINE = f"# yaml-language-server: $schema={PATH}"
_MODELINE = re.compile(rf"^#\s*yaml-language-server:\s*\$schema=(?:\./)?{re.escape(PATH)}\s*$", re.MULTILINE)
_PUBLISHED = Path(__file__).parents[2] / "schemas" / "mlops.schema.json"


def is_asked_for(text: str) -> bool:
    """Whether a spec has the comment that names the file."""
    return "yaml-language-server" in text and _MODELINE.search(text) is not None


def schema_file() -> File:
    """The schema of this version of mlopsc."""
    return File(PATH, _PUBLISHED.read_text(encoding="utf-8"))
