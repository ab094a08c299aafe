"""What the conventions fill in, key by key, and how `infer` moves that line, at the top and on a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pipeline import codes, dvc, emitted, helps, paths, project, stages

FILES = {
    "src/prepare.py": "import util\n",
    "src/util.py": "",
    "src/train.py": "",
    "src/evaluate.py": "",
    "run.py": "import helper\n",
    "helper.py": "",
    "params.yaml": "prepare: {a: 1}\ntrain: {lr: 1}\nodd: 1\n1: one\n",
}

PREPARE: dict[str, Any] = {
    "cmd": "python src/prepare.py",
    "deps": ["src/prepare.py", "src/util.py"],
    "params": ["prepare"],
    "outs": ["data/prepare"],
}
TRAIN: dict[str, Any] = {
    "cmd": "python src/train.py",
    "deps": ["src/train.py", "data/prepare"],
    "params": ["train"],
    "outs": ["models/train"],
}
STATED = {"cmd": "python run.py"}


def entries(spec: str, files: Mapping[str, str] = FILES) -> dict[str, Any]:
    """The stages of dvc.yaml."""
    return dict(dvc(spec, files).get("stages", {}))


def only(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Some keys of a stage."""
    return {key: body[key] for key in keys if key in body}


# fmt: off
INFER: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("empty stages are filled", "stages: {prepare: , train: {}}", {"prepare": PREPARE, "train": TRAIN}),
    ("a stage with cmd is left alone", "stages: {prepare: {cmd: python run.py}}", {"prepare": STATED}),
    # at the top
    ("all at the top fills stages with cmd", "infer: all\nstages: {prepare: {cmd: python run.py}}",
     {"prepare": {**PREPARE, "cmd": "python run.py", "deps": ["run.py", "helper.py"]}}),
    ("all at the top changes nothing for others", "infer: all\nstages: {prepare: , train: }", {"prepare": PREPARE, "train": TRAIN}),
    ("none at the top leaves the code file", "infer: none\nstages: {prepare: , train: {cmd: python run.py}}",
     {"prepare": only(PREPARE, "cmd"), "train": STATED}),
    ("code at the top", "infer: [code]\nstages: {prepare: {cmd: python run.py}}", {"prepare": {**STATED, "deps": ["run.py", "helper.py"]}}),
    ("params at the top", "infer: [params]\nstages: {prepare: {cmd: python run.py}}", {"prepare": {**STATED, "params": ["prepare"]}}),
    ("outs at the top", "infer: [outs]\nstages: {prepare: {cmd: python run.py}}", {"prepare": {**STATED, "outs": ["data/prepare"]}}),
    ("deps at the top", "infer: [deps]\nstages: {prepare: {cmd: x, outs: [a]}, train: {cmd: python run.py}}",
     {"prepare": {"cmd": "x", "outs": ["a"]}, "train": {**STATED, "deps": ["a"]}}),
    ("two groups at the top", "infer: [params, outs]\nstages: {train: {cmd: python run.py}}",
     {"train": {**STATED, "params": ["train"], "outs": ["models/train"]}}),
    ("a list at the top takes nothing from stages without cmd", "infer: [params]\nstages: {prepare: , train: }",
     {"prepare": PREPARE, "train": TRAIN}),
    ("an empty list at the top", "infer: []\nstages: {prepare: , train: {cmd: python run.py}}", {"prepare": PREPARE, "train": STATED}),
    # on a stage
    ("all on a stage", "stages: {prepare: {cmd: python run.py, infer: all}, train: {cmd: python run.py}}",
     {"prepare": {**PREPARE, "cmd": "python run.py", "deps": ["run.py", "helper.py"]}, "train": STATED}),
    ("none on a stage", "stages: {prepare: {infer: none}, train: }", {"prepare": only(PREPARE, "cmd"), "train": {**TRAIN, "deps": ["src/train.py"]}}),
    ("code on a stage", "stages: {prepare: {infer: [code]}}", {"prepare": only(PREPARE, "cmd", "deps")}),
    ("params on a stage", "stages: {prepare: {infer: [params]}}", {"prepare": only(PREPARE, "cmd", "params")}),
    ("outs on a stage", "stages: {prepare: {infer: [outs]}}", {"prepare": only(PREPARE, "cmd", "outs")}),
    ("deps on a stage", "stages: {prepare: , train: {infer: [deps]}}", {"prepare": PREPARE, "train": {**only(TRAIN, "cmd"), "deps": ["data/prepare"]}}),
    ("an empty list on a stage", "stages: {prepare: {infer: []}}", {"prepare": only(PREPARE, "cmd")}),
    ("groups on a stage with cmd", "stages: {train: {cmd: python run.py, infer: [code, outs]}}",
     {"train": {**STATED, "deps": ["run.py", "helper.py"], "outs": ["models/train"]}}),
    # both: the stage has the last word
    ("none on a stage under all", "infer: all\nstages: {prepare: {cmd: python run.py, infer: none}}", {"prepare": STATED}),
    ("all on a stage under none", "infer: none\nstages: {prepare: {infer: all}}", {"prepare": PREPARE}),
    ("a list on a stage under all", "infer: all\nstages: {prepare: {cmd: python run.py, infer: [outs]}}", {"prepare": {**STATED, "outs": ["data/prepare"]}}),
    ("a list on a stage under a list", "infer: [outs]\nstages: {prepare: {cmd: python run.py, infer: [params]}}",
     {"prepare": {**STATED, "params": ["prepare"]}}),
    # foreach and matrix
    ("inside of foreach", "stages: {prepare: {foreach: [a], do: {cmd: python run.py, infer: [params]}}}",
     {"prepare": {"foreach": ["a"], "do": {**STATED, "params": ["prepare"]}}}),
    ("the top for foreach", "infer: [params]\nstages: {prepare: {foreach: [a], do: {cmd: python run.py}}}",
     {"prepare": {"foreach": ["a"], "do": {**STATED, "params": ["prepare"]}}}),
    ("the top for matrix", "infer: [outs]\nstages: {prepare: {matrix: {m: [1]}, cmd: python run.py}}",
     {"prepare": {"matrix": {"m": [1]}, **STATED, "outs": ["data/prepare/${key}"]}}),
)
# fmt: on


