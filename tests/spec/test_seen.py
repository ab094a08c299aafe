"""Codes that only a repository on a disk can give, and that tests of the writer do not name: each is made to appear."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Disk
from mlopsc.compiler.model.target import File
from mlopsc.compiler.write.journal import JOURNAL, STATE, apply, recover
from mlopsc.compiler.write.lock import read_lock
from mlopsc.compiler.write.plan import Plan, plan


def planned(root: Path, text: str = "new\n", overwrite: tuple[str, ...] = ()) -> tuple[Plan, list[Diagnostic]]:
    disk = Disk(str(root))
    lock, problems = read_lock(disk)
    made, found = plan([File("out.yaml", text)], lock, disk, (), overwrite)
    return made, problems + found


def codes(found: list[Diagnostic]) -> list[str]:
    assert all(each.help for each in found)
    return [each.code for each in found]


def test_overwriting_a_file_that_is_not_written(tmp_path: Path) -> None:
    assert codes(planned(tmp_path, overwrite=("other.yaml",))[1]) == ["MLC608"]


def test_a_plan_with_conflicts_is_not_carried_out(tmp_path: Path) -> None:
    (tmp_path / "out.yaml").write_text("mine\n")
    made, found = planned(tmp_path)
    assert codes(found) == ["MLC601"]
    assert codes(apply(made, str(tmp_path))) == ["MLC609"]
    assert (tmp_path / "out.yaml").read_text() == "mine\n"


def test_a_build_beside_another_gives_up(tmp_path: Path) -> None:
    (tmp_path / STATE).mkdir(parents=True)
    with (tmp_path / STATE / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert codes(apply(planned(tmp_path)[0], str(tmp_path), patience=0.05)) == ["MLC610"]
    assert not (tmp_path / "out.yaml").exists()


def test_a_file_that_changes_between_plan_and_write(tmp_path: Path) -> None:
    made, _ = planned(tmp_path)
    (tmp_path / "out.yaml").write_text("quick\n")
    assert codes(apply(made, str(tmp_path))) == ["MLC611"]
    assert (tmp_path / "out.yaml").read_text() == "quick\n"


@pytest.mark.parametrize(
    "journal", ["", "[]", '{"entries": 3}', '{"entries": [{"path": "../x", "old": null, "new": null}]}']
)
def test_a_journal_that_cannot_be_trusted_changes_nothing(tmp_path: Path, journal: str) -> None:
    (tmp_path / STATE).mkdir(parents=True)
    (tmp_path / JOURNAL).write_text(journal)
    assert recover(str(tmp_path)) == []
    assert not (tmp_path / JOURNAL).exists()


def test_an_older_copy_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.yaml").write_text("mine\n")
    (tmp_path / "out.yaml.orig").write_text("older\n")
    made, _ = planned(tmp_path, overwrite=("out.yaml",))
    assert codes(apply(made, str(tmp_path))) == ["MLC613"]
    assert (tmp_path / "out.yaml.orig").read_text() == "older\n"
    assert (tmp_path / "out.yaml").read_text() == "mine\n"
