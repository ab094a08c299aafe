"""Programs that run their command in a container or on another machine."""

from __future__ import annotations

from .launcher import Launcher, Operand

ELSEWHERE: dict[str, Launcher] = dict.fromkeys(
    (
        "docker podman nerdctl singularity apptainer enroot shifter kubectl oc helm ssh rsh pdsh gcloud aws az sky"
        " dstack vagrant lxc modal-deploy docker-compose podman-compose ansible"
    ).split(),
    Launcher(Operand.ELSEWHERE),
)
"""Programs whose command runs in a container or on another machine, by name."""
