"""The `sacred` target: a driver that runs each stage by the worker, and keeps it as a run of Sacred.

Facts: https://sacred.readthedocs.io/en/stable/observers.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.lower.metadata import IGNORED, scripts
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Refused, Support
from ..engines import TASKS, unmet


class Sacred:
    """Sacred 0.8, with its FileStorageObserver."""

    name = "sacred"
    support: ClassVar[Support] = {
        **TASKS,
        Feature.STAGES: Kept(),
        Feature.FOREACH: Emulated("a run for each stage it makes"),
        Feature.MATRIX: Emulated("a run for each stage it makes"),
        Feature.TEMPLATES: Emulated("`--set NAME=VALUE`, passed to DVC"),
        Feature.WDIR: Emulated("paths are those from the root"),
        Feature.METRICS: Emulated("scalars and artifacts of the stage's run, from what DVC knows"),
        Feature.PLOTS: Emulated("artifacts of the stage's run"),
        Feature.SCRIPT: Emulated("a run; DVC runs the script"),
        Feature.STAGE_GATES: Emulated("a run for each gate, which fails where a bound is not met"),
        **dict.fromkeys(
            (Feature.IMAGE, Feature.CPU, Feature.MEMORY, Feature.GPU),
            Refused("Sacred runs a stage where it is started"),
        ),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The driver with its data, and the worker script."""
        yield from unmet(project)
        for script in (script_file(), *scripts(project)):
            yield File(script.path, script.text)
        yield File(".gitignore", IGNORED["sacred"], block=True)
