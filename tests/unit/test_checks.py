"""What each check finds, where it points, what it says once instead of a thousand times, and what it leaves alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from mlopsc.compiler import checks
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.checks.secrets import entropy
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.read.params import ParamFiles

Found = tuple[str, str, int, int]
RAW = {"raw.txt": "b\na\n"}


def compiled(spec: str, files: dict[str, str] | None = None) -> Compiled:
    return compile_spec(Memory({**RAW, **(files or {}), "mlops.yaml": "mlops: 1\n" + dedent(spec).lstrip("\n")}))


def placed(run: Compiled, diagnostic: Diagnostic) -> Found:
    assert run.document is not None
    assert diagnostic.place is not None
    span = run.document.span(diagnostic.place)
    return diagnostic.code, diagnostic.severity, span.line, span.column


def found(spec: str, files: dict[str, str] | None = None) -> list[Found]:
    """Code, severity in `mlopsc check`, line and column of errors and warnings; ``mlops: 1`` is line 1 of the spec."""
    run = compiled(spec, files)
    return [placed(run, each) for each in run.report.for_check() if each.severity != "note"]


def only(spec: str, files: dict[str, str] | None = None) -> Diagnostic:
    """The one diagnostic that there is."""
    (one,) = (each for each in compiled(spec, files).report if each.severity != "note")
    return one


STAGE = "  {name}:\n    cmd: make-it\n    deps: [{deps}]\n    outs: [{outs}]\n"


def stages(*described: tuple[str, str, str]) -> str:
    """A spec of stages, each told by its name, its deps and its outs."""
    return "stages:\n" + "".join(STAGE.format(name=name, deps=deps, outs=outs) for name, deps, outs in described)


# -- order: who writes what


def test_a_cycle_is_shown_as_its_path_the_way_the_data_flow() -> None:
    one = only(stages(("a", "z", "x"), ("b", "x", "y"), ("c", "y", "z"), ("d", "z", "w")))
    assert one.code == "MLC401"
    assert "a -> b -> c -> a" in one.message
    assert len(one.labels) == 3


def test_each_cycle_is_told_once_and_a_loop_of_cycles_once_for_all() -> None:
    two = stages(("a", "y", "x"), ("b", "x", "y"), ("c", "w", "v"), ("d", "v", "w"))
    assert [each[0] for each in found(two)] == ["MLC401", "MLC401"]
    many = """
    stages:
      up:
        foreach: [1, 2, 3]
        do: {cmd: make-it, deps: ["y${item}"], outs: ["x${item}"]}
      down:
        foreach: [1, 2, 3]
        do: {cmd: make-it, deps: ["x${item}"], outs: ["y${item}"]}
    """
    assert [each[0] for each in found(many)] == ["MLC401"]


def test_the_shortest_way_round_is_the_one_that_is_shown() -> None:
    one = only(stages(("a", "o1, o3", "o0"), ("b", "o0", "o1"), ("c", "o1", "o2"), ("d", "o2", "o3")))
    assert one.message.endswith("a -> b -> a")


def test_a_long_cycle_needs_no_recursion() -> None:
    size = 3000
    circle = [(f"s{n}", f"o{(n - 1) % size}", f"o{n}") for n in range(size)]
    assert f"s0 -> s1 -> {'-> '.join([''])}".rstrip("> -") in only(stages(*circle)).message


def test_two_writers_are_pointed_at_both() -> None:
    one = only(stages(("a", "raw.txt", "x"), ("b", "raw.txt", "y, x")))
    run = compiled(stages(("a", "raw.txt", "x"), ("b", "raw.txt", "y, x")))
    assert placed(run, one)[2:] == (10, 15)  # the second writer's own item
    assert run.document is not None
    assert [run.document.span(label.place).line for label in one.labels] == [6]


def test_ten_writers_of_one_path_are_one_diagnostic() -> None:
    one = only(stages(*((f"s{n}", "raw.txt", "x") for n in range(10))))
    assert one.code == "MLC402"
    assert "10 stages" in one.message
    assert len(one.labels) <= 4


def test_a_path_that_a_stage_names_twice() -> None:
    spec = "stages:\n  a:\n    cmd: make-it\n    deps: [raw.txt]\n    outs: [x]\n    metrics: [x]\n"
    assert found(spec) == [("MLC402", "error", 7, 15)]
    assert found(stages(("a", "raw.txt", "x, y, x"))) == [("MLC402", "error", 6, 18)]


@pytest.mark.parametrize("outs", ["data, data/x", "data/x/y, data", "data/, data/x", "./data, data//x"])
def test_an_out_inside_an_out_however_it_is_written(outs: str) -> None:
    assert {each[0] for each in found(stages(("a", "raw.txt", outs)))} == {"MLC403"}


def test_outs_with_a_common_beginning_do_not_overlap() -> None:
    assert found(stages(("a", "raw.txt", "data/x, data/xy, data.x, dat"))) == []


@pytest.mark.parametrize("out", ["../x", "/srv/x", "x/../../y", "..", ".", "./", "C:\\\\x", "~/x"])
def test_an_out_that_leaves_the_repository(out: str) -> None:
    assert [each[0] for each in found(stages(("a", "raw.txt", f'"{out}"')))] == ["MLC404"]


@pytest.mark.parametrize("out", ["a/../x", ".cache/x", "..x", "~x", "...", "s3://bucket/x", "x:y"])
def test_an_out_that_stays_in_it(out: str) -> None:
    assert found(stages(("a", "raw.txt", f'"{out}"'))) == []


def test_paths_count_from_the_working_directory() -> None:
    spec = "stages:\n  a:\n    wdir: work\n    cmd: make-it\n    deps: [../raw.txt]\n    outs: [{}]\n"
    assert found(spec.format("../x"), {"work/keep": ""}) == []
    assert found(spec.format("../../x"), {"work/keep": ""}) == [("MLC404", "error", 7, 12)]


@pytest.mark.parametrize(("deps", "outs"), [("x", "x"), ("x/part", "x"), ("x", "x/part"), ("x/", "./x")])
def test_a_stage_that_reads_what_it_writes(deps: str, outs: str) -> None:
    assert [each[0] for each in found(stages(("a", deps, outs)), {"x/part": ""})] == ["MLC405"]


def test_a_stage_that_writes_its_own_params() -> None:
    spec = "stages:\n  a:\n    cmd: make-it\n    deps: [raw.txt]\n    params: [lr]\n    outs: [params.yaml]\n"
    assert [each[0] for each in found(spec, {"params.yaml": "lr: 1\n"})] == ["MLC405"]


# -- inputs: what stages read


def test_a_missing_dep_names_what_is_near() -> None:
    one = only(stages(("a", "rwa.txt", "x")))
    assert one.code == "MLC411"
    assert "`raw.txt`" in one.help
    assert one.fix is not None
    assert one.fix.replacement == "raw.txt"


@pytest.mark.parametrize(
    ("dep", "files"),
    [
        ("data/big", {"data/big.dvc": ""}),
        ("data/big/part.csv", {"data/big.dvc": ""}),
        ("sub/out.csv", {"sub/dvc.yaml": ""}),
        ("s3://bucket/x", {}),
        ("/srv/data", {}),
        ("folder", {"folder/file": ""}),
    ],
)
def test_a_dep_that_somebody_answers_for(dep: str, files: dict[str, str]) -> None:
    assert found(stages(("a", dep, "x")), files) == []


def test_a_dep_in_a_directory_that_a_stage_makes_or_that_stages_fill() -> None:
    assert found(stages(("a", "raw.txt", "data/x"), ("b", "data/x/part", "y"), ("c", "data, y", "z"))) == []


def test_a_dep_under_an_external_source() -> None:
    spec = "data:\n  wine: {url: https://example.com/wine.csv}\n" + stages(
        ("a", "data/raw/wine, data/raw/wine/part", "x")
    )
    assert "MLC411" not in {each[0] for each in found(spec)}


def test_what_a_loop_repeats_is_told_once_and_counted() -> None:
    spec = """
    stages:
      a:
        matrix: {n: [1, 2, 3]}
        cmd: make-it
        deps: ["in/${item.n}.csv"]
        outs: ["out/${item.n}"]
    """
    one = only(spec)
    assert (one.code, one.note) == ("MLC411", "and 2 more like it")
    assert placed(compiled(spec), one)[2:] == (6, 12)


def test_the_place_of_a_dep_in_a_loop() -> None:
    spec = 'stages:\n  a:\n    foreach: [1, 2]\n    do:\n      cmd: make-it\n      deps: [raw.txt, "in${item}"]\n      outs: ["x${item}"]\n'
    assert found(spec) == [("MLC411", "error", 7, 23)]


def test_places_of_deps_count_where_code_was_put_before_them() -> None:
    spec = "stages:\n  a:\n    infer: [code]\n    cmd: python s.py\n    deps:\n    - raw.txt\n    - gone.csv\n    outs: [x]\n"
    assert found(spec, {"s.py": "import t\n", "t.py": ""}) == [("MLC411", "error", 8, 7)]


PARAMS = {"params.yaml": "train:\n  depth: 4\n  rates: [1, 2]\n", "other.json": '{"seed": 1}', "p.py": "LR = 1\n"}


@pytest.mark.parametrize("key", ["train", "train.depth", "train.rates.1", "other.json: [seed]", "p.py: [LR]", "p.py:"])
def test_a_parameter_that_is_there(key: str) -> None:
    assert found(f"stages:\n  a:\n    cmd: make-it\n    params:\n    - {key}\n    outs: [x]\n", PARAMS) == []


@pytest.mark.parametrize(
    ("key", "column", "near"),
    [
        ("train.dept", 7, "`train.depth`"),
        ("depth", 7, ""),
        ("train.rates.2", 7, ""),
        ("other.json: [sed]", 20, "`seed`"),
        ("other.json: [seed, sed]", 26, "`seed`"),
        ("gone.yaml: [x]", 19, "create the file"),
        ("gone.yaml:", 7, "create the file"),
    ],
)
def test_a_parameter_that_is_not(key: str, column: int, near: str) -> None:
    spec = f"stages:\n  a:\n    cmd: make-it\n    params:\n    - {key}\n    outs: [x]\n"
    assert found(spec, PARAMS) == [("MLC412", "error", 6, column)]
    assert near in only(spec, PARAMS).help


def test_a_parameter_that_an_experiment_sets() -> None:
    spec = stages(("a", "raw.txt", "x")) + "experiments:\n  e: {set: {train.depht: [1, 2]}}\n"
    assert ("MLC412", "error", 8, 13) in found(spec, PARAMS)


def test_a_parameter_file_that_is_broken_is_told_by_its_reader_alone() -> None:
    spec = "stages:\n  a:\n    cmd: make-it\n    params: [x]\n    outs: [x]\n"
    assert [each[0] for each in found(spec, {"params.yaml": "a: [1"})] == ["MLC001"]


def test_a_parameter_file_that_a_stage_makes() -> None:
    spec = (
        stages(("a", "raw.txt", "made.yaml")) + "  b:\n    cmd: make-it\n    params: [made.yaml: [x]]\n    outs: [y]\n"
    )
    assert found(spec) == []


@pytest.mark.parametrize("key", ["frozen: true", "always_changed: true", "params: [train]", "deps: [raw.txt]"])
def test_a_stage_that_may_be_without_deps(key: str) -> None:
    assert found(f"stages:\n  a:\n    cmd: make-it\n    {key}\n    outs: [x]\n", PARAMS) == []


def test_a_stage_without_deps_is_told_once_for_all_of_its_loop() -> None:
    spec = 'stages:\n  a:\n    foreach: [1, 2]\n    do: {cmd: make-it, outs: ["x${item}"]}\n'
    assert found(spec) == [("MLC413", "warning", 3, 3)]


@pytest.mark.parametrize(("wdir", "good"), [("work", True), ("gone", False), ("raw.txt", False), ("..", False)])
def test_a_working_directory(wdir: str, good: bool) -> None:
    spec = f"stages:\n  a:\n    wdir: {wdir}\n    cmd: make-it\n    deps: [https://example.com]\n    outs: [x]\n"
    codes = [each[0] for each in found(spec, {"work/keep": ""})]
    assert ("MLC415" not in codes) == good


def test_a_working_directory_that_an_earlier_stage_makes() -> None:
    spec = stages(("a", "raw.txt", "made"), ("b", "made", "y")) + "    wdir: made\n"
    assert "MLC415" not in {each[0] for each in found(spec.replace("deps: [made]", "deps: [../made]"))}


# -- code


CODE = {"src/x.py": "import helper\n", "src/helper.py": "", "run.sh": "python src/x.py\n"}


@pytest.mark.parametrize(
    "cmd",
    [
        "python src/y.py",
        "python3 -u src/y.py --fast",
        "cd . && python src/y.py",
        "PYTHONPATH=src python src/y.py | tee log",
        "bash src/y.sh",
        "Rscript src/y.R",
        "./src/y.sh",
    ],
)
def test_code_that_is_not_there(cmd: str) -> None:
    assert found(f"stages:\n  a:\n    cmd: {cmd}\n    deps: [raw.txt]\n    outs: [x]\n", CODE) == [
        ("MLC410", "error", 4, 10)
    ]


@pytest.mark.parametrize("cmd", ["echo python src/y.py.bak", "python -c 'import os'", "make-it y.py"])
def test_what_does_not_run_a_code_file(cmd: str) -> None:
    assert found(f'stages:\n  a:\n    cmd: "{cmd}"\n    deps: [raw.txt]\n    outs: [x]\n', CODE) == []


def test_code_that_a_stage_makes() -> None:
    spec = stages(("a", "raw.txt", "gen.py")) + "  b:\n    cmd: python gen.py\n    deps: [gen.py]\n    outs: [y]\n"
    assert found(spec) == []


@pytest.mark.parametrize("deps", ["src", "src/x.py, src/helper.py", ".", "./src/"])
def test_code_that_is_declared(deps: str) -> None:
    spec = f"stages:\n  a:\n    cmd: python src/x.py\n    deps: [{deps}]\n    outs: [../x]\n".replace("../x", "s3://x")
    assert found(spec, CODE) == []


def test_code_that_is_not_declared_comes_with_a_fix() -> None:
    spec = "stages:\n  a:\n    cmd: python src/x.py\n    deps: [raw.txt]\n    outs: [x]\n"
    one = only(spec, CODE)
    assert placed(compiled(spec, CODE), one) == ("MLC414", "warning", 5, 5)
    assert one.fix is not None
    assert (one.fix.replacement, one.fix.safety) == ("[src/helper.py, src/x.py, raw.txt]", "unsafe")
    run = compiled(spec.replace("[raw.txt]", one.fix.replacement), CODE)
    assert [each for each in run.report if each.severity != "note"] == [], "the fix cures it"


def test_the_code_that_a_script_runs() -> None:
    spec = "stages:\n  a:\n    infer: none\n    script: |\n      set -x\n      python src/y.py\n    deps: [raw.txt]\n    outs: [x]\n"
    assert found(spec, CODE) == [("MLC410", "error", 5, 13)]


def test_code_under_a_time_limit_and_an_environment() -> None:
    spec = "stages:\n  a:\n    env: {A: b}\n    retries: 2\n    timeout: 1h\n    cmd: python src/y.py\n    deps: [raw.txt]\n    outs: [x]\n"
    assert [each[0] for each in found(spec, CODE)] == ["MLC410"]


@pytest.mark.parametrize(
    ("deps", "codes"),
    [("raw.txt, a.py", ["MLC311"]), ("raw.txt, a.py, plug/b.py", []), ("raw.txt, a.py, plug", []), ("raw.txt, a.py, data", ["MLC311"])],
)  # fmt: skip
def test_the_help_for_dynamic_code_works(deps: str, codes: list[str]) -> None:
    files = {"a.py": "import importlib, sys\nimportlib.import_module(sys.argv[1])\n", "plug/b.py": "", "data/x.csv": ""}
    spec = f"stages:\n  a:\n    cmd: python a.py\n    deps: [{deps}]\n    outs: [x]\n"
    assert [each.code for each in compiled(spec, files).report if each.severity != "note"] == codes


def test_one_cause_is_one_diagnostic_however_many_stages_have_it() -> None:
    files = {"a.py": "import lib, mystery\n", "b.py": "import lib\nimport mystery.x\n", "requirements.txt": "numpy\n",
             "lib.py": "import importlib, sys\nimportlib.import_module(sys.argv[1])\nimportlib.import_module(sys.argv[2])\n"}  # fmt: skip
    spec = "".join(
        f"  {name}: {{cmd: python {name}.py, deps: [{name}.py, lib.py], outs: [{name}.x]}}\n" for name in "ab"
    )
    report = [each for each in compiled(f"stages:\n{spec}", files).report if each.severity != "note"]
    assert sorted(each.code for each in report) == ["MLC311", "MLC313"]


def test_scripts_of_a_foreach_are_held_to_each_stage() -> None:
    files = {"src/a.py": "import lib\n", "src/b.py": "", "src/lib.py": ""}
    spec = "stages:\n  s:\n    foreach: [a, b]\n    do: {cmd: 'python src/${item}.py', deps: ['src/${item}.py'], outs: ['${item}.x']}\n"
    one = only(spec, files)
    assert one.code == "MLC414"
    assert "`src/lib.py`" in one.message
    gone = only(spec.replace("[a, b]", "[b, c]"), files)
    assert (gone.code, "`src/c.py`" in gone.message) == ("MLC411", True)


@pytest.mark.parametrize(
    ("stage", "deps"),
    [
        ("{foreach: [a, b], do: {cmd: 'python src/${item}.py', infer: [code], outs: ['${item}.x']}}", ["src/${item}.py", "src/lib.py"]),
        ("{matrix: {m: [a, b]}, cmd: 'python src/${item.m}.py', infer: [code], outs: ['${item.m}.x']}", ["src/${item.m}.py", "src/lib.py"]),
        ("{foreach: '${names}', do: {cmd: 'python src/${key}.py --x ${item}', infer: [code], outs: ['${key}.x']}}", ["src/${key}.py", "src/lib.py"]),
        ("{cmd: 'python ${folder}/a.py', infer: [code], outs: [x]}", ["${folder}/a.py", "src/lib.py"]),
        ("{cmd: 'python ${folder}/a.py', deps: ['${folder}/a.py'], infer: [code], outs: [x]}", ["src/lib.py", "${folder}/a.py"]),
    ],
)  # fmt: skip
def test_code_deps_of_templates(stage: str, deps: list[str]) -> None:
    files = {
        "src/a.py": "import lib\n",
        "src/b.py": "",
        "src/lib.py": "",
        "params.yaml": "names: {a: 1, b: 2}\nfolder: src\n",
    }
    run = compiled(f"stages:\n  s: {stage}\n", files)
    assert [each for each in run.report if each.severity == "error"] == []
    assert run.resolved is not None
    assert run.resolved.entries["s"].body["deps"] == deps


# -- uses


def test_a_dead_stage_is_told_once_and_the_last_is_meant() -> None:
    spec = stages(("a", "raw.txt", "x"), ("b", "raw.txt", "y"), ("train", "y", "m"), ("last", "m", "z"))
    assert found(spec) == [("MLC417", "warning", 3, 3)]


@pytest.mark.parametrize(
    "section",
    ["artifacts: {a: {path: x/y/part}}", "artifacts: {a: {path: x}}", "models: {a: {path: x/y}}", "metrics: [x/y/m.json]", "plots: [x/y/p.csv]",
     "plots: [{all: {y: {x/y/p.csv: loss}}}]"],
)  # fmt: skip
def test_a_stage_whose_out_is_named_is_not_dead(section: str) -> None:
    spec = stages(("a", "raw.txt", "x/y"), ("train", "raw.txt", "m")) + section + "\n"
    assert "MLC417" not in {each[0] for each in found(spec)}


MODEL = stages(("train", "raw.txt", "models/m.bin, models/dir")) + "models:\n  m: {{path: {}, from: {}}}\n"


@pytest.mark.parametrize("path", ["models/m.bin", "models/dir", "models/dir/weights"])
def test_a_model_that_its_stage_writes(path: str) -> None:
    assert "MLC418" not in {each[0] for each in found(MODEL.format(path, "train"))}


@pytest.mark.parametrize(
    ("path", "stage", "near"), [("models/n.bin", "train", "m.bin"), ("models/dir", "trian", "train")]
)
def test_a_model_that_nobody_writes(path: str, stage: str, near: str) -> None:
    one = next(each for each in compiled(MODEL.format(path, stage)).report if each.code == "MLC418")
    assert near in one.help


def test_names_of_models_and_stages_in_other_sections() -> None:
    spec = MODEL.format("models/m.bin", "train") + dedent("""
    deploy:
      here: {model: n, run: make-it}
    experiments:
      e: {set: {lr: [1]}, targets: [train, trian]}
    """)
    codes = [each[0] for each in found(spec, {"params.yaml": "lr: 1"})]
    assert codes.count("MLC418") == 2


def test_a_model_from_no_stage() -> None:
    spec = stages(("train", "raw.txt", "m")) + "models:\n  a: {path: gone.bin}\n  b: {path: raw.txt}\n  c: {path: m}\n"
    assert [each[2] for each in found(spec) if each[0] == "MLC418"] == [8]


# -- names


@pytest.mark.parametrize(("name", "severity"), [("a@b", "error"), ("a:b", "warning"), ("-a", "warning"), ("a b", "warning"),
                                                ("a/b", "warning"), ("a#b", "warning"), ("a&b", "warning")])  # fmt: skip
def test_a_name_that_a_stage_should_not_have(name: str, severity: str) -> None:
    assert found(stages((f'"{name}"', "raw.txt", "x"))) == [("MLC416", severity, 3, 3)]


@pytest.mark.parametrize("name", ["a", "a-b", "a_b", "train.v1", "größe", "ステージ", "0"])
def test_a_name_that_it_may_have(name: str) -> None:
    assert found(stages((f'"{name}"', "raw.txt", "x"))) == []


@pytest.mark.parametrize("char", ["\\n", "\\t", "\\x1b", "\\u202e", "\\u2028", "\\x85"])
def test_a_control_character_in_a_path(char: str) -> None:
    assert [each[0] for each in found(stages(("a", "raw.txt", f'"x{char}y"')))] == ["MLC431"]


@pytest.mark.parametrize("char", ["\\n", "\\r", "\\0"])
@pytest.mark.parametrize(
    "around",
    [
        'data: {w: {url: "https://e.org/w@csv"}}',
        'data: {w: {url: "https://e.org/w.csv", check: "python c@.py"}}',
        'data: {w: {url: "https://e.org/w.git", file: "a@b"}}',
        'data: {w: {url: "https://e.org/w.git", file: a, rev: "v@1"}}',
        'monitor: {d: {cmd: x, metrics: ["a@b.json"]}}',
        'monitor: {d: {cmd: x, metrics: [a.json], gates: {"a@b": ">= 1"}}}',
        'experiments: {e: {set: {p: ["x@y"]}}}',
    ],
)
def test_a_line_break_in_what_becomes_a_line_of_the_makefile(around: str, char: str) -> None:
    assert "MLC431" in [each[0] for each in found(stages(("a", "raw.txt", "x")) + around.replace("@", char) + "\n")]


@pytest.mark.parametrize("text", ["x y", "x$y", "x'y", "x\\u00a0y", "x\\u3000y", "é", "x%y"])
def test_a_path_that_is_only_unusual(text: str) -> None:
    assert found(stages(("a", "raw.txt", f'"{text}"'))) == []


# -- injection


def injected(cmd: str, value: str) -> list[str]:
    spec = f"stages:\n  a:\n    cmd: |-\n      {cmd}\n    deps: [raw.txt]\n    params: [v]\n    outs: [x]\n"
    return [each[1] for each in found(spec, {"params.yaml": f"v: {value}\n"}) if each[0] == "MLC430"]


@pytest.mark.parametrize(
    "value", ["a; b", "a|b", "a && b", "$(b)", "`b`", "'a > b'", '"it\'s"', '"a\\nb"', "$HOME", "(a)"]
)
def test_a_value_that_the_shell_would_obey(value: str) -> None:
    assert injected("run ${v} x", f'"{value}"' if value[:1] in "`(" else value) == ["error"]


@pytest.mark.parametrize("value", ["a b", '"*.csv"', '"a?"', '""', '"~"'])
def test_a_value_that_the_shell_takes_apart(value: str) -> None:
    assert injected("run ${v} x", value) == ["warning"]


@pytest.mark.parametrize(
    ("cmd", "value", "said"),
    [
        ('run "${v}"', "a b", []),
        ('run "${v}"', "a; b", []),
        ('run "${v}"', "$(b)", ["error"]),
        ("run '${v}'", "$(b)", []),
        ("run '${v}'", '"it\'s"', ["error"]),
        ("run 'x y' ${v}", "a b", ["warning"]),
        ('run "x \'y" ${v}', "a b", ["warning"]),
        ("run \\' ${v}", "a b", ["warning"]),
        ("run 'x ${v} ${v}'", "a b", []),
        ("run ${v}", "0.25", []),
        ("run ${v}", "--fast --depth 3", []),
        ("run ${v}", "--fast; b", ["error"]),
        ("run ${v}", "data/x-1.csv", []),
    ],
)
def test_quotes_around_a_value(cmd: str, value: str, said: list[str]) -> None:
    assert injected(cmd, value) == said


def test_an_expression_in_what_reaches_ci() -> None:
    spec = stages(("a", "raw.txt", "x")) + "ci:\n  runner: [a, '${{ x }}']\n"
    assert found(spec) == [("MLC432", "error", 8, 15)]


# -- secrets


def secrets(value: str, key: str = "NOTE") -> list[str]:
    spec = f"stages:\n  a:\n    env: {{{key}: {value!r}}}\n    cmd: make-it\n    deps: [raw.txt]\n    outs: [x]\n"
    return [each[0] for each in found(spec) if each[0] == "MLC420"]


def letters(count: int, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=count))


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "Z7Q2" * 4,
        "ghp_" + letters(36),
        "github_pat_" + letters(40),
        "glpat-" + letters(20),
        "xoxb-" + letters(20),
        "hf_" + letters(34),
        "sk-" + letters(40),
        "sk-proj-" + letters(40),
        "npm_" + letters(36),
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://me:hunter22@db/x",
        "run --password=hunter22",
        "run --api-key " + "--token=" + letters(24),
        "Authorization: token=" + letters(24),
    ],
)
def test_a_secret_by_its_form(value: str) -> None:
    assert secrets(value) == ["MLC420"]


@pytest.mark.parametrize(("key", "value"), [("DB_PASSWORD", "hunter22"), ("DB_PASSWORD", "correcthorse"), ("API_KEY", "abc12345"),
                                            ("SECRET", "x9-y8-z7"), ("aws_secret_access_key", "a/b+" + letters(30))])  # fmt: skip
def test_a_secret_by_its_name(key: str, value: str) -> None:
    assert secrets(value, key) == ["MLC420"]


@pytest.mark.parametrize(
    "value",
    [
        "--max-tokens=100000000",
        "--eos-token=<|endoftext|>",
        "--tokenizer=bert-base-uncased-v2-large",
        "--password=$DB_PASSWORD",
        "--token=step12345",
        "https://$USER:$TOKEN@example.com",
        "https://example.com/a:b@c",
        "sk-learn-random-forest-baseline-model",
        "asiapacificsalesnorthwest1",
        "task-" + letters(30),
        "secretary of state: somebody",
    ],
)
def test_what_is_no_secret(value: str) -> None:
    assert secrets(value) == []


@pytest.mark.parametrize(("key", "value"), [("HF_TOKEN", "$TOKEN_OF_CI"), ("PASSWORD_FILE", "hunter22"), ("DB_PASSWORD", "conf/db.txt"), ("API_KEY", "unset"),
                                            ("PAD_TOKEN", "padding"), ("TOKEN", "12345678"), ("MONKEY", "abc12345x")])  # fmt: skip
def test_a_name_that_tells_of_no_secret(key: str, value: str) -> None:
    assert secrets(value, key) == []


def test_a_secret_in_a_key_and_in_a_section_of_its_own() -> None:
    spec = stages(("a", "raw.txt", "x")) + "patches:\n  dvc.yaml:\n    stages: {a: {desc: ghp_" + letters(36) + "}}\n"
    assert [each[:3] for each in found(spec)] == [("MLC420", "error", 9)]
    url = (
        "stages:\n  a:\n    cmd: make-it\n    deps: [raw.txt]\n    outs:\n    - s3://me:hunter22@x/y: {cache: false}\n"
    )
    assert ("MLC420", "error", 7, 7) in found(url)


def test_the_entropy_of_a_text() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


# -- all together


class Counting(Memory):
    """A snapshot that remembers how often each path was asked for."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(files)
        self.asked: list[str] = []

    def kind(self, path: str) -> str | None:
        self.asked.append(path)
        return super().kind(path)


