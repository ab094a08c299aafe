"""What the targets for engines share: a task is the worker (docs/engines/worker.md), in a machine or container of its own.

A task of any engine is told three things: the stage, the repository with its commit, and the parameters. What here
is a fact of the worker stands in `compiler/worker.py`; what is a fact of one engine stands in that engine's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from shlex import quote

from ...compiler.lower.metadata import params
from ...compiler.lower.worker import lacking
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project, Stage
from ...compiler.model.source import At
from ...compiler.model.target import Elsewhere, Emulated, Feature, Support

BY_DVC = Elsewhere("each task runs its stage by DVC, and dvc.yaml says it")
ELSEWHERE = Elsewhere("it is no part of the pipeline: make and the CI do it", ("make", "github", "gitlab"))

TASKS: Support = {
    **dict.fromkeys(Feature, BY_DVC),
    Feature.FOREACH: Emulated("a task for each stage it makes"),
    Feature.MATRIX: Emulated("a task for each stage it makes"),
    Feature.SCRIPT: Emulated("a task; DVC runs the script"),
    Feature.STAGE_GATES: Emulated("a task for each gate, which fails where a bound is not met"),
    **dict.fromkeys(
        (
            Feature.DATA, Feature.MODELS, Feature.EXPERIMENTS, Feature.DEPLOY, Feature.MONITOR,
            Feature.CI_TRIGGERS, Feature.CI_RUNNER, Feature.CI_SECRETS, Feature.FAN_OUT, Feature.CI_RUNNERS,
        ),
        ELSEWHERE,
    ),
}  # fmt: skip
"""What holds for every engine unless it says otherwise."""

INSTALLED = Emulated("a task without an image installs what DVC needs for it")
"""What `setup` makes of the registry."""

IMAGE = "python:3.12"
"""The image of a stage that names none. It has Git; `setup` brings the rest. https://hub.docker.com/_/python"""

GRACE = 3600
"""Seconds that a task has beyond the limit of its stage's command, for the clone and for data."""

CREDENTIALS = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "credential.helper",
    "GIT_CONFIG_VALUE_0": '!f() { printf "username=%s\\npassword=%s\\n" "$GIT_USERNAME" "$GIT_PASSWORD"; }; f',
}
"""Environment by which Git finds GIT_USERNAME and GIT_PASSWORD before `worker.BOOTSTRAP` has the script."""


REVISION = (
    'set -eu; found=$(git ls-remote "$MLOPS_REPO" "refs/heads/$REVISION" "refs/tags/$REVISION"); '
    'commit=$(echo "$found" | head -n 1 | cut -f 1); printf %s "${commit:-$REVISION}" | tee "$1"'
)
"""What a first task runs, so that all others work on one commit: it turns a branch or a tag into that, in the file $1."""


def unmet(project: Project) -> Iterator[Diagnostic]:
    """MLC543 and MLC544: what keeps tasks from the results of others. A remote may still be named in .dvc/config."""
    if (wrong := lacking(project)) is not None:
        later = project.remote_url is None and project.uses_dvc
        place = At(("stack", "orchestrator"))
        yield Diagnostic("MLC543", wrong[0], place, help=wrong[1], severity="warning" if later else "error")
    told: set[str] = set()
    for stage in project:
        for above in project.parents(stage):
            if above.entry not in told and not above.frozen and not above.in_run_cache:
                told.add(above.entry)
                yield Diagnostic(
                    "MLC544",
                    f"the task of `{stage.name}` cannot get at what `{above.name}` makes: DVC does not keep it in the run cache",
                    above.at,
                    help="give it deps and outs in the repository, without `always_changed` and `persist`",
                    severity="warning",
                )


def credentials(project: Project) -> list[str]:
    """Names of the environment that a task needs from the engine's store of secrets."""
    return list(dict.fromkeys(["GIT_USERNAME", "GIT_PASSWORD", *project.ci.secrets]))


def image(stage: Stage) -> str:
    """The container image that the stage runs in."""
    return stage.image or IMAGE


def setup(project: Project, stage: Stage) -> str | None:
    """MLOPS_SETUP of a stage: an image that the spec names has all it needs, `IMAGE` has not."""
    if stage.image:
        return None
    return f"pip install --quiet {' '.join([*project.pip_arguments, quote(project.dvc_package)])}"


def carried(project: Project, passes: Callable[[str, str], bool]) -> tuple[dict[str, str], list[str]]:
    """Those of `metadata.params` whose name and value an engine can carry, and the names of the others.

    A task gets all that are carried as `lines` in MLOPS_SET, and their defaults in MLOPS_DEFAULTS, by which the
    worker knows what nobody changed: params.yaml stays to the byte. A value of several lines cannot be told so.
    """
    given = params(project)
    kept = {
        name: value
        for name, value in given.items()
        if len(f"{name}={value}.".splitlines()) == 1 and passes(name, value)
    }
    return kept, [name for name in given if name not in kept]


def lines(values: Mapping[str, str]) -> str:
    """Parameters as MLOPS_SET and MLOPS_DEFAULTS hold them."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def cores(cpu: float) -> str:
    """Processors as Kubernetes writes them."""
    thousandths = max(1, round(cpu * 1000))
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def quantity(memory: int) -> str:
    """Bytes as Kubernetes writes them, in the largest unit that leaves no rest."""
    for power, unit in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if memory % 1024**power == 0:
            return f"{memory // 1024**power}{unit}"
    return str(memory)


def schedules(project: Project) -> dict[str, str]:
    """The schedules that monitors ask for, by monitor."""
    return {name: monitor.schedule for name, monitor in project.monitors.items() if monitor.schedule}
