"""The pipeline file by its schema, and run by gitlab-ci-local on this host, against a DVC remote on S3."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import AWS, bucket, run, tool, write
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from services import gitlab

pytestmark = pytest.mark.real
PIPELINE = ".gitlab-ci.yml"
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org")

FILES = {
    "params.yaml": "rate: 2\n",
    "double.py": "import sys, pathlib\npathlib.Path('doubled.txt').write_text(str(2 * int(sys.argv[1])))\n",
    "score.py": "import json, pathlib\n"
    "value = int(pathlib.Path('doubled.txt').read_text())\n"
    "pathlib.Path('scores.json').write_text(json.dumps({'score': 39 + value, 'note': 'x'}))\n",
    "tests/test_a.py": "def test_a():\n    assert True\n",
}
OPERATED = {
    "params.yaml": "rate: 2\n",
    "train.py": "import json, pathlib, sys\n"
    "pathlib.Path('model.txt').write_text(f'rate {sys.argv[1]}')\n"
    "pathlib.Path('m.json').write_text(json.dumps({'accuracy': int(sys.argv[1])}))\n",
    "look.py": "import pathlib\npathlib.Path('monitoring/drift.json').write_text('{\"share\": 0.5}')\n",
}
STAGES = """\
stages:
  double: {cmd: 'python double.py ${rate}', deps: [double.py], outs: [doubled.txt]}
  score: {cmd: python score.py, deps: [score.py, doubled.txt], metrics: [scores.json]}
"""
SPECS = {
    "default": f"mlops: 1\nstack: {{ci: gitlab}}\n{STAGES}",
    "all that ci says": f"""\
mlops: 1
project: p
stack: {{ci: [github, gitlab], test: "echo 'it is' $HOME"}}
ci:
  on: {{push: [main, 'dev/*', "it's $x", '!dev/old'], pull_request: true, schedule: ['0 6 * * 1'], manual: true}}
  runner: [self-hosted, 'linux']
  secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]
  python: '3.13'
  timeout: 8h
{STAGES}""",
    "a job for each stage": """\
mlops: 1
stack: {ci: gitlab, registry: "s3://abc/x"}
ci:
  fan-out: stage
  secrets: [AWS_ACCESS_KEY_ID]
  runners: {big: {cpu: 8}, cuda: {labels: [self-hosted, linux], gpu: 1}}
stages:
  test: {matrix: {x: [a, "it's b"]}, cmd: 'python double.py "${item.x}"', deps: [double.py], outs: ['o/${item.x}'], resources: {cpu: 2}}
  image: {cmd: python double.py 1, deps: [double.py, o], outs: [p], image: "python:3.12", timeout: 1h, retries: 1}
  m: {cmd: python double.py 2, deps: [double.py, p], metrics: [m.json], gates: {score: "> 1", score.delta: ">= 0"}, resources: {gpu: 1}}
  frozen: {cmd: python double.py 3, deps: [double.py], outs: [q], frozen: true}
  last: {cmd: python double.py 4, deps: [double.py, q], outs: [r], always_changed: true}
""",
    "nothing starts it": f"""\
mlops: 1
stack: {{ci: gitlab}}
ci: {{on: {{push: [], pull_request: false, manual: false}}, runner: big}}
{STAGES}""",
    "all around the pipeline": """\
