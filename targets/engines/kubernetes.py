"""Quantities as Kubernetes writes them: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""

from __future__ import annotations

GPU = "nvidia.com/gpu"  # https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/


def cores(cpu: float) -> str:
    """Processor cores, to a thousandth."""
    thousandths = max(1, round(cpu * 1000))
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def quantity(memory: int) -> str:
    """Bytes, in the largest unit that divides them."""
    for power, unit in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if memory % 1024**power == 0:
            return f"{memory // 1024**power}{unit}"
    return str(memory)
