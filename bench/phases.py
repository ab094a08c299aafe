"""Where the processor time of a cold build goes, phase by phase: `python bench/phases.py [STAGES]`."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from generate import write


def phases(root: str) -> dict[str, float]:
    """Processor seconds of each phase of one build of the repository at ``root``, writing aside."""
    marks = [("", time.process_time())]

    def mark(name: str) -> None:
        marks.append((name, time.process_time()))

    from mlopsc.compiler import build, checks
    from mlopsc.compiler import installed as registry
    from mlopsc.compiler.lower.project import lower
    from mlopsc.compiler.model.snapshot import Disk
    from mlopsc.compiler.read.document import read_spec
    from mlopsc.compiler.read.params import ParamFiles
    from mlopsc.compiler.read.validate import validate
    from mlopsc.compiler.resolve.resolver import resolve
    from mlopsc.compiler.write.plan import plan

    mark("imports")
    disk = Disk(root)
    document, _ = read_spec(disk)
    mark("read")
    assert document is not None
    spec, data, _ = validate(document)
    mark("validate")
    assert spec is not None
    params = ParamFiles(disk)
    resolved, _ = resolve(spec, data, disk, params)
    mark("resolve")
    project, _ = lower(resolved, params.load, disk)
    mark("lower")
    list(checks.run(project, disk, params, document.data, resolved.code))
    mark("check")
    files = []
    for name, place in project.targets.items():
        targets, _ = registry.find([(name, place)])
        files += build.emit(project, targets)[0]
        mark(f"emit {name}")
    plan(files, {}, disk, set())
    mark("plan")
    return {name: after - before for (_, before), (name, after) in pairwise(marks)}


def main() -> None:
    """Print a line for each phase: milliseconds and share."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), "layers", count)
        gc.disable()  # as the command line does
        seen = phases(folder)
    whole = sum(seen.values())
    for name, seconds in seen.items():
        print(f"{name:12} {seconds * 1000:7.1f} ms  {seconds / whole:4.0%}")


if __name__ == "__main__":
    main()
