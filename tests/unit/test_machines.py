"""The smallest machine that has what a stage asks for."""

from __future__ import annotations

import pytest
from mlopsc.compiler.model.gpu import Gpu
from mlopsc.compiler.model.project import Resources
from mlopsc.targets.azureml.facts import MACHINES
from mlopsc.targets.engines import pods
from mlopsc.targets.engines.kubernetes import quantity
from mlopsc.targets.engines.machines import smallest
from mlopsc.targets.sagemaker import machines as sagemaker
from mlopsc.targets.vertex import machines as vertex

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


@pytest.mark.parametrize(
    ("label", "gpu"),
    [
        ("nvidia-tesla-a100", Gpu("a100")),
        ("nvidia-a100-80gb", Gpu("a100", 80)),
        ("NVIDIA-A100-SXM4-40GB", Gpu("a100", 40)),
        ("Tesla-T4", Gpu("t4")),
        ("nvidia-l40s", Gpu("l40s")),
        ("nvidia-h100-mega-80gb", Gpu("h100", 80)),
        ("amd-instinct-mi300x", Gpu("mi300x")),
        ("aws-trainium2", Gpu("trainium2")),
        ("nvidia-rtx-pro-6000", Gpu("rtx-pro-6000")),
    ],
)
def test_the_type_behind_a_label(label: str, gpu: Gpu) -> None:
    assert Gpu.of(label) == gpu


@pytest.mark.parametrize(
    ("asked", "kind", "machine"),
    [
        (Resources(gpu=1), "Training", "ml.g4dn.xlarge"),
        (Resources(gpu=1, memory=61 * GI), "Training", "ml.g4dn.4xlarge"),  # not a p3, which costs three times as much
        (Resources(gpu=8), "Training", "ml.g5.48xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-tesla-v100"), "Processing", "ml.p3.2xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-v100-32gb"), "Training", "ml.p3dn.24xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-tesla-a100"), "Training", "ml.p4d.24xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-a100-80gb"), "Training", "ml.p4de.24xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-tesla-a100"), "Processing", None),
        (Resources(gpu=1, gpu_type="nvidia-h100-80gb"), "Processing", "ml.p5.4xlarge"),
        (Resources(gpu=2, gpu_type="NVIDIA-H100-80GB-HBM3"), "Training", "ml.p5.48xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-l4"), "Processing", "ml.g6.xlarge"),
        (Resources(gpu=1, gpu_type="aws-trainium"), "Training", "ml.trn1.2xlarge"),
        (Resources(gpu=1, gpu_type="nvidia-l4", disk=1000 * GI), "Training", "ml.g6.16xlarge"),
        (Resources(disk=1000 * GI), "Training", "ml.m5.large"),
        (Resources(cpu=100), "Training", "ml.m7i.48xlarge"),
        (Resources(memory=1600 * GI), "Training", None),  # and no p5, which nobody asked for
    ],
)
def test_the_machine_of_a_job_on_sagemaker(asked: Resources, kind: str, machine: str | None) -> None:
    assert sagemaker.machine(asked, kind) == machine


def test_the_disk_of_a_job_on_sagemaker() -> None:
    assert sagemaker.volume(Resources(), "ml.m5.large") == 30
    assert sagemaker.volume(Resources(disk=200 * GI), "ml.m5.large") == 200
    assert sagemaker.volume(Resources(disk=200 * GI + 1), "ml.m5.large") == 201
    assert sagemaker.volume(Resources(disk=900 * GI), "ml.g5.xlarge") == 250  # its own disk, and SageMaker refuses more


@pytest.mark.parametrize(
    ("asked", "kind", "count"),
    [
        (Resources(gpu=1), "NVIDIA_TESLA_T4", 1),
        (Resources(gpu=3), "NVIDIA_TESLA_T4", 4),
        (Resources(gpu=8), "NVIDIA_TESLA_T4", 4),
        (Resources(gpu=3, gpu_type="nvidia-tesla-a100"), "NVIDIA_TESLA_A100", 4),
        (Resources(gpu=16, gpu_type="nvidia-tesla-a100"), "NVIDIA_TESLA_A100", 16),
        (Resources(gpu=1, gpu_type="NVIDIA-A100-SXM4-80GB"), "NVIDIA_A100_80GB", 1),
        (Resources(gpu=1, gpu_type="nvidia-h200-141gb"), "NVIDIA_H200_141GB", 8),
        (Resources(gpu=1, gpu_type="nvidia-a10g"), None, 1),
    ],
)
def test_the_gpus_of_a_task_on_vertex(asked: Resources, kind: str | None, count: int) -> None:
    assert (vertex.accelerator(asked), vertex.count(asked)) == (kind, count)


def test_a_machine_of_vertex_by_name() -> None:
    asked = vertex.limits(Resources(gpu=1, instances={"vertex": "a2-highgpu-2g"}))
    assert (asked.cpu, asked.memory, asked.gpu, asked.gpu_type) == (24, 170 * GI, 2, "nvidia-tesla-a100")
    huge = vertex.limits(Resources(instances={"vertex": "a3-highgpu-8g"}))
    assert (huge.cpu, huge.memory, huge.gpu) == (None, None, 8), "more than a limit of a task may be"


@pytest.mark.parametrize(
    ("gpu_type", "device", "label"),
    [
        ("nvidia-tesla-a100", "nvidia.com/gpu", "cloud.google.com/gke-accelerator"),
        ("NVIDIA-A100-SXM4-80GB", "nvidia.com/gpu", "nvidia.com/gpu.product"),
        ("Tesla-T4", "nvidia.com/gpu", "nvidia.com/gpu.product"),
        ("AMD_Instinct_MI300X", "amd.com/gpu", "amd.com/gpu.product-name"),
        ("aws-trainium", "aws.amazon.com/neuron", None),
    ],
)
def test_a_gpu_on_kubernetes(gpu_type: str, device: str, label: str | None) -> None:
    assert (pods.device(gpu_type), pods.gpu_label(gpu_type)) == (device, label)