@pytest.mark.parametrize(
    ("spec", "expected"), [case[1:] for case in INFER], ids=[case[0].replace(" ", "-") for case in INFER]
)
def test_infer(spec: str, expected: dict[str, Any]) -> None:
    assert entries(spec) == expected


def test_infer_is_not_emitted() -> None:
    assert "infer" not in emitted("stages: {prepare: {infer: all}}", FILES)["dvc.yaml"]


# For each convention: a stage that gets the value, and one that states the key and keeps what it states.
# fmt: off
CONVENTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    # the command
    ("cmd", "stages: {prepare: {infer: none}}", {"cmd": "python src/prepare.py"}),
    ("cmd, stated", "stages: {prepare: {cmd: make it, infer: none}}", {"cmd": "make it"}),
    ("cmd, several lines", "stages: {prepare: {cmd: [a, b], infer: none}}", {"cmd": ["a", "b"]}),
    ("args as text", "stages: {prepare: {args: '--fast ${odd}', infer: none}}", {"cmd": "python src/prepare.py --fast ${odd}"}),
    ("args as a list", "stages: {prepare: {args: [a b, '${odd}', c'd], infer: none}}",
     {"cmd": "python src/prepare.py 'a b' ${odd} 'c'\"'\"'d'"}),
    ("args by paths", "stages: {prepare: {args: paths, deps: [raw, r2], outs: [a], metrics: [m], plots: [{p: {x: i}}], infer: [code]}}",
     {"cmd": "python src/prepare.py raw r2 a m p", "deps": ["src/prepare.py", "src/util.py", "raw", "r2"], "outs": ["a"],
      "metrics": ["m"], "plots": [{"p": {"x": "i"}}]}),
    ("args by paths, and none", "stages: {prepare: {args: paths, infer: none}}", {"cmd": "python src/prepare.py"}),
    ("env", "stages: {prepare: {env: {A: x y, B: 1, C: true}, infer: none}}", {"cmd": "export A='x y' B='1' C='true'; python src/prepare.py"}),
    ("env of a stated list", "stages: {prepare: {cmd: [a, b], env: {A: 1}}}", {"cmd": ["export A='1'; a", "export A='1'; b"]}),
    ("timeout", "stages: {prepare: {timeout: 2m, infer: none}}", {"cmd": "sh .mlops/scripts/run.sh 0 120 python src/prepare.py"}),
    ("retries", "stages: {prepare: {retries: 3, infer: none}}", {"cmd": "sh .mlops/scripts/run.sh 3 0 python src/prepare.py"}),
    ("retries of a stated list", "stages: {prepare: {cmd: [a, b], retries: 1}}", {"cmd": "sh .mlops/scripts/run.sh 1 0 sh -c '(a) && (b)'"}),
    ("script", "stages: {prepare: {script: 'echo', infer: none}}", {"cmd": "bash -euo pipefail .mlops/scripts/prepare.sh"}),
    ("script, and what it runs", "stages: {prepare: {script: \"python run.py\\necho ${odd}\", infer: [code]}}",
     {"cmd": "env odd='${odd}' bash -euo pipefail .mlops/scripts/prepare.sh", "deps": [".mlops/scripts/prepare.sh", "run.py", "helper.py"]}),
    # code deps
    ("code", "stages: {prepare: {infer: [code]}}", {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "src/util.py"]}),
    ("code before stated deps", "stages: {prepare: {deps: [raw], infer: [code]}}", {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "src/util.py", "raw"]}),
    ("code that is stated stays where it is", "stages: {prepare: {deps: [raw, ./src/util.py], infer: [code]}}",
     {"cmd": "python src/prepare.py", "deps": ["src/prepare.py", "raw", "./src/util.py"]}),
    ("code of every line of a list", "stages: {prepare: {cmd: [python src/train.py, python run.py], infer: [code]}}",
     {"cmd": ["python src/train.py", "python run.py"], "deps": ["src/train.py", "run.py", "helper.py"]}),
    ("code of every line of a text", "stages: {prepare: {cmd: \"python src/train.py\\npython run.py\", infer: [code]}}",
     {"cmd": "python src/train.py\npython run.py", "deps": ["src/train.py", "run.py", "helper.py"]}),
    ("code that two lines run, once", "stages: {prepare: {cmd: [python run.py, python run.py], infer: [code]}}",
     {"cmd": ["python run.py", "python run.py"], "deps": ["run.py", "helper.py"]}),
    ("no code", "stages: {prepare: {cmd: make it, infer: [code]}}", {"cmd": "make it"}),
    # data deps
    ("deps, stated", "stages: {train: {deps: [raw], infer: [deps]}}", {"cmd": "python src/train.py", "deps": ["raw"]}),
    ("deps, stated as none", "stages: {train: {deps: [], infer: [deps]}}", {"cmd": "python src/train.py"}),
    # params
    ("params", "stages: {train: {infer: [params]}}", {"cmd": "python src/train.py", "params": ["train"]}),
    ("params, stated", "stages: {train: {params: [odd], infer: [params]}}", {"cmd": "python src/train.py", "params": ["odd"]}),
    ("params, no section", "stages: {evaluate: {infer: [params]}}", {"cmd": "python src/evaluate.py"}),
    # outs by kind
    ("outs of kind data", "stages: {prepare: {infer: [outs]}}", {"cmd": "python src/prepare.py", "outs": ["data/prepare"]}),
    ("outs of kind train", "stages: {train: {infer: [outs]}}", {"cmd": "python src/train.py", "outs": ["models/train"]}),
    ("outs of kind evaluate", "stages: {evaluate: {infer: [outs]}}",
     {"cmd": "python src/evaluate.py", "metrics": [{"metrics/evaluate.json": {"cache": False}}], "plots": ["plots/evaluate"]}),
    ("outs of kind monitor", "stages: {prepare: {kind: monitor, infer: [outs]}}", {"cmd": "python src/prepare.py", "outs": ["data/prepare"]}),
    ("outs of kind monitor with metrics", "stages: {prepare: {kind: monitor, metrics: [m], infer: [outs]}}", {"cmd": "python src/prepare.py", "metrics": ["m"]}),
    ("outs, stated", "stages: {prepare: {outs: [a], infer: [outs]}}", {"cmd": "python src/prepare.py", "outs": ["a"]}),
    ("outs, stated as none", "stages: {prepare: {outs: [], infer: [outs]}}", {"cmd": "python src/prepare.py"}),
    ("outs beside stated metrics", "stages: {train: {metrics: [m], infer: [outs]}}", {"cmd": "python src/train.py", "outs": ["models/train"], "metrics": ["m"]}),
    ("evaluate with stated outs", "stages: {evaluate: {outs: [a], infer: [outs]}}", {"cmd": "python src/evaluate.py", "outs": ["a"]}),
    ("evaluate with stated metrics", "stages: {evaluate: {metrics: [m], infer: [outs]}}", {"cmd": "python src/evaluate.py", "metrics": ["m"]}),
    ("evaluate with stated plots", "stages: {evaluate: {plots: [p], infer: [outs]}}", {"cmd": "python src/evaluate.py", "plots": ["p"]}),
    # kind
    ("kind, stated", "stages: {prepare: {kind: train, infer: [outs]}}", {"cmd": "python src/prepare.py", "outs": ["models/prepare"]}),
    ("kind evaluate, stated", "stages: {train: {kind: evaluate, infer: [outs]}}",
     {"cmd": "python src/train.py", "metrics": [{"metrics/train.json": {"cache": False}}], "plots": ["plots/train"]}),
    ("kind data, stated", "stages: {train: {kind: data, infer: [outs]}}", {"cmd": "python src/train.py", "outs": ["data/train"]}),
    # other keys stay, in the order in which people write them
    ("other keys", "stages: {train: {meta: {a: 1}, always_changed: true, frozen: false, desc: d, vars: [{v: 1}], infer: none}}",
     {"desc": "d", "cmd": "python src/train.py", "vars": [{"v": 1}], "frozen": False, "always_changed": True, "meta": {"a": 1}}),
)
# fmt: on


