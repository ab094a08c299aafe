"""Which scripts of a repository are steps of its pipeline, and how each is run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..emit.shell import quote
from ..model.snapshot import Snapshot
from ..resolve.conventions import RUNNERS
from .reading.runs import Run, Wrapper, wrappers
from .reading.scripts import read_script
from .reading.traces import Traces

STEPS = """
    download fetch pull ingest import load extract collect scrape generate make prepare prep clean preprocess process parse
    merge join split feature featurize transform build train fit tune model evaluate eval score test predict infer export
    report monitor
    """.split()
"""Words that name steps of a pipeline, in their usual order."""

_SKIPPED_FOLDER = re.compile(
    r"(^|/)(\..*|tests?|docs?|node_modules|site-packages|venv|env|__pycache__|build|dist|examples?|vendor|third_party"
    r"|old|archived?|backups?|deprecated|legacy|attic|unused|trash|mlruns|wandb|data|outputs?|models|results)$"
)
_NO_STAGE = re.compile(
    r"(^|/)(test_.*|.*_test|conftest|setup|noxfile|tasks|manage|__init__|__main__|_?utils?|.*_utils?|helpers?|.*_helpers?"
    r"|common|config|conf|constants|settings|paths|app|dashboard|server|api|types|version|logger|logging_.*)\.\w+$"
)
_PUT_AWAY = re.compile(
    r"(^|[\W_])(old|older|backup|bak|copy|orig|deprecated|archived?|unused|scratch|tmp|temp|wip|untitled\d*|draft)([\W_]|$)",
    re.IGNORECASE,
)
_DRAWS = re.compile(r"(^|[\W_\d])(plots?|plotting|viz|visuali[sz]\w*|figures?|charts?)([\W_]|$)", re.IGNORECASE)
_EXPLORES = re.compile(
    r"(^|[\W_\d])(eda|explor\w*|playground|demo|example|tutorial|sandbox|debug)([\W_]|$)", re.IGNORECASE
)
MAX_FOLDERS = 2000
MAX_PASSES = 4


@dataclass(frozen=True, slots=True)
class Script:
    """A script that is a step, with how it is run and what it reads and writes.

    ``number`` is its place in the order of the wrappers; None if none runs it.
    """

    path: str
    name: str
    files: Traces
    command: str
    reason: str
    wdir: str = "."
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The steps in the order of the wrappers, and one line for each script that is left out on purpose."""

    scripts: tuple[Script, ...]
    left_out: tuple[str, ...]


def candidates(snapshot: Snapshot) -> Candidates:
    """The steps of a repository."""
    paths = list(scripts_of(snapshot))
    usable = [path for path in paths if not is_put_away(path)]
    known = wrappers(snapshot, usable)
    runs = _runs(known)
    # What a wrapper only passes on is no step, and neither is the wrapper.
    wrapping = {wrapper.path for wrapper in known if len(wrapper.runs) > 1 or wrapper.path.endswith(".sh")}
    left_out = [f"`{path}`: by its name it is an old version" for path in paths if is_put_away(path)]
    left_out += [f"`{path}`: it only runs other scripts" for path in paths if path in wrapping]
    steps = [_run_script(snapshot, run, number) for number, run in enumerate(runs) if run.script not in wrapping]
    rest = [path for path in usable if path not in wrapping and path not in {run.script for run in runs}]
    traced = _traced(snapshot, rest, {path for step in steps for path in step.files.writes})
    imported = {module for files, _ in traced.values() for module in files.modules}
    imported |= {module for step in steps for module in step.files.modules}
    for path in rest:
        files, wdir = traced[path]
        if reason := _no_step(snapshot, path, files, imported):
            left_out += [f"`{path}`: {reason}"] if reason != "." else []
        else:
            command = default_command(snapshot, path, wdir)
            in_folder = "." if path.endswith(".ipynb") else wdir
            steps.append(Script(path, stage_name(path), files, command, f"{path} exists", in_folder))
    return Candidates(tuple(_renamed(steps)), tuple(left_out))


def is_put_away(path: str) -> bool:
    """Whether a name says that the script is not in use any more."""
    return bool(_PUT_AWAY.search(posixpath.splitext(path)[0]))


def scripts_of(snapshot: Snapshot) -> Iterator[str]:
    """The scripts below the root, without those in environments, tests, archives and data."""
    waiting, seen = [""], 0
    while waiting and seen < MAX_FOLDERS:
        folder = waiting.pop(0)
        seen += 1
        for name in snapshot.list(folder):
            path = posixpath.join(folder, name)
            kind = snapshot.kind(path)
            if kind == "dir" and not _SKIPPED_FOLDER.search(path) and folder.count("/") < 4:
                if snapshot.kind(f"{path}/pyvenv.cfg") is None and snapshot.kind(f"{path}/conda-meta") is None:
                    waiting.append(path)
            elif kind == "file" and posixpath.splitext(name)[1] in RUNNERS and not _NO_STAGE.search(path):
                yield path


def stage_name(path: str) -> str:
    """The name of a stage that runs a script: its file without number and ending."""
    stem = posixpath.splitext(posixpath.basename(path))[0].lower()
    stem = re.sub(r"^(step|stage|s)?[\s._-]*\d+[a-z]?[\s._-]+", "", stem)
    return re.sub(r"[^a-z0-9_-]+", "-", re.sub(r"^\d+[\s._-]*", "", stem)).strip("-") or "step"


def step_index(name: str) -> int | None:
    """The usual place of a step in a pipeline, by its name."""
    parts = re.split(r"[_-]", name)
    return next((STEPS.index(step) for step in STEPS if any(part.startswith(step) for part in parts)), None)


