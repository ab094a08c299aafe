"""Identifiers that Argo accepts: of the workflow, of tasks, of templates, and of parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...compiler.emit.names import distinct
from ...compiler.model.project import Project
from ..engines.names import Names
from ..engines.parameters import carried
from .escape import passes
from .facts import EXPRESSION_WORDS, MAX_NAME, MAX_TASK

RESERVED = ("pipeline", "revision", "on-exit", "notify")
"""Templates and tasks that are not stages."""

PARAMETERS = {
    "repository": ("", "Git URL; if empty, MLOPS_REPO of the secret"),
    "revision": ("main", "a branch, a tag or a commit"),
    "set": ("", "more parameters: KEY=VALUE or FILE:KEY=VALUE, one per line"),
}
"""Parameters of the workflow that are not the project's, with default and description."""


def names(project: Project) -> Names:
    """The identifiers. That of the pipeline names the template and the secret; those of stages, in lower case, pods."""
    params, _ = carried(project, lambda name, value: passes(f"{name}={value}"))
    return Names(
        pipeline=_identifier(project.name)[:MAX_NAME].rstrip("-"),
        stages=distinct(project.stages, _identifier, MAX_TASK, taken=(*RESERVED, *EXPRESSION_WORDS), mark="-"),
        params=distinct(params, lambda name: re.sub(r"[^A-Za-z0-9_-]", "_", name), taken=PARAMETERS),
    )


def monitor_names(project: Project) -> dict[str, str]:
    """The name of each monitor's workflow, and of its file."""
    pipeline = names(project).pipeline
    taken = (pipeline, f"{pipeline}-schedule")
    return distinct(project.monitors, lambda name: _identifier(f"{pipeline}-monitor-{name}"), MAX_NAME, taken, mark="-")


def templates(entries: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A name for each template, which is told by the entry of the spec and the template's text, after the entry."""
    keys = {f"{entry}\0{text}": (entry, text) for entry, text in entries}
    identifiers = distinct(keys, lambda key: _identifier(key.partition("\0")[0]), MAX_TASK, taken=RESERVED, mark="-")
    return {keys[key]: name for key, name in identifiers.items()}


def _identifier(text: str) -> str:
    """Lower case letters, digits and dashes, with a letter first."""
    identifier = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return identifier if identifier[:1].isalpha() else f"p-{identifier}".rstrip("-")
