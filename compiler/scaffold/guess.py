"""The first spec of a repository that has none: stages, inputs and outputs guessed from what is there. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..model.snapshot import Snapshot
from ..resolve.conventions import RUNNERS
from .names import names
from .refusal import Refusal
from .traces import Traces, traces

FOLDERS = ("", "src", "scripts", "pipelines", "pipeline", "notebooks", "code")
"""Where scripts are looked for, and in packages below `src`."""

WORDS = """
    download fetch pull ingest import load extract collect scrape prepare clean preprocess process parse merge join
    split feature featurize transform build train fit tune evaluate eval score test predict infer report plot monitor
    """.split()
"""Words that name steps, in the order in which the steps of a pipeline usually come."""

_NO_STAGE = re.compile(
    r"(^|/)(test_.*|.*_test|conftest|setup|noxfile|tasks|__init__|__main__|utils?|helpers?|config|app)\.\w+$"
)
_COMMAND = re.compile(r"(?:^|[\s;&@-])((?:python3?|Rscript|julia|bash|sh)\s+([\w./-]+\.(?:py|R|r|jl|sh))\b[^|;&#\n]*)")


@dataclass(slots=True)
class Guess:
    """One stage, with where each part of it was seen."""

    name: str
    script: str
    cmd: str
    seen: str
    deps: dict[str, str] = field(default_factory=dict)
    outs: dict[str, str] = field(default_factory=dict)
    params: bool = False


@dataclass(slots=True)
class Spec:
    """The whole guess. ``doubts`` are what a person has to decide."""

    project: str
    stack: dict[str, tuple[Any, str]]
    stages: list[Guess]
    doubts: list[str] = field(default_factory=list)


def guess(snapshot: Snapshot, folder: str, tracked: Collection[str], params: Collection[str]) -> Spec:
    """Guess a spec. ``folder`` is the directory's name, ``tracked`` what Git holds, ``params`` the keys of params.yaml."""
    commands = dict(reversed(list(_commands(snapshot))))
    known: list[tuple[str, str, Traces]] = []
    for script in _scripts(snapshot):
        text = (snapshot.read(script) or b"").decode("utf-8", "replace")
        found = traces(script, text)
        if script in commands or _is_step(script, text, found):
            known.append((script, _name(script), found))
    spec = Spec(_project(folder), stack_of(snapshot), [])
    taken: dict[str, str] = {}
    made = {path for _, _, found in known for path in found.writes}
    for script, name, found in _in_order(known):
        if name in taken:
            spec.doubts.append(f"`{script}` would be a second stage `{name}`, besides `{taken[name]}`: left out")
            continue
        taken[name] = script
        cmd, seen = commands.get(script, (_run(script), f"{script} is there"))
        stage = Guess(name, script, cmd, seen, params=name in params)
        for path, line in found.reads.items():
            if path in made or snapshot.kind(path) is not None:
                stage.deps[path] = f"{script}:{line} reads it"
            else:
                spec.doubts.append(
                    f"`{script}` line {line} reads `{path}`, which is not here and nothing makes: left out"
                )
        _outs(stage, found, spec)
        spec.stages.append(stage)
    for stage in spec.stages:
        if not stage.outs:
            spec.doubts.append(f"what `{stage.script}` writes could not be told: give stage `{stage.name}` its `outs`")
        for path in sorted(stage.outs.keys() & set(tracked)):
            stage.outs[path] += "; Git holds it, so DVC must not"
    return spec


def _in_order(known: list[tuple[str, str, Traces]]) -> Iterator[tuple[str, str, Traces]]:
    """Steps as they would be run: each after those that write what it reads, otherwise as numbers and names suggest."""
    waiting = sorted(known, key=lambda each: _rank(each[1], each[0]))
    while waiting:
        unmade = {path: script for script, _, found in waiting for path in found.writes}
        ready = (each for each in waiting if all(unmade.get(path, each[0]) == each[0] for path in each[2].reads))
        chosen = next(ready, waiting[0])
        waiting.remove(chosen)
        yield chosen


def _outs(stage: Guess, found: Traces, spec: Spec) -> None:
    for path, line in found.writes.items():
        owner = next((each for each in spec.stages if path in each.outs), None)
        if owner is not None:
            spec.doubts.append(f"`{path}` is written by `{owner.script}` and by `{stage.script}`: kept with the first")
        else:
            stage.outs[path] = f"{stage.script}:{line} writes it"


def _project(folder: str) -> str:
    try:
        return names(folder).slug
    except Refusal:
        return "pipeline"


def stack_of(snapshot: Snapshot) -> dict[str, tuple[Any, str]]:
    """What is not to be written, as the user has it already, and why."""
    stack: dict[str, tuple[Any, str]] = {}
    if any(snapshot.kind(name) for name in ("Makefile", "makefile", "GNUmakefile")):
        stack["orchestrator"] = (["dvc"], "there is a Makefile, which stays yours:")
        stack["build"] = ("none", "without this line and the one above, mlopsc writes one")
    there = [name for name in (".github/workflows", ".gitlab-ci.yml", "Jenkinsfile") if snapshot.kind(name)]
    if there:
        stack["ci"] = ([], f"there is {there[0]}, which stays yours; name `github` to have a workflow written")
    return stack


def _scripts(snapshot: Snapshot) -> Iterator[str]:
    folders = [*FOLDERS, *(f"src/{name}" for name in snapshot.list("src") if snapshot.kind(f"src/{name}") == "dir")]
    for folder in folders:
        for name in snapshot.list(folder):
            path = posixpath.join(folder, name)
            if posixpath.splitext(name)[1] in RUNNERS and snapshot.kind(path) == "file" and not _NO_STAGE.search(path):
                yield path


def _commands(snapshot: Snapshot) -> Iterator[tuple[str, tuple[str, str]]]:
    """Commands that the Makefile and CI run scripts with: script, command, and where."""
    places = ["Makefile", "makefile", ".gitlab-ci.yml"]
    places += [f".github/workflows/{name}" for name in snapshot.list(".github/workflows")]
    for place in places:
        text = (snapshot.read(place) or b"").decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), start=1):
            for command, script in _COMMAND.findall(line):
                script = posixpath.normpath(script)
                if snapshot.kind(script) == "file" and not _NO_STAGE.search(script) and "$" not in command:
                    yield script, (" ".join(command.split()), f"{place}:{number} runs it")


def _is_step(script: str, text: str, found: Traces) -> bool:
    main = not script.endswith(".py") or "__main__" in text or posixpath.dirname(script) in ("", "scripts", "src")
    return main and (bool(found.reads or found.writes) or _word(_name(script)) is not None)


def _name(script: str) -> str:
    stem = posixpath.splitext(posixpath.basename(script))[0].lower()
    return re.sub(r"[^a-z0-9_-]+", "-", re.sub(r"^\d+[\s._-]*", "", stem)).strip("-") or "step"


def _word(name: str) -> int | None:
    parts = re.split(r"[_-]", name)
    return next((WORDS.index(word) for word in WORDS if any(part.startswith(word) for part in parts)), None)


def _rank(name: str, script: str) -> tuple[int, int, str]:
    number = re.match(r"\d+", posixpath.basename(script))
    word = _word(name)
    return (int(number.group()) if number else 1_000_000, len(WORDS) if word is None else word, script)


def _run(script: str) -> str:
    runner = RUNNERS[posixpath.splitext(script)[1]]
    if runner == "papermill":
        return f"papermill {_quoted(script)} {_quoted('reports/' + posixpath.basename(script))}"
    return f"{runner} {_quoted(script)}"


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
