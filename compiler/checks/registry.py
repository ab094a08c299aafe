"""Checks of the registry: sections that .dvc/config already has and that the spec would define again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..lower.remotes import CONFIG, config_text, lacking, outside_of_block
from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

DUPLICATE_SECTION = Code(
    "MLC419",
    "error",
    "`{config}` already has a section `{section}`, and `stack.registry` would define it again",
    help="let it say what the spec says (`dvc remote modify`), move the section to `.dvc/config.local`, or remove `registry` from the spec; "
    "`dvc remote remove` and `dvc config --unset` remove it from `{config}`",
)


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC419: DVC refuses a configuration that has a section twice."""
    if not project.remotes or project.dvc_config is not None:
        return
    others = outside_of_block(config_text(snapshot))
    headers = {line.strip() for line in others.splitlines() if line.lstrip().startswith("[")}
    sections = {"[core]": "core"}
    sections |= {f"['remote \"{remote.name}\"']": f'remote "{remote.name}"' for remote in project.remotes}
    differences = lacking(project.remotes, others)
    for header, section in sections.items():
        if header in headers:
            diagnostic = DUPLICATE_SECTION.at_key("stack", "registry", config=CONFIG, section=section)
            missing = [f"{option} = {value}" for name, option, value in differences if name == section]
            yield replace(diagnostic, note=f"the section lacks `{'`, `'.join(missing)}`" if missing else "")
