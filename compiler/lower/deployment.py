"""The script of one deployment: its own settings; `programs/deploy.sh` does the work for all deployments."""

from __future__ import annotations

from collections.abc import Sequence

from ..emit.shell import quote
from ..model.operations import Deployment, Model
from ..model.project import Out, Script
from ..programs import FOLDER


def deploy_script(deployment: Deployment, model: Model, outs: Sequence[Out]) -> Script:
    """`.mlops/scripts/deploy-NAME.sh`; its gates judge the metrics among ``outs``, the outs of the pipeline."""
    metrics = [out for out in outs if out.kind == "metric"] if deployment.bounds else []
    words = " ".join(map(quote, [*(out.path for out in metrics), "--", *deployment.bounds]))
    gate = f'python "$repository/{FOLDER}/gate.py" {words}' if deployment.bounds else ":"
    is_in_git = any(out.path == model.path and not out.cached for out in outs)
    restored = [*([] if is_in_git else [model.path]), *(out.path for out in metrics if out.cached)]
    exports = "".join(f"export {key}={quote(value)}; " for key, value in deployment.env.items())
    lines = [
        "#!/bin/sh",
        f"# Made by mlopsc from mlops.yaml: edit that. deploy-{deployment.name}.sh [VERSION | newest | previous | promote]",
        f"environment={quote(deployment.name)} model={quote(deployment.model)} MODEL_PATH={quote(model.path)}",
        f"paths={quote(' '.join(map(quote, restored)))} target={quote(model.maker or '')} before={quote(deployment.before or '')}",
        f"judge() {{ {gate}; }}",
        f"run() ( {exports}exec sh -c {quote(deployment.run)} )",
        f". ./{FOLDER}/deploy.sh",
    ]
    return Script(f"{FOLDER}/deploy-{deployment.name}.sh", "\n".join(lines) + "\n")