def chain(size: int) -> tuple[str, dict[str, str]]:
    """A clean spec of stages that each read a parameter and what the one before wrote, ten in a row."""
    lines = ["stages:"]
    for n in range(size):
        dep = f"data/o{n - 1}" if n % 10 else "raw.txt"
        lines += [
            f"  s{n}:",
            f"    cmd: python src/step.py --rate ${{s{n}.rate}} {dep} data/o{n}",
            f"    deps: [src, {dep}]",
        ]
        lines += [f"    params: [s{n}.rate]", f"    outs: [data/o{n}]"]
    params = "".join(f"s{n}:\n  rate: 0.{n}\n" for n in range(size))
    return "\n".join(lines) + "\n", {"params.yaml": params, "src/step.py": "import util\n", "src/util.py": ""}


def test_the_disk_is_asked_the_same_for_fifty_stages_as_for_one() -> None:
    spec, files = chain(50)
    snapshot = Counting({**RAW, **files, "mlops.yaml": "mlops: 1\n" + spec})
    run = compile_spec(snapshot)
    assert run.project is not None
    assert run.document is not None
    snapshot.asked.clear()
    assert list(checks.run(run.project, snapshot, ParamFiles(snapshot), run.document.data)) == []
    assert len(snapshot.asked) < 20
    assert not any(path.startswith("data/") for path in snapshot.asked)


