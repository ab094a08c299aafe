"""What an editor shows at the stages of a spec, and the actions on them: lenses, inlay hints, conventions, dvc.yaml."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from conftest import run, write
from editor import Editor, session
from lsprotocol import types as lsp

SPEC = """\
mlops: 1
project: t
stack: {orchestrator: dvc, build: none, ci: []}
stages:
  prepare:   # cleans
  train:
  report:
    cmd: cat models/train/* > report.txt   # ${train.depth}
    deps: [models/train]
    outs: [report.txt]
  each:
    foreach: [a, b]
    do:
      cmd: echo ${item} ${train.depth} > ${item}.txt
      deps: [report.txt]
      outs:
      - ${item}.txt
"""
FILES = {
    "mlops.yaml": SPEC,
    "params.yaml": "train: {depth: 4}\n",
    "src/prepare.py": "import shared\n",
    "src/shared.py": "",
    "src/train.py": "",
}


async def lenses(client: Editor) -> list[tuple[str, str]]:
    found: Any = await client.text_document_code_lens_async(lsp.CodeLensParams(client.document()))
    lines = client.texts["mlops.yaml"].splitlines()
    return [(lines[lens.range.start.line].split(":")[0].strip(), lens.command.title) for lens in found]


async def until(client: Editor, wanted: tuple[str, str]) -> list[tuple[str, str]]:
    """The lenses, once the freshness of the stages is known."""
    for _ in range(1200):
        found = await lenses(client)
        if wanted in found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


def test_lenses(tmp_path: Path) -> None:
    """Who reads a stage, and whether it would run again: first nothing ran, then all did, then code changed."""
    write(tmp_path, FILES)
    write(tmp_path, {"src/prepare.py": "import os\nos.makedirs('data/prepare')\nopen('data/prepare/x', 'w')\n"})
    write(tmp_path, {"src/train.py": "import os\nos.makedirs('models/train')\nopen('models/train/x', 'w')\n"})

    async def act(client: Editor) -> None:
        client.open()
        found = await until(client, ("prepare", "would run again: it has not run yet"))
        assert ("report", "2 stages read this") in found
        assert ("prepare", "1 stage reads this") in found
        assert ("each", "2 of 2 would run again: it has not run yet") in found
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["mlopsc", "build"], ["dvc", "repro", "-q"]):
            run(*command, cwd=tmp_path)
        client.save()
        assert [title for _, title in await until(client, ("prepare", "fresh"))].count("fresh") == 4
        write(tmp_path, {"src/train.py": "1\n"})
        client.save()
        found = await until(client, ("train", "would run again: dep src/train.py changed"))
        assert ("prepare", "fresh") in found
        assert ("report", "would run again: train runs before it") in found

    session(tmp_path, act)


def test_inlay_hints(tmp_path: Path) -> None:
    """What conventions filled in stands beside the stage, and the value of a parameter beside its template."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        lines = SPEC.splitlines()
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(len(lines), 0))
        found: Any = await client.text_document_inlay_hint_async(lsp.InlayHintParams(client.document(), whole))
        assert [(lines[hint.position.line][: hint.position.character].strip(), hint.label) for hint in found] == [
            ("prepare:", "  cmd: python src/prepare.py; deps: src/prepare.py +1; outs: data/prepare"),
            (
                "train:",
                "  cmd: python src/train.py; deps: src/train.py +1; outs: models/train; params: train",
            ),
            ("cmd: echo ${item} ${train.depth}", " = 4"),
        ]
        first = lsp.Range(lsp.Position(0, 0), lsp.Position(4, 99))
        found = await client.text_document_inlay_hint_async(lsp.InlayHintParams(client.document(), first))
        assert len(found) == 1

    session(tmp_path, act)


def test_conventions_written_out_and_left_out(tmp_path: Path) -> None:
    """Both actions keep the pipeline, and the second gives back the text before the first."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        run("mlopsc", "build", cwd=tmp_path)
        before = (tmp_path / "dvc.yaml").read_text()
        client.apply((await client.actions("  train:", 3))["Write out what conventions fill into `train`"])
        assert "  train:\n    cmd: python src/train.py\n    deps:\n" in client.texts["mlops.yaml"]
        run("mlopsc", "build", cwd=tmp_path)
        assert (tmp_path / "dvc.yaml").read_text() == before
        actions = await client.actions("  train:", 3)
        assert "Write out what conventions fill into `train`" not in actions
        client.apply(actions["Leave out what conventions fill into `train`"])
        assert client.texts["mlops.yaml"] == SPEC
        assert "Leave out what conventions fill into `report`" not in await client.actions("  report:", 3)

    session(tmp_path, act)


def test_generated_dvc_yaml(tmp_path: Path) -> None:
    """From a stage of dvc.yaml to the place in mlops.yaml to edit."""
    write(tmp_path, FILES)
    run("mlopsc", "build", cwd=tmp_path)

    async def act(client: Editor) -> None:
        text = client.open("dvc.yaml")
        (information,) = await client.seen("dvc.yaml")
        assert "edit" in information.message
        params: Any = lsp.DefinitionParams(*client.at("  train:", 3, "dvc.yaml"))
        (place,) = await client.text_document_definition_async(params)
        assert (client.name_of(place.uri), place.range.start.line) == ("mlops.yaml", 5)
        params = lsp.DefinitionParams(*client.at("cat models", 1, "dvc.yaml"))
        (place,) = await client.text_document_definition_async(params)
        assert (client.name_of(place.uri), place.range.start.line) == ("mlops.yaml", 7)
        assert "edit that" in await client.hover("  report:", 3, "dvc.yaml")
        links: Any = await client.text_document_document_link_async(lsp.DocumentLinkParams(client.document("dvc.yaml")))
        targets = [client.name_of(link.target) for link in links]
        assert targets == ["mlops.yaml#L5", "mlops.yaml#L6", "mlops.yaml#L7", "mlops.yaml#L11"]
        assert text.splitlines()[links[0].range.start.line] == "  prepare:"

    session(tmp_path, act)
