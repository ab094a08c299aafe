"""The exit handler that tells a webhook that the workflow failed.

https://argo-workflows.readthedocs.io/en/latest/walk-through/exit-handlers/
"""

from __future__ import annotations

from typing import Any

from ...compiler.model.project import Project
from ..ci.notify import notify as program
from ..engines.facts import IMAGE

HANDLER, TEMPLATE = "on-exit", "notify"


def templates(project: Project, secret: str) -> list[dict[str, Any]]:
    """The handler, which runs after every workflow, and the container that it starts after one that failed."""
    webhook = project.failure_webhook
    if webhook is None:
        return []
    text = 'export MLOPS_TEXT="$MLOPS_PROJECT: the workflow $MLOPS_WORKFLOW failed"'
    env = {
        "MLOPS_SECRET": webhook,
        "MLOPS_PROJECT": project.name,
        "MLOPS_WORKFLOW": "{{workflow.namespace}}/{{workflow.name}}",
    }
    step = {"name": TEMPLATE, "template": TEMPLATE, "when": "{{workflow.status}} != Succeeded"}
    container = {
        "image": IMAGE,
        "command": ["sh", "-c", f'{text} MLOPS_WEBHOOK="${{{webhook}:-}}"\n{program()}'],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "envFrom": [{"secretRef": {"name": secret, "optional": True}}],
    }
    return [{"name": HANDLER, "steps": [[step]]}, {"name": TEMPLATE, "container": container}]
