"""Convert a GitHub workflow that only calls DVC into `ci:` settings, or say why it cannot be converted.

Workflow syntax: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.snapshot import Snapshot
from ..read.yaml import decode, load

WORKFLOW = ".github/workflows/mlops.yml"
"""The path of the generated workflow."""

_WORKFLOW_KEYS = frozenset(["name", "run-name", "on", "jobs", "permissions", "concurrency", "env"])
_JOB_KEYS = frozenset(["name", "runs-on", "steps", "permissions", "env", "timeout-minutes"])
_STEP_KEYS = frozenset(["name", "id", "uses", "with", "run", "env"])
_ACTION_INPUTS: Mapping[str, frozenset[str]] = {
    "actions/checkout": frozenset(["fetch-depth", "persist-credentials"]),
    "actions/setup-python": frozenset(["python-version", "cache"]),
    "actions/cache": frozenset(["path", "key", "restore-keys"]),
    "iterative/setup-dvc": frozenset(["version"]),
    "treeverse/setup-dvc": frozenset(["version"]),
    "iterative/setup-cml": frozenset(["version"]),
    "astral-sh/setup-uv": frozenset(["version", "enable-cache"]),
}
"""Actions whose work the generated workflow does too, with the inputs that change nothing else."""

_SECRET = re.compile(r"\$\{\{\s*secrets\.([A-Za-z_]\w*)\s*\}\}\Z")
_TOKEN = re.compile(r"\$\{\{\s*(secrets\.GITHUB_TOKEN|github\.token)\s*\}\}\Z")
_VERSION = re.compile(r"\d+(\.\d+)*\Z")
_INSTALL = re.compile(r"(?:python3? -m )?(?:uv )?pip3? install(?P<words>(?: [^;&|<>$`]+)?)\Z")
_TOOL = re.compile(r"(dvc(-\w+)?|pip|setuptools|wheel|uv)(\[[\w,-]+\])?([=<>~!]=?[\w.*]+)?\Z")
_RUNS_PIPELINE = re.compile(r"dvc repro( (-v|-q|--verbose|--quiet|--pull))*\Z")
_HARMLESS = re.compile(
    r"(dvc (pull|push|fetch)( (-v|-q|-f|--force|--run-cache))*|dvc (status|(metrics|params|plots) (show|diff)|exp show)\b[^;&|$`]*"
    r"|cml(-send-comment| send-comment| comment (create|update))( --[a-z-]+)* [\w./-]+|echo [^;&|$`]*>>? ?[\w./-]+\.md|#.*|)\Z"
)
"""Commands that transfer data or report; the generated workflow does the same."""

_PLAIN_SCALAR = re.compile(r"[A-Za-z_][\w-]*\Z")


class NotConvertible(Exception):  # noqa: N818 - a result rather than a failure
    """Why a workflow cannot be converted."""


@dataclass(slots=True)
class CiSettings:
    """The `ci:` settings that a workflow is converted into, and what the generated workflow does differently."""

    path: str
    ci: dict[str, Any] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The settings as one line of mlops.yaml."""
        return f"ci: {_flow(self.ci)}"


def convert(snapshot: Snapshot, path: str, requirements: str | None) -> CiSettings:
    """Convert the workflow at ``path``, whose only job must do nothing but call DVC. Raises `NotConvertible`.

    ``requirements`` is the file that the generated workflow installs.
    """
    workflow, name, job = _single_job(snapshot, path)
    settings = CiSettings(path, differences=["it checks the pipeline first, and runs the tests if there are any"])
    settings.ci["on"] = _triggers(workflow.get("on", workflow.get(True)), settings)
    _runner(name, job, settings)
    for holder in (workflow, job):
        if "id-token" in str(holder.get("permissions")):
            raise NotConvertible("it requests an `id-token`")
        if "concurrency" in holder:
            settings.differences.append(
                "a newer run waits for the running one of the same branch, and cancels that of the same pull request"
            )
    secrets = {**_secrets(workflow), **_secrets(job)}
    commands: list[str] = []
    for step in _steps(name, job):
        secrets |= _secrets(step)
        if "uses" in step:
            _action(step, settings)
        commands += _commands(step)
    _check_commands(commands, requirements, settings)
    if secrets:
        settings.ci["secrets"] = list(secrets)
        settings.differences.append("it reads its secrets from the GitHub environment `mlops`")
    if (minutes := job.get("timeout-minutes")) is not None:
        if not isinstance(minutes, int) or minutes < 1:
            raise NotConvertible("its `timeout-minutes` is not a number")
        settings.ci["timeout"] = f"{minutes}m"
    return settings


def _single_job(snapshot: Snapshot, path: str) -> tuple[Mapping[Any, Any], str, Mapping[Any, Any]]:
    """The workflow, and the name and body of its only job."""
    source, problems = decode(path, snapshot.read(path) or b"")
    workflow, yaml_problems = load(source)
    jobs = workflow.get("jobs") if isinstance(workflow, Mapping) else None
    if problems or yaml_problems or not isinstance(jobs, Mapping) or not jobs:
        raise NotConvertible("its jobs cannot be read")
    if len(jobs) != 1:
        raise NotConvertible(f"it has {len(jobs)} jobs; only a workflow with one job can be converted")
    _only_keys(workflow, _WORKFLOW_KEYS, "it")
    ((name, job),) = jobs.items()
    job = job if isinstance(job, Mapping) else {}
    _only_keys(job, _JOB_KEYS, f"its job `{name}`")
    return workflow, str(name), job


