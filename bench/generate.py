"""Repositories of any size and shape for the benchmark."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

WIDTH = 10
"""Stages in a layer; each reads the outs of two stages of the layer above."""
OUTS = 50
MODULES = 40
"""Modules of the library that stages by convention import, in chains of `DEPTH`."""
DEPTH = 4

Files = dict[str, str]


def stage(number: int) -> tuple[str, list[str], str]:
    """Name, deps and out of one stage of the layered pipeline."""
    layer, place = divmod(number, WIDTH)
    above = [(layer - 1) * WIDTH + (place + shift) % WIDTH for shift in (0, 1)] if layer else []
    return f"s{number}", [f"data/d{parent}.csv" for parent in above] or ["data/raw.csv"], f"data/d{number}.csv"


def layers(count: int) -> Files:
    """Each stage with a command, three deps, an out, a param and a template, in layers."""
    return _repository(_layered(count))


def native(count: int) -> Files:
    """The same run by make, without DVC."""
    return _repository(_layered(count), "stack: {orchestrator: make, ci: []}\n")


def many_outs(count: int) -> Files:
    """A chain of stages that write fifty outs each and read those of the stage above."""
    lines = []
    for number in range(count):
        outs = [f"data/s{number}/o{index}.csv" for index in range(OUTS)]
        deps = [f"data/s{number - 1}/o{index}.csv" for index in range(OUTS)] if number else ["data/raw.csv"]
        lines += [f"  s{number}:", f"    cmd: python src/step.py {number}", "    deps:", "    - src/step.py"]
        lines += [*(f"    - {dep}" for dep in deps), "    outs:", *(f"    - {out}" for out in outs)]
    return _repository(lines)


def foreach(count: int) -> Files:
    """One `foreach` over many items, and a stage that reads all of them."""
    items = ", ".join(f"i{number}" for number in range(count - 1))
    lines = [
        "  each:",
        f"    foreach: [{items}]",
        "    do:",
        "      cmd: python src/step.py ${item} --rate ${rate}",
        "      deps: [src/step.py, data/raw.csv]",
        "      params: [rate]",
        "      outs: ['data/each/${item}.csv']",
        "  all: {cmd: python src/step.py all, deps: [src/step.py, data/each], outs: [data/all.csv]}",
    ]
    return _repository(lines)


def conventions(count: int) -> Files:
    """Stages that say nothing: each has a code file, which imports a few modules of a library of the repository."""
    files = _repository([f"  s{number}:" for number in range(count)])
    for number in range(count):
        uses = [(number + shift) % MODULES for shift in (0, 7, 13)]
        imports = "".join(f"from library.m{module} import f{module}\n" for module in uses)
        calls = "".join(f"    frame = f{module}(frame)\n" for module in uses)
        files[f"src/s{number}.py"] = (
            f'"""Step {number}."""\n\nimport json\nimport sys\n\n{imports}\n\n{_BODY}{calls}    return frame\n'
        )
    for module in range(MODULES):
        below = f"from .m{module + 1} import f{module + 1}\n\n\n" if module % DEPTH != DEPTH - 1 else ""
        files[f"src/library/m{module}.py"] = f"import math\n\n{below}{_MODULE.format(number=module)}"
    files["src/library/__init__.py"] = ""
    return files


_BODY = """\
def main(path):
    with open(path) as file:
        frame = [json.loads(line) for line in file if line.strip()]
    print(len(frame), file=sys.stderr)
"""
_MODULE = """\
def f{number}(frame):
    total = sum(math.sqrt(abs(row.get("x", 0))) for row in frame)
    return [{{**row, "m{number}": row.get("x", 0) / (total or 1)}} for row in frame]


class Table{number}:
    def __init__(self, rows):
        self.rows = list(rows)

    def column(self, name, default=None):
        return [row.get(name, default) for row in self.rows]

    def __len__(self):
        return len(self.rows)
"""


def _layered(count: int) -> Iterator[str]:
    for number in range(count):
        name, deps, out = stage(number)
        yield f"  {name}:"
        yield f"    cmd: python src/step.py --rate ${{rate}} {' '.join(deps)} {out}"
        yield "    deps:"
        yield from (f"    - {dep}" for dep in ["src/step.py", *deps])
        yield from ("    params:", "    - rate", "    outs:", f"    - {out}")


def _repository(stages: Iterator[str] | list[str], head: str = "") -> Files:
    return {
        "mlops.yaml": "\n".join([f"mlops: 1\nproject: bench\n{head}stages:", *stages]) + "\n",
        "params.yaml": "rate: 0.1\n",
        "src/step.py": "print('step')\n",
        "data/raw.csv": "a\n",
    }


def calkit(count: int) -> str:
    """calkit.yaml: the layered pipeline as Calkit writes it."""
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


SHAPES: dict[str, Callable[[int], Files]] = {
    "layers": layers,
    "native": native,
    "many-outs": many_outs,
    "foreach": foreach,
    "conventions": conventions,
}


def write(folder: Path, shape: str, count: int) -> None:
    """Write a repository of ``count`` stages."""
    files = SHAPES[shape](count)
    if shape == "layers":
        files["calkit.yaml"] = calkit(count)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a repository for the benchmark.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--shape", choices=SHAPES, default="layers")
    arguments = parser.parse_args()
    write(arguments.folder, arguments.shape, arguments.count)
