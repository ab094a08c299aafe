"""The machines that SageMaker rents out, and the smallest one that a stage fits."""

from __future__ import annotations

from typing import NamedTuple

from ...compiler.model.resources import Resources

GIB = 2**30


class Machine(NamedTuple):
    """An instance type: GPUs, virtual CPUs, memory in GiB. Machines sort from small to large."""

    gpu: int
    cpu: int
    memory: int
    name: str


DEFAULT = "ml.m5.xlarge"
"""The machine of a stage that asks for nothing."""

MACHINES = sorted(
    Machine(gpu, cpu, memory, f"ml.{family}.{size}")
    for family, gpu, sizes in (
        ("m5", 0, {"large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32), "4xlarge": (16, 64), "12xlarge": (48, 192), "24xlarge": (96, 384)}),
        ("c5", 0, {"xlarge": (4, 8), "2xlarge": (8, 16), "4xlarge": (16, 32), "9xlarge": (36, 72), "18xlarge": (72, 144)}),
        ("r5", 0, {"large": (2, 16), "xlarge": (4, 32), "2xlarge": (8, 64), "4xlarge": (16, 128), "8xlarge": (32, 256), "12xlarge": (48, 384), "16xlarge": (64, 512), "24xlarge": (96, 768)}),
        ("g4dn", 1, {"xlarge": (4, 16), "2xlarge": (8, 32), "4xlarge": (16, 64), "8xlarge": (32, 128), "16xlarge": (64, 256)}),
        ("g4dn", 4, {"12xlarge": (48, 192)}),
        ("g5", 4, {"24xlarge": (96, 384)}),
        ("g5", 8, {"48xlarge": (192, 768)}),
    )
    for size, (cpu, memory) in sizes.items()
)  # fmt: skip
"""Those that both processing and training jobs take: the enums of InstanceType in
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingClusterConfig.html and API_ResourceConfig.html;
their sizes: https://docs.aws.amazon.com/ec2/latest/instancetypes/. tests/real/test_sagemaker.py holds both to AWS's data."""


def smallest(asked: Resources) -> str | None:
    """The type of the smallest machine that has what is asked for; None where there is none."""
    if asked == Resources():
        return DEFAULT
    cpu, memory, gpu = asked.cpu, asked.memory, asked.gpu
    for machine in MACHINES:
        if machine.gpu >= (gpu or 0) and machine.cpu >= (cpu or 0) and machine.memory * GIB >= (memory or 0):
            return machine.name
    return None
