"""What a stage is once it is lowered: paths from the root, outs with their flags, params, resources; and the project around it."""

from __future__ import annotations

from typing import Any

import pytest
from mlopsc.compiler.lower.fan_out import place
from mlopsc.compiler.lower.paths import height, parents, rooted
from mlopsc.compiler.model.ci import Machine
from mlopsc.compiler.model.resources import Resources
from mlopsc.compiler.model.target import Feature
from pipeline import project, stages


def one(body: str, files: dict[str, str] | None = None) -> Any:
    """The stage `one` with this body."""
    return stages(f"stages: {{one: {{cmd: x, {body}}}}}", files)["one"]


# fmt: off
RESOURCES = (
    ("nothing", "desc: d", (None, None, None)),
    ("cores", "resources: {cpu: 4}", (4, None, None)),
    ("part of a core", "resources: {cpu: 0.5}", (0.5, None, None)),
    ("cores as text", 'resources: {cpu: "2.5"}', (2.5, None, None)),
    ("thousandths of a core", "resources: {cpu: 500m}", (0.5, None, None)),
    ("bytes", "resources: {memory: 1000}", (None, 1000, None)),
    ("bytes as text", 'resources: {memory: "1000"}', (None, 1000, None)),
    ("K", "resources: {memory: 2K}", (None, 2 * 10**3, None)),
    ("M", "resources: {memory: 2M}", (None, 2 * 10**6, None)),
    ("G", "resources: {memory: 2G}", (None, 2 * 10**9, None)),
    ("T", "resources: {memory: 2T}", (None, 2 * 10**12, None)),
    ("Ki", "resources: {memory: 2Ki}", (None, 2 * 2**10, None)),
    ("Mi", "resources: {memory: 2Mi}", (None, 2 * 2**20, None)),
    ("Gi", "resources: {memory: 1.5Gi}", (None, 3 * 2**29, None)),
    ("Ti", "resources: {memory: 2Ti}", (None, 2 * 2**40, None)),
    ("GPUs", "resources: {gpu: 2}", (None, None, 2)),
    ("all", "resources: {cpu: 1, memory: 1Mi, gpu: 0}", (1, 2**20, 0)),
)
# fmt: on


@pytest.mark.parametrize(
    ("body", "values"), [row[1:] for row in RESOURCES], ids=[row[0].replace(" ", "-") for row in RESOURCES]
)
def test_resources(body: str, values: tuple[float | None, int | None, int | None]) -> None:
    resources = one(body).resources
    assert (resources.cpu, resources.memory, resources.gpu) == values


def test_every_field_of_a_stage() -> None:
    body = "desc: 'It is ${n}', wdir: w, deps: [a, ../b], params: [p, {../q.json: [k, l]}, {r.toml: null}], frozen: true, always_changed: true, "
    body += "image: i, timeout: 2m, retries: 3, env: {A: 1, B: x, C: true}, kind: train"
    stage = one(body, {"params.yaml": "n: 1\n", "w/.keep": ""})
    assert (stage.name, stage.entry, stage.wdir, stage.kind) == ("one", "one", "w", "train")
    assert stage.desc == "It is 1"
    assert stage.deps == ("w/a", "b")
    assert [(param.file, param.key) for param in stage.params] == [
        ("w/params.yaml", "p"), ("q.json", "k"), ("q.json", "l"), ("w/r.toml", None),
    ]  # fmt: skip
    assert (stage.frozen, stage.always_changed, stage.image) == (True, True, "i")
    assert (stage.timeout, stage.retries, dict(stage.env)) == (120, 3, {"A": "1", "B": "x", "C": "true"})


def test_the_defaults_of_a_stage() -> None:
    stage = one("meta: {}")
    assert (stage.wdir, stage.kind, stage.desc, stage.deps, stage.outs, stage.params) == (".", "data", "", (), (), ())
    assert (stage.frozen, stage.always_changed, stage.image, stage.timeout, stage.retries) == (
        False,
        False,
        None,
        None,
        0,
    )
    assert dict(stage.env) == {}
    assert type(stage.retries) is int


