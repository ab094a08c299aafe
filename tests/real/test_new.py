"""`mlopsc new` at the command line: what it refuses, what it leaves behind, and what it asks for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from conftest import BIN, run, write
from mlopsc.compiler.cli import main
from mlopsc.compiler.scaffold import new as scaffold
from mlopsc.compiler.scaffold.refusal import Refusal

pytestmark = pytest.mark.real
MLOPSC = str(BIN / "mlopsc")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["new", ""], "empty"),
        (["new", ".."], "already exists"),
        (["new", "葡萄酒"], "Latin letters"),
        (["new", "there"], "already exists"),
        (["new", "no/where"], "no directory `no`"),
        (["new", "a", "--template", "tabluar"], "did you mean `tabular`"),
        (["new", "a", "--set", "licence"], "--set licence=MIT"),
        (["new", "a", "--answers", "none.yaml"], "cannot be read"),
        (["new"], "no name"),
    ],
)
def test_misuse_is_refused_and_nothing_is_written(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write(tmp_path, {"there/file": "mine"}))
    assert main(words) == 2
    assert says in capsys.readouterr().err
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["there", "there/file"]


@pytest.mark.parametrize(
    "typed", ["Größe & Gewicht; rm -rf $HOME", 'a "quoted" `name`', "true", "2024", "a: b # c", "{{ x }}"]
)
def test_whatever_is_typed_gives_a_repository_that_builds(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", typed, "--template", "bare"]) == 0
    (root,) = tmp_path.iterdir()
    assert main(["-C", str(root), "build", "--check"]) == 0
    (package,) = (path for path in (root / "src").iterdir() if path.is_dir())
    run(sys.executable, "-c", f"import {package.name}.features.flowers", cwd=root / "src")
    assert yaml.safe_load((root / ".copier-answers.yml").read_text())["project"] == typed
    assert (root / "README.md").read_text().startswith(f"# {typed}\n")


def test_answers_from_a_file_and_from_flags(tmp_path: Path) -> None:
    write(tmp_path, {"answers.yaml": "licence: Apache-2.0\nauthor: Acme\n_src_path: /elsewhere\n"})
    run(MLOPSC, "new", "a", "-t", "bare", "--answers", "answers.yaml", "--set", "author=Me", cwd=tmp_path)
    told = yaml.safe_load((tmp_path / "a/.copier-answers.yml").read_text())
    assert (told["licence"], told["author"], told["_src_path"]) == ("Apache-2.0", "Me", "mlopsc://bare.git")
    assert "Apache License" in (tmp_path / "a/LICENSE").read_text()
    run(MLOPSC, "new", "b", "-t", "bare", "--set", "licence=none", cwd=tmp_path)
    assert not (tmp_path / "b/LICENSE").exists()
    refused = run(MLOPSC, "new", "c", "-t", "bare", "--set", "licence=Beerware", cwd=tmp_path, check=False)
    assert refused.returncode == 1
    assert "Beerware" in refused.stderr
    assert sorted(os.listdir(tmp_path)) == ["a", "answers.yaml", "b"]


@pytest.mark.parametrize("seconds", [0, 0.1, 0.4])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(number: signal.Signals, seconds: float, tmp_path: Path) -> None:
    """Stopped as soon as its directory is seen, and later, while Copier or Git runs."""
    process = subprocess.Popen(
        [MLOPSC, "new", "a", "-t", "bare"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    begun = time.monotonic()
    while not os.listdir(tmp_path):
        assert time.monotonic() - begun < 60
    assert os.listdir(tmp_path)[0].startswith(".mlopsc-new-"), "it is made beside its place"
    time.sleep(seconds)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert os.listdir(tmp_path) == []


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    build = scaffold._build

    def slow(root: str) -> list[str]:
        write(tmp_path, {"a/mine": "mine"})
        return build(root)

    monkeypatch.setattr(scaffold, "_build", slow)
    with pytest.raises(Refusal, match="appeared"):
        scaffold.new("a", "bare", {})
    assert os.listdir(tmp_path) == ["a"]
    assert os.listdir(tmp_path / "a") == ["mine"]


def test_without_copier_it_says_what_to_install(tmp_path: Path) -> None:
    blocked = (
        "import sys; sys.modules['copier'] = None; from mlopsc.compiler.cli import main; sys.exit(main(['new', 'a']))"
    )
    done = run(sys.executable, "-c", blocked, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "mlopsc[new]" in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_template_that_cannot_be_had(tmp_path: Path) -> None:
    done = run(MLOPSC, "new", "a", "-t", f"file://{tmp_path}/nothing.git", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "could not read the template" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []
