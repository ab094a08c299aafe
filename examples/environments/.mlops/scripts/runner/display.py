# Made by mlopsc: what the runner shows. It needs Python alone, and looks better with rich.
"""The output of `run.py`: prefixed lines, and on a terminal a live view of what runs, below them."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time


def span(seconds: float) -> str:
    """A duration for people: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


class Display:
    """Plain lines, for logs. Threads may call `line` at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def line(self, text: str, stage: str = "") -> None:
        prefix = f"[{stage}] " if stage else ""
        with self._lock, contextlib.suppress(BrokenPipeError):  # `make pipeline | head` must not end a run
            self._print(prefix + text)

    def _print(self, text: str) -> None:
        print(text, flush=True)

    def show(self, progress) -> None:
        """Say what is going on: `progress` gives (counts, [(stage, since)], seconds left) whenever it is called."""

    def close(self) -> None:
        """End the live view, if there is one."""


class LiveDisplay(Display):
    """Lines scroll by above a view that rich refreshes four times a second."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__()
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._progress = None
        self._live = Live(console=self._console, get_renderable=self._view, refresh_per_second=4, transient=True)

    def _print(self, text: str) -> None:
        self._console.print(text)

    def show(self, progress) -> None:
        self._progress = progress
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def _view(self):
        from rich.text import Text

        if self._progress is None:
            return Text("")
        counts, running, left = self._progress()
        parts = [f"{count} {status}" for status, count in counts.items() if count]
        if left:
            parts.append(f"about {span(left)} left")
        now = time.monotonic()
        lines = [f"  {stage}  {span(now - since)}" for stage, since in running]
        height = max(1, self._console.height - 4)
        if len(lines) > height:
            lines = [*lines[: height - 1], f"  and {len(lines) - height + 1} more"]
        return Text("\n".join([*lines, ", ".join(parts)]), style="dim")


def display() -> Display:
    """The display that suits standard output."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        with contextlib.suppress(ImportError):
            return LiveDisplay()
    return Display()


class StageOutput:
    """What one stage prints: raw into its log file, and line by line onto the display."""

    def __init__(self, stage: str, folder: str, screen: Display) -> None:
        self.stage, self._screen = stage, screen
        self.path = os.path.join(folder, re.sub(r"[^\w.@=+-]+", "_", stage) + ".log")
        self._rest = b""
        try:
            os.makedirs(folder, exist_ok=True)
            self._file = open(self.path, "wb")  # noqa: SIM115  (it stays open while the stage runs)
        except OSError:
            self._file = None

    def __call__(self, chunk: bytes) -> None:
        """Take what the stage has printed; an empty chunk is the end."""
        self._log(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            lines, self._rest = [self._rest], b""
        for line in lines:
            # Of a progress bar that is drawn over and over in one line, only the last state is worth a line.
            visible = line.rstrip(b"\r").rpartition(b"\r")[2]
            self._screen.line(visible.decode(errors="replace"), self.stage)

    def _log(self, chunk: bytes) -> None:
        if self._file is None:
            return
        try:
            if chunk:
                self._file.write(chunk)
                self._file.flush()
            else:
                self._file.close()
        except OSError:  # a full disk must not fail a stage for the sake of its log
            self._file = None
