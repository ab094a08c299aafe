"""No job of a GitHub workflow that may write to GitHub runs anything of the project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

RUNS = re.compile(
    r"(?m)(^|[;&|(]\s*|\b(?:then|do|else)\s+)\s*(make|pip|uv|dvc|gto|python3?|sh|bash|\.|source|\./\S*|\S*\.mlops\S*)(\s|$)"
)
"""A command that would run files of the project, or what it installs."""
ACTIONS = ("actions/download-artifact@",)
"""What a job that writes may use."""

WRITERS = "mlops-write"
"""An environment that holds a token to write with and that only such jobs may have."""

WORKFLOWS = sorted((ROOT / "tests/golden").glob("*/expected/github/.github/workflows/*.yml"))
WORKFLOWS += sorted((ROOT / "examples").glob("*/.github/workflows/*.yml"))

OIDC = {
    "aws": {"role": "arn:aws:iam::123456789012:role/ci", "region": "eu-west-1"},
    "gcp": {
        "provider": "projects/1/locations/global/workloadIdentityPools/ci/providers/github",
        "service_account": "ci@acme.iam.gserviceaccount.com",
    },
    "azure": {
        "client_id": "00000000-0000-0000-0000-000000000001",
        "tenant_id": "00000000-0000-0000-0000-000000000002",
    },
}
ON_BREACH = st.lists(st.sampled_from(["issue", "retrain"]), unique=True)
SPECS = st.fixed_dictionaries(
    {
        "secrets": st.lists(st.sampled_from(["A", "B"]), unique=True),
        "fan_out": st.sampled_from(["stage", None]),
        "pull_request": st.booleans(),
        "on": st.sampled_from(["tag", "push", "manual"]),
        "on_breach": ON_BREACH,
        "build": st.sampled_from(["make", "none"]),
        "oidc": st.booleans(),
    }
)


def writes(job: dict[str, Any]) -> bool:
    return any(how == "write" for what, how in job.get("permissions", {}).items() if what != "id-token")


def runs_the_project(job: dict[str, Any]) -> Iterator[str]:
    """What of the project, or of what it installs, a job runs."""
    if job.get("environment", WRITERS) != WRITERS or "container" in job:
        yield "its environment"
    for step in job["steps"]:
        if "uses" in step and not step["uses"].startswith(ACTIONS):
            yield step["uses"]
        if found := RUNS.search(step.get("run", "")):
            yield found.group().strip()


def judge(text: str) -> int:
    """Check each job that writes; the number of these."""
    document = yaml.safe_load(text)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
        signs_in = [step["uses"] for step in job["steps"] if step["name"].startswith("Sign in to ")]
        assert bool(signs_in) == (job.get("permissions", {}).get("id-token") == "write")
        assert all(re.search("@[0-9a-f]{40}$", action) for action in signs_in)
    writers = {name: job for name, job in document["jobs"].items() if writes(job)}
    assert not [
        name for name, job in document["jobs"].items() if job.get("environment") == WRITERS and name not in writers
    ]
    assert {name: found for name, job in writers.items() if (found := list(runs_the_project(job)))} == {}
    return len(writers)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_golden_workflows(path: Path) -> None:
    judge(path.read_text())


@settings(max_examples=40, deadline=None)
@given(SPECS)
def test_workflows_of_any_spec(drawn: dict[str, Any]) -> None:
    spec = {
        "mlops": 1,
        "stack": {"ci": "github", "registry": "s3://acme-ml/p", "build": drawn["build"]},
        "ci": {
            "oidc": OIDC if drawn["oidc"] else None,
            "secrets": drawn["secrets"],
            "fan-out": drawn["fan_out"],
            "on": {"pull_request": drawn["pull_request"]},
        },
        "stages": {"a": {"cmd": "x", "deps": ["in.txt"], "outs": ["o.txt"]}},
        "models": {"m": {"path": "o.txt", "from": "a"}},
        "deploy": {"d": {"model": "m", "run": "x", "on": drawn["on"]}},
        "monitor": {"w": {"cmd": "x", "metrics": ["m.json"], "gates": {"s": "< 1"}, "on_breach": drawn["on_breach"]}},
    }
    run = compile_spec(Memory({"mlops.yaml": json.dumps(spec), "in.txt": ""}))
    found = {file.path: judge(file.text) for file in run.files if file.path.startswith(".github/")}
    assert found[".github/workflows/mlops.yml"] == drawn["pull_request"]
    if drawn["build"] == "make":
        assert found[".github/workflows/mlops-deploy.yml"] == 1, "the record"
        assert found[".github/workflows/mlops-monitor.yml"] == 1 + len(drawn["on_breach"])


@pytest.mark.parametrize(
    "step",
    [
        {"run": "make setup"},
        {"run": "cd x && uv sync"},
        {"run": "sh .mlops/scripts/history.sh keep a"},
        {"uses": "actions/checkout@abc"},
        {"run": "if true; then python x.py; fi"},
    ],
)
def test_what_runs_the_project_is_seen(step: dict[str, str]) -> None:
    assert list(runs_the_project({"steps": [step]}))
