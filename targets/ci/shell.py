"""The shell of each step, for bash with ``set -eo pipefail`` or stricter: the same on every CI service."""

from __future__ import annotations

from ...compiler.emit.shell import quote
from ...compiler.emit.templates import render
from ...compiler.model.project import Project
from ...compiler.programs import RUNNER
from .facts import PULL


def restore(warning: str = "warning: ", export: str = f"export {PULL}") -> str:
    """Pull data and the run cache, and let later steps fetch what the run cache names.

    ``warning`` is how the service marks a line of its log as a warning, ``export`` how it sets `facts.PULL` for later steps.
    """
    return render(__package__, "restore.sh.j2", warning=warning, export=export)


def base() -> str:
    """Export ``$MLOPS_BASE``, which gates compare with, from ``$MLOPS_FROM``: the base branch or the previous commit."""
    return render(__package__, "base.sh.j2")


def push() -> str:
    """Push results and the run cache."""
    return render(__package__, "push.sh.j2")


def report(project: Project) -> str:
    """Write report.md. DVC compares with ``$BASE``, a branch of origin, unless that is empty."""
    return render(__package__, "report.sh.j2", uses_dvc=project.uses_dvc)


def fans_out(project: Project) -> bool:
    """Whether each stage is a job of its own."""
    return project.ci.fan_out and project.uses_dvc


def setup(project: Project) -> str:
    """Create .venv and install the project's packages."""
    if project.uses_make:
        return "make setup"
    dvc = [quote(project.dvc_package)] if project.uses_dvc else []
    return "python -m venv .venv\n.venv/bin/python -m pip install " + " ".join([*project.pip_arguments, *dvc])


def check(project: Project) -> str | None:
    """Check the pipeline without running it."""
    if project.uses_make:
        return "make check"
    return "dvc stage list --all --name-only" if project.uses_dvc else None


def test(project: Project) -> str | None:
    """Test the code."""
    return "make test" if project.test_command is not None and project.uses_make else project.test_command


def pipeline(project: Project) -> str:
    """Run every stage that changed."""
    return "make pipeline" if project.uses_make else f"python3 {RUNNER} ${{REPRO_FLAGS:-}}"
