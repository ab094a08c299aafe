"""The user's CI: which files there are, and which of their jobs do nothing but call DVC."""

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
_LINE = re.compile(
    r"\s*(#.*|dvc (pull|repro|push|status|metrics|params|plots|exp show|fetch)\b[^;&|]*"
    r"|(python3? -m )?(uv )?pip3? install\b[^;&|]*|uv sync\b[^;&|]*|)\s*$"
)


def files(snapshot: Snapshot) -> list[str]:
    """The CI files of the repository."""
    names = [f"{GITHUB}/{name}" for name in snapshot.list(GITHUB) if name.endswith((".yml", ".yaml"))]
    return names + ([GITLAB] if snapshot.kind(GITLAB) == "file" else [])


def wrapping(snapshot: Snapshot, path: str) -> list[str]:
    """The jobs of a CI file that do nothing but check out, install, and call DVC."""
    source, problems = decode(path, snapshot.read(path) or b"")
    data = None if problems else load(source)[0]
    if not isinstance(data, Mapping):
        return []
    jobs = (
        data.get("jobs") if path != GITLAB else {n: j for n, j in data.items() if isinstance(j, dict) and "script" in j}
    )
    return [str(name) for name, job in (jobs.items() if isinstance(jobs, Mapping) else ()) if _only_dvc(job)]


def _only_dvc(job: Any) -> bool:
    lines = list(_lines(job)) if isinstance(job, Mapping) else [""]
    return any(line.lstrip().startswith("dvc repro") for line in lines) and all(_LINE.match(line) for line in lines)


def _lines(job: Mapping[str, Any]) -> Iterator[str]:
    """The commands of a job; a step that is none of ours to know gives a line that is none of DVC's."""
    script = job.get("script")
    yield from (str(line) for line in (script if isinstance(script, list) else [script] if script else ()))
    for step in job.get("steps") or ():
        if not isinstance(step, Mapping):
            yield "?"
        elif "uses" in step:
            yield "" if _USES.match(str(step["uses"])) else "?"
        else:
            yield from str(step.get("run", "?")).replace("\\\n", " ").splitlines()
