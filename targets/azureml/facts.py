"""Facts about Azure Machine Learning."""

from __future__ import annotations

import re

from ..engines.machines import Machine

SCHEMA = "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json"

SCHEDULE_SCHEMA = "https://azuremlschemas.azureedge.net/latest/schedule.schema.json"
IGNORED_FIELDS = (2, 3)
"""Fields of a cron line that a schedule takes for `*` whatever they say: the day of the month, and the month.
https://learn.microsoft.com/azure/machine-learning/reference-yaml-schedule#cron-trigger"""

MAX_NAME = 128
"""Characters of a name: fewer than the 255 that AzureML takes, as inputs are named after jobs.
https://learn.microsoft.com/azure/machine-learning/reference-yaml-component-command#yaml-syntax"""

NONE = "none"
"""The value of an input that nobody set: the service refuses an empty one, Azure/azure-sdk-for-python issue 41834."""

_T4, _A100_80 = "nvidia-tesla-t4", "nvidia-a100-80gb"
MACHINES = sorted(
    [
        # https://learn.microsoft.com/azure/virtual-machines/sizes/general-purpose/dsv3-series
        *(Machine(0, n, 4 * n, f"Standard_D{n}s_v3") for n in (2, 4, 8, 16, 32, 48, 64)),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/memory-optimized/esv3-series
        *(Machine(0, n, 8 * n, f"Standard_E{n}s_v3") for n in (2, 4, 8, 16, 20, 32, 48)),
        Machine(0, 64, 432, "Standard_E64s_v3"),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ncast4v3-series
        Machine(1, 4, 28, "Standard_NC4as_T4_v3", _T4),
        Machine(1, 8, 56, "Standard_NC8as_T4_v3", _T4),
        Machine(1, 16, 110, "Standard_NC16as_T4_v3", _T4),
        Machine(4, 64, 440, "Standard_NC64as_T4_v3", _T4),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/nca100v4-series
        Machine(1, 24, 220, "Standard_NC24ads_A100_v4", _A100_80),
        Machine(2, 48, 440, "Standard_NC48ads_A100_v4", _A100_80),
        Machine(4, 96, 880, "Standard_NC96ads_A100_v4", _A100_80),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ndasra100v4-series
        Machine(8, 96, 900, "Standard_ND96asr_v4", "nvidia-a100-40gb"),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ndma100v4-series
        Machine(8, 96, 1900, "Standard_ND96amsr_A100_v4", _A100_80),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ncadsh100v5-series
        Machine(1, 40, 320, "Standard_NC40ads_H100_v5", "nvidia-h100-94gb"),
        Machine(2, 80, 640, "Standard_NC80adis_H100_v5", "nvidia-h100-94gb"),
        # https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated/ndh100v5-series
        Machine(8, 96, 1900, "Standard_ND96isr_H100_v5", "nvidia-h100-80gb"),
    ]
)
"""From small to large: fewest GPUs first, then fewest cores. As of 2026-11."""

VM_SIZE = re.compile(r"(Standard|Basic)_[A-Z]+\d+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*")
"""https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions"""
