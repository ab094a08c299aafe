"""Processor time of whole processes, as ratios against peers in the same run. `python bench/run.py --help`.

Every time is user plus system time of a process and its children. In a turn each command runs once, at each size; a ratio is taken
within a turn, and the figure is the median of all turns but the first. So a machine whose speed changes from minute to minute,
as ours does by half, changes both sides of a ratio, and for a part of the turns only. Calkit is installed by this script into
`.cache/bench`; Python, DVC and mlopsc are those of the project's own environment.
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
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from generate import write

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "bench"
CALKIT = "calkit-python==0.49.5"
BIN = Path(sys.executable).parent


def measure(command: list[str], cwd: Path, before: Sequence[Path] = ()) -> tuple[float, float]:
    """Processor seconds and peak memory in MB of one run; ``before`` are paths that are removed first."""
    for path in before:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONHASHSEED": "0"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what pip installs is compiled, and so is all that is measured
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read().decode()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Command(NamedTuple):
    """What is run, in which folder; ``before`` are paths that are removed first."""

    words: list[str]
    folder: Path
    before: tuple[Path, ...] = ()


class Size:
    """A pipeline of ``count`` stages, the commands that are compared on it, and what was seen: seconds and MB, by turn."""

    def __init__(self, count: int, place: Path, calkit: Path | None) -> None:
        build, dvc = [str(BIN / "mlopsc"), "build"], str(BIN / "dvc")
        folder, beside = place / f"{count}", place / f"{count}-calkit"
        for made in (folder, beside):
            write(made, count)
            subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
            subprocess.run([dvc, "init", "--quiet"], cwd=made, check=True)
        outputs = tuple(folder / name for name in (".mlops", "dvc.yaml", "Makefile", ".github", ".gitignore"))
        self.count = count
        self.commands = {
            "python": Command([sys.executable, "-c", "pass"], folder),
            "cold": Command(build, folder, outputs),
            "unchanged": Command(build, folder),
        }
        if count in PEERS:
            self.commands |= {name: Command([dvc, *words], folder) for name, words in PEERS[count].items()}
            if calkit is not None:
                self.commands["calkit"] = Command([str(calkit), "check", "pipeline", "--compile"], beside)
        self.runs: dict[str, list[tuple[float, float]]] = {name: [] for name in self.commands}

    def turn(self, counts: bool) -> None:
        """Run all commands, one after the other; the first turn is for warming up and does not count."""
        for name, (words, folder, before) in self.commands.items():
            figure = measure(words, folder, before)
            if counts:
                self.runs[name].append(figure)

    def ratio(self, name: str, other: str) -> float:
        """How many times ``other`` the command takes: the median of the turns' ratios."""
        return median(first / second for (first, _), (second, _) in zip(self.runs[name], self.runs[other], strict=True))

    def figures(self) -> dict[str, float]:
        """All that was seen, by name."""
        found = {f"{name}_seconds": median(seconds for seconds, _ in self.runs[name]) for name in self.commands}
        found |= {f"{name}_per_python": self.ratio(name, "python") for name in ("cold", "unchanged")}
        peers = self.commands.keys() - {"python", "cold", "unchanged"}
        found |= {f"{name}_per_cold": self.ratio(name, "cold") for name in peers}
        memory = max(memory for _, memory in self.runs["cold"])
        if memory > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:  # a child counts what its parent had
            found["memory_mb"] = memory
        return {f"{self.count}.{name}": value for name, value in found.items()}


def calkit() -> Path | None:
    """Calkit's program, installed on first use; None where that fails."""
    folder = CACHE / "calkit"
    python = folder / "bin/python"
    if not python.exists():
        uv = shutil.which("uv") or str(BIN / "uv")
        made = subprocess.run([uv, "venv", "--quiet", str(folder), "--python", sys.executable], check=False)
        if made.returncode == 0:
            made = subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), CALKIT], check=False)
        if made.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            return None
    return folder / "bin/calkit"


PEERS: dict[int, dict[str, list[str]]] = {
    30: {"dvc_stage_list": ["stage", "list", "--all"]},
    1000: {"dvc_stage_list": ["stage", "list", "--all"], "dvc_dag": ["dag"]},
}
"""What is compared at which size, beside Calkit."""
SLOW = 1000
"""The size that takes 20 s a turn; it has every third."""
TARGETS = {
    "30.unchanged_per_python": ("<=", 3),
    "30.dvc_stage_list_per_cold": (">=", 5),
    "30.calkit_per_cold": (">=", 15),
    "1000.dvc_stage_list_per_cold": (">=", 8),
    "1000.calkit_per_cold": (">=", 20),
    "1000.dvc_dag_per_cold": (">=", 40),
    "10000.cold_per_python": ("<=", 50),
    "10000.memory_mb": ("<", 400),
    "growth": ("<=", 1.1),
}


def table(figures: dict[str, float]) -> tuple[str, bool]:
    """The figures and how they stand to the targets, as Markdown; whether all targets are met."""
    lines = [
        "# Speed",
        "",
        "Made by `make bench`: ratios of processor time (user and system), each the median of the ratios of several turns.",
        "",
    ]
    lines += ["| figure | measured | target | met |", "|---|---|---|---|"]
    good = True
    for name, (sign, bound) in TARGETS.items():
        if name in figures:
            met = figures[name] <= bound if sign in ("<=", "<") else figures[name] >= bound
            good = good and met
            lines.append(f"| {name} | {figures[name]:.2f} | {sign} {bound} | {'yes' if met else 'no'} |")
    lines += ["", "| all figures | |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in sorted(figures.items())]
    return "\n".join(lines) + "\n", good


def main() -> int:
    """Measure, write results.json and RESULTS.md, and exit 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10, 30 and 100 stages, three turns")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 100, 1000, 10000])
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    sizes = [10, 30, 100] if arguments.quick else arguments.sizes
    turns = 3 if arguments.quick else arguments.turns
    peer = calkit()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        measured = [Size(count, Path(temporary), peer) for count in sizes]
        for turn in range(turns + 1):
            print(f"turn {turn} of {turns} ...", file=sys.stderr, flush=True)
            for each in measured:
                if each.count != SLOW or turn % 3 == 0:
                    each.turn(counts=turn > 0)
        for each in measured:
            figures |= each.figures()
    if {10, 1000, 10000} <= set(sizes):
        work = [figures[f"{count}.cold_per_python"] - figures["10.cold_per_python"] for count in (1000, 10000)]
        figures["growth"] = math.log10(work[1] / work[0])
    text, good = table(figures)
    (arguments.out / "RESULTS.md").write_text(text)
    rounded = {name: round(value, 4) for name, value in figures.items()}
    (arguments.out / "results.json").write_text(json.dumps(rounded, indent=2) + "\n")
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
