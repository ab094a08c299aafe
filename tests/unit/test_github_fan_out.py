"""One GitHub job for each stage: what it waits for, its machine, its id and its limits."""

from __future__ import annotations

from typing import Any

import yaml
from fanned import built, codes
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.model.snapshot import Memory


def jobs(run: Compiled) -> dict[str, Any]:
    text = next(file.text for file in run.files if file.path == ".github/workflows/mlops.yml")
    return dict(yaml.safe_load(text)["jobs"])


def fanned_jobs(stages: dict[str, dict[str, Any]], **ci: Any) -> dict[str, Any]:
    return jobs(built(stages, "github", **ci))


def test_a_job_waits_for_those_of_the_stages_it_reads_from() -> None:
    found = fanned_jobs({"a": {}, "b": {"deps": ["a.txt"]}, "c": {"deps": ["a.txt", "b.txt"]}})
    assert found["c"]["needs"] == ["a", "b"]
    assert found["pipeline"]["needs"] == ["c"]


def test_a_fork_runs_no_stage() -> None:
    """Its first stages are skipped, and so is all behind them."""
    found = fanned_jobs({"a": {}, "b": {"deps": ["a.txt"]}})
    assert "head.repo.full_name == github.repository" in found["a"]["if"]
    assert "if" not in found["b"]


def test_nothing_but_a_last_job() -> None:
    found = fanned_jobs({"a": {"always_changed": True}})
    assert list(found) == ["check", "pipeline", "comment"]
    assert found["pipeline"]["needs"] == ["check"]


def test_what_dvc_does_not_keep_has_no_job() -> None:
    found = fanned_jobs({"a": {}, "b": {"always_changed": True}, "c": {"deps": ["b.txt"]}, "d": {"deps": ["a.txt"]}})
    assert list(found) == ["check", "a", "d", "pipeline", "comment"]


def test_runners_by_label() -> None:
    runners = {"gpu": {"gpu": 1, "labels": ["self-hosted", "cuda"]}, "big": {"cpu": 8}}
    asked: dict[str, Any] = {"a": {}, "b": {"gpu": 1}, "c": {"cpu": 2}, "d": {"cpu": 9}}
    stages = {name: {"resources": resources} if resources else {} for name, resources in asked.items()}
    found = fanned_jobs(stages, runner="usual", runners=runners)
    labels = ["usual", ["self-hosted", "cuda"], "big", ["self-hosted", "cuda"]]
    assert [found[name]["runs-on"] for name in "abcd"] == labels


def test_what_the_spec_says_is_no_expression() -> None:
    found = fanned_jobs({"a": {"image": "x:${{ github.ref }}"}}, runner="big")
    assert found["a"]["container"] == "x:${{ '${{' }} github.ref }}"


def test_job_ids() -> None:
    """Each is valid, none is that of another job, and GitHub ignores their case."""
    found = fanned_jobs({name: {} for name in ("test", "Pipeline", "a.b", "A-b", "1", "image", "stage-1")})
    assert set(found) == {
        "check", "stage-test", "stage-pipeline", "a-b", "a-b-2", "stage-1", "image", "stage-1-2", "pipeline", "comment",
    }  # fmt: skip


def test_timeouts() -> None:
    """The stage's own for each attempt, and an hour; cut, with a warning, on hosted runners."""
    stages = {"a": {"timeout": "90m"}, "b": {"timeout": "2h", "retries": 2}, "c": {"timeout": "9h"}, "d": {}}
    run = built(stages, "github", timeout="20m")
    assert [jobs(run)[name]["timeout-minutes"] for name in "abcd"] == [150, 360, 360, 20]
    assert codes(run) == ["MLC510", "MLC510"]
    assert codes(built({"c": {"timeout": "9h"}}, "github", runner="ours")) == []


def test_without_it_what_only_it_has_is_reported() -> None:
    text = "mlops: 1\nstages:\n  a: {cmd: x, deps: [in.txt], outs: [a.txt], image: i:1}\n"
    report = compile_spec(Memory({"mlops.yaml": text, "in.txt": ""})).report
    (note,) = (each for each in report if "image" in each.message)
    assert (note.code, note.severity) == ("MLC503", "note")
    assert "github: only with `ci.fan-out`" in note.note


def test_ids_of_deployments() -> None:
    """A dot is no part of an id, and two ids must differ in more than case."""
    text = (
        "mlops: 1\nstages: {a: {cmd: x, deps: [in.txt], outs: [o.txt]}}\nmodels: {m: {path: o.txt, from: a}}\n"
        "deploy:\n" + "".join(f"  {name}: {{model: m, run: x}}\n" for name in ("eu.west", "eu-west", "Prod", "prod"))
    )
    run = compile_spec(Memory({"mlops.yaml": text, "in.txt": ""}))
    text = next(file.text for file in run.files if file.path == ".github/workflows/mlops-deploy.yml")
    found = yaml.safe_load(text)["jobs"]
    deploying = [name for name in found if name.startswith("deploy-")]
    assert deploying == ["deploy-eu-west", "deploy-eu-west-2", "deploy-Prod", "deploy-prod-2"]
    assert [found[name]["environment"]["name"] for name in deploying] == ["eu.west", "eu-west", "Prod", "prod"]
    recording = [name for name in found if name.startswith("record-")]
    assert [found[name]["needs"] for name in recording] == [[name] for name in deploying]
