# Made by mlopsc: the record of the run that is going on. It needs Python alone.
"""`.mlops/state/run.jsonl`: what becomes of each stage, as it happens, for `mlopsc graph` and `mlopsc report`.

The first line has the process, the last one the end; each other line is an `Outcome`. A line costs one write, whatever the
size of the pipeline. The record is for people: where it cannot be written, the run goes on without.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict


class Journal:
    """The record of one run, which takes the place of that of the run before."""

    def __init__(self, folder: str) -> None:
        try:
            self._file = open(os.path.join(folder, "run.jsonl"), "w", encoding="utf-8")  # noqa: SIM115  (open to the end)
        except OSError:
            self._file = None
        self._write({"pid": os.getpid(), "time": time.time()})

    def note(self, outcome) -> None:
        """What has become of a stage. That nothing had to be done for it is not worth a line."""
        if outcome.status != "unchanged":
            self._write({**asdict(outcome), "time": time.time()})

    def end(self, seconds: float) -> None:
        """The run is over, whatever way."""
        self._write({"seconds": round(seconds, 3), "time": time.time()})
        if self._file is not None:
            self._file.close()

    def _write(self, event: dict) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
        except OSError:  # a full disk must not fail a stage
            self._file = None


class NoJournal:
    """For runs that must leave the record of another run alone.

    A runner that a stage starts is a part of the run that waits for the stage; runs with `--only` go on side by side.
    """

    def note(self, outcome) -> None:
        pass

    def end(self, seconds: float) -> None:
        pass