@pytest.mark.parametrize(("spec", "expected"), [case[1:] for case in CONVENTIONS],
                         ids=[case[0].replace(" ", "-") for case in CONVENTIONS])  # fmt: skip
def test_convention(spec: str, expected: dict[str, Any]) -> None:
    made = entries(spec)
    assert len(made) == 1
    body = next(iter(made.values()))
    assert body == expected
    assert list(body) == list(expected), "in the order in which people write them"


# fmt: off
COPIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("foreach list", "foreach: [a, b]", {"outs": ["data/prepare/${item}"]}),
    ("foreach dict", "foreach: {a: 1}", {"outs": ["data/prepare/${key}"]}),
    ("foreach template", "foreach: '${odd}'", {"outs": ["data/prepare/${item}"]}),
)
# fmt: on


@pytest.mark.parametrize(
    ("foreach", "expected"), [case[1:] for case in COPIES], ids=[case[0].replace(" ", "-") for case in COPIES]
)
def test_copies_have_outs_of_their_own(foreach: str, expected: dict[str, Any]) -> None:
    assert (
        entries(f"stages: {{prepare: {{{foreach}, do: {{infer: [outs]}}}}}}")["prepare"]["do"]["outs"]
        == expected["outs"]
    )


def test_copies_of_kind_evaluate() -> None:
    made = entries("stages: {evaluate: {matrix: {m: [1]}, infer: [outs]}}")["evaluate"]
    assert made["metrics"] == [{"metrics/evaluate/${key}.json": {"cache": False}}]
    assert made["plots"] == ["plots/evaluate/${key}"]


