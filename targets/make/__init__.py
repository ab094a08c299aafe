"""The `make` target: a Makefile that drives DVC, or, where the stack names make without dvc, runs the pipeline itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.templates import render
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Refused, Support
from ...compiler.programs import program
from ..engines.support import BY_SLURM
from . import native
from .document import BESIDE, FILTERS, beside, driven_by_dvc
from .problems import needs_dvc


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
        Feature.PARAMS: Emulated(
            "a stage runs again when the values that it tracks (the locked versions of packages among them) differ from its last run"
        ),
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
        Feature.DEPLOY: Emulated("with DVC: `make deploy-NAME`, `make rollback-NAME` and `make promote-NAME`"),
        Feature.MONITOR: Emulated("with DVC: `make monitor-NAME`"),
        Feature.NOTIFY: Refused("make runs where you see it fail"),
        Feature.SCHEDULE: Refused("make has no clock"),
        Feature.SLURM: BY_SLURM,
        Feature.IMAGE: Emulated("podman, docker or apptainer, by .mlops/scripts/container.sh"),
        Feature.UV: Emulated("commands run by `uv run`"),
        Feature.VENV: Emulated("a virtual environment that .mlops/scripts/venv.sh makes and keeps up to date"),
        Feature.CONTAINER: Emulated("podman, docker or apptainer, by .mlops/scripts/container.sh"),
        Feature.PREFIX: Emulated("the prefix of each command"),
        Feature.NETWORK: Emulated("an option of the container"),
        Feature.CONTAINER_SHM: Emulated("an option of the container"),
        Feature.CPU: Refused("make has no scheduler"),
        Feature.MEMORY: Refused("make has no scheduler"),
        Feature.GPU: Refused("make has no scheduler"),
        **dict.fromkeys(
            (Feature.GPU_TYPE, Feature.DISK, Feature.SHM, Feature.SPOT, Feature.INSTANCE, Feature.KUBERNETES),
            Refused("make runs commands on this machine as it is"),
        ),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The Makefile, and for native rules the program that tells what changed."""
        path = "Makefile" if project.own_makefile is None else BESIDE
        if project.uses_dvc:
            document = driven_by_dvc(project)
            yield File(path, render(__package__, "dvc.mk.j2", FILTERS, **document))
            extra = _beside_dvc(project)
        else:
            yield from needs_dvc(project)
            document, problems = native.document(project)
            yield from problems
            yield File(path, render(__package__, "native.mk.j2", FILTERS, **document))
            extra = native.files(project, document["rules"])
        if project.own_makefile is not None:
            yield File(
                "GNUmakefile", render(__package__, "beside.mk.j2", FILTERS, **beside(project, document["phony"]))
            )
        yield File(".gitignore", "/.venv/\n", block=True)
        yield from extra


def _beside_dvc(project: Project) -> Iterator[File]:
    """What `make plots` writes is not for Git; `make data` judges data by a program."""
    yield File(".gitignore", "/dvc_plots/\n", block=True)
    if any(source.schema for source in project.sources.values()):
        schema = program("schema.py")
        yield File(schema.path, schema.text)
