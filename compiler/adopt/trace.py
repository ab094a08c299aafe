"""A stage run and watched: which files it really opens, held against what it declares.

strace sees every program; where it is missing or not allowed, an audit hook sees what Python opens. This module runs
programs, and moves aside what the stage is about to write, as DVC does; it edits nothing.
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

GRACE = 5
"""Seconds that a stage may take to end when the trace is interrupted."""

SEEN = re.compile(r"(?:open|openat|creat)\(.*?(?P<flags>O_[A-Z_|]+).* += \d+<(?P<path>[^>]+)>$")
CREATED = re.compile(r"creat\(.* += \d+<(?P<path>[^>]+)>$")
RENAMED = re.compile(
    r'rename(?:at2?)?\(.*?(?:(?:AT_FDCWD|\d+)<(?P<base>[^>]+)>, )?"(?P<path>(?:[^"\\]|\\.)+)"(?:, \w+)? *\) += 0$'
)
RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
UNFINISHED = "<unfinished ...>"
"""How strace cuts a call in two where another process's comes in between: https://man7.org/linux/man-pages/man1/strace.1.html"""

NOISE = re.compile(r"(^|/)(\.git|\.dvc|\.venv|\.mlops|__pycache__|\.pytest_cache|[^/]+\.(pyc|egg-info))(/|$)")

HOOK = """\
import sys
def _watch(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        import os
        name = os.fsdecode(args[0])
        flags = args[2] if isinstance(args[2], int) else 0
        written = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        line = ("w " if written else "r ") + os.path.abspath(name) + chr(10)
        out = os.open(os.environ["MLOPSC_TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(out, line.encode("utf-8", "surrogateescape"))
        os.close(out)
_busy = []
def _hook(event, args):
    if event == "open" and not _busy:
        _busy.append(1)
        try:
            _watch(event, args)
        finally:
            _busy.pop()
sys.addaudithook(_hook)
"""


