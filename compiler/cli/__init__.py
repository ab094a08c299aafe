"""The command line, the only place that prints. Each command imports what it needs when it runs."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from functools import cache
from io import TextIOWrapper

DONE, WRONG, MISUSE = 0, 1, 2
"""Exit codes: done; the spec has errors or files are stale; wrong usage."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        _use_utf8()
    try:
        if words in (["build"], ["build", "--check"]) and _unchanged():
            print("nothing to do: all files are up to date")
            return DONE
        gc.disable()  # a command keeps nearly all objects: collections take 14 % of the time at 1,000 stages, 44 % at 10,000
        from .parser import run

        return run(words)
    except KeyboardInterrupt:
        print("mlopsc: interrupted; no file is half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except RecursionError:
        print("mlopsc: error: the input is nested too deeply", file=sys.stderr)
        return WRONG
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"mlopsc: error: {error.strerror or error}{where}", file=sys.stderr)
        return WRONG
    finally:
        if argv is None:
            gc.freeze()  # spares the process a last collection of what its end frees anyway


def _use_utf8() -> None:
    """Use UTF-8 in every locale: specs are UTF-8, and so are the file names in them.

    Python does that itself in the C locale. In a locale such as `de_DE.ISO-8859-1`, it encodes file names differently, and
    UTF-8 mode can only be set when Python starts.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a stream may be missing
            stream.reconfigure(errors="backslashreplace")


@cache
def cache_key() -> str:
    """What the result of a build depends on beside its inputs: this program, and the Python that runs it."""
    from ... import __version__

    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    return f"{__version__} {sys.version_info[:3]} {package} {_edited(package)}"


def _edited(package: str) -> int:
    """When the program was last edited, in nanoseconds, if it runs from a checkout; 0 if it is installed."""
    if not os.path.isfile(f"{package}/pyproject.toml"):
        return 0
    waiting = [f"{package}/{part}" for part in ("compiler", "schemas", "targets")]
    newest = 0
    while waiting:
        for entry in os.scandir(waiting.pop()):
            if entry.is_dir():
                waiting += [entry.path] if entry.name != "__pycache__" else []
            else:
                newest = max(newest, entry.stat().st_mtime_ns)
    return newest


def _unchanged() -> bool:
    from ..read.root import find_root
    from ..write.unchanged import unchanged

    return unchanged(find_root("."), cache_key())
