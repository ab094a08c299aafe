"""What stages read: deps and parameters that are not there, stages that read nothing, stages that nobody needs."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostic import Diagnostic
from ..graph import Project, Stage
from ..lower import parents
from ..params import ParamFiles
from ..rerun import lookup
from ..snapshot import Snapshot
from ..span import At
from .order import at

_MISSING = object()


def check(project: Project, snapshot: Snapshot, params: ParamFiles) -> Iterator[Diagnostic]:
    """MLC411 to MLC413, MLC415, MLC417, MLC418."""
    yield from _deps(project, snapshot)
    yield from _params(project, params)
    for stage in project:
        if not stage.deps and not stage.params and not stage.frozen and not stage.always_changed:
            yield Diagnostic(
                "MLC413", f"`{stage.name}` has no dep, so DVC never restores it from the run cache", stage.at,
                help="name its code under `deps`, or let conventions do it: `infer: [code]`", severity="warning",
            )  # fmt: skip
    for wdir, stage in {stage.wdir: stage for stage in project if stage.wdir != "."}.items():
        if snapshot.kind(wdir) != "dir":
            what = f"the `wdir` of `{stage.name}`, `{wdir}`, is not a directory"
            yield Diagnostic("MLC415", what, at(stage, "wdir"), help="correct it, or make the directory")
    yield from _dead(project)
    yield from _models(project)


def _deps(project: Project, snapshot: Snapshot) -> Iterator[Diagnostic]:
    ours = {script.path for script in project.scripts}
    made = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
    around = {parent for path in made for parent in parents(path)}
    sources = tuple(source.path or f"data/raw/{name}" for name, source in (project.spec.data or {}).items())
    for path, artifact in project.artifacts.items():
        if artifact.producer is not None or path in around or path in ours or "://" in path:
            continue
        above = tuple(parents(path))
        if not made.isdisjoint(above) or path.startswith("/") or path in sources or not set(sources).isdisjoint(above):
            continue
        if snapshot.kind(path) is not None or _tracked(path, above, snapshot):
            continue
        reader = project.stages[artifact.consumers[0]]
        yield Diagnostic(
            "MLC411", f"`{reader.name}` depends on `{path}`, which is not there, and no stage writes it", _dep(reader, path),
            help=_near(path, made, snapshot),
        )  # fmt: skip


def _tracked(path: str, above: tuple[str, ...], snapshot: Snapshot) -> bool:
    """Whether DVC tracks the path, or a directory above it, by a .dvc file."""
    return any(snapshot.kind(f"{each}.dvc") == "file" for each in (path, *above))


def _dep(stage: Stage, path: str) -> At:
    place = at(stage, "deps")
    return At((*place.path, stage.deps.index(path))) if stage.name == stage.entry else place


def _near(path: str, made: set[str], snapshot: Snapshot) -> str:
    from difflib import get_close_matches

    folder = path.rpartition("/")[0]
    beside = [f"{folder}/{name}" if folder else name for name in snapshot.list(folder)]
    close = get_close_matches(path, [*made, *beside], 1, 0.7)
    return f"did you mean `{close[0]}`?" if close else "add the file, `dvc add` it, or name the stage's out that it is"


def _params(project: Project, params: ParamFiles) -> Iterator[Diagnostic]:
    made = {path for path, artifact in project.artifacts.items() if artifact.producer is not None}
    said: set[tuple[str, str, str | None]] = set()
    for stage in project:
        for param in stage.params:
            if param.file in made or (stage.entry, param.file, param.key) in said:
                continue
            said.add((stage.entry, param.file, param.key))
            content = params.load(param.file)
            if content is None:
                if param.file not in {problem.place.source.name for problem in params.found if problem.place}:  # type: ignore[union-attr]
                    what = f"`{stage.name}` tracks parameters of `{param.file}`, which is not there"
                    yield Diagnostic("MLC412", what, at(stage, "params"), help="write the file, or correct its name")
            elif param.key is not None and lookup(content, param.key, _MISSING) is _MISSING:
                yield _unknown_param(stage, param.file, param.key, content)


def _unknown_param(stage: Stage, file: str, key: str, content: object) -> Diagnostic:
    from difflib import get_close_matches

    above, _, last = key.rpartition(".")
    siblings = lookup(content, above) if above else content
    known = [str(name) for name in siblings] if isinstance(siblings, dict) else []
    close = get_close_matches(last, known, 1)
    prefix = f"{above}." if above else ""
    help_ = f"did you mean `{prefix}{close[0]}`?" if close else f"add it to `{file}`"
    return Diagnostic("MLC412", f"`{stage.name}` tracks `{key}`, which `{file}` lacks", at(stage, "params"), help=help_)


def _dead(project: Project) -> Iterator[Diagnostic]:
    """Stages that nothing needs: of kind data, and no stage, metric, plot, artifact or model is made of their outs."""
    used = {name for stage in project for name in stage.upstream}
    named = {artifact.path for artifact in (project.spec.artifacts or {}).values()}
    named |= {model.path for model in (project.spec.models or {}).values()}
    last = next(reversed(list(project.stages.values())), None)
    for stage in project:
        if stage.name in used or stage.kind != "data" or last is None or stage.entry == last.entry:
            continue
        if any(out.kind != "out" or out.path in named for out in stage.outs) or not stage.outs:
            continue
        what = f"nothing uses what `{stage.name}` writes"
        help_ = "let a stage depend on it, name it under `artifacts`, or remove it"
        yield Diagnostic("MLC417", what, stage.at, help=help_, severity="warning")


def _models(project: Project) -> Iterator[Diagnostic]:
    from difflib import get_close_matches

    entries = {stage.entry for stage in project} | set(project.stages)
    for name, model in (project.spec.models or {}).items():
        if model.from_ is None:
            continue
        if model.from_ not in entries:
            close = get_close_matches(model.from_, entries, 1)
            help_ = f"did you mean `{close[0]}`?" if close else "name one of the stages"
            place = At(("models", name, "from"))
            yield Diagnostic("MLC418", f"there is no stage `{model.from_}`", place, help=help_)
            continue
        outs = [out.path for stage in project if model.from_ in (stage.name, stage.entry) for out in stage.outs]
        if not any(model.path == out or model.path.startswith(f"{out}/") for out in outs):
            what = f"`{model.from_}` does not write `{model.path}`"
            help_ = f"it writes: {', '.join(outs) or 'nothing'}"
            yield Diagnostic("MLC418", what, At(("models", name, "path")), help=help_)
    for name, deployment in (project.spec.deploy or {}).items():
        models = project.spec.models or {}
        if deployment.model not in models:
            help_ = f"name one of: {', '.join(models)}" if models else "describe it under `models`"
            what = f"there is no model `{deployment.model}`"
            yield Diagnostic("MLC418", what, At(("deploy", name, "model")), help=help_)