# fmt: off
KINDS = (
    ("prepare", "data"), ("train", "train"), ("training-run", "train"), ("fit", "train"), ("retrain", "data"), ("evaluate", "evaluate"),
    ("eval_all", "evaluate"), ("test", "evaluate"), ("score", "evaluate"), ("Train", "train"), ("monitor", "monitor"), ("drift", "monitor"),
)
# fmt: on


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_kind_by_name(name: str, kind: str) -> None:
    assert stages(f"stages: {{{name}: {{cmd: x}}}}")[name].kind == kind
    assert stages(f"stages: {{{name}: {{foreach: [a], do: {{cmd: x}}}}}}")[f"{name}@a"].kind == kind
    assert stages(f"stages: {{{name}: {{cmd: x, kind: data}}}}")[name].kind == "data"


# fmt: off
FOLDERS = (
    ("src first", ["src/step.py", "scripts/step.py"], "python src/step.py"),
    ("then the packages of src", ["src/pkg/step.py", "scripts/step.py"], "python src/pkg/step.py"),
    ("the project's package first", ["src/aaa/step.py", "src/my_project/step.py"], "python src/my_project/step.py"),
    ("packages by name", ["src/b/step.py", "src/c/step.py"], "python src/b/step.py"),
    ("scripts", ["scripts/step.R", "pipelines/step.py"], "Rscript scripts/step.R"),
    ("pipelines", ["pipelines/step.jl", "notebooks/step.ipynb"], "julia pipelines/step.jl"),
    ("notebooks", ["notebooks/step.ipynb", "notebooks/step.py"], "papermill notebooks/step.ipynb /dev/null"),
    ("shell", ["src/step.sh"], "bash src/step.sh"),
    ("small r", ["src/step.r"], "Rscript src/step.r"),
    ("Python before others", ["src/step.sh", "src/step.py"], "python src/step.py"),
    ("a runner of the spec", ["src/step.do"], "stata src/step.do"),
    ("another runner for Python", ["src/step.sh", "src/step.lua"], "bash src/step.sh"),
)
# fmt: on


