"""Gates: the program alone, and as a stage that fails DVC, make and whoever runs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import run, write
from mlopsc.compiler import programs

pytestmark = pytest.mark.real
GATE = Path(programs.__file__).with_name("gate.py")
Make = Callable[[Mapping[str, str]], Path]


def gate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, str(GATE), *arguments, cwd=root, check=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", '{"train": {"acc.top1": 0.5}, "rows": [{"acc": 1}]}'),
        ("m.yaml", "train:\n  acc.top1: 5e-1\nrows:\n- acc: 1\n"),
        ("m.toml", '[train]\n"acc.top1" = 0.5\n[[rows]]\nacc = 1\n'),
        ("m.csv", "step,train.acc.top1,rows.0.acc\n1,0.1,0\n2,0.5,1\n"),
    ],
)
def test_every_format_that_dvc_reads(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    assert (
        gate(tmp_path, name, "--", "train.acc.top1 >= 0.5", "rows.0.acc == 1", f"{name}:rows.0.acc != 2").returncode
        == 0
    )
    failed = gate(tmp_path, "--report", "out/r.md", name, "--", "train.acc.top1 > 0.5", "rows.0.acc <= 1")
    assert failed.returncode == 1
    assert "1 of 2 bounds do not hold" in failed.stderr
    assert (tmp_path / "out/r.md").read_text() == failed.stdout
    assert [line.split("|")[4].strip() for line in failed.stdout.splitlines()[2:]] == ["FAILS", "holds"]


@pytest.mark.parametrize(
    ("files", "bound", "message"),
    [
        ({"m.json": "{}"}, "acc > 1", "there is no metric acc in m.json"),
        ({"m.json": '{"acc": "high"}'}, "acc > 1", "not a number"),
        ({"m.json": "{"}, "acc > 1", "m.json: "),
        ({}, "acc > 1", "m.json: "),
        ({"m.json": '{"acc": 1}', "n.json": '{"acc": 2}'}, "acc > 1", "write FILE:acc"),
        ({"m.yaml": "acc: [1"}, "acc > 1", "m.yaml: while parsing"),
        ({"m.toml": 'acc = "x'}, "acc > 1", "m.toml: "),
        ({"m.csv": ""}, "acc > 1", "there is no metric acc in m.csv"),
        ({"m.json": "[" * 100_000}, "acc > 1", "m.json: "),
        ({"m.json": f'{{"acc": 1{"0" * 400}}}'}, "acc > 1", "not a number"),
    ],
)
def test_a_metric_that_cannot_be_had_is_named(tmp_path: Path, files: dict[str, str], bound: str, message: str) -> None:
    write(tmp_path, files)
    done = gate(tmp_path, *(files or ["m.json"]), "--", bound)
    assert (done.returncode, message in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_a_long_table_with_long_cells(tmp_path: Path) -> None:
    write(tmp_path, {"m.csv": "step,acc,note\n" + "1,0.1,x\n" * 300_000 + f"2,0.9,{'y' * 200_000}\n"})
    assert gate(tmp_path, "m.csv", "--", "acc > 0.5", "step == 2").returncode == 0


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
@pytest.mark.parametrize("bound", ["acc > 0", "acc < 1", "acc != 2", "acc.delta >= -1"])
def test_nan_and_infinities_hold_no_bound(tmp_path: Path, value: str, bound: str) -> None:
    write(tmp_path, {"m.json": f'{{"acc": {value}}}', "m.csv": f"acc\n{value}\n"})
    if "delta" not in bound:
        assert gate(tmp_path, "m.csv", "--", bound).returncode == 1
        assert gate(tmp_path, "m.json", "--", bound).returncode == 1
        return
    run("git", "init", "--quiet", cwd=tmp_path)
    commit(tmp_path)
    assert gate(tmp_path, "m.json", "--", bound).returncode == 1


@pytest.mark.parametrize("value", ["true", '"0.9"', "null", "[0.9]"])
def test_only_numbers_are_numbers(tmp_path: Path, value: str) -> None:
    write(tmp_path, {"m.json": f'{{"acc": {value}}}'})
    assert gate(tmp_path, "m.json", "--", "acc > 0").returncode == 2
    write(tmp_path, {"m.csv": "acc\n1_0\n", "n.json": '{"acc": 1}'})
    assert gate(tmp_path, "m.csv", "--", "acc > 0").returncode == 2
    assert "not a number" in gate(tmp_path, "n.json", "--", "acc > 0x1").stderr


def test_values_are_compared_without_rounding(tmp_path: Path) -> None:
    write(tmp_path, {"m.json": '{"acc": 0.8999999999999999, "tiny": 1e-15}'})
    failed = gate(tmp_path, "m.json", "--", "acc >= 0.9", "tiny <= 0")
    assert failed.returncode == 1
    assert failed.stdout.count("FAILS") == 2
    assert "0.8999999999999999" in failed.stdout, "six digits would look as if the bound held"
    write(tmp_path, {"m.json": '{"acc": 0.9}'})
    run("git", "init", "--quiet", cwd=tmp_path)
    commit(tmp_path)
    write(tmp_path, {"m.json": '{"acc": 0.8}'})
    assert gate(tmp_path, "m.json", "--", "acc.delta >= -0.1").returncode == 0, "0.8 - 0.9 is -0.1, exactly"


SPEC = """\
mlops: 1
stages:
  score:
    cmd: cp in.json m.json
    deps: [in.json]
    metrics: [m.json]
    gates: {acc: [">= 0.5", "< 1"], acc.delta: ">= -0.1"}
