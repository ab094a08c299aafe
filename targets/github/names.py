"""Job ids: letters, digits, `-` and `_`, starting with a letter or `_`. GitHub ignores their case.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_id
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...compiler.emit.names import distinct

PIPELINE_JOBS = ("check", "test", "pipeline", "comment", "lock", "notify")
"""The jobs of the pipeline's workflow that are no stages."""


def stage_ids(stages: Iterable[str]) -> dict[str, str]:
    """The id of each stage's job."""
    return distinct(stages, _stage_id, taken=PIPELINE_JOBS, mark="-")


def ids(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """The ids of jobs that are named ``PREFIX-NAME``."""
    wanted = {name: f"{prefix}-{_slug(name)}" for name in names}
    unique = distinct(wanted, lambda name: wanted[name].lower(), mark="-")
    return {name: id_ + unique[name].removeprefix(id_.lower()) for name, id_ in wanted.items()}


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def _stage_id(name: str) -> str:
    slug = _slug(name).lower()
    return f"stage-{slug}" if slug in PIPELINE_JOBS or not re.match("[a-z_]", slug) else slug
