"""The script of one deployment: what is particular to it; `programs/deploy.sh` is what all of them do."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from ...schemas.operate import Deployment
from ..model.project import Out, Script
from ..programs import FOLDER
from ..resolve.commands import env_text
from ..resolve.gates import bounds


def deploy_script(name: str, deployment: Deployment, model_path: str, outs: Iterable[Out]) -> Script:
    """`.mlops/scripts/deploy-NAME.sh`; the metrics among the pipeline's ``outs`` are what its gates judge."""
    outs = list(outs)
    metrics = [out for out in outs if out.kind == "metric"] if deployment.gates else []
    words = " ".join(map(quote, [*(out.path for out in metrics), "--", *bounds(deployment.gates or {})]))
    judge = f'python "$repository/{FOLDER}/gate.py" {words}' if deployment.gates else ":"
    in_git = any(out.path == model_path and not out.cached for out in outs)
    restored = [*([] if in_git else [model_path]), *(out.path for out in metrics if out.cached)]
    exports = "".join(f"export {key}={quote(env_text(value))}; " for key, value in (deployment.env or {}).items())
    lines = [
        "#!/bin/sh",
        f"# Made by mlopsc from mlops.yaml: edit that. deploy-{name}.sh [VERSION | newest | previous]",
        f"environment={quote(name)} model={quote(deployment.model)} MODEL_PATH={quote(model_path)}",
        f"paths={quote(' '.join(map(quote, restored)))}",
        f"judge() {{ {judge}; }}",
        f"run() ( {exports}exec sh -c {quote(deployment.run)} )",
        f". ./{FOLDER}/deploy.sh",
    ]
    return Script(f"{FOLDER}/deploy-{name}.sh", "\n".join(lines) + "\n")
