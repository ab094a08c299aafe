"""Where Ctrl-C and its kin may come: what is made for a while goes again, and what is moved aside comes back.

All of it holds inside of `interruptible`, whose handler keeps a signal for later while something must not be broken off.
(Blocking signals would not do that: where there are threads, another one takes the signal, and Python's handler runs.)
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Got = TypeVar("Got")

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Held:
    """How many at this moment must not be broken off, and whether a signal waits for them."""

    depth = 0
    came = False


def _stop(number: int, frame: object) -> None:
    if _Held.depth:
        _Held.came = True
    else:
        raise KeyboardInterrupt


def _let() -> None:
    """Let a signal take effect that was kept for later, unless it must be kept still."""
    if _Held.came and not _Held.depth:
        _Held.came = False
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP clean up as Ctrl-C does, unless they are ignored (`nohup`)."""
    before = {each: signal.getsignal(each) for each in STOPS if signal.getsignal(each) != signal.SIG_IGN}
    try:
        for each in before:
            signal.signal(each, _stop)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep signals for the end, from the processes that are started meanwhile too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    _Held.depth += 1
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _Held.depth -= 1
        _let()


@contextmanager
def paired(begin: Callable[[], Got], end: Callable[[Got], object]) -> Iterator[Got]:
    """What ``begin`` gives, and after it ``end``, whenever a signal comes: neither of them is broken off.

    A context manager of the plain form leaves a moment between its beginning and its `try`, and a second Ctrl-C would
    break off its end. (Python looks for signals at calls, so none comes between a change of the depth and a `try`.)
    """
    _Held.depth += 1
    try:
        got = begin()
        try:
            _Held.depth -= 1
            _let()
            yield got
        finally:
            _Held.depth += 1
            end(got)
    finally:
        _Held.depth -= 1
        _let()


@contextmanager
def scratch(prefix: str, parent: str | None = None) -> Iterator[str]:
    """The path of a directory of our own, in ``parent`` or where the system keeps such; it is gone afterwards."""

    def gone(place: str) -> None:
        shutil.rmtree(place, ignore_errors=parent is None)

    with paired(lambda: tempfile.mkdtemp(prefix=prefix, dir=parent), gone) as place:
        yield place
