"""Completion in real shells, and the manual page in a real roff."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from conftest import BIN, run, write

pytestmark = pytest.mark.real
MLOPSC = str(BIN / "mlopsc")

SPEC = """\
mlops: 1
stack: {orchestrator: dvc, build: none, ci: []}
stages:
  prepare: {cmd: cat raw > a, deps: [raw], outs: [a]}
  "train": {matrix: {n: [1, 2]}, cmd: "cat a > m${item.n}", deps: [a], outs: ["m${item.n}"]}
"""
TYPED = {
    "mlopsc tra": ["trace"],
    "mlopsc -C sub chec": ["check"],
    "mlopsc plan --no": ["--no-diff"],
    "mlopsc plan --format ": ["text", "json"],
    "mlopsc explain p": ["prepare"],
    "mlopsc trace train": ["train", "train@1", "train@2"],
    "mlopsc trace train@": ["1", "2"],
    "mlopsc code MLC71": ["MLC711", "MLC712"],
    "mlopsc targets make a": ["argo", "airflow", "azureml"],
    "mlopsc --color ne": ["never"],
    "mlopsc new --template tab": ["tabular"],
    "mlopsc build --overwrite dvc": ["dvc.yaml"],
    "mlopsc help impor": ["import"],
    "mlopsc completion ": ["bash", "fish", "zsh", "words"],
    "mlopsc build --nonsense": [],
}
IN_BASH = """\
eval "$(mlopsc completion bash)"
while IFS= read -r line; do
    COMP_LINE="$line" COMP_POINT=${#line} COMPREPLY=()
    _mlopsc
    printf '%s\\n' "$line=>${COMPREPLY[*]}"
done
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {"mlops.yaml": SPEC, "raw": "1", "sub/x": ""})


def test_what_bash_offers(root: Path) -> None:
    write(root, {"offer.sh": IN_BASH, "typed": "".join(f"{line}\n" for line in TYPED)})
    shown = run("bash", "-c", "bash offer.sh < typed", cwd=root).stdout.splitlines()
    offered = {line: sorted(words.split()) for line, _, words in (text.partition("=>") for text in shown)}
    assert offered == {line: sorted(words) for line, words in TYPED.items()}


def test_the_tab_key_in_bash(root: Path) -> None:
    process, terminal = pty.fork()
    if not process:
        os.chdir(root)
        os.environ.update(PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", PS1="> ", TERM="dumb")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    try:
        os.write(terminal, b'eval "$(mlopsc completion bash)"; echo rea""dy\n')
        _read_until(terminal, b"\nready")
        os.write(terminal, b"echo got; mlopsc code MLC319 # \x15mlopsc expl\tprep\t")
        _read_until(terminal, b"mlopsc explain prepare")
    finally:
        os.write(terminal, b"\x15exit\n")
        os.close(terminal)
        os.waitpid(process, 0)


def _read_until(terminal: int, expected: bytes, seconds: float = 60) -> None:
    shown = b""
    end = time.monotonic() + seconds
    while expected not in shown.replace(b"\r", b""):
        assert time.monotonic() < end, shown
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 4096)


@pytest.mark.full
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_the_other_shells_offer(shell: str, root: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    if shell == "fish":
        script = 'mlopsc completion fish | source; complete -C "mlopsc explain p"; complete -C "mlopsc tra"'
        assert run("fish", "--no-config", "-c", script, cwd=root, HOME=str(root)).stdout.split() == ["prepare", "trace"]
        return
    script = (
        'autoload -U compinit; compinit -D -u; eval "$(mlopsc completion zsh)"; compadd() { print -l -- ${(P)2} }; '
        "words=(mlopsc explain p); CURRENT=3; _mlopsc"
    )
    assert run("zsh", "-f", "-c", script, cwd=root, HOME=str(root)).stdout.split() == ["prepare"]


def test_stages_are_offered_while_the_spec_has_errors(root: Path) -> None:
    write(root, {"mlops.yaml": SPEC + "  broken: {cmd: x, nonsense: 1}\n"})
    assert "prepare" in run(MLOPSC, "completion", "words", "--", "mlopsc trace p", cwd=root).stdout
    write(root, {"mlops.yaml": "a: [\n"})
    assert run(MLOPSC, "completion", "words", "--", "mlopsc trace p", cwd=root).stdout == ""


def test_the_manual_page_has_every_command_and_no_warning(tmp_path: Path) -> None:
    page = run(MLOPSC, "help", "--man", cwd=tmp_path).stdout
    commands = run(MLOPSC, "completion", "words", "--", "mlopsc ", cwd=tmp_path).stdout.split()
    for command in commands:
        assert f"\n.SS {command}\n" in page
    assert "\\-\\-overwrite PATH" in page
    assert "==SUPPRESS==" not in page
    if shutil.which("groff"):
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""


def test_a_plan_shows_first_what_runs_and_cuts_long_changes(root: Path) -> None:
    shown = run(MLOPSC, "plan", cwd=root).stdout
    assert shown.index("stages that would run:") < shown.index("files:")
    stages = "".join(f"  s{n}: {{cmd: cat raw > o{n}, deps: [raw], outs: [o{n}]}}\n" for n in range(20))
    write(root, {"mlops.yaml": SPEC + stages})
    assert "more lines; `--full` shows them" in run(MLOPSC, "plan", cwd=root).stdout
    full = run(MLOPSC, "plan", "--full", cwd=root).stdout
    assert "more lines" not in full
    assert "cat raw > o19" in full


def test_without_a_spec_the_ways_to_one_are_named(tmp_path: Path) -> None:
    help_ = run(MLOPSC, "check", cwd=tmp_path, check=False).stderr
    assert all(f"`mlopsc {command}" in help_ for command in ("init", "new", "import"))


def test_targets_by_name(root: Path) -> None:
    shown = run(MLOPSC, "targets", "argo", cwd=root).stdout
    assert shown.split()[:1] == ["argo"]
    assert "there is no target `argos`" in run(MLOPSC, "targets", "argos", cwd=root, check=False).stderr
