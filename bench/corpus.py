"""Import real dvc.yaml files of public repositories, and hold the outcome against the record in bench/corpus.json.

`corpus.py FOLDER` prints the table and fails if a file that imported before no longer does; `--record` writes it anew.
The files are not part of this repository; FOLDER has one folder a repository, with its pipeline and parameter files.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

RECORD = os.path.join(os.path.dirname(__file__), "corpus.json")


def tried(repository: str) -> dict[str, str]:
    """What became of each dvc.yaml of a repository: `imported`, or the reason why not. Nothing is left behind."""
    from mlopsc.compiler.adopt.road import adopt, pipelines

    with tempfile.TemporaryDirectory() as home:
        copy = f"{home}/{os.path.basename(repository)}"
        shutil.copytree(repository, copy)
        os.mkdir(f"{copy}/.git")
        folders = pipelines(copy)
        whole = adopt(copy)
        if not whole.report.failed:
            return dict.fromkeys(map(_named(repository), folders), "imported")
        found = {}
        for folder in folders:
            part = adopt(copy, [folder]) if len(folders) > 1 else whole
            reasons = [f"{each.code}: {each.message}" for each in part.report if each.severity == "error"]
            found[_named(repository)(folder)] = _plain(reasons[0], home) if reasons else "imported"
        return found


def _named(repository: str) -> Callable[[str], str]:
    return lambda folder: "/".join(part for part in (os.path.basename(repository), folder, "dvc.yaml") if part)


def _plain(reason: str, home: str) -> str:
    return reason.replace(f"{home}/", "")[:300]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--record", action="store_true", help="write the record anew")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.folder):
        print(f"corpus: there is no folder `{arguments.folder}`; name it: make corpus CORPUS=...", file=sys.stderr)
        return 1
    repositories = sorted(entry.path for entry in os.scandir(arguments.folder) if entry.is_dir())
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = {name: what for each in pool.map(tried, repositories) for name, what in each.items()}
    print("".join(_rows(found)), end="")
    if arguments.record:
        with open(RECORD, "w", encoding="utf-8") as file:
            json.dump(dict(sorted(found.items())), file, indent=1, ensure_ascii=False)
            file.write("\n")
        return 0
    with open(RECORD, encoding="utf-8") as file:
        before = json.load(file)
    worse = [name for name, what in found.items() if what != "imported" and before.get(name) == "imported"]
    lost = sorted(before.keys() - found.keys())
    for name in worse:
        print(f"corpus: `{name}` imported before, and no longer does: {found[name]}", file=sys.stderr)
    for name in lost:
        print(f"corpus: `{name}` is in the record, but was not found", file=sys.stderr)
    return 1 if worse or lost else 0


def _rows(found: dict[str, str]) -> Iterator[str]:
    for name, what in sorted(found.items()):
        yield f"{name:70} {what}\n"
    good = sum(what == "imported" for what in found.values())
    yield f"{good} of {len(found)} files imported ({100 * good // max(len(found), 1)} %)\n"


if __name__ == "__main__":
    sys.exit(main())
