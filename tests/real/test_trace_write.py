"""`mlopsc trace --all --write`: each stage runs once, and mlops.yaml declares what was seen, in the user's layout."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from conftest import BIN, run, write
from mlopsc.compiler.adopt import backup as backups

pytestmark = pytest.mark.real
MLOPSC = str(BIN / "mlopsc")

SPEC = """\
mlops: 1
project: t   # ours
stack: {orchestrator: dvc, build: none, ci: []}
infer: [code]
stages:
  clean:
    # unsure: which files it writes
    cmd: python src/clean.py
  train:
    cmd: python src/train.py   # slow
    deps: [ extra.txt ]   # more
    outs: [never.bin]

  report:
    wdir: src
    cmd: python report.py
"""
FILES = {
    "mlops.yaml": SPEC,
    "params.yaml": "train: {depth: 3}\nseed: 4\nunused: 5\n",
    "extra.txt": "1",
    "data/raw/a.csv": "1\n",
    "data/raw/b.csv": "2\n",
    "src/paths.py": "import os\ndef at(name):\n    os.makedirs('out', exist_ok=True)\n    return os.path.join('out', name)\n",
    "src/clean.py": (
        "import glob\nfrom paths import at\nrows = [open(p).read() for p in sorted(glob.glob('data/raw/*.csv'))]\n"
        "open(at('clean.csv'), 'w').write(''.join(rows))\nopen('run.log', 'a').write('x')\n"
        "for n in range(10):\n    import os; os.makedirs('parts', exist_ok=True); open(f'parts/{n}', 'w').write('1')\n"
    ),
    "src/train.py": (
        "import json, yaml\nfrom paths import at\np = yaml.safe_load(open('params.yaml'))\nopen('extra.txt').read()\n"
        "rows = open(at('clean.csv')).read()\njson.dump(p['train']['depth'] * len(rows), open(at('model.json'), 'w'))\n"
        "json.dump({'rows': len(rows)}, open('metrics.json', 'w'))\n"
    ),
    "src/report.py": "open('../report.md', 'w').write(open('../metrics.json').read())\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = write(tmp_path, FILES)
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    return root


def contents(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file() and not {".git", ".mlops"} & set(path.parts))
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def folders(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir() and ".git" not in path.parts}


def test_what_was_seen_is_declared_and_the_pipeline_runs(repository: Path) -> None:
    done = run(MLOPSC, "trace", "--all", "--write", cwd=repository)
    text = (repository / "mlops.yaml").read_text()
    stages = yaml.safe_load(text)["stages"]
    assert stages["clean"]["deps"] == ["data/raw"], "the folder that it lists, so that a new file counts"
    assert stages["clean"]["outs"] == ["out/clean.csv", "parts"]
    assert "unsure" not in text, "the run answered it"
    assert stages["train"]["deps"] == ["extra.txt", "out/clean.csv"]
    assert stages["train"]["params"] == ["train"], "the only key that its code uses"
    assert stages["train"]["outs"] == ["out/model.json"], "it does not write never.bin"
    assert stages["train"]["metrics"] == [{"metrics.json": {"cache": False}}]
    assert stages["report"]["deps"] == ["../metrics.json"]
    assert stages["report"]["outs"] == ["../report.md"]
    kept = [line for line in SPEC.splitlines() if "unsure" not in line and "never" not in line and "deps" not in line]
    rest = iter(text.splitlines())
    assert all(line in rest for line in kept), "all other lines stay, in their order"
    assert "deps: [ extra.txt, out/clean.csv ]   # more" in text
    assert "clean: writes `run.log`" in done.stdout
    assert done.stderr.splitlines() == ["[1/3] clean", "[2/3] train", "[3/3] report"]
    assert "`mlopsc build`" in done.stdout
    run("dvc", "init", "--quiet", cwd=repository)
    run(MLOPSC, "build", cwd=repository)
    run("dvc", "repro", cwd=repository)
    again = run(MLOPSC, "trace", "--all", "--write", cwd=repository).stdout
    assert "mlops.yaml declares all that was seen" in again
    assert (repository / "mlops.yaml").read_text() == text


FAILING = (
    "import os\nopen('data/raw/a.csv', 'w').write('overwritten')\nos.remove('params.yaml')\n"
    "os.makedirs('fresh/folder')\nopen('fresh/folder/file', 'w').write('1')\nraise SystemExit(3)\n"
)


@pytest.mark.parametrize("tracer", ["strace if there is one", "Python's audit hook"])
def test_a_failed_stage_leaves_every_file_as_it_was(repository: Path, tracer: str) -> None:
    write(
        repository,
        {
            "src/report.py": FAILING.replace("'data", "'../data")
            .replace("'par", "'../par")
            .replace("'fresh", "'../fresh")
        },
    )
    before, before_folders = contents(repository), folders(repository)
    settings = {}
    if tracer == "Python's audit hook":
        programs = repository / ".git/programs"
        programs.mkdir()
        for name in ("sh", "python", "git"):
            source = BIN / name if (BIN / name).exists() else Path(run("which", name, cwd=repository).stdout.strip())
            (programs / name).write_text(f'#!/bin/sh\nexec "{source}" "$@"\n')
            (programs / name).chmod(0o755)
        settings = {"PATH": str(programs)}
    done = run(MLOPSC, "trace", "--all", "--write", cwd=repository, check=False, **settings)
    assert done.returncode == 1
    assert "`report` failed, so every file is as it was before the trace" in done.stderr
    assert contents(repository) == before
    assert folders(repository) - {".mlops", ".mlops/state"} == before_folders - {".git/programs"}
    assert [*(repository / ".mlops/state").iterdir()] == []


def test_an_interrupted_trace_leaves_every_file_as_it_was(repository: Path) -> None:
    write(
        repository,
        {"src/train.py": "import time\nopen('begun', 'w').write('1')\nopen('extra.txt', 'w')\ntime.sleep(60)\n"},
    )
    before = contents(repository)
    process = subprocess.Popen(
        [MLOPSC, "trace", "--all", "--write"], cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    started = time.monotonic()
    while not (repository / "begun").exists() or (repository / "extra.txt").stat().st_size:
        assert time.monotonic() - started < 60
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert contents(repository) == before


def test_what_cannot_be_declared_is_reported_and_the_rest_is_written(tmp_path: Path) -> None:
    spec = (
        "mlops: 1\nstack: {orchestrator: dvc, build: none, ci: []}\nstages:\n"
        "  a: {cmd: python a.py, deps: [a.py]}\n  b: {cmd: python b.py, deps: [b.py]}\n"
        "  many: {foreach: [x, 'y'], do: {cmd: 'python m.py ${item}', deps: [m.py]}}\n"
    )
    root = write(tmp_path, {
        "mlops.yaml": spec, "state.txt": "1",
        "a.py": "open('both.txt', 'w').write('1')\nopen('a.out', 'w').write('1')\n",
        "b.py": "open('both.txt', 'w').write('1')\nt = open('state.txt').read()\nopen('state.txt', 'w').write(t)\n",
        "m.py": "import sys\nopen('m.' + sys.argv[1], 'w').write('1')\n",
    })  # fmt: skip
    done = run(MLOPSC, "trace", "--all", "--write", cwd=root).stdout
    assert "not declared: a: writes `both.txt`, which `b` writes too" in done
    assert "not declared: b: writes `state.txt`, which it reads first" in done
    assert "`many` defines several stages" in done
    stages = yaml.safe_load((root / "mlops.yaml").read_text())["stages"]
    assert stages["a"] == {"cmd": "python a.py", "deps": ["a.py"], "outs": ["a.out"]}
    assert stages["b"] == {"cmd": "python b.py", "deps": ["b.py"]}
    assert "do" in stages["many"]


def test_a_stage_filled_by_convention_keeps_what_the_convention_gave(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "mlops.yaml": "mlops: 1\nstack: {orchestrator: dvc, build: none, ci: []}\nstages:\n  prepare:\n  train:\n",
        "src/prepare.py": "import os\nos.makedirs('data', exist_ok=True)\nopen('data/prepare', 'w').write('1')\n",
        "src/train.py": (
            "import os\nos.makedirs('models', exist_ok=True)\nopen('models/train', 'w').write(open('data/prepare').read())\n"
            "open('labels.txt').read()\nopen('extra.bin', 'w').write('1')\n"
        ),
        "labels.txt": "1",
    })  # fmt: skip
    run(MLOPSC, "trace", "--all", "--write", cwd=root)
    stages = yaml.safe_load((root / "mlops.yaml").read_text())["stages"]
    assert stages["prepare"] is None
    assert sorted(stages["train"]["deps"]) == ["data/prepare", "labels.txt"]
    assert sorted(stages["train"]["outs"]) == ["extra.bin", "models/train"]


def test_what_is_too_large_is_not_copied_and_named(tmp_path: Path) -> None:
    write(tmp_path, {"small": "1", "large": "2" * 100})
    home = tmp_path / ".mlops"
    home.mkdir()
    copy = backups.Backup(str(tmp_path), str(home))
    copy.copy(limit=50)
    assert copy.unprotected == ("large",)
    write(tmp_path, {"small": "changed", "large": "changed"})
    assert copy.restore(()) == ["large"]
    assert (tmp_path / "small").read_text() == "1"


@pytest.mark.parametrize("words", [(), ("clean", "--all")])
def test_one_stage_or_all(words: tuple[str, ...], repository: Path) -> None:
    done = run(MLOPSC, "trace", *words, cwd=repository, check=False)
    assert done.returncode == 2
    assert "`--all`" in done.stderr
