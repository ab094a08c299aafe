"""The table of edges of tests/unit/test_edges.py, checked against the graph that DVC builds from the same dvc.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import write
from pipeline import dvc
from unit.test_edges import CASES, Case

pytestmark = pytest.mark.real


@pytest.mark.parametrize("case", [case for case in CASES if case.dvc], ids=lambda case: case.name.replace(" ", "-"))
def test_dvc_draws_the_same_edges(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    write(tmp_path, {**case.files, "dvc.yaml": json.dumps(dvc(case.spec, case.files))})
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        graph = repo.index.graph
        ours = {stage: stage.name for stage in graph if stage.path_in_repo == "dvc.yaml"}
        edges = {
            name: {ours[before] for before in graph.successors(stage) if before in ours} for stage, name in ours.items()
        }
    assert edges == {name: set(names.split()) for name, names in case.edges.items()}
