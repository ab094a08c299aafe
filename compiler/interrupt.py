"""Where Ctrl-C and its kin may come: what is made for a while goes again, and what is moved aside comes back."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Got = TypeVar("Got")

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP clean up as Ctrl-C does, unless they are ignored (`nohup`)."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    kin = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in kin}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold the signals back; one that came meanwhile is taken at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # raises one that came just before, and holds them back still
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def paired(begin: Callable[[], Got], end: Callable[[Got], object]) -> Iterator[Got]:
    """What ``begin`` gives, and after it ``end``, whenever a signal comes: neither of them is broken off.

    A context manager of the plain form leaves a moment between its beginning and its `try`, and a second Ctrl-C would
    break off its end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        got = begin()
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # a signal that was held back is raised here
            yield got
        finally:
            try:
                signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # or here
            finally:
                end(got)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def scratch(prefix: str, parent: str | None = None) -> Iterator[str]:
    """The path of a directory of our own, in ``parent`` or where the system keeps such; it is gone afterwards."""

    def gone(place: str) -> None:
        shutil.rmtree(place, ignore_errors=parent is None)

    with paired(lambda: tempfile.mkdtemp(prefix=prefix, dir=parent), gone) as place:
        yield place
