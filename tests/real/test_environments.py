"""Stages in environments, run by `dvc repro`, the runner and native make: uv, a virtual environment, and a prefix."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from cloned import commit
from conftest import ROOT, initialise, run, write
from ruamel.yaml import YAML
from running import environment, ran

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
project: flow
stack: {orchestrator: ORCHESTRATOR, ci: []}
environments:
  ml: {uv: envs/ml}
  report: {venv: envs/report.txt}
  sim: {run: sh env.sh sim, lock: sim.lock, setup: sh env.sh sim true}
environment: ml
stages:
  tone: {deps: [raw.csv], outs: [tone.txt], args: ["--title", "${title}"], timeout: 1m, retries: 1}
  hue: {deps: [raw.csv], outs: [hue.txt]}
  here: {environment: none, cmd: 'echo here >> $RAN; cat raw.csv > here.txt', deps: [raw.csv], outs: [here.txt]}
  page:
    environment: report
    wdir: sub
    cmd: python page.py > page.txt
    deps: [page.py, ../tone.txt]
    outs: [page.txt]
    env: {QUOTED: "it's \\"$HOME\\""}
  each:
    foreach: [a, "b c"]
    do:
      environment: sim
      cmd:
        - echo each >> $RAN
        - printf '%s|' "$WHERE" "${item}" "${title}" > "each-${item}.txt"
        - sed 's/|/ /g' raw.csv >> "each-${item}.txt" && echo end >> "each-${item}.txt"
      deps: [raw.csv]
      outs: ["each-${item}.txt"]
"""
CODE = """\
import os, sys, {module}lib
open(os.environ["RAN"], "a").write("{module}\\n")
with open("{module}.txt", "w") as file:
    print({module}lib.VERSION, *sys.argv[1:], file=file)
"""
FILES = {
    "raw.csv": "1|2\n",
    "params.yaml": 'title: a "b" $c\n',
    "sim.lock": "sim 1\n",
    "env.sh": '#!/bin/sh\nWHERE=$1\nexport WHERE\nshift\nexec "$@"\n',
    "src/tone.py": CODE.format(module="tone"),
    "src/hue.py": CODE.format(module="hue"),
    "sub/page.py": 'import os, tonelib as tone\nopen(os.environ["RAN"], "a").write("page\\n")\n'
    'print(tone.VERSION, os.environ["QUOTED"], open("../tone.txt").read())\n',
}