"""


def commit(root: Path) -> None:
    run("git", "add", "--all", cwd=root)
    run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message=a", cwd=root)


def test_a_gate_fails_dvc_and_make_and_compares_with_the_base(repository: Make) -> None:
    """The metric is kept by DVC, so the base's value comes out of DVC's cache."""
    root = repository({"mlops.yaml": SPEC, "in.json": '{"acc": 0.9}'})
    run("git", "checkout", "--quiet", "-B", "main", cwd=root)
    run("mlopsc", "build", cwd=root)
    assert "nothing at HEAD to compare with" in run("make", "pipeline", cwd=root).stdout
    commit(root)
    run("git", "checkout", "--quiet", "-b", "mine", cwd=root)
    (root / "in.json").write_text('{"acc": 0.85}')
    assert "-0.05 (0.9 at main)" in run("make", "pipeline", cwd=root).stdout
    (root / "in.json").write_text('{"acc": 0.7}')
    failed = run("make", "pipeline", cwd=root, check=False)
    assert failed.returncode
    assert "-0.2 (0.9 at main)" in failed.stdout
    assert "gate: 1 of 3 bounds do not hold" in failed.stdout
    assert run("make", "gate-score", cwd=root, check=False).returncode
    assert run("dvc", "repro", cwd=root, check=False, MLOPS_BASE="mine").returncode
    assert "no such revision" in run("dvc", "repro", cwd=root, check=False, MLOPS_BASE="gone").stderr


def test_a_base_that_cannot_be_had_never_passes(repository: Make, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A metric that the base keeps in DVC, and no cache or remote to get it from; a clone without the base branch."""
    root = repository({"mlops.yaml": SPEC, "in.json": '{"acc": 0.9}'})
    run("git", "checkout", "--quiet", "-B", "main", cwd=root)
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", cwd=root)
    commit(root)
    run("git", "checkout", "--quiet", "-b", "mine", cwd=root)
    commit_empty = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "b")
    run(*commit_empty, cwd=root)
    run("git", "checkout", "--quiet", "main", cwd=root)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    run("git", "clone", "--quiet", "--no-single-branch", f"file://{root}", "whole", cwd=elsewhere)
    done = run("dvc", "repro", cwd=elsewhere / "whole", check=False, MLOPS_BASE="origin/main")
    assert done.returncode == 0, "it was made anew, and is in the cache"
    write(elsewhere / "whole", {"in.json": '{"acc": 0.95}'})
    run("rm", "-rf", ".dvc/cache", cwd=elsewhere / "whole")
    done = run("dvc", "repro", cwd=elsewhere / "whole", check=False, MLOPS_BASE="origin/main")
    assert "origin/main has m.json, but not here" in done.stderr
    run("git", "clone", "--quiet", "--depth=1", "--branch=mine", f"file://{root}", "shallow", cwd=elsewhere)
    done = run("dvc", "repro", cwd=elsewhere / "shallow", check=False)
    assert done.returncode
    assert "this clone is shallow" in done.stderr


def test_native_make_and_one_gate_for_each_item(repository: Make) -> None:
    spec = """\
mlops: 1
stack: {orchestrator: make}
stages:
  score:
    foreach: [1, 3]
    do: {cmd: "echo '{\\"a\\": ${item}}' > m-${item}.json", deps: [in], metrics: ['m-${item}.json'], gates: {a: "> 2"}}
"""
    root = repository({"mlops.yaml": spec, "in": ""})
    run("mlopsc", "build", cwd=root)
    done = run("make", "--keep-going", "pipeline", cwd=root, check=False)
    assert done.returncode
    assert "FAILS" in (root / "m-1.gate.md").read_text()
    assert "FAILS" not in (root / "m-3.gate.md").read_text()
