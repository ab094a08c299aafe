"""What a stage asks of its pod, in the keys of Kubernetes: for the targets that start pods.

Facts: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

import re
from typing import Any

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
    label = gpu_label(gpu_type) if gpu_type else None
    return {label: gpu_type} if label and gpu_type else {}


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
    if not stage.resources.spot:
        return []
    return [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"} for key, value in SPOT[:TAINTED]]


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
    if not stage.resources.shm:
        return []
    return [{"name": SHM, "emptyDir": {"medium": "Memory", "sizeLimit": quantity(stage.resources.shm)}}]


def mounts(stage: Stage) -> list[Manifest]:
    """Where the container has them."""
    return [{"name": SHM, "mountPath": "/dev/shm"}] if stage.resources.shm else []


def pod_spec(stage: Stage) -> Manifest:
    """All fields of the pod but its containers; what is empty is left out."""
    fields = {
        "nodeSelector": node_selector(stage),
        "tolerations": tolerations(stage),
        "affinity": affinity(stage),
        "volumes": volumes(stage),
    }
    return {name: value for name, value in fields.items() if value}
