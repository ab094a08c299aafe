"""The shell of each step, for bash with ``set -eo pipefail`` or stricter: the same on every CI service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ...compiler.emit.shell import quote
from ...compiler.emit.templates import render
from ...compiler.model.project import Project
from ...compiler.model.target import File
from ...compiler.programs import FOLDER, RUNNER, program
from .facts import PULL

PROGRAMS = os.path.join(os.path.dirname(__file__), "programs")
RECORD = f"{FOLDER}/record.py"
BUNDLE = "locked.bundle"
"""How a changed dvc.lock gets to the job that pushes it."""
_FILTERS = {"quote": quote}
_ADVICE = {
    "check": "Run make pipeline (or dvc repro --pull) and commit dvc.lock, or let CI do it: ci.lock in mlops.yaml.",
    "commit": "On the default branch, the job lock pushes the new one.",
    "propose": "On the default branch, the job lock proposes the new one.",
}
RUNS = ".mlops/state/ci.json"
"""What the runner of this job did."""


@dataclass(frozen=True, slots=True)
class Fork:
    """How a step knows that it runs for a fork, how it marks a line as a notice, and how it ends the run without a failure."""

    condition: str
    notice: str
    skip: str


def restore(warning: str = "warning: ", export: str = f"export {PULL}", fork: Fork | None = None) -> str:
    """Pull data and the run cache, and let later steps fetch what the run cache names.

    ``warning`` is how the service marks a line of its log as a warning, ``export`` how it sets `facts.PULL` for later steps.
    A ``fork`` that cannot pull skips what comes later.
    """
    return render(__package__, "restore.sh.j2", warning=warning, export=export, fork=fork)


def base() -> str:
    """Export ``$MLOPS_BASE``, which gates compare with, from ``$MLOPS_FROM``: the base branch or the previous commit."""
    return render(__package__, "base.sh.j2")


def push() -> str:
    """Push results and the run cache."""
    return render(__package__, "push.sh.j2")


def report(project: Project, notice: str = "notice: ") -> str:
    """Write report.md. It compares with ``$MLOPS_BASE_BRANCH``, a branch of origin, unless that is empty.

    A dvc.lock that the run has changed is a ``notice`` in the log and in the report.
    """
    advice = _ADVICE[project.ci.lock]
    return render(
        __package__, "report.sh.j2", uses_dvc=project.uses_dvc, record=RECORD, runs=RUNS, notice=notice, advice=advice
    )


def pushes_lock(project: Project) -> bool:
    """Whether a last job pushes a changed dvc.lock, or proposes it."""
    return project.uses_dvc and project.ci.lock != "check"


def locked(project: Project, output: str = "") -> str:
    """Keep a changed dvc.lock for the last job, as `BUNDLE`. ``output`` is a command that tells the service of it."""
    return render(__package__, "locked.sh.j2", _FILTERS, paths=_committed(project), bundle=BUNDLE, output=output)


def lock(project: Project, propose: str, error: str = "error: ", notice: str = "notice: ") -> str:
    """Push the dvc.lock of `BUNDLE` from ``$MLOPS_COMMIT`` to ``$MLOPS_BRANCH`` of ``$MLOPS_ORIGIN``, or propose it.

    ``propose`` pushes ``$commit`` of lock.git to the branch ``$MLOPS_PROPOSAL`` and opens a request to merge it. This needs no
    checkout, and takes nothing from the bundle but dvc.lock and results that Git keeps.
    """
    mode = project.ci.lock
    skip = " [skip ci]" if mode == "commit" else ""  # the run that made it has just ended
    paths = [project.from_top(path) for path in _committed(project)]
    watched = [pattern for pattern in project.ci.paths if not pattern.startswith("!")]
    return render(
        __package__, "lock.sh.j2", _FILTERS, paths=paths, scope=project.scope, bundle=BUNDLE, mode=mode, skip=skip,
        propose=propose, watched=watched, error=error, notice=notice,
    )  # fmt: skip


def _committed(project: Project) -> list[str]:
    """What a run may change in Git, from the project's folder."""
    return ["dvc.lock", ".mlops/code.json", *(out.path for stage in project for out in stage.outs if not out.cached)]


def programs(project: Project) -> Iterator[File]:
    """The programs that these steps run."""
    if project.uses_dvc:
        script = program("record.py", PROGRAMS)
        yield File(script.path, script.text)


def fans_out(project: Project) -> bool:
    """Whether each stage is a job of its own."""
    return project.ci.fan_out and project.uses_dvc


def setup(project: Project) -> str:
    """Create .venv and install the project's packages."""
    if project.uses_make:
        return "make setup"
    dvc = [quote(project.dvc_package)] if project.uses_dvc else []
    packages = " ".join([*project.pip_arguments, *dvc])
    return f"uv venv --quiet .venv\nuv pip install --quiet --python .venv {packages}"


def check(project: Project) -> str | None:
    """Check the pipeline without running it."""
    if project.uses_make:
        return "make check"
    return "dvc stage list --all --name-only" if project.uses_dvc else None


def test(project: Project) -> str | None:
    """Test the code."""
    return "make test" if project.test_command is not None and project.uses_make else project.test_command


def pipeline(project: Project) -> str:
    """Run every stage that changed, and keep what was done for the report."""
    if not project.uses_dvc:
        return "make pipeline"
    flags = f"${{REPRO_FLAGS:-}} --json {RUNS}"
    return f'make pipeline REPRO_FLAGS="{flags}"' if project.uses_make else f"python3 {RUNNER} {flags}"
