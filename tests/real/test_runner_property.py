"""Random pipelines, edits, failures and kills: the runner leaves what `dvc repro` leaves.

`MLOPS_PIPELINES=200 pytest tests/real/test_runner_property.py` tries 200 pipelines; a few by default.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from running import Pair, differences, held, ran, records, repro, runner, started

pytestmark = pytest.mark.real
PIPELINES = int(os.environ.get("MLOPS_PIPELINES", "6"))

STEP = """\
import os, pathlib, sys, time
name, seconds, kind, out, *deps = sys.argv[1:]
root = pathlib.Path(os.environ["DVC_ROOT"])
def text(path):
    path = root / path
    files = sorted(p for p in path.rglob("*") if p.name != ".gitignore") if path.is_dir() else [path]
    return "".join(file.read_text() for file in files if file.is_file())
with open(os.environ["RAN"], "a") as log:
    log.write(name + "\\n")
content = name + ":" + "|".join(map(text, deps)) + "\\n"
out = root / out
out.parent.mkdir(parents=True, exist_ok=True)
if kind == "folder":
    out.mkdir(exist_ok=True)
    for number in range(1 + len(content) % 3):
        (out / str(number)).write_text(content * number)
elif kind == "persist":
    out.write_text((out.read_text() if out.exists() else "") + "+" + content)
else:
    out.write_text(content)
time.sleep(float(seconds))
if (root / ("fail-" + name.partition("@")[0])).exists():
    sys.exit(3)
"""


@dataclass(frozen=True)
class Stage:
    """One drawn stage, or a group of two."""

    number: int
    kind: str  # of its out: file, folder, persist, uncached, metric
    flag: str  # "", frozen, always, foreach, matrix, params, wdir, folder (all of out/)
    above: tuple[int, ...]

    def outs(self) -> list[str]:
        names = ["x", "y"] if self.flag in ("foreach", "matrix") else [""]
        return [f"out/s{self.number}{name}" for name in names]


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[Stage, ...]:
    kinds = st.sampled_from(["file", "file", "folder", "persist", "uncached", "metric"])
    flags = st.sampled_from(["", "", "frozen", "always", "foreach", "matrix", "params", "wdir", "folder"])
    stages = []
    for number in range(draw(st.integers(2, 6))):
        above = draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True)) if number else []
        stages.append(Stage(number, draw(kinds), draw(flags), tuple(above)))
    return tuple(stages)


def document(stages: tuple[Stage, ...]) -> str:
    text = "stages:\n"
    for stage in stages:
        deps = [out for above in stage.above for out in stages[above].outs()]
        if stage.flag == "folder" and stage.above:
            deps = ["out"] if stage.number == len(stages) - 1 else deps
        inputs = [f"in/{stage.number % 3}.txt", *deps]
        out = f"out/s{stage.number}" if deps != ["out"] else "last"
        name, indent = f"s{stage.number}", "  "
        text += f"  {name}:\n"
        if stage.flag == "foreach":
            text += "    foreach: [x, y]\n    do:\n"
            name, out, indent = f"{name}@${{item}}", f"{out}${{item}}", "    "
        elif stage.flag == "matrix":
            text += "    matrix: {v: [x, y]}\n"
            name, out = f"{name}@${{item.v}}", f"{out}${{item.v}}"
        up = "../" if stage.flag == "wdir" else ""
        extra = {
            "uncached": "{cache: false}",
            "persist": "{persist: true}",
            "metric": "{cache: false}",
        }.get(stage.kind, "{}")
        lines = [f"cmd: python {up}step.py {name} 0 {stage.kind} {out} {' '.join(inputs)}"]
        lines += [f"deps: [{', '.join(up + path for path in inputs)}]"]
        lines += [f"{'metrics' if stage.kind == 'metric' else 'outs'}: [{{'{up}{out}': {extra}}}]"]
        lines += {
            "frozen": ["frozen: true"],
            "always": ["always_changed: true"],
            "params": ["params: [a.b]"],
            "wdir": ["wdir: work"],
        }.get(stage.flag, [])
        text += "".join(f"{indent}  {line}\n" for line in lines)
    return text


EDITS = st.sampled_from(
    [
        "echo more >> in/0.txt",
        "echo more >> in/1.txt",
        "echo one > in/2.txt",
        "sed -i 's/b: ./b: 2/' params.yaml",
        "sed -i 's/b: ./b: 1/' params.yaml",
        "rm -rf out/s0 out/s1x",
        "echo x > out/s1 || true",
        "rm -rf .dvc/cache/files",
        "rm -rf .dvc/cache/runs",
        "sed -i 's/frozen: true/frozen: false/' dvc.yaml",
        "sed -i 's/ 0 file/ 0.01 file/' dvc.yaml",
        "touch fail-s0",
        "touch fail-s2",
        "rm -f fail-s0 fail-s2",
        "rm -f dvc.lock",
        "true",
    ]
)
OPTIONS = st.sampled_from([(), (), ("--keep-going",), ("--force", "--keep-going"), ("s1",)])


@settings(
    max_examples=PIPELINES,
    deadline=None,
    derandomize="MLOPS_PIPELINES" not in os.environ,
    database=None,
    phases=[Phase.generate],  # each example takes seconds: a failure is reported as it was drawn
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(pipelines(), st.lists(st.tuples(st.lists(EDITS, max_size=2), OPTIONS, st.sampled_from([1, 3])), max_size=3))
def test_random_pipelines(stages: tuple[Stage, ...], steps: list[tuple[list[str], tuple[str, ...], int]]) -> None:
    files = {
        "step.py": STEP,
        "dvc.yaml": document(stages),
        "params.yaml": "a: {b: 1}\n",
        "work/keep": "",
        **{f"in/{number}.txt": f"{number}\n" for number in range(3)},
    }
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(Path(folder), files, "dvc add -q in/0.txt")
        for edits, options, jobs in [([], ("--keep-going",), 1), *steps]:
            pair.do(*edits)
            # With several jobs a failure stops the run at another stage than in DVC's order.
            pair.run(*options, *(["--keep-going"] if jobs > 1 and "--keep-going" not in options else []), jobs=jobs)


@settings(
    max_examples=max(2, PIPELINES // 3),
    deadline=None,
    derandomize="MLOPS_PIPELINES" not in os.environ,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    pipelines(),
    st.floats(0.3, 1.5),
    st.sampled_from([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM]),
    st.sampled_from([1, 3]),
)
def test_random_kills(stages: tuple[Stage, ...], seconds: float, number: signal.Signals, jobs: int) -> None:
    """Killed at some moment and run again, it ends where `dvc repro` ends undisturbed."""
    text = (
        document(stages).replace("frozen: true", "frozen: false").replace(" persist ", " file ").replace(" 0 ", " 0.1 ")
    )
    files = {
        "step.py": STEP,
        "dvc.yaml": text,
        "params.yaml": "a: {b: 1}\n",
        "work/keep": "",
        **{f"in/{count}.txt": f"{count}\n" for count in range(3)},
    }
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(Path(folder), files, "dvc add -q in/0.txt")
        assert repro(pair.dvc).returncode == 0
        process = started(pair.ours, "--jobs", str(jobs))
        time.sleep(seconds)
        process.send_signal(number)
        process.communicate(timeout=60)
        ran(pair.ours)
        after = runner(pair.ours, "--jobs", str(jobs))
        assert after.returncode == 0, after.stdout
        difference = differences(records(pair.dvc), records(pair.ours), failed=True)
        assert not difference, f"{difference}{after.stdout}"
        assert not held(pair.ours)