@pytest.mark.parametrize(
    ("files", "cmd"), [case[1:] for case in FOLDERS], ids=[case[0].replace(" ", "-") for case in FOLDERS]
)
def test_where_the_code_file_is_found(files: list[str], cmd: str) -> None:
    spec = "project: my-project\ncode: {runners: {.do: stata, .lua: lua}}\nstages: {step: {infer: none}}"
    contents = dict.fromkeys(files, "")
    assert entries(spec, contents)["step"]["cmd"] == cmd


def test_dashes_are_underscores_where_need_be() -> None:
    both = {"src/a-b.py": "", "src/a_b.py": ""}
    assert entries("stages: {a-b: {infer: none}}", both)["a-b"]["cmd"] == "python src/a-b.py"
    assert entries("stages: {a-b: {infer: none}}", {"src/a_b.py": ""})["a-b"]["cmd"] == "python src/a_b.py"


def test_a_code_file_with_a_space() -> None:
    assert entries("stages: {a b: {infer: none}}", {"src/a b.py": ""})["a b"]["cmd"] == "python 'src/a b.py'"


def test_no_code_file() -> None:
    spec = "stages: {nope: , train: }"
    assert codes(spec, FILES)[0] == "MLC301"
    assert "`src/nope.*`" in helps(spec, FILES)["MLC301"]
    assert ("MLC301", ("stages", "nope")) in paths(spec, FILES)
    assert list(entries(spec)) == ["train"]


