"""Conditions about branches hold for just those branches, by the reader of gitlab-ci-local; labels stay as they are."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml
from conftest import npm_tools, tool
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.targets.gitlab.escape import branch, label, tag
from mlopsc.targets.gitlab.rules import rules

LEXED = re.compile(r"/([^/]|\\/)+[^\\]/[ismU]*")  # how GitLab's own lexer finds the end of a pattern
NAME = st.text("ab/.-_$%'\"(){}&|#@+!,;=<>`é", min_size=1, max_size=12).filter(lambda name: name[0] not in "-/")
"""Names of branches: Git takes no spaces, control characters, nor any of ~^:?*[ and backslashes."""


def hold(asked: list[tuple[str, dict[str, str]]]) -> list[bool]:
    """Whether each condition holds under its variables."""
    tools = npm_tools()
    done = subprocess.run(
        [tool("node"), "rules.mjs"], input=json.dumps(asked), capture_output=True, text=True, cwd=tools, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[bool] = json.loads(done.stdout)
    return found


def escaped(name: str) -> str:
    return "".join(char if char.isalnum() or char in "/-_.@" else f"\\{char}" for char in name)


@pytest.mark.full
@settings(max_examples=10, deadline=None)
@given(st.lists(NAME, min_size=2, max_size=40, unique=True))
def test_a_name_stands_for_itself_alone(names: list[str]) -> None:
    conditions = [branch(escaped(name)) for name in names]
    for condition in conditions:
        if "=~" in condition:
            assert LEXED.fullmatch(condition.partition("=~ ")[2])
    asked = [(condition, {"CI_COMMIT_BRANCH": name}) for condition in conditions for name in names]
    assert hold(asked) == [condition == name for condition in names for name in names]


SPEC: dict[str, Any] = {
    "mlops": 1,
    "stack": {"ci": "gitlab"},
    "stages": {"a": {"cmd": "x", "deps": ["in.txt"], "outs": ["o"]}},
}
OPERATED = {
    "models": {"a.b": {"path": "o", "from": "a"}},
    "deploy": {"prod": {"model": "a.b", "run": "x"}},
    "monitor": {"drift": {"schedule": "0 6 * * *", "cmd": "x", "metrics": ["m.json"]}},
}

GLOBS = [
    ("feature/*", ["feature/a", "feature/my-branch"], ["feature/a/b", "feature", "xfeature/a"]),
    ("feature/**", ["feature/a", "feature/a/b"], ["feature", "features/a"]),
    ("*", ["main", "v1.0"], ["a/b"]),
    ("**", ["main", "a/b/c"], []),
    ("*feature", ["my-feature", "feature"], ["feature-1", "a/feature"]),
    ("v2*", ["v2", "v2.0"], ["v1", "a/v2"]),
    ("v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.1.1", "v1.a.1", "v1x10.1"]),
    ("releases/**-alpha", ["releases/beta/3-alpha", "releases/1-alpha"], ["releases/1"]),
    ("ab?", ["a", "ab"], ["abb", "abc"]),
    (r"a\*", ["a*"], ["ab"]),
]


@pytest.mark.full
def test_patterns_mean_what_github_documents() -> None:
    cases = [
        (branch(pattern), name, name in good)
        for pattern, good, bad in GLOBS
        for name in [*good, *bad]
        if "*" not in name
    ]
    said = hold([(condition, {"CI_COMMIT_BRANCH": name}) for condition, name, _ in cases])
    assert [(*case[:2], found) for case, found in zip(cases, said, strict=True)] == cases


def started(ci: dict[str, Any], more: dict[str, Any] | None = None, **variables: str) -> bool:
    """Whether GitLab makes a pipeline: the first rule whose condition holds decides."""
    more = more or {}
    variables = {"MLOPS_TASK": "pipeline", **variables}
    built = compile_spec(Memory({"mlops.yaml": yaml.safe_dump({**SPEC, **more, "ci": ci}), "in.txt": ""}))
    assert built.project is not None
    listed = rules(built.project)
    said = hold([(rule.get("if", "1 == 1"), {"CI_DEFAULT_BRANCH": "main", **variables}) for rule in listed])
    first = next((rule for rule, holds in zip(listed, said, strict=True) if holds), {"when": "never"})
    return first.get("when") != "never"


def push(branch: str, **more: str) -> dict[str, str]:
    return {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": branch, **more}


REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event"}


@pytest.mark.full
def test_what_starts_a_pipeline() -> None:
    assert started({}, **push("main"))
    assert not started({}, **push("other"))
    assert started({}, **REQUEST)
    assert started({}, CI_PIPELINE_SOURCE="web", CI_COMMIT_BRANCH="other")
    assert not started({}, CI_PIPELINE_SOURCE="schedule", CI_COMMIT_BRANCH="main")
    assert not started({}, CI_PIPELINE_SOURCE="push", CI_COMMIT_TAG="v1")
    said = {"on": {"push": ["**", "!old/*"], "pull_request": False, "schedule": ["0 6 * * 1"], "manual": False}}
    assert started(said, **push("a/b"))
    assert not started(said, **push("old/b"))
    assert not started(said, **REQUEST)
    assert started(said, CI_PIPELINE_SOURCE="schedule")
    assert not started(said, CI_PIPELINE_SOURCE="web")


@pytest.mark.full
def test_no_commit_has_two_pipelines() -> None:
    """A branch with an open merge request is built by that; the default branch is, because its pipeline pushes."""
    said = {"on": {"push": ["**"]}}
    assert not started(said, **push("mine", CI_OPEN_MERGE_REQUESTS="g/p!1"))
    assert started(said, **push("main", CI_OPEN_MERGE_REQUESTS="g/p!1"))
    alone = {"on": {"push": ["**"], "pull_request": False}}
    assert started(alone, **push("mine", CI_OPEN_MERGE_REQUESTS="g/p!1"))


@pytest.mark.parametrize("text", ["$A", "a-${B}", "%C%x", "$CI_COMMIT_BRANCH"])
def test_labels_with_variables_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[$%]"):
        label(text)


@pytest.mark.parametrize("text", ["big", "a$", "$1", "100%", "50%-60%", "${", "self-hosted, 'x'"])
def test_other_labels_are_taken(text: str) -> None:
    assert label(text) == text


@pytest.mark.full
def test_what_starts_a_deployment_or_a_monitor() -> None:
    tagged = {"CI_PIPELINE_SOURCE": "push"}
    assert started({}, OPERATED, CI_COMMIT_TAG="a.b@v1.0.0", **tagged)
    assert not started({}, OPERATED, CI_COMMIT_TAG="axb@v1.0.0", **tagged)
    assert not started({}, OPERATED, CI_COMMIT_TAG="a.b#prod#1", **tagged)
    assert not started({}, OPERATED, CI_COMMIT_TAG="v1", **tagged)
    assert started({}, OPERATED, CI_PIPELINE_SOURCE="schedule", MLOPS_TASK="monitor-drift")
    assert not started({}, OPERATED, CI_PIPELINE_SOURCE="schedule")
    by_tasks = {"on": {"manual": False}}
    assert started(by_tasks, OPERATED, CI_PIPELINE_SOURCE="web", MLOPS_TASK="deploy-prod")
    assert not started(by_tasks, OPERATED, CI_PIPELINE_SOURCE="web")


@pytest.mark.full
@settings(max_examples=5, deadline=None)
@given(st.lists(NAME, min_size=2, max_size=30, unique=True))
def test_tags_by_how_they_start(names: list[str]) -> None:
    asked = [(tag(f"{start}@"), {"CI_COMMIT_TAG": f"{name}@v1"}) for start in names for name in names]
    assert hold(asked) == [f"{name}@v1".startswith(f"{start}@") for start in names for name in names]
