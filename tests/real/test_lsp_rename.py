"""References and rename in an editor: after a rename and a build, DVC finds nothing to run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from conftest import run, write
from dvc.repo import Repo
from editor import Editor, session
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
project: t
stack: {orchestrator: dvc, build: none, ci: []}

stages:
  prepare:   # by convention
  train:
    cmd: python src/train.py --depth ${model.depth} --out models/m.txt
    deps: [src/train.py, data/prepare]
    params: [model]
    outs: [models/m.txt]
    kind: train
  parts:
    foreach: [a, b]
    do:
      cmd: mkdir -p out && cat models/m.txt raw.txt > out/${item}
      deps: [models/m.txt, raw.txt]
      params: [model.depth, {other.yaml: [x.y]}]
      outs: ['out/${item}']
  evaluate:
    cmd: python src/evaluate.py
    deps: [src/evaluate.py, out]
    metrics: [metrics.json]
    gates: {accuracy: ">= 0.5"}
models:
  m: {path: models/m.txt, from: train}
experiments:
  deep: {set: {model.depth: [4, 8]}, targets: [evaluate]}
"""
FILES = {
    "mlops.yaml": SPEC,
    "raw.txt": "1\n",
    "params.yaml": "model:\n  depth: 4\n  'odd key': 1\n",
    "other.yaml": "x: {y: 1}\n",
    "src/prepare.py": "import pathlib\npathlib.Path('data/prepare').mkdir(parents=True)\n"
    "pathlib.Path('data/prepare/x').write_text('1')\n",
    "src/train.py": "import os, sys\nos.makedirs(os.path.dirname(sys.argv[-1]), exist_ok=True)\nopen(sys.argv[-1], 'w').write(sys.argv[2])\n",
    "src/evaluate.py": "open('metrics.json', 'w').write('{\"accuracy\": 1}')\n",
}
RENAMES: list[tuple[str, int, str, list[str]]] = [
    ("  prepare:", 3, "clean", ["  clean:", "cmd: python src/prepare.py", "- data/prepare"]),
    ("  train:", 3, "fit", ["  fit:", "from: fit"]),
    ("  parts:", 3, "every", ["  every:"]),
    ("  evaluate:", 3, "judge", ["  judge:", "targets: [judge]"]),
    ("${model.depth}", 9, "max_depth", ["--depth ${model.max_depth}", "[model.max_depth,", "{model.max_depth: [4"]),
    ("${model.max_depth}", 3, "forest", ["${forest.max_depth}", "params: [forest]", "{forest.max_depth: [4"]),
    ("x.y]", 2, "z", ["other.yaml: [x.z]"]),
    ("outs: [models/m.txt]", 8, "models/forest.txt", ["--out models/forest.txt", "m: {path: models/forest.txt", "cat models/forest.txt"]),
    ("src/train.py, data/prepare", 15, "data/clean", ["- data/clean", "src/train.py, data/clean"]),
    ("models/forest.txt, raw.txt", 20, "raw/input.txt", ["models/forest.txt raw/input.txt", "txt, raw/input.txt]"]),
]  # fmt: skip


def status(root: Path) -> Any:
    """What `dvc status` prints."""
    with Repo(str(root)) as repo:
        return repo.status()


async def renamed(client: Editor, word: str, shift: int, new: str) -> None:
    document, place = client.at(word, shift)
    edit = await client.text_document_rename_async(lsp.RenameParams(document, place, new))
    assert edit is not None, word
    client.apply(edit)


@pytest.mark.parametrize(
    "renames",
    [RENAMES[:1] + RENAMES[4:6] + RENAMES[7:8], pytest.param(RENAMES, marks=pytest.mark.full)],
    ids=["some", "all"],
)
def test_nothing_runs_after_a_rename(tmp_path: Path, renames: list[tuple[str, int, str, list[str]]]) -> None:
    """Each rename is followed by a build; the stages, the parameters and the paths are those that ran."""
    write(tmp_path, FILES)
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["mlopsc", "build"], ["dvc", "repro", "-q"]):
        run(*command, cwd=tmp_path)
    assert status(tmp_path) == {}

    async def act(client: Editor) -> None:
        client.open()
        client.open("params.yaml")
        for word, shift, new, parts in renames:
            before = (tmp_path / "dvc.lock").read_text()
            await renamed(client, word, shift, new)
            text = client.texts["mlops.yaml"]
            assert not [part for part in parts if part not in text], (word, text)
            run("mlopsc", "build", cwd=tmp_path)
            assert status(tmp_path) == {}, word
            assert (tmp_path / "dvc.lock").read_text() != before, word

    session(tmp_path, act)
    assert "are up to date" in run("dvc", "repro", cwd=tmp_path).stdout


REFUSED = [
    ("  train:", 3, "evaluate", "there is a stage `evaluate` already"),
    ("  train:", 3, "a@b", "a@b"),
    ("models:\n  m:", 10, "n", "Git tags"),
    ("${model.depth}", 9, "a.b", "is not the name of a parameter"),
    ("src/train.py --depth", 3, "src/fit.py", "is mentioned in code, too"),
    ("outs: [models/m.txt]", 8, "raw.txt", "exists already"),
    ("outs: [models/m.txt]", 8, "in put.txt", "needs quotes"),
    ("  train:", 3, "a: b", "needs quotes"),
    ("  train:", 3, "", "needs quotes"),
    ("outs: [models/m.txt]", 8, "../m", "outside of the repository"),
    ("outs: [models/m.txt]", 8, "data/prepare/m", "data/prepare"),
]


def test_what_cannot_be_renamed_is_refused(tmp_path: Path) -> None:
    """With the reason, and without an edit."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        for word, shift, new, why in REFUSED:
            refused = await asyncio.gather(renamed(client, word, shift, new), return_exceptions=True)
            assert isinstance(refused[0], JsonRpcException), (word, new, refused)
            assert why in str(refused[0]), (word, new)
        assert client.versions["mlops.yaml"] == 1

    session(tmp_path, act)


def test_references(tmp_path: Path) -> None:
    """All mentions of a stage, a parameter and a path, in all files."""
    write(tmp_path, FILES)

    async def places(client: Editor, word: str, shift: int, *, declaration: bool = True) -> list[tuple[str, str]]:
        context = lsp.ReferenceContext(declaration)
        params = lsp.ReferenceParams(context, *client.at(word, shift))
        found: Any = await client.text_document_references_async(params)
        lines = {name: (tmp_path / name).read_text().splitlines() for name in FILES}
        return [
            (name := client.name_of(place.uri), lines[name][place.range.start.line].strip()[:20]) for place in found
        ]

    async def act(client: Editor) -> None:
        client.open()
        assert await places(client, "  train:", 3) == [("mlops.yaml", "train:"), ("mlops.yaml", "m: {path: models/m.t")]
        assert await places(client, "  train:", 3, declaration=False) == [("mlops.yaml", "m: {path: models/m.t")]
        assert {name for name, _ in await places(client, "${model.depth}", 9)} == {"mlops.yaml", "params.yaml"}
        assert len(await places(client, "outs: [models/m.txt]", 8)) == 5

    session(tmp_path, act)
