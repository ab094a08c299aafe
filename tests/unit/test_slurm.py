"""The jobs of SLURM: their options, arrays and order, and what is submitted of them, without a SLURM."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import At
from mlopsc.targets.slurm import FOLDER

STACK = {"orchestrator": ["dvc", "slurm"], "build": "none", "ci": []}


def compiled(stages: dict[str, Any], **more: Any) -> Any:
    spec = {"mlops": 1, "project": "p", "stack": STACK, **more, "stages": stages}
    return compile_spec(Memory({"mlops.yaml": dump(spec), "in.txt": ""}))


def jobs(stages: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The calls of `Job` in the script: the stages, and the keywords."""
    result = compiled(stages, **more)
    assert not result.report.failed, list(result.report)
    text = next(file.text for file in result.files if file.path == "slurm/p.py")
    calls = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Job"
    ]
    return [
        {
            "stages": ast.literal_eval(call.args[0]),
            **{str(word.arg): ast.literal_eval(word.value) for word in call.keywords},
        }
        for call in calls
    ]


def stage(*deps: str, out: str = "o.txt", **more: Any) -> dict[str, Any]:
    return {"cmd": "x", "deps": [*deps] or ["in.txt"], "outs": [out], **more}


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ({}, ["--no-requeue"]),
        ({"retries": 2}, ["--requeue"]),
        ({"resources": {"cpu": 0.5}}, ["--cpus-per-task=1", "--no-requeue"]),
        ({"resources": {"memory": 1}}, ["--mem=1M", "--no-requeue"]),
        ({"resources": {"memory": "1.5Gi", "gpu": 2}}, ["--gres=gpu:2", "--mem=1536M", "--no-requeue"]),
        ({"resources": {"gpu": 0}}, ["--no-requeue"]),
        ({"timeout": "1m", "retries": 1}, ["--requeue", "--time=12"]),
        ({"timeout": 61}, ["--no-requeue", "--time=12"]),
        ({"slurm": {"requeue": True}}, ["--requeue"]),
        ({"slurm": {"requeue": False, "no-requeue": False}}, []),
        ({"resources": {"memory": 1}, "slurm": {"mem-per-cpu": "1G"}}, ["--mem-per-cpu=1G", "--no-requeue"]),
        ({"resources": {"memory": 1}, "slurm": {"mem-per-cpu": None}}, ["--mem=1M", "--no-requeue"]),
        ({"resources": {"gpu": 1}, "slurm": {"gpus": 3}}, ["--gpus=3", "--no-requeue"]),
        ({"resources": {"gpu": 1}, "slurm": {"gres": "gpu:a100:1"}}, ["--gres=gpu:a100:1", "--no-requeue"]),
        ({"slurm": {"comment": "--wrap=id; 'x' \"y\" `z` $(w) \\ %j é"}}, ["--comment=--wrap=id; 'x' \"y\" `z` $(w) \\ %j é", "--no-requeue"]),
        ({"slurm": {"nice": 0, "exclusive": True}}, ["--exclusive", "--nice=0", "--no-requeue"]),
    ],
)  # fmt: skip
def test_options(keys: dict[str, Any], options: list[str]) -> None:
    assert jobs({"a": stage(**keys)})[0]["sbatch"] == options


def test_options_of_a_stage_go_before_those_at_the_top() -> None:
    top = {"partition": "cpu", "account": "ml", "exclusive": True}
    own = {"partition": "gpu", "account": None, "exclusive": False}
    first, second = jobs({"a": stage(), "b": stage(out="b.txt", slurm=own)}, slurm=top)
    assert first["sbatch"] == ["--account=ml", "--exclusive", "--no-requeue", "--partition=cpu"]
    assert second["sbatch"] == ["--no-requeue", "--partition=gpu"]


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "", "\x00", "a\x1bb", ["x"], {"x": 1}])
def test_a_value_is_one_line(value: Any) -> None:
    assert compiled({"a": stage()}, slurm={"comment": value}).report.failed
    assert compiled({"a": stage(slurm={"comment": value})}).report.failed


@pytest.mark.parametrize("name", ["--partition", "p artition", "Partition", "partition=x", "mem\n", "", "-", "é"])
def test_a_name_is_a_long_option(name: str) -> None:
    assert compiled({"a": stage()}, slurm={name: "x"}).report.failed


@pytest.mark.parametrize(
    ("option", "code", "severity"),
    [("dependency", "MLC547", "error"), ("wrap", "MLC547", "error"), ("partitoin", "MLC548", "warning"), ("qos", None, "")],
)  # fmt: skip
def test_options_that_are_not_for_the_spec(option: str, code: str | None, severity: str) -> None:
    body = stage("in.txt", out="${item}.txt")
    stages = {"a": stage(slurm={option: "x"}), "b": {"foreach": [1, 2], "do": {**body, "slurm": {option: "x"}}}}
    report = compiled(stages, slurm={option: "x"}).report
    paths = {("slurm",), ("stages", "a", "slurm"), ("stages", "b", "do", "slurm")} if code else set()
    reported = [problem for problem in report if problem.code.startswith("MLC54")]
    assert {problem.place.path[:-1] for problem in reported if isinstance(problem.place, At)} == paths
    assert {(problem.code, problem.severity) for problem in reported} == ({(code, severity)} if code else set())
    assert len(reported) == len(paths)


