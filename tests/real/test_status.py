"""Which stages `mlopsc plan` says would run: what `dvc status` says, for pipelines and edits drawn at random."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.snapshot import Disk
from mlopsc.compiler.show.reruns import reruns

pytestmark = pytest.mark.real

Files = Mapping[str, str | None]
"""Texts by path; None deletes."""

INPUTS = ["a.txt", "b.txt", "dir/one", "dir/two/three"]
PARAMS = "p: 1\nsection: {q: two, r: [1, 2], only: {x: 1}}\nnothing: null\n"
OTHER = {
    "p.toml": 'p = 1\n[section]\nq = "two"\n',
    "p.json": '{"p": 1.5, "list": [{"k": 1}]}',
    "p.py": "T = (1, 2)\nN = {'a': (1, 2)}\nP = 1\n",
}
KEYS = ["p", "section", "section.q", "section.r", "section.only.*", "nothing", "section.?", {"p.toml": ["p", "section.q"]},
        {"p.json": ["list.0.k", "list.*.k"]}, {"p.py": ["T", "P"]}, {"p.json": None}, {"params.yaml": None}]  # fmt: skip


@contextmanager
def inside(root: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(root)
    try:
        yield
    finally:
        os.chdir(before)


def edited(root: Path, files: Files) -> None:
    for path, text in files.items():
        if text is not None:
            if not (root / path).is_dir():
                write(root, {path: text})
        elif (root / path).is_dir():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink(missing_ok=True)


def with_spec(root: Path, stages: Mapping[str, Any], top: Mapping[str, Any] | None = None) -> None:
    """Write mlops.yaml, and dvc.yaml as a build would."""
    write(root, {"mlops.yaml": json.dumps({"mlops": 1, **(top or {}), "stages": stages})})
    project = compile_spec(Disk(str(root))).project
    assert project is not None
    write(root, {"dvc.yaml": dump(project.dvc)})


def ours(root: Path) -> set[str]:
    """The stages that are not as dvc.lock has them, those only downstream of others left out."""
    disk = Disk(str(root))
    run = compile_spec(disk)
    assert run.project is not None
    assert run.params is not None
    again = reruns(run.project, disk, run.params)
    return {each.stage for each in again if not all(reason.endswith("runs before it") for reason in each.reasons)}


def by_dvc(root: Path) -> set[str]:
    from dvc.repo import Repo

    with inside(root), Repo(str(root)) as repo:
        return set(repo.status())


def assert_same(root: Path, when: object = "") -> bool:
    """Hold the two against each other; False where DVC refuses the pipeline, which a check has to say."""
    from dvc.output import OutputIsIgnoredError

    try:
        expected = by_dvc(root)
    except OutputIsIgnoredError:
        assert "MLC408" in {found.code for found in compile_spec(Disk(str(root))).report}
        return False
    assert ours(root) == expected, when
    return True


def repro(root: Path) -> None:
    """Run what can be run."""
    from dvc.exceptions import ReproductionError
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    with inside(root), Repo(str(root)) as repo, suppress(ReproductionError):
        repo.reproduce(on_error="keep-going")


def repository(root: Path, files: Files) -> None:
    from dvc.repo import Repo

    os.environ["DVC_NO_ANALYTICS"] = "1"
    root.mkdir(parents=True, exist_ok=True)
    Repo.init(str(root), no_scm=True).close()
    edited(root, files)


# drawn


@st.composite
def stage(draw: st.DrawFn, name: str, above: list[str]) -> dict[str, Any]:
    wdir = draw(st.sampled_from(["", "", "", "sub"]))
    up = "../" if wdir else ""
    out = draw(st.sampled_from([f"{name}.out", f"o/{name}", f"./o//{name}.d/x", f"{name}.d"]))
    outs: list[Any] = draw(
        st.lists(st.sampled_from([out, {out: {"cache": False}}, {out: {"persist": True}}]), max_size=1)
    )
    made = (
        f"mkdir -p {out} && echo {name} > {out}/file"
        if out.endswith(".d")
        else f"mkdir -p o/{name}.d && echo {name} > {out}"
    )
    line = made if outs else f"echo {name}"
    deps = draw(st.lists(st.sampled_from([*INPUTS, "dir", "./a.txt", *above]), max_size=3, unique_by=os.path.normpath))
    body: dict[str, Any] = {
        "cmd": draw(st.sampled_from([line, [line], f"{line}\necho second", [line, "for i in 1 2\ndo echo $i\ndone"]])),
        "deps": [up + dep for dep in deps],
        "params": draw(st.lists(st.sampled_from(KEYS), max_size=2, unique_by=str)) if not wdir else [],
        "outs": outs,
        **({"wdir": wdir} if wdir else {}),
        **draw(st.sampled_from([{}, {}, {}, {"always_changed": True}, {"frozen": True}])),
    }
    return {key: value for key, value in body.items() if value != []}


def made_by(body: Mapping[str, Any]) -> list[str]:
    paths = [path for item in body.get("outs", ()) for path in ([item] if isinstance(item, str) else item)]
    return [os.path.normpath(f"{body.get('wdir', '.')}/{path}") for path in paths]


@st.composite
def pipelines(draw: st.DrawFn) -> dict[str, Any]:
    stages: dict[str, Any] = {}
    for name in "xyz"[: draw(st.integers(1, 3))]:
        stages[name] = draw(stage(name, [path for body in stages.values() for path in made_by(body)]))
    return stages


EDITS = st.sampled_from([
    {"a.txt": "other"}, {"a.txt": None}, {"dir/new": ""}, {"dir/one": None}, {"dir/two": None}, {"dir/two/three": "other"},
    {"dir/x.tmp": ""}, {".dvcignore": "*.tmp\n"}, {".dvcignore": "dir/one\n"}, {".dvcignore": "*.d\n"},
    {"params.yaml": PARAMS.replace("p: 1", "p: 1.0")}, {"params.yaml": PARAMS.replace("[1, 2]", "[1, 2, 3]")},
    {"params.yaml": PARAMS.replace("nothing: null", "")}, {"params.yaml": PARAMS.replace("x: 1", "y: 1")}, {"params.yaml": "p: 2\n"},
    {"params.yaml": None}, {"params.yaml": PARAMS + "more: 1\n"}, {"p.toml": "p = 2\n"}, {"p.json": '{"p": 1.5, "list": [{"k": 2}]}'},
    {"p.json": "{}"}, {"p.py": "T = (1, 3)\n"}, {"p.py": "T = [1, 2]\nP = 1\n"}, {"o": None}, {"x.out": None}, {"y.d": None},
    {"x.d/file": "other"}, {"x.d/more": ""}, {".dvc/cache": None}, {"x.out": "other"}, {"sub/o/y": "other"}, {"dvc.lock": None},
    {"a.txt": "one\r\n"},
])  # fmt: skip


@settings(
    max_examples=int(os.environ.get("MLOPS_EXAMPLES", "25")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(pipelines(), st.lists(EDITS, max_size=2), st.data())
def test_plan_is_dvc_status(
    tmp_path_factory: pytest.TempPathFactory, stages: dict[str, Any], edits: list[Files], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("status")
    repository(root, {**dict.fromkeys(INPUTS, "text"), "params.yaml": PARAMS, **OTHER, "sub/.keep": ""})
    with_spec(root, stages)
    assert_same(root)
    repro(root)
    assert_same(root)
    for edit in edits:
        edited(root, edit)
        if not assert_same(root, edit):
            return
    name = data.draw(st.sampled_from(sorted(stages)))
    with_spec(root, {**stages, name: data.draw(stage(name, []))})
    assert_same(root)
    shutil.rmtree(root)
