"""Every value with its origin: a line of the spec, a convention, an import, a parameter file."""

from __future__ import annotations

import pytest
from pipeline import explained, not_explained, touched

FILES = {
    "src/prepare.py": "import util\n",
    "src/util.py": "",
    "src/evaluate.py": "",
    "params.yaml": "prepare: {a: 1}\nlr: 0.5\n",
}
SPEC = """\
mlops: 1
stages:
  prepare:
  fit:
    cmd: fit --lr ${lr} --lr ${lr} --seed ${seed}
    desc: Fit it
    wdir: work
    deps: [in.csv, ../data/prepare]
    params: [{../params.yaml: [lr]}]
    outs: [m, {n: {cache: false, push: true}}]
    frozen: false
    meta: {owner: me, tags: [a, b]}
    env: {A: 1}
    timeout: 1h
    retries: 2
    image: python:3.12
    resources: {cpu: 500m, gpu: 1}
  each:
    foreach: [a, b]
    do: {cmd: [one, 'two ${item}'], outs: ['o/${item}'], kind: train}
  evaluate:
    deps: [x.csv]
    gates: {accuracy: '>= 0.9'}
vars: [{seed: 3}]
"""
CONVENTION = "by convention: "
# fmt: off
ROWS: tuple[tuple[str, str, str, str], ...] = (
    # conventions and imports
    ("prepare", "kind", "data", CONVENTION + "its name"),
    ("prepare", "cmd", "python src/prepare.py", CONVENTION + "runs `src/prepare.py`, the code file with the stage's name"),
    ("prepare", "deps", "src/prepare.py", CONVENTION + "the stage's code"),
    ("prepare", "deps", "src/util.py", "`src/prepare.py` imports it"),
    ("prepare", "params", "prepare", CONVENTION + "the section of params.yaml with the stage's name"),
    ("prepare", "outs", "data/prepare", CONVENTION + "`data/STAGE`; `models/STAGE` for kind train; none for kind evaluate"),
    # the spec
    ("fit", "desc", "Fit it", "mlops.yaml:6:11"),
    ("fit", "wdir", "work", "mlops.yaml:7:11"),
    ("fit", "deps", "in.csv", "mlops.yaml:8:12"),
    ("fit", "deps", "../data/prepare", "mlops.yaml:8:20"),
    ("fit", "params", "../params.yaml (lr)", "mlops.yaml:9:14"),
    ("fit", "outs", "m", "mlops.yaml:10:12"),
    ("fit", "outs", "n (cache: false, push: true)", "mlops.yaml:10:15"),
    ("fit", "frozen", "false", "mlops.yaml:11:13"),
    ("fit", "meta", "owner: me, tags: a, b", "mlops.yaml:12:11"),
    ("fit", "env", "A: 1", "mlops.yaml:13:10"),
    ("fit", "timeout", "1h", "mlops.yaml:14:14"),
    ("fit", "retries", "2", "mlops.yaml:15:14"),
    ("fit", "image", "python:3.12", "mlops.yaml:16:12"),
    ("fit", "resources", "cpu: 500m, gpu: 1", "mlops.yaml:17:16"),
    # parameter files, and what is no file's
    ("fit", "${lr}", "0.5", "params.yaml"),
    # foreach
    ("each", "kind", "train", "mlops.yaml:20:64"),
    ("each", "foreach", "a, b", "mlops.yaml:19:14"),
    ("each", "cmd", "one", "mlops.yaml:20:15"),
    ("each", "cmd", "two ${item}", "mlops.yaml:20:15"),
    ("each", "outs", "o/${item}", "mlops.yaml:20:44"),
    # stated beside filled
    ("evaluate", "deps", "src/evaluate.py", CONVENTION + "the stage's code"),
    ("evaluate", "deps", "x.csv", "mlops.yaml:22:12"),
    ("evaluate", "metrics", "metrics/evaluate.json (cache: false)", CONVENTION + "`metrics/STAGE.json` for kind evaluate, kept in Git"),
    ("evaluate", "plots", "plots/evaluate", CONVENTION + "`plots/STAGE` for kind evaluate"),
    ("evaluate", "gates", "accuracy: >= 0.9", "mlops.yaml:23:12"),
    ("gate-evaluate", "deps", "metrics/evaluate.json", CONVENTION + "judges the metrics of `evaluate`"),
    ("gate-evaluate", "outs", "metrics/evaluate.gate.md (cache: false)", CONVENTION + "judges the metrics of `evaluate`"),
)
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_a_value_and_its_origin(row: tuple[str, str, str, str]) -> None:
    assert row in explained(SPEC, FILES)


