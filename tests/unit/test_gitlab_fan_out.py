"""One GitLab job for each stage: what it waits for, its machine, its name and its limits."""

from __future__ import annotations

from typing import Any

import yaml
from fanned import built, codes
from mlopsc.compiler.build import Compiled


def jobs(run: Compiled) -> dict[str, Any]:
    text = next(file.text for file in run.files if file.path == ".gitlab-ci.yml")
    return {name: job for name, job in yaml.safe_load(text).items() if "script" in job}


def fanned_jobs(stages: dict[str, dict[str, Any]], **ci: Any) -> dict[str, Any]:
    return jobs(built(stages, "gitlab", **ci))


def test_a_job_waits_for_those_of_the_stages_it_reads_from() -> None:
    found = fanned_jobs({"a": {}, "b": {"deps": ["a.txt"]}, "c": {"deps": ["a.txt", "b.txt"]}})
    assert found["c"]["needs"] == ["a", "b"]
    assert "needs" not in found["pipeline"], "it waits for all that is in an earlier stage of GitLab's"


def test_nothing_but_a_last_job() -> None:
    assert list(fanned_jobs({"a": {"always_changed": True}})) == ["check", "pipeline", "note"]


def test_runners_by_label() -> None:
    runners = {"gpu": {"gpu": 1, "labels": ["self-hosted", "cuda"]}, "big": {"cpu": 8}}
    asked: dict[str, Any] = {"a": {}, "b": {"gpu": 1}, "c": {"cpu": 2}}
    stages = {name: {"resources": resources} if resources else {} for name, resources in asked.items()}
    found = fanned_jobs(stages, runner="usual", runners=runners)
    assert [found[name].get("tags") for name in "abc"] == [None, ["self-hosted", "cuda"], ["big"]]


def test_a_label_in_which_gitlab_would_see_a_variable() -> None:
    assert codes(built({"a": {}}, "gitlab", runners={"big": {"labels": "x-$SIZE"}})) == ["MLC512"]
    assert codes(built({"a": {"image": "$IMAGE"}}, "gitlab")) == ["MLC512"]


def test_names_of_jobs() -> None:
    """None is a keyword or that of another job."""
    found = fanned_jobs({name: {} for name in ("test", "Pipeline", "a.b", "A-b", "1", "image", "stage-1")})
    assert set(found) == {
        "check", "stage-image", "test", "Pipeline", "a.b", "A-b", "1", "stage-1", "pipeline", "note",
    }  # fmt: skip


def test_timeouts() -> None:
    """The stage's own for each attempt, and an hour; a warning if hosted runners end the job sooner."""
    stages = {"a": {"timeout": "90m"}, "b": {"timeout": "2h", "retries": 2}, "c": {"timeout": "9h"}, "d": {}}
    run = built(stages, "gitlab", timeout="20m")
    assert [jobs(run)[name]["timeout"] for name in "abcd"] == [f"{minutes} minutes" for minutes in (150, 180, 600, 20)]
    assert codes(run) == ["MLC511"]
    assert codes(built({"c": {"timeout": "9h"}}, "gitlab", runner="ours")) == []


def test_who_retries() -> None:
    """GitLab if it does so as often as asked, else the command itself; never both."""
    found = fanned_jobs({"a": {}, "b": {"retries": 2}, "c": {"retries": 3}})
    assert [found[name].get("retry") for name in "abc"] == [None, 2, None]
    assert [found[name].get("variables") for name in "abc"] == [None, {"MLOPS_RETRIES": "0"}, None]
