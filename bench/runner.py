"""The runner side by side with `dvc repro`, Snakemake, and ninja as the floor. `python bench/runner.py --help`.

Wall seconds and processor seconds (of a process and all its children), the least of all turns: a machine that has
other things to do makes a run slower, never faster. Snakemake and ninja are installed into `.cache/bench-runner`; they
check times of files only, hash nothing and keep no cache. Exit status 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlopsc.targets.dvc.runner import PROGRAMS

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench-runner"
BIN = Path(sys.executable).parent
PEERS = ["snakemake==9.*", "ninja==1.*"]
SECONDS = {"prepare": 0.5, "gather": 0.5, **{f"part{number}": 2.0 for number in range(4)}}
CRITICAL_PATH = 3.0


@dataclass(frozen=True)
class Stage:
    """One stage: it waits, then copies its first dep to its out."""

    name: str
    deps: tuple[str, ...]
    out: str
    seconds: float = 0

    def command(self) -> str:
        return (f"sleep {self.seconds} && " if self.seconds else "") + f"cp {self.deps[0]} {self.out}"


@dataclass(frozen=True)
class Time:
    """What one run took."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} ({self.processor:.2f})"


def independent(count: int) -> list[Stage]:
    return [Stage(f"s{number}", (f"in/{number}.txt",), f"out/{number}.txt") for number in range(count)]


def siblings() -> list[Stage]:
    parts = [Stage(f"part{number}", ("a.txt",), f"b{number}.txt", 2.0) for number in range(4)]
    return [
        Stage("prepare", ("in/0.txt",), "a.txt", 0.5),
        *parts,
        Stage("gather", tuple(part.out for part in parts), "c.txt", 0.5),
    ]


def create(root: Path, stages: list[Stage]) -> Path:
    """The same pipeline for each tool, in a folder of its own."""
    (root / "in").mkdir(parents=True)
    (root / "out").mkdir()
    for path in {dep for stage in stages for dep in stage.deps if dep.startswith("in/")}:
        (root / path).write_text(path)
    dvc, snake, ninja = ["stages:"], [], ["rule run", "  command = $c"]
    outs = json.dumps([stage.out for stage in stages])
    snake += [f"rule all:\n    input: {outs}"]
    for stage in stages:
        dvc += [f"  {stage.name}:", f"    cmd: {stage.command()}"]
        dvc += [f"    deps: {json.dumps(stage.deps)}", f"    outs: {json.dumps([stage.out])}"]
        snake += [f"rule {stage.name}:\n    input: {json.dumps(stage.deps)}\n    output: {stage.out!r}"]
        snake += [f"    shell: {stage.command()!r}"]
        ninja += [f"build {stage.out}: run {' '.join(stage.deps)}", f"  c = {stage.command()}"]
    (root / "dvc.yaml").write_text("\n".join(dvc) + "\n")
    (root / "Snakefile").write_text("\n".join(snake) + "\n")
    (root / "build.ninja").write_text("\n".join(ninja) + "\n")
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    subprocess.run([BIN / "dvc", "init", "-q"], cwd=root, check=True)
    for name in PROGRAMS:
        path = root / ".mlops" / "scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "compiler/programs" / name, path)
    return root


