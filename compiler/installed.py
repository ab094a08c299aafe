"""The back ends that are installed, by name: ours and other people's, found the same way."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from .model.diagnostic import Diagnostic
from .model.source import At, Path
from .model.target import Target

GROUP = "mlopsc.targets"

BUILT_IN = {
    "dvc": "mlopsc.targets.dvc:Dvc",
    "make": "mlopsc.targets.make:Make",
    "github": "mlopsc.targets.github:Github",
    "airflow": "mlopsc.targets.airflow:Airflow",
    "gitlab": "mlopsc.targets.gitlab:Gitlab",
    "kubeflow": "mlopsc.targets.kubeflow:Kubeflow",
    "argo": "mlopsc.targets.argo:Argo",
    "azureml": "mlopsc.targets.azureml:Azureml",
    "mlflow": "mlopsc.targets.mlflow:Mlflow",
    "sacred": "mlopsc.targets.sacred:Sacred",
    "vertex": "mlopsc.targets.vertex:Vertex",
    "sagemaker": "mlopsc.targets.sagemaker:Sagemaker",
}
"""This distribution's own entry points: reading them back through importlib.metadata costs 20 ms of every build.
tests/contract holds the table and pyproject.toml together."""


@cache
def installed() -> dict[str, str]:
    """Every target's name and the object that makes it, as entry points write it."""
    from importlib.metadata import entry_points

    return {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def find(names: Iterable[tuple[str, Path]]) -> tuple[list[Target], list[Diagnostic]]:
    """The targets by those names; ``names`` come with the place in the spec that asks for each."""
    targets: list[Target] = []
    found: list[Diagnostic] = []
    for name, path in names:
        value = BUILT_IN.get(name) or installed().get(name)
        if value is None:
            found.append(_unknown(name, path))
            continue
        try:
            targets.append(load(value))
        except Exception as error:  # another distribution's code: whatever it raises is its author's to mend
            what = f"the target `{name}` ({value}) cannot be loaded: {type(error).__name__}: {error}"
            found.append(Diagnostic("MLC502", what, At(path), help="update or remove the package it comes from"))
    return targets, found


def load(value: str) -> Target:
    """The target behind an entry point's value, ``module:Class``."""
    from importlib import import_module

    module, _, attribute = value.partition(":")
    if module.startswith("mlopsc."):  # whatever name this package was imported under
        module = f"{__name__.rpartition('.compiler.')[0]}.{module.removeprefix('mlopsc.')}"
    target: Target = getattr(import_module(module), attribute)()
    return target


def _unknown(name: str, path: Path) -> Diagnostic:
    from difflib import get_close_matches

    known = sorted(installed())
    close = get_close_matches(name, known, 1)
    help_ = f"did you mean `{close[0]}`?" if close else f"installed are: {', '.join(known)}"
    return Diagnostic("MLC501", f"there is no target `{name}` installed", At(path), help=help_)
