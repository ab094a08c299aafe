"""Which stages would run, told without DVC: held to what `dvc status` says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import run
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Disk
from mlopsc.compiler.show.reruns import reruns
from test_make import FILES, spec

pytestmark = pytest.mark.real


def told(root: Path) -> set[str]:
    """The stages that are not as dvc.lock has them, those only downstream of others left out."""
    disk = Disk(str(root))
    compiled = compile_spec(disk)
    assert compiled.project is not None
    assert compiled.params is not None
    found = reruns(compiled.project, disk, compiled.params)
    return {each.stage for each in found if not all(reason.endswith("runs before it") for reason in each.reasons)}


def by_dvc(root: Path) -> set[str]:
    return set(json.loads(run("dvc", "status", "--json", cwd=root).stdout))


def test_the_same_as_dvc_status(repository: Callable[[Mapping[str, str]], Path]) -> None:
    root = repository({**FILES, "mlops.yaml": spec("[dvc, make]")})
    run("mlopsc", "build", cwd=root)
    assert told(root) == by_dvc(root) == {"start", "left", "right", "each@1", "each@2", "end"}
    run("dvc", "repro", cwd=root)
    assert told(root) == by_dvc(root) == set()
    (root / "params.yaml").write_text("start: 1\nleft: 4\nother: 3\n")
    assert told(root) == by_dvc(root) == {"left"}
    (root / "dir/deep/y $(z)").write_text("other")
    assert told(root) == by_dvc(root) == {"left", "each@1", "each@2"}
    (root / "b/ri ght.txt").unlink()
    (root / "m.json").write_text("edited")
    assert told(root) == by_dvc(root)
    said = run("mlopsc", "plan", cwd=root).stdout
    assert "param `left` changed from 2 to 4" in said
