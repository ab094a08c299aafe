"""The `dvc` target: dvc.yaml, and the blocks of .gitignore and .dvcignore that DVC would write itself.

The language is a superset of DVC's, so everything of DVC is kept word for word, templates included. Facts: DVC 3.67,
https://dvc.org/doc/user-guide/project-structure/dvcyaml-files
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...compiler.emit.files import yaml_file
from ...compiler.emit.gitignore import ignore_patterns
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import Elsewhere, Emulated, Feature, File, Kept, Refused, Support
from ..engines import stores
from ..engines.support import BY_SLURM
from . import runner
from .config import config
from .document import STATE_PATTERNS, cached_outs, depends_on_root, monitoring


class Dvc:
    """DVC's own pipeline file."""

    name = "dvc"
    support: ClassVar[Support] = {
        **dict.fromkeys(
            (
                Feature.STAGES,
                Feature.FOREACH,
                Feature.MATRIX,
                Feature.TEMPLATES,
                Feature.VARS,
                Feature.WDIR,
                Feature.FROZEN,
                Feature.ALWAYS_CHANGED,
                Feature.DESC,
                Feature.META,
                Feature.OUT_FLAGS,
                Feature.PARAMS,
                Feature.METRICS,
                Feature.PLOTS,
                Feature.ARTIFACTS,
                Feature.DATASETS,
                Feature.COMMAND_LISTS,
            ),
            Kept(),
        ),
        Feature.MODELS: Emulated("entries of `artifacts`"),
        Feature.SCRIPT: Emulated(
            "a file under .mlops/scripts, run by `bash -euo pipefail`; templates become variables"
        ),
        Feature.ENV: Emulated("an `export` before each command"),
        Feature.TIMEOUT: Emulated("the command runs under coreutils' `timeout`, by .mlops/scripts/run.sh"),
        Feature.RETRIES: Emulated("a loop in .mlops/scripts/run.sh"),
        Feature.STAGE_GATES: Emulated("a stage `gate-NAME`, which runs .mlops/scripts/gate.py and fails"),
        Feature.REGISTRY: Emulated("remotes in .dvc/config; credentials come from the environment"),
        Feature.DEPLOY: Emulated("a script for each environment, and GTO's tags"),
        Feature.MONITOR: Emulated("a stage in monitoring/dvc.yaml, and a script that keeps the history"),
        Feature.NOTIFY: Refused("DVC runs where you see it fail"),
        Feature.SCHEDULE: Refused("DVC has no clock"),
        Feature.SLURM: BY_SLURM,
        Feature.DATA: Elsewhere("DVC keeps a source in a .dvc file, which `make data` writes", ("make",)),
        Feature.EXPERIMENTS: Emulated("a script that compares them; `make exp-NAME` queues and runs them"),
        Feature.IMAGE: Emulated("podman, docker or apptainer, by .mlops/scripts/container.sh"),
        Feature.UV: Emulated("commands run by `uv run`"),
        Feature.VENV: Emulated("a virtual environment that .mlops/scripts/venv.sh makes and keeps up to date"),
        Feature.CONTAINER: Emulated("podman, docker or apptainer, by .mlops/scripts/container.sh"),
        Feature.PREFIX: Emulated("the prefix of each command"),
        Feature.NETWORK: Emulated("an option of the container"),
        Feature.CONTAINER_SHM: Emulated("an option of the container"),
        Feature.CPU: Emulated("the runner, .mlops/scripts/run.py, runs together what fits the machine's cores"),
        Feature.MEMORY: Emulated("the runner, .mlops/scripts/run.py, runs together what fits the machine's memory"),
        Feature.GPU: Emulated("the runner, .mlops/scripts/run.py, gives each stage GPUs of its own"),
        **dict.fromkeys(
            (Feature.GPU_TYPE, Feature.DISK, Feature.SHM, Feature.SPOT, Feature.INSTANCE, Feature.KUBERNETES),
            Refused("DVC runs commands on this machine as it is"),
        ),
    }

    def emit(self, project: Project) -> Iterator[File | Diagnostic]:
        """dvc.yaml, the files that its commands need, and ignore blocks for what it keeps in its cache."""
        yield yaml_file("dvc.yaml", project.dvc)
        for script in {script.path: script for script in (*project.scripts, *project.programs)}.values():
            yield File(script.path, script.text, derived=script.derived)
        yield from runner.files(project)
        for store in project.stores:
            yield File(".gitignore", stores.IGNORED[store], block=True)
        if project.stores:
            yield from stores.files(project)
        if project.monitors:
            yield yaml_file("monitoring/dvc.yaml", monitoring(project))
        if project.dvc_config is not None:
            yield File(".dvc/config", project.dvc_config)
        elif settings := config(project.remotes):
            yield File(".dvc/config", settings, block=True)
        if outs := cached_outs(project):
            yield File(".gitignore", ignore_patterns(outs), block=True)
        if depends_on_root(project):
            yield File(".dvcignore", STATE_PATTERNS, block=True)
