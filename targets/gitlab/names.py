"""Names of jobs. Any text will do, unless it is a keyword or starts with a dot, which hides the job.

https://docs.gitlab.com/ci/jobs/#job-names
"""

from __future__ import annotations

from collections.abc import Iterable

from ...compiler.emit.names import distinct
from .facts import KEYWORDS


def stage_names(stages: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """The name of each stage's job; ``taken`` are the names of all other jobs."""
    reserved = {*KEYWORDS, *taken}

    def job_name(stage: str) -> str:
        return f"stage-{stage}" if stage in reserved or stage.startswith(".") else stage

    return distinct(stages, job_name, taken=reserved)
