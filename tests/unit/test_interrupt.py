"""Signals at any moment: what was made for a while is gone, and what was moved aside is back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mlopsc.compiler import interrupt
from mlopsc.compiler.interrupt import interruptible, paired, scratch, undisturbed

TURNS = 2000


@pytest.fixture
def by_alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The timer's signal in the place of Ctrl-C, as it comes at a moment that one can choose."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interrupt, "STOPS", (signal.SIGALRM,))
    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_directory_is_gone_whenever_the_signal_came(by_alarm: None, tmp_path: Path) -> None:
    chance = random.Random(1)
    begun = time.perf_counter()
    for _ in range(20):
        with scratch("x", str(tmp_path)) as place:
            Path(place, "file").touch()
    usual = (time.perf_counter() - begun) / 20
    stopped = done = 0
    for _ in range(TURNS):
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, 1.5 * usual))
            with scratch("x", str(tmp_path)) as place:
                Path(place, "file").touch()
            done += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            stopped += 1
        assert os.listdir(tmp_path) == []
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()), "signals are held back for good"
    assert stopped > TURNS / 20, "the timer comes too late"
    assert done > TURNS / 20, "the timer comes too early"


def test_a_second_signal_does_not_break_off_the_end(by_alarm: None) -> None:
    ended = []

    def end(it: str) -> None:
        signal.setitimer(signal.ITIMER_REAL, 1e-5)
        time.sleep(0.01)
        ended.append(it)

    def stopped() -> None:
        with paired(lambda: "it", end):
            signal.setitimer(signal.ITIMER_REAL, 1e-5)
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert ended == ["it"]


def test_what_is_held_back_comes_at_the_end(by_alarm: None) -> None:
    whole = []

    def stopped() -> None:
        with undisturbed():
            signal.setitimer(signal.ITIMER_REAL, 1e-5)
            time.sleep(0.01)
            whole.append(True)

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert whole


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_sighup_are_as_ctrl_c(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with suppress(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
        raise AssertionError("it went on")
    assert signal.getsignal(number) == before


def test_under_nohup_it_goes_on() -> None:
    program = "import signal; from mlopsc.compiler.interrupt import interruptible\n"
    program += "with interruptible(): signal.raise_signal(signal.SIGHUP); print('on')"
    done = subprocess.run(["nohup", sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "on\n"), done.stderr
