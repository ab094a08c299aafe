"""Targets for what happens around the pipeline: data, experiments, the registry, deployment, monitoring."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ...compiler.emit.makefile import recipe, word
from ...compiler.model.operations import Source
from ...compiler.model.project import Project
from ...compiler.programs import FOLDER
from ..engines.stores import TRACK
from .common import rule

_BASES = "$$(git symbolic-ref --quiet --short refs/remotes/origin/HEAD) origin/main origin/master main master HEAD"
BASE = (
    f'BASE = "$${{MLOPS_BASE:-$$(for each in {_BASES}; do '
    'git rev-parse --quiet --verify "$$each^{commit}" >/dev/null && echo "$$each" && break; done)}"'
)
"""The base branch, as gates find it."""


def names(project: Project) -> list[str]:
    """The targets, as they are typed."""
    listed = ["metrics-diff", "plots-diff"]
    listed += ["data", *(f"data-{name}" for name in project.sources)] if project.sources else []
    listed += [f"record-{store}" for store in project.stores]
    listed += [f"exp-{name}" for name in project.experiments]
    listed += [f"register-{name}" for name in project.models]
    for name in project.deployments:
        listed += [f"deploy-{name}", f"rollback-{name}"]
    for name, monitor in project.monitors.items():
        listed += [f"monitor-{name}", *([f"retrain-{name}"] if monitor.retrains else [])]
    return listed


def lines(project: Project) -> Iterator[str]:
    """The rules."""
    yield BASE
    yield ""
    yield from rule("metrics-diff", "Compare metrics and params with the base branch ($MLOPS_BASE)",
                    "$(DVC) metrics diff $(BASE)", "$(DVC) params diff $(BASE)")  # fmt: skip
    yield from rule("plots-diff", "Draw the plots of the base branch and of now into dvc_plots/",
                    "$(DVC) plots diff $(BASE)")  # fmt: skip
    for store in project.stores:
        yield from rule(f"record-{store}", f"Keep what the last runs made in {store}", f"python {TRACK} {store} record")
    yield from _data(project)
    yield from _experiments(project)
    yield from _register(project)
    yield from _deploy(project)
    yield from _monitor(project)


def _data(project: Project) -> Iterator[str]:
    if project.sources:
        needs = " ".join(f"data-{name}" for name in project.sources)
        yield from rule("data", "Fetch all external data anew", needs=needs)
    for name, new in project.sources.items():
        pointer = word(f"{new.path}.dvc")
        if new.file is None:
            fetch = f"import-url --force {word(new.url)} {word(new.path)}"
            update = f"update {pointer}"
        else:
            rev = f" --rev {word(new.rev)}" if new.rev else ""
            fetch = f"import --force{rev} --out {word(new.path)} {word(new.url)} {word(new.file)}"
            update = f"update{rev} {pointer}"
        folder = posixpath.dirname(new.path)
        known = " && ".join(f"grep -qxF -e {word(line)} {pointer} 2>/dev/null" for line in _pointed(new))
        recipes = [f"@mkdir -p -- {word(folder)}"] if folder else []
        recipes.append(f"if {known}; then $(DVC) {update}; else $(DVC) {fetch}; fi")
        recipes += [f"python {FOLDER}/schema.py {word(new.path)} {word(new.schema)}"] if new.schema else []
        recipes += [recipe(new.check)] if new.check else []
        yield from rule(f"data-{name}", new.desc or f"Fetch {new.path} anew", *recipes)


def _pointed(new: Source) -> list[str]:
    """Lines of the .dvc file of a source. Where they are not there, as where the spec has changed, it is imported anew."""
    return [f"- path: {new.url}"] if new.file is None else [f"- path: {new.file}", f"    url: {new.url}"]


def _experiments(project: Project) -> Iterator[str]:
    for name, experiment in project.experiments.items():
        sets = " ".join(f"--set-param {word(text)}" for text in experiment.sweeps)
        parameters = "".join(f" {word(key.partition(':')[2] or key)}" for key in experiment.set)
        stages = "".join(f" {word(stage)}" for stage in experiment.targets or _ends(project))
        yield from rule(
            f"exp-{name}", experiment.desc or f"Run the {experiment.runs} experiments of {name} and compare them",
            f"$(DVC) exp run --queue --name {word(name)}-$$(date -u +%Y%m%d%H%M%S) {sets}{stages}",
            f"$(DVC) exp run --run-all --jobs {experiment.jobs}; "
            f"python {FOLDER}/compare.py {word(name)} dvc_plots/exp-{name}.html{parameters}",
        )  # fmt: skip


def _ends(project: Project) -> list[str]:
    """What an experiment runs where there are gates: everything but them, for DVC keeps no run that fails one."""
    others = [stage for stage in project if stage.judges is None]
    if len(others) == len(project.stages):
        return []
    used = {parent.entry for stage in others for parent in project.parents(stage)}
    return list(dict.fromkeys(stage.entry for stage in others if stage.entry not in used))


def _register(project: Project) -> Iterator[str]:
    for name in project.models:
        yield from rule(f"register-{name}", "Push the model, and register it as VERSION (default: the next one)",
                        f'sh {FOLDER}/register.sh {word(name)} "$$VERSION"')  # fmt: skip


def _deploy(project: Project) -> Iterator[str]:
    for name, deployment in project.deployments.items():
        script = f"sh {FOLDER}/deploy-{name}.sh"
        yield from rule(f"deploy-{name}", f"Deploy VERSION (default: the newest) of {deployment.model} to {name}",
                        f'{script} "$${{VERSION:-newest}}"')  # fmt: skip
        yield from rule(f"rollback-{name}", f"Deploy the version that {name} had before", f"{script} previous")


def _monitor(project: Project) -> Iterator[str]:
    for name, monitor in project.monitors.items():
        needs = [f"data-{source.name}" for source in project.sources.values() if source.path in monitor.deps]
        judged = "".join(f" {word(bound)}" for bound in monitor.bounds)
        metrics = " ".join(word(path) for path in monitor.metrics)
        made = [out.path for stage in project for out in stage.outs if out.cached and out.path in monitor.deps]
        yield from rule(
            f"monitor-{name}", monitor.desc or f"Look at {name} in production, and fail on a breach",
            *(f"@test -e {word(path)} || $(DVC) pull {word(path)}" for path in made),
            f"$(DVC) repro --single-item monitoring/dvc.yaml:{word(name)}",
            f"python {FOLDER}/monitor.py {word(name)} {metrics} --{judged}",
            needs=" ".join(needs),
        )  # fmt: skip
        if monitor.retrains:
            about = "Run the pipeline on new data, and put the result on a branch"
            kept = "".join(f" {word(out.path)}" for stage in project for out in stage.outs if not out.cached)
            yield from rule(f"retrain-{name}", about, f"sh {FOLDER}/retrain.sh {word(name)}{kept}")