def wheels(folder: Path) -> Path:
    """Two packages in two versions each, as wheels: nothing is asked of a network."""
    folder.mkdir(exist_ok=True)
    for name in ("tonelib", "huelib"):
        for version in ("1.0", "2.0"):
            metadata = f"{name}-{version}.dist-info"
            with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
                wheel.writestr(f"{name}.py", f'VERSION = "{name} {version}"\n')
                wheel.writestr(f"{metadata}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
                wheel.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
                wheel.writestr(f"{metadata}/RECORD", "")
    return folder


def lock(root: Path, found: Path, tone: str = "1.0", hue: str = "1.0") -> None:
    project = (
        f'[project]\nname = "ml"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["tonelib=={tone}", "huelib=={hue}"]\n'
        f'[tool.uv]\nno-index = true\nfind-links = ["{found}"]\n'
    )
    write(root, {"envs/ml/pyproject.toml": project})
    run("uv", "lock", "--quiet", cwd=root / "envs/ml")


def repository(root: Path, found: Path, orchestrator: str) -> Path:
    write(root, {**FILES, "mlops.yaml": SPEC.replace("ORCHESTRATOR", orchestrator)})
    write(root, {"envs/report.txt": f"--no-index\n--find-links {found}\ntonelib==2.0\n"})
    initialise(root)
    lock(root, found)
    run("mlopsc", "build", cwd=root)
    return root


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels(tmp_path_factory.mktemp("wheels"))


EXPECTED = {
    "tone.txt": 'tonelib 1.0 --title a "b" $c\n',
    "hue.txt": "huelib 1.0\n",
    "here.txt": "1|2\n",
    "sub/page.txt": 'tonelib 2.0 it\'s "$HOME" tonelib 1.0 --title a "b" $c\n\n',
    "each-a.txt": "sim|a|a b |1 2\nend\n",
    "each-b c.txt": "sim|b c|a b |1 2\nend\n",
}


@pytest.mark.parametrize("how", ["dvc", "runner", "make"])
def test_each_way_to_run_gives_the_same(how: str, found: Path, tmp_path: Path) -> None:
    root = repository(tmp_path / "flow", found, "[make]" if how == "make" else "[dvc, make]")
    settings = environment(root)
    setup = run("make", "setup", cwd=root, **settings) if how == "runner" else None
    commands = {"dvc": ["dvc", "repro"], "runner": ["make", "pipeline-parallel"], "make": ["make", "pipeline"]}
    run(*commands[how], cwd=root, **settings)
    assert {path: (root / path).read_text() for path in EXPECTED} == EXPECTED
    assert ran(root) == ["each", "each", "here", "hue", "page", "tone"]
    if setup is not None:
        for name in ("ml", "report", "sim"):
            assert f"environment {name}: ready" in setup.stdout
    run(*commands[how], cwd=root, **settings)
    assert ran(root) == [], "nothing has changed"


@pytest.mark.parametrize("orchestrator", ["[dvc, make]", "[make]"])
def test_a_bump_runs_what_can_load_it_and_nothing_else(orchestrator: str, found: Path, tmp_path: Path) -> None:
    root = repository(tmp_path / "flow", found, orchestrator)
    settings = environment(root)
    run("make", "pipeline", cwd=root, **settings)
    ran(root)

    def reran() -> list[str]:
        run("make", "pipeline", cwd=root, **settings)
        return ran(root)

    lock(root, found, hue="2.0")
    if "dvc" in orchestrator:
        assert "huelib 1.0 -> 2.0" in run("mlopsc", "plan", cwd=root).stdout
    assert reran() == ["hue"]
    assert (root / "hue.txt").read_text() == "huelib 2.0\n"
    requirements = (root / "envs/report.txt").read_text()
    write(root, {"envs/report.txt": requirements.replace("2.0", "1.0")})
    assert reran() == ["page"]
    assert (root / "sub/page.txt").read_text().startswith("tonelib 1.0")
    write(root, {"sim.lock": "sim 2\n"})
    assert reran() == ["each", "each"]
    assert reran() == []


def test_an_edit_without_meaning_and_a_trace(found: Path, tmp_path: Path) -> None:
    """Code is read and traced through the environment around it."""
    root = repository(tmp_path / "flow", found, "[dvc, make]")
    settings = environment(root)
    run("make", "pipeline", cwd=root, **settings)
    ran(root)
    write(root, {"src/hue.py": f"# a comment\n{FILES['src/hue.py']}"})
    run("make", "pipeline", cwd=root, **settings)
    assert ran(root) == []
    explained = run("mlopsc", "explain", "tone", cwd=root).stdout
    assert "ml (uv envs/ml, locked by envs/ml/uv.lock)" in explained
    write(root, {"src/hue.py": FILES["src/hue.py"] + 'open("sim.lock").read()\n'})
    assert "sim.lock" in run("mlopsc", "trace", "hue", cwd=root, check=False, **settings).stdout


def test_a_stage_waits_for_a_virtual_environment_that_another_makes(found: Path, tmp_path: Path) -> None:
    """Two stages that start at once install it once; an installation that was interrupted is made anew."""
    root = repository(tmp_path / "flow", found, "[dvc, make]")
    command = "sh .mlops/scripts/venv.sh report envs/report.txt python -c 'import tonelib; print(tonelib.VERSION)'"
    both = run("sh", "-c", f"{command} & {command}; wait", cwd=root)
    assert both.stdout == "tonelib 2.0\n" * 2
    assert both.stderr.count("installing") == 1
    shutil.rmtree(root / ".mlops/state/venv/report/lib")
    (root / ".mlops/state/venv/report/requirements.txt").unlink()
    assert run("sh", "-c", command, cwd=root).stdout == "tonelib 2.0\n"


@pytest.mark.full
def test_a_task_of_an_engine_prepares_the_environment(found: Path, tmp_path: Path) -> None:
    """The worker in a clone, with the MLOPS_SETUP of the task but for what pip installs."""
    root = tmp_path / "flow"
    stack = f"stack: {{orchestrator: [dvc, make, argo], registry: {tmp_path / 'remote'}, ci: []}}"
    spec = SPEC.replace("stack: {orchestrator: ORCHESTRATOR, ci: []}", stack)
    write(root, {**FILES, "mlops.yaml": spec, "envs/report.txt": f"--no-index\n--find-links {found}\ntonelib==2.0\n"})
    initialise(root)
    lock(root, found)
    run("mlopsc", "build", cwd=root)
    commit(root)
    workflow = YAML(typ="safe").load((root / "argo/flow.yaml").read_text())
    setups = [
        item["value"].partition(" && ")[2]
        for template in workflow["spec"]["templates"]
        for item in template.get("container", {}).get("env", ())
        if item["name"] == "MLOPS_SETUP"
    ]
    assert set(setups) == {"", "uv sync --frozen --project envs/ml", "sh .mlops/scripts/venv.sh report envs/report.txt"}
    settings = {**environment(root), "MLOPS_REPO": str(root), "MLOPS_REV": "main"}
    for stage, setup in (
        ("tone", "uv sync --frozen --project envs/ml"),
        ("page", "sh .mlops/scripts/venv.sh report envs/report.txt"),
    ):
        run("sh", ".mlops/scripts/worker.sh", stage, cwd=tmp_path / "flow", MLOPS_SETUP=setup, **settings)
        assert ran(root) == [stage]
    run("dvc", "repro", "--pull", cwd=root, **settings)
    assert {path: (root / path).read_text() for path in EXPECTED} == EXPECTED
    assert ran(root) == ["each", "each", "here", "hue"], "the others come from the remote"


def test_the_page_can_be_pasted(tmp_path: Path) -> None:
    page = (ROOT / "docs/environments.md").read_text()
    (script,) = re.findall(r"(?ms)^```sh\n(.*?)^```$", page)
    done = run("bash", "-euo", "pipefail", "-c", script, cwd=tmp_path)
    assert f"{tmp_path}/envs/train/.venv" in done.stdout
    assert "in a prefix" in done.stdout
    first, last = done.stdout.split("run.py --jobs 1")[1:]
    assert ("[train]" in first, "[where]" in first) == (True, True)
    assert ("[train]" in last, "[where]" in last) == (False, True)
