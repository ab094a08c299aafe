"""The WorkflowTemplate: hera's models of Argo accept it, it equals what hera's own builder makes, and it runs task by task."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloned import commit, project, ran
from conftest import judge, run
from walked import argo, as_repro_does, emitted, golden, kubelet, pipeline, walk

pytestmark = pytest.mark.real

STRICT = """
import json, sys
from pydantic import ConfigDict
from hera.shared import _pydantic
_pydantic.APIBaseModel.model_config = ConfigDict(**_pydantic.APIBaseModel.model_config, extra="forbid")
from hera.workflows import models
data = json.load(sys.stdin)
made = getattr(models, data["kind"]).model_validate(data)
json.dump(made.model_dump(mode="json", by_alias=True, exclude_none=True), sys.stdout)
"""
"""Hera's models let unknown keys pass; here they do not."""

BUILDER = """
import json, sys
from hera.workflows import (
    DAG, Container, Env, Parameter, Resources, RetryStrategy, SecretEnvFrom, Task, WorkflowTemplate, models,
)
texts = json.load(sys.stdin)
secret = [SecretEnvFrom(name="wine", optional=True)]
def stage(name, **more):
    Container(
        name=name, inputs=[Parameter(name="commit"), Parameter(name="stage")],
        command=["sh", "-c", texts["worker"], "worker"], args=["{{inputs.parameters.stage}}"],
        env=[Env(name=key, value=value) for key, value in texts[name].items()], env_from=secret, **more,
    )
def task(name, template, after, stage):
    arguments = [Parameter(name="commit", value="{{tasks.revision.outputs.parameters.commit}}"), Parameter(name="stage", value=stage)]
    Task(name=name, template=template, dependencies=after, arguments=arguments)
parameters = [Parameter(**each) for each in texts["parameters"]]
with WorkflowTemplate(name="wine", entrypoint="pipeline", arguments=parameters) as made:
    with DAG(name="pipeline", fail_fast=False):
        Task(name="revision", template="revision")
        task("prepare", "prepare", ["revision"], "prepare")
        task("train-4", "train", ["prepare"], "train@4")
        task("train-8", "train", ["prepare"], "train@8")
    Container(
        name="revision", image="python:3.12", command=["sh", "-c", texts["find"], "revision"], args=["/tmp/commit"],
        env=[Env(name=key, value=value) for key, value in texts["revision"].items()], env_from=secret,
        outputs=[Parameter(name="commit", value_from=models.ValueFrom(path="/tmp/commit"))],
    )
    stage(
        "prepare", image="python:3.12", active_deadline_seconds=4200, annotations={"workflows.argoproj.io/description": "Sort"},
        retry_strategy=RetryStrategy(limit=2, retry_policy="Always"),
    )
    stage("train", image="train:1", resources=Resources(cpu_request="4", memory_request="8Gi", gpus="1"))
json.dump(made.build().model_dump(mode="json", by_alias=True, exclude_none=True), sys.stdout)
"""

WINE = """\
mlops: 1
project: wine
stack: {orchestrator: [dvc, argo], build: none, ci: []}
stages:
  prepare: {cmd: sort raw.csv > data.csv, deps: [raw.csv], outs: [data.csv], desc: Sort, timeout: 10m, retries: 2}
  train:
    matrix: {depth: [4, 8]}
    cmd: ./train ${item.depth} ${lr} data.csv model-${item.depth}
    deps: [data.csv]
    outs: ["model-${item.depth}"]
    image: train:1
    resources: {cpu: 4, memory: 8Gi, gpu: 1}
"""

