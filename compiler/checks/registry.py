"""Checks of the registry: sections that .dvc/config already has and that the spec would define again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..lower.remotes import CONFIG
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

DUPLICATE_SECTION = Code(
    "MLC419",
    "error",
    "`{config}` already has a section `{section}`, and `stack.registry` would define it again",
    help="move the section to `.dvc/config.local`, or remove `registry` from the spec; `dvc remote remove` and "
    "`dvc config --unset` remove it from `{config}`",
)

_OUR_BLOCK = r"(?ms)^# >>> mlopsc.*?^# <<< mlopsc[^\n]*\n?"


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC419: DVC refuses a configuration that has a section twice."""
    text = snapshot.read(CONFIG) if project.remotes and snapshot.kind(CONFIG) == "file" else None
    if text is None:
        return
    others = re.sub(_OUR_BLOCK, "", text.decode("utf-8", "replace"))
    headers = {line.strip() for line in others.splitlines() if line.lstrip().startswith("[")}
    sections = {"[core]": "core"}
    sections |= {f"['remote \"{remote.name}\"']": f'remote "{remote.name}"' for remote in project.remotes}
    for header, section in sections.items():
        if header in headers:
            yield DUPLICATE_SECTION.at_key("stack", "registry", config=CONFIG, section=section)
