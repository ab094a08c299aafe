"""Twenty messy repositories, from `mlopsc init` to a clean clone with the same results; `python dev/messy.py` prints the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from messy import REPOSITORIES
from messy_judge import judge
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.scaffold.guess import guess

pytestmark = pytest.mark.real
QUICK = ("makefile", "two")
"""Those that `make test` takes the whole way: a Makefile of their own; folders in which scripts run."""


def test_there_are_twenty() -> None:
    assert len(REPOSITORIES) == 20
    assert sum(bool(messy.lacks) for messy in REPOSITORIES.values()) <= 2


@pytest.mark.parametrize("name", REPOSITORIES)
def test_the_stages_of_a_messy_repository(name: str) -> None:
    messy = REPOSITORIES[name]
    spec = guess(Memory({**messy.files, **messy.data}), name, (), ())
    assert tuple(stage.name for stage in spec.stages) == messy.stages
    doubts = [doubt for stage in spec.stages for doubt in stage.unsure]
    assert bool(doubts) >= bool(messy.lacks)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else [pytest.mark.full, pytest.mark.long]) for name in REPOSITORIES],
)
def test_a_messy_repository_becomes_a_pipeline(name: str, tmp_path: Path) -> None:
    messy = REPOSITORIES[name]
    verdict = judge(messy, tmp_path)
    if messy.lacks:
        assert messy.lacks in verdict.output
    if name != "arguments":
        assert verdict.failed == "", verdict.output
        assert verdict.stages == messy.stages
