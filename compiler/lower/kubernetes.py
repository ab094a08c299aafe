"""`kubernetes` with its defaults."""

from __future__ import annotations

from typing import Any

from ...schemas import kubernetes as language
from ...schemas.common import seconds
from ..model.kubernetes import EnvSource, Kubernetes, Toleration, Volume


def lower_kubernetes(declared: language.Kubernetes | None) -> Kubernetes:
    """The settings of one level of the spec."""
    if declared is None:
        return Kubernetes()
    return Kubernetes(
        namespace=declared.namespace,
        service_account=declared.service_account,
        node_selector=declared.node_selector or {},
        gpu_label=declared.gpu_label,
        tolerations=tuple(map(_toleration, declared.tolerations or ())),
        image_pull_secrets=tuple(declared.image_pull_secrets or ()),
        volumes=tuple(Volume(path, *_kind_and_name(source)) for path, source in (declared.volumes or {}).items()),
        env_from=tuple(EnvSource(*_kind_and_name(source)) for source in declared.env_from or ()),
        labels=declared.labels or {},
        start_timeout=seconds(declared.start_timeout),
    )


def _toleration(declared: language.Toleration) -> Toleration:
    operator = declared.operator or ("Exists" if declared.value is None else "Equal")
    return Toleration(declared.key, operator, declared.value, declared.effect)


def _kind_and_name(source: str) -> Any:
    kind, _, name = source.partition("/")
    return kind, name