def test_outs_metrics_and_plots_with_their_flags() -> None:
    stage = one(
        "wdir: w, outs: [a, {b: {cache: false, persist: true}, ../c: {}}], metrics: [m, {n: {cache: false}}], "
        "plots: [p, {q: {x: i}}, {r: [{x: j}, {x: k}]}, {s: []}]",
        {"w/.keep": ""},
    )
    assert [(out.path, out.kind, dict(out.flags), out.cached) for out in stage.outs] == [
        ("w/a", "out", {}, True), ("w/b", "out", {"cache": False, "persist": True}, False), ("c", "out", {}, True),
        ("w/m", "metric", {}, True), ("w/n", "metric", {"cache": False}, False),
        ("w/p", "plot", {}, True), ("w/q", "plot", {"x": "i"}, True), ("w/r", "plot", {"x": "j"}, True), ("w/s", "plot", {}, True),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["https://e.org/a//b/../c", "s3://bucket/a/", "ds://name", "/abs//a", "/abs/../a"])
def test_urls_and_absolute_paths_are_as_they_are_written(path: str) -> None:
    assert one(f"wdir: w, deps: ['{path}']", {"w/.keep": ""}).deps == (path,)


def test_copies_know_their_entry() -> None:
    made = stages("stages: {each: {foreach: [a, b], do: {cmd: 'x ${item}', desc: 'do ${item}'}}}")
    assert [(stage.name, stage.entry, stage.desc) for stage in made.values()] == [
        ("each@a", "each", "do a"),
        ("each@b", "each", "do b"),
    ]


# fmt: off
REQUIREMENTS: tuple[tuple[list[str], str | None], ...] = (
    ([], None),
    (["requirements.txt"], "requirements.txt"),
    (["environment.yml"], "environment.yml"),
    (["environment.yml", "pyproject.toml"], "pyproject.toml"),
    (["pyproject.toml", "requirements.txt"], "requirements.txt"),
    (["requirements.txt", "uv.lock"], "uv.lock"),
    (["requirements.txt/x", "pyproject.toml"], "pyproject.toml"),
)
TESTS: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("none", "", [], None),
    ("Python in tests", "", ["tests/test_a.py"], "python -m pytest"),
    ("Python in a folder of tests", "", ["tests/unit/test_a.py"], "python -m pytest"),
    ("Python deeper down", "", ["tests/unit/deep/test_a.py"], None),
    ("no Python in tests", "", ["tests/data.csv", "tests/data/x.csv"], None),
    ("a folder that is named like Python", "", ["tests/a/b.txt"], None),
    ("stated", "stack: {test: make it}", ["tests/test_a.py"], "make it"),
    ("stated as none", "stack: {test: ''}", ["tests/test_a.py"], None),
    ("a library with tests", "stack: {features: src/lib}", ["src/lib/test_a.py"], "python -m pytest src/lib"),
    ("a library with tests, and others", "stack: {features: src/lib}", ["src/lib/a_test.py", "tests/test_a.py"], "python -m pytest tests src/lib"),
    ("a library without tests", "stack: {features: src/lib}", ["src/lib/a.py", "tests/test_a.py"], "python -m pytest"),
    ("a library that is not there", "stack: {features: src/lib}", ["tests/test_a.py"], "python -m pytest"),
)
# fmt: on


@pytest.mark.parametrize(("files", "expected"), REQUIREMENTS)
def test_the_file_that_names_the_packages(files: list[str], expected: str | None) -> None:
    assert project("stages: {}", dict.fromkeys(files, "")).requirements == expected


@pytest.mark.parametrize(
    ("top", "files", "expected"), [row[1:] for row in TESTS], ids=[row[0].replace(" ", "-") for row in TESTS]
)
def test_the_command_that_tests_the_code(top: str, files: list[str], expected: str | None) -> None:
    assert project(f"{top}\nstages: {{}}", dict.fromkeys(files, "")).test_command == expected


