"""Whatever secrets, stages, models, deployments, monitors and experiments are called, their names arrive in CI unchanged.

A name may be any word of the templates that it is put into. The scripts that are emitted for such names are those for
names that no template knows, with the one put in place of the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.checks.reserved import reason
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import Source
from mlopsc.compiler.read.yaml import load

TEMPLATES = [path for service in ("ci", "github", "gitlab") for path in (ROOT / "targets" / service).rglob("*.j2")]
WORDS = sorted({word for path in TEMPLATES for word in re.findall(r"[A-Za-z_]\w+", path.read_text())})
PLACEHOLDERS = ["NAMES", "ENVIRONMENT", "PUSH", "TARGETS", "STAGES", "WARNING", "ERROR", "BYTES", "SETTING", "REMEMBER"]
"""What earlier versions replaced in their scripts, wherever it stood."""
NAME = st.builds(str.format, st.sampled_from(["{}", "DEPLOY_{}", "{}_x"]), st.sampled_from([*WORDS, *PLACEHOLDERS]))
NAMES = st.lists(NAME, min_size=8, max_size=8, unique_by=str.lower)
NEUTRAL = [f"zq{letter}" for letter in "abcdefgh"]
BREACHED = {"metrics": ["m.json"], "gates": {"share": "<= 0.3"}}
SERVICES = ["github", "gitlab"]


def spec(service: str, names: list[str]) -> dict[str, Any]:
    first, second, stage, last, model, deployment, monitor, experiment = names
    return {
        "mlops": 1,
        "stack": {"ci": service, "registry": "s3://acme-ml/p"},
        "ci": {"secrets": [first, second], "fan-out": "stage"},
        "stages": {
            stage: {"cmd": "x", "deps": ["in.txt"], "outs": ["o.txt"]},
            last: {"cmd": "x", "deps": ["o.txt"], "outs": ["p.txt"], "always_changed": True},
        },
        "models": {model: {"path": "o.txt", "from": stage}},
        "deploy": {deployment: {"model": model, "run": "x"}},
        "monitor": {monitor: {"schedule": "0 6 * * *", "cmd": "x", **BREACHED, "on_breach": ["issue", "retrain"]}},
        "experiments": {experiment: {"set": {"p": [1, 2]}}},
    }


def scripts(data: Any, key: str = "") -> Iterator[str | dict[str, str]]:
    """What is run, and the environments that it runs in."""
    if isinstance(data, dict):
        if key in ("env", "variables") and all(isinstance(value, str) for value in data.values()):
            yield data
            return
        for inner, value in data.items():
            yield from scripts(value, str(inner))
    elif isinstance(data, list):
        for value in data:
            yield from scripts(value, key)
    elif key in ("run", "script", "before_script"):
        yield str(data)


RESERVED = {
    "REPRO_FLAGS", "PATH", "SHELL", "GIT_DEPTH", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0", "GIT_CONFIG_KEY_1",
    "GIT_CONFIG_VALUE_1", "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_SHA", "GITHUB_REPOSITORY", "GITHUB_REF_NAME",
    "GITHUB_SERVER_URL", "GITHUB_STEP_SUMMARY", "PIP_CACHE_DIR", "UV_CACHE_DIR", "PYTEST_ADDOPTS", "VERSION", "MODEL",
}  # fmt: skip
"""Names of the templates that no secret can have."""


def codes(service: str, names: list[str]) -> set[str]:
    files = {"mlops.yaml": json.dumps(spec(service, names)), "in.txt": "", "params.yaml": "p: 1"}
    return {diagnostic.code for diagnostic in compile_spec(Memory(files)).report if diagnostic.severity == "error"}


def emitted(service: str, names: list[str]) -> list[str | dict[str, str]] | None:
    run = compile_spec(Memory({"mlops.yaml": json.dumps(spec(service, names)), "in.txt": "", "params.yaml": "p: 1"}))
    if run.report.failed:
        return None
    files = (file for file in run.files if file.path.startswith((".github/", ".gitlab-ci")))
    return [script for file in files for script in scripts(load(Source(file.path, file.text))[0])]


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=60, deadline=None)
@given(names=NAMES)
@example(names=["have", "yes", "Against", "allow", "cat", "BASE", "An", "All"])
@example(names=["BASE", "VERSION", "a", "b", "c", "d", "e", "f"])
@example(names=["MONITOR", "REPORT", "a", "b", "c", "d", "e", "f"])
@example(names=["BASE", "EXPERIMENT", "a", "b", "c", "d", "e", "f"])
@example(names=["MLOPS_MODEL", "x", "a", "b", "c", "d", "e", "f"])
@example(names=["TARGETS", "NAMES", "DEPLOY_ENVIRONMENT", "STAGES", "PUSH", "ENVIRONMENT", "WARNING", "BYTES"])
def test_names_arrive_unchanged(service: str, names: list[str]) -> None:
    neutral = emitted(service, NEUTRAL)
    assert neutral
    found = emitted(service, names)
    if found is None:
        refused = codes(service, names)
        assume(refused != {"MLC423"})  # the spec is wrong for another reason, such as a job's keyword as a stage's name
        assert set(names[:2]) & RESERVED or any(name.startswith("MLOPS_") for name in names[:2])
        return
    by_neutral = dict(zip(NEUTRAL, names, strict=True))

    def renamed(text: str) -> str:
        return re.sub("|".join(NEUTRAL), lambda match: by_neutral[match.group()], text)

    assert found == [
        renamed(script) if isinstance(script, str) else {renamed(key): renamed(value) for key, value in script.items()}
        for script in neutral
    ]


ASSIGNED = re.compile(r"^\s*(?:export )?([A-Za-z_]\w*)=", re.MULTILINE)


def with_secrets(service: str, document: dict[str, Any]) -> Iterator[tuple[dict[str, str], str]]:
    """The environment and the script of each step, and of each job of GitLab, that sees secrets."""
    if service == "github":
        for job in document["jobs"].values():
            for step in job["steps"]:
                if NEUTRAL[0] in step.get("env", {}):
                    yield {**job.get("env", {}), **step["env"]}, step["run"]
        return
    for job in document.values():
        if isinstance(job, dict) and "script" in job and job.get("environment", {}).get("name") != "mlops-write":
            yield {**document["variables"], **job.get("variables", {})}, "\n".join(job["script"])


@pytest.mark.parametrize("fan_out", ["stage", None])
@pytest.mark.parametrize("service", SERVICES)
def test_jobs_overwrite_no_secret(service: str, fan_out: str | None) -> None:
    """Every variable that is set where secrets are seen, in the file or by its shell, has a name that no secret can have."""
    text = spec(service, NEUTRAL)
    text["ci"]["fan-out"] = fan_out
    run = compile_spec(Memory({"mlops.yaml": json.dumps(text), "in.txt": "", "params.yaml": "p: 1"}))
    assert run.project is not None
    steps = 0
    for file in run.files:
        if file.path.startswith((".github/", ".gitlab-ci")):
            for environment, script in with_secrets(service, load(Source(file.path, file.text))[0]):
                names = {*environment, *ASSIGNED.findall(script)} - set(NEUTRAL)
                assert [name for name in sorted(names) if reason(run.project, name) is None] == []
                steps += 1
    assert steps > 5
