"""The webhook is told of failures by the commands of each platform, and no output ever has its URL."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from conftest import ROOT

pytestmark = pytest.mark.real

EXPECTED = ROOT / "tests/golden/notify/expected"
PATH = "/services/T0/B0/hush"


class Hook(HTTPServer):
    """A webhook, what it was told, and how it answers."""

    told: list[dict[str, Any]]
    status: int


class Handler(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append({"path": self.path, **json.loads(body)})
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook(("127.0.0.1", 0), Handler)
    server.told, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def load(path: str) -> Any:
    return yaml.safe_load((EXPECTED / path).read_text())


def command(platform: str) -> tuple[str, dict[str, str]]:
    """The shell program of a platform, and its environment but for the URL."""
    if platform == "github":
        [step] = load("github/.github/workflows/mlops.yml")["jobs"]["notify"]["steps"]
        assert step["env"]["MLOPS_WEBHOOK"] == "${{ secrets.SLACK_WEBHOOK }}"
        return step["run"], {"MLOPS_TEXT": "alarm: failed", "MLOPS_SECRET": "SLACK_WEBHOOK"}
    if platform == "gitlab":
        job = load("gitlab/.gitlab-ci.yml")["notify"]
        return "\n".join(job["script"]), {
            **job["variables"],
            "CI_COMMIT_REF_NAME": "main",
            "CI_PIPELINE_URL": "https://x",
        }
    spec = load("argo/argo/alarm.yaml")["spec"]
    templates = {template["name"]: template for template in spec["templates"]}
    [[step]] = templates[spec["onExit"]]["steps"]
    container = templates[step["template"]]["container"]
    return container["command"][2], {item["name"]: item["value"] for item in container["env"]}


@pytest.mark.parametrize("platform", ["github", "gitlab", "argo"])
def test_it_is_told_and_its_url_is_not_shown(platform: str, hook: Hook) -> None:
    url = f"http://127.0.0.1:{hook.server_port}{PATH}"
    text, env = command(platform)
    name = "MLOPS_WEBHOOK" if platform == "github" else "SLACK_WEBHOOK"

    def start(**more: str) -> subprocess.CompletedProcess[str]:
        everything = {"PATH": os.environ["PATH"], **env, **more}
        done = subprocess.run(["sh", "-c", text], env=everything, capture_output=True, text=True, check=False)
        assert "hush" not in done.stdout + done.stderr
        assert str(hook.server_port) not in done.stdout + done.stderr
        return done

    assert start(**{name: url}).returncode == 0
    assert [told["path"] for told in hook.told] == [PATH]
    assert hook.told[0]["text"].startswith("alarm: ")
    hook.status = 404
    assert "the webhook answered 404" in start(**{name: url}).stderr
    for wrong in ("http://127.0.0.1:1/hush", "hush", "http://hush\n/"):
        assert start(**{name: wrong}).returncode == 1
    unset = start()
    assert (unset.returncode, "SLACK_WEBHOOK is not set" in unset.stdout) == (0, True)


def test_the_callback_of_airflow(
    hook: Hook, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ast.parse((EXPECTED / "airflow/dags/alarm.py").read_text())
    wanted = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "notify"]
    scope: dict[str, Any] = {}
    exec("import json, os, urllib.request", scope)
    exec(compile(ast.Module(wanted, []), "dag", "exec"), scope)
    context = {"dag": SimpleNamespace(dag_id="alarm"), "run_id": "r1"}
    monkeypatch.setenv("SLACK_WEBHOOK", f"http://127.0.0.1:{hook.server_port}{PATH}")
    scope["notify"](context)
    assert hook.told == [{"path": PATH, "text": "alarm: the run r1 failed"}]
    for wrong in ("http://127.0.0.1:1/hush", "hush", "http://hush\n/"):
        monkeypatch.setenv("SLACK_WEBHOOK", wrong)
        scope["notify"](context)
    assert "hush" not in capsys.readouterr().out


def test_a_stage_called_notify_is_another_one() -> None:
    spec = load("argo/argo/alarm.yaml")["spec"]
    names = [template["name"] for template in spec["templates"]]
    assert len(set(names)) == len(names)
    [task] = [task for task in spec["templates"][0]["dag"]["tasks"] if task["name"] != "revision"]
    assert "inputs" in next(template for template in spec["templates"] if template["name"] == task["template"])
