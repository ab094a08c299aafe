"""The installed targets by name: those of this distribution and of others, found in the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from .model.diagnostic import Code, Diagnostic
from .model.source import Path
from .model.target import Target

UNKNOWN_TARGET = Code(
    "MLC501", "error", "the target `{target}` is not installed", help="use one of the installed targets: {installed}"
)
UNKNOWN_TARGET_SIMILAR = replace(UNKNOWN_TARGET, help="did you mean `{similar}`?")
BROKEN_TARGET = Code(
    "MLC502",
    "error",
    "the target `{target}` ({value}) cannot be loaded: {problem}",
    help="update or remove the package that contains it",
)

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
"""The entry points of this distribution: reading them through importlib.metadata takes 20 ms of every build. tests/contract
compares the table with pyproject.toml."""


@cache
def installed() -> dict[str, str]:
    """The name and the entry point value of each target."""
    from importlib.metadata import entry_points

    return {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def find(names: Iterable[tuple[str, Path]]) -> tuple[list[Target], list[Diagnostic]]:
    """The targets with these names; each name comes with its place in the spec."""
    targets: list[Target] = []
    diagnostics: list[Diagnostic] = []
    for name, path in names:
        value = BUILT_IN.get(name) or installed().get(name)
        if value is None:
            diagnostics.append(_unknown(name, path))
            continue
        try:
            targets.append(load(value))
        except Exception as error:  # the code of another distribution may raise anything
            problem = f"{type(error).__name__}: {error}"
            diagnostics.append(BROKEN_TARGET.at(*path, target=name, value=value, problem=problem))
    return targets, diagnostics


def load(value: str) -> Target:
    """The target of an entry point value, ``module:Class``."""
    from importlib import import_module

    module, _, attribute = value.partition(":")
    if module.startswith("mlopsc."):  # under the name that this package was imported by
        module = f"{__name__.rpartition('.compiler.')[0]}.{module.removeprefix('mlopsc.')}"
    target: Target = getattr(import_module(module), attribute)()
    return target


def _unknown(name: str, path: Path) -> Diagnostic:
    from difflib import get_close_matches

    known = sorted(installed())
    if similar := get_close_matches(name, known, 1):
        return UNKNOWN_TARGET_SIMILAR.at(*path, target=name, similar=similar[0])
    return UNKNOWN_TARGET.at(*path, target=name, installed=", ".join(known))