@dataclass(frozen=True, slots=True)
class Traced:
    """What a run opened, from the root: read before it was written, and written. ``by`` says who watched."""

    code: int
    by: str
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What was opened and is not declared, and what is declared and was not opened."""

    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    unopened: tuple[str, ...] = ()


def trace(stage: Stage, root: str) -> Traced:
    """Run the commands of a stage, one after the other, up to the first that fails."""
    strace = shutil.which("strace")
    by = STRACE if strace is not None and _allowed(strace) else "Python's audit hook"
    lines: list[tuple[bool, str]] = []
    code = 0
    with interruptible(), scratch("mlopsc-trace-") as home, _aside(stage, root):
        for number, command in enumerate(stage.commands):
            log = f"{home}/{number}"
            wdir = os.path.join(root, stage.wdir)
            if by == STRACE:
                calls = "trace=open,openat,creat,rename,renameat,renameat2"
                words = [strace or "", "-f", "-y", "-qq", "-s", "4096", "-e", calls, "-o", log]
                code = _run([*words, "sh", "-c", command.text], wdir)
                lines += _strace(log, wdir)
            else:
                code = _hooked(command.text, wdir, home, log)
                lines += _logged(log)
            if code:
                break
        return Traced(code, by, *_sorted(lines, root))


def _allowed(strace: str) -> bool:
    """Whether strace may watch at all: some containers forbid it."""
    return subprocess.run([strace, "-qq", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


def _hooked(command: str, wdir: str, home: str, log: str) -> int:
    with open(f"{home}/sitecustomize.py", "w", encoding="utf-8") as file:
        file.write(HOOK)
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    settings = {**os.environ, "PYTHONPATH": path, "MLOPSC_TRACE": log}
    return _run(["sh", "-c", command], wdir, settings)


def _run(words: list[str], wdir: str, settings: Mapping[str, str] | None = None) -> int:
    """Run it in a process group of its own, so that all of it ends where we are interrupted: strace dies alone."""
    process = subprocess.Popen(words, cwd=wdir, env=settings, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        with undisturbed(), suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            os.killpg(process.pid, signal.SIGKILL)
        raise


def _strace(log: str, wdir: str) -> Iterator[tuple[bool, str]]:
    """Whether it was written, and the path, for each file that was opened."""
    for call in _calls(log):
        if match := SEEN.search(call):
            flags = set(match["flags"].split("|"))
            if not flags & {"O_DIRECTORY", "O_PATH"}:
                yield bool(flags & {"O_WRONLY", "O_RDWR", "O_CREAT"}), _unescaped(match["path"])
        elif match := CREATED.search(call):
            yield True, _unescaped(match["path"])
        elif match := RENAMED.search(call):
            yield True, os.path.join(wdir, _unescaped(match["base"] or ""), _unescaped(match["path"]))


def _calls(log: str) -> Iterator[str]:
    """The calls in the order of their ends, put together where strace cut them in two."""
    begun: dict[str, str] = {}
    with open(log, encoding="ascii", errors="surrogateescape") as file:
        for line in file:
            process, _, call = line.strip().partition(" ")
            call = call.lstrip()
            if call.endswith(UNFINISHED):
                begun[process] = call.removesuffix(UNFINISHED)
                continue
            if match := RESUMED.match(call):
                call = begun.pop(process, "") + call[match.end() :]
            yield call


def _unescaped(path: str) -> str:
    """A path as strace prints it, in which all but plain ASCII is escaped as in C."""
    raw = path.encode("ascii", "surrogateescape").decode("unicode_escape")
    return os.fsdecode(raw.encode("latin-1"))


def _logged(log: str) -> Iterator[tuple[bool, str]]:
    if not os.path.exists(log):
        return
    with open(log, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            yield line.startswith("w "), line[2:].rstrip("\n")


def _sorted(lines: Iterable[tuple[bool, str]], root: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files of the repository in it: what was read as it was found, and what was written and is still there."""
    read: set[str] = set()
    written: set[str] = set()
    root = os.path.realpath(root)
    for is_written, full in lines:
        full = os.path.realpath(full)
        path = os.path.relpath(full, root)
        if path.startswith("..") or NOISE.search(path):
            continue
        if is_written:
            written.add(path)
        elif path not in written:
            read.add(path)
    return (
        tuple(sorted(path for path in read if os.path.isfile(f"{root}/{path}"))),
        tuple(sorted(path for path in written if os.path.exists(f"{root}/{path}"))),
    )


@contextmanager
def _aside(stage: Stage, root: str) -> Iterator[None]:
    """Outs that are there are moved aside, as DVC removes them: they may be links into its cache. What the run does
    not write anew comes back."""
    state = f"{root}/.mlops/state"
    os.makedirs(state, exist_ok=True)
    outs = [
        f"{root}/{out.path}"
        for out in stage.outs
        if not out.flags.get("persist") and not out.path.startswith("/") and os.path.lexists(f"{root}/{out.path}")
    ]

    def back(home: str) -> None:
        for index, path in enumerate(outs):
            if not os.path.lexists(path) and os.path.lexists(f"{home}/{index}"):
                os.rename(f"{home}/{index}", path)
        shutil.rmtree(home, ignore_errors=True)

    with paired(lambda: tempfile.mkdtemp(dir=state), back) as home:
        for index, path in enumerate(outs):
            os.rename(path, f"{home}/{index}")
        for out in stage.outs:
            if "://" not in out.path and not out.path.startswith("/"):
                os.makedirs(os.path.dirname(f"{root}/{out.path}"), exist_ok=True)
        yield


def difference(stage: Stage, seen: Traced) -> Difference:
    """Held against the stage: a folder that is declared covers what is in it; a parameter file is declared by a key."""
    outs = [out.path for out in stage.outs]
    declared = [*stage.deps, *(param.file for param in stage.params), *outs]
    opened = (*seen.read, *seen.written)
    return Difference(
        tuple(path for path in seen.read if not _covered(path, declared)),
        tuple(path for path in seen.written if not _covered(path, outs)),
        tuple(dep for dep in stage.deps if "://" not in dep and not any(_covered(path, [dep]) for path in opened)),
    )


def _covered(path: str, declared: Iterable[str]) -> bool:
    return any(each in (".", "") or path == each or path.startswith(f"{each.rstrip('/')}/") for each in declared)
