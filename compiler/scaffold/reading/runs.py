"""The commands with which a repository runs its scripts, in order: from Makefiles, shell scripts, Python wrappers and CI."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...model.snapshot import Snapshot
from ...resolve.code.makefile import NAMES as MAKEFILES
from ...resolve.code.makefile import Makefile, read_makefile
from .scripts import read_script

RUNNERS = ("python", "python3", "Rscript", "julia", "bash", "sh")
SCRIPTS = (".py", ".R", ".r", ".jl", ".sh", ".ipynb")
PREFIXES = ("uv run", "poetry run", "pipenv run", "pdm run", "hatch run", "time", "nohup", "exec", "srun", "nice", "@")
MAX_ITEMS = 32
MAX_DEPTH = 5

_ASSIGNMENT = re.compile(r"(?:export\s+|readonly\s+|local\s+)?([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^\s;&|]*)\s*$")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_HERE = re.compile(
    r"\"?\$\((?:cd \"?)?\$?\(?dirname \"?(?:\$0|\$\{?BASH_SOURCE(?:\[0\])?\}?)\"?\)?(?:\"? && pwd)?\)\"?"
)
_FOR = re.compile(r"for\s+(\w+)\s+in\s+(.+?)\s*(?:;\s*do\b|;?\s*$)(.*)")
_REDIRECTED = re.compile(r"(?<![0-9&])>>?\s*['\"]?([\w./-]+)")
_CI_RUN = re.compile(
    r"^\s*(?:- )?(?:run:\s*)?(?P<command>(?:uv run |poetry run )?(?:python3?|Rscript|julia|bash|sh|make)\s.*)$"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One command that runs a script of the repository. ``place`` says where it stands, ``wdir`` where it runs."""

    script: str
    command: str
    arguments: tuple[str, ...]
    wdir: str
    place: str
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A file that runs scripts, with its runs in order."""

    path: str
    runs: tuple[Run, ...]


def wrappers(snapshot: Snapshot, scripts: Sequence[str]) -> list[Wrapper]:
    """The files that run scripts, the most telling first: the Makefile, shell scripts, Python scripts, CI."""
    found = [_makefile(snapshot, name) for name in MAKEFILES if snapshot.kind(name) == "file"]
    found += [Wrapper(path, tuple(_shell_runs(snapshot, path))) for path in scripts if path.endswith(".sh")]
    found += [_python(snapshot, path) for path in scripts if path.endswith(".py")]
    workflows = [f".github/workflows/{name}" for name in snapshot.list(".github/workflows")]
    found += [_ci(snapshot, path) for path in (".gitlab-ci.yml", *workflows)]
    ranked = [wrapper for wrapper in found if wrapper.runs]
    return sorted(
        ranked, key=lambda wrapper: wrapper.path not in MAKEFILES and not wrapper.path.endswith((".sh", ".py"))
    )


def _text(snapshot: Snapshot, path: str) -> str:
    return (snapshot.read(path) or b"").decode("utf-8", "replace")


def _makefile(snapshot: Snapshot, name: str) -> Wrapper:
    makefile = read_makefile(_text(snapshot, name))
    goals = [goal for goal in makefile.rules if not goal.startswith(".")]
    done: set[str] = set()
    runs: list[Run] = []
    for goal in goals:
        for number, command in _recipes(makefile, goal, done):
            runs += _line_runs(snapshot, command, ".", f"{name}:{number}", {}, 0)
    return Wrapper(name, tuple(runs))


def _recipes(makefile: Makefile, goal: str, done: set[str]) -> Iterator[tuple[int, str]]:
    """The recipe lines of a goal, those of what it needs first."""
    if goal in done or len(done) > 500:
        return
    done.add(goal)
    rule = makefile.rules.get(goal)
    if rule is None:
        return
    for need in rule.needs:
        yield from _recipes(makefile, need, done)
    automatic = {"@": goal, "<": rule.needs[0] if rule.needs else "", "^": " ".join(rule.needs)}
    for number, text in rule.recipe:
        yield number, makefile.expanded(text, automatic)


def _shell_runs(snapshot: Snapshot, path: str, wdir: str = ".", depth: int = 0) -> Iterator[Run]:
    """The runs in a shell script, with its variables, `cd` and loops over literal words followed."""
    variables: dict[str, str] = {}
    lines = _text(snapshot, path).replace("\\\n", " ").splitlines()
    numbered = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    yield from _block(snapshot, path, numbered, [wdir], variables, depth)


def _block(
    snapshot: Snapshot,
    path: str,
    lines: Sequence[tuple[int, str]],
    wdir: list[str],
    variables: dict[str, str],
    depth: int,
) -> Iterator[Run]:
    index = 0
    while index < len(lines):
        number, line = lines[index]
        index += 1
        line = re.sub(r"(^|\s)#.*", "", line)
        line = _HERE.sub(posixpath.dirname(path) or ".", line)
        if loop := _FOR.match(line):
            body, index = _loop_body(lines, index, number, loop[3])
            for word in _expanded(loop[2], variables).split()[:MAX_ITEMS]:
                yield from _block(snapshot, path, body, wdir, {**variables, loop[1]: word.strip("\"'")}, depth)
        elif assigned := _ASSIGNMENT.match(line):
            variables[assigned[1]] = _expanded(assigned[2].strip("\"'"), variables)
        else:
            if change := re.match(r"cd\s+(\S+)\s*$", line):
                wdir[0] = _in(wdir[0], _expanded(change[1].strip("\"'"), variables), path)
            yield from _line_runs(snapshot, line, wdir[0], f"{path}:{number}", variables, depth)


def _loop_body(
    lines: Sequence[tuple[int, str]], index: int, number: int, rest: str
) -> tuple[list[tuple[int, str]], int]:
    """The lines of a `for` loop, up to its `done`, and the index after it."""
    if "done" in rest:
        return [(number, part.strip()) for part in rest.partition("done")[0].split(";") if part.strip()], index
    body: list[tuple[int, str]] = []
    depth = 1
    while index < len(lines):
        line_number, line = lines[index]
        index += 1
        depth += bool(_FOR.match(line)) - line.startswith("done")
        if not depth:
            break
        if line != "do":
            body.append((line_number, line))
    return body, index


def _in(wdir: str, folder: str, path: str) -> str:
    """The folder after a `cd`; to the folder of the script itself, it is that."""
    here = posixpath.dirname(path) or "."
    if folder in (here, f"{here}/.."):
        return posixpath.normpath(folder)
    return posixpath.normpath(posixpath.join(wdir, folder))


def _expanded(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: variables.get(match[1] or match[3], match[2] or match[0]), text)


def _line_runs(
    snapshot: Snapshot, line: str, wdir: str, place: str, variables: dict[str, str], depth: int
) -> Iterator[Run]:
    """The runs in one line of commands."""
    for part in re.split(r"\s*(?:&&|\|\||;)\s*", line.strip().strip("()").strip()):
        part = _expanded(part, variables).strip()
        if change := re.match(r"cd\s+(\S+)$", part):
            wdir = posixpath.normpath(posixpath.join(wdir, change[1].strip("\"'")))
        else:
            yield from _command_runs(snapshot, part, wdir, place, depth)


def _command_runs(snapshot: Snapshot, command: str, wdir: str, place: str, depth: int) -> Iterator[Run]:
    bare = command
    while prefix := next((word for word in PREFIXES if bare.startswith(f"{word} ")), None):
        bare = bare[len(prefix) :].lstrip()
    try:
        words = shlex.split(re.split(r"\s[|<>]|\s\d>", bare)[0])
    except ValueError:
        return
    words = words[next((i for i, word in enumerate(words) if "=" not in word or word.startswith("-")), 0) :]
    script, arguments = _script_of(snapshot, words, wdir)
    if script is None or "$" in command or "\0" in command:
        return
    if script.endswith(".sh") and depth < MAX_DEPTH and (inner := list(_shell_runs(snapshot, script, wdir, depth + 1))):
        yield from inner
        return
    writes = tuple(posixpath.normpath(posixpath.join(wdir, path)) for path in _REDIRECTED.findall(command))
    yield Run(script, " ".join(command.split()), tuple(arguments), wdir, place, writes)


def _script_of(snapshot: Snapshot, words: Sequence[str], wdir: str) -> tuple[str | None, list[str]]:
    """The script that a command runs, from the root, and its arguments."""
    if not words:
        return None, []
    program = posixpath.basename(words[0])
    rest = list(words[1:])
    if re.fullmatch(r"python[\d.]*", program):
        while rest and rest[0].startswith("-") and rest[0] != "-m":
            rest.pop(0)
        if rest[:1] == ["-m"] and len(rest) > 1:
            path = posixpath.normpath(posixpath.join(wdir, rest[1].replace(".", "/") + ".py"))
            return (path, rest[2:]) if snapshot.kind(path) == "file" else (None, [])
    elif program not in RUNNERS:
        if not words[0].startswith("./") or not words[0].endswith(SCRIPTS):
            return None, []
        rest = list(words)
    while rest and rest[0].startswith("-"):
        rest.pop(0)
    if not rest or not rest[0].endswith(SCRIPTS):
        return None, []
    path = posixpath.normpath(posixpath.join(wdir, rest[0]))
    return (path, rest[1:]) if snapshot.kind(path) == "file" else (None, [])


def _python(snapshot: Snapshot, path: str) -> Wrapper:
    """A Python script that runs others, or calls the `main` of several that can be run themselves."""
    text = _text(snapshot, path)
    if not re.search(r"subprocess|os\.system|runpy|import", text):
        return Wrapper(path, ())
    files = read_script(path, text, snapshot)
    runs = [run for command, place in files.commands for run in _line_runs(snapshot, command, ".", place, {}, 0)]
    steps = [step for step in files.called if "__main__" in _text(snapshot, step)]
    if not runs and len(steps) > 1 and len(steps) == len(files.called):
        runs = [Run(step, f"python {shlex.quote(step)}", (), ".", f"{path}:1") for step in steps]
    return Wrapper(path, tuple(run for run in runs if run.script != path))


def _ci(snapshot: Snapshot, path: str) -> Wrapper:
    runs: list[Run] = []
    for number, line in enumerate(_text(snapshot, path).splitlines(), start=1):
        if match := _CI_RUN.match(line):
            runs += _line_runs(snapshot, match["command"], ".", f"{path}:{number}", {}, 0)
    return Wrapper(path, tuple(runs))
