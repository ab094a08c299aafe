"""The worker takes the first result under a key, believes nothing that the remote holds, and sets params only."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import s3fs
from cloned import project, work
from conftest import BIN
from mlopsc.targets.engines import worker

pytestmark = [pytest.mark.real, pytest.mark.full]

SPEC = """\
mlops: 1
project: p
stack: {orchestrator: [dvc, airflow], build: none, ci: []}
stages:
  one:
    cmd: 'sleep 2; head -c 20 /dev/urandom | base64 > one.txt; cp one.txt git.json; cp one.txt dvc.json'
    deps: [raw.txt]
    outs: [one.txt]
    metrics: [{git.json: {cache: false}}, dvc.json]
  fixed: {cmd: 'mkdir -p d; cp raw.txt d/x', deps: [raw.txt], params: [lr], outs: [d]}
  two: {cmd: 'cp one.txt two.txt', deps: [one.txt], outs: [two.txt]}
  three: {cmd: 'cp one.txt three.txt; cp d/x three.x', deps: [one.txt, d], outs: [three.txt, three.x]}
"""
FILES = {"mlops.yaml": SPEC, "raw.txt": "raw", "params.yaml": "lr: 1\n", "taken.yaml": "a: ${oc.env:HOME}\n"}


class Store:
    """The remote of a project on the S3 endpoint."""

    def __init__(self, root: Path, s3: str) -> None:
        self.name = f"first-{hashlib.md5(str(root).encode()).hexdigest()[:12]}"
        self.environment = project(root, s3, self.name, FILES)
        self.fs = s3fs.S3FileSystem(endpoint_url=s3, key="key", secret="secret", use_listings_cache=False)

    def files(self, word: str) -> list[str]:
        return [path for path in self.fs.find(self.name) if word in path]

    def text(self, digest: str) -> str:
        (path,) = self.files(f"{digest[:2]}/{digest[2:]}")
        return str(self.fs.cat_file(path).decode())


@pytest.fixture
def store(tmp_path: Path, s3: str) -> Store:
    return Store(tmp_path / "p", s3)


def start(stage: str, cwd: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    command = ("sh", "-c", worker.text(), "worker", stage)
    settings = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment}
    return subprocess.Popen(command, cwd=cwd, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_of_two_results_the_first_counts_for_all(store: Store, tmp_path: Path) -> None:
    """Two workers run a stage that is not deterministic at the same time; the stages below take one result, and it is said."""
    outputs = [tmp_path / "first", tmp_path / "second"]
    workers = [start("one", tmp_path, {**store.environment, "MLOPS_OUTPUT": str(output)}) for output in outputs]
    said = ["".join(process.communicate(timeout=300)) for process in workers]
    assert [process.returncode for process in workers] == [0, 0], said
    assert len(store.files("/runs/")) == 2, "both ran"
    assert sum("one is not deterministic" in text for text in said) == 1
    assert len(store.files("/mlops/first/")) == 1
    work("fixed", cwd=tmp_path, **store.environment)
    for stage in ("two", "three"):
        work(stage, cwd=tmp_path, MLOPS_OUTPUT=str(tmp_path / "output"), **store.environment)
    records = {stage: (tmp_path / f"output/stage-{stage}.json").read_text() for stage in ("two", "three")}
    digests = {stage: json.loads(text)["outs"] for stage, text in records.items()}
    assert digests["two"]["two.txt"] == digests["three"]["three.txt"]
    counted = store.text(digests["two"]["two.txt"])
    for output, text in zip(outputs, said, strict=True):
        for metric in ("git.json", "dvc.json"):
            assert (output / metric).read_text() == counted, "the report is about the result that counts"
            assert f"metrics {metric}: {counted.strip()}" in text
        assert json.loads((output / "stage-one.json").read_text())["outs"]["one.txt"] == digests["two"]["two.txt"]
    assert "was done before" in work("one", cwd=tmp_path, **store.environment).stdout


def test_an_object_that_was_replaced_is_not_used(store: Store, tmp_path: Path) -> None:
    for stage in ("one", "fixed"):
        work(stage, cwd=tmp_path, **store.environment)
    digest = hashlib.md5(b"raw").hexdigest()
    (path,) = (path for path in store.files(f"/{digest[:2]}/{digest[2:]}"))
    before = store.files("/runs/")
    for content in (b"forged", b"ra", b""):
        store.fs.pipe_file(path, content)
        refused = work("three", cwd=tmp_path, check=False, **store.environment)
        assert refused.returncode in (3, 4), content
        assert " d" in refused.stderr
        assert store.files("/runs/") == before, "nothing is recorded"
    store.fs.pipe_file(path, b"raw")
    work("three", cwd=tmp_path, **store.environment)


def test_a_record_that_was_replaced_is_not_used(store: Store, tmp_path: Path) -> None:
    work("one", cwd=tmp_path, **store.environment)
    (path,) = store.files("/runs/")
    text = store.fs.cat_file(path)
    store.fs.pipe_file(path, text.replace(b"- path: one.txt\n", b"- path: one.txt\n  isexec: true\n"))
    refused = work("two", cwd=tmp_path, check=False, **store.environment)
    assert refused.returncode == 4
    assert f"{path.rpartition('/runs/')[2]} on the remote is not what was written" in refused.stderr
    store.fs.pipe_file(path, text)
    work("two", cwd=tmp_path, **store.environment)


HOSTILE = [
    "lr=${oc.env:SECRET}", "'lr=${oc.env:SECRET}'", "params.yaml:lr=[1,${oc.env:SECRET}]", "taken.yaml:a=1",
    "dvc.yaml:stages.fixed.cmd=touch injected", "mlops.yaml:project=x", "../outside.yaml:a=1", "/tmp/outside.yaml:a=1",
    ".mlops/run.json:a=1", ".dvc/x.yaml:a=1", "link.yaml:a=1", "missing.yaml:a=1", "lr", "=", "x.sh:a=1", "lr=$(touch injected",
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_parameters_set_params_and_nothing_else(store: Store, tmp_path: Path, word: str) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("a: 0\n")
    root = tmp_path / "p"
    (root / "link.yaml").symlink_to("../outside.yaml")
    settings = {**store.environment, "MLOPS_REV": "", "MLOPS_REPO": "", "SECRET": "s3cr3t", "HOME": str(tmp_path)}
    done = work("fixed", word, cwd=root, check=False, **settings)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
    assert outside.read_text() == "a: 0\n"
    assert not list(tmp_path.rglob("injected"))
    assert "s3cr3t" not in (root / "params.yaml").read_text()
    assert not store.files("/runs/")
