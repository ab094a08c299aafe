"""The pipeline job: taken by Microsoft's own SDK, which refuses what we refuse first, and run job by job."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloned import project, ran
from conftest import judge, run, write
from mlopsc.compiler.emit.yaml import dump
from walked import as_repro_does, azureml, emitted, golden, pipeline, walk

pytestmark = pytest.mark.real

LOAD = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from azure.ai.ml import load_job
from azure.ai.ml.entities._load_functions import load_schedule  # which the package does not export
found = {}
for path in sys.argv[2:]:
    try:
        if path.endswith("-schedule.yml"):
            loaded = load_schedule(path)
            found[path] = ""
            found[path + ":starts"] = [loaded.trigger.expression, loaded.trigger.time_zone, loaded.create_job.display_name]
            continue
        loaded = load_job(path, params_override=json.loads(sys.argv[1]))
        result = loaded._validate()
        found[path] = "" if result.passed else str(result)
        if result.passed:
            found[path + ":jobs"] = {name: str(job.command) for name, job in loaded.jobs.items()}
            found[path + ":inputs"] = {name: each._data for name, each in loaded.inputs.items()}
    except Exception as error:
        found[path] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

HOSTILE = """\
mlops: 1
project: _My.Project
stack: {orchestrator: [dvc, azureml], build: none, ci: []}
accept: [MLC430]
stages:
  'a b': {cmd: 'echo "${quoted}" "${brace}" "${empty}" "${in-put}" "${repository}" > 1', outs: ['1'], deps: [raw.csv]}
  a_b: {cmd: echo > 2, outs: ['2'], deps: [raw.csv]}
  '1': {cmd: echo > 3, outs: ['3'], deps: [raw.csv]}
  été: {cmd: echo > 4, outs: ['4'], deps: [raw.csv]}
  Revision: {cmd: echo > 5, outs: ['5'], deps: [raw.csv], desc: '\\${{inputs.x}} {{', image: "python:3.12"}
  class: {cmd: echo > 6, outs: ['6'], deps: [raw.csv, '5'], resources: {cpu: 1000}}
  LONG:
    foreach: ["it's", 'a.b', A, '$(rm -rf .)']
    do: {cmd: "echo > 'x-${item}'", outs: ['x-${item}'], deps: [raw.csv, '6']}
""".replace("LONG", "n" * 300)
PARAMS = {"quoted": 'it\'s "so" \\ `so`', "brace": "a ${{inputs.x}}", "empty": "", "in-put": 1, "repository": "r"}


def by_sdk(root: Path, files: Mapping[str, Any], override: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the SDK says to each of these files in a repository, an empty text if it takes it."""
    write(root, {".mlops/scripts/worker.sh": "", **{path: dump(data) for path, data in files.items()}})
    words = ["-c", LOAD, json.dumps([dict(override)] if override else None), *files]
    done = subprocess.run(
        [judge("azureml") / "python", *words], cwd=root, capture_output=True, text=True, check=False, timeout=300
    )
    assert not done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.full
@pytest.mark.parametrize("case", ["azureml", "gpu", "kitchen-sink", "hostile"])
def test_the_sdk_takes_it(case: str, tmp_path: Path) -> None:
    said = {"mlops.yaml": HOSTILE, "params.yaml": json.dumps(PARAMS), "raw.csv": ""}
    files, _ = emitted("azureml", said if case == "hostile" else golden(case))
    found = by_sdk(tmp_path, files)
    for path, document in files.items():
        assert found[path] == "", found
        if not path.endswith("-schedule.yml"):
            assert found[f"{path}:jobs"] == {name: job["command"] for name, job in document["jobs"].items()}
            assert found[f"{path}:inputs"] == document["inputs"]


