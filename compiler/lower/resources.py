"""`resources` in cores, bytes and devices."""

from __future__ import annotations

from dataclasses import replace

from ...schemas import resources as language
from ..model.resources import Resources

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def lower_resources(resources: language.MachineResources | None) -> Resources:
    """The resources of a stage or a machine. One that names a type of accelerator and no number has one."""
    if resources is None:
        return Resources()
    gpu = 1 if resources.gpu is None and resources.gpu_type is not None else resources.gpu
    machine = Resources(
        _cores(resources.cpu), _bytes(resources.memory), gpu, resources.gpu_type, _bytes(resources.disk)
    )
    if not isinstance(resources, language.Resources):
        return machine
    instances = resources.instance.model_dump(exclude_none=True) if resources.instance is not None else {}
    return replace(machine, shm=_bytes(resources.shm), spot=bool(resources.spot), instances=instances)


def _cores(cpu: float | str | None) -> float | None:
    if isinstance(cpu, str):
        return float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    return None if cpu is None else float(cpu)


def _bytes(amount: int | str | None) -> int | None:
    if isinstance(amount, str):
        digits = amount.rstrip("KMGTi")
        return int(float(digits) * _UNITS[amount[len(digits) :]])
    return amount