mlops: 1
stack: {ci: gitlab, registry: s3://operated/dvc}
stages:
  train: {cmd: 'python train.py ${rate}', deps: [train.py], outs: [model.txt], metrics: [{m.json: {cache: false}}]}
models:
  wine: {path: model.txt, from: train}
experiments:
  rates: {set: {rate: [5, 6]}}
deploy:
  staging: {model: wine, on: tag, run: 'echo "$MODEL_VERSION $(cat "$MODEL_PATH")" > "$PLACE"'}
  production: {model: wine, on: tag, run: 'false', approve: true, url: 'https://example.org'}
  edge: {model: wine, on: push, run: 'true'}
monitor:
  drift:
    schedule: '0 6 * * *'
    cmd: python look.py
    deps: [look.py]
    metrics: [monitoring/drift.json]
    gates: {share: '<= 0.3'}
    on_breach: [issue, retrain]
""",
    "signed in": f"""\
mlops: 1
stack: {{ci: gitlab, registry: "s3://abc/x"}}
ci:
  fan-out: stage
  image: ghcr.io/acme/ci:1
  cache: [.cache/huggingface]
  oidc:
    aws: {{role: "arn:aws:iam::123456789012:role/ci", region: eu-west-1}}
    gcp: {{provider: projects/1/locations/global/workloadIdentityPools/ci/providers/ci, service_account: ci@acme.iam.gserviceaccount.com}}
    azure: {{client_id: 00000000-0000-0000-0000-000000000001, tenant_id: 00000000-0000-0000-0000-000000000002}}
notify: {{on_failure: SLACK_WEBHOOK}}
{STAGES}""",
    "native make": f"mlops: 1\nstack: {{ci: gitlab, orchestrator: make}}\n{STAGES}",
    "no make": f"mlops: 1\nstack: {{ci: gitlab, build: none, orchestrator: dvc}}\n{STAGES}",
}


def files(spec: str) -> dict[str, str]:
    built = compile_spec(Memory({**FILES, **OPERATED, "mlops.yaml": spec}))
    assert not built.report.failed, list(built.report)
    return {file.path: file.text for file in built.files}


@pytest.fixture(params=SPECS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path, files(SPECS[request.param]))


def test_schema(written: Path) -> None:
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", PIPELINE, cwd=written)


def test_shell_scripts_parse(written: Path) -> None:
    data = yaml.safe_load((written / PIPELINE).read_text())
    jobs = [data["default"], *(job for job in data.values() if isinstance(job, dict) and "script" in job)]
    for job in jobs:
        for line in [*job.get("before_script", ()), *job.get("script", ())]:
            subprocess.run(["bash", "-n"], input=line.encode(), check=True)


def test_needs_name_jobs(written: Path) -> None:
    data = yaml.safe_load((written / PIPELINE).read_text())
    order = data["stages"].index
    for job in data.values():
        if isinstance(job, dict) and "script" in job:
            needed = {need if isinstance(need, str) else need["job"] for need in job.get("needs", ())}
            assert needed <= set(data)
            assert all(order(stage_of(data, data[name])) <= order(stage_of(data, job)) for name in needed)


def stage_of(data: dict[str, Any], job: dict[str, Any]) -> str:
    return str(data[job["extends"]]["stage"] if "extends" in job else job["stage"])


class Api(BaseHTTPRequestHandler):
    """As much of GitLab's API of notes as the program calls; two notes a page, to see that pages are followed."""

    notes: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    seen: list[str]

    def answer(self, body: Any, **headers: str) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self.seen.append(self.headers["PRIVATE-TOKEN"])
        if self.headers["PRIVATE-TOKEN"] != "s3cret":
            self.send_error(401)
        elif self.path.startswith("/api/v4/projects/1217/issues?state=opened&labels="):
            self.answer([each for each in self.issues if self.path.endswith(f"={each['labels']}")])
        elif self.path.endswith("/user"):
            self.answer({"id": 7})
        else:
            found = re.search(r"[&?]page=(\d+)", self.path)
            page = int(found.group(1)) if found else 1
            more = str(page + 1) if len(self.notes) > 2 * page else ""
            self.answer(self.notes[2 * page - 2 : 2 * page], X_Next_Page=more)

    def do_POST(self) -> None:
        if self.path.endswith("/issues"):
            self.issues.append({"iid": len(self.issues) + 1, **self.body()})
        else:
            self.notes.append({"id": len(self.notes) + 1, "author": {"id": 7}, "at": self.path, **self.body()})
        self.answer({})

    def do_PUT(self) -> None:
        self.notes[int(self.path.rsplit("/", 1)[1]) - 1] |= self.body()
        self.answer({})

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api() -> Iterator[tuple[str, type[Api]]]:
    """The URL of an API, and what was said to it. Somebody else's note bears our mark already."""
    told = {"id": 1, "author": {"id": 8}, "body": "<!-- mlopsc: report -->\nnot ours"}
    other = {"id": 2, "author": {"id": 7}, "body": "hello"}
    handler = type("Told", (Api,), {"notes": [told, other], "issues": [], "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/v4", handler
    server.shutdown()
    server.server_close()


@pytest.mark.full
def test_it_runs(
    repository: Callable[[Mapping[str, str]], Path],
    tmp_path_factory: pytest.TempPathFactory,
    s3: str,
    api: tuple[str, type[Api]],
) -> None:
    """A push runs and pushes everything; a merge request from a new clone runs nothing, and is told the metrics."""
    home, place = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("clone")
    url, told = api
    spec = SPECS["default"] + "ci: {secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]}\n"
    root = repository({**FILES, "mlops.yaml": spec})
    run("dvc", "remote", "add", "--default", "s3", bucket(s3, "gitlab-ci"), cwd=root)
    run("dvc", "remote", "modify", "s3", "endpointurl", s3, cwd=root)
    run("mlopsc", "build", cwd=root)
    run("git", "checkout", "--quiet", "-B", "main", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", *AUTHOR, "commit", "--quiet", "-m", "x", cwd=root)
    clone = place / "clone"
    run("git", "clone", "--quiet", str(root), str(clone), cwd=place)
    scoped = {name: {"type": "variable", "values": {"mlops": value}} for name, value in AWS.items()}
    token = {"GITLAB_TOKEN": {"type": "variable", "values": {"mlops-write": "s3cret"}}}
    for each in (root, clone):
        write(each, {".gitlab-ci-local-variables.yml": yaml.safe_dump({**scoped, **token})})

    first = gitlab(root, home)
    said = first.stdout + first.stderr
    assert first.returncode == 0, said[-6000:]
    events = re.findall(r"^(\w+) +(starting|finished)\b", first.stdout, re.MULTILINE)
    assert events[:2] == [("check", "starting"), ("check", "finished")]
    assert events[2:] == [("pipeline", "starting"), ("pipeline", "finished")], "the note is for merge requests"
    assert "[double] > " in said
    assert "[score] > " in said
    assert "is not set" not in said
    artifacts = root / ".gitlab-ci-local/artifacts"
    assert "43" in (artifacts / "pipeline/report.md").read_text()
    assert (artifacts / "check/junit.xml").is_file()
    reported = root / ".gitlab-ci-local/builds/pipeline/metrics.txt"
    assert reported.read_text() == "score 43.0\n"

    request = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "3",
        "CI_API_V4_URL": url,
    }
    variables = [word for name, value in request.items() for word in ("--variable", f"{name}={value}")]
    second = gitlab(clone, home, "pipeline", "note", *variables)
    said = second.stdout + second.stderr
    assert second.returncode == 0, said[-6000:]
    assert "] > " not in said
    assert "[double] restored from the run cache" in said
    assert set(told.seen) == {"s3cret"}
    assert "s3cret" not in said
    assert [note["author"]["id"] for note in told.notes] == [8, 7, 7]
    assert told.notes[0]["body"].endswith("not ours")
    assert "### Against main" in told.notes[2]["body"]

    write(clone, {"score.py": "import sys\nsys.exit('it cannot be scored')\n"})
    third = gitlab(clone, home, "pipeline", "note", *variables)
    said = third.stdout + third.stderr
    assert third.returncode != 0, said[-6000:]
    assert "it cannot be scored" in said
    assert len(told.notes) == 3


def test_a_note_is_written_once_and_cannot_act(tmp_path: Path, api: tuple[str, type[Api]]) -> None:
    """It is found on a later page and written over; lines that GitLab would take for orders are none."""
    url, told = api
    told.notes += [{"id": number, "author": {"id": 7}, "body": "x"} for number in (3, 4)]
    program = files(SPECS["default"])[".mlops/scripts/gitlab.py"]
    write(tmp_path, {"gitlab.py": program, "report.md": "## Metrics\n\n/approve\n  /merge\na/b\n"})
    settings = {"CI_API_V4_URL": url, "CI_MERGE_REQUEST_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "3"}
    for _ in range(2):
        run("python", "gitlab.py", "note", "report.md", cwd=tmp_path, GITLAB_TOKEN="s3cret", **settings)
    assert len(told.notes) == 5
    assert told.notes[4]["body"] == "<!-- mlopsc: report -->\n## Metrics\n\n\\/approve\n  \\/merge\na/b\n"
    refused = run("python", "gitlab.py", "note", "report.md", cwd=tmp_path, check=False, GITLAB_TOKEN="no", **settings)
    assert refused.returncode == 1
    assert "GitLab answered 401" in refused.stderr
    assert "Traceback" not in refused.stderr


def deployed(root: Path) -> list[str]:
    return run("git", "tag", "--list", "wine#*", cwd=root).stdout.split()


@pytest.mark.full
def test_around_the_pipeline(tmp_path: Path, s3: str, api: tuple[str, type[Api]]) -> None:
    """Registry tags deploy, the form rolls back and experiments, a schedule watches, tells people and retrains once."""
    url, told = api
    bucket(s3, "operated")
    root, home, origin, place = (tmp_path / name for name in ("clone", "home", "origin.git", "place.txt"))
    home.mkdir()
    write(root, {**OPERATED, "mlops.yaml": SPECS["all around the pipeline"], "params.yaml": "rate: 1\n"})
    keys = {**AWS, "AWS_ENDPOINT_URL": s3, "PLACE": str(place), "CI_API_V4_URL": url}

    def git(*words: str) -> str:
        return run("git", *words, cwd=root).stdout

    def release(version: str) -> None:
        run("dvc", "repro", "--quiet", cwd=root)
        run("dvc", "push", "--quiet", cwd=root, **keys)
        git("add", "--all")
        git("commit", "--quiet", "--message", version)
        git("tag", f"wine@{version}")
        git("push", "--quiet", "--tags", "origin", "main")

    def pipeline(source: str, *jobs: str, **variables: str) -> str:
        said = {"CI_PIPELINE_SOURCE": source, "CI_PROJECT_URL": f"file://{origin.with_suffix('')}", **variables}
        words = [word for name, value in said.items() for word in ("--variable", f"{name}={value}")]
        unset = ["--unset-variable", "CI_COMMIT_BRANCH"] if "CI_COMMIT_TAG" in said else []
        done = gitlab(root, home, *jobs, *words, *unset)
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        git("fetch", "--quiet", "--tags", "origin")
        return " ".join(re.findall(r"^(\S+) +starting\b", done.stdout, re.MULTILINE))

    run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(origin), cwd=tmp_path)
    run("git", "config", "receive.advertisePushOptions", "true", cwd=origin)
    options = tmp_path / "options.txt"
    hook = write(origin, {"hooks/post-receive": f"#!/bin/sh\nenv | grep GIT_PUSH_OPTION_ >> {options} || true\n"})
    (hook / "hooks/post-receive").chmod(0o755)
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "a")
    git("config", "user.email", "a@example.org")
    git("remote", "add", "origin", str(origin))
    run("dvc", "init", "--quiet", cwd=root)
    run("mlopsc", "build", cwd=root)
    variables = {name: {"type": "variable", "values": {"*": value}} for name, value in keys.items()}
    variables["GITLAB_TOKEN"] = {"type": "variable", "values": {"mlops-write": "s3cret"}}
    with (root / ".git/info/exclude").open("a") as file:
        file.write(".gitlab-ci-local*\n")
    write(root, {".gitlab-ci-local-variables.yml": yaml.safe_dump(variables)})

    release("v1.0.0")
    # The jobs are named, because gitlab-ci-local starts nothing where a job needs one that waits for a person.
    deployment = ("deploy-staging", "record-deploy-staging")
    assert pipeline("push", *deployment, CI_COMMIT_TAG="wine@v1.0.0") == " ".join(deployment)
    production = yaml.safe_load((root / PIPELINE).read_text())["deploy-production"]
    assert {rule["when"] for rule in production["rules"]} == {"manual"}, "production waits for a person"
    assert place.read_text() == "v1.0.0 rate 1\n"
    assert deployed(root) == ["wine#staging#1"]
    write(root, {"params.yaml": "rate: 2\n"})
    release("v1.1.0")
    message = "Assigning stage staging to artifact wine version v1.1.0"
    git("tag", "--annotate", f"--message={message}", "wine#staging#2")
    git("push", "--quiet", "origin", "wine#staging#2")
    tag = {"CI_COMMIT_TAG": "wine#staging#2", "CI_COMMIT_TAG_MESSAGE": message}  # GitLab sets both
    assert pipeline("push", *deployment, **tag) == " ".join(deployment)
    assert place.read_text() == "v1.1.0 rate 2\n"
    assert pipeline("web", MLOPS_TASK="rollback-staging") == "rollback-staging record-rollback-staging"
    assert place.read_text() == "v1.0.0 rate 1\n"
    assert deployed(root) == [f"wine#staging#{number}" for number in (1, 2, 3, 4)]

    assert pipeline("web", MLOPS_TASK="exp-rates") == "exp-rates"
    table = (root / ".gitlab-ci-local/artifacts/exp-rates/report.md").read_text()
    assert len(re.findall(r"^\|.*\b[56]\b", table, re.MULTILINE)) == 2, table

    write(root, {"params.yaml": "rate: 3\n"})  # so that the pipeline has something to do
    git("commit", "--quiet", "--all", "--message", "y")
    git("push", "--quiet", "origin", "main")
    jobs = "monitor-drift tell-drift retrain-drift propose-drift"
    for times in (1, 2):
        assert pipeline("schedule", MLOPS_TASK="monitor-drift") == jobs
        history = git("show", "origin/mlops-monitoring:drift.csv").splitlines()
        assert [line.split(",")[3] for line in history[1:]] == ["yes", "no"][:times]
        retrained = git("branch", "--remotes", "--list", "origin/retrain-drift-*").split()
        assert len(retrained) == 1, "a breach that was seen already starts nothing"
    assert "train.py 3" in git("show", f"{retrained[0]}:dvc.lock")
    assert "merge_request.create" in options.read_text()
    assert [issue["labels"] for issue in told.issues] == ["monitor-drift"]
    assert "share" in told.issues[0]["description"]
    assert [note["at"] for note in told.notes[2:]] == ["/api/v4/projects/1217/issues/1/notes"]
