"""What every installed target promises, other people's included: pure, deterministic, and honest about what it supports."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler import installed
from mlopsc.compiler.build import compile_spec, emit, merge_patch
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.target import Elsewhere, Emulated, Feature, File, Refused

ROOT = Path(__file__).parents[2]
FILES = {"params.yaml": "lr: 1\n", "in.txt": "", "sub/in.txt": "", "ci.yaml": ""}

BASE: dict[str, Any] = {"cmd": "run", "deps": ["in.txt"], "outs": ["o.txt"], "metrics": ["b.json"]}
WITH: dict[Feature, dict[str, Any]] = {
    Feature.STAGES: {"stages": {"b": {"cmd": "other", "deps": ["in.txt"]}}},
    Feature.FOREACH: {"stages": {"b": {"foreach": [1, 2], "do": {"cmd": "run ${item}", "deps": ["in.txt"]}}}},
    Feature.MATRIX: {"stages": {"b": {"matrix": {"x": [1, 2]}, "cmd": "run ${item.x}", "deps": ["in.txt"]}}},
    Feature.TEMPLATES: {"a": {"cmd": "run ${lr}"}},
    Feature.VARS: {"vars": [{"v": 1}], "a": {"cmd": "run ${v}"}},
    Feature.WDIR: {"a": {"wdir": "sub"}},
    Feature.FROZEN: {"a": {"frozen": True}},
    Feature.ALWAYS_CHANGED: {"a": {"always_changed": True}},
    Feature.DESC: {"a": {"desc": "what it does"}},
    Feature.META: {"a": {"meta": {"k": 1}}},
    Feature.OUT_FLAGS: {"a": {"outs": [{"o.txt": {"persist": True}}]}},
    Feature.PARAMS: {"a": {"params": ["lr"]}},
    Feature.METRICS: {"a": {"metrics": ["m.json"]}},
    Feature.PLOTS: {"a": {"plots": ["p.csv"]}},
    Feature.ARTIFACTS: {"artifacts": {"m": {"path": "o.txt"}}},
    Feature.DATASETS: {"datasets": [{"name": "d", "type": "url", "url": "s3://b/x"}]},
    Feature.COMMAND_LISTS: {"a": {"cmd": ["run", "more"]}},
    Feature.SCRIPT: {"stages": {"b": {"script": "echo 1\n", "infer": "none"}}},
    Feature.ENV: {"a": {"env": {"A": "1"}}},
    Feature.TIMEOUT: {"a": {"timeout": "1m"}},
    Feature.RETRIES: {"a": {"retries": 2}},
    Feature.IMAGE: {"a": {"image": "python:3.12"}},
    Feature.CPU: {"a": {"resources": {"cpu": 2}}},
    Feature.MEMORY: {"a": {"resources": {"memory": "1Gi"}}},
    Feature.GPU: {"a": {"resources": {"gpu": 1}}},
    Feature.STAGE_GATES: {"a": {"gates": {"m": "> 1"}}},
    Feature.REGISTRY: {"stack": {"registry": "s3://bucket/p"}},
    Feature.DATA: {"data": {"d": {"url": "https://example.org/x.csv"}}},
    Feature.MODELS: {"models": {"m": {"path": "o.txt", "from": "a"}}},
    Feature.EXPERIMENTS: {"experiments": {"e": {"set": {"lr": [1, 2]}}}},
    Feature.DEPLOY: {"deploy": {"prod": {"model": "m", "run": "make x"}}},
    Feature.MONITOR: {"monitor": {"m": {"schedule": "0 6 * * *", "cmd": "run"}}},
    Feature.CI_TRIGGERS: {"ci": {"on": {"push": ["dev"]}}},
    Feature.CI_RUNNER: {"ci": {"runner": "big"}},
    Feature.CI_SECRETS: {"ci": {"secrets": ["KEY"]}},
    Feature.FAN_OUT: {"stack": {"registry": "s3://bucket/p"}, "ci": {"fan-out": "stage"}},
    Feature.CI_RUNNERS: {"ci": {"runners": {"big": {"cpu": 64}}}},
}
ORCHESTRATOR = {
    "dvc": ["dvc"],
    "make": ["make"],
    "github": ["dvc", "make"],
    "gitlab": ["dvc", "make"],
    "airflow": ["dvc", "airflow"],
    "kubeflow": ["dvc", "kubeflow"],
    "argo": ["dvc", "argo"],
    "azureml": ["dvc", "azureml"],
    "mlflow": ["dvc", "mlflow"],
    "sacred": ["dvc", "sacred"],
    "vertex": ["dvc", "vertex"],
    "sagemaker": ["dvc", "sagemaker"],
}
WITH_DVC = {Feature.REGISTRY, Feature.DATA, Feature.MODELS, Feature.EXPERIMENTS, Feature.DEPLOY, Feature.MONITOR}
"""Constructs that are DVC's own: without it no target writes them."""

