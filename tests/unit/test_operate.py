"""What happens around the pipeline, as values: the runs of an experiment, sources, remotes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.lower.operations import sources
from mlopsc.compiler.model.operations import (
    Deployment,
    Drawn,
    Experiment,
    Listed,
    Model,
    Monitor,
    Remote,
    Source,
    Spaced,
    Values,
)
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.schemas.spec import Spec
from mlopsc.targets.dvc.config import config
from pipeline import project


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


OPERATIONS = """\
stages:
  s: {cmd: x, outs: [m, {k: {cache: false}}], metrics: [a.json, {b.json: {cache: false}}], plots: [p.csv]}
models: {m: {path: m, from: s, desc: best}, k: {path: k}}
"""


def test_deployments_monitors_and_experiments() -> None:
    lowered = project(
        OPERATIONS
        + """\
deploy:
  all: {model: m, on: push, run: go, approve: true, gates: {acc: "> 1"}, env: {A: 1, B: true}, url: "https://e.org"}
  few: {model: k, run: go}
monitor:
  all: {cmd: y, schedule: "0 6 * * *", deps: [live], metrics: [x.json], gates: {d: "< 1"}, on_breach: [issue, retrain], desc: drift}
  few: {cmd: y}
experiments:
  all: {set: {a: [1, 2], b: {start: 0, stop: 4, step: 2}, c: {low: 1, high: 2, count: 3, seed: 4, log: true}}, desc: e, jobs: 2, targets: [s]}
  few: {set: {a: {low: 1, high: 2, count: 3, seed: 4}}}
"""
    )
    assert lowered.models == {"m": Model("m", "m", "s", "s"), "k": Model("k", "k", None, "s")}
    assert lowered.deployments == {
        "all": Deployment("all", "m", "push", "go", True, ("acc > 1",), {"A": "1", "B": "true"}, "https://e.org"),
        "few": Deployment("few", "k", "tag", "go", False, (), {}, ""),
    }
    monitors = lowered.monitors
    assert replace(monitors["all"], body={}) == Monitor(
        "all", {}, ("x.json",), ("live",), "0 6 * * *", ("d < 1",), "drift", True, True
    )
    assert replace(monitors["few"], body={}) == Monitor(
        "few", {}, ("metrics/few.json",), (), None, (), "", False, False
    )
    grid = {"a": Listed((1, 2)), "b": Spaced(0, 4, 2), "c": Drawn(1, 2, 3, 4, True)}
    assert lowered.experiments == {
        "all": Experiment("all", grid, "e", 2, ("s",)),
        "few": Experiment("few", {"a": Drawn(1, 2, 3, 4, False)}, "", 1, ()),
    }
    assert lowered.experiments["few"].jobs is not True


# fmt: off
PROGRAMS: tuple[tuple[str, str], ...] = (
    ("stages: {}", ""),
    (OPERATIONS, "register.sh locked.py"),
    (OPERATIONS + "deploy: {p: {model: m, run: x}}", "register.sh locked.py deploy-p.sh deploy.sh remotes.py verify.py"),
    (OPERATIONS + "deploy: {p: {model: m, run: x}, q: {model: m, run: x, gates: {a: '> 1'}}}", "register.sh locked.py deploy-p.sh deploy-q.sh deploy.sh remotes.py verify.py gate.py"),
    (OPERATIONS + "deploy: {p: {model: other, run: x}}", "register.sh locked.py deploy.sh remotes.py verify.py"),
    ("stages: {}\nmonitor: {d: {cmd: x}}", "monitor.py history.sh chart.py gate.py"),
    ("stages: {}\nmonitor: {d: {cmd: x, on_breach: [retrain]}}", "monitor.py history.sh retrain.sh chart.py gate.py"),
    ("stages: {}\nmonitor: {d: {cmd: x, on_breach: [issue]}}", "monitor.py history.sh chart.py gate.py"),
    ("stages: {}\nexperiments: {e: {set: {p: [1]}}}", "compare.py chart.py"),
)
DEPLOY_SCRIPTS: tuple[tuple[str, list[str]], ...] = (
    # deployment, its lines but for the first two and the last
    ("{model: m, run: go}", ["environment=p model=m MODEL_PATH=m", "paths=m target=s before=''", "judge() { :; }", "run() ( exec sh -c go )"]),
    ("{model: k, run: go}", ["environment=p model=k MODEL_PATH=k", "paths='' target=s before=''", "judge() { :; }", "run() ( exec sh -c go )"]),
    ("{model: k, run: 'go $X', gates: {acc: '> 1'}, env: {X: it's, Y: 1}}",
     ["environment=p model=k MODEL_PATH=k", "paths=a.json target=s before=''",
      """judge() { python "$repository/.mlops/scripts/gate.py" a.json b.json -- 'acc > 1'; }""",
      """run() ( export X='it'"'"'s'; export Y=1; exec sh -c 'go $X' )"""]),
    ("{model: m, run: go, gates: {acc: '> 1'}}",
     ["environment=p model=m MODEL_PATH=m", "paths='m a.json' target=s before=''",
      """judge() { python "$repository/.mlops/scripts/gate.py" a.json b.json -- 'acc > 1'; }""", "run() ( exec sh -c go )"]),
)
# fmt: on


@pytest.mark.parametrize(("spec", "names"), PROGRAMS)
def test_the_programs_of_a_project(spec: str, names: str) -> None:
    programs = project(spec).programs
    assert [program.path for program in programs] == [f".mlops/scripts/{name}" for name in names.split()]
    assert all(program.text for program in programs)


@pytest.mark.parametrize(("deployment", "lines"), DEPLOY_SCRIPTS)
def test_the_script_of_a_deployment(deployment: str, lines: list[str]) -> None:
    scripts = project(f"{OPERATIONS}deploy: {{p: {deployment}}}").programs
    text = next(script.text for script in scripts if script.path.endswith("deploy-p.sh"))
    assert text.splitlines()[2:-1] == lines
    assert text.startswith("#!/bin/sh\n# Made by mlopsc")
    assert text.endswith("\n. ./.mlops/scripts/deploy.sh\n")


# fmt: off
SOURCES: tuple[tuple[str, Source], ...] = (
    ("{url: s3://b/x}", Source("d", "s3://b/x", "data/raw/d")),
    ("{url: s3://b/x, path: in, desc: it, check: look, schema: s.json}", Source("d", "s3://b/x", "in", None, None, "s.json", "look", "it")),
    ("{url: 'https://e.org/r.git', file: f}", Source("d", "https://e.org/r.git", "data/raw/d", "f")),
    ("{url: 'https://e.org/r.git', rev: v1}", Source("d", "https://e.org/r.git", "data/raw/d", "data/raw/d", "v1")),
    ("{url: 'https://e.org/r.git', rev: v1, path: in}", Source("d", "https://e.org/r.git", "in", "in", "v1")),
)
# fmt: on


@pytest.mark.parametrize(("data", "expected"), SOURCES)
def test_a_source(data: str, expected: Source) -> None:
    assert project(f"data: {{d: {data}}}\nstages: {{}}", {"s.json": "{}"}).sources == {"d": expected}


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
