"""A target of another distribution, found through its entry point, is the equal of a built-in one.

The distribution is made here: a package with a target, a template beside it, a diagnostic of its own and a feature
that it supports.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import yaml
from conftest import ROOT
from constructs import BASE, FILES, NEEDS, WITH, merged
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.dag import Dag
from mlopsc.compiler.model.project import Project
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.target import Feature

TARGET = '''
"""Nimbus: a scheduler that nobody has."""

from mlopsc.compiler.emit.files import json_file, yaml_file
from mlopsc.compiler.emit.names import distinct
from mlopsc.compiler.emit.templates import render
from mlopsc.compiler.model.diagnostic import Code
from mlopsc.compiler.model.target import Elsewhere, Emulated, Feature, File, Kept

SHORT = Code("NIM001", "warning", "nimbus ends `{stage}` after {limit} seconds", help="set a shorter timeout")
PROJECTS = []
"""Every project that was emitted, for the test to look at."""


class Nimbus:
    name = "nimbus"
    support = {
        Feature.DESC: Elsewhere("dvc.yaml states it"),
        Feature.STAGES: Kept(),
        Feature.FOREACH: Emulated("a task for each expanded stage"),
        Feature.MATRIX: Emulated("a task for each expanded stage"),
        Feature.SCRIPT: Emulated("a task for the stage"),
        Feature.STAGE_GATES: Emulated("a task for each gate"),
        Feature.GPU: Kept(),
    }

    def emit(self, project):
        PROJECTS.append(project)
        names = distinct(project.stages, str.upper)
        for stage in project:
            if stage.timeout is not None and stage.timeout > 60:
                yield SHORT.on(stage.at, stage=stage.name, limit=60)
        tasks = [
            {
                "name": names[stage.name],
                "after": [names[parent.name] for parent in project.parents(stage)],
                "gpu": stage.resources.gpu,
            }
            for stage in project
        ]
        yield yaml_file("nimbus/tasks.yaml", {"tasks": tasks, "retries": 0})
        yield json_file("nimbus/tasks.json", {"tasks": tasks})
        yield File("nimbus/run.sh", render(__package__, "run.sh.j2", tasks=tasks), executable=True)
        yield File(".gitignore", "/nimbus-state/\\n", block=True)
'''
TEMPLATE = "# Made by mlopsc\n{% for task in tasks %}\nnimbus run {{ task.name }}\n{% endfor %}\n"
PAGE = "# NIM001: a timeout that nimbus cuts short\n\nWhat it means.\n"
PACKAGE = {
    "acme_nimbus/__init__.py": TARGET,
    "acme_nimbus/run.sh.j2": TEMPLATE,
    "acme_nimbus/codes/NIM001.md": PAGE,
}
POINTS = {"nimbus": "acme_nimbus:Nimbus"}
Install = Callable[..., Path]


def spec(*features: Feature, **more: Any) -> dict[str, Any]:
    """A spec for nimbus that uses these constructs."""
    data: Any = {"mlops": 1, "stack": {"orchestrator": ["dvc", "nimbus"], "ci": []}, "stages": {}, "a": BASE}
    for feature in features:
        data = merged(merged(data, NEEDS.get(feature, {})), WITH[feature])
    data["stages"] = {"a": data.pop("a"), **data["stages"]}
    return {**data, **more}


def compiled(data: Mapping[str, Any]) -> Compiled:
    return compile_spec(Memory({**FILES, "mlops.yaml": dump(data)}))


def emitted(data: Mapping[str, Any]) -> dict[str, str]:
    return {file.path: file.text for file in compiled(data).files}


@cache
def hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def deviations(value: Any, declared: Any, where: str = "project") -> list[str]:
    """Where a value is not of the very class that its field declares."""
    origin, arguments = get_origin(declared), get_args(declared)
    if declared is Any:
        return []
    if origin in (Union, types.UnionType):
        found = [deviations(value, option, where) for option in arguments]
        return [] if [] in found else found[0]
    if origin is Literal:
        return [] if value in arguments else [f"{where}: {value!r}"]
    if origin is tuple:
        if type(value) is not tuple:
            return [f"{where}: {type(value)}"]
        kinds = [arguments[0]] * len(value) if arguments[1:] == (...,) else arguments
        return [bad for part, kind in zip(value, kinds, strict=True) for bad in deviations(part, kind, f"{where}[]")]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if type(value) is not dict:
            return [f"{where}: {type(value)}"]
        return [
            bad
            for key, part in value.items()
            for bad in (
                *deviations(key, arguments[0], f"{where} key"),
                *deviations(part, arguments[1], f"{where}.{key}"),
            )
        ]
    wanted = (declared, int) if declared is float else (declared,)
    if type(value) not in wanted and not (declared is str and isinstance(value, Feature)):
        return [f"{where}: {type(value)} and not {declared}"]
    if is_dataclass(declared) and declared is not Dag:
        return [
            bad
            for field in fields(declared)
            for bad in deviations(getattr(value, field.name), hints(declared)[field.name], f"{where}.{field.name}")
        ]
    return []


def received(data: Mapping[str, Any]) -> Project:
    """The project as the target gets it."""
    projects: list[Project] = sys.modules["acme_nimbus"].PROJECTS
    projects.clear()
    run = compiled(data)
    assert projects, [each.message for each in run.report if each.severity == "error"]
    return projects[-1]


UNRELATED: list[dict[str, Any]] = [
    {},
    {"accept": []},
    {"accept": ["MLC404"]},
    {"infer": "none"},
    {"patches": {}},
    {"project": "other"},
]


@pytest.fixture
def nimbus(distribution: Install) -> Path:
    site = distribution("acme-nimbus", POINTS, PACKAGE)
    assert "nimbus/tasks.yaml" in emitted(spec())
    return site


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(features=st.sets(st.sampled_from(Feature), max_size=6), unrelated=st.sampled_from(UNRELATED))
def test_it_gets_the_same_types_whatever_the_spec_says(
    nimbus: Path, features: set[Feature], unrelated: dict[str, Any]
) -> None:
    data = spec(*sorted(features), **unrelated)
    assume(not compiled(data).report.failed)  # two constructs may exclude each other
    project = received(data)
    assert type(project) is Project
    assert deviations(project, Project) == []


@pytest.mark.parametrize("feature", Feature)
def test_each_construct_gives_it_declared_types(nimbus: Path, feature: Feature) -> None:
    for unrelated in UNRELATED:
        project = received(spec(feature, **unrelated))
        assert deviations(project, Project) == []


def test_a_key_that_is_not_its_own_changes_nothing_for_it(nimbus: Path) -> None:
    data = spec(Feature.STAGE_GATES, Feature.MODELS, Feature.DESC)
    assert emitted(data) == emitted({**data, "accept": []})
    assert received(data).stages == received({**data, "accept": []}).stages


def test_its_files_are_patched_joined_and_rendered(nimbus: Path) -> None:
    files = emitted(spec(patches={"nimbus/tasks.yaml": {"retries": 3}, "nimbus/tasks.json": {"more": True}}))
    tasks = [{"name": "A", "after": [], "gpu": None}]
    assert yaml.safe_load(files["nimbus/tasks.yaml"]) == {"tasks": tasks, "retries": 3}
    assert json.loads(files["nimbus/tasks.json"]) == {"tasks": tasks, "more": True}
    assert files["nimbus/run.sh"] == "# Made by mlopsc\nnimbus run A\n"
    assert "/nimbus-state/" in files[".gitignore"].splitlines()


def test_its_diagnostics_and_its_support_are_reported(nimbus: Path) -> None:
    run = compiled(merged(spec(Feature.GPU), {"stages": {"a": {"timeout": "5m"}}}))
    assert ("NIM001", "warning") in {(each.code, each.severity) for each in run.report}
    gpu = next(each for each in run.report if each.code == "MLC503" and "resources.gpu" in each.message)
    assert gpu.severity == "note", "nimbus supports it, so that it is not lost"


def run_with(site: Path, *command: str, cwd: Path = ROOT) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_command_line_knows_it(nimbus: Path, tmp_path: Path) -> None:
    """In a process of its own: listed, its page shown, built, and with nothing to do the second time."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mlops.yaml").write_text(dump(spec()))
    (folder / "in.txt").write_text("")
    mlopsc = (sys.executable, "-m", "mlopsc")
    assert "nimbus" in run_with(nimbus, *mlopsc, "targets")
    assert run_with(nimbus, *mlopsc, "code", "NIM001") == PAGE
    run_with(nimbus, *mlopsc, "build", cwd=folder)
    assert os.access(folder / "nimbus/run.sh", os.X_OK)
    run_with(nimbus, *mlopsc, "build", "--check", cwd=folder)


def test_it_is_held_to_what_every_target_promises(nimbus: Path) -> None:
    """The contract's own tests, run on it."""
    contract = ROOT / "tests/contract/test_targets.py"
    pytest_ = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n0", "-q", "-k", "nimbus")
    assert f"{len(Feature) + 2} passed" in run_with(nimbus, *pytest_, str(contract))