# fmt: off
PATHS: tuple[tuple[str, str, str, str], ...] = (
    # wdir, path, the root within the repository, path from the root
    (".", "a", "", "a"), ("w", "a/", "", "w/a"), ("w", "./b//c", "", "w/b/c"), ("w", "../a", "", "a"), ("w", "../../a", "", "../a"),
    ("w", "../../sub/a", "sub", "a"), ("w", "../../other/a", "sub", "../other/a"), ("w", "../../../p/q/a", "p/q", "a"), ("w", "../../../p/a", "p/q", "../a"),
    ("w", "a", "sub", "w/a"), ("w", "/a/../b", "sub", "/a/../b"), ("w", "s3://a//b", "", "s3://a//b"),
)
# fmt: on


@pytest.mark.parametrize(("wdir", "path", "here", "expected"), PATHS)
def test_paths_from_the_root(wdir: str, path: str, here: str, expected: str) -> None:
    assert rooted(wdir, path, here) == expected


def test_the_directories_above_a_path() -> None:
    assert [list(parents(path)) for path in ("a", "a/b/c", "/a/b", "../a")] == [[], ["a/b", "a"], ["/a"], [".."]]
    assert [height(path) for path in (".", "..", "../..", "a", "../a", "...")] == [0, 1, 2, None, None, None]


# fmt: off
TRIGGERS: tuple[tuple[str, dict[str, Any]], ...] = (
    # ci, what differs from the defaults
    ("{}", {}),
    ("{on: {}}", {}),
    ("{on: {push: [a, b]}}", {"push_branches": ("a", "b")}),
    ("{on: {push: []}}", {"push_branches": ()}),
    ("{on: {pull_request: false, manual: false}}", {"pull_request": False, "manual": False}),
    ("{on: {pull_request: true, manual: true}}", {}),
    ("{on: {schedule: ['0 6 * * *']}}", {"schedules": ("0 6 * * *",)}),
    ("{runner: big}", {"runner": ("big",)}),
    ("{runner: [a, b], python: '3.11', timeout: 90m}", {"runner": ("a", "b"), "python": "3.11", "timeout": 5400}),
    ("{secrets: [A, B]}", {"secrets": ("A", "B")}),
    ("{fan-out: stage}", {"fan_out": True}),
    ("{runners: {big: {cpu: 8, memory: 1Ki}, gpu: {labels: [x, y], gpu: 1}, one: {labels: z}}}",
     {"machines": {"big": Machine("big", ("big",), Resources(8, 1024, None)), "gpu": Machine("gpu", ("x", "y"), Resources(None, None, 1)),
                   "one": Machine("one", ("z",), Resources())}}),
)
# fmt: on


@pytest.mark.parametrize(("ci", "expected"), TRIGGERS)
def test_ci(ci: str, expected: dict[str, Any]) -> None:
    defaults: dict[str, Any] = {
        "push_branches": ("main",), "pull_request": True, "schedules": (), "manual": True, "runner": (), "secrets": (),
        "python": None, "timeout": None, "fan_out": False, "machines": {},
    }  # fmt: skip
    lowered = project(f"ci: {ci}\nstages: {{}}").ci
    assert {name: getattr(lowered, name) for name in defaults} == {**defaults, **expected}


