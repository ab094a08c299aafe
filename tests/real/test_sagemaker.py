"""The pipeline definition: what AWS's own SDK makes of the same steps, and what AWS's own model of the API takes."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from conftest import AWS, judge, run
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.gpu import Gpu
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.targets.sagemaker.machines import DEFAULT_MACHINE, MACHINES, OFFERED, TRAINING_ONLY

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
ROLE = "arn:aws:iam::123456789012:role/mlops"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/wine:1"
MODEL = get_session().get_service_model("sagemaker")


def compiled(spec: Mapping[str, Any], params: Any = None) -> tuple[dict[str, Any] | None, list[str]]:
    """The definition of a spec, and the codes of what is wrong with it."""
    files = {"mlops.yaml": dump(spec), "params.yaml": json.dumps(params or {}), "raw.txt": ""}
    done = compile_spec(Memory(files))
    texts = [file.text for file in done.files if file.path.startswith("sagemaker/")]
    return (None if done.report.failed else json.loads(texts[0])), [
        each.code for each in done.report if each.severity != "note"
    ]


def resolved(value: Any, params: Mapping[str, str]) -> Any:
    """A value of the definition as SageMaker hands it to a job."""
    if isinstance(value, list):
        return [resolved(each, params) for each in value]
    if not isinstance(value, dict):
        return value
    if "Get" in value:
        known = {f"Parameters.{name}": text for name, text in params.items()}
        return {**known, "Execution.PipelineExecutionId": "abcdefghijkl"}[value["Get"]]
    if "Std:Join" in value:
        return value["Std:Join"]["On"].join(resolved(value["Std:Join"]["Values"], params))
    return {key: resolved(each, params) for key, each in value.items()}


def values(definition: Mapping[str, Any], **given: str) -> dict[str, str]:
    """The parameters of an execution: their defaults, and what it was started with."""
    known = {each["Name"]: each.get("DefaultValue") for each in definition["Parameters"]}
    assert set(given) <= set(known)
    merged = {**known, **given}
    assert None not in merged.values(), merged
    return {name: str(value) for name, value in merged.items()}


def refused(shape: Any, value: Any, path: str = "") -> list[str]:
    """What AWS's API model does not take of a value: types, names, lengths, patterns, enums."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        unknown = [f"{path}.{key} is unknown" for key in value if key not in shape.members]
        missing = [f"{path}.{key} is missing" for key in shape.required_members if key not in value]
        inner = ((shape.members[key], each, f"{path}.{key}") for key, each in value.items() if key in shape.members)
        return [*unknown, *missing, *(wrong for each in inner for wrong in refused(*each))]
    size = value if kind in ("integer", "long") else len(value) if hasattr(value, "__len__") else 0
    found = (
        [f"{path}: {size} is out of bounds"] if not limits.get("min", 0) <= size <= limits.get("max", 10**12) else []
    )
    if kind == "list":
        return found + [wrong for i, each in enumerate(value) for wrong in refused(shape.member, each, f"{path}[{i}]")]
    if kind == "map":
        pairs = [(shape.key, key) for key in value] + [(shape.value, each) for each in value.values()]
        return found + [wrong for inner, each in pairs for wrong in refused(inner, each, f"{path}{{}}")]
    if kind == "string":
        if not isinstance(value, str):
            return [f"{path} is no text"]
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value} is not in the enum")
        pattern = limits.get("pattern")
        if pattern and "\\p" not in pattern and not re.fullmatch(pattern, value):
            found.append(f"{path}: {value!r} is not {pattern}")
    return found


