"""The command line: the only place that prints. Each command imports what it needs, when it needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from io import TextIOWrapper

DONE, WRONG, MISUSE = 0, 1, 2
"""Exit codes: done; the spec is wrong or files are stale; the command was called wrongly."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        _speak_utf8()
    try:
        if words in (["build"], ["build", "--check"]) and _unchanged():
            print("nothing to do: all files are up to date")
            return DONE
        from .parser import run

        return run(words)
    except KeyboardInterrupt:
        print("mlopsc: interrupted; nothing is half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except RecursionError:
        print("mlopsc: error: the input is nested too deeply to be worked on", file=sys.stderr)
        return WRONG
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"mlopsc: error: {error.strerror or error}{where}", file=sys.stderr)
        return WRONG


def _speak_utf8() -> None:
    """Whatever the locale: specs are UTF-8, and so are the names in them of files on the disk."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"  # takes a new start; it is the C locale that Python itself handles so
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # there may be none
            stream.reconfigure(errors="backslashreplace")


def find_root(start: str) -> str:
    """The directory that mlops.yaml stands in: ``start`` or the nearest above it, up to the Git repository's top."""
    first = directory = os.path.realpath(start)
    while not os.path.isfile(f"{directory}/mlops.yaml"):
        parent = os.path.dirname(directory)
        if parent == directory or os.path.exists(f"{directory}/.git"):
            return first
        directory = parent
    return directory


@cache
def cache_key() -> str:
    """What the outcome of a build depends on beside its files: this program, and the Python that runs it."""
    from ... import __version__

    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    return f"{__version__} {sys.version_info[:3]} {package} {_edited(package)}"


def _edited(package: str) -> int:
    """When the program itself was last edited, in nanoseconds, where it runs from a checkout; an installed one is 0."""
    if not os.path.isfile(f"{package}/pyproject.toml"):
        return 0
    waiting = [f"{package}/{part}" for part in ("compiler", "schemas", "targets")]
    newest = 0
    while waiting:
        for entry in os.scandir(waiting.pop()):
            if entry.is_dir():
                waiting.append(entry.path)
            elif entry.name.endswith(".py"):
                newest = max(newest, entry.stat().st_mtime_ns)
    return newest


def _unchanged() -> bool:
    from ..write.unchanged import unchanged

    return unchanged(find_root("."), cache_key())
