"""`ci.fan-out`: the stages with a job of their own, and the jobs that each job waits for.

Results pass from one job to the next through the run cache on the DVC remote. A stage that DVC keeps out of the run cache
runs in the last job, together with the stages that depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model.project import Project, Stage
from ..model.source import At
from ..model.target import Feature


@dataclass(frozen=True, slots=True)
class Fan:
    """The jobs by stage, each with the stages whose jobs it waits for; and the stages of the last job."""

    jobs: dict[str, tuple[str, ...]]
    last: tuple[str, ...]

    @property
    def ends(self) -> list[str]:
        """The stages whose jobs no other job waits for."""
        awaited = {name for needs in self.jobs.values() for name in needs}
        return [name for name in self.jobs if name not in awaited]


def fan(project: Project) -> Fan:
    """The jobs of a pipeline, each after those it waits for. A frozen stage has no job."""
    jobs: dict[str, tuple[str, ...]] = {}
    last: dict[str, None] = {}
    for stage in project:
        parents = project.dag.parents(stage.name)
        if stage.frozen:
            continue
        if not stage.in_run_cache or any(parent in last for parent in parents):
            last[stage.name] = None
        else:
            jobs[stage.name] = tuple(parent for parent in parents if parent in jobs)
    return Fan(jobs, tuple(last))


def place(project: Project, stage: Stage, feature: Feature) -> At:
    """The place of a feature at a stage."""
    paths = project.features.get(feature, ())
    return next((At(path) for path in paths if path[:2] == ("stages", stage.entry)), stage.at)
