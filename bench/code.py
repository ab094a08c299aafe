"""Read the code of public repositories, and count what is found: `code.py FOLDER` has one checkout a folder.

Prints, for all stages of all dvc.yaml files: how many run code of the repository, for how many all of it could be told, how many
files they load and do not declare, and what could not be told, by code. `--sample N --seed S` prints N stages chosen at
random with their files, to be read by hand; `--json` prints everything. The repositories are not part of this one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field


@dataclass
class Read:
    """One stage as it was read."""

    repository: str
    stage: str
    commands: list[str]
    wdir: str
    started: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def runs_code(self) -> bool:
        """Whether it runs a file of the repository."""
        return bool(self.started or self.files)

    @property
    def whole(self) -> bool:
        """Whether nothing of its code is unknown; a missing requirement is no unknown code."""
        return not any(problem.startswith(("MLC310", "MLC311", "MLC312")) for problem in self.problems)


def stages(folder: str) -> Iterator[Read]:
    """The stages of each dvc.yaml in a repository."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        if "dvc.yaml" in names:
            yield from _stages(folder, place)


def _stages(repository: str, place: str) -> Iterator[Read]:
    from mlopsc.compiler.adopt.overlay import Overlay
    from mlopsc.compiler.build import compile_spec
    from mlopsc.compiler.checks.code import CodeDeps

    with open(os.path.join(place, "dvc.yaml"), "rb") as file:
        text = file.read()
    snapshot = Overlay(place, {"mlops.yaml": b"mlops: 1\n" + text})
    run = compile_spec(snapshot)
    name = os.path.relpath(place, os.path.dirname(repository))
    if run.project is None or run.resolved is None:
        print(f"{name}: not read: {next(iter(run.report)).message}", file=sys.stderr)
        return
    code = CodeDeps(run.project, snapshot, run.resolved.code)
    seen: set[str] = set()
    for stage in run.project:
        if stage.entry in seen:
            continue
        seen.add(stage.entry)
        read = Read(name, stage.entry, [command.text for command in stage.commands], stage.wdir)
        for command in stage.commands:
            loaded = code.graph.command(command.text, stage.wdir)
            read.started += loaded.started
            read.files += [path for path in loaded.files if path not in read.files]
            read.missing += loaded.missing
            for problem in loaded.problems:
                message = problem.on(None).message
                read.problems.append(f"{problem.code.number} {problem.path or 'cmd'}:{problem.line} {message}")
        read.undeclared = code.undeclared(stage)
        yield read


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--all", action="store_true", help="print each stage")
    arguments = parser.parse_args()
    before = time.process_time()
    read = [stage for name in sorted(os.listdir(arguments.folder)) if os.path.isdir(os.path.join(arguments.folder, name))
            for stage in stages(os.path.join(arguments.folder, name))]  # fmt: skip
    seconds = time.process_time() - before
    if arguments.json:
        json.dump([asdict(stage) for stage in read], sys.stdout, indent=1)
        return 0
    running = [stage for stage in read if stage.runs_code]
    python = [stage for stage in running if any(path.endswith((".py", ".ipynb")) for path in stage.files)]
    print(f"{len({stage.repository for stage in read})} pipelines, {len(read)} stages, {seconds:.1f} s")
    for title, some in (("run code of the repository", running), ("run Python of the repository", python)):
        whole = [stage for stage in some if stage.whole]
        lacking = [stage for stage in some if stage.undeclared]
        print(f"{len(some)} stages {title}: all of it is told for {len(whole)} ({100 * len(whole) / max(1, len(some)):.0f} %), "
              f"{len(lacking)} do not declare some of it ({100 * len(lacking) / max(1, len(some)):.0f} %)")  # fmt: skip
    print(f"files loaded: {sum(len(stage.files) for stage in running)}, "
          f"undeclared: {sum(len(stage.undeclared) for stage in running)}")  # fmt: skip
    print("could not be told, by code:", dict(Counter(p[:6] for stage in read for p in set(stage.problems))))
    chosen = read if arguments.all else random.Random(arguments.seed).sample(read, min(arguments.sample, len(read)))
    for stage in chosen:
        print(f"\n{stage.repository} :: {stage.stage}  (wdir {stage.wdir})")
        for command in stage.commands:
            print(f"  $ {command[:300]}")
        print(f"  started: {stage.started}\n  files: {stage.files}")
        for line in (*(f"missing {path}" for path in stage.missing), *stage.problems):
            print(f"  ! {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
