"""From the resolved spec to the project: stages expanded, paths from the root, the order between them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..schemas.words import seconds
from .commands import env_text
from .conventions import paths_of
from .diagnostic import Diagnostic
from .features import features
from .graph import Artifact, Out, OutKind, Param, Project, Resources, Stage, Watch
from .operate import operations
from .params import DEFAULT
from .resolve import Entry, Resolved
from .snapshot import Snapshot
from .template import Expanded, expand, global_scope, resolve_value

if TYPE_CHECKING:
    from ..schemas.stack import Stack
    from ..schemas.stage import Resources as SaidResources

_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_KINDS: tuple[tuple[str, OutKind], ...] = (("outs", "out"), ("metrics", "metric"), ("plots", "plot"))
_REQUIREMENTS = ("uv.lock", "requirements.txt", "pyproject.toml", "environment.yml")
_NO_FLAGS: Mapping[str, Any] = {}
_NO_RESOURCES = Resources()


def lower(
    resolved: Resolved, load: Callable[[str], Any | None], snapshot: Snapshot
) -> tuple[Project, list[Diagnostic]]:
    """The project, and what is wrong in its templates.

    Where the stages form a cycle they keep the order of the spec; `checks.graph` reports it.
    """
    found: list[Diagnostic] = []
    drafts: dict[str, _Draft] = {}
    scope, problems = global_scope(resolved.sections.get("vars"), load)
    found += problems
    for entry in resolved.entries.values():
        expanded, problems = expand(entry.name, entry.dvc, scope, load, ("stages", entry.name))
        found += problems
        drafts.update((each.name, _draft(each, entry)) for each in expanded)
    stages = _ordered(_linked(drafts))
    for key, value in resolved.sections.items():
        if key != "vars":
            found += resolve_value(value, scope, (key,))[1]
    spec = resolved.spec
    project = Project(
        name=spec.project or "pipeline",
        dvc=_dvc(resolved),
        stages=stages,
        spec=spec,
        artifacts=_artifacts(stages.values()),
        scripts=resolved.scripts,
        operations=operations(
            spec, [out.path for stage in stages.values() for out in stage.outs if out.kind == "metric"]
        ),
        monitors={name: _watch(entry) for name, entry in resolved.monitors.items()},
        test_command=_test_command(spec.stack, snapshot),
        requirements=next((name for name in _REQUIREMENTS if snapshot.kind(name) == "file"), None),
        features=features(resolved),
    )
    return project, found


def _resources(said: SaidResources | None) -> Resources:
    if said is None:
        return _NO_RESOURCES
    cpu, memory = said.cpu, said.memory
    if isinstance(cpu, str):
        cpu = float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    if isinstance(memory, str):
        digits = memory.rstrip("KMGTi")
        memory = int(float(digits) * _SUFFIXES[memory[len(digits) :]])
    return Resources(cpu, memory, said.gpu)


class _Draft(NamedTuple):
    """A stage before the others are known that it depends on."""

    each: Expanded
    entry: Entry
    wdir: str
    deps: tuple[str, ...]
    outs: tuple[Out, ...]
    params: tuple[Param, ...]


def _draft(each: Expanded, entry: Entry) -> _Draft:
    body = each.body
    wdir = body.get("wdir") or "."
    if wdir != ".":
        wdir = posixpath.normpath(wdir)
    deps = tuple([_rooted(wdir, path) for path in body.get("deps") or ()])
    return _Draft(each, entry, wdir, deps, tuple(_outs(body, wdir)), tuple(_params(body.get("params") or (), wdir)))


def _stage(draft: _Draft, upstream: tuple[str, ...]) -> Stage:
    each, entry, own = draft.each, draft.entry, draft.entry.own
    return Stage(
        each.name,
        entry.name,
        each.commands,
        draft.deps,
        draft.outs,
        draft.params,
        draft.wdir,
        str(each.body.get("desc") or own.desc or ""),
        entry.kind,  # type: ignore[arg-type]  # validated as one of the kinds
        bool(own.frozen),
        bool(own.always_changed),
        own.image,
        _resources(own.resources),
        seconds(own.timeout),
        own.retries or 0,
        {name: env_text(value) for name, value in own.env.items()} if own.env else _NO_FLAGS,
        upstream,
    )


def _rooted(wdir: str, path: str) -> str:
    """A path of a stage, from the root of the repository; URLs and absolute paths as they are."""
    if wdir == "." and path[:1] not in (".", "/") and "/." not in path and "//" not in path and path[-1:] != "/":
        return path
    if "://" in path or path.startswith("/"):
        return path
    return posixpath.normpath(posixpath.join(wdir, path))


def _outs(body: Mapping[str, Any], wdir: str) -> Iterator[Out]:
    for key, kind in _KINDS:
        for item in body.get(key) or ():
            if isinstance(item, str):
                yield Out(_rooted(wdir, item), kind, _NO_FLAGS)
            else:
                for path, flags in item.items():
                    flags = flags[0] if isinstance(flags, list) and flags else flags
                    yield Out(_rooted(wdir, path), kind, flags or _NO_FLAGS)


def _params(items: Iterable[Any], wdir: str) -> Iterator[Param]:
    default = _rooted(wdir, DEFAULT)
    for item in items:
        if not isinstance(item, dict):
            yield Param(default, str(item))
            continue
        for file, keys in item.items():
            if keys:
                yield from (Param(_rooted(wdir, str(file)), str(key)) for key in keys)
            else:
                yield Param(_rooted(wdir, str(file)), None)


def _linked(drafts: dict[str, _Draft]) -> dict[str, Stage]:
    """The stages, each with those it depends on."""
    index = _Outs(drafts)
    linked: dict[str, Stage] = {}
    for name, draft in drafts.items():
        upstream: dict[str, None] = {}
        for path in (*draft.deps, *{param.file: None for param in draft.params}):
            upstream |= index.makers(path)
        upstream.pop(name, None)
        linked[name] = _stage(draft, tuple(upstream))
    return linked


class _Outs:
    """Who makes which path. A stage that reads a directory needs all who write into it, and the other way round."""

    def __init__(self, drafts: Mapping[str, _Draft]) -> None:
        self.producers: dict[str, str] = {}
        self.within: defaultdict[str, list[str]] = defaultdict(list)
        by_folder: defaultdict[str, list[str]] = defaultdict(list)
        for name, draft in drafts.items():
            for out in draft.outs:
                self.producers.setdefault(out.path, name)
                by_folder[out.path.rpartition("/")[0]].append(name)
        for folder, names in by_folder.items():
            for parent in (folder, *parents(folder)) if folder else ():
                self.within[parent] += names
        self._above: dict[str, list[str]] = {}

    def makers(self, path: str) -> dict[str, None]:
        """The stages that make a path, or something in it, or a directory that it lies in."""
        made: dict[str, None] = {}
        if (producer := self.producers.get(path)) is not None:
            made[producer] = None
        if path in self.within:
            made |= dict.fromkeys(self.within[path])
        folder = path.rpartition("/")[0]
        if folder not in self._above:
            above = (folder, *parents(folder)) if folder else ()
            self._above[folder] = [self.producers[parent] for parent in above if parent in self.producers]
        return made | dict.fromkeys(self._above[folder]) if self._above[folder] else made


def parents(path: str) -> Iterator[str]:
    """The directories above a path, nearest first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path