HOSTILE = """\
mlops: 1
project: _My.Project__with.a.very.long.name.that.no.object.of.Kubernetes.may.bear_
stack: {orchestrator: [dvc, argo], build: none, ci: []}
accept: [MLC430]
stages:
  'a b': {cmd: 'echo "${quoted}" "${brace}" > 1', outs: ['1'], deps: [raw.csv]}
  a_b: {cmd: echo > 2, outs: ['2'], deps: [raw.csv]}
  '1': {cmd: echo > 3, outs: ['3'], deps: [raw.csv]}
  été: {cmd: echo > 4, outs: ['4'], deps: [raw.csv]}
  pipeline: {cmd: echo > 5, outs: ['5'], deps: [raw.csv], desc: "{{workflow.name}}{{"}
  in: {cmd: echo > 6, outs: ['6'], deps: [raw.csv, '5']}
  LONG:
    foreach: ['$(HOME)', 'a.b', A]
    do: {cmd: 'echo > x-${item}', outs: ['x-${item}'], deps: [raw.csv, '6']}
""".replace("LONG", "n" * 300)
PARAMS = {"quoted": 'it\'s "so" \\ `so`', "brace": "{{workflow.name}}"}


def strict(data: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """What hera's models say to a manifest."""
    return by_hera(STRICT, data)


def by_hera(program: str, data: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [judge("argo") / "python", "-c", program], input=json.dumps(data), capture_output=True, text=True, check=False
    )


@pytest.mark.full
@pytest.mark.parametrize("case", ["argo", "gpu", "kubernetes", "notify", "kitchen-sink", "hostile"])
def test_hera_takes_it(case: str) -> None:
    said = {"mlops.yaml": HOSTILE, "params.yaml": json.dumps(PARAMS), "raw.csv": ""}
    manifests, _ = emitted("argo", said if case == "hostile" else golden(case))
    assert manifests
    for data in manifests.values():
        done = strict(data)
        assert not done.returncode, done.stderr
        assert json.loads(done.stdout) == data


@pytest.mark.full
def test_the_clock_starts_the_template() -> None:
    monitor = "monitor: {drift: {schedule: '*/10 * * * *', cmd: y, deps: [raw.csv]}, odd: {cmd: y, deps: [raw.csv]}}\n"
    text = WINE.replace("build: none, ", "") + 'schedule: "30 6 * * 1"\n' + monitor
    manifests, _ = emitted("argo", {"mlops.yaml": text, "params.yaml": "lr: 1\n", "raw.csv": ""})
    for name, kind in (("drift", "CronWorkflow"), ("odd", "WorkflowTemplate")):
        monitored = manifests[f"argo/wine-monitor-{name}.yaml"]
        assert monitored["kind"] == kind
        done = strict(monitored)
        assert not done.returncode, done.stderr
        assert json.loads(done.stdout) == monitored
    assert manifests["argo/wine-monitor-drift.yaml"]["spec"]["schedules"] == ["*/10 * * * *"]
    clock = manifests["argo/wine-schedule.yaml"]
    done = strict(clock)
    assert not done.returncode, done.stderr
    assert json.loads(done.stdout) == clock
    spec = clock["spec"]
    assert (spec["schedules"], spec["timezone"]) == (["30 6 * * 1"], "UTC")
    assert spec["workflowSpec"] == {"workflowTemplateRef": {"name": manifests["argo/wine.yaml"]["metadata"]["name"]}}


@pytest.mark.full
def test_hera_refuses_what_is_wrong() -> None:
    manifests, _ = emitted("argo", {"mlops.yaml": WINE, "params.yaml": "lr: 1\n", "raw.csv": ""})
    data = manifests["argo/wine.yaml"]
    data["spec"]["templates"][2]["retries"] = 2
    assert "retries\n  Extra inputs are not permitted" in strict(data).stderr
    del data["spec"]["templates"][2]["retries"]
    data["spec"]["templates"][2]["activeDeadlineSeconds"] = []
    assert "activeDeadlineSeconds" in strict(data).stderr


@pytest.mark.full
def test_equal_to_what_hera_builds() -> None:
    manifests, found = emitted("argo", {"mlops.yaml": WINE, "params.yaml": "lr: 1\n", "raw.csv": ""})
    assert not found
    spec = manifests["argo/wine.yaml"]["spec"]
    templates = {each["name"]: each for each in spec["templates"]}
    texts = {
        "parameters": spec["arguments"]["parameters"],
        "worker": templates["prepare"]["container"]["command"][2],
        "find": templates["revision"]["container"]["command"][2],
        **{
            name: {each["name"]: each["value"] for each in templates[name]["container"]["env"]}
            for name in ("revision", "prepare", "train")
        },
    }
    done = by_hera(BUILDER, texts)
    assert not done.returncode, done.stderr
    built = json.loads(done.stdout)
    # Two things hera says twice: `failFast` of a DAG on its template too, and of GPUs the request, which is the limit.
    assert built["spec"]["templates"][0].pop("failFast") is False
    assert built["spec"]["templates"][3]["container"]["resources"]["requests"].pop("nvidia.com/gpu") == "1"
    assert [built] == list(manifests.values())


def test_names_and_texts_of_a_hostile_spec() -> None:
    manifests, found = emitted("argo", {"mlops.yaml": HOSTILE, "params.yaml": json.dumps(PARAMS), "raw.csv": ""})
    assert [each.code for each in found] == ["MLC540"]
    (path,) = manifests
    data = manifests[path]
    assert path == f"argo/{data['metadata']['name']}.yaml"
    assert data["metadata"]["name"] == "my-project-with-a-very-long-name-that-no-object-of-k"
    dag, *templates = data["spec"]["templates"]
    names = [task["name"] for task in dag["dag"]["tasks"]]
    assert names[1:7] == ["a-b", "a-b-2", "p-1", "t", "pipeline-2", "in-2"]
    assert len(set(names)) == len(names) == 10
    assert {len(name) for name in names[7:]} == {128}
    assert [each["name"] for each in templates[:6]] == ["revision", "a-b", "a-b-2", "p-1", "t", "pipeline-2"]
    values = {each["name"]: each["value"] for each in data["spec"]["arguments"]["parameters"]}
    assert values == {"repository": "", "revision": "main", "set": "", "quoted": PARAMS["quoted"]}


@pytest.mark.parametrize("text", ["a{{b", "{{workflow.name}}"])
def test_what_argo_would_read_is_refused(text: str) -> None:
    spec = {
        "mlops": 1,
        "stack": {"orchestrator": ["dvc", "argo"]},
        "stages": {
            "s": {"foreach": [text], "do": {"cmd": "x", "deps": ["raw.csv"], "outs": ["${item}"], "image": text}}
        },
    }
    manifests, found = emitted("argo", {"mlops.yaml": json.dumps(spec), "raw.csv": ""})
    assert not manifests
    assert [each.code for each in found] == ["MLC541", "MLC541"]


def run_workflow(
    path: Path, secret: Mapping[str, str], folder: Path, only: Sequence[str] = (), **given: str
) -> dict[str, str]:
    """What Argo would run of a template with these parameters, each container in an empty folder; the state of each task."""
    template = yaml.safe_load(path.read_text())["spec"]
    template = template.get("workflowSpec", template)  # of a CronWorkflow
    templates = {each["name"]: each for each in template["templates"]}
    parameters = {each["name"]: each["value"] for each in template["arguments"]["parameters"]}
    assert set(given) <= set(parameters)
    values = {f"workflow.parameters.{name}": value for name, value in {**parameters, **given}.items()}
    entry = template["entrypoint"]
    dag = templates[entry].get("dag", {"tasks": [{"name": entry, "template": entry}]})
    tasks = {task["name"]: task for task in dag["tasks"]}

    def start(name: str) -> bool:
        arguments = tasks[name].get("arguments", {"parameters": []})["parameters"]
        inputs = {f"inputs.parameters.{each['name']}": argo(each["value"], values) for each in arguments}
        body = templates[tasks[name]["template"]]
        environment = dict(secret)

        def given(text: str) -> str:
            return kubelet(argo(text, {**values, **inputs}), environment)

        for each in body["container"]["env"]:
            environment[each["name"]] = given(each["value"])
        environment.pop("MLOPS_SETUP", None)  # this machine has all it would install
        there = folder / name
        there.mkdir(parents=True)
        outputs = {each["name"]: there / each["name"] for each in body.get("outputs", {"parameters": []})["parameters"]}
        words = [given(each) for each in (*body["container"]["command"], *body["container"]["args"])]
        words = [str(outputs["commit"]) if each == "/tmp/commit" else each for each in words]
        done = run(*words, cwd=there, check=False, **{**environment, "TMPDIR": str(there)})
        (there / "log").write_text(done.stdout + done.stderr)
        if not done.returncode:
            values.update({f"tasks.{name}.outputs.parameters.{key}": file.read_text() for key, file in outputs.items()})
        return not done.returncode

    wanted = {name: task.get("dependencies", []) for name, task in tasks.items() if name in (only or tasks)}
    return walk(
        {name: [each for each in needs if each in wanted] for name, needs in wanted.items()},
        start,
        not dag.get("failFast", True),
    )


@pytest.mark.full
def test_each_task_runs_its_stage(tmp_path: Path, s3: str) -> None:
    log, root = tmp_path / "ran.log", tmp_path / "p"
    secret = project(root, s3, "argo", pipeline(log, "argo"))
    del secret["MLOPS_REV"]
    path = root / "argo/p.yaml"

    # A stage that fails stops what is behind it, and nothing else.
    states = run_workflow(path, secret, tmp_path / "1", start="fail")
    assert states == {
        **dict.fromkeys(("revision", "each-1", "each-2"), "done"), "start": "failed", "left": "skipped", "end": "skipped",
    }  # fmt: skip
    assert set(ran(log)) == {"a/start.txt", "d/1.txt", "d/2.txt"}
    log.unlink()

    # Another repository than the secret's, and another value; what is done is not done again.
    states = run_workflow(
        path, {**secret, "MLOPS_REPO": "file:///nowhere"}, tmp_path / "2", left="new words", repository=f"file://{root}"
    )
    assert set(states.values()) == {"done"}, (tmp_path / "2/start/log").read_text()
    assert ran(log) == ["a/start.txt", "b/left.txt", "m.json"]
    again = run_workflow(path, secret, tmp_path / "3", ["revision", "left"], set="left=new words")
    assert again == {"revision": "done", "left": "done"}
    assert "was done before" in (tmp_path / "3/left/log").read_text()

    as_repro_does(root, log, secret)


@pytest.mark.full
def test_one_commit_for_all(tmp_path: Path, s3: str) -> None:
    """A branch, an annotated tag or a commit is what it was when the workflow started."""
    root = tmp_path / "p"
    secret = project(root, s3, "argo-revision", pipeline(tmp_path / "ran.log", "argo"))
    first = secret.pop("MLOPS_REV")
    run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "tag", "-a", "v1", "-m", "x", cwd=root)
    run("git", "branch", "feature/main", first, cwd=root)
    second = commit(root)
    for name, expected in {"main": second, "v1": first, "feature/main": first, first: first, first[:9]: first}.items():
        folder = tmp_path / name.replace("/", "-")
        run_workflow(root / "argo/p.yaml", secret, folder, ["revision"], revision=name)
        found = (folder / "revision/commit").read_text()
        assert run("git", "rev-parse", f"{found}^{{commit}}", cwd=root).stdout.strip() == expected
    states = run_workflow(root / "argo/p.yaml", {**secret, "MLOPS_REPO": ""}, tmp_path / "none", ["revision"])
    assert states["revision"] == "failed"
    assert "set the parameter repository, or MLOPS_REPO in the secret" in (tmp_path / "none/revision/log").read_text()
