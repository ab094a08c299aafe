"""The actions that workflows use, each pinned to the commit of a release. `make actions` renews them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...compiler.emit.yaml import Remarked
from ...compiler.model.ci import Pin

READ = "2026-11"
"""When the tags of these repositories were read."""

ACTIONS = {
    "actions/cache": ("0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/download-artifact": ("37930b1c2abaa49bbe596cd826c3c89aef350131", "v7.0.0"),
    "actions/upload-artifact": ("b7c566a772e6b6bfb58ed0dc250532a479d7789f", "v6.0.0"),
    "astral-sh/setup-uv": ("20cfd1bf945f4377ade1205e4dbc17946fc9a30d", "v10.0.1"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "azure/login": ("f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca", "v3.0.1"),
    "google-github-actions/auth": ("7c6bc770dae815cd3e89ee6cdf493a5fab2cc093", "v3.0.0"),
}
"""The commit and the tag of each release."""


def renewed(document: dict[str, Any], pins: Mapping[str, Pin]) -> dict[str, Any]:
    """A workflow with the pins that somebody, or Dependabot or Renovate, has bumped on disk to a newer release than ours."""
    jobs = {
        name: {**job, "steps": [_renewed(step, pins) for step in job["steps"]]}
        for name, job in document["jobs"].items()
    }
    return {**document, "jobs": jobs}


def _renewed(step: dict[str, Any], pins: Mapping[str, Pin]) -> dict[str, Any]:
    action = str(step.get("uses", "")).partition("@")[0]
    pin = pins.get(action)
    if pin is None or action not in ACTIONS or pin.numbers <= Pin(*ACTIONS[action]).numbers:
        return step
    return {**step, "uses": Remarked(f"{action}@{pin.commit}", pin.version)}


def uses(action: str) -> Remarked:
    """An action, pinned to the commit of a release."""
    commit, release = ACTIONS[action]
    return Remarked(f"{action}@{commit}", release)
