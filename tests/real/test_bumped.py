"""A pinned action that Dependabot or Renovate has bumped in an emitted workflow: the next build takes it over."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import run, write
from mlopsc.targets.github.pins import ACTIONS

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
stages: {sort: {cmd: sort raw.txt > o.txt, deps: [raw.txt], outs: [o.txt]}}
experiments: {e: {set: {lr: [1, 2]}}}
"""
COMMIT, VERSION = ACTIONS["actions/checkout"]
OURS = f"actions/checkout@{COMMIT}  # {VERSION}"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    run("git", "init", "-q", cwd=tmp_path)
    write(tmp_path, {"mlops.yaml": SPEC, "raw.txt": "a\n", "params.yaml": "lr: 1\n"})
    run("mlopsc", "build", cwd=tmp_path)
    return tmp_path


def bump(root: Path, name: str, old: str, new: str) -> Path:
    path = root / ".github/workflows" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_a_bump_stays(built: Path) -> None:
    newer = f"actions/checkout@{'ab' * 20}  # v99.1.2"
    texts = [bump(built, name, OURS, newer).read_text() for name in ("mlops.yml", "mlops-experiments.yml")]
    for _ in range(2):
        run("mlopsc", "build", cwd=built)
        assert [
            (built / ".github/workflows" / name).read_text() for name in ("mlops.yml", "mlops-experiments.yml")
        ] == texts
    run("mlopsc", "build", "--check", cwd=built)
    write(built, {"mlops.yaml": SPEC + "ci: {python: '3.11'}\n"})
    run("mlopsc", "build", cwd=built)
    text = (built / ".github/workflows/mlops.yml").read_text()
    assert newer in text
    assert OURS not in text
    assert "3.11" in text


def test_a_bump_in_one_workflow_reaches_all(built: Path) -> None:
    newer = f"actions/checkout@{'ab' * 20}  # v99.1.2"
    bump(built, "mlops.yml", OURS, newer)
    run("mlopsc", "build", cwd=built)
    assert newer in (built / ".github/workflows/mlops-experiments.yml").read_text()


@pytest.mark.parametrize(
    "other",
    [
        f"actions/checkout@{'ab' * 20}  # v1.0.0",  # older than ours
        "actions/checkout@v99  # v99.0.0",  # no commit
        f"evil/checkout@{'ab' * 20}  # v99.0.0",  # another action
        f"actions/checkout@{'ab' * 20}",  # no version
    ],
)
def test_any_other_edit_is_one(built: Path, other: str) -> None:
    bump(built, "mlops.yml", OURS, other)
    with pytest.raises(AssertionError, match="MLC601"):
        run("mlopsc", "build", cwd=built)
