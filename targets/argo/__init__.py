"""The `argo` target: a WorkflowTemplate with a task for each stage, each of which runs the worker script.

The script comes from the clone (`worker.BOOTSTRAP`): a workflow is one Kubernetes object of at most 1.5 MiB, and with the
script in each template a hundred stages would fill it.
Facts: https://argo-workflows.readthedocs.io/en/latest/fields/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ..engines import monitors, worker
from ..engines.support import IN_IMAGES, IN_PODS, INSTALLED, TASKS, WATCHED
from .document import clock, document, watched
from .names import monitor_names, names
from .problems import SUBSTITUTED_TEXT, problems


class Argo:
    """Argo Workflows, 3.6 or newer."""

    name = "argo"
    support: ClassVar[Support] = {
        **TASKS,
        **IN_IMAGES,
        Feature.STAGES: Kept(),
        Feature.TEMPLATES: Emulated("a workflow parameter for each one that a command uses, passed to DVC"),
        Feature.DESC: Emulated("an annotation of the pod"),
        Feature.SCHEDULE: Emulated("a CronWorkflow that starts the template"),
        Feature.MONITOR: Emulated(WATCHED.format("a CronWorkflow of its own")),
        Feature.NOTIFY: Emulated("an exit handler, which reads the URL from the secret"),
        Feature.TIMEOUT: Emulated(
            "the command itself times out; `activeDeadlineSeconds` is an hour longer, to fetch and push data"
        ),
        Feature.RETRIES: Kept(),
        Feature.IMAGE: Kept(),
        Feature.CPU: Emulated("the container's request"),
        Feature.MEMORY: Emulated("the container's request"),
        Feature.GPU: Emulated("the container's limit `nvidia.com/gpu`"),
        **IN_PODS,
        Feature.REGISTRY: INSTALLED,
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The template, its clock, the monitors and the scripts; only diagnostics if Argo would substitute in a name or an image."""
        diagnostics = list(problems(project))
        yield from diagnostics
        if any(diagnostic.code == SUBSTITUTED_TEXT.number for diagnostic in diagnostics):
            return
        yield yaml_file(f"argo/{names(project).pipeline}.yaml", document(project))
        if project.schedule:
            yield yaml_file(f"argo/{names(project).pipeline}-schedule.yaml", clock(project))
        yield worker.file()
        identifiers = monitor_names(project)
        for watch in monitors.watches(project, self.name):
            yield yaml_file(f"argo/{identifiers[watch.monitor.name]}.yaml", watched(project, watch))
        yield from monitors.files(project, self.name)
