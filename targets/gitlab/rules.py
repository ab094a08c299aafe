"""`workflow:rules`: what starts a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compiler.emit.yaml import Remarked
from ...compiler.model.operations import Deployment
from ...compiler.model.project import Project
from ..ci import project_file, watched
from ..ci.operations import tagged_models
from .escape import assignment, branch, tag
from .facts import PARENTS_SOURCE, SOURCE
from .tasks import TASK, has_tasks, is_other, is_pipeline

_OTHER_BRANCHES = "$CI_COMMIT_BRANCH != $CI_DEFAULT_BRANCH"

Rule = dict[str, Any]


def source(project: Project) -> str:
    """The variable that says what started the pipeline. That of a project in a folder is a child pipeline."""
    return PARENTS_SOURCE if project.folder else SOURCE


def assigned(project: Project, deployment: Deployment) -> str:
    """The condition under which a tag of GTO or Studio assigns a version to the environment."""
    return assignment(project.registered(deployment.model), deployment.name)


def merge_request(project: Project) -> str:
    """The condition that holds in pipelines of merge requests."""
    return _started_by("merge_request_event", source(project))


def _started_by(event: str, variable: str) -> str:
    return f'${variable} == "{event}"'


def rules(project: Project) -> list[Rule]:
    """The rules; the first one that holds decides. For a project in a folder the parent's rules have decided."""
    if project.folder:
        cancelled = {"if": merge_request(project), "auto_cancel": {"on_new_commit": "interruptible"}}
        return [cancelled, {"when": "always"}]
    return list(_rules(project, SOURCE)) or [{"when": "never"}]


def rules_of_parent(project: Project) -> list[Rule]:
    """The rules of the job that starts the pipeline of a project in a folder: the same, and only for changes of its files."""
    files = watched(project, f".gitlab/{project_file(project)}.yml")
    changes = {"changes": {"paths": files}} if files else {}
    events = tuple(_started_by(event, SOURCE) for event in ("merge_request_event", "push"))
    rules = []
    for rule in _rules(project, SOURCE):
        rule.pop("auto_cancel", None)  # a key of pipelines, not of jobs
        rules.append({**rule, **(changes if rule["if"].startswith(events) and "when" not in rule else {})})
    return rules or [{"when": "never"}]


def _rules(project: Project, variable: str) -> Iterator[Rule]:
    ci = project.ci
    tasks = has_tasks(project)
    schedule, by_hand = _started_by("schedule", variable), f"${variable} =~ /^(api|web)$/"
    if ci.pull_request:
        yield from _merge_requests(variable)
    yield from _pushes(ci.push_branches, variable)
    if tasks:
        yield from ({"if": tag(f"{project.registered(model)}@")} for model in tagged_models(project))
        yield from ({"if": assigned(project, deployment)} for deployment in project.deployments.values())
    if ci.schedules:
        crons = ", ".join(ci.schedules)
        if project.folder:
            task = f"with {TASK} = {project.name}:pipeline"
            yield {"if": Remarked(f"{schedule} && {is_pipeline(project)}", f"create in GitLab: {crons}, {task}")}
        else:
            yield {"if": Remarked(schedule, f"create in GitLab: {crons}")}
    if tasks and project.monitors and (project.folder or not ci.schedules):
        yield {"if": f"{schedule} && {is_other(project)}"}
    if ci.manual:
        yield {"if": f"{by_hand} && {is_pipeline(project)}" if project.folder else by_hand}
    if tasks and (project.folder or not ci.manual):
        yield {"if": f"{by_hand} && {is_other(project)}"}


def _merge_requests(variable: str) -> Iterator[Rule]:
    """No second pipeline for a commit, except on the default branch, whose pipeline pushes."""
    yield {"if": _started_by("merge_request_event", variable), "auto_cancel": {"on_new_commit": "interruptible"}}
    push = _started_by("push", variable)
    yield {"if": f"{push} && $CI_OPEN_MERGE_REQUESTS && {_OTHER_BRANCHES}", "when": "never"}


def _pushes(patterns: tuple[str, ...], variable: str) -> Iterator[Rule]:
    for pattern in reversed(patterns):  # of GitHub's patterns, whose syntax this is, the last one decides
        when = {"when": "never"} if pattern.startswith("!") else {}
        yield {"if": f"{_started_by('push', variable)} && {branch(pattern.removeprefix('!'))}", **when}
