"""`workflow:rules`: what starts a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.emit.yaml import Remarked
from ...compiler.model.project import Project
from ..ci.operations import tagged_models
from .deploy import assigned
from .escape import branch, tag
from .tasks import IS_OTHER, has_tasks

MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_PUSH = '$CI_PIPELINE_SOURCE == "push"'
_SCHEDULE = '$CI_PIPELINE_SOURCE == "schedule"'
_BY_HAND = "$CI_PIPELINE_SOURCE =~ /^(api|web)$/"
_OTHER_BRANCHES = "$CI_COMMIT_BRANCH != $CI_DEFAULT_BRANCH"

Rule = dict[str, Any]


def rules(project: Project) -> list[Rule]:
    """The rules; the first one that holds decides."""
    return list(_rules(project)) or [{"when": "never"}]


def _rules(project: Project) -> Iterator[Rule]:
    ci = project.ci
    tasks = has_tasks(project)
    if ci.pull_request:
        yield from _merge_requests()
    yield from _pushes(ci.push_branches)
    if tasks:
        yield from ({"if": tag(f"{model}@")} for model in tagged_models(project))
        yield from ({"if": assigned(deployment)} for deployment in project.deployments.values())
    if ci.schedules:
        yield {"if": Remarked(_SCHEDULE, f"create in GitLab: {', '.join(ci.schedules)}")}
    elif tasks and project.monitors:
        yield {"if": f"{_SCHEDULE} && {IS_OTHER}"}
    if ci.manual:
        yield {"if": _BY_HAND}
    elif tasks:
        yield {"if": f"{_BY_HAND} && {IS_OTHER}"}


def _merge_requests() -> Iterator[Rule]:
    """No second pipeline for a commit, except on the default branch, whose pipeline pushes."""
    yield {"if": MERGE_REQUEST, "auto_cancel": {"on_new_commit": "interruptible"}}
    yield {"if": f"{_PUSH} && $CI_OPEN_MERGE_REQUESTS && {_OTHER_BRANCHES}", "when": "never"}


def _pushes(patterns: tuple[str, ...]) -> Iterator[Rule]:
    for pattern in reversed(patterns):  # of GitHub's patterns, whose syntax this is, the last one decides
        when = {"when": "never"} if pattern.startswith("!") else {}
        yield {"if": f"{_PUSH} && {branch(pattern.removeprefix('!'))}", **when}
