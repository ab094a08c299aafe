"""DVC's own resolver is the oracle: a dvc.yaml, and ours compiled from it, come to the very same stages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import initialise, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Memory

pytestmark = pytest.mark.real

TWO_LINES = "mlops: 1\nproject: same\n"

CASES: dict[str, dict[str, str]] = {
    "commands": {"dvc.yaml": "stages:\n  a: {cmd: echo a}\n  b: {cmd: [echo 1, echo 2]}\n  c:\n    cmd: |\n      echo x\n      echo y\n"},
    "deps and outs with flags": {"dvc.yaml": """\
stages:
  a:
    cmd: run
    deps: [in.csv, lib/]
    outs:
    - plain
    - flagged: {cache: false, persist: true, push: false, desc: about, type: data, labels: [x, y], meta: {k: 1}}
    metrics: [m.json, {n.json: {cache: false}}]
    plots: [p.csv, {q.csv: {x: step, y: loss, template: linear, title: Q, x_label: s, y_label: l, header: false}}]
"""},
    "switches": {"dvc.yaml": """\
stages:
  a: {cmd: run, frozen: true, always_changed: true, desc: what it does, meta: {owner: me, list: [1, 2]}}
  b: {cmd: run, wdir: sub, deps: [x], outs: [y]}
""", "sub/x": ""},
    "params": {"dvc.yaml": """\
stages:
  a: {cmd: run, params: [lr, model.depth, {other.json: [k]}, {whole.toml: null}]}
""", "params.yaml": "lr: 0.1\nmodel: {depth: 3}\n", "other.json": '{"k": 1}', "whole.toml": "a = 1\n"},
    "templates": {"dvc.yaml": """\
vars:
- v.yaml
- more.json:k1,k2
- inline: {a: [10, 20]}
stages:
  a:
    cmd: run --lr ${lr} ${model.depth} ${inline.a[1]} ${v.x} ${k1} \\${HOME} ${flag} ${none} ${text}
    wdir: ${where}
    deps: ['${text}.csv']
    outs: [{'${text}.out': {cache: false}}]
    params: ['${section}']
    desc: ${text}
  unpack: {cmd: 'run ${options}'}
""", "params.yaml": "lr: 1e-3\nmodel: {depth: 3}\nflag: true\nnone: null\ntext: word\nsection: model\nwhere: sub\n"
                    "options: {one: 1, two: [a, b c], three: true, four: false, five: {six: x}}\n",
        "v.yaml": "v: {x: yes}\n", "more.json": '{"k1": 1.5, "k2": [1], "k3": 2}', "sub/.keep": ""},
    "foreach over lists": {"dvc.yaml": """\
vars: [{names: [p, q]}]
stages:
  a: {foreach: [x, 1, 2.5, true], do: {cmd: 'run ${item}', outs: ['o/${item}']}}
  b: {foreach: '${names}', do: {cmd: 'run ${item}'}}
  c: {foreach: [{k: 1, l: [2]}, {k: 3, l: [4]}], do: {cmd: 'run ${item.k} ${item.l[0]}'}}
"""},
    "foreach over mappings": {"dvc.yaml": """\
stages:
  a:
    foreach: {us: {e: 1, t: 0.5}, uk: {e: 2, t: 0.7}}
    do:
      cmd: run ${key} ${item.e} ${item.t}
      wdir: d
      vars: [{z: 5}]
      desc: for ${key} ${z}
      deps: ['${key}.csv']
"""},
    "matrix": {"dvc.yaml": """\
vars: [{sizes: [1, 2], axis: ize}]
stages:
  a:
    matrix: {model: [cnn, xgb], 's${axis}': '${sizes}', extra: [{n: 1}, {n: 2}], l: [[1, 2]]}
    cmd: run ${item.model} ${item.size} ${item.extra.n} ${key}
    outs: ['m/${key}']
"""},
    "stage variables": {"dvc.yaml": "stages:\n  a: {cmd: 'run ${x} ${y.z}', vars: [{x: 1}, 'p2.yaml:y']}\n", "p2.yaml": "y: {z: 2}\nw: 3\n"},
    "anchors and merges": {"dvc.yaml": """\
stages:
  a: &a
    cmd: run
    deps: [x]
  b:
    <<: *a
    outs: [y]
  c: {<<: [*a, {desc: d}], cmd: other}
"""},
    "yaml 1.2": {"dvc.yaml": "stages:\n  a: {cmd: run, meta: {a: yes, b: 010, c: 1e-3, d: on, e: 0o17, f: ~, g: 1_000, h: .5}}\n"},
    "top level": {"dvc.yaml": """\
vars: [{n: 1}]
stages: {a: {cmd: run, outs: [m.pkl]}}
params: [p.yaml]
metrics: [m.json, 'm${n}.json']
plots:
- logs/x.csv
- confusion: {template: confusion, x: actual, y: {log.csv: [p, q]}, title: T}
- bare:
artifacts:
  model: {path: m.pkl, type: model, desc: d, labels: [l], meta: {k: v}}
datasets:
- {name: ds, type: url, url: 's3://b/x'}
"""},
}  # fmt: skip


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One Git and DVC repository for all cases; a case brings its own files."""
    root = tmp_path_factory.mktemp("dvc")
    initialise(root)
    return root


