"""The pipeline file: the PipelineSpec, whose tasks read their credentials from Secret Manager."""

from __future__ import annotations

import os
from functools import cache
from shlex import quote
from typing import Any

from ...compiler.emit.templates import render
from ...compiler.model.project import Project
from ...compiler.model.resources import Resources
from ...compiler.programs import program
from ..engines.pipeline_spec.document import EXPORTS, INPUTS, Engine, accelerators, size
from ..engines.pipeline_spec.document import document as pipeline_spec
from ..engines.task import credentials
from .facts import ACCELERATOR
from .machines import accelerator, limits

PROGRAMS = os.path.join(os.path.dirname(__file__), "programs")
"""The folder of the programs that only Vertex AI needs."""

_SECRET = ("The version of a secret in Secret Manager that holds credentials, as a JSON object", "")


def document(project: Project) -> dict[str, Any]:
    """The PipelineSpec."""
    ask = render(__package__, "secrets.sh.j2", {"quote": quote}, credentials=credentials(project)).rstrip("\n")
    inputs = {**INPUTS, "secret": _SECRET}
    return pipeline_spec(project, Engine(inputs, f"{EXPORTS}{ask} ", _limits, {"MLOPS_SECRETS": secrets()}))


@cache
def secrets() -> str:
    """The program that a task runs first if there is a secret: Vertex AI puts no secret into the environment of a task.

    It reads the secret as the job's service account:
    https://cloud.google.com/compute/docs/access/authenticate-workloads#applications and
    https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
    """
    return program("secrets.py", PROGRAMS).text


def _limits(resources: Resources) -> dict[str, Any]:
    """The limits by which Vertex AI chooses a machine."""
    asked = limits(resources)
    return {**size("Limit", asked), **accelerators(accelerator(asked) or ACCELERATOR, asked)}