def test_a_thousand_clean_stages_are_checked_in_a_moment() -> None:
    spec, files = chain(1000)
    run = compiled(spec, files)
    assert run.project is not None
    assert run.document is not None
    assert run.params is not None
    assert [each for each in run.report if each.severity != "note"] == []
    snapshot = run.params.snapshot

    def seconds() -> float:
        before = time.process_time()
        list(checks.run(run.project, snapshot, run.params, run.document.data))  # type: ignore[arg-type,union-attr]
        return time.process_time() - before

    assert min(seconds() for _ in range(5)) < 0.05  # 0.007 where it was measured


def test_each_check_can_be_run_alone() -> None:
    run = compiled(stages(("a@b", "gone", "../x")))
    assert run.project is not None
    assert run.document is not None
    places = checks.Places(run.document.data)
    snapshot = Memory({})
    codes = {d.code for check in checks.ALL for d in check(run.project, snapshot, ParamFiles(snapshot), places)}
    assert codes == {"MLC404", "MLC411", "MLC416"}


# -- targets that are not as they should be


TWIN = """
from mlopsc.compiler.model.target import File


class Twin:
    name = "twin"
    support = {}

    def emit(self, project):
        yield File("dvc.yaml", "stages: {}\\n")
"""


def test_two_targets_that_write_one_file(distribution: Callable[..., Path]) -> None:
    distribution("acme", {"twin": "acme_twin:Twin"}, {"acme_twin.py": TWIN})
    assert "MLC506" in {
        each[0] for each in found("stack: {orchestrator: [dvc, twin]}\n" + stages(("a", "raw.txt", "x")))
    }


