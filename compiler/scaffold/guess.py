"""Guess the first spec of a repository: stages, inputs and outputs, from its scripts, Makefile and CI. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..emit.shell import quote
from ..model.snapshot import Snapshot
from ..resolve.conventions import RUNNERS
from .names import names
from .refusal import Refusal
from .traces import Traces, traces

FOLDERS = ("", "src", "scripts", "pipelines", "pipeline", "notebooks", "code")
"""The folders that are searched for scripts, besides packages in `src`."""

STEPS = """
    download fetch pull ingest import load extract collect scrape prepare clean preprocess process parse merge join
    split feature featurize transform build train fit tune evaluate eval score test predict infer report plot monitor
    """.split()
"""Words that name steps of a pipeline, in their usual order."""

METRIC_WORDS = ("metric", "score")
PLOT_WORDS = ("plot", "figure", "fig", "chart")

_NO_STAGE = re.compile(
    r"(^|/)(test_.*|.*_test|conftest|setup|noxfile|tasks|__init__|__main__|utils?|helpers?|config|app)\.\w+$"
)
_COMMAND = re.compile(r"(?:^|[\s;&@-])((?:python3?|Rscript|julia|bash|sh)\s+([\w./-]+\.(?:py|R|r|jl|sh))\b[^|;&#\n]*)")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and the reason for it."""

    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class GuessedOut:
    """An out. ``cached`` says whether DVC keeps it."""

    path: str
    cached: bool
    reason: str


@dataclass(slots=True)
class Guess:
    """One stage, with the reason for each of its parts. ``deps`` and ``outs`` map paths to reasons."""

    name: str
    script: str
    cmd: str
    reason: str
    deps: dict[str, str] = field(default_factory=dict)
    outs: dict[str, str] = field(default_factory=dict)
    params: bool = False

    def outs_by_key(self, tracked: Collection[str]) -> dict[str, list[GuessedOut]]:
        """The outs under `outs`, `metrics` and `plots`; ``tracked`` are the files in Git, which DVC must not cache."""
        groups: dict[str, list[GuessedOut]] = {"outs": [], "metrics": [], "plots": []}
        for path, reason in self.outs.items():
            key = out_key(path)
            groups[key].append(GuessedOut(path, key != "metrics" and path not in tracked, reason))
        return {key: outs for key, outs in groups.items() if outs}


def out_key(path: str) -> str:
    """The key under which an out is declared, by its name."""
    lowered = path.lower()
    if lowered.endswith((".json", ".yaml", ".yml")) and any(word in lowered for word in METRIC_WORDS):
        return "metrics"
    if lowered.endswith((".png", ".svg", ".csv", ".json")) and any(word in lowered for word in PLOT_WORDS):
        return "plots"
    return "outs"


@dataclass(slots=True)
class GuessedSpec:
    """The whole guess. ``questions`` are what the user has to decide."""

    project: str
    stack: dict[str, Setting]
    stages: list[Guess] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, str]:
        """The script that writes each out."""
        return {path: stage.script for stage in self.stages for path in stage.outs}


@dataclass(frozen=True, slots=True)
class Script:
    """A script that looks like a step, with the files that it reads and writes."""

    path: str
    name: str
    files: Traces


def guess(snapshot: Snapshot, folder: str, tracked: Collection[str], params: Collection[str]) -> GuessedSpec:
    """Guess a spec for the repository in ``folder``.

    ``tracked`` are the files in Git, ``params`` the top-level keys of params.yaml.
    """
    commands = dict(reversed(list(_commands(snapshot))))
    scripts = list(_steps(snapshot, commands))
    spec = GuessedSpec(_project_name(folder), stack_for(snapshot))
    written = {path for script in scripts for path in script.files.writes}
    for script in _in_order(scripts):
        _add_stage(spec, script, commands.get(script.path), snapshot, written, params)
    for stage in spec.stages:
        if not stage.outs:
            spec.questions.append(f"`{stage.name}` has no outs, because no file that `{stage.script}` writes was found")
        for path in sorted(stage.outs.keys() & set(tracked)):
            stage.outs[path] += "; it is in Git, so DVC must not cache it"
    return spec


def _steps(snapshot: Snapshot, commands: Collection[str]) -> Iterator[Script]:
    for path in _scripts(snapshot):
        text = (snapshot.read(path) or b"").decode("utf-8", "replace")
        files = traces(path, text)
        if path in commands or _is_step(path, text, files):
            yield Script(path, _stage_name(path), files)