# the stage above
# fmt: off
ABOVE = (
    ("nothing above", "train: {infer: [deps]}", None),
    ("outs alone", "up: {cmd: x, outs: [a, {b: {cache: false}}], metrics: [m], plots: [p]}\ntrain: {infer: [deps]}", ["a", "b"]),
    ("no outs above", "up: {cmd: x, metrics: [m]}\ntrain: {infer: [deps]}", None),
    ("only the nearest", "one: {cmd: x, outs: [a]}\ntwo: {cmd: x, outs: [b]}\ntrain: {infer: [deps]}", ["b"]),
    ("from its wdir", "up: {cmd: x, wdir: w, outs: [a, ../b]}\ntrain: {infer: [deps]}", ["w/a", "b"]),
    ("to the wdir", "up: {cmd: x, outs: [a]}\ntrain: {wdir: src, infer: [deps]}", ["../a"]),
    ("the folder of a foreach", "up: {foreach: [a], do: {cmd: x, outs: ['o/${item}', 'o/${item}.csv', 'p/q/${item}/r']}}\ntrain: {infer: [deps]}", ["o", "p/q"]),
    ("the folder of a matrix", "up: {matrix: {m: [1]}, cmd: x, outs: ['o/${item.m}']}\ntrain: {infer: [deps]}", ["o"]),
    ("a matrix that writes to the root", "up: {matrix: {m: [1]}, cmd: x, outs: ['${item.m}.csv']}\ntrain: {infer: [deps]}", None),
    ("a stage that could not be filled is passed over", "one: {cmd: x, outs: [a]}\nnope:\ntrain: {infer: [deps]}", ["a"]),
    ("a gate is passed over", "up: {cmd: x, outs: [a], metrics: [m.json], gates: {a: '>= 1'}}\ntrain: {infer: [deps]}", ["a"]),
)
# fmt: on


@pytest.mark.parametrize(
    ("text", "deps"), [case[1:] for case in ABOVE], ids=[case[0].replace(" ", "-") for case in ABOVE]
)
def test_the_stage_above(text: str, deps: list[str] | None) -> None:
    spec = "stages:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    assert entries(spec)["train"].get("deps") == deps


def test_a_wdir_moves_what_is_filled() -> None:
    made = entries("stages: {train: {wdir: src, infer: [code, outs]}, evaluate: {wdir: src, infer: [deps, outs]}}")
    assert made["train"] == {"cmd": "python train.py", "wdir": "src", "deps": ["train.py"], "outs": ["../models/train"]}
    assert made["evaluate"] == {
        "cmd": "python evaluate.py",
        "wdir": "src",
        "deps": ["../models/train"],
        "metrics": [{"../metrics/evaluate.json": {"cache": False}}],
        "plots": ["../plots/evaluate"],
    }


def test_a_wdir_that_is_a_template() -> None:
    spec = "vars: [{d: src}]\nstages: {prepare: {wdir: '${d}', cmd: x, infer: all}}"
    assert "MLC303" in codes(spec, FILES)
    assert ("MLC303", ("stages", "prepare", "wdir")) in paths(spec, FILES)
    assert entries(spec)["prepare"] == {"cmd": "x", "wdir": "${d}"}
    assert "MLC303" in codes("vars: [{d: src}]\nstages: {prepare: {wdir: '${d}'}}", FILES)
    assert "MLC303" in codes("vars: [{d: src}]\nstages: {prepare: {wdir: '${d}', infer: none}}", FILES)
    assert "MLC303" not in codes("vars: [{d: src}]\nstages: {prepare: {wdir: '${d}', cmd: x, env: {A: 1}}}", FILES)


def test_args_beside_cmd() -> None:
    spec = "stages: {prepare: {cmd: x, args: [a]}}"
    assert "MLC304" in codes(spec)
    assert ("MLC304", ("stages", "prepare", "args")) in paths(spec)
    assert entries(spec)["prepare"] == {"cmd": "x"}


def test_scripts_are_written_once() -> None:
    spec = (
        "stages: {a: {cmd: x, timeout: 1h}, b: {cmd: y, retries: 2}, c: {script: 'echo \\${HOME} ${odd}', infer: none}}"
    )
    scripts = {script.path: script.text for script in project(spec, FILES).scripts}
    assert sorted(scripts) == [".mlops/scripts/c.sh", ".mlops/scripts/run.sh"]
    assert scripts[".mlops/scripts/c.sh"].endswith("\necho ${HOME} ${odd}\n")
    assert not project("stages: {a: {cmd: x, env: {A: 1}}}").scripts


