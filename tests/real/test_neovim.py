"""A real editor, Neovim without a window: it starts the server, shows its diagnostics and its hover."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import BIN, only_in_full, run, tool, write
from editor import FILES, SPEC

pytestmark = [pytest.mark.real, pytest.mark.full]

SCRIPT = """
local seen = {}
vim.cmd("edit mlops.yaml")
local buffer = vim.api.nvim_get_current_buf()
local id = vim.lsp.start_client({ name = "mlopsc", cmd = { %s, "lsp" }, root_dir = vim.fn.getcwd() })
vim.lsp.buf_attach_client(buffer, id)
vim.wait(60000, function() return #vim.diagnostic.get(buffer) > 0 end, 20)
for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
  table.insert(seen, { diagnostic.code, diagnostic.lnum, diagnostic.col, diagnostic.severity })
end
local position = { textDocument = vim.lsp.util.make_text_document_params(buffer), position = { line = 6, character = 3 } }
local answers = vim.lsp.buf_request_sync(buffer, "textDocument/hover", position, 60000)
local hover = answers[id].result.contents.value
local file = io.open("seen.json", "w")
file:write(vim.fn.json_encode({ seen, hover }))
file:close()
vim.lsp.stop_client(id)
vim.cmd("qall!")
"""


def test_neovim(tmp_path: Path) -> None:
    only_in_full("neovim")
    nvim = tool("nvim")
    write(tmp_path, {**FILES, "mlops.yaml": SPEC.replace("kind: train", "kinds: train")})
    write(tmp_path, {"t.lua": SCRIPT % json.dumps(str(BIN / "mlopsc"))})
    words = ("--headless", "--clean", "-n", "-i", "NONE", "-c", "luafile t.lua")
    run(nvim, *words, cwd=tmp_path, seconds=200)
    diagnostics, hover = json.loads((tmp_path / "seen.json").read_text())
    assert diagnostics == [["MLC101", 11, 4, 1]]
    assert "stage `train`" in hover