class Tools:
    """The command of each tool that is there."""

    def __init__(self) -> None:
        self.commands: dict[str, Callable[[int], list[str]]] = {
            "dvc repro": lambda jobs: [str(BIN / "dvc"), "repro"],
            "runner": lambda jobs: [sys.executable, ".mlops/scripts/run.py", "--jobs", str(jobs)],
        }
        uv = shutil.which("uv", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
        for peer in PEERS:
            name = peer.partition("=")[0]
            try:
                if not (CACHE / "bin" / name).exists():
                    if not CACHE.exists():
                        subprocess.run([uv, "venv", "-q", CACHE, "-p", sys.executable], check=True)
                    subprocess.run([uv, "pip", "install", "-q", "--compile-bytecode", "-p", CACHE, peer], check=True)
            except (subprocess.CalledProcessError, OSError, TypeError) as error:
                print(f"{name} cannot be installed here, so it is left out: {error}")
        if (CACHE / "bin" / "snakemake").exists():
            snakemake = str(CACHE / "bin" / "snakemake")
            self.commands["snakemake"] = lambda jobs: [snakemake, "--cores", str(jobs), "--quiet", "all"]
        if (CACHE / "bin" / "ninja").exists():
            self.commands["ninja"] = lambda jobs: [str(CACHE / "bin" / "ninja"), "-j", str(jobs)]

    def run(self, tool: str, root: Path, jobs: int) -> Time:
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with tempfile.TemporaryFile() as output:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.commands[tool](jobs), cwd=root, stdout=output, stderr=output, env=environment
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            if status:
                output.seek(0)
                raise SystemExit(f"{tool} failed:\n{output.read().decode()[-2000:]}")
        return Time(wall, usage.ru_utime + usage.ru_stime)


def least(times: list[Time]) -> Time:
    return Time(min(time.wall for time in times), min(time.processor for time in times))


class Bench:
    """Measures, prints a row for each case, and remembers which budgets are exceeded."""

    def __init__(self, folder: Path, turns: int) -> None:
        self.folder, self.turns, self.tools = folder, turns, Tools()
        self.exceeded: list[str] = []
        print(f"| wall (processor) seconds, least of {turns} | {' | '.join(self.tools.commands)} | ratio | budget |")
        print("|---" * (len(self.tools.commands) + 3) + "|")

    def row(self, case: str, times: dict[str, Time], ratio: float, budget: float, unit: str = "of dvc repro") -> None:
        cells = [str(times.get(tool, "")) for tool in self.tools.commands]
        print(f"| {case} | {' | '.join(cells)} | {ratio:.2f} {unit} | {budget} |", flush=True)
        if ratio > budget:
            self.exceeded.append(case)

    def first_runs(self, name: str, stages: list[Stage], jobs: int, tools: list[str], turns: int) -> dict[str, Time]:
        times: dict[str, list[Time]] = {}
        for turn in range(turns):
            for tool in tools:
                root = create(self.folder / f"{name}-{tool.replace(' ', '-')}-{turn}", stages)
                times.setdefault(tool, []).append(self.tools.run(tool, root, jobs))
                shutil.rmtree(root)
        return {tool: least(found) for tool, found in times.items()}

    def siblings(self) -> None:
        times = self.first_runs("siblings", siblings(), 4, list(self.tools.commands), self.turns)
        root = create(self.folder / "start", [])
        (root / "dvc.yaml").write_text("stages: {}\n")
        start = least([self.tools.run("dvc repro", root, 1) for _ in range(self.turns + 2)])
        ratio = (times["runner"].wall - start.wall) / CRITICAL_PATH
        self.row(
            "six stages, four siblings of 2 s, 4 jobs", times, ratio, 1.3, "of the critical path, less a DVC start"
        )

    def many(self, count: int, budget: float) -> None:
        times = self.first_runs(f"many{count}", independent(count), 4, list(self.tools.commands), self.turns)
        self.row(f"{count} independent, 4 jobs", times, times["runner"].wall / times["dvc repro"].wall, budget)

    def again(self, count: int, unchanged: float, changed: float) -> None:
        root = create(self.folder / f"again{count}", independent(count))
        for tool in self.tools.commands:
            if tool != "dvc repro":
                if tool in ("snakemake", "ninja"):
                    shutil.rmtree(root / "out")
                    (root / "out").mkdir()
                self.tools.run(tool, root, 4)
        self.tools.run("runner", root, 4)
        self.tools.run("dvc repro", root, 1)
        cases = [(f"no-op of {count}", unchanged, False)]
        if changed:
            cases.append((f"one of {count} changed", changed, True))
        for case, budget, edit in cases:
            times: dict[str, list[Time]] = {}
            for turn in range(self.turns):
                for tool in self.tools.commands:
                    if edit:
                        (root / f"in/{turn}.txt").write_text(f"{tool} {turn} {time.time()}")
                    times.setdefault(tool, []).append(self.tools.run(tool, root, 1))
            best = {tool: least(found) for tool, found in times.items()}
            ratio = (
                best["runner"].processor / best["dvc repro"].processor
            )  # one process that computes: on a quiet machine the same
            self.row(case, best, ratio, budget, "of dvc repro (processor)")

    def growth(self, counts: list[int]) -> None:
        found = {}
        for count in counts:
            found[count] = self.first_runs(f"growth{count}", independent(count), 4, ["runner"], self.turns)["runner"]
            print(f"| first run of {count} | | {found[count]} |", flush=True)
        first, last = counts[0], counts[-1]
        power = math.log(found[last].processor / found[first].processor) / math.log(last / first)
        self.row(f"growth from {first} to {last}", {"runner": found[last]}, power, 1.15, "as power of n (processor)")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("cases", nargs="*", help="siblings, many, again, growth; all by default")
    options = parser.parse_args()
    cases = options.cases or ["siblings", "many", "again", "growth"]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.turns)
        if "siblings" in cases:
            bench.siblings()
        if "many" in cases:
            bench.many(100, 0.25)
            bench.many(200, 0.12)
        if "again" in cases:
            for count in (1, 10, 100):
                bench.again(count, 1.0, 0)
            bench.again(1000, 0.5, 0.6)
        if "growth" in cases:
            bench.growth([50, 100, 200, 400])
    if bench.exceeded:
        print("over budget: " + ", ".join(bench.exceeded))
    return 1 if bench.exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