def _only_keys(mapping: Mapping[Any, Any], known: Collection[str], owner: str) -> None:
    for key in mapping:
        if key not in known and key is not True:  # a YAML 1.1 reader reads the key `on` as True
            raise NotConvertible(f"{owner} has `{key}`")


def _runner(name: str, job: Mapping[str, Any], settings: CiSettings) -> None:
    runner = job.get("runs-on")
    if runner == "ubuntu-latest":
        return
    labels = runner if isinstance(runner, list) else [runner]
    if not all(isinstance(label, str) and "${{" not in label for label in labels):
        raise NotConvertible(f"the runner of its job `{name}` is an expression")
    settings.ci["runner"] = runner


def _steps(name: str, job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else [None]:
        if not isinstance(step, Mapping):
            raise NotConvertible(f"the steps of its job `{name}` cannot be read")
        _only_keys(step, _STEP_KEYS, f"a step of `{name}`")
        yield step


def _is_cron(item: Any) -> bool:
    return isinstance(item, Mapping) and list(item) == ["cron"]


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key) or {}
    if not isinstance(value, Mapping):
        raise NotConvertible(f"its `{key}` is an expression")
    return value


def _triggers(on: Any, settings: CiSettings) -> dict[str, Any]:
    names = [on] if isinstance(on, str) else on
    events = dict.fromkeys(map(str, names)) if isinstance(names, list) else names
    if not isinstance(events, Mapping) or not events:
        raise NotConvertible("its triggers cannot be read")
    triggers: dict[str, Any] = {"push": [], "pull_request": False, "manual": False}
    for event, filters in events.items():
        if event == "push" and (not filters or (isinstance(filters, Mapping) and list(filters) == ["branches"])):
            branches = filters["branches"] if filters else ["**"]
            triggers["push"] = [branches] if isinstance(branches, str) else branches
            if not filters:
                settings.differences.append("pushing a tag no longer starts it")
        elif event == "pull_request" and not filters:
            triggers["pull_request"] = True
        elif event == "workflow_dispatch" and not filters:
            triggers["manual"] = True
        elif event == "schedule" and isinstance(filters, list) and filters and all(map(_is_cron, filters)):
            triggers["schedule"] = [item["cron"] for item in filters]
        else:
            filtered = f" with `{next(iter(filters))}`" if isinstance(filters, dict) and filters else ""
            raise NotConvertible(f"it runs on `{event}`{filtered}")
    return triggers


def _secrets(holder: Mapping[str, Any]) -> dict[str, None]:
    """The secrets that an `env` passes under their own names, without the token of the run."""
    names: dict[str, None] = {}
    for name, value in _mapping(holder, "env").items():
        if _TOKEN.match(str(value)):
            continue
        secret = _SECRET.match(str(value))
        if secret is None or secret[1] != name:
            raise NotConvertible(f"it sets the variable `{name}`")
        names[name] = None
    return names


def _action(step: Mapping[str, Any], settings: CiSettings) -> None:
    action = str(step["uses"]).partition("@")[0]
    if action not in _ACTION_INPUTS:
        raise NotConvertible(f"it uses `{action}`")
    inputs = _mapping(step, "with")
    _only_keys(inputs, _ACTION_INPUTS[action], f"its `{action}`")
    if action == "actions/setup-python" and (version := inputs.get("python-version")) is not None:
        if not _VERSION.match(str(version)):
            raise NotConvertible(f"its Python version is `{version}`")
        settings.ci["python"] = str(version)


def _commands(step: Mapping[str, Any]) -> Iterator[str]:
    for line in str(step.get("run") or "").replace("\\\n", " ").splitlines():
        yield " ".join(line.split())


def _check_commands(commands: list[str], requirements: str | None, settings: CiSettings) -> None:
    for command in commands:
        _check_command(command, requirements)
    if not any(_RUNS_PIPELINE.match(command) for command in commands):
        raise NotConvertible("it does not run the pipeline")
    pushes = any(command.startswith("dvc push") for command in commands)
    settings.differences.append(
        f"results are pushed to the DVC remote, {'' if pushes else 'which yours did not do, '}from the default branch only"
    )


def _check_command(command: str, requirements: str | None) -> None:
    """Raise `NotConvertible` if the generated workflow does nothing equivalent."""
    install = _INSTALL.match(command)
    if install is None:
        if not _RUNS_PIPELINE.match(command) and not _HARMLESS.match(command):
            raise NotConvertible(f"it runs `{command}`")
        return
    project = {f"-r{requirements}"} if requirements == "requirements.txt" else {"-e.", "."} if requirements else set()
    words = install["words"].replace("-r ", "-r").replace("-e ", "-e").split()
    for word in (word.strip("'\"") for word in words):
        if word not in project and not _TOOL.match(word) and word not in ("-U", "--upgrade", "-q", "--quiet"):
            raise NotConvertible(f"it installs `{word}`, which the generated workflow does not")


def _flow(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if isinstance(value, str) and _PLAIN_SCALAR.match(value) else json.dumps(value)
