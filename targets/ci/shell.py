"""The shell of each step, and what of the spec decides it. Bash, under ``set -eo pipefail`` or stricter."""

from __future__ import annotations

from shlex import quote

from ...compiler.lower.operations import package, packages
from ...compiler.model.project import Project
from ...schemas.ci import Ci
from ...schemas.words import seconds

SHORT_MINUTES = 30
"""The limit of a job that only checks or tests."""
PYTHON = "3.12"
ENVIRONMENT = "mlops"
"""The environment of the jobs that see secrets: its rules can say who may start them."""

_RESTORE = """\
if [ -z "$(dvc remote list)" ]; then
  echo "no DVC remote is configured: nothing to pull"
else
  if dvc fetch --run-cache; then
    REMEMBER
  else
    echo "WARNING:the run cache could not be fetched"
  fi
  dvc pull --allow-missing || echo "WARNING:not everything could be pulled; stages make what is missing"
fi
"""

FROM = """\
if git rev-parse --quiet --verify "$MLOPS_FROM^{commit}" > /dev/null; then
  export MLOPS_BASE="$MLOPS_FROM"
fi
"""
"""What gates compare with: ``$MLOPS_FROM``, the base branch, or for a push to it the commit that it had before. It may be gone."""

PUSH = """\
if [ -z "$(dvc remote list)" ]; then
  echo "no DVC remote is configured: nothing to push"
else
  dvc push --run-cache
fi
"""

_REPORT = """\
{
  echo "## Metrics"
  echo
  dvc metrics show --md
  if [ -n "$BASE" ]; then
    printf '\\n### Against %s\\n\\n' "$BASE"
    dvc metrics diff --md "origin/$BASE" || echo "there is nothing to compare with"
    echo
    dvc params diff --md "origin/$BASE" || true
  fi
  if { { [ -n "$BASE" ] && dvc plots diff "origin/$BASE"; } || dvc plots show; } > /dev/null 2>&1 && [ -d dvc_plots ]; then
    printf '\\n## Plots\\n\\nThey are among the artifacts of this run: open index.html.\\n\\n'
    find dvc_plots -type f | sort | sed 's/^/- /'
  fi
} > report.md
"""

_METRICS = """\
{
  echo "## Metrics"
  echo
  echo '```'
  make --no-print-directory metrics
  echo '```'
} > report.md
"""


def restore(warning: str = "warning: ", remember: str = "export SETTING") -> str:
    """Pull data and the run cache. From then on DVC may fetch what the run cache names: it fails where it cannot.

    ``warning`` is how the service marks a line of its log as one, ``remember`` how it sets a variable for what follows.
    """
    return _RESTORE.replace("WARNING:", warning).replace("REMEMBER", remember.replace("SETTING", "REPRO_FLAGS=--pull"))


def report(project: Project) -> str:
    """Write report.md. With DVC it compares with ``$BASE``, a branch of origin, where that is not empty."""
    return _REPORT if has_dvc(project) else _METRICS


def has_make(project: Project) -> bool:
    """Whether there is a Makefile to call."""
    return "make" in project.spec.stack.targets


def has_dvc(project: Project) -> bool:
    """Whether DVC runs the pipeline, or is what make calls."""
    return "dvc" in project.spec.stack.orchestrators


def fans_out(project: Project) -> bool:
    """Whether each stage is a job of its own."""
    return project.spec.ci.fan_out is not None and has_dvc(project)


def setup(project: Project) -> str:
    """Make .venv, with what the project needs in it."""
    if has_make(project):
        return "make setup"
    dvc = [quote(package(project.spec))] if has_dvc(project) else []
    return "python -m venv .venv\n.venv/bin/python -m pip install " + " ".join([*packages(project.requirements), *dvc])


def check(project: Project) -> str | None:
    """Check the pipeline without running it."""
    if has_make(project):
        return "make check"
    return "dvc stage list --all --name-only" if has_dvc(project) else None


def test(project: Project) -> str | None:
    """Test the code."""
    return "make test" if project.test_command is not None and has_make(project) else project.test_command


def pipeline(project: Project) -> str:
    """Run everything that changed."""
    return "make pipeline" if has_make(project) else "dvc repro ${REPRO_FLAGS:-}"


def minutes(ci: Ci) -> int | None:
    """The limit of one job that the spec asks for, in whole minutes."""
    limit = seconds(ci.timeout)
    return None if limit is None else max(1, -(-limit // 60))
