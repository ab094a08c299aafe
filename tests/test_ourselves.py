"""We live by our own tool: what it wrote in this repository is what it would write now."""

from pathlib import Path

import pytest
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
