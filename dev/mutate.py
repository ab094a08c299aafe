"""Mutation testing of some modules: change one thing in a function, run the tests that execute its line, see one fail.

    python dev/mutate.py compiler/model/dag.py compiler/lower [--tests tests/unit] [--sample 20] [--only TEXT] [--list]

A mutant deletes one statement, negates one condition, drops one operand of `and` or `or`, or turns one comparison
around. The tests are collected and run once, which gives the tests that execute each line. Then each mutant is put into
a fork of that process, as the `__code__` of the function it is in, and only these tests are run: a mutant takes
milliseconds. No file is written.

`dev/equivalent.txt` lists the mutants that change nothing a test could see, each with the reason. The exit code is 1 if
another mutant survives, or if an entry of that list is wrong: its mutant is killed, or does not exist any more.

mutmut 3 derives a module's name from its path and so looks for `compiler.build` where this repository's is
`mlopsc.compiler.build`; cosmic-ray starts the tests anew for each mutant (2 s each); neither deletes statements.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper, cache, partial
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import pytest
from mlopsc.dev.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = ROOT / "dev" / "equivalent.txt"
SECONDS = 5
"""A mutant that needs this much more processor time than a test does loops forever, and is killed by that."""
PATIENCE = 300
"""The same in seconds of the clock, for a mutant that makes a test wait forever."""
SEPARATE = ("test_cli.py", "test_interrupt.py")
"""Tests that start processes, which do not see a mutant."""


@dataclass
class Score:
    """What became of the mutants of some modules."""

    survivors: list[Mutant] = field(default_factory=list)
    uncovered: list[Mutant] = field(default_factory=list)
    equivalent: list[Mutant] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    """The number of killed mutants by module."""

    def line(self, name: str, files: Collection[str]) -> str:
        """The numbers for a module, or for several."""
        counts = [len([mutant for mutant in kind if mutant.file in files]) for kind in self.kinds]
        killed = sum(self.killed[file] for file in files)
        total = killed + sum(counts)
        detected = killed / max(total - counts[0], 1)
        return f"{name:<44} {total:>5} {killed:>6} {counts[0]:>10} {counts[1] + counts[2]:>8} {detected:>7.1%}"

    @property
    def kinds(self) -> tuple[list[Mutant], list[Mutant], list[Mutant]]:
        return self.equivalent, self.survivors, self.uncovered


class Mutation:
    """A plugin of pytest: in place of the tests it runs the mutants, each against the tests that execute its line."""

    def __init__(self, candidates: list[Mutant], equivalents: Collection[str]) -> None:
        self.mutants = candidates
        self.equivalents = equivalents
        self.names = {os.path.realpath(ROOT / mutant.file): mutant.file for mutant in candidates}
        self.file_of = cache(lambda filename: self.names.get(os.path.realpath(filename)))
        self.seconds: dict[str, float] = {}
        self.score = Score()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        started = time.monotonic()
        tests = self.covering(session)
        print(f"\n{len(session.items)} tests in {time.monotonic() - started:.0f} s", file=sys.stderr)
        owners, started = self.functions(), time.monotonic()
        clear_caches()
        gc.freeze()
        for mutant in self.mutants:
            self.judge(mutant, tests.get((mutant.file, mutant.line), []), owners)
        print(f"{len(self.mutants)} mutants in {time.monotonic() - started:.0f} s", file=sys.stderr)
        return True

    def judge(
        self, mutant: Mutant, items: list[pytest.Item], owners: dict[tuple[str, str, int], list[FunctionType]]
    ) -> None:
        """Run the tests of a mutant, and note what became of it."""
        survives = not items or self.survives(mutant, items, owners)
        if mutant.key in self.equivalents:
            if survives:
                self.score.equivalent.append(mutant)
                return
            self.score.wrong.append(f"killed, though it is listed as equivalent: {mutant}")
        if not survives:
            self.score.killed[mutant.file] += 1
            return
        (self.score.survivors if items else self.score.uncovered).append(mutant)
        print(f"{'survived' if items else 'no test '} {mutant}", file=sys.stderr, flush=True)

    def covering(self, session: pytest.Session) -> dict[tuple[str, int], list[pytest.Item]]:
        """The tests that execute each line, the fastest first. A test that fails without a mutant is left out."""
        lines: dict[tuple[str, int], list[pytest.Item]] = defaultdict(list)
        for index, item in enumerate(session.items):
            seen: set[tuple[str, int]] = set()
            clear_caches()
            started = time.process_time()
            sys.settrace(partial(self.trace, seen))
            try:
                passed = self.passes(item, session.items[index + 1] if index + 1 < len(session.items) else None)
            finally:
                sys.settrace(None)
            self.seconds[item.nodeid] = time.process_time() - started
            if not passed:
                print(f"left out, it fails without a mutant: {item.nodeid}", file=sys.stderr)
                continue
            for line in seen:
                lines[line].append(item)
        return {line: sorted(items, key=lambda item: self.seconds[item.nodeid]) for line, items in lines.items()}

    def trace(self, seen: set[tuple[str, int]], frame: FrameType, event: str, argument: object) -> Any:
        file = self.file_of(frame.f_code.co_filename)
        if file is None:
            return None

        def local(frame: FrameType, event: str, argument: object) -> Any:
            seen.add((file, frame.f_lineno))
            return local

        return local

    def passes(self, item: pytest.Item, following: pytest.Item | None = None) -> bool:
        from _pytest.runner import runtestprotocol

        reports = runtestprotocol(item, nextitem=following, log=False)
        return not any(report.failed for report in reports)

    def functions(self) -> dict[tuple[str, str, int], list[FunctionType]]:
        """The functions of these modules as they are now, by file, name and first line."""
        owners: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                file = self.file_of(thing.__code__.co_filename)
                if file is not None:
                    owners[file, thing.__code__.co_qualname, thing.__code__.co_firstlineno].append(thing)
        return owners

    def survives(
        self, mutant: Mutant, items: list[pytest.Item], owners: dict[tuple[str, str, int], list[FunctionType]]
    ) -> bool:
        """Whether all tests pass with a mutant, in a fork of this process."""
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            try:
                for function in owners[mutant.file, mutant.qualname, mutant.first]:
                    function.__code__ = mutant.code
                for item in items:
                    signal.setitimer(signal.ITIMER_PROF, SECONDS + self.seconds[item.nodeid])
                    signal.alarm(PATIENCE)
                    if not self.passes(item):
                        os._exit(1)
            except BaseException:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return status == 0


def clear_caches() -> None:
    """Empty what `functools.cache` keeps: a result from before would hide the lines of a function, and its mutants."""
    for module in [module for name, module in sys.modules.items() if name.startswith("mlopsc")]:
        for value in vars(module).values():
            if isinstance(value, _lru_cache_wrapper):
                value.cache_clear()


def listed_equivalents(text: str) -> dict[str, str]:
    """The reasons of `dev/equivalent.txt` by mutant: a line for the mutant, and indented below it the reason."""
    reasons: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line.startswith(" "):
            reasons[key] = f"{reasons[key]} {line.strip()}".strip()
        elif line and not line.startswith("#"):
            reasons[key := line.strip()] = ""
    return reasons


def modules(paths: list[str]) -> list[str]:
    """The modules among these files and folders."""
    files: list[str] = []
    for path in paths:
        within = sorted((ROOT / path).rglob("*.py")) if (ROOT / path).is_dir() else [ROOT / path]
        files += [file.relative_to(ROOT).as_posix() for file in within]
    return list(dict.fromkeys(files))


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing of some modules")
    parser.add_argument("files", nargs="+", help="modules, or folders of modules")
    parser.add_argument("--tests", nargs="*", default=["tests/unit"])
    parser.add_argument("--sample", type=int, metavar="N", help="take N mutants of each module, always the same ones")
    parser.add_argument("--only", default="", metavar="TEXT", help="take the mutants whose line in the output has TEXT")
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    files = modules(arguments.files)
    candidates: list[Mutant] = []
    for file in files:
        all_of_file = list(mutants(file, (ROOT / file).read_text("utf-8"), str(ROOT / file)))
        part = all_of_file if arguments.sample is None else sample(all_of_file, arguments.sample)
        candidates += [mutant for mutant in part if arguments.only in str(mutant)]
    if arguments.list:
        print("\n".join(map(str, candidates)))
        return 0
    reasons = listed_equivalents(EQUIVALENT.read_text("utf-8") if EQUIVALENT.exists() else "")
    mutation = Mutation(candidates, reasons)
    options = ["-q", "-p", "no:cacheprovider", "-n0", "--no-header", "--capture=no"]
    options += [f"--ignore-glob=*/{name}" for name in SEPARATE]
    pytest.main([*options, *arguments.tests], plugins=[mutation])
    score = mutation.score
    if arguments.sample is None and not arguments.only:
        keys = {mutant.key for mutant in candidates}
        score.wrong += [
            f"no such mutant in dev/equivalent.txt: {key}"
            for key in reasons
            if key.partition(" ")[0] in files and key not in keys
        ]
    report(score, files)
    return 1 if score.survivors or score.uncovered or score.wrong else 0


def sample(mutants: list[Mutant], size: int) -> list[Mutant]:
    """Some of the mutants, in their order; the same ones in every run."""
    chosen = random.Random(0).sample(range(len(mutants)), min(size, len(mutants)))
    return [mutants[index] for index in sorted(chosen)]


def report(score: Score, files: list[str]) -> None:
    """The survivors, and the score of each module and of all."""
    for mutant in score.survivors:
        print(f"survived {mutant}")
    for mutant in score.uncovered:
        print(f"no test  {mutant}")
    for problem in score.wrong:
        print(problem)
    print(f"{'':<44} mutants killed equivalent survived  score".replace("mutants", "  all"))
    for file in files:
        print(score.line(file, [file]))
    print(score.line("all", files))


if __name__ == "__main__":
    sys.exit(main())
