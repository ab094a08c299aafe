"""What the templates of both Makefiles are filled with, and that of the Makefile which leaves the work to DVC."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...compiler.emit import makefile
from ...compiler.emit.templates import Filter
from ...compiler.model.operations import Monitor, Source
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER, RUNNER
from ..engines.stores import TRACK
from . import facts, names

BESIDE = ".mlops/Makefile"
"""The generated Makefile where `Makefile` is the team's own."""

ABOUT_STAGE = "Run this stage and the stages it depends on"
REPORT = "report"
SLURM = ["slurm", "slurm-status", "slurm-resume", "slurm-cancel", "slurm-log"]
_GOALS = "setup pipeline pipeline-parallel test check metrics plots push pull clean".split()


@dataclass(frozen=True, slots=True)
class StageTarget:
    """A target that people type to run a stage, or all stages of an entry."""

    target: str
    stage: str
    about: str


def shared(project: Project) -> dict[str, Any]:
    """What both Makefiles have."""
    return {
        "project": project,
        "install": facts.INSTALL.get(project.requirements or ""),
        "clean": names.cleaning(project),
        "environments": list(project.environments.values()),
        "needs_pytest": "pytest" in (project.test_command or ""),
    }


def driven_by_dvc(project: Project) -> dict[str, Any]:
    """The Makefile that drives DVC."""
    operations = operation_targets(project)
    stage_targets = _stage_targets(project, [*operations, *names.setups(project)])
    cached = sorted({out.path for stage in project for out in stage.outs if out.cached and "://" not in out.path})
    return {
        **shared(project),
        "scripts": FOLDER,
        "runner": RUNNER,
        "track": TRACK,
        "phony": [
            *names.goals(project, _GOALS),
            *names.setups(project),
            *operations,
            *(stage.target for stage in stage_targets),
        ],
        "locks": ["dvc.lock", *(["monitoring/dvc.lock"] if project.monitors else [])],
        "removed": removable(cached),
        "has_report": REPORT in operations,
        "stage_targets": stage_targets,
        "ends": _ends(project),
        "parent_folder": posixpath.dirname,
        "pointer_lines": _pointer_lines,
        "param_key": lambda name: name.partition(":")[2] or name,
        "sources_of": lambda monitor: [s.name for s in project.sources.values() if s.path in monitor.deps],
        "by_tag": any(service in project.targets for service in ("github", "gitlab")),
        "pulled_by": lambda monitor: _pulled_by(project, monitor),
        "in_git": [out.path for stage in project for out in stage.outs if not out.cached],
    }


def beside(project: Project, phony: Iterable[str]) -> dict[str, Any]:
    """The file that puts the generated targets beside those of the team's Makefile, which keep their names."""
    assert project.own_makefile is not None
    own = project.own_makefile.targets
    goals = ["help", *phony]
    return {
        "own": project.own_makefile.path,
        "beside": BESIDE,
        "goals": [goal for goal in goals if goal not in own],
        "renamed": [f"mlops-{goal}" for goal in goals if goal in own and f"mlops-{goal}" not in own],
    }


def operation_targets(project: Project) -> list[str]:
    """The targets around the pipeline: data, experiments, the registry, deployment, monitoring."""
    targets = ["metrics-diff", "plots-diff"]
    if not any(REPORT in (stage.entry, stage.name) for stage in project):  # many pipelines have a stage of that name
        targets.append(REPORT)
    targets += ["data", *(f"data-{name}" for name in project.sources)] if project.sources else []
    targets += [f"record-{store}" for store in project.stores]
    targets += [f"exp-{name}" for name in project.experiments]
    targets += [f"register-{name}" for name in project.models]
    targets += SLURM if "slurm" in project.targets else []
    for name, deployment in project.deployments.items():
        targets += [f"deploy-{name}", f"rollback-{name}", *([f"promote-{name}"] if deployment.before else [])]
    for name, monitor in project.monitors.items():
        targets += [f"monitor-{name}", *([f"retrain-{name}"] if monitor.retrains else [])]
    return targets


def removable(paths: Iterable[str]) -> list[list[str]]:
    """The paths that a recipe can name, as many at a time as one command gets."""
    words = [path for path in paths if path.isprintable()]
    return [words[start : start + facts.MAX_PATHS] for start in range(0, len(words), facts.MAX_PATHS)]


def _stage_targets(project: Project, taken: Iterable[str]) -> list[StageTarget]:
    """The target of each entry that stands for several stages, then that of each stage."""
    targets = names.targets(project, set(taken))
    abouts = {stage.entry: stage.desc for stage in project} | {stage.name: stage.desc for stage in project}
    stages = [*names.groups(project), *project.stages]
    return [StageTarget(targets[name], name, abouts[name] or ABOUT_STAGE) for name in stages if name in targets]


def _ends(project: Project) -> list[str]:
    """The stages that an experiment runs where there are gates: all but the gates, because DVC drops a run that fails."""
    others = [stage for stage in project if stage.judges is None]
    if len(others) == len(project.stages):
        return []
    used = {parent.entry for stage in others for parent in project.parents(stage)}
    return list(dict.fromkeys(stage.entry for stage in others if stage.entry not in used))


def _pointer_lines(source: Source) -> list[str]:
    """Lines of a source's .dvc file. If they are missing, because the spec has changed, the source is imported again."""
    if source.file is None:
        return [f"- path: {source.url}"]
    return [f"- path: {source.file}", f"    url: {source.url}"]


def _pulled_by(project: Project, monitor: Monitor) -> list[str]:
    """The results of the pipeline that a monitor reads."""
    return [out.path for stage in project for out in stage.outs if out.cached and out.path in monitor.deps]


FILTERS: dict[str, Filter] = {
    "comment": makefile.comment,
    "recipe": makefile.recipe,
    "value": makefile.value,
    "word": makefile.word,
    "words": makefile.words,
    "wrapped": makefile.wrapped,
}
"""What the templates escape by."""
