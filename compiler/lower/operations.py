"""Sources, models, deployments, monitors and experiments with their defaults, and the programs they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...schemas import assets
from ...schemas import operations as language
from ...schemas.spec import Spec
from ..model.operations import (
    Deployment,
    Drawn,
    Experiment,
    Listed,
    Model,
    Monitor,
    Source,
    Spaced,
    Values,
)
from ..model.project import Artifact, Out, Script
from ..programs import program
from ..resolve.commands import env_text
from ..resolve.conventions import paths_of
from ..resolve.entry import Entry
from ..resolve.gates import bound_texts
from .deployment import deploy_script
from .paths import parents


def sources(spec: Spec) -> dict[str, Source]:
    """The external sources of data."""
    return {name: _source(name, data) for name, data in (spec.data or {}).items()}


def _source(name: str, data: assets.Data) -> Source:
    path = data.path or f"data/raw/{name}"
    in_repository = data.file is not None or data.rev is not None
    file = (data.file or path) if in_repository else None
    return Source(name, data.url, path, file, data.rev, data.schema_, data.check, data.desc or "")


def models(spec: Spec, made: Mapping[str, Artifact]) -> dict[str, Model]:
    """The models of the registry; ``made`` are the artifacts of the pipeline."""
    return {
        name: Model(name, model.path, model.from_, model.from_ or _maker(model.path, made))
        for name, model in (spec.models or {}).items()
    }


def _maker(path: str, made: Mapping[str, Artifact]) -> str | None:
    """The stage that writes a path, or a folder that holds it."""
    artifacts = (made[above] for above in (path, *parents(path)) if above in made)
    return next((artifact.producer for artifact in artifacts if artifact.producer is not None), None)


def deployments(spec: Spec) -> dict[str, Deployment]:
    """The deployments, by environment; the spec has the environments of a model in the order of promotion."""
    last: dict[str, str] = {}
    before: dict[str, str | None] = {}
    for name, deployment in (spec.deploy or {}).items():
        before[name] = last.get(deployment.model)
        last[deployment.model] = name
    return {
        name: Deployment(
            name=name,
            model=deployment.model,
            on=deployment.on,
            run=deployment.run,
            approve=bool(deployment.approve),
            bounds=tuple(bound_texts(deployment.gates or {})),
            env={key: env_text(value) for key, value in (deployment.env or {}).items()},
            url=deployment.url or "",
            before=before[name],
        )
        for name, deployment in (spec.deploy or {}).items()
    }


def monitors(spec: Spec, entries: Mapping[str, Entry]) -> dict[str, Monitor]:
    """The monitors; ``entries`` are their stages after the conventions."""
    declared = (spec.monitor or {}).items()
    return {name: _monitor(name, monitor, entries[name]) for name, monitor in declared if name in entries}


def _monitor(name: str, monitor: language.Monitor, entry: Entry) -> Monitor:
    return Monitor(
        name=name,
        body=entry.dvc,
        metrics=tuple(paths_of(entry.body.get("metrics"))),
        deps=tuple(monitor.deps or ()),
        schedule=monitor.schedule,
        bounds=tuple(bound_texts(monitor.gates or {})),
        desc=monitor.desc or "",
        opens_issue="issue" in (monitor.on_breach or ()),
        retrains="retrain" in (monitor.on_breach or ()),
        environment=entry.environment,
    )


def experiments(spec: Spec) -> dict[str, Experiment]:
    """The experiments."""
    return {
        name: Experiment(
            name=name,
            set={key: _values(values) for key, values in experiment.set.items()},
            desc=experiment.desc or "",
            jobs=experiment.jobs or 1,
            targets=tuple(experiment.targets or ()),
        )
        for name, experiment in (spec.experiments or {}).items()
    }


def _values(values: list[Any] | language.Range | language.Random) -> Values:
    if isinstance(values, language.Range):
        return Spaced(values.start, values.stop, values.step)
    if isinstance(values, language.Random):
        return Drawn(values.low, values.high, values.count, values.seed, bool(values.log))
    return Listed(tuple(values))


def programs(
    models: Mapping[str, Model],
    deployments: Mapping[str, Deployment],
    monitors: Mapping[str, Monitor],
    experiments: Mapping[str, Experiment],
    outs: Sequence[Out],
) -> tuple[Script, ...]:
    """The programs that register, deploy, monitor and compare; ``outs`` are the pipeline's."""
    names = ["register.sh", "locked.py"] if models else []
    scripts = [
        deploy_script(deployment, models[deployment.model], outs)
        for deployment in deployments.values()
        if deployment.model in models
    ]
    later = ["compare.py"] if experiments else []
    later += ["deploy.sh", "remotes.py", "verify.py"] if deployments else []
    later += ["monitor.py", "history.sh"] if monitors else []
    later += ["retrain.sh"] if any(monitor.retrains for monitor in monitors.values()) else []
    later += ["chart.py"] if experiments or monitors else []
    later += ["gate.py"] if monitors or any(deployment.bounds for deployment in deployments.values()) else []
    return (*map(program, names), *scripts, *map(program, later))
