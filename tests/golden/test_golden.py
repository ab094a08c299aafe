"""Golden pairs: what each target writes for a spec, kept to be read. `make golden` rewrites them; the diff is reviewed.

A case is a folder: mlops.yaml, the other files of that repository, and `expected/TARGET/PATH` for each target that its
`stack` names; `expected/report.txt` is what the compiler says to it, where it says anything. To add a case, or a target
to one, write the spec and run `make golden`. `kitchen-sink` has every construct and goes through every built-in target.
Programs that are written word for word (.mlops/scripts/run.sh and the like) are left out.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from mlopsc.compiler import installed
from mlopsc.compiler.build import compile_spec, emit
from mlopsc.compiler.model.diagnostic import Diagnostic, Report
from mlopsc.compiler.model.project import Project
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.target import Feature, File
from mlopsc.compiler.programs import FOLDER
from mlopsc.compiler.show.render import render

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/mlops.yaml"))
KITCHEN_SINK = "kitchen-sink"


def inputs(case: Path) -> dict[str, bytes]:
    """The repository of a case: all of its files but what is expected."""
    paths = (path for path in sorted(case.rglob("*")) if path.is_file())
    names = ((path.relative_to(case).as_posix(), path) for path in paths)
    return {name: path.read_bytes() for name, path in names if not name.startswith("expected/")}


def targets(case: Path, project: Project) -> list[str]:
    """The targets of a case that are installed: what its `stack` names, or all of this distribution."""
    if case.name != KITCHEN_SINK:
        return [name for name in project.targets if name in installed.installed()]
    points = (point for points in installed.installed().values() for point in points)
    return [point.name for point in points if point.dist is not None and point.dist.name == "mlopsc"]


def made(case: Path) -> dict[str, str]:
    """What is written for a case, as it stands under `expected/`."""
    run = compile_spec(Memory(inputs(case)))
    assert run.project is not None
    shown: list[Diagnostic] = [each for each in run.report if each.severity != "note"]
    files: dict[str, str] = {}
    for target in installed.find([(name, ()) for name in targets(case, run.project)])[0]:
        written = [item for item in target.emit(run.project) if isinstance(item, File)]
        if not run.project.patches.keys() - {file.path for file in written}:
            written, _ = emit(run.project, [target])
        for file in written:
            if not file.path.startswith(f"{FOLDER}/") or file.text.startswith("# The script of stage "):
                files[f"{target.name}/{file.path}"] = file.text
    if shown and run.project.targets.keys() <= installed.installed().keys():
        files["report.txt"] = render(Report(shown), run.document, "text") + "\n"
    return files


def expected(case: Path) -> dict[str, str]:
    """What is kept for a case, but for targets that are not installed, and for a report if one of them is named."""
    folder = case / "expected"
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}
    run = compile_spec(Memory(inputs(case)))
    assert run.project is not None
    kept = set(targets(case, run.project))
    if run.project.targets.keys() <= installed.installed().keys():
        kept.add("report.txt")
    return {path: text for path, text in files.items() if path.partition("/")[0] in kept}


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_what_is_expected(name: str) -> None:
    assert made(HERE / name) == expected(HERE / name), "if that is meant: make golden, and read the diff"


def test_the_kitchen_sink_holds_every_construct() -> None:
    run = compile_spec(Memory(inputs(HERE / KITCHEN_SINK)))
    assert run.project is not None
    missing = run.project.targets.keys() - installed.installed().keys()
    assert {each.code for each in run.report if each.severity == "error"} == ({"MLC501"} if missing else set())
    assert set(run.project.features) == set(Feature)


def rewrite() -> None:
    """Make what is expected of every case what is written now."""
    for name in CASES:
        folder = HERE / name / "expected"
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in made(HERE / name).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
    print(f"{len(CASES)} cases written", file=sys.stderr)


if __name__ == "__main__":
    rewrite()
