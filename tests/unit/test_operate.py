"""What happens around the pipeline, as values: the runs of an experiment, sources, remotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.lower.operations import sources
from mlopsc.compiler.model.operations import Drawn, Experiment, Listed, Remote, Spaced, Values
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.schemas.spec import Spec
from mlopsc.targets.dvc.config import config


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Spaced(1, 7, 2), [1, 3, 5, 7]),
        (Spaced(0.1, 0.5, 0.1), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (Spaced(0, 1, 0.4), [0, 0.4, 0.8]),
        (Drawn(1, 6, 4, 3), [2, 4, 3, 4]),
    ],
)
def test_values(values: Values, expected: list[float]) -> None:
    assert values.values() == expected


@given(st.integers(0, 99), st.floats(1e-6, 1), st.floats(1.5, 1e6))
def test_random_values_lie_between_the_bounds_and_stay_the_same(seed: int, low: float, factor: float) -> None:
    values = Drawn(low, low * factor, 5, seed, log=True)
    assert values.values() == values.values()
    assert all(low * 0.99999 <= value <= low * factor * 1.00001 for value in values.values())


def test_a_grid_is_every_combination() -> None:
    values = {"a.b": Listed((1, True, None, "x,y's")), "c": Listed(([1, 2], 0.5))}
    experiment = Experiment("e", values)
    assert experiment.runs == len(list(experiment.grid())) == 8
    assert experiment.sweeps == ["a.b=1,true,null,'x,y\\'s'", "c=[1,2],0.5"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("experiments: {e: {set: {p: {low: 0, high: 1, log: true, count: 3, seed: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {low: 5, high: 1, count: 3, seed: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {low: .nan, high: 1, count: 3, seed: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {low: 0, high: 1, count: 3000000000, seed: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {start: 5, stop: 1, step: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {start: 0, stop: 1e300, step: 1e-300}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {start: 0, stop: .inf, step: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: {start: 0, stop: 20000, step: 1}}}}", "MLC450"),
        ("experiments: {e: {set: {p: []}}}", "MLC450"),
        ("experiments: {e: {set: {}}}", "MLC450"),
        ("data: {a: {url: s3://a/x, path: d}, b: {url: s3://a/y, path: d/e}}", "MLC451"),
        ("data: {a: {url: s3://a/x, path: d/e}, b: {url: s3://a/y, path: d}}", "MLC451"),
        ("data: {a: {url: s3://a/x, path: ../d}}", "MLC451"),
        ("data: {a: {url: s3://a/x, path: /etc/passwd}}", "MLC451"),
        ("data: {a: {url: s3://a/x, path: .}}", "MLC451"),
        ("data: {a: {url: s3://a/x, path: o}}", "MLC451"),
        ("data: {a: {url: s3://a/x, schema: none.json}}", "MLC454"),
        ("models: {m: {path: o}}\ndeploy: {p: {model: m, run: x, gates: {acc: '> 1'}}}", "MLC452"),
        ("stack: {registry: ''}", "MLC104"),
        ('stack: {registry: "s3://a\\nfoo = 1"}', "MLC104"),
        ('stack: {registry: {"a\'b": s3://a}}', "MLC104"),
    ],
)
def test_what_cannot_work_is_said_and_never_a_traceback(said: str, code: str) -> None:
    base = "mlops: 1\nstages:\n  s: {cmd: run, deps: [in], outs: [o], params: [p]}\n"
    found = list(compile_spec(Memory({"mlops.yaml": f"{base}{said}\n", "in": "", "params.yaml": "p: 1\n"})).report)
    assert [each.code for each in found if each.severity == "error"] == [code], found


def test_sources() -> None:
    data = {"raw": {"url": "https://example.org/a.csv"}}
    data |= {"other": {"url": "https://example.org/r.git", "file": "data/x", "rev": "v1", "path": "in"}}
    found = sources(Spec.model_validate({"mlops": 1, "data": data}))
    assert found["raw"].path == "data/raw/raw"
    assert (found["other"].path, found["other"].file, found["other"].rev) == ("in", "data/x", "v1")


def test_remotes_are_a_part_of_dvcs_configuration() -> None:
    assert config(()) == ""
    text = config((Remote("staging", "s3://a"), Remote("production", "s3://b")))
    assert text.splitlines()[:2] == ["[core]", "    remote = staging"]
    assert "['remote \"production\"']\n    url = s3://b" in text


PLACES = [
    "s3://a,b#c%d",
    "s3://a b",
    '"s3://q',
    "s3://it's",
    "s3://x #y",
    "s3://${x}",
    "s3://$x",
    "../store",
    "c/d",
    "/abs, #1",
]


@pytest.mark.parametrize("place", PLACES)
def test_dvc_reads_every_place_as_it_was_said(place: str) -> None:
    from configobj import ConfigObj  # type: ignore[import-untyped]

    read = ConfigObj(config((Remote("registry", place),)).splitlines())['remote "registry"']["url"]
    assert read == (f"../{place}" if place in ("../store", "c/d") else place)


SPEC = """\
mlops: 1
stack: {registry: "gs://bucket/x", ci: github}
stages:
  train: {cmd: run, deps: [in], outs: [m], metrics: [m.json]}
models: {m: {path: m, from: train}}
deploy:
  prod: {model: m, on: tag, run: "echo 'it is' $MODEL_VERSION", approve: true, gates: {acc: "> 0.5"}, env: {A: "a'b"}}
monitor:
  drift: {cmd: "look ${lr}", deps: [in], gates: {x: "< 1"}, on_breach: [issue]}
"""


def test_what_is_written() -> None:
    run = compile_spec(Memory({"mlops.yaml": SPEC, "in": "", "params.yaml": "lr: 1\n"}))
    assert not run.report.failed, list(run.report)
    files = {file.path: file.text for file in run.files}
    assert "'dvc[gs]'" in files["Makefile"]
    assert "register-m:" in files["Makefile"]
    assert "rollback-prod:" in files["Makefile"]
    assert "retrain-drift" not in files["Makefile"]
    script = files[".mlops/scripts/deploy-prod.sh"]
    assert "export A='a'\"'\"'b'" in script
    assert "'acc > 0.5'" in script
    assert "vars:\n- ../params.yaml" in files["monitoring/dvc.yaml"]
    assert "drift" not in files["dvc.yaml"]
    assert "retrain-drift" not in files[".github/workflows/mlops-monitor.yml"]
    assert "m@*" in files[".github/workflows/mlops-deploy.yml"]


@pytest.mark.parametrize(("bound", "after"), [("s", ""), ("s.delta", " FORCE")])
def test_a_gate_on_a_difference_runs_every_time_in_native_make_too(bound: str, after: str) -> None:
    stage = f"a: {{cmd: x, deps: [in.txt], metrics: [m.json], gates: {{{bound}: '>= 0'}}}}"
    text = f"mlops: 1\nstack: {{orchestrator: make, ci: []}}\nstages:\n  {stage}\n"
    files = {file.path: file.text for file in compile_spec(Memory({"mlops.yaml": text, "in.txt": ""})).files}
    assert f".mlops/make/gate-a.stamp: .mlops/make/gate-a.state{after}\n" in files["Makefile"]
