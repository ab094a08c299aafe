"""What DVC's own tools write into dvc.yaml is recognised by a build, and `import --merge` takes it into mlops.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import run, write
from mlopsc.compiler.adopt.merge import merge
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Disk
from mlopsc.compiler.write.journal import apply
from mlopsc.compiler.write.lock import read_lock
from mlopsc.compiler.write.plan import plan
from ruamel.yaml import YAML

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

SPEC = """\
# our pipeline
mlops: 1
project: t
stack: {orchestrator: dvc, build: none, ci: []}   # DVC only

stages:
  prepare:   # by convention
  train:
    cmd: python src/train.py
    deps:
      # the result of prepare
      - data/prepare   # a folder
      - src/train.py
    params: [lr]
    outs: [ model.txt ]   # one file

  report: {cmd: "cat model.txt > report.txt", deps: [model.txt], outs: [report.txt]}
# the end
"""
FILES = {
    "mlops.yaml": SPEC,
    "raw.txt": "1\n",
    "params.yaml": "lr: 1\n",
    "src/prepare.py": "import os\nos.makedirs('data/prepare', exist_ok=True)\nopen('data/prepare/x', 'w').write('1')\n",
    "src/train.py": "open('model.txt', 'w').write('1')\n",
}
LIVE = """\
from dvclive import Live

with Live(save_dvc_exp=False) as live:
    live.log_param("lr", 1)
    live.log_metric("loss", 0.5)
    live.next_step()
    live.log_artifact("model.txt", type="model", name="best")
