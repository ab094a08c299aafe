"""From the resolved spec to the project: stages expanded, paths from the root, the order between them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..schemas.common import seconds
from ..schemas.stack import Stack
from ..schemas.stage import Resources as SaidResources
from .diagnostic import Diagnostic
from .features import features
from .graph import Artifact, Out, OutKind, Param, Project, Resources, Stage
from .params import DEFAULT
from .resolve import Entry, Resolved
from .snapshot import Snapshot
from .template import Expanded, expand, global_scope, resolve_value

_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_KINDS: tuple[tuple[str, OutKind], ...] = (("outs", "out"), ("metrics", "metric"), ("plots", "plot"))
_REQUIREMENTS = ("uv.lock", "requirements.txt", "pyproject.toml", "environment.yml")
_NO_FLAGS: Mapping[str, Any] = {}


def lower(
    resolved: Resolved, load: Callable[[str], Any | None], snapshot: Snapshot
) -> tuple[Project, list[Diagnostic]]:
    """The project, and what is wrong in its templates.

    Where the stages form a cycle they keep the order of the spec; `checks.graph` reports it.
    """
    found: list[Diagnostic] = []
    stages: dict[str, Stage] = {}
    scope, problems = global_scope(resolved.sections.get("vars"), load)
    found += problems
    for entry in resolved.entries.values():
        expanded, problems = expand(entry.name, entry.dvc, scope, load, ("stages", entry.name))
        found += problems
        template = None
        for each in expanded:
            if template is None:
                template = _own(entry)
            stages[each.name] = _stage(each, entry, template)
    stages = _linked(stages)
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
        test_command=_test_command(spec.stack, snapshot),
        requirements=next((name for name in _REQUIREMENTS if snapshot.kind(name) == "file"), None),
        features=features(resolved),
    )
    return project, found


def _own(entry: Entry) -> Stage:
    """What all stages of an entry share, as a stage to copy from."""
    own = entry.own
    return Stage(
        name="",
        entry=entry.name,
        commands=(),
        desc=own.desc or "",
        kind=entry.kind,  # type: ignore[arg-type]  # validated as one of the kinds
        frozen=bool(own.frozen),
        always_changed=bool(own.always_changed),
        image=own.image,
        resources=_resources(own.resources),
        timeout=seconds(own.timeout),
        retries=own.retries or 0,
        env={name: str(value) for name, value in (own.env or {}).items()},
    )


def _resources(said: SaidResources | None) -> Resources:
    if said is None:
        return Resources()
    cpu, memory = said.cpu, said.memory
    if isinstance(cpu, str):
        cpu = float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    if isinstance(memory, str):
        digits = memory.rstrip("KMGTi")
        memory = int(float(digits) * _SUFFIXES[memory[len(digits) :]])
    return Resources(cpu, memory, said.gpu)


def _stage(each: Expanded, entry: Entry, template: Stage) -> Stage:
    body = each.body
    wdir = body.get("wdir") or "."
    return replace(
        template,
        name=each.name,
        commands=each.commands,
        wdir=wdir if wdir == "." else posixpath.normpath(wdir),
        desc=body.get("desc") or template.desc,
        deps=tuple(_rooted(wdir, path) for path in body.get("deps") or ()),
        outs=tuple(_outs(body, wdir)),
        params=tuple(_params(body.get("params") or (), wdir)),
    )


def _rooted(wdir: str, path: str) -> str:
    """A path of a stage, from the root of the repository; URLs and absolute paths as they are."""
    if "://" in path or path.startswith("/"):
        return path
    if wdir == "." and not path.startswith(".") and "/." not in path and "//" not in path and path[-1:] != "/":
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


def _linked(stages: dict[str, Stage]) -> dict[str, Stage]:
    """The same stages with their upstream, each after all of it."""
    producers: dict[str, str] = {}
    within: defaultdict[str, list[str]] = defaultdict(list)
    for stage in stages.values():
        for out in stage.outs:
            producers.setdefault(out.path, stage.name)
            for parent in parents(out.path):
                within[parent].append(stage.name)
    linked: dict[str, Stage] = {}
    for stage in stages.values():
        upstream: dict[str, None] = {}
        for path in (*stage.deps, *dict.fromkeys(param.file for param in stage.params)):
            if (producer := producers.get(path)) is not None:
                upstream[producer] = None
            for name in within.get(path, ()):
                upstream[name] = None
            for parent in parents(path):
                if (producer := producers.get(parent)) is not None:
                    upstream[producer] = None
        upstream.pop(stage.name, None)
        linked[stage.name] = replace(stage, upstream=tuple(upstream)) if upstream else stage
    return _ordered(linked)


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
    return {**dvc, **sections}


def _test_command(stack: Stack, snapshot: Snapshot) -> str | None:
    if stack.test is not None:
        return stack.test or None
    names = snapshot.list("tests")
    folders = [name for name in names if snapshot.kind(f"tests/{name}") == "dir"]
    holds = any(name.endswith(".py") for name in names) or any(
        name.endswith(".py") for folder in folders for name in snapshot.list(f"tests/{folder}")
    )
    return "python -m pytest" if holds else None
