"""What a stage asks of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Toleration(NamedTuple):
    """A taint of nodes that pods accept; None matches all."""

    key: str | None
    operator: Literal["Equal", "Exists"]
    value: str | None
    effect: str | None


class Volume(NamedTuple):
    """A volume and the path at which a container has it. ``name`` is that of the object, or for `scratch` its size."""

    path: str
    kind: Literal["claim", "secret", "config_map", "scratch"]
    name: str


class EnvSource(NamedTuple):
    """An object whose entries become environment variables."""

    kind: Literal["secret", "config_map"]
    name: str


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Settings of pods. ``start_timeout`` is in seconds."""

    namespace: str | None = None
    service_account: str | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    gpu_label: str | None = None
    tolerations: tuple[Toleration, ...] = ()
    image_pull_secrets: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    env_from: tuple[EnvSource, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    start_timeout: int | None = None

    def joined(self, more: Kubernetes) -> Kubernetes:
        """These settings with those of a stage added; of single values, the stage's counts."""
        volumes = {volume.path: volume for volume in (*self.volumes, *more.volumes)}
        return Kubernetes(
            namespace=more.namespace or self.namespace,
            service_account=more.service_account or self.service_account,
            node_selector={**self.node_selector, **more.node_selector},
            gpu_label=more.gpu_label or self.gpu_label,
            tolerations=tuple(dict.fromkeys([*self.tolerations, *more.tolerations])),
            image_pull_secrets=tuple(dict.fromkeys([*self.image_pull_secrets, *more.image_pull_secrets])),
            volumes=tuple(volumes.values()),
            env_from=tuple(dict.fromkeys([*self.env_from, *more.env_from])),
            labels={**self.labels, **more.labels},
            start_timeout=more.start_timeout or self.start_timeout,
        )
