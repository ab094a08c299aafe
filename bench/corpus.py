"""Import real dvc.yaml files of public repositories, and hold the outcome against the record in bench/corpus.json.

`corpus.py FOLDER` prints the table and fails if a file that imported before no longer does; `--record` writes it anew.
The files are not part of this repository; FOLDER has one folder a repository, with its pipeline and parameter files.
The code is not there, so an empty file stands in for each that a command names: `tidy` is measured with that, and a stage
is counted as one that forgot its code if it does not depend on the very file that it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlopsc.compiler.adopt.pipeline import Pipeline

RECORD = os.path.join(os.path.dirname(__file__), "corpus.json")


@dataclass
class Outcome:
    """What became of each dvc.yaml of a repository: `imported`, or the reason why not; and what was counted in its specs."""

    files: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    saved: int = 0
    python: int = 0
    forgot: int = 0
    compared: int = 0
    silent: int = 0
    differ: list[str] = field(default_factory=list)


def tried(repository: str) -> Outcome:
    """Import a copy of the repository. Nothing is left behind."""
    from mlopsc.compiler.adopt.adoption import adopt
    from mlopsc.compiler.adopt.pipeline import folders_with_pipeline

    with tempfile.TemporaryDirectory() as home:
        copy = f"{home}/{os.path.basename(repository)}"
        shutil.copytree(repository, copy)
        os.mkdir(f"{copy}/.git")
        named = _named(repository)
        folders = folders_with_pipeline(copy)
        whole = adopt(copy)
        found, taken = Outcome(), []
        for folder in folders:
            part = whole if not whole.report.failed or len(folders) == 1 else adopt(copy, [folder])
            reasons = [f"{each.code}: {each.message}" for each in part.report if each.severity == "error"]
            found.files[named(folder)] = _plain(reasons[0], home) if reasons else "imported"
            taken += [each for each in part.pipelines if each.folder == folder and not reasons]
        for each in taken:
            _compared(found, copy, each, named(each.folder))
        for each in taken:
            _counted(found, copy, each)
        return found


def _compared(found: Outcome, root: str, pipeline: Pipeline, name: str) -> None:
    """Hold what `mlopsc plan` says of each stage against what `dvc status` says of it, where DVC can answer offline."""
    from mlopsc.compiler.adopt.overlay import Overlay
    from mlopsc.compiler.build import compile_spec
    from mlopsc.compiler.show.reruns import reruns

    disk = Overlay(os.path.join(root, pipeline.folder), {"mlops.yaml": pipeline.text})
    run = compile_spec(disk)
    if run.project is None or run.params is None:
        return
    ours = {
        each.stage for each in reruns(run.project, disk, run.params)
        if not all(reason.endswith("runs before it") for reason in each.reasons)
    }  # fmt: skip
    theirs = _status(root, os.path.join(pipeline.folder, "dvc.yaml"))
    found.silent += sum(changed is None for changed in theirs.values())
    for stage, changed in theirs.items():
        if changed is not None:
            found.compared += 1
            if changed != (stage in ours):
                found.differ.append(
                    f"{name}: `{stage}`: DVC says {'changed' if changed else 'up to date'}, plan does not"
                )


def _status(root: str, file: str) -> dict[str, bool | None]:
    """Whether DVC takes each stage of a dvc.yaml for changed; None where it cannot say without the network."""
    import logging

    from dvc.dvcfile import load_file
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.CRITICAL + 1)
    before = os.getcwd()
    os.chdir(root)
    try:
        if not os.path.isdir(f"{root}/.dvc/tmp"):
            os.makedirs(f"{root}/.dvc", exist_ok=True)
            with open(f"{root}/.dvc/config.local", "a", encoding="utf-8") as config:
                config.write("[core]\n    no_scm = true\n")
        answers: dict[str, bool | None] = {}
        with Repo(root) as repo, repo.lock:
            for stage in load_file(repo, file).stages.values():
                remote = any("://" in str(path) for path in (*stage.deps, *stage.outs))
                try:
                    answers[stage.name] = None if remote else bool(stage.status())
                except (DvcException, OSError, ValueError, TypeError):
                    answers[stage.name] = None
        return answers
    finally:
        os.chdir(before)


def _counted(found: Outcome, root: str, pipeline: Pipeline) -> None:
    """Add what `tidy` saves in a spec, and how many of its Python stages lack the file that they run among their deps."""
    from mlopsc.compiler.adopt.overlay import Overlay
    from mlopsc.compiler.adopt.suggest import undeclared
    from mlopsc.compiler.adopt.tidy import tidy
    from mlopsc.compiler.build import compile_spec
    from mlopsc.compiler.model.snapshot import Disk
    from mlopsc.compiler.resolve.code.graph import CodeGraph

    top = os.path.join(root, pipeline.folder)
    project = pipeline.compiled.project
    if project is None:
        return
    stages = {each.entry: each for each in project}.values()
    graph = CodeGraph(Disk(top))
    named = {path for each in stages for cmd in each.commands for path in graph.command(cmd.text, each.wdir).missing}
    for path in sorted(path for path in named if not path.startswith("..")):
        os.makedirs(os.path.dirname(f"{top}/{path}"), exist_ok=True)
        with open(f"{top}/{path}", "ab"):
            pass

    def at(text: str) -> Overlay:
        return Overlay(top, {"mlops.yaml": text.encode()})

    text = pipeline.text.decode("utf-8-sig")
    found.lines += len(text.splitlines())
    disk = Disk(top)
    found.saved += len(text.splitlines()) - len(tidy(text, at).text.splitlines())
    if (project := compile_spec(at(text)).project) is not None:
        code = CodeGraph(disk)
        runs = {
            stage.entry for stage in stages for each in stage.commands
            if any(path.endswith(".py") for path in code.command(each.text, stage.wdir).started)
        }  # fmt: skip
        found.python += len(runs)
        found.forgot += len(runs & undeclared(project, disk).keys())


def _named(repository: str) -> Callable[[str], str]:
    return lambda folder: "/".join(part for part in (os.path.basename(repository), folder, "dvc.yaml") if part)


def _plain(reason: str, home: str) -> str:
    return reason.replace(f"{home}/", "")[:300]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--record", action="store_true", help="write the record anew")
    parser.add_argument("--against", metavar="FILE", default=RECORD, help="another record than bench/corpus.json")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.folder):
        print(f"corpus: there is no folder `{arguments.folder}`; name it: make corpus CORPUS=...", file=sys.stderr)
        return 1
    repositories = sorted(entry.path for entry in os.scandir(arguments.folder) if entry.is_dir())
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(tried, repositories))
    found = {name: what for each in outcomes for name, what in each.files.items()}
    print("".join((*_rows(found), *_figures(outcomes))), end="")
    if arguments.record:
        with open(arguments.against, "w", encoding="utf-8") as file:
            json.dump(dict(sorted(found.items())), file, indent=1, ensure_ascii=False)
            file.write("\n")
        return 0
    with open(arguments.against, encoding="utf-8") as file:
        before = json.load(file)
    worse = [name for name, what in found.items() if what != "imported" and before.get(name) == "imported"]
    lost = sorted(before.keys() - found.keys())
    for name in worse:
        print(f"corpus: `{name}` imported before, and no longer does: {found[name]}", file=sys.stderr)
    for name in lost:
        print(f"corpus: `{name}` is in the record, but was not found", file=sys.stderr)
    differ = [text for each in outcomes for text in each.differ]
    for text in differ:
        print(f"corpus: {text}", file=sys.stderr)
    return 1 if worse or lost or differ else 0


def _rows(found: dict[str, str]) -> Iterator[str]:
    for name, what in sorted(found.items()):
        yield f"{name:70} {what}\n"
    good = sum(what == "imported" for what in found.values())
    yield f"{good} of {len(found)} files imported ({100 * good // max(len(found), 1)} %)\n"


def _figures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    lines, saved, python, forgot = (
        sum(getattr(each, name) for each in outcomes) for name in ("lines", "saved", "python", "forgot")
    )
    yield f"tidy saves {saved} of {lines} lines ({100 * saved / max(lines, 1):.1f} %)\n"
    compared, silent = sum(each.compared for each in outcomes), sum(each.silent for each in outcomes)
    differ = sum(len(each.differ) for each in outcomes)
    yield f"plan says what `dvc status` says of {compared - differ} of {compared} stages; of {silent} DVC cannot say it offline\n"
    yield f"{forgot} of {python} Python stages do not depend on the file that they run ({100 * forgot / max(python, 1):.1f} %)\n"


if __name__ == "__main__":
    sys.exit(main())
