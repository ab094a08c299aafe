"""Specs of any size for the benchmark: a layered pipeline as mlops.yaml, and the same for Calkit."""

from __future__ import annotations

import sys
from pathlib import Path

WIDTH = 10


def stage(number: int) -> tuple[str, list[str], str]:
    """Name, deps and out of one stage: it reads the outs of two stages of the layer above."""
    layer, place = divmod(number, WIDTH)
    above = [(layer - 1) * WIDTH + (place + shift) % WIDTH for shift in (0, 1)] if layer else []
    return f"s{number}", [f"data/d{each}.csv" for each in above] or ["data/raw.csv"], f"data/d{number}.csv"


def spec(count: int) -> str:
    """mlops.yaml: each stage with a command, three deps, an out, params and a template."""
    lines = ["mlops: 1", "project: bench", "stages:"]
    for number in range(count):
        name, deps, out = stage(number)
        lines += [
            f"  {name}:",
            f"    cmd: python src/step.py --rate ${{rate}} {' '.join(deps)} {out}",
            "    deps:",
            *(f"    - {dep}" for dep in ["src/step.py", *deps]),
            "    params:",
            "    - rate",
            "    outs:",
            f"    - {out}",
        ]
    return "\n".join(lines) + "\n"


def calkit(count: int) -> str:
    """calkit.yaml: the same stages as Calkit writes them."""
    lines = ["pipeline:", "  stages:"]
    for number in range(count):
        name, deps, out = stage(number)
        lines += [
            f"    {name}:",
            "      kind: shell-command",
            "      environment: _system",
            f"      command: python src/step.py --rate 1 {' '.join(deps)} {out}",
            "      inputs:",
            *(f"      - {dep}" for dep in ["src/step.py", *deps]),
            "      outputs:",
            f"      - {out}",
        ]
    return "\n".join(lines) + "\n"


def write(folder: Path, count: int) -> None:
    """A repository with a spec of ``count`` stages."""
    for name in ("src", "data"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "mlops.yaml").write_text(spec(count))
    (folder / "calkit.yaml").write_text(calkit(count))
    (folder / "params.yaml").write_text("rate: 0.1\n")
    (folder / "src/step.py").write_text("print('step')\n")
    (folder / "data/raw.csv").write_text("a\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
