"""What every engine that reads a PipelineSpec supports."""

from __future__ import annotations

from ....compiler.model.target import Emulated, Feature, Kept, Support
from ..support import IN_IMAGES, INSTALLED, TASKS

PIPELINE_SPEC: Support = {
    **TASKS,
    **IN_IMAGES,
    Feature.STAGES: Kept(),
    Feature.TEMPLATES: Emulated("a pipeline parameter for each one that a command uses, passed to DVC"),
    Feature.RETRIES: Kept(),
    Feature.IMAGE: Kept(),
    Feature.REGISTRY: INSTALLED,
}
