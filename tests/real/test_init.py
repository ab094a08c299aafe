"""`mlopsc init`: a first spec for a repository that is there; nothing of the user's is touched, every guess is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from conftest import BIN, run, write
from mlopsc.compiler.scaffold.reading.scripts import read_script

pytestmark = pytest.mark.real
MLOPSC = str(BIN / "mlopsc")

LEGACY = {
    "scripts/train.py": (
        "import json\nfrom pathlib import Path\nfrom lib.read import rows\n"
        "OUT = Path('models') / 'model.json'\nOUT.parent.mkdir(exist_ok=True)\n"
        "OUT.write_text(json.dumps(rows(open('data/clean.csv'))))\n"
    ),
    "scripts/lib/__init__.py": "",
    "scripts/lib/read.py": "def rows(file):\n    return len(list(file))\n",
    "scripts/01_clean.py": (
        "import os\nRAW = 'data/raw/in.csv'\ntext = open(RAW).read()\n"
        "with open(os.path.join('data', 'clean.csv'), 'w') as file:\n    file.write(text.lower())\n"
    ),
    "scripts/evaluate.py": (
        "import json, os\nn = json.load(open('models/model.json'))\nopen('data/nowhere.csv') if n < 0 else None\n"
        "os.makedirs('reports', exist_ok=True)\n"
        "with open('reports/metrics.json', mode='w') as file:\n    json.dump({'rows': n}, file)\n"
    ),
    "scripts/utils.py": "open('data/x.csv', 'w')\n",
    "tests/test_it.py": "def test_it():\n    assert True\n",
    "params.yaml": "train: {depth: 3}\n",
    "data/raw/in.csv": "A\nB\n",
    "Makefile": "all:\n\tpython scripts/01_clean.py --fast\n\tpython scripts/train.py\n",
    ".github/workflows/ci.yml": "on: push\njobs: {}\n",
}


def contents(root: Path) -> dict[str, bytes]:
    files = (
        path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts and ".dvc" not in path.parts
    )
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    root = write(tmp_path / "Old Project", LEGACY)
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    return root


def test_what_is_guessed_runs_and_nothing_else_is_touched(legacy: Path) -> None:
    before = contents(legacy)
    shown = run(MLOPSC, "init", cwd=legacy).stdout
    after = contents(legacy)
    text = after.pop("mlops.yaml").decode()
    after.pop(".dvcignore")
    assert after == before
    assert text in shown
    spec = yaml.safe_load(text)
    assert spec["project"] == "old-project"
    assert list(spec["stages"]) == ["clean", "train", "evaluate"]
    assert spec["stages"]["clean"]["cmd"] == "python scripts/01_clean.py --fast", "the Makefile knows the arguments"
    assert spec["stages"]["clean"]["deps"] == ["scripts/01_clean.py", "data/raw/in.csv"]
    assert spec["stages"]["train"]["outs"] == ["models/model.json"]
    assert spec["stages"]["train"]["params"] == ["train"]
    assert spec["stages"]["evaluate"]["metrics"] == [{"reports/metrics.json": {"cache": False}}]
    assert "Makefile:2 runs it" in text
    assert "scripts/01_clean.py:3 reads it" in text
    assert "`data/nowhere.csv`, which does not exist" in text
    run(MLOPSC, "build", cwd=legacy)
    assert (legacy / "Makefile").read_bytes() == before["Makefile"]
    assert spec["stack"]["build"] == "include"
    assert "scripts/lib/read.py" in (legacy / "dvc.yaml").read_text()
    run("make", "pipeline", cwd=legacy)
    assert json.loads((legacy / "reports/metrics.json").read_text()) == {"rows": 2}


@pytest.mark.parametrize("name", ["Makefile", "makefile"])
def test_the_targets_stand_beside_those_of_the_users_makefile(name: str, tmp_path: Path) -> None:
    own = "mine: more\n\t@echo my first\nclean:\n\t@echo my clean\ninclude more.mk\n"
    files = {
        name: own,
        "more.mk": "more:\n\t@echo more\npush:\n\t@echo my push\n",
        "train.py": "open('m.txt', 'w').write('1')\n",
    }
    root = write(tmp_path, files)
    run("git", "init", "--quiet", cwd=root)
    run(MLOPSC, "init", cwd=root)
    run(MLOPSC, "build", cwd=root)
    assert (root / name).read_text() == own
    assert run("make", cwd=root).stdout == "more\nmy first\n", "the first target of the user is the goal"
    assert run("make", "clean", cwd=root).stdout == "my clean\n"
    assert run("make", "push", cwd=root).stdout == "my push\n"
    (root / "pipeline").mkdir()
    run("make", "pipeline", cwd=root)
    assert (root / "m.txt").read_text() == "1"
    run("make", "mlops-clean", cwd=root)
    assert not (root / "m.txt").exists()
    assert "Warning" not in run("make", "--dry-run", "pipeline", cwd=root).stderr
    write(root, {name: own + "metrics:\n\t@echo my metrics\n"})
    assert run(MLOPSC, "build", "--check", cwd=root, check=False).returncode == 1, "the list of targets has changed"
    run(MLOPSC, "build", cwd=root)
    assert run("make", "metrics", cwd=root).stdout == "my metrics\n"
    text = (root / "mlops.yaml").read_text().replace("build: include", "build: none\n  orchestrator: dvc")
    write(root, {"mlops.yaml": text})
    run(MLOPSC, "build", cwd=root)
    assert not (root / "GNUmakefile").exists()


def test_targets_that_call_others_call_those_of_the_pipeline(tmp_path: Path) -> None:
    spec = {
        "mlops": 1,
        "stack": {"orchestrator": ["make"], "build": "include", "ci": []},
        "environments": {"sim": {"run": "env A=1", "setup": "echo the environment"}},
        "stages": {"a": {"cmd": "echo a > a.txt", "deps": ["Makefile"], "outs": ["a.txt"]}},
    }
    own = "setup-sim:\n\t@echo my environment\npipeline:\n\t@echo my pipeline\n"
    root = write(tmp_path, {"mlops.yaml": json.dumps(spec), "Makefile": own})
    run("git", "init", "--quiet", cwd=root)
    run(MLOPSC, "build", cwd=root)
    assert "the environment\n" in run("make", "setup", cwd=root).stdout
    run("make", "pipeline-parallel", cwd=root)
    assert (root / "a.txt").read_text() == "a\n"


def test_what_it_is_unsure_of_stands_in_the_file_and_on_the_screen(tmp_path: Path) -> None:
    script = "import sys\nopen(sys.argv[1]).read()\nopen('gone.csv')\n"
    root = write(tmp_path, {"train.py": script})
    shown = run(MLOPSC, "init", cwd=root).stdout
    text = (root / "mlops.yaml").read_text()
    for doubt in (
        "`sys.argv[1]`: no value is known",
        "reads `gone.csv`, which does not exist",
        "which files it writes",
    ):
        assert f"unsure about `train`: {doubt}" in shown or f"unsure about `train`: train.py:3 {doubt}" in shown
        assert doubt in text.partition("  train:\n")[2]
    assert "MLC319" in shown


@pytest.mark.parametrize("kept", [".git", ".dvcignore", ""])
def test_what_it_says_undoes_it(kept: str, legacy: Path) -> None:
    if kept != ".git":
        run("rm", "-rf", ".git", cwd=legacy)
    if kept == ".dvcignore":
        (legacy / kept).write_text("mine\n")
    before, staged = contents(legacy), run("git", "ls-files", cwd=legacy, check=False).stdout
    said = run(MLOPSC, "init", cwd=legacy).stdout
    (undo,) = (line.partition("to undo it: ")[2] for line in said.splitlines() if "to undo it: " in line)
    assert contents(legacy) != before
    run("sh", "-c", undo, cwd=legacy)
    assert contents(legacy) == before
    assert run("git", "ls-files", cwd=legacy, check=False).stdout == staged
    assert not (legacy / ".dvc").exists()


def test_a_dry_run_writes_nothing(legacy: Path) -> None:
    before = contents(legacy)
    assert "stages:" in run(MLOPSC, "init", "--dry-run", cwd=legacy).stdout
    assert contents(legacy) == before
    assert not (legacy / ".dvc").exists()


PIPELINE = "# ours\nstages:\n  b:   # odd\n    cmd: cat  gone > out\n    deps: [gone]\n    outs: [ out ]\n"


@pytest.mark.parametrize("pipeline", [PIPELINE, PIPELINE.replace("\n", "\r\n"), '{"stages": {"b": {"cmd": "cat in"}}}'])
def test_a_pipeline_that_is_there_is_the_first_spec_as_it_stands(pipeline: str, tmp_path: Path) -> None:
    root = tmp_path / "Old Project"
    root.mkdir()
    for name, text in {"Makefile": LEGACY["Makefile"], ".github/workflows/ci.yml": "on: push\n", "in": "1"}.items():
        write(root, {name: text})
    (root / "dvc.yaml").write_bytes(pipeline.encode())
    run("git", "init", "--quiet", cwd=root)
    before = contents(root)
    run(MLOPSC, "init", "--dry-run", cwd=root)
    assert contents(root) == before
    said = run(MLOPSC, "init", cwd=root).stdout
    after = contents(root)
    text = after.pop("mlops.yaml")
    after.pop(".dvcignore")
    assert after == before
    rest = iter(text)
    assert all(character in rest for character in pipeline.encode()), "every byte is there, in its order"
    assert "next: run `mlopsc build --overwrite dvc.yaml`" in said
    spec = yaml.safe_load(text)
    assert spec["project"] == "Old-Project"
    assert spec["stack"] == {"build": "include", "ci": []}
    if "gone" in pipeline:
        assert list(spec["accept"]) == ["MLC411"]
        assert all(place.endswith(".gone") for place in spec["accept"]["MLC411"])
        assert "# your Makefile is kept" in said
    run(MLOPSC, "build", "--overwrite", "dvc.yaml", cwd=root)
    assert (root / "Makefile").read_bytes() == before["Makefile"]
    assert yaml.safe_load((root / "dvc.yaml").read_text()) == yaml.safe_load(pipeline)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"mlops.yaml": "mlops: 1\n", "src/train.py": ""}, "mlopsc check"),
        ({"dvc.yaml": "stages: {a: {command: x}}\n", "src/train.py": ""}, "mlopsc import --dry-run"),
        ({"README.md": "nothing\n"}, "mlopsc new"),
    ],
)
def test_where_there_is_nothing_to_do_it_says_what_to_do(files: dict[str, str], says: str, tmp_path: Path) -> None:
    root = write(tmp_path, files)
    done = run(MLOPSC, "init", cwd=root, check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert contents(root) == {name: text.encode() for name, text in files.items()}


def test_an_output_that_git_holds_is_not_given_to_dvc(tmp_path: Path) -> None:
    script = "open('data/out.csv', 'w').write(open('data/in.csv').read())\n"
    root = write(tmp_path, {"prepare.py": script, "data/in.csv": "1\n", "data/out.csv": "1\n"})
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    run(MLOPSC, "init", cwd=root)
    assert yaml.safe_load((root / "mlops.yaml").read_text())["stages"]["prepare"]["outs"] == [
        {"data/out.csv": {"cache": False}}
    ]
    run(MLOPSC, "build", cwd=root)
    run("dvc", "repro", cwd=root)


@pytest.mark.parametrize(
    ("name", "text", "reads", "writes"),
    [
        ("a.py", "import pandas as pd\npd.read_csv('a/b.csv').to_parquet('c/d.parquet')", {"a/b.csv": 2}, {"c/d.parquet": 2}),
        ("a.py", "x, y = 'a/b', 'c/d'\nopen(x)\nopen(y, 'ab')", {"a/b": 2}, {"c/d": 3}),
        ("a.py", "open(f'a/{b}')\nopen(sys.argv[1])\nopen('https://x/y')\nopen('/etc/passwd')\nopen('../x/y')", {}, {}),
        ("a.py", "def broken(", {}, {}),
        ("a.py", "(" * 5000, {}, {}),
        ("a.R", "x <- read.csv('a/b.csv')\nwrite.csv(x, 'c/d.csv')", {"a/b.csv": 1}, {"c/d.csv": 2}),
        ("a.sh", "sort a/b > c/d 2> /dev/null", {}, {"c/d": 1}),
        ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": ["%cd x\n", "open('a/b')"]}]}), {"a/b": 2}, {}),
        ("a.ipynb", "[]", {}, {}),
    ],
)  # fmt: skip
def test_what_a_script_reads_and_writes(name: str, text: str, reads: dict[str, int], writes: dict[str, int]) -> None:
    files = read_script(name, text)
    places = [{path: f"{name}:{line}" for path, line in lines.items()} for lines in (reads, writes)]
    assert [files.reads, files.writes] == places
