"""The CI files of a repository, and which of their jobs only call DVC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model.snapshot import Snapshot
from ..read.yaml import decode, load

GITHUB = ".github/workflows"
GITLAB = ".gitlab-ci.yml"

_USES = re.compile(
    r"(actions/(checkout|setup-python|cache)|iterative/setup-(dvc|cml)|treeverse/setup-dvc|astral-sh/setup-uv)(@.*)?$"
)
_COMMAND = re.compile(
    r"\s*(#.*|dvc (pull|repro|push|status|metrics|params|plots|exp show|fetch)\b[^;&|]*"
    r"|(python3? -m )?(uv )?pip3? install\b[^;&|]*|uv sync\b[^;&|]*|)\s*$"
)


def ci_files(snapshot: Snapshot, top: str = "") -> list[str]:
    """The CI configuration files of the repository, to whose root ``top`` leads (`../`)."""
    folder, gitlab = f"{top}{GITHUB}", f"{top}{GITLAB}"
    names = [f"{folder}/{name}" for name in snapshot.list(folder) if name.endswith((".yml", ".yaml"))]
    return names + ([gitlab] if snapshot.kind(gitlab) == "file" else [])


def jobs_of_dvc(snapshot: Snapshot, path: str) -> list[str]:
    """The jobs of a CI file that only check out, install and call DVC."""
    source, problems = decode(path, snapshot.read(path) or b"")
    data = None if problems else load(source)[0]
    if not isinstance(data, Mapping):
        return []
    jobs = data.get("jobs")
    if path == GITLAB:
        jobs = {name: job for name, job in data.items() if isinstance(job, dict) and "script" in job}
    return [str(name) for name, job in jobs.items() if _only_dvc(job)] if isinstance(jobs, Mapping) else []


def _only_dvc(job: Any) -> bool:
    commands = list(_commands(job)) if isinstance(job, Mapping) else []
    runs = any(command.lstrip().startswith("dvc repro") for command in commands)
    return runs and all(_COMMAND.match(command) for command in commands)


def _commands(job: Mapping[str, Any]) -> Iterator[str]:
    """The commands of a job, with `?` for a step that does something else."""
    script = job.get("script")
    yield from (str(line) for line in (script if isinstance(script, list) else [script] if script else ()))
    for step in job.get("steps") or ():
        if not isinstance(step, Mapping):
            yield "?"
        elif "uses" in step:
            yield "" if _USES.match(str(step["uses"])) else "?"
        else:
            yield from str(step.get("run", "?")).replace("\\\n", " ").splitlines()
