"""No file that a repository may hold gives a traceback, and none holds a command up: each ends with 0, 1 or 2 in a bounded time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import BIN

pytestmark = [pytest.mark.real, pytest.mark.full]
Make = Callable[[Mapping[str, str]], Path]

SECONDS = 30
"""The bound of one command. On a quiet machine the slowest here takes four."""
COMMANDS = (
    "check",
    "build",
    "plan",
    "explain a",
    "tidy",
    "affected",
    "import --dry-run",
    "import --merge --dry-run",
    "init",
)
SPEC = """\
mlops: 1
stages:
  a: {cmd: cp in o, deps: [in], outs: [o], metrics: [{m.json: {cache: false}}], params: [x]}
  b: {cmd: python s.py, deps: [o, s.py], outs: [p]}
  r: {cmd: Rscript s.R, deps: [in], outs: [r.txt]}
  s: {cmd: bash s.sh, deps: [in], outs: [s.txt]}
  j: {cmd: julia s.jl, deps: [in], outs: [j.txt]}
"""
FILES = {"mlops.yaml": SPEC, "in": "1\n", "params.yaml": "x: 1\n", "s.py": "import os\n", "m.json": '{"k": 1}\n'}
DIGITS = "9" * 400


def text(path: str, content: str | bytes) -> Callable[[Path], None]:
    return lambda root: (root / path).write_bytes(content if isinstance(content, bytes) else content.encode()) and None


def pipe(path: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        target = root / path
        if target.is_dir():
            target = target / "pipe"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.mkfifo(target)

    return make


def sparse(*paths: str) -> Callable[[Path], None]:
    """Files larger than memory, of which the disk holds nothing."""

    def make(root: Path) -> None:
        for path in paths:
            with (root / path).open("wb") as file:
                file.truncate(64 * 2**30)

    return make


def links(root: Path) -> None:
    (root / "src").mkdir()
    (root / "src/loop").symlink_to("../src")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "s.py").unlink()
    (root / "s.py").symlink_to("s.py")
    (root / "mlops.yaml").write_text(SPEC.replace("deps: [in]", "deps: [in, src, one]"))


def names(root: Path) -> None:
    """Names that are no UTF-8."""
    folder = os.fsencode(root) + b"/src/\xff\xfe"
    os.makedirs(folder)
    for path in (folder + b"/\xe9.py", os.fsencode(root) + b"/caf\xe9.py"):
        with open(path, "w") as file:
            file.write("import os\n")
    (root / "mlops.yaml").write_text(SPEC.replace("deps: [in]", "deps: [in, src]"))


def diamonds(root: Path) -> None:
    """Two ways at each of 24 steps: 16 million, unless each file is read once."""
    (root / "mlops.yaml").write_text(SPEC.replace("mlops: 1\n", "mlops: 1\nextends: [e0a.yaml, e0b.yaml]\n"))
    for step in range(24):
        above = f"extends: [e{step + 1}a.yaml, e{step + 1}b.yaml]\n" if step < 23 else "infer: none\n"
        for side in "ab":
            (root / f"e{step}{side}.yaml").write_text(above)


def many_files(root: Path) -> None:
    path = root / ".mlops/lock.json"
    lock = json.loads(path.read_text())
    lock["files"].update({f"x/{number}": "0" * 64 for number in range(300_000)})
    path.write_text(json.dumps(lock))


def sources(root: Path) -> None:
    """What makes a pattern take quadratic time, in each language that is read line by line."""
    for path, content in {
        "s.py": "x = " + "(" * 90 + ")" * 90 + "\n# " + "a " * 800_000,
        "s.R": "source(" * 200_000 + "\n" + '"' * 500_001 + "\n" + "library(" * 100_000,
        "s.sh": "$(" * 200_000 + "'" * 300_001 + 'source "$DIR/' * 50_000,
        "s.jl": "include(joinpath(" * 200_000,
    }.items():
        (root / path).write_text(content)


def words(root: Path) -> None:
    """Commands and texts that make a pattern take quadratic time."""
    commands = ["a$(" * 20_000, "\\" * 100_001 + " x ${", "A=1 " * 50_000 + "python s.py", "echo " + "-" * 100_000]
    stages = "".join(
        f"  c{number}: {{cmd: '{command}', desc: '{'AKIA' * 50_000}', deps: [in], outs: [c{number}]}}\n"
        for number, command in enumerate(commands)
    )
    (root / "mlops.yaml").write_text(SPEC + stages)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "numbers in dvc.lock": text("dvc.lock", f"schema: '2.0'\nstages:\n  a:\n    cmd: cp in o\n    deps:\n    - {{path: in, md5: abc, size: {DIGITS}}}\n    outs:\n    - {{path: o, md5: .nan, size: .inf}}\n"),
    "a list in dvc.lock": text("dvc.lock", "schema: '2.0'\nstages: [1]\n"),
    "odd values in dvc.lock": text("dvc.lock", "stages: {a: 1, b: {deps: 3, outs: {a: b}}}\nschema: 5\n"),
    "bytes in dvc.lock": text("dvc.lock", b"\xff\xfe\x00bad"),
    "100,000 stages in dvc.lock": text("dvc.lock", "schema: '2.0'\nstages:\n" + "".join(f"  s{n}:\n    cmd: x\n    deps:\n    - path: d{n}\n      md5: a\n" for n in range(100_000))),
    "numbers in metrics": text("m.json", f'{{"k": NaN, "i": Infinity, "d": {DIGITS}, "e": 1e400}}'),
    "numbers in params": text("params.yaml", f"x: {DIGITS}\ny: .nan\nz: -.inf\n"),
    "broken params": text("params.yaml", '{"x": NaN, "y": [1,2'),
    "a pipe as the lock": pipe(".mlops/lock.json"),
    "a pipe as the journal's folder": pipe(".mlops/state"),
    "a pipe as code": pipe("s.py"),
    "a pipe as a dep": pipe("in"),
    "a pipe as params": pipe("params.yaml"),
    "circles of links": links,
    "names that are no UTF-8": names,
    "files larger than memory": sparse("s.py", "in", "params.yaml"),
    "300,000 files in the lock": many_files,
    "a Makefile of long lines": text("Makefile", "a" * 3_000_000 + "\nx = " + "\\\n" * 500_000 + "\n" + " " * 1_000_000),
    "sources": sources,
    "commands": words,
    "diamonds of extends": diamonds,
    "slips in the spec": text("mlops.yaml", "mlops: 1\nstages:\n  a:\n    cmd: x\n    deps: [\t" + "[" * 3000 + "\n" + "é:\u3000" * 100_000 + "\n" + "key:value\n" * 100_000),
    "patterns to ignore": text(".dvcignore", "[" * 5000 + "\n" + "**/a" * 2000 + "\n"),
    "requirements": text("requirements.txt", "a[" * 100_000 + "\nnumpy" + "-" * 200_000 + "!\nx==" + "1." * 100_000 + "\n"),
    "a lock of packages": text("uv.lock", "[[package]]\n" * 50_000),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_each_command_ends_and_says_what_it_saw(name: str, repository: Make) -> None:
    root = repository(FILES)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    subprocess.run(["mlopsc", "build"], cwd=root, env=environment, check=False, capture_output=True)
    HOSTILE[name](root)
    for command in COMMANDS:
        done = subprocess.run(
            ["mlopsc", *command.split()], cwd=root, env=environment, check=False, capture_output=True, timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode in (0, 1, 2), f"{command}: {done.stderr[-2000:]!r}"
        assert b"Traceback" not in done.stdout + done.stderr, command
