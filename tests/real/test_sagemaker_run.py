"""The steps of the definition run as SageMaker runs them, and the program that submits it against moto's server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from cloned import STEP, commit, hashes, project, ran, restored
from conftest import AWS, run
from mlopsc.targets.sagemaker.document import CREDENTIALS
from test_sagemaker import ECR, ROLE, resolved, values

pytestmark = pytest.mark.real

OUTS = ["a/start.txt", "b/left.txt", "d/1.txt", "d/2.txt", "e/one.txt", "m.json"]


def spec(log: Path) -> str:
    step = f"python step.py {log}"
    return f"""\
mlops: 1
project: p.q
stack: {{orchestrator: [dvc, sagemaker], build: none, ci: []}}
stages:
  start: {{cmd: '{step} a/start.txt ${{start}} raw.txt', deps: [step.py, raw.txt], params: [start], outs: [a/start.txt]}}
  train: {{cmd: '{step} b/left.txt "${{left.text}}" a/start.txt', deps: [step.py, a/start.txt], params: [left.text], outs: [b/left.txt], timeout: 1m, image: {ECR}, kind: train}}
  each of:
    matrix: {{x: ["1", "2"]}}
    cmd: '{step} d/${{item.x}}.txt ${{item.x}} raw.txt'
    deps: [step.py, raw.txt]
    outs: ['d/${{item.x}}.txt']
    image: {ECR}
  end:
    cmd: ['{step} e/one.txt 1 b d', '{step} m.json 2 e/one.txt']
    deps: [step.py, b, d]
    outs: [e/one.txt]
    retries: 1
    image: {ECR}
    metrics: [{{m.json: {{cache: false}}}}]