def _ordered(stages: dict[str, Stage]) -> dict[str, Stage]:
    seen: set[str] = set()
    for name, stage in stages.items():
        if not seen.issuperset(stage.upstream):
            break
        seen.add(name)
    else:
        return stages
    from graphlib import CycleError, TopologicalSorter

    try:
        order = list(TopologicalSorter({name: stage.upstream for name, stage in stages.items()}).static_order())
    except CycleError:
        return stages
    return {name: stages[name] for name in order}


def _artifacts(stages: Iterable[Stage]) -> dict[str, Artifact]:
    producers: dict[str, str] = {}
    consumers: dict[str, list[str]] = {}
    for stage in stages:
        for out in stage.outs:
            producers.setdefault(out.path, stage.name)
        for dep in stage.deps:
            consumers.setdefault(dep, []).append(stage.name)
    paths = dict.fromkeys((*producers, *consumers))
    return {path: Artifact(path, producers.get(path), tuple(consumers.get(path, ()))) for path in paths}


def _dvc(resolved: Resolved) -> dict[str, Any]:
    sections = {key: value for key, value in resolved.sections.items() if value is not None}
    stages = {name: entry.dvc for name, entry in resolved.entries.items()}
    dvc = {"vars": sections.pop("vars")} if "vars" in sections else {}
    if stages:
        dvc["stages"] = stages
    models = {
        name: model.model_dump(include={"path", "type", "desc", "labels", "meta"}, exclude_none=True)
        for name, model in (resolved.spec.models or {}).items()
    }
    if models:
        sections["artifacts"] = {**models, **sections.get("artifacts", {})}
    return {**dvc, **sections}


def _watch(entry: Entry) -> Watch:
    return Watch(entry.dvc, tuple(paths_of(entry.body.get("metrics"))))


def _test_command(stack: Stack, snapshot: Snapshot) -> str | None:
    if stack.test is not None:
        return stack.test or None
    names = snapshot.list("tests")
    folders = [name for name in names if snapshot.kind(f"tests/{name}") == "dir"]
    holds = any(name.endswith(".py") for name in names) or any(
        name.endswith(".py") for folder in folders for name in snapshot.list(f"tests/{folder}")
    )
    return "python -m pytest" if holds else None
