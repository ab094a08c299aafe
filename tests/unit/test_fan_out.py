"""One job for each stage, whatever the CI service: which stages have one, what it waits for, and its machine."""

from __future__ import annotations

from typing import Any

import pytest
from fanned import built, codes, fanned
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.lower.fan_out import Fan
from mlopsc.compiler.lower.handover import lacking
from mlopsc.compiler.model.resources import Resources
from mlopsc.compiler.model.snapshot import Memory
from pipeline import project


def test_a_job_waits_for_those_of_the_stages_it_reads_from() -> None:
    run = built({"a": {}, "b": {"deps": ["a.txt"]}, "c": {"deps": ["a.txt", "b.txt"]}})
    assert fanned(run) == Fan({"a": (), "b": ("a",), "c": ("a", "b")}, ())
    assert fanned(run).ends == ["c"]


def test_a_frozen_stage_has_no_job_and_is_not_waited_for() -> None:
    run = built({"a": {}, "b": {"deps": ["a.txt"], "frozen": True}, "c": {"deps": ["b.txt"]}})
    assert fanned(run) == Fan({"a": (), "c": ()}, ())


@pytest.mark.parametrize(
    "more", [{"always_changed": True}, {"outs": [{"b.txt": {"persist": True}}]}, {"deps": ["s3://a/b"]}, {"deps": []}]
)
def test_what_dvc_does_not_keep_is_left_to_the_last_job_with_all_behind_it(more: dict[str, Any]) -> None:
    run = built({"a": {}, "b": more, "c": {"deps": ["b.txt"]}, "d": {"deps": ["a.txt"]}})
    assert fanned(run) == Fan({"a": (), "d": ("a",)}, ("b", "c"))
    assert codes(run, "MLC503")[-2:] == ["MLC514", "MLC514"]


def test_a_gate_on_a_difference_is_judged_in_the_last_job_and_nobody_is_told() -> None:
    run = built({"a": {"metrics": ["m.json"], "gates": {"x.delta": ">= 0"}}})
    assert fanned(run) == Fan({"a": ()}, ("gate-a",))
    assert codes(run, "MLC503") == []  # no service, so that nothing fans out


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


@pytest.mark.parametrize(
    ("stack", "problem", "remedy"),
    [
        ("{registry: s3://b}", "", ""),
        ("{registry: /mnt/share}", "", ""),
        ("{registry: s3://b, orchestrator: [airflow]}", "does not name it", "write `orchestrator: [dvc, airflow]`"),
        ("{}", "there is none", "registry"),
        ("{registry: 'http://e.org/x'}", "does not support on HTTP", "on S3"),
        ("{registry: 'https://e.org/x'}", "does not support on HTTP", "on S3"),
    ],
)
def test_what_jobs_lack_to_pass_on_results(stack: str, problem: str, remedy: str) -> None:
    lack = lacking(project(f"stack: {stack}\nstages: {{}}"))
    assert (lack is None) == (not problem)
    assert lack is None or (problem in lack[0] and remedy in lack[1])


def test_a_remote_in_the_configuration_of_dvc_will_do() -> None:
    text = "mlops: 1\nci: {fan-out: stage}\nstages:\n  a: {cmd: x, deps: [in.txt], outs: [a.txt]}\n"
    config = "[core]\n    remote = s\n['remote \"s\"']\n    url = s3://b/p\n"
    for said, expected in ((config, []), ("[core]\n    autostage = true\n", ["MLC513"])):
        assert codes(compile_spec(Memory({"mlops.yaml": text, "in.txt": "", ".dvc/config": said}))) == expected
    http = text.replace("ci:", "stack: {registry: 'https://example.org/x'}\nci:")
    assert codes(compile_spec(Memory({"mlops.yaml": http, "in.txt": ""}))) == ["MLC513"]
    make = text.replace("ci:", "stack: {orchestrator: make}\nci:")
    assert "MLC513" in codes(compile_spec(Memory({"mlops.yaml": make, "in.txt": ""})))
