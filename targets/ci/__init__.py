"""What every CI service runs: each step is stated once, so that a pipeline does the same on every service."""

from __future__ import annotations

from ...compiler.model.project import Project
from ...compiler.model.target import Elsewhere, Emulated, Feature, Refused, Support
from ..engines.support import BY_SLURM


def project_file(project: Project) -> str:
    """How the names of a project's files of CI begin. They lie together with those of other projects of the repository."""
    return f"mlops-{project.name}" if project.folder else "mlops"


def watched(project: Project, own: str) -> list[str]:
    """Patterns of the files whose changes start CI; ``own`` is that of the files of CI. Empty if all files do."""
    return [*project.ci.paths, *([own] if project.folder else [])] if project.ci.paths else []


BY_MAKE = Elsewhere("the job runs make or DVC, whose files say it", ("make", "dvc"))


def _fanned(how: str) -> Emulated:
    return Emulated(how, only_with=Feature.FAN_OUT)


_MACHINE = _fanned("the job runs on the smallest of `ci.runners` that has it")

PIPELINE: Support = {
    **dict.fromkeys(Feature, BY_MAKE),
    Feature.STAGES: _fanned("a job for each stage"),
    Feature.FOREACH: _fanned("a job for each expanded stage"),
    Feature.MATRIX: _fanned("a job for each expanded stage"),
    Feature.SCRIPT: _fanned("a job; DVC runs the script"),
    Feature.FROZEN: _fanned("a frozen stage has no job"),
    Feature.ALWAYS_CHANGED: _fanned("the stage runs in the last job, because DVC's run cache does not keep its result"),
    Feature.OUT_FLAGS: _fanned(
        "a stage with `persist` runs in the last job, because DVC's run cache does not keep its result"
    ),
    Feature.STAGE_GATES: _fanned("a job for each gate; gates with `.delta` are judged in the last job"),
    Feature.CPU: _MACHINE,
    Feature.MEMORY: _MACHINE,
    Feature.GPU: _MACHINE,
    Feature.GPU_TYPE: _MACHINE,
    Feature.DISK: _MACHINE,
    Feature.SPOT: Refused(
        "the machine decides: its label under `ci.runner` or `ci.runners` may be that of spot machines"
    ),
    Feature.INSTANCE: Refused("the machine types are of other platforms"),
    Feature.KUBERNETES: Refused("its jobs are no pods"),
    Feature.SLURM: BY_SLURM,
    Feature.MODELS: Elsewhere("a tag registers a model; `make register-NAME` sets it", ("make",)),
    Feature.CI_LOCK: Emulated("a last job, which runs nothing of the project, pushes dvc.lock or proposes it"),
    Feature.FAN_OUT: Emulated(
        "a job for each stage runs the worker script; the last job restores all results and reports"
    ),
    Feature.CI_RUNNERS: _fanned("the labels of the job's machine"),
}
"""The support of every CI service, unless the service states otherwise."""
