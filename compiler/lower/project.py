"""From the resolved spec to the project: stages expanded, paths from the root, the order between them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...schemas.stack import Stack
from ...schemas.stage import Resources as SaidResources
from ...schemas.words import seconds
from ..model.diagnostic import Diagnostic
from ..model.project import Artifact, Out, OutKind, Param, Project, Resources, Stage, Watch
from ..model.snapshot import Snapshot
from ..read.params import DEFAULT
from ..resolve.commands import env_text
from ..resolve.conventions import paths_of, shell_word
from ..resolve.resolver import Entry, Resolved
from .expand import Expanded, expand, global_scope, resolve_value
from .features import features
from .operations import operations, remote

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
        for expansion in expanded:
            drafts[expansion.name] = _draft(expansion, entry)
    stages = _ordered(_linked(drafts))
    for key, value in resolved.sections.items():
        if key != "vars":
            found += resolve_value(value, scope, (key,))[1]
    spec = resolved.spec
    project = Project(
        name=spec.project or "pipeline",
        dvc=dvc_of(resolved),
        stages=stages,
        spec=spec,
        artifacts=_artifacts(stages.values()),
        scripts=resolved.scripts,
        operations=operations(spec, (out for stage in stages.values() for out in stage.outs)),
        monitors={name: _watch(entry) for name, entry in resolved.monitors.items()},
        test_command=_test_command(spec.stack, snapshot, tuple(spec.code.roots or ())),
        requirements=requirements_of(snapshot),
        remote=remote(spec.stack, snapshot),
        features=features(resolved),
    )
    return project, found


def resources(said: SaidResources | None) -> Resources:
    """What is said of a machine, in cores, bytes and devices."""
    if said is None:
        return _NO_RESOURCES
    cpu, memory = said.cpu, said.memory
    if isinstance(cpu, str):
        cpu = float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    if isinstance(memory, str):
        digits = memory.rstrip("KMGTi")
        memory = int(float(digits) * _SUFFIXES[memory[len(digits) :]])
    return Resources(cpu, memory, said.gpu)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A stage before the others are known that it depends on."""

    expanded: Expanded
    entry: Entry
    wdir: str
    deps: tuple[str, ...]
    outs: tuple[Out, ...]
    params: tuple[Param, ...]


def _draft(expanded: Expanded, entry: Entry) -> _Draft:
    body = expanded.body
    wdir = posixpath.normpath(body.get("wdir") or ".")
    deps = tuple(rooted(wdir, path) for path in body.get("deps") or ())
    return _Draft(expanded, entry, wdir, deps, _outs(body, wdir), _params(body.get("params") or (), wdir))


def _stage(draft: _Draft, upstream: tuple[str, ...]) -> Stage:
    expanded, entry, own = draft.expanded, draft.entry, draft.entry.own
    body = expanded.body
    return Stage(
        name=expanded.name,
        entry=entry.name,
        commands=expanded.commands,
        deps=draft.deps,
        outs=draft.outs,
        params=draft.params,
        wdir=draft.wdir,
        desc=str(body.get("desc") or ""),
        kind=entry.kind,
        frozen=bool(body.get("frozen")),
        always_changed=bool(body.get("always_changed")),
        image=own.image,
        resources=resources(own.resources),
        timeout=seconds(own.timeout),
        retries=own.retries or 0,
        env={name: env_text(value) for name, value in (own.env or {}).items()},
        upstream=upstream,
    )


def rooted(wdir: str, path: str) -> str:
    """A path of a stage that runs in ``wdir``, from the root of the repository; URLs and absolute paths as they are."""
    if "://" in path or path.startswith("/"):
        return path
    return posixpath.normpath(posixpath.join(wdir, path))


def _outs(body: Mapping[str, Any], wdir: str) -> tuple[Out, ...]:
    outs: list[Out] = []
    for key, kind in _KINDS:
        if key not in body:
            continue
        for item in body[key] or ():
            if isinstance(item, str):
                outs.append(Out(rooted(wdir, item), kind, _NO_FLAGS))
                continue
            for path, flags in item.items():
                flags = flags[0] if isinstance(flags, list) and flags else flags
                outs.append(Out(rooted(wdir, path), kind, flags or _NO_FLAGS))
    return tuple(outs)


def _params(items: Iterable[Any], wdir: str) -> tuple[Param, ...]:
    params: list[Param] = []
    for item in items:
        if not isinstance(item, dict):
            params.append(Param(rooted(wdir, DEFAULT), str(item)))
            continue
        for file, keys in item.items():
            path = rooted(wdir, str(file))
            params += [Param(path, str(key)) for key in keys] if keys else [Param(path, None)]
    return tuple(params)


def _linked(drafts: dict[str, _Draft]) -> dict[str, Stage]:
    """The stages, each with those it depends on."""
    makers = _Makers(drafts)
    linked: dict[str, Stage] = {}
    for name, draft in drafts.items():
        upstream: list[str] = []
        for path in draft.deps:
            upstream += makers[path]
        for param in draft.params:
            upstream += makers[param.file]
        needed = dict.fromkeys(upstream)
        needed.pop(name, None)
        linked[name] = _stage(draft, tuple(needed))
    return linked


class _Makers(dict[str, tuple[str, ...]]):
    """The stages that make a path, or something in it, or a directory that it lies in; each path is looked up once."""

    def __init__(self, drafts: Mapping[str, _Draft]) -> None:
        super().__init__()
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
        self.above: dict[str, list[str]] = {}

    def __missing__(self, path: str) -> tuple[str, ...]:
        folder = path.rpartition("/")[0]
        if (above := self.above.get(folder)) is None:
            parts = (folder, *parents(folder)) if folder else ()
            above = self.above[folder] = [self.producers[part] for part in parts if part in self.producers]
        producer = self.producers.get(path)
        made = [producer] if producer is not None else []
        found = self[path] = tuple(dict.fromkeys([*made, *self.within.get(path, ()), *above]))
        return found


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


def requirements_of(snapshot: Snapshot) -> str | None:
    """The file that says what the project needs installed."""
    return next((name for name in _REQUIREMENTS if snapshot.kind(name) == "file"), None)


def _artifacts(stages: Iterable[Stage]) -> dict[str, Artifact]:
    producers: dict[str, str] = {}
    consumers: defaultdict[str, list[str]] = defaultdict(list)
    for stage in stages:
        name = stage.name
        for out in stage.outs:
            producers.setdefault(out.path, name)
        for dep in stage.deps:
            consumers[dep].append(name)
    artifacts = {path: Artifact(path, name, tuple(consumers.pop(path, ()))) for path, name in producers.items()}
    artifacts.update((path, Artifact(path, None, tuple(names))) for path, names in consumers.items())
    return artifacts


def dvc_of(resolved: Resolved) -> dict[str, Any]:
    """dvc.yaml as data, templates intact."""
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


def _test_command(stack: Stack, snapshot: Snapshot, roots: tuple[str, ...]) -> str | None:
    if stack.test is not None:
        return stack.test or None
    names = snapshot.list("tests")
    folders = [name for name in names if snapshot.kind(f"tests/{name}") == "dir"]
    holds = any(name.endswith(".py") for name in names) or any(
        name.endswith(".py") for folder in folders for name in snapshot.list(f"tests/{folder}")
    )
    command = "python -m pytest" if holds else None
    if stack.features is not None:
        from ..resolve.library import holds_tests, library

        folder = library(stack.features, snapshot, roots)
        if folder is not None and holds_tests(folder, snapshot):
            command = f"python -m pytest {'tests ' if holds else ''}{shell_word(folder)}"
    return command
