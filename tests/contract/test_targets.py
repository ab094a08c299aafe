"""What every installed target promises, other people's included: pure, deterministic, and honest about what it supports."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from constructs import BASE, FILES, NEEDS, WITH, WITH_DVC, merged
from mlopsc.compiler import installed
from mlopsc.compiler.build import compile_spec, emit
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.target import Elsewhere, Emulated, Feature, File, Refused

ROOT = Path(__file__).parents[2]
ORCHESTRATOR = {"dvc": ["dvc"], "make": ["make"], "github": ["dvc", "make"], "gitlab": ["dvc", "make"]}
"""What runs the pipeline in the spec of a target; of any other one it is DVC, and the target itself."""


def spec(target: str, more: dict[str, Any], needed: dict[str, Any], with_dvc: bool = False) -> dict[str, Any]:
    orchestrator = ORCHESTRATOR.get(target, ["dvc", target])
    if with_dvc and "dvc" not in orchestrator:
        orchestrator = ["dvc", *orchestrator]
    said: Any = {"mlops": 1, "stack": {"orchestrator": orchestrator, "ci": []}, "stages": {}, "a": BASE}
    for each in (needed, more):
        said = merged(said, each)
    said["stages"] = {"a": said.pop("a"), **said["stages"]}
    return dict(said)


def files(target: str, said: dict[str, Any]) -> dict[str, str]:
    run = compile_spec(Memory({**FILES, "mlops.yaml": dump(said)}))
    assert run.project is not None
    assert not [d for d in run.report if d.code < "MLC4" and d.code != "MLC319"], list(run.report)
    found, _ = installed.find([(target, ())])
    return {file.path: file.text for file in emit(run.project, found)[0]}


def names() -> list[str]:
    return list(installed.installed())


def test_every_feature_has_a_case() -> None:
    assert set(WITH) == set(Feature)


@pytest.mark.parametrize("feature", Feature)
@pytest.mark.parametrize("name", names())
def test_the_matrix_is_honest(name: str, feature: Feature) -> None:
    """With a construct and without it the bytes differ exactly when the target says that it keeps or emulates it."""
    target = installed.find([(name, ())])[0][0]
    support = target.support.get(feature, Refused(""))

    def differs(needed: dict[str, Any]) -> bool:
        with_dvc = feature in WITH_DVC
        return files(name, spec(name, WITH[feature], needed, with_dvc)) != files(name, spec(name, {}, needed, with_dvc))

    needed = NEEDS.get(feature, {})
    if isinstance(support, Emulated) and support.only_with is not None:
        assert not differs(needed), "it takes the other construct"
        needed = merged(needed, WITH[support.only_with])
    assert differs(needed) is not isinstance(support, Refused)


@pytest.mark.parametrize("name", names())
def test_pure_and_deterministic(name: str) -> None:
    run = compile_spec(Memory({**FILES, "mlops.yaml": dump(spec(name, WITH[Feature.MATRIX], {}))}))
    target = installed.find([(name, ())])[0][0]
    assert run.project is not None
    run.project = replace(run.project, remote_urls=("s3://bucket/p",))
    first, second = (list(target.emit(run.project)) for _ in range(2))
    assert first == second
    for file in first:
        assert isinstance(file, File)
        assert file.text.endswith("\n")
        told = "mlopsc" in file.text.partition("\n")[0] or file.path.endswith(".json")  # which has no comments
        assert told or file.block or file.path.startswith(".mlops/")


def test_entry_points_are_those_of_the_project() -> None:
    """An installation that is older than pyproject.toml would leave targets out of all tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {
        point.name: point.value
        for points in installed.installed().values()
        for point in points
        if point.dist is not None and point.dist.name == project["name"]
    }
    assert ours == project["entry-points"]["mlopsc.targets"], "install again: sh dev/setup.sh"


@pytest.mark.parametrize("name", names())
def test_a_construct_left_to_other_targets_is_supported_by_one_of_them(name: str) -> None:
    support = {other: installed.find([(other, ())])[0][0].support for other in names()}
    for feature, how in support[name].items():
        if isinstance(how, Elsewhere) and support.keys() >= set(how.by):
            assert any(not isinstance(support[other].get(feature, Refused("")), Refused) for other in how.by), feature
