"""What every engine supports in the same way."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.model.target import Elsewhere, Emulated, Feature, Lost, Refused, Support

BY_DVC = Elsewhere("each task runs its stage by DVC, so dvc.yaml covers it")
NO_CLOCK = Elsewhere("its file has no clock: CI starts the pipeline there", ("github", "gitlab"))
BY_SLURM = Elsewhere("options of SLURM's jobs", ("slurm",))
ELSEWHERE = Elsewhere("not part of the pipeline: make and CI cover it", ("make", "github", "gitlab"))

TASKS: Support = {
    **dict.fromkeys(Feature, BY_DVC),
    Feature.FOREACH: Emulated("one task per expanded stage"),
    Feature.MATRIX: Emulated("one task per expanded stage"),
    Feature.SCRIPT: Emulated("a task; DVC runs the script"),
    Feature.STAGE_GATES: Emulated("one task per gate; it fails if a bound is not met"),
    Feature.SCHEDULE: NO_CLOCK,
    Feature.INSTANCE: Refused("the machine types are of other platforms"),
    Feature.NOTIFY: Lost("its file has no place for a webhook: use the notifications of the platform"),
    Feature.KUBERNETES: Refused("its tasks are no pods"),
    Feature.SLURM: BY_SLURM,
    **dict.fromkeys(
        (
            Feature.DATA, Feature.MODELS, Feature.EXPERIMENTS, Feature.DEPLOY, Feature.MONITOR,
            Feature.CI_TRIGGERS, Feature.CI_RUNNER, Feature.CI_SECRETS, Feature.CI_OIDC,
            Feature.CI_IMAGE, Feature.CI_CACHE, Feature.CI_LOCK, Feature.FAN_OUT, Feature.CI_RUNNERS,
        ),
        ELSEWHERE,
    ),
}  # fmt: skip
"""The support of an engine, unless its target overrides an entry."""

CONTAINER_OPTIONS: Support = {
    Feature.NETWORK: Refused("the platform decides on the network of its tasks"),
    Feature.CONTAINER_SHM: Refused("the file has no place for it"),
}
"""The support of a container's options where an engine runs the image."""

IN_IMAGES: Support = {
    Feature.UV: Emulated("MLOPS_SETUP installs uv and the packages"),
    Feature.VENV: Emulated("MLOPS_SETUP makes the virtual environment"),
    Feature.CONTAINER: Emulated("the image of the task"),
    Feature.PREFIX: Refused("the image of a task has nothing that the prefix names"),
    **CONTAINER_OPTIONS,
}
"""The support of environments where each task runs in an image."""

INSTALLED = Emulated("a task without `image` installs DVC with the extra for the remote")
"""The effect of `stack.registry` on `task.variables`."""

WATCHED = "with make and DVC, {} for each monitor, on its schedule unless CI has it; a breach fails its run, and `retrain` pushes a branch"
"""The effect of `monitor` on the engines of `monitors.ENGINES`."""

IN_PODS: Mapping[Feature, Emulated] = {
    Feature.GPU_TYPE: Emulated("a label of the pod's node, and the kind of device in its limits"),
    Feature.DISK: Emulated("the container's request for `ephemeral-storage`"),
    Feature.SHM: Emulated("a volume in memory at /dev/shm"),
    Feature.KUBERNETES: Emulated("the fields of the pod"),
    Feature.SPOT: Emulated(
        "a node with the label of GKE, AKS, EKS or Karpenter for spot nodes, whose taints are tolerated"
    ),
}
"""The support of an engine that starts pods of Kubernetes."""
