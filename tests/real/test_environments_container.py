"""Stages in containers, by a real podman: the same results by `dvc repro`, the runner and native make."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from conftest import ROOT, initialise, run, tool, write
from running import environment

pytestmark = [pytest.mark.real, pytest.mark.full]

PROGRAMS = "sh cat echo sort id pwd sleep ip wc printf test tr".split()
SPEC = """\
mlops: 1
stack: {orchestrator: ORCHESTRATOR, ci: []}
ci: {secrets: [TOKEN]}
environments:
  sim: {container: "DIGEST", with: podman, network: false, shm: 1m}
stages:
  sort: {environment: sim, cmd: sort raw.txt > sorted.txt, deps: [raw.txt], outs: [sorted.txt]}
  who:
    environment: sim
    wdir: sub
    cmd:
      - echo "$GREETING $TOKEN $UNKNOWN." > who.txt; id -u >> who.txt
      - ip addr | grep -c '^[0-9]' >> who.txt; pwd | tr '/' ' ' | wc -w >> who.txt
      - printf '%s\\n' '${word}' >> who.txt
    env: {GREETING: "it's"}
    deps: [../sorted.txt]
    outs: [who.txt]
    timeout: 1m
  short: {image: "localhost/tiny:1", cmd: cat sorted.txt > short.txt, deps: [sorted.txt], outs: [short.txt]}
"""
CONTAINERS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{0}/root"\nrunroot = "{0}/run"\n'


@pytest.fixture(scope="module")
def podman() -> Iterator[Mapping[str, str]]:
    """The settings with which podman runs on a machine without much, and an image of busybox in a store of its own."""
    tool("podman"), tool("runc")
    home = Path(
        tempfile.mkdtemp(prefix="pod")
    )  # short: below the folder of a worker of xdist its sockets have no place
    write(home, {"containers.conf": CONTAINERS, "storage.conf": STORAGE.format(home), "rootfs/tmp/.keep": ""})
    settings = {
        "CONTAINERS_CONF": f"{home}/containers.conf",
        "CONTAINERS_STORAGE_CONF": f"{home}/storage.conf",
    }
    (home / "rootfs/bin").mkdir()
    shutil.copy(tool("busybox"), home / "rootfs/bin/busybox")
    for name in (*PROGRAMS, "grep"):
        (home / "rootfs/bin" / name).symlink_to("busybox")
    imported = f"tar -C {home}/rootfs -c . | podman import --quiet - localhost/tiny:1"
    run("sh", "-c", imported, cwd=home, **settings)
    yield settings
    run("podman", "system", "reset", "--force", cwd=home, check=False, **settings)
    shutil.rmtree(home, ignore_errors=True)


def digest(cwd: Path, settings: Mapping[str, str]) -> str:
    """The digest of the image, as the help of MLC439 tells to get it."""
    script = ROOT / "compiler/programs/container.sh"
    output = run("sh", str(script), "localhost/tiny:1", cwd=cwd, MLOPS_CONTAINER_RUNTIME="podman", **settings).stdout
    return output.split()[-1]


def repository(root: Path, settings: Mapping[str, str], orchestrator: str = "[dvc, make]") -> Path:
    spec = SPEC.replace("ORCHESTRATOR", orchestrator).replace("DIGEST", digest(root.parent, settings))
    write(root, {"mlops.yaml": spec, "raw.txt": "b\na\n", "sub/.keep": "", "params.yaml": "word: a $b\n"})
    initialise(root)
    run("mlopsc", "build", cwd=root)
    return root


@pytest.mark.parametrize("how", ["dvc", "runner", "make"])
def test_each_way_to_run_gives_the_same(how: str, podman: Mapping[str, str], tmp_path: Path) -> None:
    root = repository(tmp_path / "flow", podman, "[make]" if how == "make" else "[dvc, make]")
    settings = {**environment(root), **podman, "TOKEN": "s3", "UNKNOWN": "never"}
    commands = {"dvc": ["dvc", "repro"], "runner": ["make", "pipeline-parallel"], "make": ["make", "pipeline"]}
    assert "environment sim: ready" in run("make", "setup-sim", cwd=root, **settings).stdout
    run(*commands[how], cwd=root, **settings)
    assert (root / "sorted.txt").read_text() == (root / "short.txt").read_text() == "a\nb\n"
    depth = len((root / "sub").resolve().parts) - 1
    assert (root / "sub/who.txt").read_text() == f"it's s3 .\n{os.getuid()}\n1\n{depth}\na $b\n"
    assert (root / "sorted.txt").stat().st_uid == os.getuid()


def test_another_digest_runs_its_stages_and_nothing_else(podman: Mapping[str, str], tmp_path: Path) -> None:
    root = repository(tmp_path / "flow", podman)
    settings = {**environment(root), **podman, "TOKEN": ""}
    run("make", "pipeline", cwd=root, **settings)
    run("podman", "tag", "localhost/tiny:1", "localhost/other:1", cwd=root, **podman)
    spec = (root / "mlops.yaml").read_text()
    write(root, {"mlops.yaml": spec.replace("localhost/tiny@", "localhost/other@")})
    run("mlopsc", "build", cwd=root)
    planned = run("mlopsc", "plan", cwd=root).stdout
    assert "sort" in planned
    output = run("make", "pipeline", cwd=root, **settings)
    assert "localhost/other@" in output.stdout + output.stderr


def test_what_is_stopped_leaves_no_container(podman: Mapping[str, str], tmp_path: Path) -> None:
    root = repository(tmp_path / "flow", podman)
    script = ["sh", ".mlops/scripts/container.sh", "--with", "podman", "localhost/tiny:1", "sleep", "60"]

    def running() -> list[str]:
        return run("podman", "ps", "--quiet", cwd=root, **podman).stdout.split()

    settings = {**os.environ, **podman}
    process = subprocess.Popen(script, cwd=root, env=settings)
    deadline = time.monotonic() + 60
    while not running():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.terminate()
    assert process.wait(60) == 143
    assert running() == []
    failed = run(
        "sh", ".mlops/scripts/container.sh", "localhost/tiny:1", "sh", "-c", "exit 7", cwd=root, check=False, **podman
    )
    assert failed.returncode == 7


@pytest.mark.parametrize("command", ["make pipeline-parallel", "dvc repro"])
def test_the_example(command: str, podman: Mapping[str, str], tmp_path: Path) -> None:
    root = tmp_path / "example"
    shutil.copytree(
        ROOT / "examples/environments", root, ignore=shutil.ignore_patterns("state", ".venv", "__pycache__")
    )
    initialise(root)
    settings = {**environment(root), **podman}
    run("sh", "image.sh", cwd=root, **settings)
    assert run("make", "setup", cwd=root, **settings).stdout.count(": ready") == 3
    run(*command.split(), cwd=root, **settings)
    expected = "# Mean heights\n- data/mean-north.txt: 2\n- data/mean-south.txt: 2.5\n"
    assert (root / "report.md").read_text() == expected
