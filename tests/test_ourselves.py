"""We live by our own tool: what it wrote in this repository is what it would write now."""

from pathlib import Path

import pytest
import yaml
from conftest import run

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("folder", [".", "examples/wine", "examples/loop"])
def test_nothing_is_stale(folder: str) -> None:
    run("mlopsc", "build", "--check", cwd=ROOT / folder)


def test_no_file_is_two_things() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for part in ("compiler", "schemas", "targets")
        for path in (ROOT / part).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    ]
    assert long == []


def test_a_commit_is_checked_by_the_commands_of_make_lint() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = (ROOT / "local.mk").read_text().partition("\nlint:")[2].partition("\n\n")[0].splitlines()[1:]
    assert [hook["entry"] for hook in hooks] == [line.strip().removeprefix("@") for line in recipe]
    assert not any(hook["pass_filenames"] for hook in hooks)
