"""The language server as an editor meets it: the real `mlopsc lsp`, over standard input and output."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import BIN, run, write
from editor import FILES, SPEC, Editor, position, session
from lsprotocol import types as lsp

HOVERS: list[tuple[str, int, list[str]]] = [
    ("  train:\n", 3, ["stage `train`", "stale", "src/train.py", "reads the results of `prepare`"]),
    ("  prepare:", 3, ["by convention", "python src/prepare.py", "read by `train`"]),
    ("${train.depth}", 9, ["parameter `train.depth`", "= `4` (params.yaml)", "tracked by `train`"]),
    ("clean.csv]\n    params", 3, ["made by `prepare` (mlops.yaml:4)", "read by `train`", "not on this disk"]),
    ("[raw.csv]", 3, ["read by `prepare`", "a file of the repository"]),
    ("outs: [clean", 1, ["Paths that the stage writes", "```yaml\nouts:\n- models/model.joblib\n"]),
    ("from: train", 7, ["stage `train`"]),
    ("MLC411", 2, ["# MLC411"]),
    ("kind: train", 7, ["What the stage does"]),
]

COMPLETIONS: list[tuple[str, str, list[str], list[str]]] = [
    ("    kind: train\n", "    kind: train\n    ", ["resources", "timeout"], ["cmd", "deps", "stack"]),
    ("    kind: train\n", "    kind: ", ["data", "train", "evaluate"], ["cmd"]),
    ("from: train", "from: ", ["prepare", "train"], ["data"]),
    ("--depth ${train.depth}\n", "--depth ${", ["train.depth"], ["cmd"]),
    ("accept: [MLC411]", "accept: [", ["MLC411", "MLC414"], ["train"]),
    ("accept: [MLC411]", "stack: {ci: [", ["github", "gitlab"], ["airflow"]),
    ("accept: [MLC411]", "stack:\n  orchestrator: ", ["dvc", "make", "airflow"], ["github"]),
    ("[raw.csv]", "[ra", ["raw.csv"], ["clean.csv"]),
    ("accept: [MLC411]", "st", ["stack"], ["stages", "cmd"]),
]

DEFINITIONS: list[tuple[str, int, str, int]] = [
    ("from: train", 7, "mlops.yaml", 6),
    ("  prepare:", 3, "src/prepare.py", 0),
    ("${train.depth}", 9, "params.yaml", 1),
    ("clean.csv]\n    params", 3, "mlops.yaml", 5),
    ("python src/train.py", 9, "src/train.py", 0),
]


async def hover(client: Editor, word: str, shift: int) -> str:
    """The hover at a word, once it is known which stages are stale."""
    for _ in range(1200):
        text = await client.hover(word, shift)
        if "not known yet" not in text:
            return text
        await asyncio.sleep(0.05)
    raise AssertionError("the freshness of the stages never became known")


def test_hover_and_definition(tmp_path: Path) -> None:
    """What is shown where the cursor is, and where it leads."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        await client.seen()
        for word, shift, parts in HOVERS:
            text = await hover(client, word, shift)
            assert not [part for part in parts if part not in text], (word, text)
        for word, shift, file, line in DEFINITIONS:
            places: Any = await client.text_document_definition_async(lsp.DefinitionParams(*client.at(word, shift)))
            assert (file, line) in [(client.name_of(place.uri), place.range.start.line) for place in places], word

    session(tmp_path, act)


def test_completion(tmp_path: Path) -> None:
    """What is offered while a line is typed, and what is not."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        await client.seen()
        for word, typed, offered, not_offered in COMPLETIONS:
            client.type(SPEC.replace(word, typed + ("\n" if word.endswith("\n") else ""), 1))
            place = position(client.texts["mlops.yaml"], client.texts["mlops.yaml"].rindex(typed) + len(typed))
            params = lsp.CompletionParams(client.document(), place)
            listed: Any = await client.text_document_completion_async(params)
            labels = [item.label for item in listed.items]
            assert not [label for label in offered if label not in labels], (typed, labels)
            assert not [label for label in not_offered if label in labels], (typed, labels)

    session(tmp_path, act)


BROKEN = [
    SPEC.replace("deps: [raw.csv]", "deps: [gone.csv]"),
    SPEC.replace("    kind: train", "    kinds: train"),
    SPEC.replace("stages:", "stages"),
    SPEC.replace("${train.depth}", "${train.depht}"),
    SPEC + "stack: {ci: gitlub}\n",
    SPEC + "# \U0001f377 \u2028 é\nnote: 1\n",
    SPEC.replace("[raw.csv]", "[raw.csv"),
    "",
]


def test_diagnostics_are_those_of_check(tmp_path: Path) -> None:
    """The same codes at the same places, of the text in the editor and not of that on disk."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        for text in BROKEN:
            client.type(text)
            shown = sorted((d.code, d.range.start.line + 1) for d in await client.seen())
            write(tmp_path / "copy", {**FILES, "mlops.yaml": text})
            done = run("mlopsc", "check", "--format", "json", cwd=tmp_path / "copy", check=False)
            wanted = sorted((d["code"], d.get("line") or 1) for d in json.loads(done.stdout)["diagnostics"])
            assert shown == wanted, text
        assert shown

    session(tmp_path, act)


