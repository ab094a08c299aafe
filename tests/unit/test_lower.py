"""What a stage is once it is lowered: paths from the root, outs with their flags, params, resources; and the project around it."""

from __future__ import annotations

from typing import Any

import pytest
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


def test_the_name_of_a_project() -> None:
    assert project("project: it\nstages: {}").name == "it"
    assert project("stages: {}").name == "pipeline"
