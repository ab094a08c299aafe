"""What SLURM cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project, SlurmOptions
from ...compiler.model.source import Path
from ...compiler.model.target import Feature
from ..engines.problems import clock
from .facts import OPTIONS, OURS

NEEDS_DVC = Code(
    "MLC546", "error",
    "the jobs run their stages with DVC, and `stack.orchestrator` does not name it",
    help="write `orchestrator: [{names}]`",
)  # fmt: skip
OPTION_OF_OURS = Code("MLC547", "error", "`{option}` is not for you to set: {why}", help="remove it")
UNKNOWN_OPTION = Code(
    "MLC548", "warning", "`sbatch` has no option `--{option}`, unless a plugin of your cluster adds it"
)


def problems(project: Project) -> Iterator[Diagnostic]:
    """MLC545 to MLC548."""
    if not project.uses_dvc:
        yield NEEDS_DVC.at("stack", "orchestrator", names=", ".join(["dvc", *project.orchestrators]))
    yield from clock(project, "SLURM")
    options: dict[Path, SlurmOptions] = {("stages", stage.entry): stage.slurm for stage in project}
    for path in project.features.get(Feature.SLURM, ()):
        for option in options.get(path[:2], project.slurm):
            yield from _option(path, option)


def _option(path: Path, option: str) -> Iterator[Diagnostic]:
    if option in OURS:
        yield OPTION_OF_OURS.at_key(*path, option, option=option, why=OURS[option])
    elif option not in OPTIONS:
        diagnostic = UNKNOWN_OPTION.at_key(*path, option, option=option)
        similar = get_close_matches(option, OPTIONS, 1, 0.6)
        yield replace(diagnostic, help=f"did you mean `{similar[0]}`?") if similar else diagnostic
