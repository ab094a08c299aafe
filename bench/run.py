"""Processor time of whole processes, as ratios against peers in the same run. `python bench/run.py --help`.

Every time is user plus system time of a process and its children. In a turn each command runs once on each repository; a
ratio is taken within a turn, and the figure is the median over all turns but the first. So a machine whose speed changes
from minute to minute changes both sides of a ratio. What pip installs is compiled to bytecode, and so is everything that is
measured here. Calkit is installed by this script into `.cache/bench`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))
from editor import waited
from generate import write

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "bench"
CALKIT = "calkit-python==0.49.5"
BIN = Path(sys.executable).parent
OUTPUTS = (".mlops", "dvc.yaml", "Makefile", ".github", ".gitignore")
"""What a build writes, removed before a cold one."""

TARGETS: dict[str, tuple[str, float, str]] = {
    "layers.30.unchanged/python": ("<=", 3, "a build with nothing to do, against `python -c pass`"),
    "layers.30.build/dvc-stage-list": ("<=", 0.8, "a cold build of 30 stages, against `dvc stage list`"),
    "layers.30.build/calkit": ("<=", 0.5, "the same, against `calkit check pipeline --compile`"),
    "layers.1000.build/dvc-stage-list": ("<=", 0.2, "1,000 stages"),
    "layers.10000.build/python": ("<=", 200, "10,000 stages"),
    "layers.10000.build.mb": ("<", 400, "peak memory in MB at 10,000 stages"),
    "conventions.300.build/python": ("<=", 70, "300 stages by convention, with their code and what it imports"),
    "conventions.300.touched/build": ("<=", 0.8, "the same after one code file was touched, against the cold build"),
    "layers.1000.explain-one/check": ("<=", 1.5, "`mlopsc explain STAGE`, against `mlopsc check`"),
    "watch.seconds": ("<=", 0.2, "wall seconds from a save to the written files, under `build --watch`"),
    "editor.1000.diagnostics.seconds": (
        "<=",
        0.3,
        "median wall seconds from a keystroke to its diagnostics, in a spec of 1,000 stages",
    ),
    "editor.1000.hover.seconds": ("<=", 0.05, "median wall seconds to a hover in it, half of them during an analysis"),
    "layers.build.growth": ("<=", 1.1, "exponent n of the time over the number of stages, here and below"),
    "layers.check.growth": ("<=", 1.1, ""),
    "layers.explain.growth": ("<=", 1.1, ""),
    "layers.plan.growth": ("<=", 1.1, ""),
    "native.build.growth": ("<=", 1.1, "rules that run the stages without DVC"),
    "many-outs.build.growth": ("<=", 1.1, "50 outs a stage"),
    "foreach.build.growth": ("<=", 1.1, "one `foreach`"),
    "conventions.build.growth": ("<=", 1.1, "stages by convention"),
}
"""Each figure that has a budget, with what it is. A ratio is `REPOSITORY.COMMAND/PEER`."""


@dataclass
class Command:
    """Words to run; ``before`` prepares the repository and is not measured."""

    words: list[str]
    before: Callable[[Path], None] = lambda folder: None
    every: int = 1
    """The command runs in every so many turns."""


@dataclass
class Repository:
    """A generated repository, the commands that are measured in it, and the seconds and MB seen, by command and turn."""

    name: str
    folder: Path
    commands: dict[str, Command]
    runs: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)

    def turn(self, number: int) -> None:
        """Run the commands of one turn, one after the other."""
        for name, command in self.commands.items():
            if number % command.every == 0:
                command.before(self.folder)
                self.runs.setdefault(name, {})[number] = measure(command.words, self.folder)

    def seconds(self, name: str) -> float:
        """The median time of a command; turn 0 is for warming up."""
        return median(seconds for turn, (seconds, _) in self.runs[name].items() if turn)

    def ratio(self, name: str, peer: str) -> float:
        """The median over the turns of the time of a command in those of another."""
        turns = self.runs[name].keys() & self.runs[peer].keys() - {0}
        return median(self.runs[name][turn][0] / self.runs[peer][turn][0] for turn in turns)

    def figures(self) -> dict[str, float]:
        """All times, and the ratios that have a budget."""
        figures = {f"{self.name}.{name}.seconds": self.seconds(name) for name in self.commands}
        for target in TARGETS:
            command, slash, peer = target.removeprefix(f"{self.name}.").partition("/")
            if target.startswith(f"{self.name}.") and slash and {command, peer} <= self.commands.keys():
                figures[target] = self.ratio(command, peer)
        memory = max(megabytes for _, megabytes in self.runs["build"].values())
        if memory > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:  # a child counts what its parent had
            figures[f"{self.name}.build.mb"] = memory
        return figures


def measure(words: list[str], folder: Path) -> tuple[float, float]:
    """Processor seconds and peak memory in MB of one run."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            output.seek(0)
            raise SystemExit(f"{' '.join(words)} failed:\n{output.read().decode()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def environment() -> dict[str, str]:
    """The environment of everything that is measured."""
    settings = {**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONHASHSEED": "0"}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)
    return settings


def cold(folder: Path) -> None:
    """Remove what earlier builds wrote."""
    for name in OUTPUTS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def touch(folder: Path) -> None:
    """Build, then change one code file."""
    measure([str(BIN / "mlopsc"), "build"], folder)
    code = folder / "src/s1.py"
    code.write_text(code.read_text() + f"\n\nLATER = {time.time_ns()}\n")


def repository(place: Path, shape: str, count: int, peers: bool = False, extra: Iterable[str] = ()) -> Repository:
    """A repository in ``place`` with its commands: a cold build, one with nothing to do, peers, and ``extra``."""
    folder = place / f"{shape}-{count}"
    write(folder, shape, count)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run([str(BIN / "dvc"), "init", "--quiet"], cwd=folder, check=True)
    mlopsc, dvc = str(BIN / "mlopsc"), str(BIN / "dvc")
    slow = 3 if count >= 1000 else 1
    commands = {
        "python": Command([sys.executable, "-c", "pass"]),
        "build": Command([mlopsc, "build"], cold),
        "unchanged": Command([mlopsc, "build"]),
    }
    if peers:
        commands["dvc-stage-list"] = Command([dvc, "stage", "list", "--all"], every=slow)
    if peers:
        calkit = calkit_program()
        beside = place / f"calkit-{count}"
        write(beside, shape, count)
        subprocess.run(["git", "init", "--quiet"], cwd=beside, check=True)
        subprocess.run([dvc, "init", "--quiet"], cwd=beside, check=True)
        words = ["sh", "-c", f"cd '{beside}' && exec '{calkit}' check pipeline --compile"]
        commands["calkit"] = Command(words, every=slow)
    known = {
        "check": Command([mlopsc, "check"]),
        "plan": Command([mlopsc, "plan", "--no-diff"]),
        "explain": Command([mlopsc, "explain"]),
        "explain-one": Command([mlopsc, "explain", "s1"]),
        "touched": Command([mlopsc, "build"], touch),
    }
    commands |= {name: known[name] for name in extra}
    return Repository(f"{shape}.{count}", folder, commands)


def calkit_program() -> Path:
    """Calkit's program, installed on first use."""
    folder = CACHE / "calkit"
    python = folder / "bin/python"
    if not python.exists():
        uv = shutil.which("uv") or str(BIN / "uv")
        done = subprocess.run([uv, "venv", "--quiet", str(folder), "--python", sys.executable], check=False)
        if done.returncode == 0:
            words = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), CALKIT]
            done = subprocess.run(words, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise SystemExit(f"{CALKIT} could not be installed, as uv says above: `make bench` compares with it")
    return folder / "bin/calkit"


def watched(place: Path, saves: int) -> float:
    """The median wall seconds from a save of mlops.yaml to the new dvc.yaml, under `build --watch`."""
    folder = place / "watch"
    write(folder, "layers", 30)
    words = [str(BIN / "mlopsc"), "build", "--watch"]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, env=environment())
    spec, written = folder / "mlops.yaml", folder / "dvc.yaml"
    seen = []
    try:
        _until(lambda: written.exists(), process)
        for number in range(saves):
            time.sleep(0.7)
            text = f"watched{number}"
            spec.write_text(spec.read_text().replace("cmd: python src/step.py", f"cmd: {text}; python src/step.py", 1))
            started = time.perf_counter()
            _until(lambda text=text: text in written.read_text(), process)  # type: ignore[misc]
            seen.append(time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait()
    return median(seen)


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.perf_counter() + seconds
    while not condition():
        if process.poll() is not None or time.perf_counter() > deadline:
            raise SystemExit("`mlopsc build --watch` does not write what was saved")
        time.sleep(0.005)


GROWTH: dict[str, tuple[int, int, int]] = {
    "layers": (10, 1000, 4000),
    "native": (10, 500, 2000),
    "many-outs": (10, 100, 400),
    "foreach": (10, 1000, 4000),
    "conventions": (50, 400, 1600),
}
"""Sizes at which growth is measured; the time at the first is what a start takes, with the library that all stages import."""


def growth(repositories: dict[str, Repository], shape: str, command: str) -> float:
    """The exponent of the work of a command over the number of stages."""
    start, middle, large = GROWTH[shape]
    times = {count: repositories[f"{shape}.{count}"].seconds(command) for count in (start, middle, large)}
    work = max(times[large] - times[start], 1e-3) / max(times[middle] - times[start], 1e-3)
    return math.log(work) / math.log(large / middle)


def measured(place: Path, quick: bool, turns: int) -> dict[str, float]:
    """All figures."""
    everything = ("check", "plan", "explain", "explain-one")
    planned = [repository(place, "layers", 30, peers=True)]
    if not quick:
        planned += [repository(place, "layers", 1000, peers=True, extra=everything), repository(place, "layers", 10000)]
        planned += [repository(place, "conventions", 300, extra=["touched"])]
        for shape, counts in GROWTH.items():
            extra = everything if shape == "layers" else ()
            planned += [
                repository(place, shape, count, extra=extra) for count in counts if (shape, count) != ("layers", 1000)
            ]
    repositories = {each.name: each for each in planned}
    for turn in range(turns + 1):
        print(f"turn {turn} of {turns} ...", file=sys.stderr, flush=True)
        for each in planned:
            each.turn(turn)
    figures: dict[str, float] = {}
    for each in planned:
        figures |= each.figures()
    for target in TARGETS:
        if target.endswith(".growth") and not quick:
            shape, command, _ = target.split(".")
            figures[target] = growth(repositories, shape, command)
    if not quick:
        figures |= waited(place / "editor", 1000)
    return {**figures, "watch.seconds": watched(place, 3 if quick else 10)}


def table(figures: dict[str, float]) -> tuple[str, bool]:
    """The figures and how they stand to the budgets, as Markdown; whether all budgets are met."""
    lines = [
        "# Speed",
        "",
        "Written by `make bench`: processor time (user and system) of whole processes in one run.",
        "",
    ]
    lines += ["| figure | measured | budget | met | what it is |", "|---|---|---|---|---|"]
    good = True
    for name, (sign, bound, about) in TARGETS.items():
        if name in figures:
            met = figures[name] <= bound
            good = good and met
            lines.append(f"| {name} | {figures[name]:.2f} | {sign} {bound} | {'yes' if met else '**no**'} | {about} |")
    lines += ["", "| all times | seconds |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in sorted(figures.items()) if name not in TARGETS]
    return "\n".join(lines) + "\n", good


def main() -> int:
    """Measure, write results.json and RESULTS.md, and exit 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description="Measure mlopsc against its peers, as ratios in one run.")
    parser.add_argument("--quick", action="store_true", help="30 stages only, three turns")
    parser.add_argument("--turns", type=int, default=6, help="3 or more: the slowest commands run in every third turn")
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measured(Path(temporary), arguments.quick, 3 if arguments.quick else max(3, arguments.turns))
    text, good = table(figures)
    (arguments.out / "RESULTS.md").write_text(text)
    rounded = {name: round(value, 4) for name, value in figures.items()}
    (arguments.out / "results.json").write_text(json.dumps(rounded, indent=2) + "\n")
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
