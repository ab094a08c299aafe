"""What an import decides by reading alone: where lines go in a dvc.yaml, and which Makefiles can be included."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from mlopsc.compiler.adopt.makefile import obstacle
from mlopsc.compiler.adopt.spec_text import spec_text
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Disk

BODY = "stages:\n  a: {cmd: cat in}\n"


@pytest.mark.parametrize(
    "original",
    [
        BODY,
        f"# top\n\n{BODY}",
        f"---\n{BODY}",
        f"--- # the pipeline\n{BODY}",
        f"%YAML 1.2\n--- \n{BODY}...\n",
        "--- {stages: {a: {cmd: cat in}}}\n",
        '{"stages": {"a": {"cmd": "cat in"}}}',
        "\ufeff---\r\nstages:\r\n  a: {cmd: cat in}\r\n",
        "  stages:\n    a: {cmd: cat in}\n",
    ],
)
def test_the_lines_stand_in_the_same_document_and_nothing_else_changes(original: str) -> None:
    text = spec_text(original.encode(), ["mlops: 1", "project: p"]).decode()
    assert yaml.safe_load(text) == {"mlops": 1, "project": "p", **yaml.safe_load(original)}
    rest = iter(text)
    assert all(character in rest for character in original), "every character is there, in its order"


MADE = frozenset(["help", "test", "clean", "pipeline"])
FILES = {"common.mk": "test:\n\tpytest\n", "ok.mk": "lint:\n\truff\n", "loop.mk": "include loop.mk\n"}


@pytest.mark.parametrize(
    "text",
    [
        "all: a b\n\techo\n",
        "# c: d\nA := b:c\nexport B = x:y\nall:\n\techo a:b\n",
        "SHELL := /bin/bash\nall: X = 1\nall: ; echo\n",
        "-include ok.mk .env\ninclude loop.mk\nall: \\\n  b \\\n  c\n\techo\n",
        "ifeq ($(A),b:c)\n.PHONY: a\nendif\n%.html: %.md\n\tpandoc\n",
    ],
)
def test_a_makefile_that_can_be_included(text: str) -> None:
    assert obstacle(text, FILES.get, MADE) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".ONESHELL:\nall:\n\techo\n", ".ONESHELL"),
        ("SHELL=/bin/zsh\nall:\n", "SHELL"),
        (".RECIPEPREFIX = >\nall:\n> echo\n", ".RECIPEPREFIX"),
        ("PIP = pip3\n", "PIP"),
        ("include common.mk\n", "`test` would clash"),
        ("include $(WHERE)/x.mk\n", "includes"),
        ("-include local.mk\n", "includes"),
        ("$(OUT): in\n\techo\n", "not known before Make runs"),
        ("$(eval $(call rules,a:b))\n", "not known before Make runs"),
        ("tool: tool.o\n\t$(CC) -o $@ $<\n", "built-in rules of Make"),
    ],
)
def test_a_makefile_that_would_mean_something_else_when_included(text: str, why: str) -> None:
    assert why in obstacle(text, FILES.get, MADE)


@pytest.mark.parametrize(("mark", "above"), [(".git", ".."), (".dvc", ".."), (".git", "../..")])
def test_an_out_above_the_folder_is_inside_of_the_repository(mark: str, above: str, tmp_path: Path) -> None:
    folder = tmp_path / "/".join("pq"[: above.count("..")])
    folder.mkdir(parents=True)
    (tmp_path / mark).mkdir()
    (folder / "in").touch()
    (folder / "mlops.yaml").write_text(f"mlops: 1\nstages:\n  a: {{cmd: cp in x, deps: [in], outs: [{above}/x]}}\n")
    assert [each.code for each in compile_spec(Disk(str(folder))).report if each.severity == "error"] == []
    (tmp_path / mark).rmdir()
    assert "MLC404" in [each.code for each in compile_spec(Disk(str(folder))).report]