def test_arrays() -> None:
    """Stages of one entry with the same options and depth; jobs come behind those that they depend on."""
    each = {"foreach": [1, 2], "do": stage("a.txt", out="t${item}.txt", cmd="x ${item}")}
    chained = {"foreach": [1, 2], "do": stage("t${item}.txt", out="s${item}.txt", cmd="y ${item}")}
    all_of = stage("s1.txt", "s2.txt", out="z.txt")
    found = jobs({"z": all_of, "s": chained, "t": each, "a": stage(out="a.txt")})
    assert [(job["stages"], job.get("after")) for job in found] == [
        (["a"], None),
        (["t@1", "t@2"], ["a"]),
        (["s@1", "s@2"], [["t@1"], ["t@2"]]),
        (["z"], ["s@1", "s@2"]),
    ]


def test_stages_of_an_entry_that_depend_on_each_other_are_no_array() -> None:
    chain = {
        "foreach": {"a": {"dep": "in.txt"}, "b": {"dep": "o-a.txt"}},
        "do": stage("${item.dep}", out="o-${key}.txt"),
    }
    assert [job["stages"] for job in jobs({"c": chain})] == [["c@a"], ["c@b"]]


class Sbatch:
    """Stands for `sbatch` alone, to see its arguments; tests/real/test_slurm.py runs the real one."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], str]] = []

    def __call__(self, *command: str, text: str | None = None) -> str:
        if command[0] == "sbatch":
            self.calls.append(
                ([word for word in command if word.startswith(("--array", "--dep", "--hold"))], text or "")
            )
        return f"{len(self.calls)}\n"


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in [name for name in sys.modules if name == "slurm" or name.startswith("slurm.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(FOLDER)
    import slurm.submission

    return slurm.submission


def submitted(programs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[list[str], list[Any]]], must: str,
              active: dict[str, str] | None = None, ending: list[str] | None = None) -> list[list[str]]:  # fmt: skip
    """The options of each `sbatch`, for jobs as (stages, after) of which some stages must run."""
    sbatch = Sbatch()
    monkeypatch.setattr(programs, "call", sbatch)
    pipeline = programs.Pipeline("p", [programs.Job(stages, after) for stages, after in rows], str(tmp_path))
    pipeline.submitted = {name: {"id": job, "log": ""} for name, job in (active or {}).items()}
    submission = programs.Submission(pipeline, set((active or {}).values()), ending or [])
    submission.submit(must.split())
    return [options for options, _ in sbatch.calls]


T = ["t1", "t2", "t3"]
ROWS: list[tuple[list[str], list[Any]]] = [
    (["a"], []), (T, ["a"]), (["s1", "s2", "s3"], [["t1"], ["t2"], ["t3"]]), (["z"], ["s1", "s2", "s3"]),
]  # fmt: skip


def test_dependencies(programs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def options(must: str, rows: list[tuple[list[str], list[Any]]] = ROWS, **more: Any) -> list[list[str]]:
        return submitted(programs, tmp_path, monkeypatch, rows, must, **more)

    assert options("a t1 t2 t3 s1 s2 s3 z") == [
        ["--hold"],
        ["--dependency=afterok:1", "--array=0-2"],
        ["--dependency=aftercorr:2", "--array=0-2"],
        ["--dependency=afterok:3"],
    ]
    assert options("t1 t3 s1 s3 z") == [
        ["--array=0-1", "--hold"],
        ["--dependency=aftercorr:1", "--array=0-1"],
        ["--dependency=afterok:2"],
    ], "of arrays only what must run"
    assert options("t2 s1 s2 z") == [
        ["--hold"],
        ["--hold"],
        ["--dependency=afterok:1"],
        ["--dependency=afterok:2:3"],
    ], "tasks that depend on different jobs are jobs"
    assert options("s1 s2 z", active={"t1": "7_0"}) == [
        ["--dependency=afterok:7_0", "--hold"],
        ["--hold"],
        ["--dependency=afterok:1:2"],
    ], "jobs in the queue stay"
    assert options("a t1 s1 z", active={"t1": "7_0", "z": "9"}, ending=["5"]) == [
        ["--dependency=afterany:5:7_0:9", "--hold"],
        ["--dependency=afterok:1"],
        ["--dependency=afterok:2"],
        ["--dependency=afterok:3"],
    ], "what is below a stage that runs again is cancelled and submitted again"
    rows = [(["a", "b"], []), (["c", "d"], [["b"], ["a"]]), (["e"], ["c"])]
    assert options("a b c d e", rows) == [
        ["--array=0-1", "--hold"],
        ["--dependency=afterok:1_1"],
        ["--dependency=afterok:1_0"],
        ["--dependency=afterok:2"],
    ], "task by task only in the same order"


def test_long_arrays_are_divided(programs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"t{number}" for number in range(2100)]
    options = submitted(programs, tmp_path, monkeypatch, [(names, []), (["z"], names)], " ".join([*names, "z"]))
    assert options == [
        ["--array=0-999", "--hold"],
        ["--array=0-999", "--hold"],
        ["--array=0-99", "--hold"],
        ["--dependency=afterok:1:2:3"],
    ]
