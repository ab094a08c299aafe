"""From the resolved spec to the project: stages expanded, paths from the root, DAG, defaults."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...schemas.common import listed, seconds
from ...schemas.stack import Stack
from ..emit import shell
from ..model.dag import Dag
from ..model.diagnostic import Diagnostic
from ..model.project import Command, Out, OutKind, Param, Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import Path
from ..read.params import DEFAULT
from ..resolve.commands import env_text
from ..resolve.entry import Entry, Resolved
from ..resolve.library import holds_tests, library
from .ci import lower_ci, stage_of_team
from .code import code_of
from .edges import artifacts, edges
from .expand import Expanded, expand, resolve_value
from .features import features
from .kubernetes import lower_kubernetes
from .operations import deployments, experiments, models, monitors, programs, sources
from .own_makefile import own_makefile
from .paths import rooted
from .pins import pins
from .remotes import dvc_root, kept_by_dvc, remote_urls, remotes
from .resources import lower_resources
from .variables import Scope, global_scope
from .watched import watched

DEFAULT_NAME = "pipeline"
STORES = ("mlflow", "sacred")
"""Metadata stores beside DVC."""
_OUT_KEYS: tuple[tuple[str, OutKind], ...] = (("outs", "out"), ("metrics", "metric"), ("plots", "plot"))
_REQUIREMENTS = ("uv.lock", "requirements.lock", "requirements.txt", "pyproject.toml", "environment.yml")

Load = Callable[[str], Any | None]
"""Gives the content of a parameter file by its path, or None if there is none."""


def lower(
    resolved: Resolved, load: Load, snapshot: Snapshot, sources_of_spec: Iterable[str] = ()
) -> tuple[Project, list[Diagnostic]]:
    """The project, and the problems in its templates. ``sources_of_spec`` are the files that the spec consists of.

    Stages that form a cycle keep the order of the spec; `checks.order` reports them.
    """
    unordered, diagnostics = _stages(resolved, load, snapshot.here)
    dag = Dag.of(edges(unordered.values()))
    stages = {name: unordered[name] for name in dag.order}
    outs = [out for stage in stages.values() for out in stage.outs]
    spec, stack = resolved.spec, resolved.spec.stack
    code_roots = tuple(spec.code.roots or ())
    declared_remotes = remotes(stack)
    made = artifacts(stages.values())
    declared_models, declared_deployments = models(spec, made), deployments(spec)
    declared_monitors, declared_experiments = monitors(spec, resolved.monitors), experiments(spec)
    folder = "" if spec.ci.root == "project" else snapshot.folder
    paths = watched(resolved, stages, snapshot, folder, sources_of_spec)
    project = Project(
        name=spec.project or default_name(folder),
        folder=folder,
        dvc_root="." if spec.ci.root == "project" else dvc_root(snapshot),
        dvc=dvc_document(resolved),
        stages=stages,
        dag=dag,
        artifacts=made,
        targets=_targets(stack),
        orchestrators=tuple(stack.orchestrators),
        stores=tuple(name for name in STORES if name in listed(stack.metadata)),
        ci=replace(
            lower_ci(spec.ci, spec.schedule, paths, stage_of_team(snapshot) if folder else None), pins=pins(snapshot)
        ),
        kubernetes=lower_kubernetes(spec.kubernetes),
        schedule=spec.schedule,
        failure_webhook=None if spec.notify is None else spec.notify.on_failure,
        slurm=_slurm(spec.slurm),
        remotes=declared_remotes,
        remote_urls=remote_urls(declared_remotes, snapshot),
        dvc_config=kept_by_dvc(declared_remotes, snapshot),
        sources=sources(spec),
        models=declared_models,
        deployments=declared_deployments,
        monitors=declared_monitors,
        experiments=declared_experiments,
        environments=resolved.environments,
        scripts=resolved.scripts,
        programs=programs(declared_models, declared_deployments, declared_monitors, declared_experiments, outs),
        test_command=_test_command(stack, snapshot, code_roots),
        requirements=requirements_of(snapshot),
        code_roots=code_roots,
        feature_package=stack.features,
        patches=spec.patches or {},
        features=features(resolved),
        own_makefile=own_makefile(stack, snapshot),
    )
    return project, diagnostics


def _stages(resolved: Resolved, load: Load, here: str) -> tuple[dict[str, Stage], list[Diagnostic]]:
    """The stages of all entries, in the order of the spec."""
    scope, diagnostics = global_scope(resolved.sections.get("vars"), load)
    stages: dict[str, Stage] = {}
    for entry in resolved.entries.values():
        expanded, problems = expand(entry.name, entry.dvc, scope, load, ("stages", entry.name))
        diagnostics += problems
        bare = _bare(entry, scope, load)
        for item in expanded:
            stages[item.name] = _stage(item, entry, here, resolved, bare.get(item.name, ()))
    for key, value in resolved.sections.items():
        if key != "vars":
            diagnostics += resolve_value(value, scope, (key,))[1]
    return stages, diagnostics


def _bare(entry: Entry, scope: Scope, load: Load) -> dict[str, tuple[Command, ...]]:
    """The commands of each stage of an entry without the environment around them; none where that is the same."""
    if entry.outside is None:
        return {}
    expanded, _ = expand(entry.name, entry.outside, scope, load, ("stages", entry.name))
    return {item.name: item.commands for item in expanded}


def _stage(expanded: Expanded, entry: Entry, here: str, resolved: Resolved, bare: tuple[Command, ...] = ()) -> Stage:
    body, declared = expanded.body, entry.declared
    wdir = rooted(".", body.get("wdir") or ".", here)
    deps = tuple(rooted(wdir, path, here) for path in body.get("deps") or ())
    by_bytes = (declared.rerun or resolved.spec.rerun) == "bytes"
    return Stage(
        name=expanded.name,
        entry=entry.name,
        commands=expanded.commands,
        deps=deps,
        outs=tuple(_outs(body, wdir, here)),
        params=tuple(_params(body.get("params") or (), wdir, here)),
        wdir=wdir,
        desc=str(body.get("desc") or ""),
        kind=entry.kind,
        frozen=bool(body.get("frozen")),
        always_changed=bool(body.get("always_changed")),
        environment=entry.environment,
        bare=bare,
        resources=lower_resources(declared.resources),
        kubernetes=lower_kubernetes(resolved.spec.kubernetes).joined(lower_kubernetes(declared.kubernetes)),
        timeout=seconds(declared.timeout),
        retries=declared.retries or 0,
        env={name: env_text(value) for name, value in (declared.env or {}).items()},
        slurm=_slurm(declared.slurm),
        judges=entry.judges,
        code=() if by_bytes else code_of(bare or expanded.commands, wdir, deps, resolved.code),
        unlocked=entry.unlocked,
        cmd=tuple(map(str, cmd)) if isinstance(cmd := body.get("cmd") or "", list) else cmd,
    )


def _slurm(options: Mapping[str, str | int | float | bool | None] | None) -> dict[str, str | bool]:
    """Options of `sbatch`, with numbers as text."""
    return {
        name: bool(value) if value is None or isinstance(value, bool) else env_text(value)
        for name, value in (options or {}).items()
    }


def _outs(body: Mapping[str, Any], wdir: str, here: str) -> Iterator[Out]:
    for key, kind in _OUT_KEYS:
        for item in body.get(key) or ():
            for path, flags in ({item: None} if isinstance(item, str) else item).items():
                first = flags[0] if isinstance(flags, list) and flags else flags
                yield Out(rooted(wdir, path, here), kind, first or {})


def _params(items: Iterable[Any], wdir: str, here: str) -> Iterator[Param]:
    for item in items:
        for file, keys in (item if isinstance(item, dict) else {DEFAULT: [item]}).items():
            path = rooted(wdir, str(file), here)
            yield from [Param(path, str(key)) for key in keys] if keys else [Param(path, None)]


def _targets(stack: Stack) -> dict[str, Path]:
    """The targets to emit, each with the place in the spec that names it."""
    places: dict[str, Path] = {}
    for key in ("orchestrator", "ci"):
        value = getattr(stack, key)
        if isinstance(value, str):
            places[value] = ("stack", key)
        for index, name in enumerate(value if isinstance(value, list) else ()):
            places[name] = ("stack", key, index)
    return {name: places.get(name, ("stack",)) for name in stack.targets}


def default_name(folder: str) -> str:
    """The name of a project that states none: that of its folder within the repository, or a fixed one at the top."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", posixpath.basename(folder)).lstrip("-.") or DEFAULT_NAME


