"""The files of DVC as data: the pipeline of the monitors, and the paths that Git and DVC ignore."""

from __future__ import annotations

from typing import Any

from ...compiler.model.project import Project

STATE_PATTERNS = "/.mlops/state\n/.venv\n"
"""What lies in the repository's root and changes by itself, for a stage that depends on the root."""


def monitoring(project: Project) -> dict[str, Any]:
    """The monitors as a pipeline of their own, which `dvc repro` leaves alone; they run in the root."""
    stages = {name: {**monitor.body, "wdir": ".."} for name, monitor in project.monitors.items()}
    has_templates = any("${" in str(body) for body in stages.values())
    return {**({"vars": ["../params.yaml"]} if has_templates else {}), "stages": stages}


def cached_outs(project: Project) -> list[str]:
    """The outs in the repository that DVC caches, and Git ignores."""
    return sorted({out.path for stage in project for out in stage.outs if out.cached and _is_local(out.path)})


def depends_on_root(project: Project) -> bool:
    """Whether a stage depends on the whole repository."""
    return any(dep in (".", "") for stage in project for dep in stage.deps)


def _is_local(path: str) -> bool:
    return "://" not in path and not path.startswith(("/", "../", "~"))
