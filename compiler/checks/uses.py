"""What names something that nobody makes, and what is made that nobody uses: models, deployments, dead stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..lower.paths import parents
from ..model.diagnostic import Diagnostic, Fix
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At, Path
from ..read.params import ParamFiles
from .places import Places


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC417 and MLC418."""
    yield from _dead(project)
    yield from _models(project, snapshot)
    yield from _deployments(project)
    yield from _targets(project)


def _dead(project: Project) -> Iterator[Diagnostic]:
    """Entries of kind data whose outs no stage reads, and that are no metric, plot, artifact or model either."""
    if not project.stages:
        return
    last = next(reversed(list(project.stages.values()))).entry
    ends = [project.stages[name] for name in project.dag.leaves]
    if len(ends) <= 1 or all(stage.kind == "data" for stage in project):
        return  # where all stages make data, the leaves are what it is about
    named = set(_named(project))
    named |= {parent for path in named for parent in parents(path)}
    leaves = set(project.dag.leaves)
    alive = {stage.entry for stage in project if stage.name not in leaves or _counts(stage, named)} | {last}
    told: set[str] = set()
    for stage in ends:
        if stage.entry in alive or stage.entry in told:
            continue
        told.add(stage.entry)
        help_ = "let a stage depend on it, name it under `artifacts` or `models`, or remove the stage"
        what = f"nothing uses what `{stage.entry}` writes"
        yield Diagnostic("MLC417", what, stage.at, help=help_, severity="warning")


def _counts(stage: Stage, named: set[str]) -> bool:
    """Whether a stage that no other needs is there for a reason: it shows or delivers something, or only acts."""
    if stage.kind != "data" or not stage.outs or any(out.kind != "out" for out in stage.outs):
        return True
    return any(out.path in named or not named.isdisjoint(parents(out.path)) for out in stage.outs)


def _named(project: Project) -> Iterator[str]:
    """Paths that the spec names beside its stages."""
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
    names = {stage.entry for stage in project} | set(project.stages)
    for name, model in project.models.items():
        place = ("models", name)
        if model.stage is not None and model.stage not in names:
            yield _nothing(f"there is no stage `{model.stage}`", (*place, "from"), model.stage, names)
        elif model.stage is not None:
            outs = [out.path for stage in project if model.stage in (stage.name, stage.entry) for out in stage.outs]
            if not _covers(outs, model.path):
                what = f"`{model.stage}` does not write `{model.path}`"
                yield _nothing(what, (*place, "path"), model.path, outs)
        elif not _is_there(project, model.path, snapshot):
            what = f"no stage writes the model `{model.path}`, and it is not there"
            made = [path for path, artifact in project.artifacts.items() if artifact.producer is not None]
            yield _nothing(what, (*place, "path"), model.path, made)


def _covers(outs: Iterable[str], path: str) -> bool:
    return any(path == out or path.startswith(f"{out}/") for out in outs)


def _is_there(project: Project, path: str, snapshot: Snapshot) -> bool:
    above = (path, *parents(path))
    made = (project.artifacts.get(each) for each in above)
    if any(artifact is not None and artifact.producer is not None for artifact in made):
        return True
    return snapshot.kind(path) is not None or any(snapshot.kind(f"{each}.dvc") == "file" for each in above)


def _deployments(project: Project) -> Iterator[Diagnostic]:
    for name, deployment in project.deployments.items():
        if deployment.model not in project.models:
            what = f"there is no model `{deployment.model}`"
            yield _nothing(
                what, ("deploy", name, "model"), deployment.model, project.models, "describe it under `models`"
            )


def _targets(project: Project) -> Iterator[Diagnostic]:
    names = {stage.entry for stage in project} | set(project.stages)
    for name, experiment in project.experiments.items():
        for index, target in enumerate(experiment.targets):
            if target not in names:
                yield _nothing(f"there is no stage `{target}`", ("experiments", name, "targets", index), target, names)


def _nothing(what: str, path: Path, said: str, known: Iterable[str], otherwise: str = "") -> Diagnostic:
    from difflib import get_close_matches

    known = sorted(known)
    close = get_close_matches(said, known, 1)
    if close:
        fix = Fix(At(path), close[0], "unsafe")
        return Diagnostic("MLC418", what, At(path), help=f"did you mean `{close[0]}`?", fix=fix)
    listed = ", ".join(f"`{name}`" for name in known[:5]) + (f" and {len(known) - 5} more" if known[5:] else "")
    help_ = otherwise or (f"there is: {listed}" if known else "there is none that could be meant")
    return Diagnostic("MLC418", what, At(path), help=help_)