def test_quick_fix(tmp_path: Path) -> None:
    """The fix of a diagnostic is offered, and after it the diagnostic is gone."""
    write(tmp_path, {**FILES, "mlops.yaml": SPEC.replace("    kind: train", "    kinds: train")})

    async def act(client: Editor) -> None:
        client.open()
        assert [d.code for d in await client.seen()] == ["MLC101"]
        actions = await client.actions("kinds")
        client.apply(actions["MLC101: replace `kinds` by `kind`"])
        assert client.texts["mlops.yaml"] == SPEC
        assert await client.seen() == []

    session(tmp_path, act)


def test_outline_and_folding(tmp_path: Path) -> None:
    """The outline has the stages with what is in them, and folding the lines of each."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        await client.seen()
        outline: Any = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(client.document()))
        assert [symbol.name for symbol in outline] == ["mlops", "project", "stages", "models", "accept"]
        assert [child.name for child in outline[2].children] == ["prepare", "train"]
        assert [child.name for child in outline[2].children[0].children] == ["deps", "outs"]
        folds: Any = await client.text_document_folding_range_async(lsp.FoldingRangeParams(client.document()))
        assert {(2, 11), (3, 5), (6, 11), (12, 13)} == {(fold.start_line, fold.end_line) for fold in folds}

    session(tmp_path, act)


def test_other_files(tmp_path: Path) -> None:
    """Unsaved params files count, and so do code files that change on the disk."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        assert await client.seen() == []
        client.open("params.yaml")
        client.type("train:\n  width: 4\n", "params.yaml")
        await client.until(lambda: any("train.depth" in d.message for d in client.published["mlops.yaml"][1]))
        client.type("train:\n  depth: 4\n", "params.yaml")
        await client.until(lambda: not client.published["mlops.yaml"][1])
        write(tmp_path, {"src/train.py": "import features\n", "src/features.py": ""})
        changes = [lsp.FileEvent(client.uri("src/train.py"), lsp.FileChangeType.Changed)]
        client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(changes))
        await client.until(lambda: any("src/features.py" in d.message for d in client.published["mlops.yaml"][1]))

    session(tmp_path, act)


def test_several_projects(tmp_path: Path) -> None:
    """Each project of a workspace has its own diagnostics, also one in the folder of another."""
    other = SPEC.replace("from: train", "from: trian")
    write(tmp_path, FILES)
    write(tmp_path / "nested" / "deep", {**FILES, "mlops.yaml": other})

    async def act(client: Editor) -> None:
        client.open()
        client.open("nested/deep/mlops.yaml")
        assert [d.code for d in await client.seen("nested/deep/mlops.yaml")] != []
        assert await client.seen() == []
        client.type(SPEC, "nested/deep/mlops.yaml")
        assert await client.seen("nested/deep/mlops.yaml") == []

    session(tmp_path, act)


def test_the_last_good_model_answers(tmp_path: Path) -> None:
    """While the text cannot be read, hover and completion speak of the last text that could."""
    write(tmp_path, FILES)

    async def act(client: Editor) -> None:
        client.open()
        await client.seen()
        client.type(SPEC.replace("outs: [model.bin]", "outs: [model.bin").replace("from: train}", "from: "))
        assert [d.severity for d in await client.seen()] == [lsp.DiagnosticSeverity.Error]
        assert "stage `train`" in await hover(client, "  train:\n", 3)
        listed: Any = await client.text_document_completion_async(lsp.CompletionParams(*client.at("from: ", 6)))
        assert "prepare" in [item.label for item in listed.items]

    session(tmp_path, act)


def test_the_server_ends_with_its_editor(tmp_path: Path) -> None:
    """A server whose editor was killed does not stay."""
    server = subprocess.Popen([BIN / "mlopsc", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path)
    server.communicate(
        b'Content-Length: 58\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"shutdown","params":null}', timeout=60
    )
    assert server.returncode is not None


def test_without_pygls(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says which line installs what it needs."""
    from mlopsc.compiler.cli import MISUSE, main

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["lsp"]) == MISUSE
    assert "pip install 'mlopsc[lsp]'" in capsys.readouterr().err
