"""The shell of each step, and what of the spec decides it. Bash, under ``set -eo pipefail`` or stricter."""

from __future__ import annotations

from shlex import quote

from ...compiler.model.project import Project

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
    return _REPORT if project.uses_dvc else _METRICS


def fans_out(project: Project) -> bool:
    """Whether each stage is a job of its own."""
    return project.ci.fan_out and project.uses_dvc


def setup(project: Project) -> str:
    """Make .venv, with what the project needs in it."""
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
    """Run everything that changed."""
    return "make pipeline" if project.uses_make else "dvc repro ${REPRO_FLAGS:-}"
