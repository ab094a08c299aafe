"""The `vertex` target: the pipeline of Kubeflow's form for Vertex AI Pipelines, and the program that submits it.

Facts: https://cloud.google.com/vertex-ai/docs/pipelines/machine-types
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.lower.worker import script_file
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.resources import Resources
from ...compiler.model.target import Emulated, Feature, File, Kept, Support
from ...compiler.programs import program
from ..engines import credentials, unmet
from ..kubeflow.ir import EXPORTS, OWN, SUPPORT, Engine, accelerators, pipeline, problems, sized, slug

ACCELERATOR = "NVIDIA_TESLA_T4"
"""The kind that most regions have. https://cloud.google.com/vertex-ai/docs/reference/rest/v1/MachineSpec#AcceleratorType"""

MAX_CPU, MAX_MEMORY = 96, 624 * 10**9
"""https://cloud.google.com/vertex-ai/docs/pipelines/machine-types"""

SECRETS = """\
import base64, json, os, shlex, sys, urllib.request

def get(url, **headers):
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return json.load(urllib.request.urlopen(request, timeout=60))

host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
api = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "https://secretmanager.googleapis.com/")
account = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
token = get(account, Metadata_Flavor="Google")["access_token"]
said = get(f"{api}v1/{sys.argv[1]}:access", Authorization=f"Bearer {token}")["payload"]["data"]
for name, value in json.loads(base64.b64decode(said)).items():
    if name in sys.argv[2:]:
        print(f"export {name}={shlex.quote(value)}")
"""
"""A task's first act where there is a secret: Vertex AI puts none into the environment, so it asks as the job's account.

https://cloud.google.com/compute/docs/access/authenticate-workloads#applications and
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
"""


class Vertex:
    """Vertex AI Pipelines, of Google Cloud."""

    name = "vertex"
    support: ClassVar[Support] = {
        **SUPPORT,
        Feature.CPU: Kept(),
        Feature.MEMORY: Kept(),
        Feature.GPU: Emulated(f"devices of the kind {ACCELERATOR}, unless `patches` name another"),
        Feature.CI_SECRETS: Emulated("one secret of Secret Manager, which each task reads as the job's account"),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """The pipeline, the program that submits it, and the worker script."""
        yield from unmet(project)
        yield from problems(project)
        yield from _limits(project)
        yield yaml_file(f"vertex/{slug(project.name)}.yaml", pipeline(project, engine(project)))
        for script in (program("vertex.py"), script_file()):
            yield File(script.path, script.text)


def limits(resources: Resources) -> dict[str, Any]:
    """What Vertex AI chooses a machine by."""
    return {**sized("Limit", resources), **accelerators(ACCELERATOR, resources)}


def engine(project: Project) -> Engine:
    """Vertex AI, with the words that bring the project's credentials."""
    ask = (
        'secret=$5; [ -z "$secret" ] || { said=$(python3 -c "$MLOPS_SECRETS" "$secret" '
        f'{shlex.join(credentials(project))}) || exit 4; eval "$said"; }}; unset MLOPS_SECRETS; '
    )
    own = {**OWN, "secret": ("The version of a secret in Secret Manager that holds credentials, as a JSON object", "")}
    return Engine(own, EXPORTS + ask, limits, {"MLOPS_SECRETS": SECRETS})


def _limits(project: Project) -> Iterator[Diagnostic]:
    for stage in project:
        cpu, memory = stage.resources.cpu, stage.resources.memory
        if (cpu or 0) > MAX_CPU or (memory or 0) > MAX_MEMORY:
            yield Diagnostic(
                "MLC533",
                f"a task of Vertex AI has at most {MAX_CPU} processors and {MAX_MEMORY // 10**9} GB of memory",
                stage.at,
                help="ask for less, or run this project by another engine",
                severity="warning",
            )