def judged(definition: Mapping[str, Any], **given: str) -> list[str]:
    """What AWS would refuse of a pipeline and of the jobs that its steps make."""
    params = values(definition, **given)
    create = {
        "PipelineName": "p",
        "PipelineDefinition": json.dumps(definition),
        "RoleArn": ROLE,
        "ClientRequestToken": "t" * 32,
    }
    start = [{"Name": name, "Value": value} for name, value in params.items()]
    found = refused(MODEL.shape_for("CreatePipelineRequest"), create)
    found += refused(MODEL.shape_for("StartPipelineExecutionRequest"), {"PipelineName": "p", "PipelineParameters": start, "ClientRequestToken": "t" * 32})  # fmt: skip
    for step in definition["Steps"]:
        job = {f"{step['Type']}JobName": "job", **resolved(step["Arguments"], params)}
        found += refused(MODEL.shape_for(f"Create{step['Type']}JobRequest"), job)
        shown = {"StepName": step["Name"], "StepDisplayName": step.get("DisplayName", ""), "StepDescription": step.get("Description", "")}  # fmt: skip
        found += refused(MODEL.shape_for("PipelineExecutionStep"), shown)
    names = [step["Name"] for step in definition["Steps"]]
    assert len(set(names)) == len(names)
    assert all(
        name in names[:index] for index, step in enumerate(definition["Steps"]) for name in step.get("DependsOn", ())
    )
    return found


SAME: dict[str, Any] = {
    "mlops": 1,
    "project": "wine_1.x",
    "stack": {"orchestrator": ["dvc", "sagemaker"], "build": "none", "ci": [], "registry": "s3://acme-ml/wine/"},
    "stages": {
        "prepare data.ü": {
            "cmd": 'sort "${source}" raw.txt > data.txt',
            "deps": ["raw.txt"],
            "outs": ["data.txt"],
            "desc": 'It\'s "raw"\nand long',
            "timeout": "10m",
            "retries": 2,
        },
        "train": {
            "kind": "train",
            "matrix": {"depth": [4, 8]},
            "cmd": "./train ${item.depth} ${train.lr} data.txt model-${item.depth}",
            "deps": ["data.txt"],
            "outs": ["model-${item.depth}"],
            "image": ECR,
            "resources": {"cpu": 6, "memory": "20Gi", "gpu": 1},
        },
        "measure": {
            "cmd": "./measure",
            "deps": ["model-4", "model-8"],
            "metrics": ["m.json"],
            "image": "python:3.12",
            "resources": {"memory": "10Gi"},
            "retries": 30,
        },
    },
}
PARAMS = {"source": "here and, there", "train": {"lr": 0.1}}


@pytest.mark.full
def test_equal_to_what_the_sdk_makes(tmp_path: Path) -> None:
    """tests/real/sagemaker_sdk.py says the same pipeline by the SDK's own classes."""
    made, _ = compiled(SAME, PARAMS)
    config = tmp_path / "config.yaml"
    config.write_text("SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    sdk = run(
        str(judge("sagemaker") / "python"),
        str(HERE / "sagemaker_sdk.py"),
        str(tmp_path / "out.json"),
        cwd=tmp_path,
        SAGEMAKER_USER_CONFIG_OVERRIDE=str(config),
        **AWS,
    )
    assert made == json.loads((tmp_path / "out.json").read_text()), sdk.stderr[-2000:]


def test_taken_by_the_model_of_the_api() -> None:
    made, codes = compiled(SAME, PARAMS)
    assert made is not None
    assert set(codes) == {"MLC416", "MLC538", "MLC539"}
    given = {
        "role": ROLE,
        "repository": "https://x/y.git",
        "revision": "a" * 40,
        "image": ECR,
        "image-python-3-12": ECR,
    }
    assert judged(made, **given) == []
    assert judged(made, **{**given, "train_lr": "1" * 300}), "the judge has to see what is too long"


