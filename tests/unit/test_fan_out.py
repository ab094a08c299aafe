"""One job for each stage: which stages have one, what it waits for, its machine, its name and its limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.lower.fan_out import Fan, fan
from mlopsc.compiler.model.resources import Resources
from mlopsc.compiler.model.snapshot import Memory

HEAD = "mlops: 1\nstack: {ci: [github, gitlab], registry: s3://acme-ml/p}\n"
WORKFLOW, PIPELINE = ".github/workflows/mlops.yml", ".gitlab-ci.yml"


def built(stages: dict[str, dict[str, Any]], **ci: Any) -> Compiled:
    """A pipeline of stages, of each of which it is said how it differs from one with one dep and one out."""
    usual = {name: {"cmd": "make-it", "deps": ["in.txt"], "outs": [f"{name}.txt"]} for name in stages}
    said = {name: {**usual[name], **more} for name, more in stages.items()}
    text = f"{HEAD}ci: {json.dumps({'fan-out': 'stage', **ci})}\nstages: {json.dumps(said)}\n"
    return compile_spec(Memory({"mlops.yaml": text, "in.txt": ""}))


def jobs(run: Compiled, path: str) -> dict[str, Any]:
    data = yaml.safe_load(next(file.text for file in run.files if file.path == path))
    return dict(data["jobs"]) if path == WORKFLOW else {k: v for k, v in data.items() if "script" in v}


def fanned(run: Compiled) -> Fan:
    assert run.project is not None
    return fan(run.project)


def codes(run: Compiled) -> list[str]:
    return [each.code for each in run.report if each.severity != "note"]


def test_a_job_waits_for_those_of_the_stages_it_reads_from() -> None:
    run = built({"a": {}, "b": {"deps": ["a.txt"]}, "c": {"deps": ["a.txt", "b.txt"]}})
    assert fanned(run) == Fan({"a": (), "b": ("a",), "c": ("a", "b")}, ())
    assert fanned(run).ends == ["c"]
    assert jobs(run, WORKFLOW)["c"]["needs"] == ["a", "b"]
    assert jobs(run, WORKFLOW)["pipeline"]["needs"] == ["c"]
    assert jobs(run, PIPELINE)["c"]["needs"] == ["a", "b"]
    assert "needs" not in jobs(run, PIPELINE)["pipeline"], "it waits for all that is in an earlier stage of GitLab's"


def test_a_fork_runs_no_stage() -> None:
    """What comes first is left out for it, and so is all behind that."""
    found = jobs(built({"a": {}, "b": {"deps": ["a.txt"]}}), WORKFLOW)
    assert "head.repo.full_name == github.repository" in found["a"]["if"]
    assert "if" not in found["b"]


def test_a_frozen_stage_has_no_job_and_is_not_waited_for() -> None:
    run = built({"a": {}, "b": {"deps": ["a.txt"], "frozen": True}, "c": {"deps": ["b.txt"]}})
    assert fanned(run) == Fan({"a": (), "c": ()}, ())


@pytest.mark.parametrize(
    "more", [{"always_changed": True}, {"outs": [{"b.txt": {"persist": True}}]}, {"deps": ["s3://a/b"]}, {"deps": []}]
)
def test_what_dvc_does_not_keep_is_left_to_the_last_job_with_all_behind_it(more: dict[str, Any]) -> None:
    run = built({"a": {}, "b": more, "c": {"deps": ["b.txt"]}, "d": {"deps": ["a.txt"]}})
    assert fanned(run) == Fan({"a": (), "d": ("a",)}, ("b", "c"))
    assert codes(run)[-2:] == ["MLC514", "MLC514"]
    assert {"b", "c"}.isdisjoint(jobs(run, WORKFLOW))


def test_nothing_but_a_last_job() -> None:
    run = built({"a": {"always_changed": True}})
    assert list(jobs(run, WORKFLOW)) == ["check", "pipeline", "comment"]
    assert list(jobs(run, PIPELINE)) == ["check", "pipeline", "note"]
    assert jobs(run, WORKFLOW)["pipeline"]["needs"] == ["check"]


def test_a_gate_on_a_difference_is_judged_in_the_last_job_and_nobody_is_told() -> None:
    run = built({"a": {"metrics": ["m.json"], "gates": {"x.delta": ">= 0"}}})
    assert fanned(run) == Fan({"a": ()}, ("gate-a",))
    assert codes(run) == []


RUNNERS = {
    "small": {"cpu": 2, "memory": "4Gi"},
    "any": {"cpu": 64},
    "big": {"cpu": 8, "memory": "32Gi"},
    "accelerated": {"gpu": 2},
}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (Resources(cpu=1), "small"),
        (Resources(cpu=2.5), "big"),
        (Resources(memory=2**35), "big"),
        (Resources(memory=2**35 + 1), "any"),
        (Resources(cpu=65), "accelerated"),
        (Resources(gpu=1, cpu=4), "accelerated"),
        (Resources(gpu=3), None),
    ],
)
def test_the_smallest_machine_that_has_it(asked: Resources, name: str | None) -> None:
    run = built({"a": {}}, runners=RUNNERS)
    assert run.project is not None
    machine = run.project.ci.smallest_machine(asked)
    assert (machine and machine.name) == name


def test_machines_by_label() -> None:
    runners = {"gpu": {"gpu": 1, "labels": ["self-hosted", "cuda"]}, "big": {"cpu": 8}}
    asked = {"a": {}, "b": {"gpu": 1}, "c": {"cpu": 2}, "d": {"cpu": 9}}
    stages = {name: {"resources": each} if each else {} for name, each in asked.items()}
    run = built(stages, runner="usual", runners=runners)
    found = jobs(run, WORKFLOW)
    assert [found[name]["runs-on"] for name in "abcd"] == [
        "usual",
        ["self-hosted", "cuda"],
        "big",
        ["self-hosted", "cuda"],
    ]
    assert [jobs(run, PIPELINE)[name].get("tags") for name in "abc"] == [None, ["self-hosted", "cuda"], ["big"]]


def test_a_label_in_which_gitlab_would_see_a_variable() -> None:
    assert codes(built({"a": {}}, runners={"big": {"labels": "x-$SIZE"}})) == ["MLC512"]
    assert codes(built({"a": {"image": "$IMAGE"}})) == ["MLC512"]


def test_what_the_spec_says_is_no_expression_of_github() -> None:
    """Not in an image, and not in the name of a stage."""
    run = built({"a": {"image": "x:${{ github.ref }}"}}, runner="big")
    assert jobs(run, WORKFLOW)["a"]["container"] == "x:${{ '${{' }} github.ref }}"


def test_names_of_jobs() -> None:
    """Each is valid, none is that of another job, and GitHub does not tell upper from lower case."""
    run = built({name: {} for name in ("test", "Pipeline", "a.b", "A-b", "1", "image", "stage-1")})
    assert set(jobs(run, WORKFLOW)) == {
        "check", "stage-test", "stage-pipeline", "a-b", "a-b-2", "stage-1", "image", "stage-1-2", "pipeline", "comment",
    }  # fmt: skip
    assert set(jobs(run, PIPELINE)) == {
        "check", "stage-image", "test", "Pipeline", "a.b", "A-b", "1", "stage-1", "pipeline", "note",
    }  # fmt: skip


def test_limits_of_time() -> None:
    """The stage's own for each try, and an hour; cut, with a warning, on machines that end jobs sooner."""
    run = built(
        {"a": {"timeout": "90m"}, "b": {"timeout": "2h", "retries": 2}, "c": {"timeout": "9h"}, "d": {}}, timeout="20m"
    )
    assert [jobs(run, WORKFLOW)[name]["timeout-minutes"] for name in "abcd"] == [150, 360, 360, 20]
    assert [jobs(run, PIPELINE)[name]["timeout"] for name in "abcd"] == [f"{m} minutes" for m in (150, 180, 600, 20)]
    assert sorted(codes(run)) == ["MLC510", "MLC510", "MLC511"]
    assert codes(built({"c": {"timeout": "9h"}}, runner="ours")) == []


