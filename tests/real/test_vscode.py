"""The VS Code extension: its types hold, it is packaged by vsce, and it reads the Makefile that mlopsc writes."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, run, tool, write

pytestmark = [pytest.mark.real, pytest.mark.full]

EXTENSION = ROOT / "editors/vscode"
SPEC = "mlops: 1\nproject: p\nstack: {ci: []}\nstages: {a: {cmd: touch b, deps: [x], outs: [b]}}\naccept: [MLC411]\n"


def test_packaged(tmp_path: Path) -> None:
    """Types are checked, one bundle holds the client, and the program reads a real Makefile and finds a real mlopsc."""
    tool("node"), tool("npm")
    folder = tmp_path / "vscode"
    shutil.copytree(EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    shutil.copy(ROOT / "LICENSE", folder)
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder, seconds=600)
    run("npm", "run", "--silent", "package", cwd=folder, seconds=300)
    with zipfile.ZipFile(folder / "dist/mlopsc.vsix") as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
    assert f"extension/{manifest['main'].removeprefix('./')}" in names
    assert not [name for name in names if "node_modules" in name or name.endswith(".ts")]

    project = write(tmp_path / "project", {"mlops.yaml": SPEC, ".venv/bin/mlopsc": ""})
    run("mlopsc", "build", cwd=project)
    bundle = ["npx", "esbuild", "--bundle", "--platform=node", "--format=cjs", "--outdir=out"]
    run(*bundle, "src/targets.ts", "src/command.ts", cwd=folder)
    program = """
        const {targetsOf} = require("./out/targets.js"), {commandOf} = require("./out/command.js"), [,, project] = process.argv;
        const makefile = require("fs").readFileSync(project + "/Makefile", "utf8");
        console.log(JSON.stringify([targetsOf(makefile), commandOf("", project), commandOf("x", project), commandOf("", "/")]));
    """
    (folder / "read.js").write_text(program)
    targets, *commands = json.loads(run("node", "read.js", str(project), cwd=folder).stdout)
    helped = run("make", "help", cwd=project).stdout
    assert [target["name"] for target in targets] == re.findall(r"^\s*([\w.@%-]+)\s\s+\S", helped, re.MULTILINE)
    assert commands == [str(project / ".venv/bin/mlopsc"), "x", "mlopsc"]
