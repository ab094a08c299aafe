"""The script of one deployment: what is particular to it; `programs/deploy.sh` is what all of them do."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import TYPE_CHECKING

from .commands import env_text
from .gates import bounds
from .graph import Script
from .programs import FOLDER

if TYPE_CHECKING:
    from ..schemas.operate import Deployment


def deploy_script(name: str, deployment: Deployment, model_path: str, metrics: Iterable[str]) -> Script:
    """`.mlops/scripts/deploy-NAME.sh`; ``metrics`` are the files that the deployment's gates judge."""
    metrics = list(metrics) if deployment.gates else []
    words = " ".join(map(quote, [*metrics, "--", *bounds(deployment.gates or {})]))
    judge = f'python "$repository/{FOLDER}/gate.py" {words}' if deployment.gates else ":"
    lines = [
        "#!/bin/sh",
        f"# Made by mlopsc from mlops.yaml: edit that. deploy-{name}.sh [VERSION | newest | previous]",
        f"environment={quote(name)} model={quote(deployment.model)} MODEL_PATH={quote(model_path)}",
        f"paths={quote(' '.join(quote(path) for path in (model_path,)))}",
        *(f"export {key}={quote(env_text(value))}" for key, value in (deployment.env or {}).items()),
        f"judge() {{ {judge}; }}",
        f"run() {{ sh -c {quote(deployment.run)}; }}",
        f". ./{FOLDER}/deploy.sh",
    ]
    return Script(f"{FOLDER}/deploy-{name}.sh", "\n".join(lines) + "\n")
