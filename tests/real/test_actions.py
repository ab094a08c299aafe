"""`make actions`: the newest release of each action, by the tags of real repositories."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run
from mlopsc.dev import actions
from mlopsc.targets.github.pins import ACTIONS

pytestmark = pytest.mark.real

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b")


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    """A repository for each action: releases as plain and as annotated tags, and tags that are no releases."""
    for number, action in enumerate(ACTIONS):
        folder = tmp_path / "from" / action
        folder.mkdir(parents=True)
        run("git", "init", "-q", cwd=folder)
        for tag in ("v1.2.0", "v1.10.0", "v2.0.0-rc1"):
            run("git", *IDENTITY, "commit", "-q", "--allow-empty", "-m", tag, cwd=folder)
            run("git", *IDENTITY, "tag", *(("-a", "-m", tag) if number % 2 else ()), tag, cwd=folder)
        run("git", "tag", "v1", cwd=folder)
    return tmp_path / "from"


def test_the_newest_release_is_pinned_to_its_commit(
    repositories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = tmp_path / "pins.py"
    shutil.copy(actions.PINS, pins)
    monkeypatch.setattr(actions, "PINS", pins)
    monkeypatch.setenv("MLOPS_ACTIONS_FROM", str(repositories))
    before = pins.read_text()
    assert actions.main(check=True) == 1
    assert pins.read_text() == before
    assert actions.main(check=False) == 0
    for action in ACTIONS:
        commit = run("git", "rev-parse", "v1.10.0^{commit}", cwd=repositories / action).stdout.strip()
        assert f'"{action}": ("{commit}", "v1.10.0")' in pins.read_text()
    monkeypatch.setattr(actions, "ACTIONS", {action: _pinned(pins, action) for action in ACTIONS})
    assert actions.main(check=True) == 0


def _pinned(pins: Path, action: str) -> tuple[str, str]:
    scope: dict[str, object] = {}
    text = pins.read_text()
    start = text.index("ACTIONS = {")
    exec(text[start : text.index("}", start) + 1], scope)
    found = scope["ACTIONS"]
    assert isinstance(found, dict)
    commit, tag = found[action]
    return str(commit), str(tag)


def test_the_command(repositories: Path) -> None:
    program = [sys.executable, str(ROOT / "dev/actions.py"), "--check"]
    done = run(*program, cwd=ROOT, check=False, MLOPS_ACTIONS_FROM=str(repositories))
    assert done.returncode == 1
    assert "actions/checkout: " in done.stdout
