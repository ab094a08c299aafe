"""One job for each stage (`ci.fan-out`), run by act and by gitlab-ci-local with an S3 endpoint between the jobs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cloned import STEP, commit, hashes, project, ran, restored
from conftest import AWS, run, write
from services import acted, gitlab

pytestmark = [pytest.mark.real, pytest.mark.full]

OUTS = ["a/start.txt", "b/left.txt", "b/x.txt", "b/y.txt", "e/one.txt"]
STAGES = """\
  start: {cmd: 'STEP a/start.txt 1 raw.txt', deps: [step.py, raw.txt], outs: [a/start.txt]}
  left: {cmd: 'STEP b/left.txt ${left} a/start.txt', deps: [step.py, a/start.txt], params: [left], outs: [b/left.txt]}
  test:
    matrix: {i: [x, y]}
    cmd: STEP b/${item.i}.txt ${right} a
    deps: [step.py, a]
    params: [right]
    outs: [{'b/${item.i}.txt': {cache: false}}]
  end:
    cmd: ['STEP e/one.txt 1 b', cp score.json m.json]
    deps: [step.py, score.json, b]
    outs: [e]
    metrics: [{m.json: {cache: false}}]
"""
Serve = Callable[[], tuple[int, str]]


def files(log: Path, service: str, stages: str = STAGES) -> dict[str, str]:
    text = stages.replace("STEP", f"python step.py {log}")
    return {
        "step.py": STEP,
        "raw.txt": "raw",
        "score.json": '{"score": 43}',
        "params.yaml": "left: 2\nright: 3\n",
        "mlops.yaml": f"""\
mlops: 1
project: p
stack: {{ci: {service}}}
ci: {{fan-out: stage, secrets: [{", ".join(AWS)}]}}
stages:
{text}""",
    }


@pytest.fixture(params=["github", "gitlab"])
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serve(service: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Run the pipeline of a clone of the repository `p`, as a push does; the status, and what was said."""

    def github() -> tuple[int, str]:
        secrets = [word for name, value in AWS.items() for word in ("--secret", f"{name}={value}")]
        done = acted(clone(), tmp_path_factory, "push", *secrets)
        return done.returncode, done.stdout + done.stderr

    def by_gitlab() -> tuple[int, str]:
        root = clone()
        variables = {name: {"type": "variable", "values": {"mlops": value}} for name, value in AWS.items()}
        write(root, {".gitlab-ci-local-variables.yml": yaml.safe_dump(variables)})
        done = gitlab(root, tmp_path_factory.mktemp("home"))
        return done.returncode, done.stdout + done.stderr

    def clone() -> Path:
        place = tmp_path / "clone"
        shutil.rmtree(place, ignore_errors=True)
        run("git", "clone", "--quiet", str(tmp_path / "p"), str(place), cwd=tmp_path)
        return place

    return github if service == "github" else by_gitlab


def test_the_same_as_dvc_repro(service: str, serve: Serve, tmp_path: Path, s3: str) -> None:
    """Every stage runs once, in a job of its own; then none; and a stage that fails stops what is behind it alone."""
    log, root = tmp_path / "ran.log", tmp_path / "p"
    environment = project(root, s3, f"fan-out-{service}", files(log, service))
    status, said = serve()
    assert status == 0, said[-6000:]
    assert ran(log) == OUTS
    assert said.count("worker: end ran") == 1
    if service == "gitlab":
        assert "43" in (tmp_path / "clone/.gitlab-ci-local/artifacts/pipeline/report.md").read_text()
    found = restored(root, [*OUTS, "m.json"], log, environment)

    status, said = serve()
    assert status == 0, said[-6000:]
    assert said.count("was done before") == len(OUTS)
    assert ran(log) == OUTS, "what was done is done again"

    run("dvc", "repro", cwd=root)
    assert hashes(root, [*OUTS, "m.json"]) == found
    run("git", "checkout", "--quiet", ".", cwd=root)
    log.unlink()

    write(root, {"params.yaml": "left: fail\nright: 4\n"})
    commit(root)
    status, said = serve()
    assert status != 0
    assert ran(log) == ["b/left.txt", "b/x.txt", "b/y.txt"]


def test_what_dvc_does_not_keep_runs_in_the_last_job(service: str, serve: Serve, tmp_path: Path, s3: str) -> None:
    """Once, and what reads it behind it; what the jobs have made is restored."""
    log, root = tmp_path / "ran.log", tmp_path / "p"
    stages = """\
  first: {cmd: 'STEP a.txt 1 raw.txt', deps: [step.py, raw.txt], outs: [a.txt]}
  always: {cmd: 'STEP b.txt 2 a.txt', deps: [step.py, a.txt], outs: [b.txt], always_changed: true}
  behind: {cmd: 'STEP c.txt 3 b.txt', deps: [step.py, b.txt], outs: [c.txt]}
"""
    project(root, s3, f"fan-out-last-{service}", files(log, service, stages))
    status, said = serve()
    assert status == 0, said[-6000:]
    assert ran(log) == ["a.txt", "b.txt", "c.txt"]
    assert said.count("worker: ") == said.count("worker: first ran") == 1


def test_the_last_job_runs_nothing_that_a_job_should_have(service: str, serve: Serve, tmp_path: Path, s3: str) -> None:
    """Where a result is not on the remote it fails, and says so."""
    log, root = tmp_path / "ran.log", tmp_path / "p"
    stage = "  one: {cmd: 'STEP a.txt 1 raw.txt', deps: [step.py, raw.txt], outs: [a.txt]}\n"
    project(root, s3, f"fan-out-lost-{service}", files(log, service, stage))
    worker = root / ".mlops/scripts/worker.sh"
    worker.write_text("#!/bin/sh\n")
    commit(root)
    status, said = serve()
    assert status != 0
    assert "not every result of the jobs is on the DVC remote" in said
    assert re.search(r"failed to run: python step.py \S+ a.txt", said)
    assert ran(log) == []
