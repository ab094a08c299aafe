"""What a project in a folder of a Git repository cannot have."""

from __future__ import annotations

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

FOLDER = "services/ml"
TOP = "../.."
SPEC = """\
mlops: 1
project: wine
stack: {ci: github}
stages:
  train: {cmd: python src/train.py, infer: [code], deps: [in.csv], outs: [model]}
"""
FILES = {"in.csv": "1", "src/train.py": ""}


def codes(spec: str, files: dict[str, str] | None = None, folder: str = FOLDER) -> list[str]:
    built = compile_spec(Memory({**FILES, **(files or {}), "mlops.yaml": spec}, folder))
    return [diagnostic.code for diagnostic in built.report if diagnostic.severity != "note"]


def test_a_registry_needs_a_dvc_repository_of_the_folder() -> None:
    spec = SPEC.replace("stack: {", "stack: {registry: s3://a/b, ")
    assert codes(spec, {f"{TOP}/.dvc/config": ""}) == ["MLC318"]
    assert codes(spec, {f"{TOP}/.dvc/config": "", ".dvc/config": ""}) == []
    assert codes(spec) == []


@pytest.mark.parametrize("folder", ["a b", "größe", ".hidden/x", "a/.x", "x.lock", "a.lock/b"])
def test_gto_cannot_name_every_folder(folder: str) -> None:
    assert "MLC318" in codes(SPEC + "models: {m: {path: model, from: train}}\n", folder=folder)
    assert codes(SPEC, folder=folder) == []
