"""A GitHub workflow that does nothing but call DVC, put into the words of `ci:`; or why that would change what it does.

What the keys mean: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
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
"""What the made workflow is called."""

_TOP = frozenset(["name", "run-name", "on", "jobs", "permissions", "concurrency", "env"])
_JOB = frozenset(["name", "runs-on", "steps", "permissions", "env", "timeout-minutes"])
_STEP = frozenset(["name", "id", "uses", "with", "run", "env"])
_WITH: Mapping[str, frozenset[str]] = {
    "actions/checkout": frozenset(["fetch-depth", "persist-credentials"]),
    "actions/setup-python": frozenset(["python-version", "cache"]),
    "actions/cache": frozenset(["path", "key", "restore-keys"]),
    "iterative/setup-dvc": frozenset(["version"]),
    "treeverse/setup-dvc": frozenset(["version"]),
    "iterative/setup-cml": frozenset(["version"]),
    "astral-sh/setup-uv": frozenset(["version", "enable-cache"]),
}
"""The actions that the made workflow does the work of, and the settings of theirs that say nothing more."""

_SECRET = re.compile(r"\$\{\{\s*secrets\.([A-Za-z_]\w*)\s*\}\}\Z")
_TOKEN = re.compile(r"\$\{\{\s*(secrets\.GITHUB_TOKEN|github\.token)\s*\}\}\Z")
_VERSION = re.compile(r"\d+(\.\d+)*\Z")
_INSTALL = re.compile(r"(?:python3? -m )?(?:uv )?pip3? install(?P<words>(?: [^;&|<>$`]+)?)\Z")
_TOOL = re.compile(r"(dvc(-\w+)?|pip|setuptools|wheel|uv)(\[[\w,-]+\])?([=<>~!]=?[\w.*]+)?\Z")
_RUNS = re.compile(r"dvc repro( (-v|-q|--verbose|--quiet|--pull))*\Z")
_SHOWS = re.compile(
    r"(dvc (pull|push|fetch)( (-v|-q|-f|--force|--run-cache))*|dvc (status|(metrics|params|plots) (show|diff)|exp show)\b[^;&|$`]*"
    r"|cml(-send-comment| send-comment| comment (create|update))( --[a-z-]+)* [\w./-]+|echo [^;&|$`]*>>? ?[\w./-]+\.md|#.*|)\Z"
)
_PLAIN = re.compile(r"[A-Za-z_][\w-]*\Z")


class Stays(Exception):  # noqa: N818 - it is an answer
    """Why a workflow stays as it is."""


@dataclass(slots=True)
class Carried:
    """What of a workflow becomes `ci:`, and what will not be quite as it was."""

    path: str
    ci: dict[str, Any] = field(default_factory=dict)
    differs: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The line of the spec."""
        return f"ci: {_flow(self.ci)}"


def carried(snapshot: Snapshot, path: str, requirements: str | None) -> Carried:
    """The settings of a workflow whose one job only wraps DVC. Raises `Stays`.

    ``requirements`` is the file that the made workflow installs.
    """
    source, problems = decode(path, snapshot.read(path) or b"")
    data, more = load(source)
    if (
        problems
        or more
        or not isinstance(data, Mapping)
        or not isinstance(jobs := data.get("jobs"), Mapping)
        or not jobs
    ):
        raise Stays("it has no jobs that can be read")
    if len(jobs) != 1:
        raise Stays(f"it has {len(jobs)} jobs, and one is what can be taken over")
    _only(data, _TOP, "it")
    ((name, job),) = jobs.items()
    job = job if isinstance(job, Mapping) else {}
    _only(job, _JOB, f"its job `{name}`")
    found = Carried(path, differs=["it checks the pipeline first, and tests the code where there are tests"])
    on = data.get("on", data.get(True))
    found.ci["on"] = _triggers(on, found)
    if (runner := job.get("runs-on")) != "ubuntu-latest":
        labels = runner if isinstance(runner, list) else [runner]
        if not all(isinstance(label, str) and "${{" not in label for label in labels):
            raise Stays(f"its job `{name}` runs on a machine that an expression names")
        found.ci["runner"] = runner
    for holder in (data, job):
        if "id-token" in str(holder.get("permissions")):
            raise Stays("it asks for an `id-token`")
        if "concurrency" in holder:
            found.differs.append("a newer run for the same branch waits, for the same pull request it takes over")
    steps = job.get("steps")
    secrets = {**_secrets(data), **_secrets(job)}
    lines: list[str] = []
    for step in steps if isinstance(steps, list) else [None]:
        if not isinstance(step, Mapping):
            raise Stays(f"its job `{name}` has steps that cannot be read")
        _only(step, _STEP, f"a step of `{name}`")
        secrets |= _secrets(step)
        if "uses" in step:
            _action(step, found)
        lines += _lines(step)
    for line in lines:
        _known(line, requirements)
    if not any(_RUNS.match(line) for line in lines):
        raise Stays("it does not run the pipeline")
    pushes = any(line.startswith("dvc push") for line in lines)
    found.differs.append(
        f"results are pushed to the DVC remote, {'' if pushes else 'which yours did not do, '}from the default branch alone"
    )
    if secrets:
        found.ci["secrets"] = list(secrets)
        found.differs.append("its secrets are read in the environment `mlops` of GitHub")
    if (minutes := job.get("timeout-minutes")) is not None:
        if not isinstance(minutes, int) or minutes < 1:
            raise Stays("its `timeout-minutes` is no number")
        found.ci["timeout"] = f"{minutes}m"
    return found