def test_a_target_that_cannot_be_loaded(distribution: Callable[..., Path]) -> None:
    distribution("acme", {"nimbus": "no_such_module_here:Nimbus"})
    spec = "stack:\n  orchestrator: [dvc, nimbus]\n" + stages(("a", "raw.txt", "x"))
    assert ("MLC502", "error", 3, 23) in found(spec)


def test_a_target_that_two_distributions_provide(distribution: Callable[..., Path]) -> None:
    """Neither wins: which files a build writes must not depend on the order of sys.path."""
    distribution("acme", {"twin": "acme_twin:Twin"}, {"acme_twin.py": TWIN})
    distribution("zenith", {"twin": "zenith_twin:Twin"}, {"zenith_twin.py": TWIN})
    run = compiled("stack: {orchestrator: [dvc, twin]}\n" + stages(("a", "raw.txt", "x")))
    assert [each.code for each in run.report if each.severity == "error"] == ["MLC502"]
    assert "acme and zenith" in next(each.message for each in run.report if each.code == "MLC502")


@pytest.mark.parametrize(
    ("dep", "similar"),
    [
        ("services/ml/data/raw.csv", "data/raw.csv"),
        ("ml/data/raw.csv", "data/raw.csv"),
        ("services/ml/data", "data"),
        ("services/ml/made.txt", "made.txt"),
        ("services/ml/data/other.csv", None),
    ],
)
def test_a_path_from_the_root_of_a_monorepo_is_helped_to_the_one_from_the_spec(dep: str, similar: str | None) -> None:
    spec = f"mlops: 1\nstages:\n  a: {{cmd: x, deps: [{dep}], outs: [o]}}\n  b: {{cmd: y, deps: [data], outs: [made.txt]}}\n"
    report = compile_spec(Memory({"mlops.yaml": spec, "data/raw.csv": "1"})).report
    (missing,) = (diagnostic for diagnostic in report if diagnostic.code == "MLC411")
    assert (f"`{similar}`" in f"{missing.message} {missing.help}") is (similar is not None)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("env: {A: '${rate'}", [("MLC436", "warning")]),
        ("env: {A: '${HOME}'}", [("MLC202", "error")]),
        ("args: ['--rate', '${rate']", [("MLC436", "warning")]),
        ("args: ['--rate', '{rate']", []),
        ("args: '--rate ${rate'", [("MLC436", "error")]),
    ],
)
def test_a_template_that_nothing_closes_in_a_value(keys: str, expected: list[tuple[str, str]]) -> None:
    spec = f"stages:\n  y:\n    {keys}\n    outs: [x]\n"
    assert [each[:2] for each in found(spec, {"src/y.py": "", "raw.txt": ""})] == expected


