"""The commands of docs/monorepo.md, pasted one after the other, do what the page says."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import ROOT, run


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    page = (ROOT / "docs/monorepo.md").read_text()
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    identity = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "a"), ("EMAIL", "a@b.c"))
    }
    done = run("sh", "-eu", "-c", script, cwd=tmp_path, **identity)
    assert (tmp_path / "shop/services/wine/model.txt").read_text() == "10"
    assert "- libs/common/__init__.py" in done.stdout
    shown = run("mlopsc", "explain", "train", cwd=tmp_path / "shop/services/wine").stdout
    assert "../../libs/common/__init__.py" in shown
    workflows = sorted(path.name for path in (tmp_path / "shop/.github/workflows").iterdir())
    assert workflows == ["mlops-beer.yml", "mlops-wine.yml"]
    assert "libs" not in (tmp_path / "shop/.github/workflows/mlops-beer.yml").read_text()