def resolved(root: Path, text: str) -> dict[str, Any]:
    """What DVC makes of a dvc.yaml: every stage and every top-level section, templates resolved."""
    from dvc.dvcfile import load_file
    from dvc.repo import Repo

    (root / "dvc.yaml").write_text(text)
    before = Path.cwd()
    os.chdir(root)
    try:
        resolver = load_file(Repo(str(root)), "dvc.yaml").resolver
        return {
            "stages": resolver.resolve()["stages"],
            "artifacts": resolver.resolve_artifacts(),
            "datasets": resolver.resolve_datasets(),
            "metrics": resolver.resolve_metrics(),
            "params": resolver.resolve_params(),
            "plots": resolver.resolve_plots(),
        }
    finally:
        os.chdir(before)


def compiled(files: dict[str, str], spec: str) -> Any:
    return compile_spec(Memory({**files, "mlops.yaml": spec}))


def ours(run_: Any) -> dict[str, Any]:
    """The stages that our graph holds, as DVC writes them."""
    from mlopsc.compiler.lower.expand import expand
    from mlopsc.compiler.lower.variables import global_scope

    scope, _ = global_scope(run_.resolved.sections.get("vars"), run_.params.load)
    return {
        each.name: dict(each.body)
        for entry in run_.resolved.entries.values()
        for each in expand(entry.name, entry.dvc, scope, run_.params.load, ())[0]
    }


@pytest.mark.parametrize("name", CASES)
def test_the_same_stages(name: str, repo: Path) -> None:
    files = {path: text for path, text in CASES[name].items() if path != "dvc.yaml"}
    write(repo, files)
    try:
        expected = resolved(repo, CASES[name]["dvc.yaml"])
        run_ = compiled(files, TWO_LINES + CASES[name]["dvc.yaml"])
        wrong = [d for d in run_.report if d.severity == "error" and not d.code.startswith(("MLC41", "MLC43"))]
        assert not wrong
        assert resolved(repo, dump(run_.project.dvc)) == expected
        assert ours(run_) == expected["stages"]
    finally:
        for path in files:
            (repo / path).unlink()


REFUSED = {
    "unknown variable": "stages: {a: {cmd: 'run ${nope}'}}",
    "github expression": "stages: {a: {cmd: 'run ${{ x }}'}}",
    "empty template": "stages: {a: {cmd: 'run ${}'}}",
    "list in text": "vars: [{l: [1]}]\nstages: {a: {cmd: 'run ${l}'}}",
    "missing vars file": "vars: [nope.yaml]\nstages: {a: {cmd: run}}",
    "redefined": "vars: [{a: 1}, {a: 2}]\nstages: {a: {cmd: run}}",
    "template in vars": "vars: [{a: 1, b: '${a}'}]\nstages: {a: {cmd: run}}",
    "foreach over a text": "stages: {a: {foreach: '${x}', do: {cmd: run}}}\nvars: [{x: word}]",
    "no such index": "vars: [{l: [1]}]\nstages: {a: {cmd: 'run ${l[3]}'}}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_dvc_refuses_we_refuse(name: str, repo: Path) -> None:
    with pytest.raises(Exception, match=r".+"):
        resolved(repo, REFUSED[name])
    run_ = compiled({}, TWO_LINES + REFUSED[name])
    assert any(d.code.startswith("MLC2") and d.severity == "error" for d in run_.report)


WORD = st.from_regex(r"\A[a-z][a-z0-9_]{0,5}\Z")
VALUE = st.one_of(st.integers(-5, 99), st.booleans(), st.floats(0.25, 9, width=16), WORD)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(WORD, st.one_of(VALUE, st.lists(VALUE, min_size=1, max_size=3), st.dictionaries(WORD, VALUE, min_size=1, max_size=2)),
                    min_size=1, max_size=4),
    st.data(),
)  # fmt: skip
def test_any_parameters(repo: Path, params: dict[str, Any], data: st.DataObject) -> None:
    def name() -> str:
        key = data.draw(st.sampled_from(sorted(params)))
        value = params[key]
        if isinstance(value, list):
            return f"${{{key}[{data.draw(st.integers(0, len(value) - 1))}]}}"
        return f"${{{key}.{data.draw(st.sampled_from(sorted(value)))}}}" if isinstance(value, dict) else f"${{{key}}}"

    lists = [
        key for key, value in params.items() if isinstance(value, list) and len({str(v) for v in value}) == len(value)
    ]
    stages: dict[str, Any] = {"plain": {"cmd": f"run {name()} {name()}", "desc": name(), "outs": [f"o/{name()}x"]}}
    if lists and "item" not in params:
        stages["many"] = {"foreach": f"${{{lists[0]}}}", "do": {"cmd": "run ${item}" + name()}}
    if lists and "key" not in params and "item" not in params:
        stages["grid"] = {"matrix": {"a": [1, "x"], "b": f"${{{lists[0]}}}"}, "cmd": "run ${item.a} ${item.b} ${key}"}
    files = {"params.yaml": dump(params)}
    write(repo, files)
    text = dump({"stages": stages})
    expected = resolved(repo, text)["stages"]
    run_ = compiled(files, TWO_LINES + text)
    (repo / "params.yaml").unlink()
    assert ours(run_) == {key: {k: v for k, v in body.items() if k != "vars"} for key, body in expected.items()}
    for stage in run_.project:
        cmd = expected[stage.name]["cmd"]
        assert [c.text for c in stage.commands] == (cmd.splitlines() if isinstance(cmd, str) else cmd)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "golden").glob("*/expected/dvc/**/dvc.yaml")), ids=str
)
def test_nothing_is_written_but_what_the_schema_of_dvc_knows(path: Path) -> None:
    import yaml
    from dvc.schema import COMPILED_MULTI_STAGE_SCHEMA

    COMPILED_MULTI_STAGE_SCHEMA(yaml.safe_load(path.read_text("utf-8")))
