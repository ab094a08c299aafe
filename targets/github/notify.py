"""The last job of each workflow, which tells a webhook that another one failed."""

from __future__ import annotations

from collections.abc import Iterable

from ...compiler.emit.yaml import Flow
from ...compiler.model.project import Project
from ..ci.facts import ENVIRONMENT
from ..ci.notify import notify as program
from .escape import literal
from .facts import HOSTED
from .job import Job, alone

RUN = "${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}"


def notify(project: Project, secret: str, jobs: Iterable[str]) -> Job:
    """A job without a checkout and without permissions."""
    env = {
        "MLOPS_SECRET": secret,
        "MLOPS_WEBHOOK": f"${{{{ secrets.{secret} }}}}",
        "MLOPS_TEXT": f"{literal(project.name)}: ${{{{ github.workflow }}}} failed for ${{{{ github.ref_name }}}}, {RUN}",
    }
    return {
        "name": "Notify",
        "needs": Flow(jobs),
        "if": "failure()",
        "runs-on": HOSTED,
        "timeout-minutes": 5,
        "environment": ENVIRONMENT,
        **alone(project, "${{ github.workflow }}-notify-${{ github.run_id }}"),
        "permissions": {},
        "steps": [{"name": "Tell the webhook", "env": env, "run": program()}],
    }
