# Made by mlopsc: which stage the runner begins next. It needs Python alone.
"""The order of work: DVC's with one job, the longest path first with several."""

from __future__ import annotations

import heapq


class Schedule:
    """The stages that are ready to begin, and how many stages each other one still waits for."""

    def __init__(self, pipeline, jobs: int, machine, durations: dict) -> None:
        self.paths = pipeline.longest_paths(durations)
        self._pipeline, self._jobs, self._machine = pipeline, jobs, machine
        self._left = {stage: len(ups) for stage, ups in pipeline.waits_for.items()}
        self._ready: list = []
        for stage in pipeline.stages:
            if not self._left[stage]:
                self._add(stage)

    def next(self):
        """The first ready stage that the machine has room for, if there is one."""
        passed_over, chosen = [], None
        while self._ready and chosen is None:
            item = heapq.heappop(self._ready)
            if self._machine.fits(self._machine.needs(item[2])):
                chosen = item[2]
            else:
                passed_over.append(item)
        for item in passed_over:
            heapq.heappush(self._ready, item)
        return chosen

    def release(self, stage, is_blocked) -> None:
        """Count a stage as dealt with, and make ready what waited for it alone and is not blocked."""
        todo = [stage]
        while todo:
            for down in self._pipeline.waited_for_by[todo.pop()]:
                self._left[down] -= 1
                if not self._left[down]:
                    if is_blocked(down):
                        todo.append(down)
                    else:
                        self._add(down)

    def _add(self, stage) -> None:
        place = self._pipeline.place[stage]
        if self._jobs == 1:
            key = float(place)
        elif stage.cmd and not stage.frozen:
            key = -self.paths[stage]
        else:
            key = float("-inf")  # nothing runs for it: what waits for it is ready at once
        heapq.heappush(self._ready, (key, place, stage))
