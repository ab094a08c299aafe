"""What a task of an engine costs: the worker against the three DVC commands it stands for, each in a fresh clone.

Processor time of whole processes (user and system, children included), medians, taking turns, against an S3 endpoint
on loopback. Every turn is a commit with a parameter that the stage has not had, so that its command runs. Bytecode is
kept from turn to turn, as in an image that pip made. `python bench/worker.py --help`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / each) for each in ("dev", "tests", "tests/real")]
sys.path.insert(0, str(HERE))

from cloned import STEP, commit, project, work  # noqa: E402
from conftest import BIN  # noqa: E402
from engines import s3  # noqa: E402
from mlopsc.targets.engines import worker  # noqa: E402
from run import measure  # noqa: E402

SPEC = """\
mlops: 1
project: p
stack: {orchestrator: [dvc, airflow], build: none, ci: []}
stages:
  first: {cmd: 'python step.py LOG a/x.txt 1 raw.txt', deps: [step.py, raw.txt], outs: [a]}
  last: {cmd: 'python step.py LOG b/x.txt ${p} a', deps: [step.py, a], params: [p], outs: [b]}
"""
CLONE = """\
clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone -q "$MLOPS_REPO" "$clone"
cd "$clone"
"""
NAIVE = CLONE + "dvc fetch -q --run-cache; dvc repro -q --pull last; dvc push -q --run-cache last"
START = CLONE + "dvc stage list"
"""What one start of DVC costs beside the clone: no way to run a stage by DVC can be below it."""
WAYS = {"worker": (worker.text(), ["last"]), "three commands": (NAIVE, []), "one start of DVC": (START, [])}


def main() -> int:
    """Print the medians and the ratio; 1 where the worker costs more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--at-most", type=float, default=0.4, help="the worker's share of what the three commands take")
    arguments = parser.parse_args()
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as temporary, s3(Path(temporary)) as url:
        folder = Path(temporary)
        log = folder / "ran.log"
        files = {
            "step.py": STEP,
            "raw.txt": "raw",
            "params.yaml": "p: 0\n",
            "mlops.yaml": SPEC.replace("LOG", str(log)),
        }
        environment = project(folder / "p", url, "bench-worker", files)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ |= {**environment, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder)}
        work("first", cwd=folder)
        for turn in range(arguments.repeat + 1):
            for number, (name, (text, words)) in enumerate(WAYS.items()):
                (folder / "p/params.yaml").write_text(f"p: {len(WAYS) * turn + number + 1}\n")
                os.environ["MLOPS_REV"] = commit(folder / "p")
                start = time.perf_counter()
                seconds, _ = measure(["sh", "-euc", text, name, *words], folder)
                if turn:
                    seen[name].append((seconds, time.perf_counter() - start))
        runs = log.read_text().splitlines().count("b/x.txt")
        if runs != 2 * (arguments.repeat + 1):
            raise SystemExit(f"the stage ran {runs} times: what was measured is not a run of it")
    medians = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in seen.items()}
    base = medians["three commands"]
    print("| a task by | processor seconds | share | seconds on the clock | share |\n|---|---|---|---|---|")
    for name, (busy, clock) in medians.items():
        print(f"| {name} | {busy:.2f} | {busy / base[0]:.2f} | {clock:.2f} | {clock / base[1]:.2f} |")
    return int(medians["worker"][0] / base[0] > arguments.at_most)


if __name__ == "__main__":
    sys.exit(main())
