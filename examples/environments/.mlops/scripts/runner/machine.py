# Made by mlopsc: the machine that the runner works on. It needs psutil, as DVC does.
"""The processors, memory and GPUs that running stages share."""

from __future__ import annotations

import glob
import os
import re

import psutil


class Machine:
    """The processors, memory and GPUs that running stages share."""

    def __init__(self, resources: dict) -> None:
        self._resources = resources
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            self.gpus = sorted(re.sub(r"\D", "", path) for path in glob.glob("/dev/nvidia[0-9]*"))
        else:
            self.gpus = [gpu for gpu in visible.split(",") if gpu.strip()]
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # A stage that asks for a GPU where none is to be seen gets what there is, alone.
        self.all = {"cpu": processors, "memory": psutil.virtual_memory().total, "gpu": len(self.gpus) or 1}
        self.free = dict(self.all)

    def needs(self, stage) -> dict:
        """What a stage asks for, in cores, bytes and devices; of a thing that this machine has less of, all."""
        names = [stage.addressing, getattr(stage, "name", None), stage.raw_data.generated_from]
        asked = next((self._resources[name] for name in names if name in self._resources), {})
        return {key: min(asked[key], self.all[key]) for key in self.all if key in asked}

    def fits(self, needs: dict) -> bool:
        return all(self.free[key] >= amount for key, amount in needs.items())

    def take(self, needs: dict) -> list:
        """Take resources away from the others; the GPUs that were taken."""
        for key, amount in needs.items():
            self.free[key] -= amount
        count = int(needs.get("gpu", 0)) if self.gpus else 0
        taken, self.gpus = self.gpus[:count], self.gpus[count:]
        return taken

    def give_back(self, needs: dict, gpus: list) -> None:
        for key, amount in needs.items():
            self.free[key] += amount
        self.gpus = sorted([*self.gpus, *gpus])
