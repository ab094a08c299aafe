"""`accept`: one accepted problem does not silence the next. And severities in a build and in `mlopsc check`."""

from __future__ import annotations

import pytest
from mlopsc.compiler.checks.accept import accept_line
from pipeline import compiled

SPEC = """\
stages:
  one: {cmd: x, deps: [gone, ./also//gone], outs: [a]}
  two: {cmd: y, wdir: sub, deps: [gone], outs: [b]}
  each: {foreach: [1, 2], do: {cmd: z, deps: ['in/${item}'], outs: ['c/${item}']}}
  "1": {cmd: w, deps: ["a, b"], outs: [d]}
"""
FILES = {"sub/.keep": ""}


def failing(accept: str = "") -> int:
    """How many errors `mlopsc check` has."""
    run = compiled(f"{accept}\n{SPEC}", FILES)
    return sum(found.severity == "error" for found in run.report.for_check())


@pytest.mark.parametrize(
    ("accept", "left"),
    [
        ("", 5),
        ("accept: [MLC411]", 0),
        ("accept: [MLC412]", 5),
        ("accept: {MLC411: [one.gone]}", 4),
        ("accept: [{MLC411: [one.gone]}]", 4),
        ("accept: [MLC412, {MLC411: [one.gone, two.gone]}]", 3),
        ("accept: {MLC412: [one.gone]}", 5),
        ("accept: {MLC411: [one.also/gone]}", 4),
        ("accept: {MLC411: [one.deps.gone]}", 4),
        ("accept: {MLC411: [one.deps]}", 3),
        ("accept: {MLC411: [one]}", 3),
        ("accept: {MLC411: [gone]}", 5),
        ("accept: {MLC411: ['each.in/${item}']}", 4),
    ],
)
def test_by_code_and_place(accept: str, left: int) -> None:
    assert failing(accept) == left


def test_what_an_import_writes_accepts_all_there_is_and_nothing_more() -> None:
    run = compiled(SPEC, FILES)
    assert run.document is not None
    line = accept_line([found for found in run.report if found.in_check == "error"], run.document.data)
    assert line == 'accept: {MLC411: [one.gone, one.also/gone, two.gone, "each.in/${item}", "1.a, b"]}'
    assert failing(line) == 0
    more = compiled(f"{line}\n{SPEC}  new: {{cmd: n, deps: [other], outs: [e]}}\n", FILES)
    assert [found.message for found in more.report.for_check() if found.severity == "error"] == [
        "`new` depends on `other`, which does not exist, and no stage writes it"
    ]


@pytest.mark.parametrize("accept", ["{MLC101: [a]}", "[MLC101]", "{MLC411: a}", "[[MLC411]]"])
def test_what_accept_is_not(accept: str) -> None:
    run = compiled(f"accept: {accept}\n{SPEC}", FILES)
    assert any(found.code.startswith("MLC1") for found in run.report)


MISSING = [
    ("MLC410", "stages: {a: {cmd: python src/gone.py, deps: [f], outs: [o]}}"),
    ("MLC411", "stages: {a: {cmd: x, deps: [gone], outs: [o]}}"),
    ("MLC412", "stages: {a: {cmd: x, params: [{gone.yaml: [k]}], outs: [o]}}"),
    ("MLC415", "stages: {a: {cmd: x, deps: [f], wdir: gone, outs: [o]}}"),
]


@pytest.mark.parametrize(("code", "spec"), MISSING)
def test_what_is_missing_here_stops_no_build_and_fails_a_check(code: str, spec: str) -> None:
    files = {"f": "", "gone/f": ""} if code == "MLC415" else {"f": ""}
    files.pop("gone/f", None)
    run = compiled(spec, {**files, "f": ""})
    assert not run.report.failed
    assert run.files
    assert code in {found.code for found in run.report.for_check() if found.severity == "error"}


@pytest.mark.parametrize(
    ("spec", "files"),
    [
        ("stages: {a: {cmd: x, deps: [data/gone], outs: [o]}}", {"data.dvc": ""}),
        ("stages: {a: {cmd: x, deps: [made/by/other], outs: [o]}}", {"x/dvc.yaml": "stages: {y: {cmd: y, wdir: .., outs: [made]}}"}),
        ("stages: {a: {cmd: x, deps: [m/3/k], outs: [o]}}", {"x/dvc.yaml": "stages: {y: {foreach: [3], do: {cmd: y, outs: ['../m/${item}/k']}}}"}),
        ("stages: {a: {cmd: x, deps: [whole], outs: [o]}}", {"x/dvc.yaml": "stages: {y: {cmd: y, metrics: [{../whole/part: {cache: false}}]}}"}),
        ("stages: {a: {cmd: x, outs: [conf], deps: [f]}, b: {cmd: y, params: [{conf/p.yaml: [k]}]}}", {"f": ""}),
        ("stages: {a: {cmd: x, params: [{conf/p.yaml: [k]}]}}", {"conf.dvc": ""}),
        ("stages: {a: {cmd: docker run -v $PWD:/w image python src/gone.py, deps: [f]}}", {"f": ""}),
        ("stages: {a: {cmd: srun --gpus 1 python src/gone.py, deps: [f]}}", {"f": ""}),
        ("stages: {a: {cmd: calkit xenv -n e -- python src/gone.py, deps: [f]}}", {"f": ""}),
        ("stages: {a: {cmd: ssh host 'python src/gone.py', deps: [f]}}", {"f": ""}),
    ],
)  # fmt: skip
def test_what_somebody_else_makes_is_not_missing(spec: str, files: dict[str, str]) -> None:
    found = compiled(spec, files).report.for_check()
    assert [each for each in found if each.code in ("MLC410", "MLC411", "MLC412")] == []


def test_a_dep_outside_of_the_repository_is_a_warning_in_both() -> None:
    run = compiled("stages: {a: {cmd: x, deps: [../elsewhere], outs: [o]}}")
    assert [(found.code, found.severity, found.in_check) for found in run.report if found.severity != "note"] == [
        ("MLC411", "warning", None)
    ]
