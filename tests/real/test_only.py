"""The runner with `--only`: single stages, several at a time, as jobs of a cluster run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run, write
from running import RUNNER, environment, lock_order, ran, records, repository, repro, runner

pytestmark = pytest.mark.real

STEP = """\
import os, pathlib, sys, time
name, out, *deps = sys.argv[1:]
with open(os.environ["RAN"], "a") as log:
    log.write(name + "\\n")
peers = pathlib.Path(os.environ["RAN"] + ".peers")
while peers.exists() and not all(peer in open(os.environ["RAN"]).read().split() for peer in peers.read_text().split()):
    time.sleep(0.05)  # until the others have begun
pathlib.Path(out).write_text(name + "".join(pathlib.Path(dep).read_text() for dep in deps))
hook = pathlib.Path("hook-" + name)
if hook.exists():
    exec(hook.read_text())
"""
DVC = """\
stages:
  z: {cmd: python step.py z z.txt raw.txt, deps: [raw.txt], params: [z], outs: [z.txt]}
  b: {cmd: python step.py b b.txt z.txt, deps: [z.txt, code_b.py], outs: [b.txt]}
  a: {cmd: python step.py a a.txt z.txt, deps: [z.txt, code_a.py], outs: [a.txt]}
  end: {cmd: python step.py end end.txt a.txt b.txt, deps: [a.txt, b.txt], outs: [end.txt]}
"""
FILES = {
    "step.py": STEP,
    "raw.txt": "raw\n",
    "dvc.yaml": DVC,
    "params.yaml": "z: 1\n",
    "code_a.py": "x = 1\n",
    "code_b.py": "x = 1\n",
}
CODE = {".mlops/run.json": json.dumps({"code": {name: [f"code_{name}.py"] for name in "ab"}})}


def together(root: Path, *stages: str) -> None:
    """Run stages, each by a runner of its own; none ends before all have begun."""
    peers = Path(f"{environment(root)['RAN']}.peers")
    peers.write_text(" ".join(stages))
    settings = {**os.environ, **environment(root)}
    started = [
        subprocess.Popen(
            [sys.executable, RUNNER, "--only", name], cwd=root, env=settings, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for name in stages
    ]  # fmt: skip
    told = [process.communicate(timeout=120)[0] for process in started]
    peers.unlink()
    assert [process.returncode for process in started] == [0] * len(stages), told


def test_several_runners_leave_what_dvc_repro_leaves(tmp_path: Path) -> None:
    dvc, ours = (repository(tmp_path / name, {**FILES, **CODE}) for name in ("dvc", "ours"))
    for root in (dvc, ours):
        run("dvc", "add", "-q", "raw.txt", cwd=root)
        write(root, {"raw.txt": "edited\n"})
    assert repro(dvc).returncode == 0
    assert runner(ours, "--only", "raw.txt.dvc").returncode == 0
    _, first, second, _ = lock_order(dvc)
    hook = ours / f"hook-{first}"  # the stage that DVC runs first ends last
    hook.write_text(f"while '  {second}:' not in pathlib.Path('dvc.lock').read_text(): time.sleep(0.05)")
    together(ours, "z")
    together(ours, "a", "b")
    together(ours, "end")
    hook.unlink()
    assert records(ours) == records(dvc)
    assert (ours / "dvc.lock").read_text() == (dvc / "dvc.lock").read_text(), "entries are in DVC's order"
    assert ran(ours) == ["a", "b", "end", "z"]
    assert json.loads((ours / ".mlops/code.json").read_text()).keys() == {"code_a.py", "code_b.py"}
    assert set(json.loads((ours / ".mlops/state/durations.json").read_text())) == {"a", "b", "end", "z"}
    write(ours, dict.fromkeys(["code_a.py", "code_b.py"], "x  =  1  # one\n"))
    assert "nothing to run" in runner(ours, "--only", "a", "b").stdout
    assert ran(ours) == []


STALE = [
    ({"raw.txt": "x"}, "z is not up to date (raw.txt is modified)"),
    ({"params.yaml": "z: 2"}, "z is not up to date (params.yaml: z modified)"),
    ({"z.txt": "x"}, "z is not up to date (z.txt is modified)"),
    ({"dvc.yaml": DVC.replace("step.py z", "step.py  z")}, "z is not up to date (its command changed)"),
]
"""Edits of what a stage depends on, and what is said of them."""


def test_what_a_stage_depends_on_has_to_be_up_to_date(tmp_path: Path) -> None:
    root = repository(tmp_path / "p", FILES)
    assert runner(root, "--only", "z").returncode == 0
    made = (root / "z.txt").read_text()
    ran(root)
    for edit, reason in STALE:
        write(root, edit)
        done = runner(root, "--only", "a", "--json", "report.json")
        assert done.returncode == 1
        assert reason in done.stdout
        assert json.loads((root / "report.json").read_text())["stages"][0]["status"] == "failed"
        (root / "z.txt").unlink()  # it may be a link to the cache
        write(root, {**FILES, "z.txt": made})
    assert ran(root) == []
    assert runner(root, "--only", "a").returncode == 0
    assert ran(root) == ["a"]


def test_files_and_params_count_as_they_were_when_a_stage_began(tmp_path: Path) -> None:
    root = repository(tmp_path / "p", FILES)
    write(
        root,
        {"hook-z": "pathlib.Path('raw.txt').write_text('later')\npathlib.Path('params.yaml').write_text('z: 9')\n"},
    )
    done = runner(root, "--only", "z")
    assert done.returncode == 0
    assert "raw.txt was edited while the stage ran" in done.stdout
    assert (root / "z.txt").read_text() == "zraw\n"
    status = run("dvc", "status", "z", cwd=root).stdout
    assert "raw.txt" in status
    assert "params.yaml" in status
    (root / "hook-z").unlink()
    write(root, {"raw.txt": "raw\n", "params.yaml": "z: 1\n"})
    assert "unchanged" in runner(root, "--only", "z").stdout


def test_paths_that_a_lost_host_held_are_free(tmp_path: Path) -> None:
    root = repository(tmp_path / "p", FILES)
    held = {"pid": 1, "cmd": "run.py --only z [z] on elsewhere"}
    write(root, {".dvc/tmp/rwlock": json.dumps({"write": {str(root / "z.txt"): held}, "read": {}})})
    assert runner(root, "--only", "z").returncode == 0
    assert ran(root) == ["z"]


def test_only_is_never_dvc_repro(tmp_path: Path) -> None:
    root = repository(tmp_path / "p", FILES)
    for options in (["--only"], ["--only", "--glob", "z*"]):
        done = runner(root, *options)
        assert done.returncode == 1
        assert "--only" in done.stderr
    assert ran(root) == []