def requirements_of(snapshot: Snapshot) -> str | None:
    """The file that lists the packages the project needs."""
    return next((name for name in _REQUIREMENTS if snapshot.kind(name) == "file"), None)


def dvc_document(resolved: Resolved) -> dict[str, Any]:
    """dvc.yaml as data, templates intact."""
    sections = {key: value for key, value in resolved.sections.items() if value is not None}
    stages = {name: entry.dvc for name, entry in resolved.entries.items()}
    dvc = {"vars": sections.pop("vars")} if "vars" in sections else {}
    if stages:
        dvc["stages"] = stages
    registry = {
        name: model.model_dump(include={"path", "type", "desc", "labels", "meta"}, exclude_none=True)
        for name, model in (resolved.spec.models or {}).items()
    }
    if registry:
        sections["artifacts"] = {**registry, **sections.get("artifacts", {})}
    return {**dvc, **sections}


def _test_command(stack: Stack, snapshot: Snapshot, roots: tuple[str, ...]) -> str | None:
    if stack.test is not None:
        return stack.test or None
    names = snapshot.list("tests")
    folders = [name for name in names if snapshot.kind(f"tests/{name}") == "dir"]
    has_tests = any(name.endswith(".py") for name in names) or any(
        name.endswith(".py") for folder in folders for name in snapshot.list(f"tests/{folder}")
    )
    if stack.features is not None:
        folder = library(stack.features, snapshot, roots)
        if folder is not None and holds_tests(folder, snapshot):
            return f"python -m pytest {'tests ' if has_tests else ''}{shell.word(folder)}"
    return "python -m pytest" if has_tests else None
