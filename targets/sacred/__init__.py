"""The `sacred` target: a driver that runs each stage by the worker, and records it as a run of Sacred.

Facts: https://sacred.readthedocs.io/en/stable/observers.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Refused, Support
from ..engines import stores, worker
from ..engines.problems import problems
from ..engines.support import TASKS

_ON_THIS_MACHINE = Refused("Sacred runs a stage where it is started")


class Sacred:
    """Sacred 0.8, with its FileStorageObserver."""

    name = "sacred"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.NOTIFY: Refused("Sacred runs where you see it fail"),
        Feature.FOREACH: Emulated("one run per expanded stage"),
        Feature.MATRIX: Emulated("one run per expanded stage"),
        Feature.TEMPLATES: Emulated("`--set NAME=VALUE`, passed to DVC"),
        Feature.WDIR: Emulated("paths are relative to the repository root"),
        Feature.METRICS: Emulated("scalars and artifacts of the stage's run, from the files that DVC tracks"),
        Feature.PLOTS: Emulated("artifacts of the stage's run"),
        Feature.SCRIPT: Emulated("a run; DVC runs the script"),
        Feature.STAGE_GATES: Emulated("one run per gate; it fails if a bound is not met"),
        Feature.CPU: _ON_THIS_MACHINE,
        Feature.MEMORY: _ON_THIS_MACHINE,
        Feature.GPU: _ON_THIS_MACHINE,
        **dict.fromkeys((Feature.GPU_TYPE, Feature.DISK, Feature.SHM, Feature.SPOT), _ON_THIS_MACHINE),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The worker script, the driver with its data, and what Git ignores."""
        yield from problems(project, "Sacred")
        yield worker.file()
        yield from stores.files(project)
        yield File(".gitignore", stores.IGNORED["sacred"], block=True)
