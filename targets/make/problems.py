"""What Make cannot express."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Feature

CANNOT_CARRY = Code(
    "MLC521",
    "error",
    "make cannot carry {what} in the commands or paths of `{stage}`",
    help="remove it, or put the command into a `script`",
)
NEEDS_DVC = Code(
    "MLC522",
    "warning",
    "`{feature}` needs DVC, and `stack.orchestrator` names make without it",
    help="write `orchestrator: [dvc, make]`, or remove `{feature}`",
)


def needs_dvc(project: Project) -> Iterator[Diagnostic]:
    """What only DVC can do, where the stack has make without it."""
    for feature in (Feature.DATA, Feature.EXPERIMENTS, Feature.DEPLOY, Feature.MONITOR):
        for path in project.features.get(feature, ()):
            yield NEEDS_DVC.at_key(*path, feature=feature.value)