# fmt: off
USES: tuple[tuple[str, dict[str, list[str]]], ...] = (
    # spec, the places of each feature beside `stages`
    ("stages: {s: {cmd: x}}", {}),
    ("stages: {s: {cmd: [x, '${v}']}}", {"command_lists": ["stages.s.cmd"], "templates": ["stages.s.cmd"]}),
    ("stages: {s: {cmd: x, frozen: true, always_changed: true, desc: d, meta: {}, wdir: w, vars: [{a: 1}], params: [p], metrics: [m], plots: [q]}}",
     {name: [f"stages.s.{name}"] for name in ("frozen", "always_changed", "desc", "meta", "wdir", "vars", "params", "metrics", "plots")}),
    ("stages: {s: {cmd: x, outs: [a, {b: {}}, {c: {cache: false}}], metrics: [{m: {persist: true}}], plots: [{p: {x: i}}]}}",
     {"metrics": ["stages.s.metrics"], "plots": ["stages.s.plots"],
      "out_flags": ["stages.s.outs.2", "stages.s.metrics.0", "stages.s.plots.0"]}),
    ("stages: {s: {foreach: [1], do: {cmd: x, desc: d}}}", {"foreach": ["stages.s.foreach"], "desc": ["stages.s.do.desc"]}),
    ("stages: {s: {matrix: {m: [1]}, cmd: x}}", {"matrix": ["stages.s.matrix"]}),
    ("stages: {s: {cmd: x, image: i, env: {A: 1}, timeout: 1m, retries: 1}, t: {cmd: x, retries: 2}}",
     {"image": ["stages.s.image"], "env": ["stages.s.env"], "timeout": ["stages.s.timeout"], "retries": ["stages.s.retries", "stages.t.retries"]}),
    ("stages: {s: {cmd: x, retries: 0, env: {}}}", {}),
    ("stages: {s: {cmd: x, resources: {cpu: 1, gpu: 0}}}", {"cpu": ["stages.s.resources.cpu"], "gpu": ["stages.s.resources.gpu"]}),
    ("stages: {s: {cmd: x, resources: {memory: 1}}}", {"memory": ["stages.s.resources.memory"]}),
    ("stack: {registry: s3://b}\nci: {on: {push: []}, fan-out: stage, runner: r, secrets: [A], runners: {}}\nstages: {s: {cmd: x}}",
     {"registry": ["stack.registry"], "ci_triggers": ["ci.on"], "fan_out": ["ci.fan-out"], "ci_runner": ["ci.runner"],
      "ci_secrets": ["ci.secrets"], "ci_runners": ["ci.runners"]}),
    ("vars: [{a: 1}]\nparams: [p.yaml]\nmetrics: [m.json]\nplots: [q.csv]\nartifacts: {a: {path: p}}\nstages: {s: {cmd: x}}",
     {name: [name] for name in ("vars", "params", "metrics", "plots", "artifacts")}),
    ("vars: []\ndata: {d: {url: s3://a/x}}\nmodels: {m: {path: p}}\nexperiments: {e: {set: {p: [1]}}}\nstages: {s: {cmd: x}}",
     {name: [name] for name in ("data", "models", "experiments")}),
    ("deploy: {p: {model: m, run: x}}\nmonitor: {d: {cmd: x}}\nstages: {s: {cmd: x}}", {"deploy": ["deploy"], "monitor": ["monitor"]}),
)
# fmt: on


@pytest.mark.parametrize(("spec", "expected"), USES)
def test_the_features_in_use_and_their_places(spec: str, expected: dict[str, list[str]]) -> None:
    used = project(spec, {"params.yaml": "p: 1\n", "w/.keep": ""}).features
    shown = {feature.name.lower(): [".".join(map(str, path)) for path in paths] for feature, paths in used.items()}
    bodies = ["stages.s.do"] if "foreach" in spec else ["stages.s", "stages.t"] if " t: {" in spec else ["stages.s"]
    assert shown.pop("stages") == bodies
    assert shown == expected


def test_the_place_of_a_feature_at_a_stage() -> None:
    lowered = project("stages: {a: {cmd: x}, b: {cmd: x, retries: 1}, c: {cmd: x, retries: 2}}")
    places = [place(lowered, stage, Feature.RETRIES).path for stage in lowered]
    assert places == [("stages", "a"), ("stages", "b", "retries"), ("stages", "c", "retries")]


def test_the_rest_of_a_project() -> None:
    lowered = project(
        "code: {roots: [lib]}\npatches: {Makefile: {a: 1}}\nstack: {ci: gitlab, orchestrator: [dvc, airflow], metadata: [mlflow, dvc]}\nstages: {}"
    )
    assert (lowered.code_roots, lowered.patches) == (("lib",), {"Makefile": {"a": 1}})
    assert (lowered.orchestrators, lowered.stores) == (("dvc", "airflow"), ("mlflow",))
    assert lowered.targets["gitlab"] == ("stack", "ci")
    assert lowered.targets["airflow"] == ("stack", "orchestrator", 1)
    empty = project("stages: {}")
    assert (empty.code_roots, empty.patches, empty.stores, empty.targets["make"]) == ((), {}, (), ("stack",))


def test_the_name_of_a_project() -> None:
    assert project("project: it\nstages: {}").name == "it"
    assert project("stages: {}").name == "pipeline"
