"""Facts about Vertex AI Pipelines."""

from __future__ import annotations

from ..engines.machines import Machine

ACCELERATOR = "NVIDIA_TESLA_T4"
"""The kind that most regions have. https://cloud.google.com/vertex-ai/docs/reference/rest/v1/MachineSpec#AcceleratorType"""

MAX_CPU, MAX_MEMORY = 96, 624 * 10**9
"""https://cloud.google.com/vertex-ai/docs/pipelines/machine-types"""

COUNTS = {
    "NVIDIA_TESLA_P4": (1, 2, 4),
    "NVIDIA_TESLA_T4": (1, 2, 4),
    "NVIDIA_TESLA_P100": (1, 2, 4),
    "NVIDIA_TESLA_V100": (1, 2, 4, 8),
    "NVIDIA_L4": (1, 2, 4, 8),
    "NVIDIA_TESLA_A100": (1, 2, 4, 8, 16),
    "NVIDIA_A100_80GB": (1, 2, 4, 8),
    "NVIDIA_H100_80GB": (1, 2, 4, 8),
    "NVIDIA_H100_MEGA_80GB": (8,),
    "NVIDIA_H200_141GB": (8,),
    "NVIDIA_B200": (8,),
}
"""How many GPUs of each type a machine may have (2026-11): https://cloud.google.com/vertex-ai/docs/training/configure-compute#gpu-compatibility-table"""

_L4, _A100, _A100_80, _H100 = "nvidia-l4", "nvidia-tesla-a100", "nvidia-a100-80gb", "nvidia-h100-80gb"
MACHINES = {
    machine.name: machine
    for machine in (
        *(Machine(0, n, 4 * n, f"e2-standard-{n}") for n in (4, 8, 16, 32)),
        *(Machine(0, n, 4 * n, f"n2-standard-{n}") for n in (4, 8, 16, 32, 48, 64, 80)),
        *(Machine(0, n, 15 * n // 4, f"n1-standard-{n}") for n in (4, 8, 16, 32, 64, 96)),
        *(Machine(0, n, 13 * n // 2, f"n1-highmem-{n}") for n in (2, 4, 8, 16, 32, 64, 96)),
        *(Machine(1, n, 4 * n, f"g2-standard-{n}", _L4) for n in (4, 8, 12, 16, 32)),
        *(Machine(n // 12, n, 4 * n, f"g2-standard-{n}", _L4) for n in (24, 48, 96)),
        *(Machine(n, 12 * n, 85 * n, f"a2-highgpu-{n}g", _A100) for n in (1, 2, 4, 8)),
        Machine(16, 96, 1360, "a2-megagpu-16g", _A100),
        *(Machine(n, 12 * n, 170 * n, f"a2-ultragpu-{n}g", _A100_80) for n in (1, 2, 4, 8)),
        *(Machine(n, 26 * n, 234 * n, f"a3-highgpu-{n}g", _H100) for n in (1, 2, 4, 8)),
    )
}
"""Machine types of training jobs by name: https://cloud.google.com/vertex-ai/docs/training/configure-compute#machine-types"""
