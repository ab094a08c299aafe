"""`mlopsc trace`: run a stage, log which files it opens, and compare them with what it declares.

strace sees every program; if it is missing or not permitted, an audit hook sees what Python opens. Like DVC, this module moves
the outs aside before it runs the stage; it edits no other file.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ..model.project import Stage
from ..write.signals import interruptible, paired, scratch, undisturbed

STRACE = "strace"
AUDIT_HOOK = "Python's audit hook"

GRACE = 5
"""Seconds that a stage has to end after the trace is interrupted."""

OPENED = re.compile(r"(?:open|openat|creat)\(.*?(?P<flags>O_[A-Z_|]+).* += \d+<(?P<path>[^>]+)>$")
CREATED = re.compile(r"creat\(.* += \d+<(?P<path>[^>]+)>$")
RENAMED = re.compile(
    r'rename(?:at2?)?\(.*?(?:(?:AT_FDCWD|\d+)<(?P<base>[^>]+)>, )?"(?P<path>(?:[^"\\]|\\.)+)"(?:, \w+)? *\) += 0$'
)
RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
UNFINISHED = "<unfinished ...>"
"""How strace splits a call if another process interrupts it: https://man7.org/linux/man-pages/man1/strace.1.html"""

IGNORED = re.compile(r"(^|/)(\.git|\.dvc|\.venv|\.mlops|__pycache__|\.pytest_cache|[^/]+\.(pyc|egg-info))(/|$)")

HOOK = os.path.join(os.path.dirname(os.path.dirname(__file__)), "programs", "audithook.py")


READ, WRITTEN, LISTED = "r", "w", "l"

Opened = tuple[str, str]
"""How a path was opened (to read, to write, or a folder to list), and the path."""


@dataclass(frozen=True, slots=True)
class Traced:
    """The files that a run read before it wrote them, those it wrote, and the folders it listed; paths from the root.

    ``by`` names the tracer.
    """

    code: int
    by: str
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


class Interrupted(KeyboardInterrupt):
    """The trace was interrupted; ``written`` are the files that the stage wrote until then."""

    def __init__(self, written: tuple[str, ...]) -> None:
        super().__init__()
        self.written = written


@dataclass(frozen=True, slots=True)
class Difference:
    """Files that were opened but not declared, and deps that were declared but not opened."""

    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    unopened: tuple[str, ...] = ()


def trace(stage: Stage, root: str) -> Traced:
    """Run the commands of a stage in order, up to the first that fails."""
    strace = shutil.which(STRACE)
    if strace is not None and not _permitted(strace):
        strace = None
    wdir = os.path.join(root, stage.wdir)
    opened: list[Opened] = []
    code = 0
    with interruptible(), scratch("mlopsc-trace-") as home, _outs_aside(stage, root):
        for number, command in enumerate(stage.commands):
            log = f"{home}/{number}"
            try:
                code = _run_strace(strace, command.text, wdir, log) if strace else _run_hooked(command.text, wdir, log)
            except KeyboardInterrupt as interrupt:
                opened += _read(strace, log, wdir)
                raise Interrupted(_by_use(opened, root)[1]) from interrupt
            opened += _read(strace, log, wdir)
            if code:
                break
        return Traced(code, AUDIT_HOOK if strace is None else STRACE, *_by_use(opened, root))


def _read(strace: str | None, log: str, wdir: str) -> Iterator[Opened]:
    return _read_log(log) if strace is None or not os.path.exists(log) else _read_strace(log, wdir)


