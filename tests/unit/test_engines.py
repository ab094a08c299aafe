"""What every engine whose tasks are clones asks of a project."""

from __future__ import annotations

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

ENGINES = ("airflow", "argo", "azureml", "kubeflow", "mlflow", "sacred", "sagemaker", "vertex")
CONFIG = "[core]\n    remote = s\n['remote \"s\"']\n    profile = p\n    url = {}\n"


def said(stack: str, config: str = "") -> list[tuple[str, str]]:
    text = f"mlops: 1\nstack: {{{stack}, ci: []}}\nstages:\n  a: {{cmd: x, deps: [in.txt], outs: [a.txt]}}\n"
    files = {"mlops.yaml": text, "in.txt": "", **({".dvc/config": config} if config else {})}
    return [(each.code, each.severity) for each in compile_spec(Memory(files)).report if each.code == "MLC543"]


@pytest.mark.parametrize("name", ENGINES)
def test_results_are_handed_over_by_dvc_and_a_remote(name: str) -> None:
    assert said(f"orchestrator: [dvc, {name}], registry: 's3://b/p'") == []
    assert said(f"orchestrator: {name}, registry: 's3://b/p'") == [("MLC543", "error")]
    assert said(f"orchestrator: [dvc, {name}]") == [("MLC543", "warning")]
    assert said(f"orchestrator: [dvc, {name}]", "[core]\n    autostage = true\n") == [("MLC543", "warning")]
    assert said(f"orchestrator: [dvc, {name}]", CONFIG.format("s3://b/p")) == []
    assert said(f"orchestrator: [dvc, {name}]", CONFIG.format("https://example.org/x")) == [("MLC543", "error")]