def default_command(snapshot: Snapshot, path: str, wdir: str) -> str:
    """The command that runs a script which nothing runs."""
    runner = RUNNERS[posixpath.splitext(path)[1]]
    if runner == "papermill":
        folder = "" if wdir == "." else f"--cwd {quote(wdir)} "
        return f"papermill {folder}{quote(path)} {quote(executed(path))}"
    if path.endswith(".py") and wdir == "." and _needs_module(snapshot, path):
        return f"python -m {path.removesuffix('.py').replace('/', '.')}"
    return f"{runner} {quote(posixpath.relpath(path, wdir))}"


def executed(notebook: str) -> str:
    """Where the executed copy of a notebook goes."""
    return f"reports/{posixpath.basename(notebook)}"


def _needs_module(snapshot: Snapshot, path: str) -> bool:
    """Whether a script finds its imports only as a module from the root: relative ones, or packages at the root."""
    if not all(part.isidentifier() for part in path.removesuffix(".py").split("/")) or "/" not in path:
        return False
    text = (snapshot.read(path) or b"").decode("utf-8", "replace")
    if "sys.path" in text:
        return False
    if re.search(r"^\s*from\s+\.", text, re.MULTILINE):
        return True
    here = posixpath.dirname(path)
    for top in re.findall(r"^\s*(?:from|import)\s+(\w+)", text, re.MULTILINE):
        beside = snapshot.kind(f"{here}/{top}") == "dir" or snapshot.kind(f"{here}/{top}.py") is not None
        if not beside and (snapshot.kind(top) == "dir" or snapshot.kind(f"{top}.py") == "file"):
            return True
    return False


def _runs(known: Sequence[Wrapper]) -> list[Run]:
    """The runs of all wrappers in order; a script that an earlier wrapper runs is not taken from a later one."""
    runs: list[Run] = []
    for wrapper in known:
        taken = {run.script for run in runs}
        new = [run for run in wrapper.runs if run.script not in taken and not _NO_STAGE.search(run.script)]
        new = [run for run in new if not is_put_away(run.script)]
        runs += {(run.command, run.wdir): run for run in new}.values()
    return runs


def _run_script(snapshot: Snapshot, run: Run, number: int) -> Script:
    files, _ = _trace(snapshot, run.script, run.arguments, run.wdir)
    for path in run.writes:
        files.note(files.writes, path, run.place)
    return Script(run.script, stage_name(run.script), files, run.command, f"{run.place} runs it", run.wdir, number)


def _traced(snapshot: Snapshot, paths: Sequence[str], written: Collection[str]) -> dict[str, tuple[Traces, str]]:
    """What scripts read and write, and where they run. What one writes tells where the next one runs."""
    written = set(written)
    traced: dict[str, tuple[Traces, str]] = {}
    for _ in range(MAX_PASSES):
        traced = {path: _trace(snapshot, path, (), None, written) for path in paths}
        before, written = written, written | {path for files, _ in traced.values() for path in files.writes}
        if before == written:
            break
    return traced


def _trace(
    snapshot: Snapshot, path: str, arguments: Sequence[str], wdir: str | None = None, written: Collection[str] = ()
) -> tuple[Traces, str]:
    """What a script reads and writes, in the folder in which most of what it reads exists or is written."""
    text = (snapshot.read(path) or b"").decode("utf-8", "replace")
    folders = [wdir] if wdir is not None else [".", *_folders_above(path)]
    traced: list[tuple[int, Traces, str]] = []
    for folder in folders:
        files = read_script(path, text, snapshot, folder, arguments)
        reads = {**files.reads, **files.updated}
        known = sum(read in written or snapshot.kind(read) is not None for read in reads)
        traced.append((known - len(files.outside), files, folder))
        if known == len(reads) and not files.outside:
            break
    _, files, folder = max(traced, key=lambda item: item[0])
    return files, folder


def _folders_above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in reversed(range(len(parts)))]


def _no_step(snapshot: Snapshot, path: str, files: Traces, imported: Collection[str]) -> str:
    """Why a script that nothing runs is no step; `.` if that needs no mention, empty if it is one."""
    text = (snapshot.read(path) or b"").decode("utf-8", "replace")
    has_main = "__main__" in text or not path.endswith(".py")
    name = posixpath.splitext(posixpath.basename(path))[0]
    if path in imported and not has_main:
        return "."
    if _DRAWS.search(name):
        return "it draws plots, and nothing runs it"
    if _EXPLORES.search(name):
        return "by its name it explores"
    if not files.is_readable and path.endswith(".py"):
        return "it cannot be parsed"
    in_view = posixpath.dirname(path) in ("", "scripts", "src", "code", "pipeline", "pipelines")
    if not has_main and not in_view and not files.writes:
        return "."
    acts = bool(files.reads or files.writes or files.unknown_writes or files.required)
    return "" if acts or step_index(stage_name(path)) is not None else "."


def _renamed(steps: Sequence[Script]) -> Iterator[Script]:
    """The steps with unique names: the folder before, or a number behind."""
    from dataclasses import replace

    counts = {step.name: sum(other.name == step.name for other in steps) for step in steps}
    taken: set[str] = set()
    for step in steps:
        name = step.name
        folders = {posixpath.dirname(other.path) for other in steps if other.name == name}
        if counts[name] > 1 and len(folders) > 1:
            parts = [
                part for part in posixpath.dirname(step.path).split("/") if part not in ("", "src", "scripts", "code")
            ]
            name = "-".join([*(re.sub(r"[^a-z0-9_-]+", "-", part.lower()) for part in parts[-2:]), name])
        unique, count = name, 2
        while unique in taken:
            unique, count = f"{name}-{count}", count + 1
        taken.add(unique)
        yield replace(step, name=unique)
