"""What Argo cannot take as the spec states it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...compiler.model.diagnostic import Code, Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.source import At
from ..engines import problems as engines
from ..engines.parameters import carried
from ..engines.problems import NOT_OFFERED
from .escape import passes, word

NO_PARAMETER = Code(
    "MLC540", "warning",
    "`{param}` is not a parameter of the workflow: Argo or Kubernetes would change its value",
    help="its value in the file of parameters is used; nothing else is lost",
)  # fmt: skip
SUBSTITUTED_TEXT = Code(
    "MLC541", "error",
    "Argo would substitute a variable for `{match}` in `{text}`, and has no escape for it",
    help="write it without two braces",
)  # fmt: skip


def problems(project: Project) -> Iterator[Diagnostic]:
    """What concerns every engine, MLC540 and MLC541."""
    yield from engines.problems(project, "Argo")
    yield from engines.prefixes(project, "Argo")
    yield from _texts(project)
    for entry, stage in {stage.entry: stage for stage in project}.items():
        if stage.kubernetes.namespace != project.kubernetes.namespace:
            what = "a namespace for single stages"
            yield NOT_OFFERED.at("stages", entry, "kubernetes", "namespace", platform="Argo", what=what)
    if any(stage.kubernetes.start_timeout for stage in project):
        what = "a limit for the start of a pod: it waits until there is a node"
        yield NOT_OFFERED.at("kubernetes", "start_timeout", platform="Argo", what=what)
    for param in carried(project, lambda name, value: passes(f"{name}={value}"))[1]:
        diagnostic = NO_PARAMETER.at_key("stack", param=param)
        yield replace(diagnostic, note="that holds for `{{`, `$(`, `$$` and control characters")


def _texts(project: Project) -> Iterator[Diagnostic]:
    names = [(stage.name, stage.at) for stage in project]
    images = [(stage.image, At((*stage.at.path, "image"))) for stage in project if stage.image]
    for text, place in dict.fromkeys([*names, *images]):
        try:
            word(text)
        except ValueError as error:
            yield SUBSTITUTED_TEXT.on(place, text=text, match=error)
