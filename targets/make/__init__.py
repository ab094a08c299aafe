"""The `make` target: a Makefile that drives DVC, or, where the stack names make without dvc, runs the pipeline itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At
from ...compiler.model.target import Emulated, Feature, File, Kept, Refused, Support
from .common import targets_of


class Make:
    """GNU Make 3.81 (which macOS has) or newer. ``support`` is that of native rules: the others leave all to DVC."""

    name = "make"
    support: ClassVar[Support] = {
        Feature.STAGES: Kept(),
        Feature.FOREACH: Emulated("a rule for each stage it makes"),
        Feature.MATRIX: Emulated("a rule for each stage it makes"),
        Feature.TEMPLATES: Emulated(
            "a parameter becomes a variable: `make train_lr=0.1`; other values are written out"
        ),
        Feature.VARS: Emulated("values are written out"),
        Feature.WDIR: Kept(),
        Feature.FROZEN: Emulated("a rule that runs nothing"),
        Feature.ALWAYS_CHANGED: Kept(),
        Feature.DESC: Kept(),
        Feature.META: Refused("a Makefile has no place for it"),
        Feature.OUT_FLAGS: Refused("only DVC has a cache; paths are made the same with and without"),
        Feature.PARAMS: Emulated("a stage runs again when the values that it tracks differ from those of its last run"),
        Feature.METRICS: Emulated("an out; `make metrics` prints it"),
        Feature.PLOTS: Emulated("an out"),
        Feature.ARTIFACTS: Refused("only DVC has a registry"),
        Feature.DATASETS: Refused("only DVC fetches them"),
        Feature.COMMAND_LISTS: Kept(),
        Feature.SCRIPT: Emulated("a file under .mlops/scripts, run by `bash -euo pipefail`"),
        Feature.ENV: Emulated("an `export` before each command"),
        Feature.TIMEOUT: Emulated("the command runs under coreutils' `timeout`, by .mlops/scripts/run.sh"),
        Feature.RETRIES: Emulated("a loop in .mlops/scripts/run.sh"),
        Feature.STAGE_GATES: Emulated("a rule `gate-NAME`, which runs .mlops/scripts/gate.py and fails"),
        Feature.REGISTRY: Emulated("with DVC: `make setup` installs what the remote needs"),
        Feature.DATA: Emulated("with DVC: `make data`, which runs `dvc import-url`, `dvc import` or `dvc update`"),
        Feature.MODELS: Emulated("with DVC: `make register-NAME`, which pushes and sets GTO's tag"),
        Feature.EXPERIMENTS: Emulated("with DVC: `make exp-NAME`, which queues, runs and compares"),
        Feature.DEPLOY: Emulated("with DVC: `make deploy-NAME` and `make rollback-NAME`"),
        Feature.MONITOR: Emulated("with DVC: `make monitor-NAME`"),
        Feature.IMAGE: Refused("make runs commands on this machine, not in containers"),
        Feature.CPU: Refused("make has no scheduler"),
        Feature.MEMORY: Refused("make has no scheduler"),
        Feature.GPU: Refused("make has no scheduler"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The Makefile, and for native rules the scripts that tell what changed."""
        if project.uses_dvc:
            from . import dvc_rules as rules
        else:
            from . import native as rules  # type: ignore[no-redef]

            yield from _needs_dvc(project)
        problems: list[Diagnostic] = []
        lines = list(rules.lines(project, targets_of(project), problems))
        yield from problems
        yield File("Makefile", "\n".join(lines) + "\n")
        yield File(".gitignore", "/.venv/\n", block=True)
        yield from rules.files(project)


def _needs_dvc(project: Project) -> Iterator[Diagnostic]:
    """What only DVC can do, where the stack has make without it."""
    for feature in (Feature.DATA, Feature.EXPERIMENTS, Feature.DEPLOY, Feature.MONITOR):
        for place in project.features.get(feature, ()):
            what = f"`{feature.value}` needs DVC, and `stack.orchestrator` names make without it"
            help_ = "write `orchestrator: [dvc, make]`, or take it out"
            yield Diagnostic("MLC522", what, At(place, key=True), help=help_, severity="warning")