# gates
def test_a_gate_stands_behind_its_stage() -> None:
    spec = "stages: {judge: {cmd: j, wdir: w, vars: [{v: 1}], metrics: [m.json, n.json], gates: {a: '>= 0.9', b.delta: ['>= 0', '<= 1']}}, end: {cmd: e}}"
    made = entries(spec, {**FILES, "w/.keep": ""})
    assert list(made) == ["judge", "gate-judge", "end"]
    assert made["gate-judge"] == {
        "desc": "Judge the metrics of judge",
        "cmd": "python ../.mlops/scripts/gate.py --report m.gate.md m.json n.json -- 'a >= 0.9' 'b.delta >= 0' 'b.delta <= 1'",
        "wdir": "w",
        "vars": [{"v": 1}],
        "deps": ["../.mlops/scripts/gate.py", "m.json", "n.json"],
        "outs": [{"m.gate.md": {"cache": False}}],
        "always_changed": True,
    }
    assert [script.path for script in project(spec, FILES).scripts] == [".mlops/scripts/gate.py"]
    gate = stages(spec, FILES)["gate-judge"]
    assert (gate.kind, gate.always_changed, gate.desc) == ("evaluate", True, "Judge the metrics of judge")


def test_a_gate_without_metrics_and_one_whose_name_is_taken() -> None:
    spec = "stages: {judge: {cmd: j, gates: {a: '>= 0.9'}}}"
    assert ("MLC305", ("stages", "judge", "gates")) in paths(spec)
    assert list(entries(spec)) == ["judge"]
    spec = "stages: {judge: {cmd: j, metrics: [m.json], gates: {a: '>= 0.9'}}, gate-judge: {cmd: x}}"
    assert ("MLC306", ("stages", "gate-judge")) in paths(spec)
    assert entries(spec)["gate-judge"] == {"cmd": "x"}


# monitors are filled as stages are
def test_a_monitor_is_filled_by_its_name() -> None:
    spec = "monitor: {drift: {schedule: '0 6 * * *', deps: [live.csv], gates: {share: '<= 0.3'}}, quality: {schedule: '0 6 * * *', cmd: q, metrics: [q.json], report: q.html, outs: [o]}}"
    watches = project(
        spec, {"src/drift.py": "import lib\n", "src/lib.py": "", "live.csv": "", "params.yaml": "drift: {a: 1}\n"}
    ).monitors
    assert dict(watches["drift"].body) == {
        "cmd": "python src/drift.py",
        "deps": ["src/drift.py", "src/lib.py", "live.csv"],
        "params": ["drift"],
        "metrics": [{"metrics/drift.json": {"cache": False}}],
    }
    assert watches["drift"].metrics == ("metrics/drift.json",)
    assert dict(watches["quality"].body) == {
        "cmd": "q",
        "outs": ["o", "q.html"],
        "metrics": [{"q.json": {"cache": False}}],
    }


def test_a_monitor_has_no_stage_above() -> None:
    spec = "stages: {prepare: }\nmonitor: {one: {schedule: '0 6 * * *'}, two: {schedule: '0 6 * * *'}}"
    watches = project(spec, {**FILES, "src/one.py": "", "src/two.py": ""}).monitors
    assert watches["one"].body["deps"] == ["src/one.py"]
    assert watches["two"].body["deps"] == ["src/two.py"]


def test_a_monitor_without_a_code_file() -> None:
    spec = "monitor: {one: {schedule: '0 6 * * *'}}"
    assert ("MLC301", ("monitor", "one")) in paths(spec)
    assert not project(spec).monitors


def test_sections_of_dvc_stay_and_null_ones_go() -> None:
    made = dvc("vars: [{a: 1}]\nparams: [params.yaml]\nmetrics: [m.json]\nplots: null\nstages: {one: {cmd: x}}\nmodels: {m: {path: p, type: t, from: one}}\n"
               "artifacts: {d: {path: q}}\ndatasets: [{name: n, type: dc, url: u}]", FILES)  # fmt: skip
    assert next(iter(made)) == "vars"
    assert made == {
        "vars": [{"a": 1}],
        "stages": {"one": {"cmd": "x"}},
        "params": ["params.yaml"],
        "metrics": ["m.json"],
        "artifacts": {"m": {"path": "p", "type": "t"}, "d": {"path": "q"}},
        "datasets": [{"name": "n", "type": "dc", "url": "u"}],
    }
    assert dvc("stages: {}") == {}
