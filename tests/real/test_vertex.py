"""Vertex AI's pipeline: the SDK of Kubeflow makes the same, Vertex AI's takes it, the program submits it, its containers run."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cloned import hashes, project, ran, restored
from conftest import AWS, ROOT, judge, run
from containers import OUTS, files, logs, walk
from mlopsc.targets.engines.pipeline_spec.document import EXPORTS
from mlopsc.targets.engines.task import CREDENTIALS
from mlopsc.targets.engines.worker import BOOTSTRAP
from mlopsc.targets.vertex.document import secrets
from representation import containers, documents

pytestmark = [pytest.mark.real, pytest.mark.full]

JUDGES = ROOT / "tests/real/judges"
GOLDEN = ROOT / "tests/golden/kubeflow/expected/vertex/vertex/wine.yaml"
ASK = (
    'secret=$5; [ -z "$secret" ] || { exports=$(python3 -c "$MLOPS_SECRETS" "$secret" GIT_USERNAME GIT_PASSWORD '
    'AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY) || exit 4; eval "$exports"; }; unset MLOPS_SECRETS; '
)


def test_the_sdk_makes_the_same(tmp_path: Path) -> None:
    out = tmp_path / "sdk.yaml"
    environment = {
        "MLOPS_COMMAND": f"{EXPORTS}{ASK}shift 5; {BOOTSTRAP}",
        "MLOPS_HELPER": CREDENTIALS["GIT_CONFIG_VALUE_0"],
        "MLOPS_SECRETS": secrets(),
    }
    python = str(judge("kubeflow") / "python")
    run(python, str(JUDGES / "kubeflow_sdk.py"), "vertex", str(out), cwd=tmp_path, **environment)
    [ours], [theirs] = documents(GOLDEN), documents(out)
    assert theirs.pop("sdkVersion").startswith("kfp-")
    assert ours.pop("sdkVersion") == "mlopsc"
    assert ours == theirs


def test_vertex_takes_it(tmp_path: Path) -> None:
    python = str(judge("vertex") / "python")
    made = json.loads(run(python, str(JUDGES / "vertex_job.py"), str(GOLDEN), cwd=tmp_path).stdout)
    assert "train_rate is not found" in made["refused"]
    job = made["job"]
    assert job["runtimeConfig"]["parameterValues"] == {
        "repository": "https://example.org/wine.git",
        "revision": "abc",
        "train_lr": "0.2",
    }
    assert job["runtimeConfig"]["failurePolicy"] in (1, "PIPELINE_FAILURE_POLICY_FAIL_SLOW")
    tasks = job["pipelineSpec"]["root"]["dag"]["tasks"]
    assert set(tasks) == {"prepare", "train-4", "train-8", "measure"}
    assert all(task["cachingOptions"] == {"enableCache": False} for task in tasks.values())


@pytest.fixture
def there(tmp_path: Path, s3: str) -> tuple[Path, dict[str, str]]:
    """A project with a remote that has its commit."""
    root = tmp_path / "p"
    environment = project(
        root, s3, f"vertex-{tmp_path.name.replace('_', '-')}"[:60], files(tmp_path / "ran.log", "vertex")
    )
    run("git", "init", "--quiet", "--bare", str(tmp_path / "remote.git"), cwd=tmp_path)
    run("git", "remote", "add", "origin", f"file://{tmp_path}/remote.git", cwd=root)
    return root, environment


def test_the_program_submits_it(there: tuple[Path, dict[str, str]]) -> None:
    root, environment = there
    python, program = str(judge("vertex") / "python"), ".mlops/scripts/vertex.py"

    def submit(*words: str, check: bool = True) -> tuple[int, str, str]:
        said = (python, program, "vertex/p.yaml", "--root", "gs://bucket/root", "--dry-run", *words)
        done = run(*said, cwd=root, check=check, GOOGLE_CLOUD_PROJECT="acme", GOOGLE_CLOUD_REGION="europe-west4")
        return done.returncode, done.stdout, done.stderr

    status, _, error = submit(check=False)
    assert status == 2
    assert "is on no remote branch" in error
    run("git", "push", "--quiet", "origin", "HEAD", cwd=root)
    run("git", "fetch", "--quiet", cwd=root)

    sets = ("--set", "left=new words", "--set", "params.yaml:start=2", "--set", "other.yaml:a=b=c")
    job = json.loads(submit(*sets, "--secret", "wine")[1])
    assert job["runtimeConfig"]["parameterValues"] == {
        "repository": f"file://{root.parent}/remote.git",
        "revision": environment["MLOPS_REV"],
        "folder": "",
        "secret": "projects/acme/secrets/wine/versions/latest",
        "left": "new words",
        "set_params": "params.yaml:start=2\nother.yaml:a=b=c",
    }
    assert {task["cachingOptions"]["enableCache"] for task in job["pipelineSpec"]["root"]["dag"]["tasks"].values()} == {
        False
    }

    for wrong, words in (("no commit is called", ("--revision", "x")), ("KEY=VALUE", ("--set", "start"))):
        status, _, error = submit(*words, check=False)
        assert status == 2
        assert wrong in error


@contextmanager
def google(secret: Mapping[str, str]) -> Iterator[str]:
    """Answers as the metadata server of a machine and Secret Manager do; gives host and port.

    https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
    https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/computeMetadata/v1/instance/service-accounts/default/token":
                self.answer(self.headers["Metadata-Flavor"] == "Google", {"access_token": "t", "expires_in": 9})
            else:
                data = base64.b64encode(json.dumps(secret).encode()).decode()
                allowed = self.headers["Authorization"] == "Bearer t"
                here = self.path == "/v1/projects/acme/secrets/wine/versions/latest:access"
                self.answer(allowed and here, {"name": "wine", "payload": {"data": data}})

        def answer(self, good: bool, said: dict[str, Any]) -> None:
            self.send_response(200 if good else 403)
            self.end_headers()
            self.wfile.write(json.dumps(said if good else {"error": {"code": 403}}).encode())

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_its_containers_do_what_dvc_does(there: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    (root, environment), log = there, tmp_path / "ran.log"
    odd = 'it\'s "odd"\n$(exit 1) `exit 1`'
    given = {"repository": environment["MLOPS_REPO"], "revision": environment["MLOPS_REV"]}
    with google({**AWS, "GIT_PASSWORD": odd, "PATH": "/nowhere"}) as host:
        more = {"GCE_METADATA_HOST": host, "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"http://{host}/"}

        def tasks(secret: str) -> list[Any]:
            found = containers(root / "vertex/p.yaml", {**given, "secret": secret}, {})
            return [each._replace(env={**each.env, **more}) for each in found]

        ended = walk(tasks("projects/acme/secrets/other/versions/latest")[:1], tmp_path / "refused")
        assert ended == {"start": 4}
        assert "403" in logs(tmp_path / "refused")
        ended = walk(tasks("projects/acme/secrets/wine/versions/latest"), tmp_path / "ran")
    assert set(ended.values()) == {0}, logs(tmp_path / "ran")
    assert len(ran(log)) == len(OUTS)
    got = restored(root, OUTS, log, environment)
    run("dvc", "repro", cwd=root)
    assert got == hashes(root, OUTS)
