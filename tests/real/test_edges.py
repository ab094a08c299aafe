"""The table of edges of tests/unit/test_edges.py, checked against the graph that DVC builds from the same dvc.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import write
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Disk
from pipeline import dvc
from unit.test_edges import CASES, Case

pytestmark = pytest.mark.real


@pytest.mark.parametrize("case", [case for case in CASES if case.dvc], ids=lambda case: case.name.replace(" ", "-"))
def test_dvc_draws_the_same_edges(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo

    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {**case.files, "dvc.yaml": json.dumps(dvc(case.spec, case.files))})
    Repo.init(str(tmp_path), no_scm=True).close()
    assert by_dvc(tmp_path) == {name: set(names.split()) for name, names in case.edges.items()}


def by_dvc(root: Path, file: str = "dvc.yaml") -> dict[str, set[str]]:
    """The edges between the stages of one dvc.yaml."""
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        graph = repo.index.graph
        ours = {stage: stage.name for stage in graph if stage.path_in_repo == file}
        return {
            name: {ours[before] for before in graph.successors(stage) if before in ours} for stage, name in ours.items()
        }


STAGES = """\
stages:
  make: {cmd: m, outs: [o]}
  above: {cmd: a, wdir: .., deps: [sub/o, sub//./o/x], outs: [sub/p, q]}
  read: {cmd: r, deps: [p, ../q]}
  through: {cmd: t, deps: [../sub/p]}
  all: {cmd: l, deps: [..]}
  own: {cmd: w, wdir: ../sub, deps: [p]}
"""


def test_two_names_of_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline in a folder, whose stages name its files from above."""
    from dvc.repo import Repo

    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.chdir(tmp_path)
    Repo.init(str(tmp_path), no_scm=True).close()
    write(tmp_path, {"sub/dvc.yaml": STAGES, "sub/mlops.yaml": f"mlops: 1\n{STAGES}"})
    run = compile_spec(Disk(str(tmp_path / "sub")))
    assert run.project is not None
    ours = {name: set(run.project.dag.parents(name)) for name in run.project.stages}
    assert ours == by_dvc(tmp_path, "sub/dvc.yaml")
    assert ours == {
        "make": set(), "above": {"make"}, "read": {"above"}, "through": {"above"}, "all": {"make", "above"}, "own": {"above"},
    }  # fmt: skip
    assert [found.message for found in run.report if found.code in ("MLC404", "MLC411")] == []