@pytest.mark.full
def test_clocks(tmp_path: Path) -> None:
    """The pipeline's clock submits the pipeline, a monitor's its monitor; a day of the month, which AzureML ignores, is no clock."""
    spec = (
        "mlops: 1\nproject: p\nstack: {orchestrator: [dvc, azureml], ci: []}\nschedule: '30 6 * * 1'\n"
        "stages: {a: {cmd: x, deps: [raw.csv], outs: [o]}}\n"
        "monitor: {drift: {schedule: '*/10 * * * *', cmd: y, deps: [raw.csv]}, monthly: {schedule: '0 6 1 * *', cmd: z, deps: [raw.csv]}}\n"
    )
    files, said = emitted("azureml", {"mlops.yaml": spec, "raw.csv": ""})
    found = by_sdk(tmp_path, files)
    assert {path: found[f"{path}:starts"] for path in files if path.endswith("-schedule.yml")} == {
        "azureml/p-schedule.yml": ["30 6 * * 1", "UTC", "p"],
        "azureml/p-monitor-drift-schedule.yml": ["*/10 * * * *", "UTC", "p: monitor drift"],
    }
    assert [(each.code, each.place.path) for each in said] == [("MLC551", ("monitor", "monthly", "schedule"))]  # type: ignore[union-attr]


@pytest.mark.full
def test_an_input_given_by_hand(tmp_path: Path) -> None:
    files, _ = emitted("azureml", golden("azureml"))
    found = by_sdk(tmp_path, files, {"inputs.train_lr": "0.5", "inputs.repository": "https://example.org/x.git"})
    assert found["azureml/Wine_2.yml"] == ""
    assert found["azureml/Wine_2.yml:inputs"]["train_lr"] == "0.5"


@pytest.mark.full
def test_what_the_sdk_refuses_does_not_get_to_it(tmp_path: Path) -> None:
    """Names that the SDK refuses where they stand, next to those that are written in their place."""
    files, found = emitted("azureml", {"mlops.yaml": HOSTILE, "params.yaml": json.dumps(PARAMS), "raw.csv": ""})
    assert [each.code for each in found] == ["MLC540", "MLC540", "MLC542"]
    assert set(files) == {"azureml/My_Project.yml"}
    pipeline = files["azureml/My_Project.yml"]
    names = list(pipeline["jobs"])
    assert names[:7] == ["revision", "a_b", "a_b_2", "_1", "_t_", "revision_2", "class"]
    assert all(re.fullmatch("[a-z_][a-z0-9_]{0,127}", name) for name in names)
    assert len(names) == len(set(names)) == 11
    assert list(pipeline["inputs"]) == ["repository", "revision", "set", "quoted", "in_put", "repository_2"]
    good = pipeline["jobs"]["a_b"]
    said = "Pipeline node name should be a valid python identifier"
    wrong: list[tuple[str, dict[str, Any]]] = [
        (said, {"jobs": {**pipeline["jobs"], stage: good}}) for stage in ("a b", "1", "été", "Revision", "n@a.b")
    ]
    wrong += [
        ("Field may not be null", {"inputs": {**pipeline["inputs"], "quoted": None}}),
        ("ValidationError", {"jobs": {**pipeline["jobs"], "a_b": {**good, "retries": 2}}}),
        ("Unknown field", {"retries": 2}),
    ]
    answers = by_sdk(tmp_path, {f"azureml/{n}.yml": {**pipeline, **change} for n, (_, change) in enumerate(wrong)})
    assert len(answers) == len(wrong)
    for answer, (expected, change) in zip(answers.values(), wrong, strict=True):
        assert expected in answer, change


@pytest.mark.parametrize("text", ["${{inputs.x}}", "a$[[b"])
def test_what_azureml_would_read_is_refused(text: str) -> None:
    stage = {"foreach": "${items}", "do": {"cmd": "x", "deps": ["raw.csv"], "outs": ["${item}"]}}
    spec = {"mlops": 1, "stack": {"orchestrator": ["dvc", "azureml"]}, "stages": {"s": stage}}
    params = json.dumps({"items": [text]})
    files, found = emitted("azureml", {"mlops.yaml": json.dumps(spec), "params.yaml": params, "raw.csv": ""})
    assert not files
    assert [each.code for each in found] == ["MLC541"]


