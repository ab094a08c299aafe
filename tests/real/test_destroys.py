"""What checks refuse before it runs, held to what DVC does with it; and what DVC accepts, which no check refuses."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import write
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Disk
from test_status import inside

pytestmark = pytest.mark.real


def errors(root: Path, stages: Mapping[str, Any]) -> set[str]:
    """Write the spec and its dvc.yaml; the codes of errors."""
    write(
        root,
        {
            "mlops.yaml": dump(
                {"mlops": 1, "stack": {"orchestrator": "dvc", "build": "none", "ci": []}, "stages": stages}
            )
        },
    )
    run = compile_spec(Disk(str(root)))
    assert run.project is not None
    write(root, {"dvc.yaml": dump(run.project.dvc)})
    return {found.code for found in run.report if found.severity == "error"}


def refused_by_dvc(root: Path) -> str | None:
    """Why `dvc repro` fails; None if it runs everything."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.CRITICAL + 1)
    with inside(root):
        try:
            with Repo(str(root)) as repo:
                repo.reproduce()
        except (DvcException, OSError, ValueError) as error:
            return f"{type(error).__name__}: {error} {error.__cause__}"
    return None


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from dvc.repo import Repo

    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    Repo.init(str(tmp_path)).close()
    return write(tmp_path, {"raw.txt": "b\na\n", "params.yaml": "p: 1\ntwo: {a: 1, b: 2}\n"})


SORT = "sort raw.txt > "
FAILING: tuple[tuple[str, str, Mapping[str, str], dict[str, Any]], ...] = (
    # the code, what DVC says, files, the stage
    ("MLC407", "already tracked", {"data/.gitkeep": ""}, {"cmd": f"mkdir -p data && {SORT}data/x", "outs": ["data"]}),
    ("MLC407", "already tracked", {"out.txt": ""}, {"cmd": f"{SORT}out.txt", "outs": ["out.txt"]}),
    ("MLC408", "is ignored by", {".dvcignore": "*.tmp\n"}, {"cmd": f"{SORT}x.tmp", "outs": ["x.tmp"]}),
    ("MLC408", "is ignored by", {".dvcignore": "/gen/\n"}, {"cmd": f"mkdir gen && {SORT}gen/x", "outs": ["gen/x"]}),
    ("MLC406", "is ignored by", {}, {"cmd": f"{SORT}.git/x", "outs": [".git/x"]}),
    ("MLC406", "is ignored by", {}, {"cmd": f"{SORT}.dvc/x", "outs": [".dvc/x"]}),
    ("MLC406", "cannot be an output", {}, {"cmd": f"{SORT}dvc.yaml", "outs": ["dvc.yaml"]}),
    ("MLC405", "dependency and an output", {}, {"cmd": f"{SORT}x", "deps": ["."], "outs": ["x"]}),
    ("MLC412", "must match only one", {}, {"cmd": "true", "params": ["two.*"]}),
    ("MLC421", "not JSON serializable", {"p.toml": "d = 2024-01-31\n"}, {"cmd": "true", "params": [{"p.toml": ["d"]}]}),
    ("MLC421", "not JSON serializable", {"p.toml": "[s]\nl = [2024-01-31]\n"}, {"cmd": "true", "params": [{"p.toml": ["s"]}]}),
    ("MLC422", ".dvcignore file should not be", {"d/.dvcignore": "x\n"}, {"cmd": "ls d", "deps": ["d"]}),
    ("MLC431", "null byte", {}, {"cmd": "echo a\0b"}),
    ("MLC436", "failed to run", {}, {"cmd": "echo ${x"}),
    ("MLC436", "failed to run", {}, {"cmd": ["echo a\necho \"${x\""]}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "why", "files", "stage"), FAILING, ids=[f"{row[0]}-{index}" for index, row in enumerate(FAILING)]
)
def test_what_dvc_fails_on_is_an_error(
    repository: Path, code: str, why: str, files: Mapping[str, str], stage: dict[str, Any]
) -> None:
    write(repository, files)
    subprocess.run(["git", "add", "--all", "--force"], cwd=repository, check=True)
    assert code in errors(repository, {"a": stage})
    assert why in (refused_by_dvc(repository) or "")


PASSING: tuple[tuple[Mapping[str, str], dict[str, Any]], ...] = (
    ({}, {"cmd": f"{SORT}x", "outs": ["x"]}),
    ({"data/.gitkeep": ""}, {"cmd": f"{SORT}data/x", "outs": [{"data/x": {"cache": False}}]}),
    ({".dvcignore": "*.tmp\n!y.tmp\n"}, {"cmd": f"{SORT}y.tmp", "outs": ["y.tmp"]}),
    ({}, {"cmd": "echo '${x'"}),
    ({}, {"cmd": "echo hi # ${x"}),
    ({}, {"cmd": ["for i in 1 2\ndo\n  cd .\n  echo $i\ndone"]}),
    ({}, {"cmd": "true", "params": ["two.[a]", "t*.b", "two"]}),
    ({"p.toml": 'd = "2024-01-31"\nt = 2024-01-31\n'}, {"cmd": "true", "params": [{"p.toml": ["d"]}]}),
    ({"d/e/.keep": ""}, {"cmd": "ls d", "deps": ["d"], "outs": []}),
)


@pytest.mark.parametrize(("files", "stage"), PASSING, ids=map(str, range(len(PASSING))))
def test_what_dvc_runs_is_no_error(repository: Path, files: Mapping[str, str], stage: dict[str, Any]) -> None:
    write(repository, files)
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True)
    assert errors(repository, {"a": stage}) == set()
    assert refused_by_dvc(repository) is None


def test_what_would_be_deleted(repository: Path) -> None:
    """DVC removes an out before it runs the command: the file is gone when the command fails."""
    write(repository, {"src/x.py": "print('x')\n"})
    stage = {"cmd": "python src/x.py", "outs": ["src"]}
    assert errors(repository, {"a": stage}) == {"MLC406"}
    assert "failed to run" in (refused_by_dvc(repository) or "")
    assert not (repository / "src").exists()
    assert errors(repository, {"a": {"cmd": "false", "outs": ["mlops.yaml"]}}) == {"MLC406"}
    refused_by_dvc(repository)
    assert not (repository / "mlops.yaml").exists()


NAMES = [f"a{char}b" for char in "!\"#$%&'()*+,/;<=>?[\\]^`{|}~@:. "] + ["-a", "0.1", "true", "Makefile"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_dvc_runs_are_no_errors(repository: Path, name: str) -> None:
    """`dvc stage add` refuses most of them; `dvc repro` decides here."""
    ours = errors(repository, {name: {"cmd": "true", "deps": ["raw.txt"]}})
    assert ours == (set() if refused_by_dvc(repository) is None else {"MLC416"})


def test_runs_once_and_runs_always(repository: Path) -> None:
    from dvc.repo import Repo

    errors(repository, {"once": {"cmd": "date > x", "outs": ["x"]}, "always": {"cmd": "true"}})
    run = compile_spec(Disk(str(repository)))
    assert {(found.code, "once and never again" in found.message, "every time" in found.message) for found in run.report} == {
        ("MLC413", True, False), ("MLC413", False, True),
    }  # fmt: skip
    assert refused_by_dvc(repository) is None
    with inside(repository), Repo(str(repository)) as repo:
        assert [stage.addressing for stage in repo.reproduce()] == ["always"]
