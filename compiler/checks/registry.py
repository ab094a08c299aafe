"""What stands in .dvc/config already, where the spec says the remotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..lower.remotes import CONFIG
from ..model.diagnostic import Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from .places import Places

_OURS = r"(?ms)^# >>> mlopsc.*?^# <<< mlopsc[^\n]*\n?"


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC419: DVC refuses a configuration that has a section twice."""
    text = snapshot.read(CONFIG) if project.remotes and snapshot.kind(CONFIG) == "file" else None
    if text is None:
        return
    theirs = re.sub(_OURS, "", text.decode("utf-8", "replace"))
    sections = {line.strip() for line in theirs.splitlines() if line.lstrip().startswith("[")}
    wanted = {
        "[core]": "core",
        **{f"['remote \"{remote.name}\"']": f'remote "{remote.name}"' for remote in project.remotes},
    }
    for section, name in wanted.items():
        if section in sections:
            yield Diagnostic(
                "MLC419", f"`{CONFIG}` has a section `{name}` of its own, and `stack.registry` would be a second one",
                At(("stack", "registry"), key=True),
                help=f"move what it says into `.dvc/config.local`, or take `registry` out of the spec; "
                     f"`dvc remote remove` and `dvc config --unset` take it out of {CONFIG}",
            )  # fmt: skip
