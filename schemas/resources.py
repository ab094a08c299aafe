"""What a stage requests of the machine that runs it, and what a machine has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .common import Model, form

Amount = (
    Annotated[int, Field(gt=0)]
    | Annotated[str, form(r"^\d+(\.\d+)?([KMGT]i?)?$", "an amount of memory such as `512Mi` or `8Gi`")]
)
"""Bytes, in the notation of Kubernetes."""

GpuType = Annotated[
    str,
    form(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", "the label of a GPU such as `nvidia-tesla-a100`"),
    Field(examples=["nvidia-tesla-a100"]),
]
"""A value of the label by which nodes of Kubernetes say what GPUs they have."""

InstanceName = Annotated[
    str, form(r"^[A-Za-z][A-Za-z0-9._-]*$", "the name of a machine type such as `ml.p4d.24xlarge`")
]


class MachineResources(Model):
    """The resources of a machine, in the notation of Kubernetes."""

    cpu: (
        Annotated[int | float, Field(gt=0)]
        | Annotated[str, form(r"^\d+(\.\d+)?m?$", "a number of cores such as `4`, `0.5` or `500m`")]
        | None
    ) = Field(None, description="Cores: `4`, `0.5` or `500m`.")
    memory: Amount | None = Field(None, description="Bytes, or an amount with a suffix: `512Mi`, `8Gi`, `4G`.")
    gpu: Annotated[int, Field(ge=0)] | None = Field(None, description="Number of accelerators.")
    gpu_type: GpuType | None = Field(
        None,
        description="Type of the accelerators, as Kubernetes labels them: `nvidia-tesla-a100`, `nvidia-a100-80gb`, "
        "`nvidia-l4`, `aws-trainium`. Without `gpu` it asks for one.",
    )
    disk: Amount | None = Field(None, description="Disk for the repository, its data and temporary files: `200Gi`.")


class Instances(Model):
    """The machine type by platform, instead of the smallest one that has the resources."""

    sagemaker: InstanceName | None = Field(None, description="Such as `ml.p4d.24xlarge`.")
    vertex: InstanceName | None = Field(None, description="Such as `a2-highgpu-1g`.")
    azureml: InstanceName | None = Field(None, description="Such as `Standard_NC24ads_A100_v4`.")


class Resources(MachineResources):
    """The resources that a stage requests, in the notation of Kubernetes."""

    shm: Amount | None = Field(None, description="Shared memory, /dev/shm, of its container: `16Gi`.")
    spot: bool | None = Field(None, description="Run on a cheaper machine that the platform may take away.")
    instance: Instances | None = Field(None, description="Machine types by platform.")