def _permitted(strace: str) -> bool:
    """Whether strace may trace a process: some containers forbid it."""
    return subprocess.run([strace, "-qq", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


def _run_strace(strace: str, command: str, wdir: str, log: str) -> int:
    calls = "trace=open,openat,creat,rename,renameat,renameat2"
    options = ["-f", "-y", "-qq", "-s", "4096", "-e", calls, "-o", log]
    return _run([strace, *options, "sh", "-c", command], wdir, _environment(f"{log}-pycache"))


def _run_hooked(command: str, wdir: str, log: str) -> int:
    home = os.path.dirname(log)
    shutil.copyfile(HOOK, f"{home}/sitecustomize.py")
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    environment = {**_environment(f"{log}-pycache"), "PYTHONPATH": path, "MLOPSC_TRACE": log}
    return _run(["sh", "-c", command], wdir, environment)


def _environment(bytecode: str) -> dict[str, str]:
    """The environment with another folder for bytecode: with that of an earlier run, Python does not open the modules."""
    return {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}


def _run(words: list[str], wdir: str, environment: Mapping[str, str] | None = None) -> int:
    """Run in a new process group, so that an interrupt ends all of it: killing strace alone leaves its children running."""
    process = subprocess.Popen(words, cwd=wdir, env=environment, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        with undisturbed(), suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            os.killpg(process.pid, signal.SIGKILL)
        raise


def _read_strace(log: str, wdir: str) -> Iterator[Opened]:
    for call in _calls(log):
        if match := OPENED.search(call):
            flags = set(match["flags"].split("|"))
            is_written = flags & {"O_WRONLY", "O_RDWR", "O_CREAT"}
            if "O_PATH" not in flags:
                yield LISTED if "O_DIRECTORY" in flags else WRITTEN if is_written else READ, _unescaped(match["path"])
        elif match := CREATED.search(call):
            yield WRITTEN, _unescaped(match["path"])
        elif match := RENAMED.search(call):
            yield WRITTEN, os.path.join(wdir, _unescaped(match["base"] or ""), _unescaped(match["path"]))


def _calls(log: str) -> Iterator[str]:
    """The calls in the order in which they ended, with split calls joined."""
    unfinished: dict[str, str] = {}
    with open(log, encoding="ascii", errors="surrogateescape") as file:
        for line in file:
            process, _, call = line.strip().partition(" ")
            call = call.lstrip()
            if call.endswith(UNFINISHED):
                unfinished[process] = call.removesuffix(UNFINISHED)
                continue
            if match := RESUMED.match(call):
                call = unfinished.pop(process, "") + call[match.end() :]
            yield call


def _unescaped(path: str) -> str:
    """Decode a path from the log of strace, which escapes everything but ASCII as in C."""
    raw = path.encode("ascii", "surrogateescape").decode("unicode_escape")
    return os.fsdecode(raw.encode("latin-1"))


def _read_log(log: str) -> Iterator[Opened]:
    if not os.path.exists(log):
        return
    with open(log, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            yield line[0], line[2:].rstrip("\n")


def _by_use(opened: Iterable[Opened], root: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What the repository still has of what was read before it was written, of what was written, and of what was listed."""
    read: set[str] = set()
    written: set[str] = set()
    listed: set[str] = set()
    root = os.path.realpath(root)
    for use, full in opened:
        full = os.path.realpath(full)
        path = os.path.relpath(full, root)
        if path.startswith("..") or IGNORED.search(path):
            continue
        if use == LISTED:
            listed.add(path)
        elif use == WRITTEN:
            written.add(path)
        elif path not in written:
            read.add(path)
    return (
        tuple(sorted(path for path in read if os.path.isfile(f"{root}/{path}"))),
        tuple(sorted(path for path in written if os.path.exists(f"{root}/{path}"))),
        tuple(sorted(path for path in listed if path != "." and os.path.isdir(f"{root}/{path}"))),
    )


@contextmanager
def _outs_aside(stage: Stage, root: str) -> Iterator[None]:
    """Move existing outs aside, which may be links into the DVC cache; afterwards, restore those that the run did not write."""
    state = f"{root}/.mlops/state"
    os.makedirs(state, exist_ok=True)
    outs = [
        f"{root}/{out.path}"
        for out in stage.outs
        if not out.flags.get("persist") and not out.path.startswith("/") and os.path.lexists(f"{root}/{out.path}")
    ]

    def restore(home: str) -> None:
        for index, path in enumerate(outs):
            if not os.path.lexists(path) and os.path.lexists(f"{home}/{index}"):
                os.rename(f"{home}/{index}", path)
        shutil.rmtree(home, ignore_errors=True)

    with paired(lambda: tempfile.mkdtemp(dir=state), restore) as home:
        for index, path in enumerate(outs):
            os.rename(path, f"{home}/{index}")
        for out in stage.outs:
            if "://" not in out.path and not out.path.startswith("/"):
                os.makedirs(os.path.dirname(f"{root}/{out.path}"), exist_ok=True)
        yield


def difference(stage: Stage, traced: Traced) -> Difference:
    """Compare with what the stage declares. A folder covers the files in it; a param declares its file."""
    outs = [out.path for out in stage.outs]
    declared = [*stage.deps, *(param.file for param in stage.params), *outs]
    opened = (*traced.read, *traced.written)
    return Difference(
        tuple(path for path in traced.read if not covered(path, declared)),
        tuple(path for path in traced.written if not covered(path, outs)),
        tuple(dep for dep in stage.deps if "://" not in dep and not any(covered(path, [dep]) for path in opened)),
    )


def covered(path: str, declared: Iterable[str]) -> bool:
    """Whether a path, or a folder above it, is declared."""
    return any(
        parent in (".", "") or path == parent or path.startswith(f"{parent.rstrip('/')}/") for parent in declared
    )
