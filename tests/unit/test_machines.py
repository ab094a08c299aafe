"""The smallest machine that has what a stage asks for."""

from __future__ import annotations

import pytest
from mlopsc.compiler.model.project import Resources
from mlopsc.targets.azureml.facts import MACHINES
from mlopsc.targets.engines.kubernetes import quantity
from mlopsc.targets.engines.machines import smallest
from mlopsc.targets.sagemaker import facts as sagemaker

GI = 1 << 30


@pytest.mark.parametrize(
    ("asked", "machine"),
    [
        (Resources(cpu=0.5), "Standard_D2s_v3"),
        (Resources(cpu=2, memory=8 * GI), "Standard_D2s_v3"),
        (Resources(cpu=2, memory=8 * GI + 1), "Standard_E2s_v3"),
        (Resources(cpu=5), "Standard_D8s_v3"),
        (Resources(memory=400 * GI), "Standard_E64s_v3"),
        (Resources(gpu=1), "Standard_NC4as_T4_v3"),
        (Resources(cpu=20, gpu=1), "Standard_NC24ads_A100_v4"),
        (Resources(gpu=3), "Standard_NC64as_T4_v3"),
        (Resources(gpu=9), None),
        (Resources(memory=2000 * GI), None),
    ],
)
def test_the_smallest_that_has_it(asked: Resources, machine: str | None) -> None:
    assert smallest(MACHINES, asked) == machine


def test_a_stage_that_asks_for_nothing_gets_the_default_machine_of_sagemaker() -> None:
    assert sagemaker.machine(Resources()) == sagemaker.DEFAULT_MACHINE
    assert sagemaker.machine(Resources(cpu=1)) == "ml.m5.large"
    assert sagemaker.machine(Resources(gpu=9)) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [(8 * GI, "8Gi"), (1536 << 20, "1536Mi"), (1024, "1Ki"), (10**9 + 1, "1000000001"), (1 << 40, "1Ti")],
)
def test_bytes_as_kubernetes_writes_them(size: int, text: str) -> None:
    assert quantity(size) == text
