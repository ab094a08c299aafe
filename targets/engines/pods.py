"""What a stage asks of its pod, in the keys of Kubernetes: for the targets that start pods.

Facts: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

import re
from typing import Any

from ...compiler.model.kubernetes import Kubernetes, Volume
from ...compiler.model.project import Stage
from ...compiler.model.resources import Resources
from .kubernetes import GPU, cores, quantity

Manifest = dict[str, Any]

SHM = "shm"
"""The name of the volume for shared memory."""
_DEVICES = {"amd": "amd.com/gpu", "aws": "aws.amazon.com/neuron"}
"""The resource of a device by the first word of its label; of any other it is `GPU`.
https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/"""

SPOT = (
    ("cloud.google.com/gke-spot", "true"),  # https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms
    ("kubernetes.azure.com/scalesetpriority", "spot"),  # https://learn.microsoft.com/azure/aks/spot-node-pool
    (
        "eks.amazonaws.com/capacityType",
        "SPOT",
    ),  # https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
    ("karpenter.sh/capacity-type", "spot"),  # https://karpenter.sh/docs/concepts/scheduling/#well-known-labels
)
"""The label of spot nodes on each platform. The first two platforms also taint the nodes with it."""
TAINTED = 2


def device(gpu_type: str | None) -> str:
    """The resource that stands for an accelerator of that type."""
    return _DEVICES.get(_vendor(gpu_type or ""), GPU)


def requests(resources: Resources) -> dict[str, str]:
    """What the container requests. A limit would kill a stage that takes more than it asked for."""
    amounts = {
        "cpu": cores(resources.cpu) if resources.cpu else "",
        "memory": quantity(resources.memory) if resources.memory else "",
        "ephemeral-storage": quantity(resources.disk) if resources.disk else "",
    }
    return {name: amount for name, amount in amounts.items() if amount}


def limits(resources: Resources) -> dict[str, str]:
    """Devices, which Kubernetes takes as limits only."""
    return {device(resources.gpu_type): str(resources.gpu)} if resources.gpu else {}


def container_resources(resources: Resources) -> Manifest:
    """The field `resources` of a container."""
    asked = {"requests": requests(resources), "limits": limits(resources)}
    return {bound: amounts for bound, amounts in asked.items() if amounts}


def node_selector(stage: Stage) -> dict[str, str]:
    """The labels that the node of a stage has to have."""
    gpu_type = stage.resources.gpu_type
    label = stage.kubernetes.gpu_label or (gpu_label(gpu_type) if gpu_type else None)
    return {**({label: gpu_type} if label and gpu_type else {}), **stage.kubernetes.node_selector}


def gpu_label(gpu_type: str) -> str | None:
    """The label of nodes that has such values: GKE's, that of NVIDIA's or AMD's device labels; None for other devices."""
    if gpu_type.startswith("nvidia-"):
        return "cloud.google.com/gke-accelerator"  # https://cloud.google.com/kubernetes-engine/docs/how-to/gpus
    # https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/, https://instinct.docs.amd.com/projects/k8s-device-plugin
    return {"aws": None, "amd": "amd.com/gpu.product-name"}.get(_vendor(gpu_type), "nvidia.com/gpu.product")


def _vendor(gpu_type: str) -> str:
    return re.split("[-_]", gpu_type.lower())[0]


def tolerations(stage: Stage) -> list[Manifest]:
    """The taints of nodes that the stage accepts."""
    declared = [
        {name: value for name, value in toleration._asdict().items() if value is not None}
        for toleration in stage.kubernetes.tolerations
    ]
    if not stage.resources.spot:
        return declared
    spot = [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"} for key, value in SPOT[:TAINTED]]
    return [*spot, *declared]


def spot_terms(stage: Stage) -> list[list[Manifest]]:
    """Alternatives for the labels of the node, as `matchExpressions`: one of them has to hold. Empty if any node will do."""
    if not stage.resources.spot:
        return []
    return [[{"key": key, "operator": "In", "values": [value]}] for key, value in SPOT]


def affinity(stage: Stage) -> Manifest:
    """The field `affinity` of a pod."""
    terms = [{"matchExpressions": expressions} for expressions in spot_terms(stage)]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"nodeAffinity": required} if terms else {}


def volumes(stage: Stage) -> list[Manifest]:
    """The volumes of the pod."""
    declared = [
        {"name": name, **_source(volume)} for name, volume in zip(_names(stage), stage.kubernetes.volumes, strict=True)
    ]
    return [*_memory(stage), *declared]


def mounts(stage: Stage) -> list[Manifest]:
    """Where the container has them."""
    shm = [{"name": SHM, "mountPath": "/dev/shm"}] if stage.resources.shm else []
    volumes = zip(_names(stage), stage.kubernetes.volumes, strict=True)
    return [*shm, *({"name": name, "mountPath": volume.path} for name, volume in volumes)]


def _names(stage: Stage) -> list[str]:
    return [f"volume-{number}" for number, _ in enumerate(stage.kubernetes.volumes, 1)]


def _memory(stage: Stage) -> list[Manifest]:
    if not stage.resources.shm:
        return []
    return [{"name": SHM, "emptyDir": {"medium": "Memory", "sizeLimit": quantity(stage.resources.shm)}}]


def _source(volume: Volume) -> Manifest:
    return {
        "claim": {"persistentVolumeClaim": {"claimName": volume.name}},
        "secret": {"secret": {"secretName": volume.name}},
        "config_map": {"configMap": {"name": volume.name}},
        "scratch": {"emptyDir": {"sizeLimit": volume.name}},
    }[volume.kind]


def env_from(stage: Stage) -> list[Manifest]:
    """Where the container's variables come from, beside what the engine sets."""
    fields = {"secret": "secretRef", "config_map": "configMapRef"}
    return [{fields[source.kind]: {"name": source.name}} for source in stage.kubernetes.env_from]


def pull_secrets(kubernetes: Kubernetes) -> list[Manifest]:
    """The secrets for private image registries."""
    return [{"name": name} for name in kubernetes.image_pull_secrets]


def pod_spec(stage: Stage) -> Manifest:
    """The fields of the pod that a template of Argo has, too; what is empty is left out."""
    fields = {
        "serviceAccountName": stage.kubernetes.service_account,
        "nodeSelector": node_selector(stage),
        "tolerations": tolerations(stage),
        "affinity": affinity(stage),
        "volumes": volumes(stage),
    }
    return {name: value for name, value in fields.items() if value}


def pod(stage: Stage, container: str) -> Manifest:
    """The pod as far as the stage asks for something; empty if it does not. ``container`` is the name of its container."""
    more = {"volumeMounts": mounts(stage), "envFrom": env_from(stage)}
    containers = {name: value for name, value in more.items() if value}
    secrets = pull_secrets(stage.kubernetes)
    spec = {**pod_spec(stage), **({"imagePullSecrets": secrets} if secrets else {})}
    labels = dict(stage.kubernetes.labels)
    if not (spec or containers or labels):
        return {}
    metadata = {"metadata": {"labels": labels}} if labels else {}
    return {**metadata, "spec": {**spec, "containers": [{"name": container, **containers}]}}
