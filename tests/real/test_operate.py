"""What is around the pipeline, by DVC and GTO themselves; the whole of it together is test_loop."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from conftest import AWS, bucket, initialise, run, write

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]


def commit(root: Path) -> None:
    run("git", "add", "--all", cwd=root)
    run("git", "commit", "--quiet", "--allow-empty", "--message=a", cwd=root)


def named(root: Path) -> None:
    run("git", "config", "user.name", "a", cwd=root)
    run("git", "config", "user.email", "a@example.org", cwd=root)


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A folder, and the URL of an HTTP server that serves it."""
    folder = tmp_path_factory.mktemp("served")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def test_sources_are_fetched_checked_and_fetched_again(
    repository: Make, served: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    url, folder = served
    write(folder, {"a.csv": "one\n", "a.csv.old": "old\n"})
    other = tmp_path_factory.mktemp("other")
    initialise(other)
    named(other)
    write(other, {"base.txt": "v1\n", "base.txt2": "second\n"})
    run("dvc", "add", "base.txt", "base.txt2", cwd=other)
    commit(other)
    run("git", "tag", "v1", cwd=other)
    spec = f"""\
mlops: 1
stack: {{ci: []}}
data:
  a: {{url: "{url}/a.csv", path: data/a.csv, schema: a.json, check: "! grep -q bad data/a.csv"}}
  base: {{url: "{other}", file: base.txt, rev: v1, path: data/base.txt}}
stages:
  join: {{cmd: cat data/a.csv data/base.txt > joined, deps: [data/a.csv, data/base.txt], outs: [joined]}}
"""
    schema = '{"fields": [{"name": "NAME", "constraints": {"maxLength": 20}}], "fieldsMatch": "partial"}'
    root = repository({"mlops.yaml": spec, "a.json": schema.replace("NAME", "one")})
    run("mlopsc", "build", cwd=root)
    run("make", "data", cwd=root)
    run("make", "pipeline", cwd=root)
    assert (root / "joined").read_text() == "one\nv1\n"
    assert "rev: v1" in (root / "data/base.txt.dvc").read_text()
    write(folder, {"a.csv": "two\n"})
    assert "the columns are two; they should be one" in run("make", "data-a", cwd=root, check=False).stderr
    write(root, {"a.json": '{"fields": [{"name": "two"}]}'})
    run("make", "data-a", cwd=root)
    run("make", "pipeline", cwd=root)
    assert (root / "joined").read_text() == "two\nv1\n"
    write(folder, {"a.csv": "bad, and longer\n"})
    assert run("make", "data", cwd=root, check=False).returncode
    changed = (
        spec.replace('/a.csv"', '/a.csv.old"')
        .replace("file: base.txt", "file: base.txt2")
        .replace("schema: a.json, ", "")
    )
    write(root, {"mlops.yaml": changed})
    run("mlopsc", "build", cwd=root)
    run("make", "data", "pipeline", cwd=root)
    assert (root / "joined").read_text() == "old\nsecond\n", "a source that the spec has changed is imported anew"


@pytest.mark.full
def test_the_registry_on_s3_restores_a_second_clone(repository: Make, s3: str, tmp_path: Path) -> None:
    bucket(s3, "registry")
    spec = """\
mlops: 1
stack: {registry: "s3://registry/store", ci: []}
stages:
  train: {cmd: cp in model, deps: [in], outs: [model]}
models: {m: {path: model, from: train}, d: {path: in.csv, type: dataset}}
"""
    environment = {**AWS, "AWS_ENDPOINT_URL": s3}
    root = repository({"mlops.yaml": spec, "in": "weights", "in.csv": "rows"})
    named(root)
    run("dvc", "add", "in.csv", cwd=root)
    run("mlopsc", "build", cwd=root)
    assert "secret" not in (root / ".dvc/config").read_text()
    run("make", "pipeline", cwd=root)
    commit(root)
    run("make", "register-m", cwd=root, VERSION="v1.2.3", **environment)
    run("git", "clone", "--quiet", str(root), "again", cwd=tmp_path)
    run("make", "pull", cwd=tmp_path / "again", **environment)
    assert (tmp_path / "again/model").read_text() == "weights"
    assert "m@v1.2.3" in run("gto", "show", "m", cwd=tmp_path / "again").stdout
    assert run(
        "dvc", "artifacts", "get", str(root), "m", "--rev", "v1.2.3", "--out", "got", cwd=tmp_path, **environment
    )
    assert (tmp_path / "got").read_text() == "weights"
    run("make", "register-d", cwd=root, VERSION="v0.1.0", **environment)
    get = ("dvc", "artifacts", "get", str(root), "d", "--rev", "v0.1.0", "--out", "rows")
    run(*get, cwd=tmp_path, **environment)
    assert (tmp_path / "rows").read_text() == "rows", "a dataset is registered as a model is"


DEPLOY = """\
mlops: 1
stack: {registry: "REMOTE", ci: []}
stages:
  train: {cmd: "cp in model && cp score m.json", deps: [in, score], outs: [model], metrics: [{m.json: {cache: false}}]}
models: {m: {path: model, from: train}}
deploy:
  prod:
    model: m
    gates: {acc: ">= 0.5"}
    env: {WHERE: SERVED, WORD: "it's $HOME"}
    run: test ! -e "$WHERE.broken" && printf '%s %s %s' "$(cat "$MODEL_PATH")" "$MODEL_VERSION" "$WORD" > "$WHERE"
"""


def test_deployments_restore_judge_record_and_go_back(
    repository: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    apart = tmp_path_factory.mktemp("apart")
    served = apart / "served"
    spec = DEPLOY.replace("REMOTE", str(apart / "remote")).replace("SERVED", str(served))
    root = repository({"mlops.yaml": spec, "in": "one", "score": '{"acc": 0.9}'})
    named(root)
    run("mlopsc", "build", cwd=root)
    assert "no version of m is registered" in run("make", "deploy-prod", cwd=root, check=False).stderr
    for version, content, score in (("v1.0.0", "one", 0.9), ("v2.0.0", "two", 0.8), ("v3.0.0", "three", 0.2)):
        write(root, {"in": content, "score": f'{{"acc": {score}}}'})
        run("make", "pipeline", cwd=root)
        if version == "v2.0.0":
            assert "commit these first" in run("make", "register-m", cwd=root, check=False).stderr
        commit(root)
        run("make", "register-m", cwd=root, VERSION=version)
    assert "take another version" in run("make", "register-m", cwd=root, check=False, VERSION="v1.0.0").stderr

    run("make", "deploy-prod", cwd=root, VERSION="v1.0.0")
    assert served.read_text() == "one v1.0.0 it's $HOME"
    run("make", "deploy-prod", cwd=root, VERSION="v2.0.0")
    judged = run("make", "deploy-prod", cwd=root, check=False)
    assert judged.returncode
    assert "FAILS" in judged.stdout
    served.with_suffix(".broken").touch()
    assert "not recorded" in run("make", "deploy-prod", cwd=root, check=False, VERSION="v1.0.0").stderr
    served.with_suffix(".broken").unlink()
    assert run("git", "tag", "--list", "m#*", cwd=root).stdout.split() == ["m#prod#1", "m#prod#2"]
    run("make", "rollback-prod", cwd=root)
    assert served.read_text() == "one v1.0.0 it's $HOME"
    assert run("git", "tag", "--list", "m#*", cwd=root).stdout.split() == ["m#prod#1", "m#prod#2", "m#prod#3"]
    hostile = run("make", "deploy-prod", cwd=root, check=False, VERSION="'; touch injected; '$(touch injected)")
    assert hostile.returncode
    assert not (root / "injected").exists()


def test_experiments_are_run_and_compared(repository: Make) -> None:
    """Two at a time; also what no gate would let pass, for that is what one wants to know; a run that fails is told."""
    spec = """\
mlops: 1
stack: {ci: []}
stages:
  train:
    cmd: "test ${train.rate} != 0.5 && echo '{\\"acc\\": ${train.rate}}' > m.json"
    deps: [in]
    params: [train]
    metrics: [{m.json: {cache: false}}]
    gates: {acc: "> 0.9"}
experiments:
  rate: {set: {train.rate: [0.25, 0.75], train.kind: [wide, "it's deep"]}, jobs: 2}
  bad: {set: {train.rate: [0.5, 0.75]}}
"""
    root = repository({"mlops.yaml": spec, "in": "", "params.yaml": "train:\n  rate: 1\n  kind: wide\n"})
    named(root)
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", cwd=root)
    commit(root)

    def table(text: str) -> list[list[str]]:
        rows = [line for line in text.splitlines() if line.startswith(("| rate-", "| bad-"))]
        return sorted([cell.strip() for cell in line.split("|")[2:-1]] for line in rows)

    done = run("make", "exp-rate", cwd=root).stdout
    kinds = ("it's deep", "wide")
    assert table(done) == [[rate, kind, rate] for rate in ("0.25", "0.75") for kind in kinds]
    page = (root / "dvc_plots/exp-rate.html").read_text()
    assert page.count("<circle") == 8
    assert "it&#x27;s deep" in page
    assert not re.search(r"(?i)(https?:)?//|<script|url\(|@import", page), "it needs no network"
    assert run("git", "status", "--porcelain", cwd=root).stdout == ""
    failed = run("make", "exp-bad", cwd=root, check=False)
    assert failed.returncode
    assert "these failed" in failed.stderr
    assert ["0.75", "0.75"] in [row[:2] for row in table(failed.stdout)], failed.stdout
