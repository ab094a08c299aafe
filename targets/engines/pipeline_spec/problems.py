"""What a PipelineSpec cannot carry to a container."""

from __future__ import annotations

from collections.abc import Iterator

from ....compiler.model.diagnostic import Code, Diagnostic
from ....compiler.model.project import Project
from ..parameters import carried, parameters
from .facts import SUBSTITUTED
from .names import passes

SUBSTITUTED_TEXT = Code(
    "MLC531", "error",
    "`{text}` cannot be {use}: Kubeflow or Kubernetes substitutes something for `{match}`",
    help="remove `{match}` from it",
)  # fmt: skip
NO_PARAMETER = Code(
    "MLC532", "warning",
    "`{param}` is not a parameter of the pipeline: {reason}",
    help="its value in the file is used; to use another value in one run, set it through `set_params`",
)  # fmt: skip


def problems(project: Project) -> Iterator[Diagnostic]:
    """MLC531 and MLC532."""
    yield from _texts(project)
    yield from _params(project)


def _texts(project: Project) -> Iterator[Diagnostic]:
    reported: set[str] = set()
    for stage in project:
        for text, use in ((stage.name, "the name of a stage"), (stage.image or "", "an image")):
            if (match := SUBSTITUTED.search(text)) and text not in reported:
                reported.add(text)
                yield SUBSTITUTED_TEXT.on(stage.at, text=text, use=use, match=match.group())


def _params(project: Project) -> Iterator[Diagnostic]:
    values = parameters(project)
    for param in carried(project, passes)[1]:
        match = SUBSTITUTED.search(f"{param}={values[param]}")
        substituted = f"Kubeflow or Kubernetes substitutes something for `{match.group()}`" if match else ""
        yield NO_PARAMETER.at_key("stages", param=param, reason=substituted or "its value has a line break")