NAMED = "stages:\n  a:\n    cmd: cp raw.txt data/x.csv\n    deps: [raw.txt]\n    outs: [data/x.csv]\n  b:\n    {}\n    outs: [y]\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("cmd: cp data/x.csv y\n    deps: [raw.txt]", ["MLC424"]),
        ("cmd: cp ./data/x.csv y\n    deps: [raw.txt]", ["MLC424"]),
        ("cmd: prog --in=data/x.csv > y\n    deps: [raw.txt]", ["MLC424"]),
        ("cmd: prog '<data/x.csv' > y\n    deps: [raw.txt]", ["MLC424"]),
        ("cmd: cp ../data/x.csv ../y\n    wdir: src\n    deps: [../raw.txt]", ["MLC424"]),
        ("cmd: cp data/x.csv y\n    deps: [data/x.csv]", []),
        ("cmd: cp data/x.csv y\n    deps: [data]", []),
        ("cmd: prog data/x.csv.bak data/x y\n    deps: [raw.txt]", []),
        ("cmd: cp data/x.csv y\n    deps: [raw.txt]\n    params: [data/x.csv: [a]]", []),
    ],
)
def test_an_out_that_a_command_names_and_that_is_no_dep(body: str, expected: list[str]) -> None:
    codes = [
        each[0]
        for each in found(
            NAMED.format(body).replace("outs: [y]", "outs: [../y]" if "wdir" in body else "outs: [y]"),
            {"raw.txt": "", "src/z": ""},
        )
    ]
    assert [code for code in codes if code == "MLC424"] == expected


def test_an_out_of_a_later_stage_may_be_named() -> None:
    spec = (
        NAMED.format("cmd: prog x.log > y\n    deps: [raw.txt]")
        + "  c:\n    cmd: prog y > x.log\n    deps: [y]\n    outs: [x.log]\n"
    )
    assert found(spec) == [], "a dep on it would be a cycle"
