"""Signal handling: remove temporary files and restore moved files on SIGINT, SIGTERM or SIGHUP.

Everything here works inside `interruptible`, whose handler defers a signal while something must not be interrupted. (Blocking
signals is not enough: with threads, another thread receives the signal, and Python's handler runs.)
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Resource = TypeVar("Resource")

STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""
CAN_BLOCK = hasattr(signal, "pthread_sigmask")


class _Deferred:
    """The number of open sections that must not be interrupted, and whether a signal waits for their end."""

    depth = 0
    pending = False


def _stop(number: int, frame: object) -> None:
    if _Deferred.depth:
        _Deferred.pending = True
    else:
        raise KeyboardInterrupt


def _deliver() -> None:
    """Deliver a deferred signal, unless a section that must not be interrupted is still open."""
    if _Deferred.pending and not _Deferred.depth:
        _Deferred.pending = False
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM and SIGHUP clean up as Ctrl-C does, unless they are ignored (`nohup`)."""
    handlers = {number: signal.getsignal(number) for number in STOPS if signal.getsignal(number) != signal.SIG_IGN}
    try:
        for number in handlers:
            signal.signal(number, _stop)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Defer signals to the end, also those of processes started inside."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ()) if CAN_BLOCK else ()
    _Deferred.depth += 1
    try:
        if CAN_BLOCK:
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        yield
    finally:
        if CAN_BLOCK:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _Deferred.depth -= 1
        _deliver()


@contextmanager
def paired(begin: Callable[[], Resource], end: Callable[[Resource], object]) -> Iterator[Resource]:
    """The result of ``begin``, and then ``end``; signals interrupt neither of them.

    An ordinary context manager can be interrupted between its first statement and its `try`, and a second Ctrl-C interrupts
    its cleanup. (Python checks for signals at calls, so none arrives between a change of the depth and a `try`.)
    """
    _Deferred.depth += 1
    try:
        resource = begin()
        try:
            _Deferred.depth -= 1
            _deliver()
            yield resource
        finally:
            _Deferred.depth += 1
            end(resource)
    finally:
        _Deferred.depth -= 1
        _deliver()


@contextmanager
def scratch(prefix: str, parent: str | None = None) -> Iterator[str]:
    """A temporary directory, in ``parent`` or in the system's default place; it is removed afterwards."""

    def remove(path: str) -> None:
        shutil.rmtree(path, ignore_errors=parent is None)

    with paired(lambda: tempfile.mkdtemp(prefix=prefix, dir=parent), remove) as path:
        yield path
