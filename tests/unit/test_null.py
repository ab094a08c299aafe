"""A key that is null says nothing, as if it were not there: DVC takes none of them, so none of them reaches dvc.yaml."""

from __future__ import annotations

from typing import Any

from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

SPEC = """\
mlops: 1
project: null
vars: null
plots: [{loss.csv: {x: null, y: loss}}, {bare.csv: null}]
artifacts: {m: {path: out, type: null, meta: {kept: null}}}
stages:
  one:
    cmd: echo
    matrix: null
    wdir: null
    deps: null
    meta: {kept: null}
    params: [{params.yaml: null}]
    outs: [{out: {cache: false, desc: null}}]
    plots: [{p.csv: [{x: null}]}]
  each:
    foreach: [1, null]
    do: {cmd: "echo ${item}", matrix: null, params: [a]}
"""


def test_null_keys_are_left_out_and_null_values_are_kept() -> None:
    run = compile_spec(Memory({"mlops.yaml": SPEC, "params.yaml": "a: 1\n"}))
    assert not run.report.failed
    written: Any = next(file.data for file in run.files if file.path == "dvc.yaml")
    assert written == {
        "stages": {
            "one": {
                "cmd": "echo",
                "params": [{"params.yaml": None}],
                "outs": [{"out": {"cache": False}}],
                "plots": [{"p.csv": [{}]}],
                "meta": {"kept": None},
            },
            "each": {"foreach": [1, None], "do": {"cmd": "echo ${item}", "params": ["a"]}},
        },
        "plots": [{"loss.csv": {"y": "loss"}}, {"bare.csv": None}],
        "artifacts": {"m": {"path": "out", "meta": {"kept": None}}},
    }
