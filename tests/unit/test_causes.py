"""One cause is one diagnostic, and values are kept as they are written."""

from __future__ import annotations

import pytest
from helped import problems
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.project import Stage
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.show.render import render

CODE = {"a.py": "", "src/sort.py": "", "raw.txt": ""}


def stages(count: int, *lines: str) -> str:
    """Several stages with further lines, in which `N` is the number of the stage."""
    body = "    cmd: python a.py NAME > oN\n    deps: [a.py]\n    outs: [oN]\n" + "".join(
        f"    {line}\n" for line in lines
    )
    return "mlops: 1\nstages:\n" + "".join(f"  s{n}:\n" + body.replace("N", str(n)) for n in range(count))


def codes(spec: str, **files: str) -> list[str]:
    texts = {path.replace("__", "."): text for path, text in files.items()}
    return [problem.diagnostic.code for problem in problems({**CODE, **texts, "mlops.yaml": spec})]


def test_a_missing_parameter_file_is_one_problem() -> None:
    assert codes(stages(4, "params: [x, y, z]")) == ["MLC412"]


def test_templates_without_a_parameter_file_are_one_problem() -> None:
    spec = stages(4).replace("0AME", "${a.b}").replace("1AME", "${c}").replace("2AME", "${d}")
    (problem,) = problems({**CODE, "mlops.yaml": spec})
    assert problem.diagnostic.code == "MLC202"
    assert problem.diagnostic.help.startswith("create `params.yaml` with the keys `a`, `c`, `d`")
    assert codes(spec, params__yaml="a: {b: 1}\nc: 1\nd: 1\n") == []


def test_what_an_unreadable_parameter_file_may_define_is_not_undefined() -> None:
    assert codes(stages(3).replace("0AME", "${a}"), params__yaml="a: [1\n") == ["MLC001"]
    missing = "mlops: 1\nvars: [p.yaml]\n" + stages(3).replace("0AME", "${a}").removeprefix("mlops: 1\n")
    assert codes(missing) == ["MLC204"]


def test_an_unknown_stage_that_several_places_name_is_one_problem() -> None:
    models = "models:\n" + "".join(f"  m{n}: {{path: o0, from: trian}}\n" for n in range(6))
    spec = stages(1).replace("s0", "train") + models
    (problem,) = problems({**CODE, "mlops.yaml": spec})
    assert problem.diagnostic.code == "MLC418"
    assert len(problem.diagnostic.labels) == 4
    assert problem.diagnostic.note == "and 1 more like it"


def test_what_is_left_out_as_invalid_is_not_missing_as_well() -> None:
    text = "mlops: 1\nstages:\n  a:\n    cmd: wc raw.txt > o\n    deps: raw.txt\n    outs: o\n  b:\n    cmd: wc o > p\n    deps: [o]\n    outs: [p]\n"
    assert codes(text) == ["MLC102", "MLC102"]


def test_the_text_ends_with_how_to_read_more() -> None:
    run = compile_spec(Memory({"mlops.yaml": "mlops: 1\nproject: 1.10\n"}))
    assert render(run.report, run.document, "text").splitlines()[-1].endswith("`mlopsc code MLC102`")


def compiled(spec: str, **files: str) -> Stage:
    run = compile_spec(
        Memory({**CODE, **{path.replace("__", "."): text for path, text in files.items()}, "mlops.yaml": spec})
    )
    assert run.project is not None
    return next(iter(run.project))


@pytest.mark.parametrize("text", ["0755", "1e3", "1.10", "1_000", "0x1F", "+1", "-0", "1.0", "0o17", ".inf"])
def test_a_number_in_env_keeps_its_text(text: str) -> None:
    body = f"{{cmd: wc raw.txt, deps: [raw.txt], env: {{A: {text}}}}}"
    assert compiled(f"mlops: 1\nstages: {{a: {body}}}\n").env == {"A": text}
    assert compiled(f"mlops: 1\nstages: {{a: {{foreach: [x], do: {body}}}}}\n").env == {"A": text}


@pytest.mark.parametrize(
    ("args", "params", "command"),
    [
        ("['${x}', b c]", "x: p q", "python src/sort.py 'p q' 'b c'"),
        ("['--name=${x}']", "x: p q", "python src/sort.py '--name=p q'"),
        ("['${x}']", "x: ''", "python src/sort.py ''"),
        ("['${x}']", "x: 4", "python src/sort.py 4"),
        ("['${x}']", "x: {a: 1, b: c d}", "python src/sort.py --a 1 --b 'c d'"),
    ],
)
def test_an_item_of_args_is_one_argument(args: str, params: str, command: str) -> None:
    spec = f"mlops: 1\nstages:\n  sort: {{args: {args}, deps: [raw.txt], outs: [o]}}\n"
    assert compiled(spec, params__yaml=params).commands[0].text == command


@pytest.mark.parametrize("name", ["DVC.YAML", "Mlops.yaml", "dvc.LOCK", "MAKEFILE", ".Git/x", ".DVC/cache"])
def test_an_out_that_is_another_file_where_case_does_not_count(name: str) -> None:
    spec = f"mlops: 1\nstages:\n  a: {{cmd: wc raw.txt, deps: [raw.txt], outs: [{name}]}}\n"
    found = [problem.diagnostic for problem in problems({**CODE, "mlops.yaml": spec}) if problem.at[0] == "MLC406"]
    assert [diagnostic.severity for diagnostic in found] == ["warning"]


def test_a_stage_called_clean_is_not_what_make_deletes_with() -> None:
    for stack in ("{orchestrator: make, ci: []}", "{ci: []}"):
        spec = f"mlops: 1\nstack: {stack}\nstages:\n  clean: {{cmd: wc raw.txt > o, deps: [raw.txt], outs: [o]}}\n"
        run = compile_spec(Memory({**CODE, "mlops.yaml": spec}))
        (makefile,) = (file.text for file in run.files if file.path == "Makefile")
        (removing,) = (rule for rule in makefile.split("\n\n") if "rm -rf --" in rule)
        assert removing.startswith("clean-outs:")
        assert "\nclean:" in makefile
