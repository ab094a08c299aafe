"""A build in miniature, for tests that run it in processes of their own."""

from __future__ import annotations

from pathlib import Path

from mlopsc.compiler.model.snapshot import Disk
from mlopsc.compiler.model.target import HEADER, File
from mlopsc.compiler.write.journal import apply, recover
from mlopsc.compiler.write.lock import read_lock
from mlopsc.compiler.write.plan import Plan, plan

OLD = [
    File("a.txt", "old a\n"),
    File("deep/er/b.txt", "old b\n"),
    File("gone.txt", f"{HEADER}old\n"),
    File(".gitignore", "/x\n", block=True),
]
NEW = [
    File("a.txt", "new a\n"),
    File("deep/er/b.txt", "new b\n"),
    File("fresh/c.txt", "new c\n"),
    File(".gitignore", "/y\n", block=True),
]


def build(root: Path, files: list[File], overwrite: tuple[str, ...] = ()) -> tuple[Plan, list[str]]:
    """Recover, plan and apply, as the command does; the plan and the codes of what was wrong."""
    found = recover(str(root))
    disk = Disk(str(root))
    lock, more = read_lock(disk)
    planned, problems = plan(files, lock, disk, {"input.yaml"}, overwrite)
    found = [*found, *more, *problems]
    if not any(problem.severity == "error" for problem in found):
        found += apply(planned, str(root), patience=5)
    return planned, [problem.code for problem in found]


def content(root: Path) -> dict[str, str]:
    """All files but our state."""
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".mlops/state" not in str(path.relative_to(root))
    }
