"""Whatever stages and parameters are called, Kubeflow takes the names, and a container is told the stage and the values."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler import installed as registry
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.target import File
from mlopsc.targets.engines.parameters import parameters as defaults
from representation import filled

LABEL = re.compile(r"(comp|exec)-[a-z]([a-z0-9-]*[a-z0-9])?\Z")
INPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
REWRITTEN = ("{{", "$(", "$$")

SIGNS = st.sampled_from(
    [*"ab1-_.é日 '\"\\#:{}$()%,=", "{{$.inputs.parameters['repository']}}", "{{", "$(", "x" * 290, "-driver"]
)
STAGE = st.lists(SIGNS, min_size=1, max_size=5).map("".join).filter(lambda name: name[0] not in "-" and ":" not in name)
KEY = st.text("abAB1_-", min_size=1, max_size=4).filter(lambda key: key[0] not in "-1")
VALUE = st.lists(st.sampled_from([*"a1 '\"=\n\r{}$(", "{{", "\u2028", "é"]), max_size=4).map(
    lambda parts: "x" + "".join(parts)
)


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
@settings(max_examples=60, deadline=None)
@example(["a", "a-driver"], {"k": "x\r"})
@given(st.lists(STAGE, min_size=1, max_size=4, unique=True), st.dictionaries(KEY, VALUE, max_size=3))
def test_names_and_values_arrive(target: str, stages: list[str], params: dict[str, str]) -> None:
    words = " ".join(f"${{{key}}}" for key in params)
    said: dict[str, Any] = {
        "mlops": 1,
        "stack": {"orchestrator": ["dvc", target], "ci": []},
        "stages": {name: {"cmd": f"run {words} {index}", "outs": [f"o{index}"]} for index, name in enumerate(stages)},
    }
    run = compile_spec(Memory({"params.yaml": dump(params), "mlops.yaml": dump(said)}))
    assert run.project is not None
    found = list(registry.find([(target, ())])[0][0].emit(run.project))
    codes = [each.code for each in found if isinstance(each, Diagnostic)]
    odd = [name for name in stages if any(sign in name for sign in REWRITTEN)]
    assert codes.count("MLC531") == len(odd)
    if odd:
        return
    spec, *_ = yaml.safe_load_all(next(each.text for each in found if isinstance(each, File)))
    params = defaults(run.project)  # a value that makes two lines of a command is no parameter
    left_out = {key for key, value in params.items() if any(sign in value for sign in REWRITTEN)}
    left_out |= {key for key, value in params.items() if len(f"{value}.".splitlines()) > 1}
    assert codes.count("MLC532") == len(left_out)
    declared = spec["root"]["inputDefinitions"]["parameters"]
    assert all(INPUT.match(name) for name in declared)
    inputs = {
        f"{{{{$.inputs.parameters['{name}']}}}}": each.get("defaultValue", "given") for name, each in declared.items()
    }
    tasks = spec["root"]["dag"]["tasks"]
    assert [task["taskInfo"]["name"] for task in tasks.values()] == stages
    assert not {f"{name}-driver" for name in tasks} & set(tasks), "Kubeflow adds a task of that name"
    own = len(declared) - len(params) + len(left_out)
    for stage, task in zip(stages, tasks.values(), strict=True):
        component = task["componentRef"]["name"]
        label = spec["components"][component]["executorLabel"]
        assert all(LABEL.match(name) and len(name) <= 63 for name in (component, label))
        container = spec["deploymentSpec"]["executors"][label]["container"]
        _, told, *sets = (filled(word, inputs) for word in container["args"][own - 1 :])
        assert told == stage
        assert sets == [f"{key}={value}" for key, value in params.items() if key not in left_out]
        [same] = [each["value"] for each in container["env"] if each["name"] == "MLOPS_DEFAULTS"] or [""]
        assert same.splitlines() == sets
