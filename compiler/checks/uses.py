"""Checks of uses: references to stages, outs and models that do not exist, and results that nothing uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from ..lower.paths import parents
from ..model.diagnostic import Code, Diagnostic, Fix
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Path
from ..read.params import ParamFiles
from .places import Places

UNUSED_STAGE = Code(
    "MLC417",
    "warning",
    "nothing uses the outs of `{stage}`",
    help="let a stage depend on them, name them under `artifacts` or `models`, or remove the stage",
)
UNKNOWN_STAGE = Code("MLC418", "error", "the stage `{name}` does not exist", help="{remedy}")
UNKNOWN_MODEL = Code("MLC418", "error", "the model `{name}` does not exist", help="{remedy}")
NOT_AN_OUT = Code("MLC418", "error", "`{stage}` does not write `{name}`", help="{remedy}")
NO_MODEL_FILE = Code("MLC418", "error", "no stage writes the model `{name}`, and it does not exist", help="{remedy}")

_MAX_SHOWN = 5


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC417 and MLC418."""
    yield from _unused(project)
    yield from _models(project, snapshot)
    yield from _deployments(project)
    yield from _experiments(project)


def _unused(project: Project) -> Iterator[Diagnostic]:
    """Entries of kind data whose outs no stage reads, and that are no metric, plot, artifact or model."""
    if not project.stages:
        return
    leaves = [project.stages[name] for name in project.dag.leaves]
    if len(leaves) <= 1 or all(stage.kind == "data" for stage in project):
        return  # if all stages produce data, the leaves are the results
    named = set(_named(project))
    named |= {folder for path in named for folder in parents(path)}
    leaf_names = set(project.dag.leaves)
    used = {stage.entry for stage in project if stage.name not in leaf_names or _is_result(stage, named)}
    *_, last = project
    used.add(last.entry)
    reported: set[str] = set()
    for stage in leaves:
        if stage.entry not in used and stage.entry not in reported:
            reported.add(stage.entry)
            yield UNUSED_STAGE.on(stage.at, stage=stage.entry)


def _is_result(stage: Stage, named: set[str]) -> bool:
    """Whether a leaf has a purpose of its own: it has metrics or plots, its outs are named, or it only acts."""
    if stage.kind != "data" or not stage.outs or any(out.kind != "out" for out in stage.outs):
        return True
    return any(out.path in named or not named.isdisjoint(parents(out.path)) for out in stage.outs)


def _named(project: Project) -> Iterator[str]:
    """Paths that the spec names outside of its stages."""
    dvc = project.dvc
    yield from (artifact["path"] for artifact in (dvc.get("artifacts") or {}).values())
    for monitor in project.monitors.values():
        yield from monitor.deps
    yield from dvc.get("metrics") or ()
    yield from dvc.get("params") or ()
    for plot in dvc.get("plots") or ():
        yield from [plot] if isinstance(plot, str) else plot
        for settings in plot.values() if isinstance(plot, dict) else ():
            for axis in ((settings or {}).get("x"), (settings or {}).get("y")):
                yield from axis if isinstance(axis, dict) else ()


def _models(project: Project, snapshot: Snapshot) -> Iterator[Diagnostic]:
    stages = _stage_names(project)
    for name, model in project.models.items():
        if model.stage is not None and model.stage not in stages:
            yield _unknown(UNKNOWN_STAGE, ("models", name, "from"), model.stage, stages)
        elif model.stage is not None:
            outs = [out.path for stage in project if model.stage in (stage.name, stage.entry) for out in stage.outs]
            if not any(model.path == out or model.path.startswith(f"{out}/") for out in outs):
                yield _unknown(NOT_AN_OUT, ("models", name, "path"), model.path, outs, stage=model.stage)
        elif not _exists(project, model.path, snapshot):
            written = [path for path, artifact in project.artifacts.items() if artifact.producer is not None]
            yield _unknown(NO_MODEL_FILE, ("models", name, "path"), model.path, written)


def _exists(project: Project, path: str, snapshot: Snapshot) -> bool:
    above = (path, *parents(path))
    artifacts = (project.artifacts.get(candidate) for candidate in above)
    if any(artifact is not None and artifact.producer is not None for artifact in artifacts):
        return True
    return snapshot.kind(path) is not None or any(snapshot.kind(f"{candidate}.dvc") == "file" for candidate in above)


def _deployments(project: Project) -> Iterator[Diagnostic]:
    for name, deployment in project.deployments.items():
        if deployment.model not in project.models:
            path = ("deploy", name, "model")
            yield _unknown(UNKNOWN_MODEL, path, deployment.model, project.models, "define it under `models`")


def _experiments(project: Project) -> Iterator[Diagnostic]:
    stages = _stage_names(project)
    for name, experiment in project.experiments.items():
        for index, target in enumerate(experiment.targets):
            if target not in stages:
                yield _unknown(UNKNOWN_STAGE, ("experiments", name, "targets", index), target, stages)


def _stage_names(project: Project) -> set[str]:
    return {stage.entry for stage in project} | set(project.stages)


def _unknown(
    code: Code, path: Path, name: str, known: Collection[str], otherwise: str = "", stage: str = ""
) -> Diagnostic:
    """``name`` at ``path`` is none of the ``known`` names; ``otherwise`` is the remedy if none is similar."""
    from difflib import get_close_matches

    known = sorted(known)
    if similar := get_close_matches(name, known, 1):
        diagnostic = code.at(*path, name=name, stage=stage, remedy=f"did you mean `{similar[0]}`?")
        return replace(diagnostic, fix=Fix(At(path), similar[0], "unsafe"))
    return code.at(*path, name=name, stage=stage, remedy=otherwise or _choices(known))


def _choices(known: list[str]) -> str:
    if not known:
        return "remove it, or define it first"
    names = ", ".join(f"`{name}`" for name in known[:_MAX_SHOWN])
    return f"use one of: {names}" + (f" and {len(known) - _MAX_SHOWN} more" if known[_MAX_SHOWN:] else "")
