"""What SageMaker cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...compiler.emit.files import json_file
from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project, Stage
from ..engines import problems as engines
from ..engines.parameters import parameters
from ..engines.problems import NOT_OFFERED
from .document import description, kind, seconds
from .facts import (
    MAX_ATTEMPTS,
    MAX_DEFINITION,
    MAX_DESCRIPTION,
    MAX_IMAGE,
    MAX_PARAMETERS,
    MAX_SECONDS,
    MAX_STEPS,
    MAX_TEXT,
    MAX_VARIABLES,
    in_ecr,
)  # fmt: skip
from .machines import MACHINES, OFFERED, READ, TRAINING_ONLY, machine
from .names import passed

TOO_MANY_STEPS = Code(
    "MLC535", "warning",
    "a SageMaker pipeline has at most {limit} steps unless AWS has raised your quota, and this one has {count}",
    help="split the pipeline, or let one stage do more",
)  # fmt: skip
OVER_LIMIT = Code("MLC535", "error", "SageMaker takes {limit} {things}, and this project needs {count}", help="{help}")
NO_MACHINE = Code(
    "MLC536", "warning",
    "no SageMaker machine for {kind} jobs has what `{entry}` asks for: it gets the nearest one",
    help="ask for less, or name a machine: `resources: {{instance: {{sagemaker: ml.TYPE}}}}`",
)  # fmt: skip
TOO_LONG = Code("MLC537", "error", "{text} has {length} characters, and SageMaker takes {limit}", help="shorten it")
CLIPPED_DESCRIPTION = Code(
    "MLC537", "warning",
    "the description has {length} characters, and SageMaker takes {limit}",
    help="shorten it: only its beginning is passed on",
)  # fmt: skip
LONG_PARAM = Code(
    "MLC537", "warning",
    "`{param}` with its value has {length} characters, and SageMaker takes {limit}",
    help="it keeps its current value and is not a parameter of the pipeline; shorten it, or read it from a file",
)  # fmt: skip
PARAM_OF_LINES = Code(
    "MLC537", "warning",
    "the value of `{param}` has several lines, and a job takes each parameter on one",
    help="it keeps its current value and is not a parameter of the pipeline; shorten it, or read it from a file",
)  # fmt: skip
CLIPPED_TIMEOUT = Code(
    "MLC538", "warning",
    "SageMaker ends a {kind} job after {limit} seconds, and `{entry}` may take {seconds}",
    help="ask for less time, or for fewer retries",
)  # fmt: skip
CLIPPED_RETRIES = Code(
    "MLC538", "warning",
    "SageMaker replaces a lost job {limit} times, not {retries}; the command itself still retries as often as you ask",
    help="ask for {limit} or fewer",
)  # fmt: skip
NOT_IN_ECR = Code(
    "MLC539", "warning",
    "SageMaker takes images from Amazon ECR, and `{image}` is not there",
    help="push it to ECR and name it ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG",
)  # fmt: skip


def problems(project: Project, document: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """What concerns every engine, and MLC535 to MLC539: each value that is clipped or that SageMaker would refuse."""
    yield from engines.problems(project, "SageMaker")
    yield from engines.prefixes(project, "SageMaker")
    yield from _quotas(document)
    known = passed(project)
    found = (problem for stage in project for problem in (*_stage(stage), *_image(stage), *_params(stage, known)))
    yield from dict.fromkeys(found)  # stages of one entry share its problems


def _quotas(document: Mapping[str, Any]) -> Iterator[Diagnostic]:
    steps = document["Steps"]
    if len(steps) > MAX_STEPS:
        yield TOO_MANY_STEPS.at_key("stages", limit=MAX_STEPS, count=len(steps))
    variables = max((len(step["Arguments"]["Environment"]) for step in steps), default=0)
    size = len(json_file("", document).text)
    for count, limit, things, help_ in (
        (len(document["Parameters"]), MAX_PARAMETERS, "parameters in a pipeline", "use fewer parameters in commands"),
        (variables, MAX_VARIABLES, "variables in a job", "use fewer parameters in commands: each takes one"),
        (size, MAX_DEFINITION, "characters in a definition", "split the pipeline"),
    ):
        if count > limit:
            yield OVER_LIMIT.at_key("stages", limit=limit, things=things, count=count, help=help_)


def _stage(stage: Stage) -> Iterator[Diagnostic]:
    entry = stage.at.path
    yield from _machine(stage)
    if (length := len(stage.name)) > MAX_TEXT:
        text = f"the name of a stage of `{stage.entry[:40]}`"
        yield TOO_LONG.at_key(*entry, text=text, length=length, limit=MAX_TEXT)
    if (length := len(description(stage))) > MAX_DESCRIPTION:
        yield CLIPPED_DESCRIPTION.at_key(*entry, "desc", length=length, limit=MAX_DESCRIPTION)
    job, limit = kind(stage), MAX_SECONDS[kind(stage)]
    if (needed := seconds(stage)) > limit:
        yield CLIPPED_TIMEOUT.at(*entry, "timeout", kind=job.lower(), limit=limit, entry=stage.entry, seconds=needed)
    if stage.retries > MAX_ATTEMPTS:
        yield CLIPPED_RETRIES.at(*entry, "retries", limit=MAX_ATTEMPTS, retries=stage.retries)


def _machine(stage: Stage) -> Iterator[Diagnostic]:
    asked, job = stage.resources, kind(stage)
    place, name = (*stage.at.path, "resources"), asked.instances.get("sagemaker")
    if name is not None:
        if name not in OFFERED or (job == "Processing" and name in TRAINING_ONLY):
            what = f"`{name}` for {job.lower()} jobs"
            note = f"as of {READ}, when this version of mlopsc was made; the job asks for it all the same"
            yield replace(NOT_OFFERED.at(*place, "instance", "sagemaker", platform="SageMaker", what=what), note=note)
    elif machine(asked, job) is None:
        sizes = [
            (item.gpu, item.cpu, item.memory)
            for item in MACHINES
            if job == "Training" or item.name not in TRAINING_ONLY
        ]
        gpus, cpus, memory = (max(amounts) for amounts in zip(*sizes, strict=True))
        note = f"the largest have {gpus} GPUs, {cpus} CPUs and {memory} Gi of memory"
        yield replace(NO_MACHINE.at(*place, kind=job.lower(), entry=stage.entry), note=note)
    if asked.spot and job == "Processing":
        note = "only training jobs have them: stages with `kind: train`"
        what = "spot machines for processing jobs"
        yield replace(NOT_OFFERED.at(*place, "spot", platform="SageMaker", what=what), note=note)


def _image(stage: Stage) -> Iterator[Diagnostic]:
    path = (*stage.at.path, "image")
    if stage.image and (length := len(stage.image)) > MAX_IMAGE:
        yield TOO_LONG.at_key(*path, text="the address of the image", length=length, limit=MAX_IMAGE)
    elif stage.image and not in_ecr(stage.image):
        note = "the address of its copy in ECR becomes a parameter, which you set when you start the pipeline"
        yield replace(NOT_IN_ECR.at(*path, image=stage.image), note=note)


def _params(stage: Stage, known: Mapping[str, str]) -> Iterator[Diagnostic]:
    for param, value in parameters([stage]).items():
        if param in known:
            continue
        length = len(param) + len(value) + 2
        if length > MAX_TEXT:
            yield LONG_PARAM.at_key(*stage.at.path, param=param[:80], length=length, limit=MAX_TEXT)
        else:
            yield PARAM_OF_LINES.at_key(*stage.at.path, param=param)