open("model.txt", "w").write("1")
"""


def built(repository: Make, files: Mapping[str, str] = FILES) -> Path:
    root = repository(files)
    run("mlopsc", "build", cwd=root)
    run("git", "add", ".", cwd=root)
    run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x", cwd=root)
    return root


def data(root: Path) -> Any:
    return YAML(typ="safe").load((root / "dvc.yaml").read_text())


def merged(root: Path, *words: str) -> str:
    """Merge; the build that follows has nothing to do, and dvc.yaml is as it was changed."""
    before = data(root)
    done = run("mlopsc", "import", "--merge", *words, cwd=root)
    assert data(root) == before
    assert "nothing to do" in run("mlopsc", "build", cwd=root).stdout
    return done.stdout


def edit(root: Path, change: Callable[[Any], object]) -> None:
    """Change dvc.yaml as DVC does: by the library that keeps its comments."""
    from dvc.utils.serialize import modify_yaml

    with modify_yaml(str(root / "dvc.yaml")) as dvc:
        change(dvc)


def lines_kept(root: Path, but: tuple[str, ...] = ()) -> None:
    """All lines of the spec are still there, in their order."""
    new = iter((root / "mlops.yaml").read_text().splitlines())
    assert all(line in new for line in SPEC.splitlines() if not line.strip().startswith(but or ("\0",)))


def test_dvc_stage_add(repository: Make) -> None:
    root = built(repository)
    run("dvc", "stage", "add", "-n", "count", "-d", "report.txt", "-p", "lr", "-o", "count.txt", "-M", "m.json",
        "--desc", "counts: all", "wc report.txt > count.txt && echo '{\"a\": 1}' > m.json", cwd=root)  # fmt: skip
    refused = run("mlopsc", "build", cwd=root, check=False)
    assert refused.returncode == 1
    assert "MLC614" in refused.stderr + refused.stdout
    assert "`stages.count` was added" in refused.stderr + refused.stdout
    assert "mlopsc import --merge" in refused.stderr + refused.stdout
    merged(root)
    lines_kept(root)
    assert list(data(root)["stages"]) == ["prepare", "train", "report", "count"]
    run("dvc", "repro", cwd=root)
    assert "Data and pipelines are up to date" in run("dvc", "status", cwd=root).stdout


def test_dvc_stage_add_over_a_stage_and_freeze_and_remove(repository: Make) -> None:
    root = built(repository)
    run("dvc", "stage", "add", "--force", "-n", "train", "-d", "data/prepare", "-d", "src/train.py", "-d", "raw.txt",
        "-p", "lr", "-o", "model.txt", "python src/train.py --more", cwd=root)  # fmt: skip
    run("dvc", "freeze", "report", cwd=root)
    run("dvc", "remove", "prepare", cwd=root)
    merged(root)
    text = (root / "mlops.yaml").read_text()
    assert "      # the result of prepare\n      - data/prepare   # a folder\n" in text
    assert "    outs: [ model.txt ]   # one file\n" in text
    assert "prepare:   # by convention" not in text
    assert '{cmd: "cat model.txt > report.txt", deps: [model.txt], outs: [report.txt], frozen: true}' in text


def test_dvclive(repository: Make) -> None:
    root = built(repository, {**FILES, "src/train.py": LIVE})
    run("dvc", "repro", cwd=root)
    assert set(data(root)) == {"stages", "params", "metrics", "plots", "artifacts"}
    refused = run("mlopsc", "build", cwd=root, check=False)
    said = refused.stderr + refused.stdout
    assert "MLC614" in said
    assert "Live(dvcyaml=False)" in said
    merged(root)
    lines_kept(root)
    run("dvc", "repro", "--force", cwd=root)
    assert "nothing to do" in run("mlopsc", "build", cwd=root).stdout, "DVCLive writes the same again"


def test_dvclive_without_dvcyaml_changes_nothing(repository: Make) -> None:
    root = built(repository, {**FILES, "src/train.py": LIVE.replace("Live(", "Live(dvcyaml=False, ")})
    run("dvc", "repro", cwd=root)
    assert "nothing to do" in run("mlopsc", "build", cwd=root).stdout


EDITS: dict[str, Callable[[Any], object]] = {
    "an item of a convention": lambda dvc: dvc["stages"]["prepare"]["deps"].append("raw.txt"),
    "the command of a convention": lambda dvc: dvc["stages"]["prepare"].update(cmd="python src/prepare.py --all"),
    "no item of a convention": lambda dvc: dvc["stages"]["prepare"].pop("deps"),
    "an out with flags": lambda dvc: dvc["stages"]["train"].update(outs=[{"model.txt": {"cache": False}}]),
    "an item before others": lambda dvc: dvc["stages"]["train"]["deps"].insert(0, "raw.txt"),
    "another order": lambda dvc: dvc["stages"]["train"]["deps"].reverse(),
    "no key": lambda dvc: dvc["stages"]["train"].pop("params"),
    "nested keys": lambda dvc: dvc["stages"]["train"].update(meta={"owner": {"name": "x", "tags": [1, {"a": None}]}}),
    "lines of a command": lambda dvc: dvc["stages"]["report"].update(cmd="cat model.txt > report.txt\ntrue"),
    "a list of commands": lambda dvc: dvc["stages"]["train"].update(cmd=["python src/train.py", "true # x"]),
    "foreach": lambda dvc: dvc["stages"].update(
        {"each": {"foreach": {"a": {"x": 1}, "b": {"x": 2.0}}, "do": {"cmd": "echo ${key} ${item.x}", "deps": ["raw.txt"]}}}
    ),
    "matrix": lambda dvc: dvc["stages"].update(
        {"grid": {"matrix": {"a": [1, "1.0", True]}, "cmd": "echo ${item.a}", "deps": ["raw.txt"]}}
    ),
    "everything at the top": lambda dvc: dvc.update(
        {
            "vars": [{"x": 1}], "params": ["params.yaml"], "metrics": ["m.json"],
            "plots": ["p.csv", {"loss": {"x": "step", "y": {"p.csv": ["a", "b"]}}}],
            "artifacts": {"m": {"path": "model.txt", "type": "model", "labels": ["a"]}},
        }
    ),
    "text of all kinds": lambda dvc: dvc["stages"]["train"].update(
        desc='ä "x" \'y\' # z: {a} [b] *c &d 010', meta=["yes", "1.0", "~", "", " x ", 1e-3, "a\tb", "2020-01-01"]
    ),
    "all stages": lambda dvc: dvc.pop("stages"),
    "a name that is a number": lambda dvc: dvc["stages"].update({"2024": {"cmd": "cat raw.txt", "deps": ["raw.txt"]}}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_edits(name: str, repository: Make) -> None:
    root = repository(FILES)
    disk = Disk(str(root))
    compiled = compile_spec(disk)
    assert not apply(plan(compiled.files, {}, disk, compiled.inputs)[0], str(root))
    edit(root, EDITS[name])
    before = data(root)
    rewrite = merge(str(root))
    assert not rewrite.report.failed, list(rewrite.report)
    assert not apply(rewrite.plan, str(root))
    assert data(root) == before
    disk = Disk(str(root))
    assert not plan(compile_spec(disk).files, read_lock(disk)[0], disk, ())[0].pending
    for comment in ("# our pipeline", "# DVC only", "# the end"):
        assert comment in (root / "mlops.yaml").read_text()


def test_both_changed(repository: Make) -> None:
    root = built(repository)
    edit(root, lambda dvc: dvc["stages"]["train"].update(frozen=True))
    spec = (root / "mlops.yaml").read_text()
    write(root, {"mlops.yaml": spec.replace("# the end", "  more: {cmd: cat raw.txt, deps: [raw.txt]}")})
    run("mlopsc", "import", "--merge", cwd=root)
    stages = data(root)["stages"]
    assert stages["train"]["frozen"] is True
    assert stages["more"]["cmd"] == "cat raw.txt"


def test_both_changed_to_different_values(repository: Make) -> None:
    root = built(repository)
    edit(root, lambda dvc: dvc["stages"]["train"].update(cmd="python src/train.py 1"))
    spec = (root / "mlops.yaml").read_text()
    write(root, {"mlops.yaml": spec.replace("src/train.py\n    deps", "src/train.py 2\n    deps")})
    refused = run("mlopsc", "import", "--merge", cwd=root, check=False)
    assert refused.returncode == 1
    assert "MLC615" in refused.stderr
    assert "stages.train.cmd" in refused.stderr
    assert "train.py 1" in (root / "dvc.yaml").read_text(), "nothing is lost"


def test_a_stage_that_another_key_makes_is_refused(repository: Make) -> None:
    gated = SPEC.replace("outs: [report.txt]", "metrics: [m.json], gates: {a: '> 0'}")
    root = built(repository, {**FILES, "mlops.yaml": gated})
    edit(root, lambda dvc: dvc["stages"]["gate-report"].update(cmd="true"))
    before = (root / "dvc.yaml").read_bytes(), (root / "mlops.yaml").read_bytes()
    refused = run("mlopsc", "import", "--merge", cwd=root, check=False)
    assert refused.returncode == 1
    assert "nothing was written" in refused.stderr
    assert before == ((root / "dvc.yaml").read_bytes(), (root / "mlops.yaml").read_bytes())


def test_comments_of_dvc_yaml_are_kept_in_a_copy(repository: Make) -> None:
    root = built(repository)
    text = (root / "dvc.yaml").read_text() + "  more:   # mine\n    cmd: cat raw.txt\n    deps: [raw.txt]\n"
    write(root, {"dvc.yaml": text})
    assert "dvc.yaml.orig" in merged(root)
    assert (root / "dvc.yaml.orig").read_text() == text


def test_nothing_to_merge(repository: Make) -> None:
    root = built(repository)
    assert "nothing to merge" in run("mlopsc", "import", "--merge", cwd=root).stdout


def test_dry_run_writes_nothing(repository: Make) -> None:
    root = built(repository)
    run("dvc", "freeze", "train", cwd=root)
    shown = run("mlopsc", "import", "--merge", "--dry-run", cwd=root).stdout
    assert "+    frozen: true" in shown
    assert (root / "mlops.yaml").read_text() == SPEC


def test_a_dvc_yaml_of_somebody_else_is_not_merged(repository: Make) -> None:
    root = repository({**FILES, "dvc.yaml": "stages: {}\n"})
    assert "MLC702" in run("mlopsc", "import", "--merge", cwd=root, check=False).stderr
