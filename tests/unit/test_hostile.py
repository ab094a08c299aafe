"""Specs made to hurt: each is answered quickly, by diagnostics and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Disk, Memory
from mlopsc.compiler.show.render import FORMATS, render

SECONDS = 5.0
"""Of processor time. Each of these took longer, or gave a traceback, once."""

SPECS: dict[str, Callable[[], str]] = {
    "alias bomb": lambda: (
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    ),
    "merge bomb": lambda: (
        "a0: &a0 {cmd: x}\n"
        + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 12))
    ),
    "10 MB of brackets": lambda: "x: " + "[" * 10_000_000,
    "10 MB of brackets that close": lambda: "x: " + "[" * 5_000_000 + "]" * 5_000_000,
    "10 MB of dashes": lambda: "x:\n  " + "- " * 5_000_000,
    "indents": lambda: "".join(" " * depth + "a:\n" for depth in range(4000)),
    "a number of 5 MB": lambda: "project: 0x" + "f" * 5_000_000 + "\n",
    "a number that cannot be written": lambda: "stages: {a: {cmd: x, retries: 0b" + "1" * 50_000 + "}}\n",
    "a version of 5,000 digits": lambda: "mlops: 0x" + "f" * 5_000 + "\n",
    "a name of 5,000 digits": lambda: "stages: {a: {cmd: x, matrix: {n: [0x" + "f" * 5_000 + "]}}}\n",
    "templates without an end": lambda: "stages: {a: {cmd: '" + "${a" * 200_000 + "'}}\n",
    "templates without an end in vars": lambda: "vars: [{x: '" + "${a" * 200_000 + "'}]\n",
    "templates with an end on the next line": lambda: "stages: {a: {cmd: \"" + "${a" * 200_000 + '\\n}"}}\n',
    "a script with a template of spaces": lambda: "stages: {a: {script: '${" + " " * 20_000 + "'}}\n",
    "unknown keys": lambda: "".join(f"k{number}: 1\n" for number in range(2_000)),
    "stages with an unknown key each": lambda: "stages:\n" + "".join(f"  s{n}: {{cmdd: 1}}\n" for n in range(2_000)),
    "a matrix of 10^30": lambda: (
        "stages: {a: {cmd: x, matrix: {" + ", ".join(f"k{i}: {list(range(10))}" for i in range(30)) + "}}}\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
def test_it_is_answered_quickly(name: str) -> None:
    said = SPECS[name]()
    spec = said if said.startswith("mlops:") else "mlops: 1\n" + said
    started = time.process_time()
    run = compile_spec(Memory({"mlops.yaml": spec}))
    texts = [render(run.report, run.document, style) for style in FORMATS]
    assert run.report.failed or run.files
    assert all(texts)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize(
    ("name", "text"), [("params.toml", "a = 0x" + "f" * 5_000), ("params.py", "a = 0x" + "f" * 5_000)]
)
def test_a_parameter_that_cannot_be_written(name: str, text: str) -> None:
    spec = f"mlops: 1\nvars: [{name}]\nstages: {{a: {{cmd: 'x ${{a}}', deps: [{name}]}}}}\n"
    assert "MLC010" in {each.code for each in compile_spec(Memory({"mlops.yaml": spec, name: text})).report}


@pytest.mark.parametrize(
    "said",
    ["wdir: '${n}'", "deps: ['${n}']", "outs: ['${n}']", "outs: [{'${n}': {cache: false}}]", "metrics: ['${n}']",
     "plots: ['${n}']", "params: ['${n}']", "params: [{p.yaml: ['${n}']}]", "outs: ['${nothing}']"],
)  # fmt: skip
def test_a_template_that_gives_no_text_where_a_path_has_to_be(said: str) -> None:
    spec = f"mlops: 1\nvars: [{{n: 1, nothing: null}}]\nstages: {{a: {{cmd: x, {said}}}}}\n"
    assert "MLC433" in {each.code for each in compile_spec(Memory({"mlops.yaml": spec})).report}


def test_a_template_that_gives_no_text_at_the_top() -> None:
    spec = "mlops: 1\nvars: [{n: 1}]\nmetrics: ['${n}']\nplots: ['${n}']\nparams: ['${n}']\nstages: {a: {cmd: x, deps: [mlops.yaml]}}\n"
    assert [each.code for each in compile_spec(Memory({"mlops.yaml": spec})).report].count("MLC433") == 3


@pytest.mark.parametrize("large", ["mlops.yaml", "params.yaml", "src/train.py", ".mlops/lock.json", "data"])
def test_a_file_that_is_larger_than_memory(tmp_path: Path, large: str) -> None:
    files = {"mlops.yaml": "mlops: 1\nstages: {train: {deps: [data], params: [a], outs: [m]}}\n", "params.yaml": "a: 1\n",
             "src/train.py": "", "data": "", ".mlops/lock.json": '{"version": 1, "files": {}}'}  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    os.truncate(tmp_path / large, 1 << 40)
    started = time.process_time()
    codes = {each.code for each in compile_spec(Disk(str(tmp_path))).report if each.severity == "error"}
    assert codes == {"mlops.yaml": {"MLC008"}, "params.yaml": {"MLC010"}}.get(large, set())
    assert time.process_time() - started < SECONDS
