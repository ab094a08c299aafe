"""A program of its own, where a Ctrl-C that goes astray stops nobody else: directories made while the timer's signal comes.

    python tests/unit/stopped.py {alone|thread} PARENT

It prints how many of the turns the signal stopped, and how many it did not.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from mlopsc.compiler.write import signals as interrupt

TURNS = 2000


def turn(parent: str, delay: float) -> bool:
    """Make a directory, with a signal after so many seconds; whether that broke it off."""
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        with interrupt.scratch("x", parent) as place:
            Path(place, "file").touch()
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        if not left:  # less than a microsecond; or it was sent, and the thread that took it is not at its handler yet
            for _ in range(100):
                time.sleep(0.01)
    except KeyboardInterrupt:
        return True
    return False


def main(threads: str, parent: str) -> None:
    """Turns whose signals come at random moments, at about half of them before the end."""
    chance = random.Random(1)
    over = threading.Event()
    if threads == "thread":
        threading.Thread(target=over.wait, daemon=True).start()
    latest = 1e-3  # seconds; it follows what a turn takes
    stopped = 0
    for _ in range(TURNS):
        came = turn(parent, chance.uniform(1e-6, latest))
        stopped += came
        latest *= 1.02 if came else 0.98
        assert os.listdir(parent) == []
        assert (interrupt._Deferred.depth, interrupt._Deferred.pending) == (0, False), "signals are kept for good"
    print(stopped, TURNS - stopped)


if __name__ == "__main__":
    interrupt.STOPS = (signal.SIGALRM,)
    with interrupt.interruptible():
        main(*sys.argv[1:])