def _only(given: Mapping[Any, Any], known: Collection[str], what: str) -> None:
    for key in given:
        if key not in known and key is not True:  # `on`, to a reader of YAML 1.1
            raise Stays(f"{what} has `{key}`")


def _is_cron(item: Any) -> bool:
    return isinstance(item, Mapping) and list(item) == ["cron"]


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key) or {}
    if not isinstance(value, Mapping):
        raise Stays(f"its `{key}` is an expression")
    return value


def _triggers(on: Any, found: Carried) -> dict[str, Any]:
    named = [on] if isinstance(on, str) else on
    events = dict.fromkeys(map(str, named)) if isinstance(named, list) else named
    if not isinstance(events, Mapping) or not events:
        raise Stays("when it runs cannot be read")
    said: dict[str, Any] = {"push": [], "pull_request": False, "manual": False}
    for event, filters in events.items():
        if event == "push" and (not filters or (isinstance(filters, Mapping) and list(filters) == ["branches"])):
            branches = filters["branches"] if filters else ["**"]
            said["push"] = [branches] if isinstance(branches, str) else branches
            if not filters:
                found.differs.append("the push of a tag no longer starts it")
        elif event == "pull_request" and not filters:
            said["pull_request"] = True
        elif event == "workflow_dispatch" and not filters:
            said["manual"] = True
        elif event == "schedule" and isinstance(filters, list) and filters and all(map(_is_cron, filters)):
            said["schedule"] = [each["cron"] for each in filters]
        else:
            raise Stays(
                f"it runs on `{event}`"
                + (f" with `{next(iter(filters))}`" if isinstance(filters, dict) and filters else "")
            )
    return said


def _secrets(holder: Mapping[str, Any]) -> dict[str, None]:
    """The secrets that an `env` gives under their own names; the token of the run is none."""
    names: dict[str, None] = {}
    for name, value in _mapping(holder, "env").items():
        if _TOKEN.match(str(value)):
            continue
        secret = _SECRET.match(str(value))
        if secret is None or secret[1] != name:
            raise Stays(f"it sets the variable `{name}`")
        names[name] = None
    return names


def _action(step: Mapping[str, Any], found: Carried) -> None:
    action = str(step["uses"]).partition("@")[0]
    if action not in _WITH:
        raise Stays(f"it uses `{action}`")
    given = _mapping(step, "with")
    _only(given, _WITH[action], f"its `{action}`")
    if action == "actions/setup-python" and (version := given.get("python-version")) is not None:
        if not _VERSION.match(str(version)):
            raise Stays(f"its Python is `{version}`")
        found.ci["python"] = str(version)


def _lines(step: Mapping[str, Any]) -> Iterator[str]:
    for line in str(step.get("run") or "").replace("\\\n", " ").splitlines():
        yield " ".join(line.split())


def _known(line: str, requirements: str | None) -> None:
    """Raises `Stays` for a line of a step that the made workflow does not do the like of."""
    if (install := _INSTALL.match(line)) is not None:
        words = install["words"].replace("-r ", "-r").replace("-e ", "-e").split()
        for word in (word.strip("'\"") for word in words):
            own = (
                {f"-r{requirements}"} if requirements == "requirements.txt" else {"-e.", "."} if requirements else set()
            )
            if word not in own and not _TOOL.match(word) and word not in ("-U", "--upgrade", "-q", "--quiet"):
                raise Stays(f"it installs `{word}`, which the made one would not")
    elif not _RUNS.match(line) and not _SHOWS.match(line):
        raise Stays(f"it runs `{line}`")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if isinstance(value, str) and _PLAIN.match(value) else json.dumps(value)
