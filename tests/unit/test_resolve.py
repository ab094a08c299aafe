"""What the conventions make of a stage: its body in the keys of DVC, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.resolve.commands import as_list, script_file, wrapped
from mlopsc.compiler.resolve.library import holds_tests, library
from pipeline import compiled, dvc, project


def origins(spec: str, files: Mapping[str, str], stage: str) -> dict[str, str]:
    """The rule behind each value of a stage that no one wrote."""
    resolved = compiled(spec, files).resolved
    assert resolved is not None
    return {" ".join(key): origin.rule for key, origin in resolved.entries[stage].origins.items()}


CODE = {
    "src/prepare.py": "import lib\n",
    "src/lib.py": "",
    "src/train.py": "",
    "src/judge.py": "",
    "params.yaml": "train: {lr: 1}\n",
}
# fmt: off
BODIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    # stages, the stage, its body
    ("prepare: {deps: [raw]}", "prepare", {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "src/lib.py", "raw"], "outs": ["data/prepare"]}),
    ("prepare: {deps: [raw], args: paths}", "prepare",
     {"cmd": "python src/prepare.py raw data/prepare", "deps": ["src/prepare.py", "src/lib.py", "raw"], "outs": ["data/prepare"]}),
    ("prepare: {deps: [raw], outs: [a b], args: [x, 'y z']}", "prepare",
     {"cmd": "python src/prepare.py x 'y z'", "deps": ["src/prepare.py", "src/lib.py", "raw"], "outs": ["a b"]}),
    ("prepare: {deps: [raw]}\n  train:", "train",
     {"cmd": "python src/train.py", "deps": ["src/train.py", "data/prepare"], "params": ["train"], "outs": ["models/train"]}),
    ("prepare: {deps: [raw]}\n  train: {args: paths}", "train",
     {"cmd": "python src/train.py data/prepare models/train", "deps": ["src/train.py", "data/prepare"], "params": ["train"], "outs": ["models/train"]}),
    ("prepare: {deps: [raw]}\n  train: {wdir: src}", "train",
     {"cmd": "python train.py", "wdir": "src", "deps": ["train.py", "../data/prepare"], "params": [{"../params.yaml": ["train"]}], "outs": ["../models/train"]}),
    ("a: {cmd: x, outs: [o]}\n  train: {args: '--in x'}", "train",
     {"cmd": "python src/train.py --in x", "deps": ["src/train.py", "o"], "params": ["train"], "outs": ["models/train"]}),
    ("a: {cmd: x, infer: [code]}", "a", {"cmd": "x"}),
    ("a: {cmd: python src/prepare.py, infer: [code]}", "a", {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "src/lib.py"]}),
    ("a: {cmd: python src/prepare.py, infer: [code], deps: [src/lib.py]}", "a", {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "src/lib.py"]}),
    ("a: {cmd: python src/prepare.py, infer: [code], deps: [src]}", "a", {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "src/lib.py", "src"]}),
    ("a: {foreach: [prepare, train], do: {cmd: 'python src/${item}.py', infer: [code]}}", "a",
     {"foreach": ["prepare", "train"], "do": {"cmd": "python src/${item}.py", "deps": ["src/${item}.py", "src/lib.py"]}}),
    ("a: {foreach: [prepare, train], do: {cmd: 'python src/${item}.py', infer: [code], deps: ['src/${item}.py']}}", "a",
     {"foreach": ["prepare", "train"], "do": {"cmd": "python src/${item}.py", "deps": ["src/lib.py", "src/${item}.py"]}}),
    ("a: {foreach: [prepare, none], do: {cmd: 'python src/${item}.py', infer: [code]}}", "a",
     {"foreach": ["prepare", "none"], "do": {"cmd": "python src/${item}.py", "deps": ["src/prepare.py", "src/lib.py"]}}),
    ("a: {foreach: [prepare, train], do: {cmd: 'cd src && python ${item}.py', infer: [code], deps: ['src/${item}.py']}}", "a",
     {"foreach": ["prepare", "train"], "do": {"cmd": "cd src && python ${item}.py", "deps": ["src/lib.py", "src/${item}.py"]}}),
    ("a: {cmd: x, deps: []}", "a", {"cmd": "x", "deps": []}),
    ("a: {cmd: x, deps: [], retries: 2}", "a", {"cmd": "sh .mlops/scripts/run.sh 2 0 x"}),
    # env, timeout, retries
    ("a: {cmd: x, retries: 2}", "a", {"cmd": "sh .mlops/scripts/run.sh 2 0 x"}),
    ("a: {cmd: x, timeout: 1m}", "a", {"cmd": "sh .mlops/scripts/run.sh 0 60 x"}),
    ("a: {cmd: x, wdir: w, timeout: 1m, env: {A: true}}", "a", {"cmd": "export A='true'; sh ../.mlops/scripts/run.sh 0 60 x", "wdir": "w"}),
    ("a: {cmd: \"x\\ny\", env: {A: 1}}", "a", {"cmd": ["export A='1'; x", "export A='1'; y"]}),
    ("a: {cmd: [x, y], env: {A: 1}}", "a", {"cmd": ["export A='1'; x", "export A='1'; y"]}),
    # gates
    ("judge: {cmd: x, metrics: [m.json], gates: {acc: '> 1'}}", "gate-judge",
     {"desc": "Judge the metrics of judge", "cmd": "python .mlops/scripts/gate.py --report m.gate.md m.json -- 'acc > 1'",
      "deps": [".mlops/scripts/gate.py", "m.json"], "outs": [{"m.gate.md": {"cache": False}}]}),
    ("judge: {cmd: x, wdir: w, vars: [{v: 1}], metrics: [m.json, n.json], gates: {acc.delta: ['> 1', '< 2']}}", "gate-judge",
     {"desc": "Judge the metrics of judge", "cmd": "python ../.mlops/scripts/gate.py --report m.gate.md m.json n.json -- 'acc.delta > 1' 'acc.delta < 2'",
      "wdir": "w", "vars": [{"v": 1}], "deps": ["../.mlops/scripts/gate.py", "m.json", "n.json"], "outs": [{"m.gate.md": {"cache": False}}],
      "always_changed": True}),
)
WRAPPED: tuple[tuple[Any, dict[str, Any], int | None, int, Any], ...] = (
    # cmd, env, seconds, retries, result
    ("x", {}, None, 0, "x"),
    (["x", "y"], {}, None, 0, ["x", "y"]),
    ("x a", {"A": 1, "B": "it's"}, None, 0, """export A='1' B='it'"'"'s'; x a"""),
    ("x\ny", {"A": True}, None, 0, ["export A='true'; x", "export A='true'; y"]),
    ("x", {}, 5, 0, "sh .mlops/scripts/run.sh 0 5 x"),
    ("x", {}, None, 2, "sh .mlops/scripts/run.sh 2 0 x"),
    ("A=1 x", {}, None, 2, "sh .mlops/scripts/run.sh 2 0 sh -c 'A=1 x'"),
    ("x A=1", {}, None, 2, "sh .mlops/scripts/run.sh 2 0 x A=1"),
    ("x | y", {}, None, 2, "sh .mlops/scripts/run.sh 2 0 sh -c 'x | y'"),
    ("x\ny", {}, 5, 2, "sh .mlops/scripts/run.sh 2 5 sh -c '(x) && (y)'"),
    (["x\ny"], {}, 5, 2, ["sh .mlops/scripts/run.sh 2 5 sh -c 'x\ny'"]),
    (["x\ny"], {"A": 1}, 5, 2, ["export A='1'; sh .mlops/scripts/run.sh 2 5 sh -c 'x\ny'"]),
)
SCRIPTS: tuple[tuple[str, str, str, list[str]], ...] = (
    # script, its text, the command, the templates
    ("run", "run\n", "", []),
    ("run\n", "run\n", "", []),
    ("run ${a.b} ${ a.b } ${c}\n", "run ${a_b} ${a_b} ${c}\n", "env a_b='${a.b}' c='${c}' ", ["a.b", "c"]),
    ("run ${a.b} ${a_b} ${a-b}\n", "run ${a_b} ${a_b_2} ${a_b_3}\n", "env a_b='${a.b}' a_b_2='${a_b}' a_b_3='${a-b}' ", ["a-b", "a.b", "a_b"]),
    ("run ${--} \\${HOME}\n", "run ${value} ${HOME}\n", "env value='${--}' ", ["--"]),
)
# fmt: on


@pytest.mark.parametrize(("stages", "name", "body"), BODIES)
def test_the_body_of_a_stage(stages: str, name: str, body: dict[str, Any]) -> None:
    made = dvc(f"stages:\n  {stages}\n", {**CODE, "w/.keep": ""})["stages"][name]
    assert made == body
    assert list(made) == list(body)


@pytest.mark.parametrize(("cmd", "env", "timeout", "retries", "expected"), WRAPPED)
def test_a_command_with_its_environment_and_limits(
    cmd: Any, env: dict[str, Any], timeout: int | None, retries: int, expected: Any
) -> None:
    assert wrapped(cmd, env, timeout, retries, ".") == expected


def test_the_lines_of_a_cmd() -> None:
    assert [as_list(cmd) for cmd in (None, "", "a", "a\nb", ["a\nb", "c"])] == [
        [],
        [],
        ["a"],
        ["a", "b"],
        ["a\nb", "c"],
    ]


@pytest.mark.parametrize(("script", "text", "sets", "templates"), SCRIPTS)
def test_a_script(script: str, text: str, sets: str, templates: list[str]) -> None:
    made, command, used = script_file("a b", script, "w")
    assert made.path == ".mlops/scripts/a_b.sh"
    assert made.text == f"# The script of stage a_b, made by mlopsc from mlops.yaml: edit it there.\n{text}"
    assert (command, used) == (f"{sets}bash -euo pipefail ../.mlops/scripts/a_b.sh", templates)


def test_the_origin_of_each_value() -> None:
    spec = "stages:\n  prepare: {deps: [raw]}\n  train: {}\n  done: {script: run}\n  judge: {cmd: x, metrics: [m], gates: {a: '> 1'}}\n"
    assert origins(spec, CODE, "prepare") == {
        "kind": "kind",
        "cmd": "cmd",
        "deps src/prepare.py": "imports",
        "deps src/lib.py": "imports",
        "outs": "outs",
    }
    trained = origins(spec, CODE, "train")
    assert trained == {
        "kind": "kind",
        "cmd": "cmd",
        "deps src/train.py": "imports",
        "deps data/prepare": "deps",
        "params": "params",
        "outs": "outs",
    }
    assert origins(spec, CODE, "done")["cmd"] == "script"
    assert set(origins(spec, CODE, "gate-judge").values()) == {"gate"}


def test_the_reason_of_a_code_dep_names_the_template_that_stands_for_its_scripts() -> None:
    spec = "stages: {a: {foreach: [prepare, train], do: {cmd: 'python src/${item}.py', infer: [code]}}}"
    resolved = compiled(spec, CODE).resolved
    assert resolved is not None
    reasons = {key[-1]: origin.why for key, origin in resolved.entries["a"].origins.items() if key[0] == "deps"}
    assert reasons == {"src/${item}.py": "the stage's code", "src/lib.py": "`src/${item}.py` imports it"}


def test_the_scripts_that_stages_need() -> None:
    for body, paths in (("cmd: x", []), ("cmd: x, retries: 1", ["run.sh"]), ("cmd: x, timeout: 1m", ["run.sh"]),
                        ("script: x", ["a.sh"]), ("script: x, retries: 1", ["a.sh", "run.sh"]),
                        ("cmd: x, metrics: [m], gates: {a: '> 1'}", ["gate.py"])):  # fmt: skip
        scripts = project(f"stages: {{a: {{{body}}}}}").scripts
        assert [script.path.removeprefix(".mlops/scripts/") for script in scripts] == paths


def test_the_folder_of_a_library_and_its_tests() -> None:
    files = Memory(dict.fromkeys(["lib/feats/a.py", "src/feats/b.py", "one.py"], ""))
    assert library("feats", files) == "src/feats"
    assert library("feats", files, ("lib",)) == "lib/feats"
    for names, expected in ((["test_a.py"], True), (["a_test.py"], True), (["a.py", "b/c/test_d.py"], True), (["test_a.txt"], False),
                            (["atest.py", "b/a.py"], False), (["b.py/c", "b/c.py"], False), ([], False)):  # fmt: skip
        assert holds_tests("f", Memory({f"f/{name}": "" for name in names})) is expected


@pytest.mark.parametrize(
    ("stages", "code"),
    [("judge: {cmd: x, gates: {a: '> 1'}}", "MLC305"), ("judge: {cmd: x, metrics: [m], gates: {a: '> 1'}}\n  gate-judge: {cmd: y}", "MLC306"),
     ("nothing:", "MLC301"), ("train: {wdir: '${d}'}", "MLC303"), ("train: {cmd: x, args: y}", "MLC304"), ("train: {cmd: x, args: [y], timeout: 1m}", "MLC304")],
)  # fmt: skip
def test_what_the_conventions_cannot_fill_in(stages: str, code: str) -> None:
    run = compiled(f"vars: [{{d: src}}]\nstages:\n  {stages}\n", CODE)
    assert [problem.code for problem in run.report if problem.severity == "error"] == [code]
    assert run.resolved is not None
    assert (stages.partition(":")[0] in run.resolved.entries) == (code != "MLC301")
    if code == "MLC306":
        assert run.resolved.entries["gate-judge"].body["cmd"] == "y"
        assert run.resolved.scripts == ()


def test_no_stages_at_all() -> None:
    for spec in ("project: p", "stages: {}", "stages:"):
        assert dict(project(spec).stages) == {}


def test_code_is_looked_for_in_the_roots_of_the_spec() -> None:
    files = {"src/a.py": "import b\n", "lib/b.py": ""}
    for top, deps in (("", ["src/a.py"]), ("code: {roots: [lib]}\n", ["src/a.py", "lib/b.py"])):
        made = dvc(f"{top}stages: {{a: {{cmd: python src/a.py, infer: [code]}}}}", files)
        assert made["stages"]["a"]["deps"] == deps


def test_a_monitor_reads_what_the_one_above_it_writes() -> None:
    files = {"src/look.py": "", "src/judge.py": ""}
    resolved = compiled("stages: {}\nmonitor: {look: {outs: [seen]}, judge: {}}", files).resolved
    assert resolved is not None
    assert resolved.monitors["judge"].body["deps"] == ["src/judge.py", "seen"]
