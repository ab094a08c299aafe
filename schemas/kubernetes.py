"""What stages ask of Kubernetes, wherever it runs their pods: Airflow, Argo, Kubeflow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .common import Duration, Model, form

_NAME = "[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
ObjectName = Annotated[str, form(f"^{_NAME}$", "the name of an object of Kubernetes such as `wine-training`")]
Namespace = Annotated[str, form(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "a namespace such as `ml-training`")]
LabelKey = Annotated[
    str, form(r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", "a label such as `acme.com/team`")
]
LabelValue = Annotated[
    str, form(r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$", 'the value of a label, in quotes, such as "true"')
]
MountPath = Annotated[str, form(r"^/[^\x00-\x1f:\x7f]+$", "an absolute path such as `/data`")]
Source = Annotated[
    str,
    form(
        rf"^((claim|secret|config_map)/{_NAME}|scratch/\d+(\.\d+)?([KMGT]i?)?)$",
        "a volume such as `claim/datasets`, `secret/keys`, `config_map/settings` or `scratch/50Gi`",
    ),
]
EnvSource = Annotated[
    str, form(rf"^(secret|config_map)/{_NAME}$", "a source such as `secret/keys` or `config_map/settings`")
]


class Toleration(Model):
    """A taint of nodes that pods accept."""

    key: LabelKey | None = Field(None, description="Key of the taint (default every key).")
    operator: Literal["Equal", "Exists"] | None = Field(
        None, description="`Equal` (default with `value`) or `Exists` (default without)."
    )
    value: LabelValue | None = Field(None, description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint (default every effect)."
    )


class Kubernetes(Model):
    """Settings of pods. Those of a stage are added to those at the top level; of single values, the stage's counts."""

    namespace: Namespace | None = Field(None, description="Namespace of the pods.")
    service_account: ObjectName | None = Field(None, description="Service account of the pods.")
    node_selector: dict[LabelKey, LabelValue] | None = Field(None, description="Labels that the node has to have.")
    gpu_label: LabelKey | None = Field(
        None,
        description="The label of nodes that has `resources.gpu_type` (default by its form: GKE's, NVIDIA's or AMD's).",
    )
    tolerations: list[Toleration] | None = Field(None, description="Taints of nodes that pods accept.")
    image_pull_secrets: list[ObjectName] | None = Field(
        None, description="Names of the secrets for private image registries."
    )
    volumes: dict[MountPath, Source] | None = Field(
        None,
        description="Volumes by the path at which a container has them: `claim/NAME`, `secret/NAME`, `config_map/NAME` or `scratch/SIZE`.",
    )
    env_from: list[EnvSource] | None = Field(
        None, description="Where more environment variables come from: `secret/NAME` or `config_map/NAME`."
    )
    labels: dict[LabelKey, LabelValue] | None = Field(None, description="Labels of the pods.")
    start_timeout: Duration | None = Field(
        None,
        description="How long a pod may wait for a node and its image on Airflow (default 15m); elsewhere it waits.",
    )
