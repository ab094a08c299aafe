"""Processor time of whole processes, as ratios against peers in the same run. `python bench/run.py --help`.

Every figure is user plus system time of the process and its children, the least of several runs (what is more
is the machine's other work, which slows large processes most); the commands that are compared take turns. Peers are installed by this script into `.cache/bench`, from the registry.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from generate import write

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "bench"
CALKIT = "calkit-python==0.49.5"
BIN = Path(sys.executable).parent


def measure(command: list[str], cwd: Path, before: list[Path] | None = None) -> tuple[float, float]:
    """Processor seconds and peak memory in MB of one run; ``before`` are paths that are removed first."""
    for path in before or ():
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


def compared(
    commands: dict[str, list[str]], cwd: Path, repeat: int, cold: list[Path]
) -> dict[str, tuple[float, float]]:
    """Least seconds and most memory of each command; they take turns. A command called `cold` starts from nothing."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(repeat + 1):
        for name, command in commands.items():
            figure = measure(command, cwd, cold if name == "cold" else None)
            if turn:
                seen[name].append(figure)
    return {name: (min(t for t, _ in runs), max(m for _, m in runs)) for name, runs in seen.items()}


def calkit() -> list[str] | None:
    """The command that compiles with Calkit, installed on first use; None where that fails."""
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
    return [str(folder / "bin/calkit"), "check", "pipeline", "--compile"]


def size(count: int, repeat: int, peers: bool, figures: dict[str, float]) -> None:
    """Measure one size and add its figures."""
    mlopsc = str(BIN / "mlopsc")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder, count)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        outputs = [folder / name for name in (".mlops", "dvc.yaml", "Makefile", ".github", ".gitignore")]
        seen = compared({"python": [sys.executable, "-c", "pass"], "cold": [mlopsc, "build"]}, folder, repeat, outputs)
        measure([mlopsc, "build"], folder)
        again = compared({"python": [sys.executable, "-c", "pass"], "again": [mlopsc, "build"]}, folder, repeat * 2, [])
        seconds, memory = seen["cold"]
        base = seen["python"][0]
        figures[f"{count}.cold_seconds"] = seconds
        figures[f"{count}.cold_per_python"] = seconds / base
        figures[f"{count}.memory_mb"] = memory
        figures[f"{count}.unchanged_per_python"] = again["again"][0] / again["python"][0]
        if peers:
            _peers(folder, count, seconds, max(1, repeat // 4), figures)


def _peers(folder: Path, count: int, cold: float, repeat: int, figures: dict[str, float]) -> None:
    dvc = str(BIN / "dvc")
    subprocess.run([dvc, "init", "--quiet"], cwd=folder, check=True)
    commands = {"dvc_stage_list": [dvc, "stage", "list", "--all"]}
    if count >= 1000:
        commands["dvc_dag"] = [dvc, "dag"]
    for name, (seconds, _) in compared(commands, folder, repeat, []).items():
        figures[f"{count}.{name}_seconds"] = seconds
        figures[f"{count}.{name}_per_cold"] = seconds / cold
    if (command := calkit()) is not None:
        made = folder / "calkit-repository"
        write(made, count)
        subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
        subprocess.run([dvc, "init", "--quiet"], cwd=made, check=True)
        seconds = compared({"calkit": command}, made, repeat, [])["calkit"][0]
        figures[f"{count}.calkit_seconds"] = seconds
        figures[f"{count}.calkit_per_cold"] = seconds / cold


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
        "Made by `make bench`; processor time (user and system), the least of several runs, commands taking turns.",
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
    parser.add_argument("--quick", action="store_true", help="10, 30 and 100 stages, three repeats")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 100, 1000, 10000])
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    sizes = [10, 30, 100] if arguments.quick else arguments.sizes
    repeat = 3 if arguments.quick else arguments.repeat
    figures: dict[str, float] = {}
    for count in sizes:
        print(f"{count} stages ...", file=sys.stderr, flush=True)
        size(count, repeat, count in (30, 1000), figures)
    if {1000, 10000} <= set(sizes):
        work = [figures[f"{count}.cold_seconds"] - figures["10.cold_seconds"] for count in (1000, 10000)]
        figures["growth"] = math.log10(work[1] / work[0])
    text, good = table(figures)
    (arguments.out / "RESULTS.md").write_text(text)
    rounded = {name: round(value, 4) for name, value in figures.items()}
    (arguments.out / "results.json").write_text(json.dumps(rounded, indent=2) + "\n")
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