def _add_stage(
    spec: GuessedSpec,
    script: Script,
    command: Setting | None,
    snapshot: Snapshot,
    written: Collection[str],
    params: Collection[str],
) -> None:
    namesake = next((stage.script for stage in spec.stages if stage.name == script.name), None)
    if namesake is not None:
        spec.questions.append(
            f"`{script.path}` was left out, because `{namesake}` already gives a stage `{script.name}`"
        )
        return
    command = command or Setting(_default_command(script.path), f"{script.path} exists")
    stage = Guess(script.name, script.path, command.value, command.reason, params=script.name in params)
    for path, line in script.files.reads.items():
        if path in written or snapshot.kind(path) is not None:
            stage.deps[path] = f"{script.path}:{line} reads it"
        else:
            spec.questions.append(
                f"`{script.path}` line {line} reads `{path}`, which does not exist and which no stage writes: left out"
            )
    outputs = spec.outputs
    for path, line in script.files.writes.items():
        if path in outputs:
            spec.questions.append(
                f"`{outputs[path]}` and `{script.path}` both write `{path}`: it is an out of the first"
            )
        else:
            stage.outs[path] = f"{script.path}:{line} writes it"
    spec.stages.append(stage)


def _in_order(scripts: list[Script]) -> Iterator[Script]:
    """The scripts in order: each after those that write what it reads, otherwise by number and by name."""
    waiting = sorted(scripts, key=_rank)
    while waiting:
        writers = {path: script for script in waiting for path in script.files.writes}
        ready = (
            script for script in waiting if all(writers.get(path, script) is script for path in script.files.reads)
        )
        chosen = next(ready, waiting[0])
        waiting.remove(chosen)
        yield chosen


def _project_name(folder: str) -> str:
    try:
        return names(folder).slug
    except Refusal:
        return "pipeline"


def stack_for(snapshot: Snapshot) -> dict[str, Setting]:
    """Turn off the files that the user already has."""
    stack: dict[str, Setting] = {}
    if any(snapshot.kind(name) for name in ("Makefile", "makefile", "GNUmakefile")):
        stack["orchestrator"] = Setting(["dvc"], "your Makefile is kept:")
        stack["build"] = Setting("none", "remove this line and the one above to have mlopsc generate it")
    ci = [name for name in (".github/workflows", ".gitlab-ci.yml", "Jenkinsfile") if snapshot.kind(name)]
    if ci:
        stack["ci"] = Setting([], f"your {ci[0]} is kept; `ci: github` generates a workflow")
    return stack


def _scripts(snapshot: Snapshot) -> Iterator[str]:
    folders = [*FOLDERS, *(f"src/{name}" for name in snapshot.list("src") if snapshot.kind(f"src/{name}") == "dir")]
    for folder in folders:
        for name in snapshot.list(folder):
            path = posixpath.join(folder, name)
            if posixpath.splitext(name)[1] in RUNNERS and snapshot.kind(path) == "file" and not _NO_STAGE.search(path):
                yield path


def _commands(snapshot: Snapshot) -> Iterator[tuple[str, Setting]]:
    """The commands with which the Makefile and CI run scripts, by script."""
    places = ["Makefile", "makefile", ".gitlab-ci.yml"]
    places += [f".github/workflows/{name}" for name in snapshot.list(".github/workflows")]
    for place in places:
        text = (snapshot.read(place) or b"").decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), start=1):
            for command, script in _COMMAND.findall(line):
                script = posixpath.normpath(script)
                if snapshot.kind(script) == "file" and not _NO_STAGE.search(script) and "$" not in command:
                    yield script, Setting(" ".join(command.split()), f"{place}:{number} runs it")


def _is_step(path: str, text: str, files: Traces) -> bool:
    runnable = not path.endswith(".py") or "__main__" in text or posixpath.dirname(path) in ("", "scripts", "src")
    return runnable and (bool(files.reads or files.writes) or _step_index(_stage_name(path)) is not None)


def _stage_name(path: str) -> str:
    stem = posixpath.splitext(posixpath.basename(path))[0].lower()
    return re.sub(r"[^a-z0-9_-]+", "-", re.sub(r"^\d+[\s._-]*", "", stem)).strip("-") or "step"


def _step_index(name: str) -> int | None:
    parts = re.split(r"[_-]", name)
    return next((STEPS.index(step) for step in STEPS if any(part.startswith(step) for part in parts)), None)


def _rank(script: Script) -> tuple[int, int, str]:
    number = re.match(r"\d+", posixpath.basename(script.path))
    index = _step_index(script.name)
    return (int(number.group()) if number else 1_000_000, len(STEPS) if index is None else index, script.path)


def _default_command(path: str) -> str:
    runner = RUNNERS[posixpath.splitext(path)[1]]
    if runner == "papermill":
        return f"papermill {quote(path)} {quote('reports/' + posixpath.basename(path))}"
    return f"{runner} {quote(path)}"
