"""The pipeline file: the PipelineSpec, and a second document for Kubernetes."""

from __future__ import annotations

from typing import Any

from ...compiler.model.kubernetes import Kubernetes
from ...compiler.model.project import Project, Stage
from ...compiler.model.resources import Resources
from ..engines import pods
from ..engines.facts import GRACE
from ..engines.kubernetes import quantity
from ..engines.pipeline_spec.document import EXPORTS, INPUTS, Engine, accelerators, size
from ..engines.pipeline_spec.document import document as pipeline_spec
from ..engines.pipeline_spec.names import names
from ..engines.task import credentials


def document(project: Project) -> dict[str, Any]:
    """Both documents, as the keys of one mapping."""
    return {**pipeline_spec(project, Engine(INPUTS, EXPORTS, _requests, {})), "platforms": _platforms(project)}


def _requests(resources: Resources) -> dict[str, Any]:
    """The pod's requests. A limit would kill a stage that takes more than it asked for."""
    return {**size("Request", resources), **accelerators(pods.device(resources.gpu_type), resources)}


def _platforms(project: Project) -> dict[str, Any]:
    """The Kubernetes part: credentials from a secret, and the deadline of each pod.

    https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto
    """
    identifiers = names(project)
    secret = identifiers.pipeline
    keys = {
        "keyToEnv": [{"envVar": name, "secretKey": name} for name in credentials(project)],
        "optional": True,  # otherwise a pod without one of the keys never starts; the worker says what is missing
        "secretName": secret,
        "secretNameParameter": {"runtimeValue": {"constant": secret}},
    }

    def config(stage: Stage) -> dict[str, Any]:
        deadline = {"activeDeadlineSeconds": str(stage.timeout + GRACE)} if stage.timeout else {}
        return {"secretAsEnv": [keys], **deadline, **_pod(stage)}

    executors = {f"exec-{identifiers.stages[stage.name]}": config(stage) for stage in project}
    return {"kubernetes": {"deploymentSpec": {"executors": executors}}}


def _pod(stage: Stage) -> dict[str, Any]:
    """What a stage asks of its pod, in the keys of Kubeflow; what is empty is left out."""
    kubernetes = stage.kubernetes
    selector = pods.node_selector(stage)
    shm, disk = stage.resources.shm, stage.resources.disk
    fields = {
        "nodeSelector": {"labels": selector} if selector else {},
        "tolerations": pods.tolerations(stage),
        "nodeAffinity": [{"matchExpressions": expressions} for expressions in pods.spot_terms(stage)],
        "imagePullSecret": [_secret(name) for name in kubernetes.image_pull_secrets],
        "podMetadata": {"labels": dict(kubernetes.labels)} if kubernetes.labels else {},
        **_mounts(kubernetes),
        "genericEphemeralVolume": [_volume(disk)] if disk else [],
    }
    if shm:
        fields["emptyDirMounts"] = [_memory(shm), *fields["emptyDirMounts"]]
    return {name: value for name, value in fields.items() if value}


def _secret(name: str) -> dict[str, Any]:
    return {"secretName": name, "secretNameParameter": {"runtimeValue": {"constant": name}}}


def _mounts(kubernetes: Kubernetes) -> dict[str, list[dict[str, Any]]]:
    """Volumes by their kind, each with its path."""
    by_kind: dict[str, list[dict[str, Any]]] = {
        "pvcMount": [],
        "secretAsVolume": [],
        "configMapAsVolume": [],
        "emptyDirMounts": [],
    }
    for number, volume in enumerate(kubernetes.volumes, 1):
        name, path = volume.name, {"mountPath": volume.path}
        constant = {"runtimeValue": {"constant": name}}
        kind, mount = {
            "claim": ("pvcMount", {"constant": name, "pvcNameParameter": constant}),
            "secret": ("secretAsVolume", {**_secret(name), "optional": False}),
            "config_map": (
                "configMapAsVolume",
                {"configMapName": name, "configMapNameParameter": constant, "optional": False},
            ),
            "scratch": ("emptyDirMounts", {"volumeName": f"volume-{number}", "sizeLimit": name}),
        }[volume.kind]
        by_kind[kind].append({**path, **mount})
    return by_kind


def _memory(size: int) -> dict[str, str]:
    return {"volumeName": pods.SHM, "mountPath": "/dev/shm", "medium": "Memory", "sizeLimit": quantity(size)}


def _volume(size: int) -> dict[str, Any]:
    """A disk that lives as long as the pod, at /tmp, where the worker clones. A PipelineSpec has no `ephemeral-storage`."""
    return {
        "volumeName": "disk",
        "mountPath": "/tmp",
        "accessModes": ["ReadWriteOnce"],
        "size": quantity(size),
        "defaultStorageClass": True,
    }
