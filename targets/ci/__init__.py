"""What every CI service runs: one text of each step, so that a pipeline does the same wherever it runs."""

from __future__ import annotations

from ...compiler.model.target import Elsewhere, Emulated, Feature, Support

BY_MAKE = Elsewhere("the pipeline is run through make or DVC, whose files say it", ("make", "dvc"))


def _fanned(how: str) -> Emulated:
    return Emulated(how, only_with=Feature.FAN_OUT)


_MACHINE = _fanned("the job runs on the smallest of `ci.runners` that has it")

PIPELINE: Support = {
    **dict.fromkeys(Feature, BY_MAKE),
    Feature.STAGES: _fanned("a job for each stage"),
    Feature.FOREACH: _fanned("a job for each stage it makes"),
    Feature.MATRIX: _fanned("a job for each stage it makes"),
    Feature.SCRIPT: _fanned("a job; DVC runs the script"),
    Feature.FROZEN: _fanned("a frozen stage has no job"),
    Feature.ALWAYS_CHANGED: _fanned("the stage runs in the last job, because DVC keeps no result to hand over"),
    Feature.OUT_FLAGS: _fanned("a stage with `persist` runs in the last job, because DVC keeps no result to hand over"),
    Feature.STAGE_GATES: _fanned("a job for each gate; with a `.delta` it is judged in the last job"),
    Feature.CPU: _MACHINE,
    Feature.MEMORY: _MACHINE,
    Feature.GPU: _MACHINE,
    Feature.MODELS: Elsewhere("a tag registers a model, and `make register-NAME` sets it", ("make",)),
    Feature.FAN_OUT: Emulated("a job for each stage runs the worker script; the last one restores all and reports"),
    Feature.CI_RUNNERS: _fanned("labels of the machine of a job"),
}
"""What holds for every CI service unless it says otherwise."""