def test_the_rows_of_one_stage_in_their_order() -> None:
    assert [row[1:3] for row in explained(SPEC, FILES, "fit")] == [
        ("kind", "train"), ("env", "A: 1"), ("image", "python:3.12"), ("resources", "cpu: 500m, gpu: 1"), ("timeout", "1h"), ("retries", "2"),
        ("cmd", "export A='1'; sh ../.mlops/scripts/run.sh 2 3600 sh ../.mlops/scripts/container.sh --env A --gpus 1 python:3.12 fit --lr ${lr} --lr ${lr} --seed ${seed}"),
        ("desc", "Fit it"), ("wdir", "work"), ("frozen", "false"), ("meta", "owner: me, tags: a, b"),
        ("deps", "in.csv"), ("deps", "../data/prepare"), ("params", "../params.yaml (lr)"),
        ("outs", "m"), ("outs", "n (cache: false, push: true)"), ("${lr}", "0.5"),
    ]  # fmt: skip


def test_all_stages_are_explained_in_the_order_of_the_spec() -> None:
    names = dict.fromkeys(row[0] for row in explained(SPEC, FILES))
    assert list(names) == ["prepare", "fit", "each", "evaluate", "gate-evaluate"]


def test_one_stage_of_a_foreach() -> None:
    rows = explained(SPEC, FILES, "each@b")
    assert {row[0] for row in rows} == {"each@b"}
    assert [row[1:] for row in rows] == [row[1:] for row in explained(SPEC, FILES, "each")]


def test_params_of_copies_are_those_of_the_copy() -> None:
    spec = "stages: {each: {foreach: [a, b], do: {cmd: 'x ${p.${item}} ${q}'}}}".replace("${p.${item}} ", "")
    rows = explained(spec, {"params.yaml": "q: 1\n"}, "each@a")
    assert ("each@a", "${q}", "1", "params.yaml") in rows


def test_no_other_stage() -> None:
    assert not_explained(SPEC, FILES, "prepare") is None
    assert not_explained(SPEC, FILES, "each@a") is None
    assert not_explained(SPEC, FILES, "preparee") == "the stage `preparee` does not exist; did you mean `prepare`?"
    assert (
        not_explained("stages: {a: {cmd: x}, b: {cmd: y}}", {}, "zzz")
        == "the stage `zzz` does not exist; the stages are: a, b"
    )
    assert not_explained("stages: {}", {}, "zzz") == "the stage `zzz` does not exist; the stages are: none"


TOUCHED = """\
stages:
  a: {cmd: a, deps: [raw/x.csv], outs: [d/1]}
  b: {cmd: b, deps: [d], outs: [e]}
  c: {cmd: c, deps: [e/f/g]}
  z: {cmd: z, deps: [raw2]}
"""
# fmt: off
PATHS: tuple[tuple[str, dict[str, str]], ...] = (
    ("raw/x.csv", {"a": "it depends on it", "b": "it is downstream of a", "c": "it is downstream of b"}),
    ("raw", {"a": "it reads raw/x.csv", "b": "it is downstream of a", "c": "it is downstream of b"}),
    ("raw/", {"a": "it reads raw/x.csv", "b": "it is downstream of a", "c": "it is downstream of b"}),
    ("d/1", {"b": "it reads d", "c": "it is downstream of b"}),
    ("e/f/g/h", {"c": "it reads e/f/g"}),
    ("e", {"c": "it reads e/f/g"}),
    ("raw2", {"z": "it depends on it"}),
    ("raw/x", {}),
    ("other", {}),
)
# fmt: on


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_what_a_path_makes_run(path: str, expected: dict[str, str]) -> None:
    assert touched(TOUCHED, path) == expected


def test_code_that_a_stage_loads_and_does_not_depend_on() -> None:
    spec = "stages:\n  a: {cmd: python src/a.py, deps: [raw], outs: [d]}\n  b: {cmd: b, deps: [d], outs: [e]}\n"
    files = {"raw": "", "src/a.py": "import lib\n", "src/lib.py": ""}
    why = "it loads it and does not depend on it (MLC414)"
    assert touched(spec, "src/lib.py", files) == {"a": why}
    assert touched(spec, "src", files) == {"a": why}
    assert touched(spec.replace("[raw]", "[raw, src]"), "src/lib.py", files) == {
        "a": "it reads src", "b": "it is downstream of a",
    }  # fmt: skip
