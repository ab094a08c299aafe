"""Signals at any moment: what was made for a while is gone, and what was moved aside is back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mlopsc.compiler.write import signals as interrupt
from mlopsc.compiler.write.signals import interruptible, paired, undisturbed


@pytest.fixture(params=["alone", "with a thread"])
def by_alarm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The timer's signal in the place of Ctrl-C, as it comes at a moment that one can choose."""
    monkeypatch.setattr(interrupt, "STOPS", (signal.SIGALRM,))
    over = threading.Event()
    if request.param == "with a thread":
        threading.Thread(target=over.wait).start()
    with interruptible():
        yield
    over.set()


@pytest.mark.parametrize("threads", ["alone", "thread"])
def test_a_directory_is_gone_whenever_the_signal_came(threads: str, tmp_path: Path) -> None:
    program = Path(__file__).with_name("stopped.py")
    done = subprocess.run([sys.executable, program, threads, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    stopped, whole = map(int, done.stdout.split())
    assert min(stopped, whole) > (stopped + whole) / 20


def test_a_beginning_is_not_broken_off(by_alarm: None) -> None:
    ended: list[str] = []

    def begin() -> str:
        signal.raise_signal(signal.SIGALRM)
        return "it"

    def stopped() -> None:
        with paired(begin, ended.append):
            raise AssertionError("it went on")

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert ended == ["it"]


def test_a_second_signal_does_not_break_off_the_end(by_alarm: None) -> None:
    ended: list[str] = []

    def end(it: str) -> None:
        signal.raise_signal(signal.SIGALRM)
        ended.append(it)

    def stopped() -> None:
        with paired(lambda: "it", end):
            signal.raise_signal(signal.SIGALRM)

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert ended == ["it"]


def test_what_is_held_back_comes_at_the_end(by_alarm: None) -> None:
    whole = []

    def stopped() -> None:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGALRM)  # which any thread may take
            late = time.monotonic() + 30
            while not interrupt._Deferred.pending and time.monotonic() < late:
                time.sleep(0.001)
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
    program = "import signal; from mlopsc.compiler.write.signals import interruptible\n"
    program += "with interruptible(): signal.raise_signal(signal.SIGHUP); print('on')"
    done = subprocess.run(["nohup", sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "on\n"), done.stderr