def test_who_tries_again() -> None:
    """GitLab where it does so as often as asked, else the command itself; never both."""
    found = jobs(built({"a": {}, "b": {"retries": 2}, "c": {"retries": 3}}), PIPELINE)
    assert [found[name].get("retry") for name in "abc"] == [None, 2, None]
    assert [found[name].get("variables") for name in "abc"] == [None, {"MLOPS_RETRIES": "0"}, None]


def test_a_remote_in_the_configuration_of_dvc_will_do() -> None:
    text = "mlops: 1\nci: {fan-out: stage}\nstages:\n  a: {cmd: x, deps: [in.txt], outs: [a.txt]}\n"
    config = "[core]\n    remote = s\n['remote \"s\"']\n    url = s3://b/p\n"
    for said, expected in ((config, []), ("[core]\n    autostage = true\n", ["MLC513"])):
        assert codes(compile_spec(Memory({"mlops.yaml": text, "in.txt": "", ".dvc/config": said}))) == expected
    http = text.replace("ci:", "stack: {registry: 'https://example.org/x'}\nci:")
    assert codes(compile_spec(Memory({"mlops.yaml": http, "in.txt": ""}))) == ["MLC513"]
    make = text.replace("ci:", "stack: {orchestrator: make}\nci:")
    assert "MLC513" in codes(compile_spec(Memory({"mlops.yaml": make, "in.txt": ""})))


def test_without_it_what_only_it_has_is_told() -> None:
    text = (
        HEAD.replace("github, gitlab", "github") + "stages:\n  a: {cmd: x, deps: [in.txt], outs: [a.txt], image: i:1}\n"
    )
    (note,) = (
        each for each in compile_spec(Memory({"mlops.yaml": text, "in.txt": ""})).report if "image" in each.message
    )
    assert (note.code, note.severity) == ("MLC503", "warning")
    assert "github: only with `ci.fan-out`" in note.note
