"""What every CI service does around the pipeline: which tags start a deployment, which commands watch and keep."""

from __future__ import annotations

from ...compiler.model.project import Project
from ...compiler.programs import FOLDER

RECORD = """\
git push origin "refs/tags/$(git tag --list "$MODEL#$DEPLOYMENT#*" --sort=version:refname | tail -n 1)"
"""
"""Push GTO's tag of the deployment that has just ended well."""

EXPERIMENT = """\
git config user.name experiments
git config user.email experiments@localhost
status=0
make "exp-$EXPERIMENT" | tee experiment.log || status=$?
sed -n '/^|/p' experiment.log > report.md
test "$status" -eq 0
"""
"""Run the experiments; the table is kept also where some of them failed."""

WATCH = """\
status=0
make "monitor-$MONITOR" || status=$?
if [ "$status" -ne 0 ] && [ ! -f "monitoring/$MONITOR.breach.md" ]; then
  exit "$status"
fi
"""
"""Run the monitor. A breach is no failure here, because what follows has to run; anything else is one."""

RESTORE_HISTORY = f'sh {FOLDER}/history.sh restore "$MONITOR"'
KEEP_HISTORY = f'sh {FOLDER}/history.sh keep "$MONITOR"'
RETRAINS = 'tail -n 1 "monitoring/$MONITOR.csv" | cut -d , -f 4'
"""`yes` where the last run of the monitor is to start a retraining."""


def tags(project: Project) -> list[str]:
    """The models whose registry tags start a deployment."""
    return list(
        dict.fromkeys(deployment.model for deployment in project.deployments.values() if deployment.on == "tag")
    )
