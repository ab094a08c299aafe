"""The DAG file: Python that needs Airflow and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from ...compiler.emit.names import distinct
from ...compiler.emit.python import block, comment, literal
from ...compiler.lower.metadata import params as params_of
from ...compiler.lower.worker import TEXT
from ...compiler.model.project import Project, Stage
from ...compiler.model.target import HEADER
from ..engines import GRACE, REVISION, schedules

MAX_ID = 250  # https://airflow.apache.org/docs/apache-airflow/stable/_modules/airflow/utils/helpers.html#validate_key
OWN = ("git_revision",)
"""Tasks that are not stages."""

_HEAD = """
from __future__ import annotations

import os
import re
from datetime import timedelta

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator
"""

_POD_HEAD = """\
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s
"""

_SETTINGS = '''
def settings(params):
    """Parameters that differ from their defaults, one a line, as `dvc exp run --set-param` takes them."""
    lines = [f"{name}={written(params[name])}" for name, value in PARAMS.items() if params[name] != value]
    return "\\n".join([*lines, *params["set_params"]])


def written(value):
    """A value in Hydra's grammar: https://hydra.cc/docs/advanced/override_grammar/basic/"""
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./:@-]*", value):
        return "'" + re.sub(r"(\\\\*)'", r"\\1\\1\\'", value) + "'"
    return str(value)


ENVIRONMENT = {
    "MLOPS_REV": "{{ ti.xcom_pull(task_ids='git_revision') }}",
    "MLOPS_SET": "{{ settings(params) }}",
    "MLOPS_RETRIES": "0",  # Airflow tries again
}
'''

_STAGE = '''
def stage(name, *after, task_id=None, **more):
    """A task on the machine of an Airflow worker. MLOPS_REPO and credentials are in its environment."""
    tasks[name] = BashOperator(
        task_id=task_id or name,
        bash_command='exec sh -c "$MLOPS_WORKER" worker "$MLOPS_STAGE" ',
        env={**ENVIRONMENT, "MLOPS_WORKER": WORKER, "MLOPS_STAGE": name},
        append_env=True,
        do_xcom_push=False,
        **more,
    )
    [tasks[each] for each in after or ("git_revision",)] >> tasks[name]
'''

_POD = '''
def pod(name, *after, image, task_id=None, requests=None, limits=None, **more):
    """A task in a pod. MLOPS_REPO and credentials are in the Kubernetes secret SECRET."""
    tasks[name] = KubernetesPodOperator(
        task_id=task_id or name,
        image=image,
        cmds=["sh", "-c", 'exec sh -c "$MLOPS_WORKER" worker "$MLOPS_STAGE"'],
        env_vars={**ENVIRONMENT, "MLOPS_WORKER": WORKER, "MLOPS_STAGE": name},
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=SECRET))],
        container_resources=k8s.V1ResourceRequirements(requests=requests, limits=limits),
        do_xcom_push=False,
        **more,
    )
    [tasks[each] for each in after or ("git_revision",)] >> tasks[name]
'''


def path(project: Project) -> str:
    """Where the DAG file lies."""
    return f"dags/{_slug(project.name)}.py"


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text:
            return value
    return text


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:MAX_ID] or "_"


def slugs_of(project: Project) -> dict[str, str]:
    """A task id for each stage, each its own."""
    return distinct(project.stages, _slug, MAX_ID, taken=OWN)


def text(project: Project) -> str:
    """The whole file."""
    return "\n".join(_lines(project)) + "\n"


def _lines(project: Project) -> Iterator[str]:
    pods = any(stage.image for stage in project)
    params = {name: _value(text) for name, text in params_of(project).items()}
    yield HEADER.rstrip()
    yield f"# The pipeline {comment(project.name)} for Airflow 2.9 and newer: docs/engines/airflow.md of mlopsc tells how to run it."
    yield _HEAD.rstrip()
    if pods:
        yield _POD_HEAD.rstrip()
    yield ""
    yield f"PARAMS = {_mapping(params)}"
    if pods:
        yield f'SECRET = os.environ.get("MLOPS_SECRET", {literal(_slug(project.name).lower().replace("_", "-"))})'
    yield f"WORKER = {block(TEXT).replace(chr(34) * 3, chr(34) * 3 + chr(92) + chr(10), 1)}"
    yield "tasks = {}"
    yield ""
    yield _SETTINGS.rstrip()
    yield ""
    if any(not stage.image for stage in project):
        yield _STAGE.rstrip()
        yield ""
    if pods:
        yield _POD.rstrip()
        yield ""
    yield ""
    yield "with DAG("
    yield f"    {literal(_slug(project.name))},"
    yield f"    schedule={literal(next(iter(schedules(project).values()), None))},"
    yield "    catchup=False,"
    yield "    max_active_runs=1,"
    yield "    params={"
    yield "        **PARAMS,"
    yield '        "set_params": Param([], type="array", description="KEY=VALUE or FILE:KEY=VALUE, one a line"),'
    yield '        "git_revision": Param(os.environ.get("MLOPS_REV", "main"), description="a branch, a tag or a commit"),'
    yield "    },"
    yield '    user_defined_macros={"settings": settings},'
    yield "):"
    yield "    # One commit for all tasks, whatever is pushed meanwhile."
    yield '    tasks["git_revision"] = BashOperator('
    yield '        task_id="git_revision",'
    yield f"        bash_command={literal(f'set -- /dev/null; {REVISION}')},"
    yield '        env={"REVISION": "{{ params.git_revision }}"},'
    yield "        append_env=True,"
    yield "    )"
    slugs = slugs_of(project)
    for each in project:
        yield f"    {_call(project, each, slugs[each.name])}"


def _mapping(values: Mapping[str, Any]) -> str:
    if not values:
        return "{}"
    return "{\n" + "".join(f"    {literal(key)}: {literal(value)},\n" for key, value in values.items()) + "}"


def _call(project: Project, stage: Stage, slug: str) -> str:
    words = [literal(name) for name in (stage.name, *project.dag.parents(stage.name))]
    words += [f"{key}={value}" for key, value in _settings(stage).items()]
    if slug != stage.name:
        words.append(f"task_id={literal(slug)}")
    return f"{'pod' if stage.image else 'stage'}({', '.join(words)})"


def _settings(stage: Stage) -> dict[str, str]:
    """What a task says beyond its stage and what it waits for, as source text."""
    cpu, memory, gpu = stage.resources.cpu, stage.resources.memory, stage.resources.gpu
    said: dict[str, str] = {}
    if stage.image:
        said["image"] = literal(stage.image)
        requests = {"cpu": f"{cpu:g}" if cpu else None, "memory": str(memory) if memory else None}
        if any(requests.values()):
            said["requests"] = literal({key: value for key, value in requests.items() if value})
        if gpu:
            said["limits"] = literal({"nvidia.com/gpu": str(gpu)})
    elif gpu:
        said |= {"pool": literal("gpu"), "pool_slots": literal(gpu)}
    elif cpu and cpu > 1:
        said["pool_slots"] = literal(ceil(cpu))
    if stage.retries:
        said["retries"] = literal(stage.retries)
    if stage.timeout:
        said["execution_timeout"] = f"timedelta(seconds={stage.timeout + GRACE})"
    notes = [stage.desc] if stage.desc else []
    if memory and not stage.image:
        notes.append(f"Asks for {memory} bytes of memory.")
    if notes:
        said["doc_md"] = literal("\n\n".join(notes))
    return said
