"""What SageMaker does not take as the spec says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...compiler.emit.files import json_file
from ...compiler.lower.metadata import params
from ...compiler.model.diagnostic import Diagnostic, Severity
from ...compiler.model.project import Project, Stage
from ...compiler.model.source import At, Path
from .definition import MAX_ATTEMPTS, MAX_DESCRIPTION, MAX_SECONDS, MAX_TEXT, description, in_ecr, kind, passed, seconds
from .instances import MACHINES, smallest

MAX_STEPS = 50  # https://docs.aws.amazon.com/general/latest/gr/sagemaker.html#limits_sagemaker
MAX_PARAMETERS = 200  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
MAX_VARIABLES = 100  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
MAX_DEFINITION = 1_048_576  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html
MAX_IMAGE = 255  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AppSpecification.html


def beyond(project: Project, definition: dict[str, Any]) -> Iterator[Diagnostic]:
    """A diagnostic for each value that is clipped or that SageMaker would refuse; once for each entry of the spec."""
    yield from _of_pipeline(definition)
    known = passed(project)
    found = (each for stage in project for each in (*_of_stage(stage), *_of_params(stage, known)))
    yield from dict.fromkeys(found)


def _of_pipeline(definition: dict[str, Any]) -> Iterator[Diagnostic]:
    steps = definition["Steps"]
    variables = max((len(step["Arguments"]["Environment"]) for step in steps), default=0)
    size = len(json_file("", definition).text)
    if len(steps) > MAX_STEPS:
        what = (
            f"a pipeline of SageMaker has {MAX_STEPS} steps unless AWS has raised your quota, and here are {len(steps)}"
        )
        help_ = "split the pipeline, or let one stage do more"
        yield Diagnostic("MLC535", what, At(("stages",), key=True), help=help_, severity="warning")
    for count, limit, what, help_ in (
        (len(definition["Parameters"]), MAX_PARAMETERS, "parameters in a pipeline", "use fewer parameters in commands"),
        (variables, MAX_VARIABLES, "variables in a job", "use fewer parameters in commands: each takes one"),
        (size, MAX_DEFINITION, "letters in a definition", "split the pipeline"),
    ):
        if count > limit:
            yield Diagnostic("MLC535", f"SageMaker takes {limit} {what}, and here are {count}", At(("stages",), key=True), help=help_)  # fmt: skip


def _of_stage(stage: Stage) -> Iterator[Diagnostic]:
    entry = stage.at.path
    if smallest(stage.resources) is None:
        most = MACHINES[-1]
        what = f"no machine of SageMaker's has what `{stage.entry}` asks for"
        note = f"the largest have {most.gpu} GPUs, {most.cpu} CPUs and {most.memory} Gi of memory"
        yield Diagnostic("MLC536", what, At((*entry, "resources")), note, "ask for less")
    if len(stage.name) > MAX_TEXT:
        yield _long(f"the name of a stage of `{stage.entry[:40]}`", len(stage.name), MAX_TEXT, entry, "shorten it")
    if len(description(stage)) > MAX_DESCRIPTION:
        help_ = "shorten it: SageMaker is told its beginning"
        yield _long("the description", len(description(stage)), MAX_DESCRIPTION, (*entry, "desc"), help_, "warning")
    limit = MAX_SECONDS[kind(stage)]
    if seconds(stage) > limit:
        what = f"a {kind(stage).lower()} job ends after {limit} seconds, and `{stage.entry}` may take {seconds(stage)}"
        yield _clipped(what, (*entry, "timeout"), "ask for less time, or for fewer retries")
    if stage.retries > MAX_ATTEMPTS:
        what = (
            f"SageMaker makes a lost job again {MAX_ATTEMPTS} times, not {stage.retries}; the command's own tries stay"
        )
        yield _clipped(what, (*entry, "retries"), f"ask for {MAX_ATTEMPTS} or fewer")
    yield from _of_image(stage)


def _of_image(stage: Stage) -> Iterator[Diagnostic]:
    at = (*stage.at.path, "image")
    if stage.image and len(stage.image) > MAX_IMAGE:
        yield _long("the address of the image", len(stage.image), MAX_IMAGE, at, "shorten it")
    elif stage.image and not in_ecr(stage.image):
        yield Diagnostic(
            "MLC539",
            f"SageMaker takes images from Amazon ECR, and `{stage.image}` is not there",
            At(at),
            "the address of its copy there becomes a parameter, to be given when the pipeline is started",
            "push it to ECR and name it ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG",
            severity="warning",
        )


def _of_params(stage: Stage, known: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, value in params([stage]).items():
        if name in known:
            continue
        help_ = "it keeps its value of now and is no parameter of the pipeline; shorten it, or put it into a file"
        length = len(name) + len(value) + 2
        if length > MAX_TEXT:
            yield _long(f"`{name[:80]}` with its value", length, MAX_TEXT, stage.at.path, help_, "warning")
        else:
            text = f"the value of `{name}` has several lines, and a job is told each parameter on one"
            yield Diagnostic("MLC537", text, At(stage.at.path, key=True), help=help_, severity="warning")


def _long(what: str, length: int, limit: int, path: Path, help_: str, severity: Severity = "error") -> Diagnostic:
    text = f"{what} has {length} letters, and SageMaker takes {limit}"
    return Diagnostic("MLC537", text, At(path, key=True), help=help_, severity=severity)


def _clipped(what: str, path: Path, help_: str) -> Diagnostic:
    return Diagnostic("MLC538", what, At(path), help=help_, severity="warning")
