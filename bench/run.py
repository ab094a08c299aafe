"""Processor time of whole processes, as ratios against peers in the same run. `python bench/run.py --help`.

Every time is user plus system time of a process and its children. The commands that are compared run one after the other, turn by
turn; a ratio is taken within a turn, and the figure is the median of all turns but the first. So a machine whose speed changes
from minute to minute, as ours does by half, changes both sides of a ratio. We and our peers
are installed by this script into `.cache/bench`, as pip would; DVC is the one of the project's own environment.
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


class Seen:
    """What was seen of some commands: seconds and MB, by command and turn."""

    def __init__(self, commands: dict[str, Command], turns: int) -> None:
        self.runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(turns + 1):
            for name, (words, folder, before) in commands.items():
                figure = measure(words, folder, before)
                if turn:
                    self.runs[name].append(figure)

    def seconds(self, name: str) -> float:
        """The median of a command."""
        return median(seconds for seconds, _ in self.runs[name])

    def memory(self, name: str) -> float:
        """The most that a command took."""
        return max(memory for _, memory in self.runs[name])

    def ratio(self, name: str, other: str) -> float:
        """How many times ``other`` the command takes: the median of the turns' ratios."""
        return median(first / second for (first, _), (second, _) in zip(self.runs[name], self.runs[other], strict=True))


def installed(name: str, what: str) -> Path | None:
    """The programs of an environment that holds ``what`` as pip installs it, and nothing beside; None where that fails."""
    folder = CACHE / name
    uv = shutil.which("uv") or str(BIN / "uv")
    install = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--reinstall-package",
        name,
        "--python",
        str(folder),
    ]
    steps = [] if folder.exists() else [[uv, "venv", "--quiet", str(folder), "--python", sys.executable]]
    for step in (*steps, [*install, what]):
        if subprocess.run(step, check=False).returncode:
            return None
    return folder / "bin"


def size(count: int, turns: int, ours: Path, calkit: Path | None, figures: dict[str, float]) -> None:
    """Measure one size and add its figures. ``ours`` and ``calkit`` are where the programs are."""
    build, dvc = [str(ours / "mlopsc"), "build"], str(BIN / "dvc")
    with tempfile.TemporaryDirectory() as temporary:
        folder, beside = Path(temporary, "ours"), Path(temporary, "calkit")
        for made in (folder, beside):
            write(made, count)
            subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
            subprocess.run([dvc, "init", "--quiet"], cwd=made, check=True)
        outputs = tuple(folder / name for name in (".mlops", "dvc.yaml", "Makefile", ".github", ".gitignore"))
        python = Command([str(ours / "python"), "-c", "pass"], folder)
        commands = {"python": python, "cold": Command(build, folder, outputs)}
        if count in PEERS:
            commands |= {name: Command([dvc, *words], folder) for name, words in PEERS[count].items()}
            if calkit is not None:
                commands["calkit"] = Command([str(calkit / "calkit"), "check", "pipeline", "--compile"], beside)
            turns = turns if count < 1000 else max(1, turns // 3)  # a turn takes 20 s
        seen = Seen(commands, turns)
        for name in commands.keys() - {"python"}:
            figures[f"{count}.{name}_seconds"] = seen.seconds(name)
        figures[f"{count}.cold_per_python"] = seen.ratio("cold", "python")
        figures[f"{count}.memory_mb"] = seen.memory("cold")
        for name in commands.keys() - {"python", "cold"}:
            figures[f"{count}.{name}_per_cold"] = seen.ratio(name, "cold")
        again = Seen({"python": python, "again": Command(build, folder)}, turns * 2)
        figures[f"{count}.unchanged_per_python"] = again.ratio("again", "python")


PEERS: dict[int, dict[str, list[str]]] = {
    30: {"dvc_stage_list": ["stage", "list", "--all"]},
    1000: {"dvc_stage_list": ["stage", "list", "--all"], "dvc_dag": ["dag"]},
}
"""What is compared at which size, beside Calkit."""
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
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    sizes = [10, 30, 100] if arguments.quick else arguments.sizes
    turns = 3 if arguments.quick else arguments.turns
    ours, calkit = installed("mlopsc", str(HERE.parent)), installed("calkit-python", CALKIT)
    if ours is None:
        parser.error("mlopsc cannot be installed from here; what uv says about it stands above")
    figures: dict[str, float] = {}
    for count in sizes:
        print(f"{count} stages ...", file=sys.stderr, flush=True)
        size(count, turns, ours, calkit, figures)
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
