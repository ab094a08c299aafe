"""`mlopsc graph --watch`: serve the graph, and follow edits and runs."""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ..build import Compiled, compile_spec
from ..model.snapshot import Disk
from ..model.source import At, Span
from ..show.graph.picture import picture
from ..show.graph.runs import PATH
from ..show.graph.server import GraphServer
from . import DONE, WRONG
from .output import print_report
from .watch import statuses

INTERVAL = 0.1
"""Seconds between two looks at the disk; more where a look takes long."""
RUNNING_INTERVAL = 2.0
"""Seconds after which a picture with running stages is made anew: the run may have been killed, which changes no file."""


class HashingDisk(Disk):
    """The repository, with the hashes of files that have not changed since the last look."""

    def __init__(self, root: str, known: dict[tuple[object, ...], str | None]) -> None:
        super().__init__(root)
        self.known = known

    def md5(self, path: str) -> str | None:
        key = tuple(statuses(self.root, [path]))
        if key not in self.known:
            self.known[key] = super().md5(path)
        return self.known[key]


@dataclass
class Follower:
    """Makes the picture of a project again and again."""

    root: str
    hashes: dict[tuple[object, ...], str | None] = field(default_factory=dict)
    asked: set[str] = field(default_factory=lambda: {PATH})
    data: dict[str, Any] | None = None
    problem: str = ""

    def look(self) -> dict[str, Any] | None:
        """The picture as things are now; with the last good one and the first problem while the spec has errors."""
        disk = HashingDisk(self.root, self.hashes)
        compiled = compile_spec(disk)
        self.problem = _first_error(compiled)
        if compiled.project is not None and not compiled.invalid and (self.data is None or not self.problem):
            self.data = picture(compiled, disk)
        elif self.data is None:
            print_report(compiled, "text")
        self.asked = disk.asked | {PATH}
        return self.data and {**self.data, "problem": self.problem}

    def wait(self, before: list[tuple[str, int, int]]) -> None:
        """Wait until something that the picture depends on is not as it was before it was made."""
        started = time.monotonic()
        while True:
            began = time.monotonic()
            known = dict.fromkeys(path for path, _, _ in before)
            if statuses(self.root, known) != before:
                return
            if self._is_running() and time.monotonic() - started > RUNNING_INTERVAL:
                return
            time.sleep(max(INTERVAL, 5 * (time.monotonic() - began)))

    def _is_running(self) -> bool:
        return any(stage["state"] == "running" for stage in (self.data or {}).get("stages", ()))


def _first_error(compiled: Compiled) -> str:
    for diagnostic in compiled.report:
        if diagnostic.severity == "error":
            place = diagnostic.place
            if compiled.document is not None and isinstance(place, At):
                place = compiled.document.span(place)
            where = f"{place.source.name}:{place.line}: " if isinstance(place, Span) else ""
            return f"{where}{diagnostic.message}; this is the last picture without errors"
    return ""


def serve(root: str, port: int) -> int:
    """Serve until interrupted."""
    gc.enable()  # this command goes on for hours
    follower = Follower(root)
    data = follower.look()
    if data is None:
        return WRONG
    server = GraphServer(data, port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{server.url} shows the pipeline and follows edits and runs; stop with Ctrl-C", flush=True)
    try:
        while True:
            before = statuses(root, follower.asked)
            if (data := follower.look()) is not None:
                server.publish(data)
            before += statuses(root, follower.asked - {path for path, _, _ in before})
            follower.wait(sorted(before))
    except KeyboardInterrupt:
        return DONE
    finally:
        server.server_close()