TEXT = st.text("aB0 .,_-{}[]=é日\U0001f600", max_size=30).map(str.strip)
LONG = st.one_of(TEXT, st.integers(200, 320).map(lambda size: "x" * size))


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.one_of(TEXT.map("s{}".format), st.integers(1, 320).map(lambda size: "n" * size)), LONG, min_size=1, max_size=4),
    st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,80}", fullmatch=True), LONG, max_size=5),
    st.fixed_dictionaries({"project": st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,300}", fullmatch=True)}),
    st.sampled_from([None, ECR, "python:3.12", "r-base:4", "x" * 300, "x" * 100]),
    st.fixed_dictionaries({}, optional={"cpu": st.integers(1, 200), "gpu": st.integers(1, 9), "memory": st.sampled_from(["1Gi", "700Gi", "2Ti"])}),
    st.sampled_from([None, "1m", "200h", "30d"]),
    st.sampled_from(["train", "data"]),
)  # fmt: skip
def test_whatever_is_written_is_taken(
    stages: dict[str, str], params: dict[str, str], head: dict[str, str], image: str | None, resources: dict[str, Any], timeout: str | None, kind: str
) -> None:  # fmt: skip
    """Either the compiler says what is wrong and writes nothing, or AWS's model of the API takes all of it."""
    uses = " ".join(f'"${{{name}}}"' for name in params)
    said = {"image": image, "timeout": timeout, "resources": resources or None, "retries": 25, "kind": kind}
    more = {key: value for key, value in said.items() if value is not None}
    body = {
        name: {"cmd": f"run {uses}", "deps": ["raw.txt"], "outs": [f"out-{index}"], "desc": text * 20, **more}
        for index, (name, text) in enumerate(stages.items())
    }
    stack = {"orchestrator": ["dvc", "sagemaker"], "build": "none", "ci": []}
    made, codes = compiled({"mlops": 1, **head, "stack": stack, "stages": body}, params)
    if made is None:
        assert codes
        return
    known = {each["Name"]: "x" for each in made["Parameters"] if "DefaultValue" not in each}
    given = {**known, "role": ROLE, "output": "s3://b/x"}
    assert judged(made, **{name: ECR if name.startswith("image") else value for name, value in given.items()}) == []


def test_more_than_a_pipeline_holds() -> None:
    def spec(stages: int, params: int) -> tuple[dict[str, Any] | None, list[str]]:
        uses = "".join(f" ${{p{index}}}" for index in range(params))
        body = {
            f"s{index}": {"cmd": f"run{uses}", "deps": ["raw.txt"], "outs": [f"o{index}"]} for index in range(stages)
        }
        stack = {"orchestrator": ["dvc", "sagemaker"], "build": "none", "ci": [], "registry": "s3://b/p"}
        return compiled({"mlops": 1, "stack": stack, "stages": body}, {f"p{index}": index for index in range(params)})

    assert spec(50, 80)[1] == []
    made, codes = spec(51, 0)
    assert codes == ["MLC535"]
    assert made is not None
    assert spec(1, 100) == (None, ["MLC535"])
    assert spec(1, 200) == (None, ["MLC535", "MLC535"])


@pytest.mark.full
def test_the_machines_are_those_of_aws() -> None:
    site = next((judge("moto").parent / "lib").glob("python3*/site-packages"))
    known = json.loads(gzip.decompress((site / "moto/ec2/resources/instance_types.json.gz").read_bytes()))
    assert DEFAULT_MACHINE in OFFERED - TRAINING_ONLY
    assert set(MODEL.shape_for("TrainingInstanceType").enum) == OFFERED
    assert set(MODEL.shape_for("ProcessingInstanceType").enum) == OFFERED - TRAINING_ONLY
    for machine in MACHINES:
        assert machine.name in OFFERED
        data = known.get(machine.name.removeprefix("ml."))
        if data is None:  # AWS does not sell it any more outside of SageMaker
            assert machine.name.startswith("ml.p3."), machine.name
            continue
        gpus = data.get("GpuInfo", {}).get("Gpus", [])
        devices = [*gpus, *data.get("NeuronInfo", {}).get("NeuronDevices", [])]
        count = sum(device["Count"] for device in devices)
        size = (count, data["VCpuInfo"]["DefaultVCpus"], data["MemoryInfo"]["SizeInMiB"])
        assert (machine.gpu, machine.cpu, machine.memory * 1024) == size, machine.name
        if devices:
            assert Gpu.of(machine.gpu_type).model == devices[0]["Name"].lower(), machine.name
            assert machine.disk == data["InstanceStorageInfo"]["TotalSizeInGB"], machine.name
