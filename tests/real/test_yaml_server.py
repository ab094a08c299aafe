"""The schema helps alone: what yaml-language-server, which knows nothing of mlopsc, makes of the schema that a build keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import npm_tools, run, tool, write
from editor import FILES, Editor, session
from lsprotocol import types as lsp

pytestmark = [pytest.mark.real, pytest.mark.full]

SPEC = """\
# yaml-language-server: $schema=.mlops/schema.json
mlops: 1
project: wine
stack: {ci: github}
stages:
  prepare:
    deps: [raw.csv]
    outs: [clean.csv]
  train:
    cmd: python src/train.py
    deps: [src/train.py, clean.csv]
    outs: [model.bin]
    kind: train
    timeout: 10m
    retries: 2
models:
  wine:
    path: model.bin
    from: train
deploy:
  production: {model: wine, run: make rollout}
accept: [MLC411]
"""
MISTAKES: list[tuple[str, str, str]] = [
    ("mlops: 1", "mlops: 2", "1"),
    ("project: wine", "project: [wine]", "string"),
    ("project: wine", "project: a name", "a name such as"),
    ("project: wine", "projcet: wine", "projcet"),
    ("stages:", "stage:", "stage"),
    ("stack: {ci: github}", "stack: {cii: github}", "cii"),
    ("stack: {ci: github}", "stack: {ci: {name: github}}", "github"),
    ("    deps: [raw.csv]", "    dep: [raw.csv]", "dep"),
    ("    deps: [raw.csv]", "    deps: {raw.csv: 1}", "array"),
    ("    deps: [raw.csv]", "    deps: [1]", "string"),
    ("    outs: [clean.csv]", "    outs: [{clean.csv: {cach: false}}]", "cach"),
    ("    outs: [clean.csv]", "    outs: [{clean.csv: {cache: 1}}]", "boolean"),
    ("    kind: train", "    kind: training", "evaluate"),
    ("    kind: train", "    kind: [train]", "evaluate"),
    ("    timeout: 10m", "    timeout: ten minutes", "Expected"),
    ("    retries: 2", "    retries: -1", "minimum"),
    ("    retries: 2", "    retries: many", "integer"),
    ("    path: model.bin", "    # path: model.bin", "path"),
    ("    from: train", "    from: {stage: train}", "string"),
    ("{model: wine, run: make rollout}", "{model: wine, on: tags, run: make rollout}", "tag"),
    ("accept: [MLC411]", "accept: [411]", "string"),
]


async def shown(client: Editor, text: str) -> list[tuple[int, str]]:
    """The lines and messages of a text."""
    client.published.clear()
    client.type(text)
    await client.until(lambda: "mlops.yaml" in client.published)
    return [(problem.range.start.line, problem.message) for problem in client.published["mlops.yaml"][1]]


def test_yaml_language_server(tmp_path: Path) -> None:
    """Hover with an example, completion of keys and values, and a message at the line of each mistake."""
    server = npm_tools() / "node_modules/yaml-language-server/bin/yaml-language-server"
    write(tmp_path, {**FILES, "mlops.yaml": SPEC})
    run("mlopsc", "build", cwd=tmp_path)

    async def act(client: Editor) -> None:
        @client.feature(lsp.WORKSPACE_CONFIGURATION)
        def configured(params: lsp.ConfigurationParams) -> list[None]:
            return [None for _ in params.items]

        @client.feature(lsp.CLIENT_REGISTER_CAPABILITY)
        def registered(params: lsp.RegistrationParams) -> None: ...

        client.open()
        await client.until(lambda: "mlops.yaml" in client.published)
        assert client.published["mlops.yaml"][1] == []
        hover = await client.hover("outs: [clean", 1)
        assert "Paths that the stage writes" in hover
        assert "models/model.joblib" in hover

        missed = []
        for right, wrong, part in MISTAKES:
            line = SPEC[: SPEC.index(right)].count("\n")
            problems = await shown(client, SPEC.replace(right, wrong, 1))
            if not any(abs(at - line) <= 1 and part in message for at, message in problems):
                missed.append((wrong, problems))
        assert not missed

        for typed, offered in (
            ("    kind: ", {"train", "evaluate"}),
            ("stack: {ci: ", {"github", "gitlab"}),
            ("    re", {"resources", "retries"}),
        ):
            kept = SPEC.replace("    retries: 2\n", "")
            text = (
                kept.replace("stack: {ci: github}", "stack: {ci: }")
                if typed.startswith("stack")
                else kept.replace("    kind: train", typed)
            )
            await shown(client, text)
            listed: Any = await client.text_document_completion_async(
                lsp.CompletionParams(*client.at(typed, len(typed)))
            )
            assert offered <= {item.label for item in listed.items}, typed

    session(tmp_path, act, [tool("node"), str(server), "--stdio"])
