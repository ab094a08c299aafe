"""Pipelines with one job for each stage, for the tests of `ci.fan-out`."""

from __future__ import annotations

import json
from typing import Any

from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.lower.fan_out import Fan, fan
from mlopsc.compiler.model.snapshot import Memory


def built(stages: dict[str, dict[str, Any]], service: str | None = None, **ci: Any) -> Compiled:
    """A pipeline for a CI service; each stage by what it has beside, or in place of, one dep and one out."""
    usual = {name: {"cmd": "make-it", "deps": ["in.txt"], "outs": [f"{name}.txt"]} for name in stages}
    spec = {
        "mlops": 1,
        "stack": {"ci": [] if service is None else service, "registry": "s3://acme-ml/p"},
        "ci": {"fan-out": "stage", **ci},
        "stages": {name: {**usual[name], **more} for name, more in stages.items()},
    }
    return compile_spec(Memory({"mlops.yaml": json.dumps(spec), "in.txt": ""}))


def fanned(run: Compiled) -> Fan:
    """Its jobs, whatever the service."""
    assert run.project is not None
    return fan(run.project)


def codes(run: Compiled, *ignored: str) -> list[str]:
    """The codes of its errors and warnings."""
    return [each.code for each in run.report if each.severity != "note" and each.code not in ignored]
