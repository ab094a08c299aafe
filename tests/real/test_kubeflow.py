"""Kubeflow's pipeline: the SDK reads it, makes the very same one, and sends it; and its containers are run, here, in its order."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cloned import commit, hashes, project, ran, restored
from conftest import AWS, ROOT, judge, run
from containers import OUTS, files, logs, walk
from mlopsc.targets.engines.pipeline_spec.document import EXPORTS
from mlopsc.targets.engines.task import CREDENTIALS
from mlopsc.targets.engines.worker import BOOTSTRAP
from representation import containers, documents

pytestmark = [pytest.mark.real, pytest.mark.full]

GOLDEN = ROOT / "tests/golden/kubeflow/expected/kubeflow/kubeflow/wine.yaml"
LOADED = """\
import json, sys
from google.protobuf.json_format import MessageToDict
from kfp import components
made = components.load_component_from_file(sys.argv[1])
print(json.dumps([MessageToDict(made.pipeline_spec), MessageToDict(made.platform_spec)]))
"""


def loaded(path: Path) -> list[dict[str, Any]]:
    """What the SDK reads, as it understands it: fields that it does not know are an error."""
    found: list[dict[str, Any]] = json.loads(
        run(str(judge("kubeflow") / "python"), "-c", LOADED, str(path), cwd=path.parent).stdout
    )
    return found


def test_the_sdk_makes_the_same(tmp_path: Path) -> None:
    out = tmp_path / "sdk.yaml"
    environment = {
        "MLOPS_COMMAND": f"{EXPORTS}shift 4; {BOOTSTRAP}",
        "MLOPS_HELPER": CREDENTIALS["GIT_CONFIG_VALUE_0"],
    }
    sdk = ROOT / "tests/real/judges/kubeflow_sdk.py"
    run(str(judge("kubeflow") / "python"), str(sdk), "kubeflow", str(out), cwd=tmp_path, **environment)
    ours, theirs = documents(GOLDEN), documents(out)
    assert theirs[0].pop("sdkVersion").startswith("kfp-")
    assert ours[0].pop("sdkVersion") == "mlopsc"
    assert ours == theirs
    ours, theirs = loaded(GOLDEN), loaded(out)
    assert theirs[0].pop("sdkVersion") != ours[0].pop("sdkVersion")
    assert ours == theirs


def test_a_patch_reaches_both_documents(tmp_path: Path, s3: str) -> None:
    patches = """\
patches:
  kubeflow/p.yaml:
    pipelineInfo: {description: patched}
    platforms: {kubernetes: {deploymentSpec: {executors: {exec-end: {imagePullPolicy: Always}}}}}
"""
    made = files(tmp_path / "ran.log", "kubeflow")
    project(tmp_path / "p", s3, "kubeflow-patch", {**made, "mlops.yaml": made["mlops.yaml"] + patches})
    pipeline, platform = loaded(tmp_path / "p/kubeflow/p.yaml")
    assert pipeline["pipelineInfo"]["description"] == "patched"
    executor = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-end"]
    assert executor["imagePullPolicy"] == "Always"
    assert executor["secretAsEnv"]


@contextmanager
def api() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Listens where the SDK sends to; gives the URL and the runs that it was told to create."""
    created: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/runs"):
                created.append(body)
            self.answer()

        def answer(self) -> None:
            made = {"run_id": "r", "experiment_id": "e", "display_name": "wine", "created_at": "2026-01-01T00:00:00Z"}
            text = json.dumps(made).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", created
    finally:
        server.shutdown()
        server.server_close()


def test_the_documented_command_sends_it(tmp_path: Path) -> None:
    kfp = str(judge("kubeflow") / "kfp")
    words = ["repository=https://example.org/wine.git", "revision=" + "1a" * 20, "set_params=train.lr=0.2"]
    with api() as (url, created):
        run(kfp, "--endpoint", url, "run", "create", "-e", "wine", "-f", str(GOLDEN), *words, cwd=tmp_path)
    assert [each["runtime_config"]["parameters"] for each in created] == [
        {"repository": words[0][11:], "revision": "1a" * 20, "set_params": "train.lr=0.2"}
    ]
    sent = created[0]["pipeline_spec"]
    assert [sent["pipeline_spec"], sent["platform_spec"]] == documents(GOLDEN)
    assert {json.dumps(task["cachingOptions"]) for task in sent["pipeline_spec"]["root"]["dag"]["tasks"].values()} == {
        "{}"
    }


def test_its_containers_do_what_dvc_does(tmp_path: Path, s3: str) -> None:
    log, root = tmp_path / "ran.log", tmp_path / "p"
    environment = project(root, s3, "kubeflow", files(log, "kubeflow"))
    given = {"repository": environment["MLOPS_REPO"], "revision": environment["MLOPS_REV"]}
    pipeline = root / "kubeflow/p.yaml"

    # A stage that fails stops what is behind it; Kubeflow itself may start fewer of the others.
    fails = containers(pipeline, {**given, "set_params": "start=fail"}, {"p": AWS})
    ended = walk(fails, tmp_path / "fails")
    assert ended == {"start": 1, "left": None, "each-1": 0, "each-2": 0, "end": None}, logs(tmp_path / "fails")
    log.unlink()

    # Another parameter; what is done is not done again.
    ended = walk(containers(pipeline, {**given, "left": "new words"}, {"p": AWS}), tmp_path / "new")
    assert set(ended.values()) == {0}, logs(tmp_path / "new")
    assert ran(log) == ["a/start.txt", "b/left.txt", "e/one.txt", "m.json"]

    # Without credentials each says so, at once.
    ended = walk(containers(pipeline, given, {"p": {}})[:1], tmp_path / "none")
    assert ended == {"start": 4}
    assert "Unable to locate credentials" in logs(tmp_path / "none")

    (root / "params.yaml").write_text("start: 1\nleft: new words\n")
    commit(root)
    got = restored(root, OUTS, log, environment)
    run("dvc", "repro", cwd=root)
    assert got == hashes(root, OUTS)


def test_a_project_in_a_folder(tmp_path: Path, s3: str) -> None:
    log, root = tmp_path / "ran.log", tmp_path / "p"
    environment = project(root, s3, "kubeflow-folder", files(log, "kubeflow"))
    whole = tmp_path / "whole"
    whole.mkdir()
    run("git", "init", "--quiet", "-b", "main", cwd=whole)
    run("cp", "-r", str(root), str(whole / "wine"), cwd=tmp_path)
    run("rm", "-rf", "wine/.git", cwd=whole)
    run("dvc", "config", "core.no_scm", "true", cwd=whole / "wine")
    run("rm", "-rf", "wine/.dvc/tmp", "wine/.dvc/cache", cwd=whole)
    given = {"repository": f"file://{whole}", "revision": commit(whole), "folder": "wine"}
    ended = walk(containers(root / "kubeflow/p.yaml", given, {"p": AWS})[:2], tmp_path / "ran")
    assert ended == {"start": 0, "left": 0}, logs(tmp_path / "ran")
    assert environment["MLOPS_REV"] != given["revision"]
