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
@example(names=["DEPLOY_ENVIRONMENT", "NAMES", "TARGETS", "STAGES", "PUSH", "ENVIRONMENT", "WARNING", "BYTES"])
def test_names_arrive_unchanged(service: str, names: list[str]) -> None:
    neutral = emitted(service, NEUTRAL)
    assert neutral
    keys = {key for script in neutral if isinstance(script, dict) for key in script}
    assume(not keys & set(names[:2]))  # such a secret stands in the place of the job's own variable
    found = emitted(service, names)
    assume(found is not None)
    by_neutral = dict(zip(NEUTRAL, names, strict=True))

    def renamed(text: str) -> str:
        return re.sub("|".join(NEUTRAL), lambda match: by_neutral[match.group()], text)

    assert found == [
        renamed(script) if isinstance(script, str) else {renamed(key): renamed(value) for key, value in script.items()}
        for script in neutral
    ]