RUNNERS = {"ci": {"runners": {"big": {"cpu": 64, "memory": "1Ti", "gpu": 8}}}}
NEEDS: dict[Feature, dict[str, Any]] = {
    Feature.DEPLOY: {"models": {"m": {"path": "o.txt"}}},
    Feature.FAN_OUT: {"stack": {"registry": "s3://bucket/p"}},
    Feature.CPU: RUNNERS,
    Feature.MEMORY: RUNNERS,
    Feature.GPU: RUNNERS,
    Feature.CI_RUNNERS: {"a": {"resources": {"cpu": 2}}},
}
"""What must be there for a construct to be valid; without and with it alike."""


def spec(target: str, more: dict[str, Any], needed: dict[str, Any], with_dvc: bool = False) -> dict[str, Any]:
    orchestrator = ORCHESTRATOR.get(target, ["dvc"])
    if with_dvc and "dvc" not in orchestrator:
        orchestrator = ["dvc", *orchestrator]
    said: Any = {"mlops": 1, "stack": {"orchestrator": orchestrator, "ci": []}, "stages": {}, "a": BASE}
    for each in (needed, more):
        said = merge_patch(said, each)
    said["stages"] = {"a": said.pop("a"), **said["stages"]}
    return dict(said)


def files(target: str, said: dict[str, Any]) -> dict[str, str]:
    run = compile_spec(Memory({**FILES, "mlops.yaml": dump(said)}))
    assert run.project is not None
    assert not [d for d in run.report if d.code < "MLC4"], list(run.report)
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
        needed = merge_patch(needed, WITH[support.only_with])
    assert differs(needed) is not isinstance(support, Refused)


@pytest.mark.parametrize("name", names())
def test_pure_and_deterministic(name: str) -> None:
    run = compile_spec(Memory({**FILES, "mlops.yaml": dump(spec(name, WITH[Feature.MATRIX], {}))}))
    target = installed.find([(name, ())])[0][0]
    assert run.project is not None
    run.project = replace(run.project, remote_url="s3://bucket/p")
    first, second = (list(target.emit(run.project)) for _ in range(2))
    assert first == second
    for file in first:
        assert isinstance(file, File)
        assert file.text.endswith("\n")
        told = "mlopsc" in file.text.partition("\n")[0] or file.path.endswith(".json")  # which has no comments
        assert told or file.block or file.path.startswith(".mlops/")


def test_built_in_names_are_the_entry_points() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["mlopsc.targets"] == installed.BUILT_IN
    assert set(installed.BUILT_IN) <= set(installed.installed())


@pytest.mark.parametrize("name", names())
def test_what_is_said_elsewhere_is_said(name: str) -> None:
    """A target that points at the files of others: one of them has the construct."""
    support = {each: installed.find([(each, ())])[0][0].support for each in names()}
    for feature, said in support[name].items():
        if isinstance(said, Elsewhere):
            others = [support[other].get(feature, Refused("")) for other in said.by]
            assert any(not isinstance(other, Refused) for other in others), feature