def run_pipeline(
    path: Path, environment: Mapping[str, str], folder: Path, only: Sequence[str] = (), **given: str
) -> dict[str, str]:
    """What AzureML would run of a pipeline with these inputs, each job in a folder with its code; the state of each job."""
    data = yaml.safe_load(path.read_text())
    assert set(given) <= set(data["inputs"])
    values = {f"parent.inputs.{name}": value for name, value in {**data["inputs"], **given}.items()}
    after: dict[str, list[str]] = {}
    for name, job in data["jobs"].items():
        texts = [each if isinstance(each, str) else each["path"] for each in job["inputs"].values()]
        after[name] = [found[1] for text in texts if (found := re.match(r"\$\{\{parent\.jobs\.(\w+)\.", text))]
        for output in job.get("outputs", ()):
            values[f"parent.jobs.{name}.outputs.{output}"] = str(folder / name / output)

    def start(name: str) -> bool:
        job = data["jobs"][name]
        there = folder / name / "code"
        there.mkdir(parents=True)
        if "code" in job:
            shutil.copytree(path.parent / job["code"], there, dirs_exist_ok=True)
        outputs = {output: folder / name / output for output in job.get("outputs", ())}
        for output in outputs.values():
            output.mkdir()
        texts = {key: each if isinstance(each, str) else each["path"] for key, each in job["inputs"].items()}
        inputs = {key: values[text[3:-2]] for key, text in texts.items()}
        command = azureml(job["command"], inputs, {key: str(value) for key, value in outputs.items()})
        settings = {**environment, **job.get("environment_variables", {}), "TMPDIR": str(there)}
        settings.pop("MLOPS_SETUP", None)  # this machine has all it would install
        done = run("bash", "-c", command, cwd=there, check=False, **settings)
        (folder / name / "log").write_text(done.stdout + done.stderr)
        return not done.returncode

    wanted = {name: needs for name, needs in after.items() if name in (only or after)}
    return walk(wanted, start, data["settings"].get("continue_on_step_failure", False))


@pytest.mark.full
def test_each_job_runs_its_stage(tmp_path: Path, s3: str) -> None:
    log, root = tmp_path / "ran.log", tmp_path / "p"
    environment = project(root, s3, "azureml", pipeline(log, "azureml"))
    repository = environment.pop("MLOPS_REPO")
    first = environment.pop("MLOPS_REV")
    path = root / "azureml/p.yml"

    # A stage that fails stops what is behind it, and nothing else.
    states = run_pipeline(path, environment, tmp_path / "1", repository=repository, start="fail")
    assert states == {
        **dict.fromkeys(("revision", "each_1", "each_2"), "done"), "start": "failed", "left": "skipped", "end": "skipped",
    }  # fmt: skip
    assert set(ran(log)) == {"a/start.txt", "d/1.txt", "d/2.txt"}
    log.unlink()

    # Another value; what is done is not done again, and what was measured is in the job's output.
    states = run_pipeline(
        path, environment, tmp_path / "2", repository=repository, set="left=new words", revision=first
    )
    assert set(states.values()) == {"done"}, (tmp_path / "2/start/log").read_text()
    assert ran(log) == ["a/start.txt", "b/left.txt", "m.json"]
    assert (tmp_path / "2/end/report/m.json").read_text().startswith("1:new words:1:raw")
    assert json.loads((tmp_path / "2/start/report/stage-start.json").read_text())["rev"] == first

    as_repro_does(root, log, environment)

    # No value of an input ends or changes a command.
    hostile = {"repository": repository, "revision": "'$(touch x)`touch x`\"; touch x; exit 1 #\\"}
    assert run_pipeline(path, environment, tmp_path / "3", ["revision"], **hostile) == {"revision": "done"}
    assert (tmp_path / "3/revision/commit/commit").read_text() == hostile["revision"]
    assert not list((tmp_path / "3").rglob("x"))
    assert run_pipeline(path, environment, tmp_path / "4", ["revision"]) == {"revision": "failed"}
    assert "--set inputs.repository=" in (tmp_path / "4/revision/log").read_text()
