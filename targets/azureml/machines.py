"""Which machine of AzureML has what a stage asks for."""

from __future__ import annotations

from typing import NamedTuple

from ...compiler.model.resources import Resources


class Machine(NamedTuple):
    """A size of virtual machines: GPUs, cores, and memory in GiB."""

    gpu: int
    cpu: int
    memory: int
    name: str


MACHINES = sorted(
    [
        # https://learn.microsoft.com/azure/virtual-machines/sizes/general-purpose/dsv3-series
        *(Machine(0, n, 4 * n, f"Standard_D{n}s_v3") for n in (2, 4, 8, 16, 32, 48, 64)),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/memory-optimized/esv3-series
        *(Machine(0, n, 8 * n, f"Standard_E{n}s_v3") for n in (2, 4, 8, 16, 20, 32, 48)),
        Machine(0, 64, 432, "Standard_E64s_v3"),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ncast4v3-series
        Machine(1, 4, 28, "Standard_NC4as_T4_v3"),
        Machine(1, 8, 56, "Standard_NC8as_T4_v3"),
        Machine(1, 16, 110, "Standard_NC16as_T4_v3"),
        Machine(4, 64, 440, "Standard_NC64as_T4_v3"),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/nca100v4-series
        Machine(1, 24, 220, "Standard_NC24ads_A100_v4"),
        Machine(2, 48, 440, "Standard_NC48ads_A100_v4"),
        Machine(4, 96, 880, "Standard_NC96ads_A100_v4"),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ndasra100v4-series
        Machine(8, 96, 900, "Standard_ND96asr_v4"),
    ]
)
"""Those with the fewest GPUs first, then with the fewest cores."""


def size(asked: Resources) -> str | None:
    """The smallest machine that has all of it; None if there is none."""
    cpu, memory, gpu = asked.cpu, asked.memory, asked.gpu
    wanted = (gpu or 0, cpu or 0, memory or 0)
    for each in MACHINES:
        if wanted[0] <= each.gpu and wanted[1] <= each.cpu and wanted[2] <= each.memory << 30:
            return each.name
    return None
