"""The machine types of SageMaker, as of 2026-11, and the one for a stage.

Their names are the enums of InstanceType in https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingClusterConfig.html
and API_ResourceConfig.html, their sizes https://docs.aws.amazon.com/ec2/latest/instancetypes/. tests/real/test_sagemaker.py
compares both with AWS's data.
"""

from __future__ import annotations

from dataclasses import replace

from ...compiler.model.resources import Resources
from ..engines import machines
from ..engines.machines import Machine

READ = "2026-11"
"""When AWS's tables were read."""

DEFAULT_MACHINE = "ml.m5.xlarge"
"""The machine of a stage that asks for nothing."""

_SIZES = (
    ("c4 m4", "xlarge 2xlarge 4xlarge"),
    ("c4", "8xlarge"),
    ("m4", "10xlarge 16xlarge"),
    ("c5 c5n", "xlarge 2xlarge 4xlarge 9xlarge 18xlarge"),
    ("m5", "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge"),
    ("r5 r5d", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge"),
    ("m6i r6i", "large"),
    ("c6i m6i r6i", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"),
    ("c7i m7i r7i", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("m8i r8i", "large"),
    ("c8i m8i r8i", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge"),
    ("m7i-flex m8i-flex r8i-flex", "large"),
    ("c7i-flex c8i-flex m7i-flex m8i-flex r8i-flex", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("t3", "medium large xlarge 2xlarge"),
    ("p2", "xlarge 8xlarge 16xlarge"),
    ("p3", "2xlarge 8xlarge 16xlarge"),
    ("p3dn p4d p4de", "24xlarge"),
    ("p5", "4xlarge"),
    ("p5 p5e p5en p6-b200 p6-b300 trn2", "48xlarge"),
    ("p6e-gb200", "36xlarge"),
    ("g4dn", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("g5 g6 g6e", "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("g7 g7e", "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge"),
    ("trn1", "2xlarge"),
    ("trn1 trn1n", "32xlarge"),
)
_TRAINING_FAMILIES = "c5n p3dn p4d p4de p5e p5en p6-b200 p6-b300 p6e-gb200 trn1 trn1n trn2".split()

OFFERED = frozenset(
    f"ml.{family}.{size}" for families, sizes in _SIZES for family in families.split() for size in sizes.split()
)
"""All machine types of training jobs."""
TRAINING_ONLY = frozenset({name for name in OFFERED if name.split(".")[1] in _TRAINING_FAMILIES} | {"ml.p5.48xlarge"})
"""Those that processing jobs do not take."""

_T4, _A10G, _L4, _L40S = "nvidia-tesla-t4", "nvidia-a10g", "nvidia-l4", "nvidia-l40s"
_V100, _V100_32 = "nvidia-v100-16gb", "nvidia-v100-32gb"

_PROCESSORS = [
    Machine(0, cpu, memory, f"ml.{family}.{size}")
    for family, sizes in (
        ("m5", {"large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32), "4xlarge": (16, 64), "12xlarge": (48, 192), "24xlarge": (96, 384)}),
        ("c5", {"xlarge": (4, 8), "2xlarge": (8, 16), "4xlarge": (16, 32), "9xlarge": (36, 72), "18xlarge": (72, 144)}),
        ("r5", {"large": (2, 16), "xlarge": (4, 32), "2xlarge": (8, 64), "4xlarge": (16, 128), "8xlarge": (32, 256), "12xlarge": (48, 384), "16xlarge": (64, 512), "24xlarge": (96, 768)}),
        ("m7i", {"48xlarge": (192, 768)}),
        ("r7i", {"48xlarge": (192, 1536)}),
    )
    for size, (cpu, memory) in sizes.items()
]  # fmt: skip
_GPUS = [
    Machine(gpu, cpu, memory, f"ml.{family}.{size}", gpu_type, disk)
    for family, gpu, gpu_type, sizes in (
        ("g4dn", 1, _T4, {"xlarge": (4, 16, 125), "2xlarge": (8, 32, 225), "4xlarge": (16, 64, 225), "8xlarge": (32, 128, 900), "16xlarge": (64, 256, 900)}),
        ("g4dn", 4, _T4, {"12xlarge": (48, 192, 900)}),
        ("g5", 1, _A10G, {"xlarge": (4, 16, 250), "2xlarge": (8, 32, 450), "4xlarge": (16, 64, 600), "8xlarge": (32, 128, 900), "16xlarge": (64, 256, 1900)}),
        ("g5", 4, _A10G, {"12xlarge": (48, 192, 3800), "24xlarge": (96, 384, 3800)}),
        ("g5", 8, _A10G, {"48xlarge": (192, 768, 7600)}),
        ("g6", 1, _L4, {"xlarge": (4, 16, 250), "2xlarge": (8, 32, 450), "4xlarge": (16, 64, 600), "8xlarge": (32, 128, 900), "16xlarge": (64, 256, 1880)}),
        ("g6", 4, _L4, {"12xlarge": (48, 192, 3760), "24xlarge": (96, 384, 3760)}),
        ("g6", 8, _L4, {"48xlarge": (192, 768, 7520)}),
        ("g6e", 1, _L40S, {"xlarge": (4, 32, 250), "2xlarge": (8, 64, 450), "4xlarge": (16, 128, 600), "8xlarge": (32, 256, 900), "16xlarge": (64, 512, 1900)}),
        ("g6e", 4, _L40S, {"12xlarge": (48, 384, 3800), "24xlarge": (96, 768, 3800)}),
        ("g6e", 8, _L40S, {"48xlarge": (192, 1536, 7600)}),
        ("p3", 1, _V100, {"2xlarge": (8, 61, 0)}),
        ("p3", 4, _V100, {"8xlarge": (32, 244, 0)}),
        ("p3", 8, _V100, {"16xlarge": (64, 488, 0)}),
        ("p3dn", 8, _V100_32, {"24xlarge": (96, 768, 1800)}),
        ("p4d", 8, "nvidia-a100-40gb", {"24xlarge": (96, 1152, 8000)}),
        ("p4de", 8, "nvidia-a100-80gb", {"24xlarge": (96, 1152, 8000)}),
        ("p5", 1, "nvidia-h100-80gb", {"4xlarge": (16, 256, 3800)}),
        ("p5", 8, "nvidia-h100-80gb", {"48xlarge": (192, 2048, 30400)}),
        ("p5e", 8, "nvidia-h200-141gb", {"48xlarge": (192, 2048, 30400)}),
        ("p6-b200", 8, "nvidia-b200", {"48xlarge": (192, 2048, 30400)}),
        ("trn1", 1, "aws-trainium", {"2xlarge": (8, 32, 474)}),
        ("trn1", 16, "aws-trainium", {"32xlarge": (128, 512, 7600)}),
        ("trn2", 16, "aws-trainium2", {"48xlarge": (192, 2048, 7600)}),
    )
    for size, (cpu, memory, disk) in sizes.items()
]  # fmt: skip
MACHINES = sorted([*_PROCESSORS, *_GPUS])
_ANY_GPU = (_T4, _A10G)
"""The types that a stage gets which names none: the cheap ones."""

VOLUME, MAX_VOLUME = 30, 16_384
"""GB of disk: the SDK's default, and the most of a processing job (API_ProcessingClusterConfig.html)."""


def machine(asked: Resources, kind: str = "Processing") -> str | None:
    """The smallest type for a job of that kind (Processing or Training) that has the resources; None if none has."""
    if not asked:
        return DEFAULT_MACHINE
    offered = [
        candidate
        for candidate in MACHINES
        if (kind == "Training" or candidate.name not in TRAINING_ONLY)
        and (asked.gpu_type is not None or not candidate.gpu or candidate.gpu_type in _ANY_GPU)
    ]
    return machines.smallest(offered, asked)


def instance(asked: Resources, kind: str) -> str:
    """The type that the job gets: the one that the spec names, or `machine`; where none has everything, the nearest one."""
    if (named := asked.instances.get("sagemaker")) is not None:
        return named
    without_type = replace(asked, gpu_type=None)
    largest = replace(without_type, cpu=None, memory=None, disk=None, gpu=8 if asked.gpu else None)
    nearest = (machine(resources, kind) for resources in (asked, without_type, largest))
    return next((name for name in nearest if name is not None), DEFAULT_MACHINE)


def volume(asked: Resources, name: str) -> int:
    """The size of the disk in GB. A machine with a disk of its own mounts that one, and takes no larger number."""
    size = VOLUME if asked.disk is None else max(1, -(-asked.disk // 2**30))
    own = next((candidate.disk for candidate in MACHINES if candidate.name == name), 0)
    return min(size, own or MAX_VOLUME)