"""


@pytest.fixture
def there(tmp_path: Path, s3: str) -> tuple[Path, dict[str, str]]:
    root = tmp_path / "p"
    params = 'start: 1\nleft: {text: "1, {more: words}", odd: 1}\n'
    files = {"step.py": STEP, "raw.txt": "raw", "params.yaml": params, "mlops.yaml": spec(tmp_path / "ran.log")}
    return root, {**project(root, s3, f"sagemaker-{abs(hash(str(tmp_path))) % 10**8}", files), "AWS_ENDPOINT_URL": s3}


def execute(definition: dict[str, Any], tmp_path: Path, environment: Mapping[str, str], **given: str) -> dict[str, int]:
    """Run each step as SageMaker does: its command with its variables, in an empty folder, after what it depends on.

    What SageMaker keeps of a job is its folder under /opt/ml, which here is one of its own.
    """
    params = values(definition, role=ROLE, image=ECR, output="s3://reports", **given)
    ended: dict[str, int] = {}
    for step in definition["Steps"]:
        if any(ended.get(name) != 0 for name in step.get("DependsOn", ())):
            continue
        job = resolved(step["Arguments"], params)
        command = job.get("AppSpecification") or job["AlgorithmSpecification"]
        folder = tmp_path / "jobs" / step["Name"]
        folder.mkdir(parents=True, exist_ok=True)
        output = str(folder / job["Environment"]["MLOPS_OUTPUT"].lstrip("/"))
        variables = {**environment, **job["Environment"], "MLOPS_OUTPUT": output, "TMPDIR": str(folder)}
        words = [*command["ContainerEntrypoint"], *command["ContainerArguments"]]
        done = run(*words, cwd=folder, check=False, **variables)
        (folder / "log").write_text(done.stdout + done.stderr)
        ended[step["Name"]] = done.returncode
    return ended


@pytest.mark.full
def test_every_step_run_in_order(there: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    root, environment = there
    log = tmp_path / "ran.log"
    definition = json.loads((root / "sagemaker/p-q.json").read_text())
    where = {"repository": environment["MLOPS_REPO"], "revision": environment["MLOPS_REV"]}
    secrets = {key: environment[key] for key in (*AWS, "AWS_ENDPOINT_URL")}
    assert execute(definition, tmp_path, secrets, start="fail", **where) == {"start": 1, "each-of-1": 0, "each-of-2": 0}
    log.unlink()
    ended = execute(definition, tmp_path, secrets, **where)
    assert set(ended.values()) == {0}, (tmp_path / "jobs/start/log").read_text()
    assert list(ended) == ["start", "train", "each-of-1", "each-of-2", "end"]
    assert ran(log) == ["a/start.txt", "b/left.txt", "e/one.txt", "m.json"], "what is done is not done again"
    kept = tmp_path / "jobs/end/opt/ml/processing/output"
    assert (kept / "m.json").exists()
    assert json.loads((kept / "stage-end.json").read_text())["ran"]
    got = restored(root, OUTS, log, environment)
    run("dvc", "repro", cwd=root, MLOPS_IMAGE=ECR)
    assert got == hashes(root, OUTS)

    # Started with another value, and with a parameter that is none of the pipeline's.
    changed = execute(definition, tmp_path, secrets, left_text="new", set_params="start=1\nleft.odd=2", **where)
    assert set(changed.values()) == {0}
    (root / "params.yaml").write_text("start: 1\nleft: {text: new, odd: 2}\n")
    commit(root)
    restored(root, OUTS, log, environment)
    assert (tmp_path / "p-restored/b/left.txt").read_text() == "new:1:raw"


@pytest.mark.full
def test_submitted(there: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """By the program that is in the repository, against moto's server."""
    root, environment = there
    client = get_session().create_client("sagemaker", region_name="us-east-1", endpoint_url=environment["AWS_ENDPOINT_URL"], aws_access_key_id="k", aws_secret_access_key="s")  # fmt: skip
    run("git", "clone", "-q", "--bare", str(root), str(tmp_path / "origin.git"), cwd=tmp_path)
    run("git", "remote", "add", "origin", f"file://{tmp_path}/origin.git", cwd=root)

    def submit(*words: str, check: bool = True, **more: str) -> Any:
        program = (".mlops/scripts/sagemaker.py", "sagemaker/p-q.json")
        said = {"SAGEMAKER_ROLE": ROLE, **environment, **more}
        return run("python", *program, *words, cwd=root, check=check, **said)

    unpushed = submit("-p", f"image={ECR}", "-p", "output=s3://reports", check=False)
    assert unpushed.returncode == 2
    assert "is on no remote branch: push it" in unpushed.stderr
    run("git", "fetch", "-q", "origin", cwd=root)
    missing = submit(check=False)
    assert missing.returncode == 2
    assert "no value for image, output" in missing.stderr
    for words, told in (
        (["-p", "imago=1"], "has no parameter imago"),
        (["--set", "left.text"], "takes NAME=VALUE"),
        (["--set", f"left.text={'x' * 300}"], "longer than the 256 characters"),
        (["--set", "a=1", "--set", f"b={'x' * 250}", "--set", "c=2"], "longer than the 256 characters"),
    ):
        wrong = submit("-p", f"image={ECR}", "-p", "output=s3://reports", *words, check=False)
        assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)
        assert told in wrong.stderr
    assert client.list_pipelines()["PipelineSummaries"] == []

    assert submit("--create-only").stdout == "pipeline p-q: created\n"
    text = (root / "sagemaker/p-q.json").read_text()
    described = client.describe_pipeline(PipelineName="p-q")
    assert described["PipelineDefinition"] == text
    assert described["RoleArn"] == ROLE
    started = submit(
        "-p", f"image={ECR}", "-p", "output=s3://reports", "--set", "left.text=new", "--set", "left.odd=2", "--wait"
    )
    assert started.stdout.startswith("pipeline p-q: unchanged\narn:aws:sagemaker:us-east-1:")
    assert started.stdout.endswith("\nSucceeded\n")
    executions = client.list_pipeline_executions(PipelineName="p-q")["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionArn"] in started.stdout for each in executions] == [True]
    arn = executions[0]["PipelineExecutionArn"]
    passed = client.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {each["Name"]: each["Value"] for each in passed} == {
        "role": ROLE,
        "image": ECR,
        "output": "s3://reports",
        "repository": f"file://{tmp_path}/origin.git",
        "revision": environment["MLOPS_REV"],
        "left_text": "new",
        "set_params": "left.odd=2",
    }
    (root / "sagemaker/p-q.json").write_text(text.replace('"1"', '"2"'))
    assert submit("--create-only").stdout == "pipeline p-q: updated\n"
    assert client.describe_pipeline(PipelineName="p-q")["PipelineDefinition"] != text
    (root / "sagemaker/p-q.json").write_text("{")
    assert "cannot be read" in submit(check=False).stderr
    down = submit("--create-only", check=False, AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert down.returncode == 2
    client.delete_pipeline(PipelineName="p-q", ClientRequestToken="t" * 32)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("git@github.com:acme/wine.git", "https://github.com/acme/wine.git"),
        ("ssh://git@git.acme.org:2222/acme/wine.git", "https://git.acme.org/acme/wine.git"),
        ("https://user:s3cret@github.com/acme/wine.git", "https://github.com/acme/wine.git"),
        ("https://github.com/acme/wine.git", "https://github.com/acme/wine.git"),
    ],
)
def test_the_address_that_a_container_clones(url: str, address: str, tmp_path: Path) -> None:
    program = Path(__file__).parents[2] / "targets/sagemaker/programs/sagemaker.py"
    text = program.read_text().replace("\nmain()\n", f"\nprint(https({url!r}))\n")
    assert run("python", "-c", text, cwd=tmp_path).stdout == f"{address}\n"


@pytest.mark.full
def test_git_asks_secrets_manager(tmp_path: Path, s3: str) -> None:
    client = get_session().create_client("secretsmanager", region_name="eu-west-1", endpoint_url=s3, aws_access_key_id="k", aws_secret_access_key="s")  # fmt: skip
    arn = client.create_secret(Name="git", SecretString='{"username": "me", "password": "s3=cret"}')["ARN"]
    texts = {key: value for key, value in CREDENTIALS.items() if isinstance(value, str)}
    keys = {**{key: AWS[key] for key in AWS if "REGION" not in key}, "AWS_ENDPOINT_URL": s3, "GIT_TERMINAL_PROMPT": "0"}
    asked = ["sh", "-c", "printf 'protocol=https\\nhost=github.com\\n\\n' | git credential fill"]
    filled = run(*asked, cwd=tmp_path, **keys, **texts, GIT_SECRET=arn).stdout
    assert {"username=me", "password=s3=cret"} <= set(filled.splitlines())
    without = run(*asked, cwd=tmp_path, check=False, **keys, **texts, GIT_SECRET="")
    assert without.returncode != 0
    assert "Traceback" not in without.stderr
