"""What is registered is what the commit makes, only a registered version is deployed, and a worker's commit is a commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import AWS, bucket, initialise, run, write
from mlopsc.targets.ci import operations
from mlopsc.targets.engines import worker
from test_operate import commit, named

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

SPEC = """\
mlops: 1
stack: {registry: "REGISTRY", ci: []}
stages:
  prepare: {cmd: cp in data, deps: [in], outs: [data]}
  train: {cmd: cp data model, deps: [data], outs: [model]}
models: {m: {path: model, from: train}}
deploy:
  prod: {model: m, run: touch served}
"""

HOSTILE_VERSIONS = [
    "v1.0.0^0", "v1.0.0^{}", "v1.0.0^{commit}", "v1.0.0~0", "v1.0.0~1", "v1.1.0~1", "v1.0.0@{0}", "v1.0.0..v1.1.0",
    "v1.0.0:in", "v1.*", "v[0-9]*", "v1.0.?", "v1.0.0 ", " v1.0.0", "v1.0.0\nv1.1.0", "v9.9.9\nv1.0.0", "--help", "-v1.0.0",
    "refs/tags/m@v1.0.0", "heads/main", "HEAD", "@", "main", "v1.0", "1.0.0", "V1.0.0", "m@v9.0.0", "n@v1.0.0", "m@m@v1.0.0",
    "$(touch injected)", "'; touch injected; '", "v1.0.0/../v1.0.0", "v1.0.0!",
]  # fmt: skip


def with_store(root: Path, spec: str, registry: str = "") -> None:
    """Write the spec, with a remote that no other test has."""
    write(root, {"mlops.yaml": spec.replace("REGISTRY", registry or f"../{root.name}-store")})


def registered(repository: Make, registry: str = "", **environment: str) -> Path:
    """A repository in which v1.0.0 and v1.1.0 are registered."""
    root = repository({})
    with_store(root, SPEC, registry)
    named(root)
    run("mlopsc", "build", cwd=root)
    for version in ("v1.0.0", "v1.1.0"):
        write(root, {"in": version})
        run("make", "pipeline", cwd=root)
        commit(root)
        run("make", "register-m", cwd=root, VERSION=version, **environment)
    return root


def test_only_an_exact_registered_version_is_deployed_or_registered(repository: Make) -> None:
    root = registered(repository)
    refs = run("git", "for-each-ref", cwd=root).stdout
    for version in HOSTILE_VERSIONS:
        done = run("sh", ".mlops/scripts/deploy-prod.sh", version, cwd=root, check=False)
        assert done.returncode, version
        assert "is not a registered version of m" in done.stderr, version
    for version in ("v1.2.0^0", "--help", "v1\nv2", "latest", "v1 --force", "-v1.0.0"):
        done = run("make", "register-m", cwd=root, check=False, VERSION=version)
        assert done.returncode, version
        assert "is not a version" in done.stderr, version
    assert run("git", "for-each-ref", cwd=root).stdout == refs
    assert not (root / "injected").exists()
    run("git", "tag", "m@v1.1.0!", cwd=root)
    done = run("make", "deploy-prod", cwd=root, check=False, VERSION="v1.1.0")
    assert "is not a registered version of m" in done.stderr, "GTO took it back"
    run("make", "deploy-prod", cwd=root, VERSION="m@v1.0.0")


def test_a_stale_lock_is_not_registered(repository: Make) -> None:
    """The stage itself, one above it, or no dvc.lock at all."""
    root = registered(repository)
    write(root, {"in": "changed after the run"})
    commit(root)
    refused = run("make", "register-m", cwd=root, check=False, VERSION="v2.0.0")
    assert refused.returncode
    assert "dvc.lock is not what this commit makes: prepare (in is modified)" in refused.stderr
    assert "make pipeline" in refused.stderr
    run("make", "pipeline", cwd=root)
    assert "commit these first" in run("make", "register-m", cwd=root, check=False, VERSION="v2.0.0").stderr
    commit(root)
    run("make", "register-m", cwd=root, VERSION="v2.0.0")
    run("git", "rm", "--quiet", "--cached", "dvc.lock", cwd=root)
    (root / "dvc.lock").unlink()
    commit(root)
    assert "dvc.lock is not what this commit makes" in run("make", "register-m", cwd=root, check=False, VERSION="v3.0.0").stderr  # fmt: skip
    tags = run("git", "tag", "--list", "m@*", cwd=root).stdout.split()
    assert tags == ["m@v1.0.0", "m@v1.1.0", "m@v2.0.0"]


@pytest.mark.full
@pytest.mark.parametrize("content", ["forged", "v1", ""], ids=["replaced", "truncated", "emptied"])
def test_an_object_replaced_on_the_remote_is_not_deployed(repository: Make, s3: str, content: str) -> None:
    """By `verify = true`, which every emitted remote has: DVC trusts what S3 gives it otherwise."""
    environment = {**AWS, "AWS_ENDPOINT_URL": s3}
    name = f"registered-{len(content)}"
    bucket(s3, name)
    root = registered(repository, f"s3://{name}/store", **environment)
    digest = hashlib.md5(b"v1.0.0").hexdigest()
    path = f"{name}/store/files/md5/{digest[:2]}/{digest[2:]}"
    forge = "import s3fs, sys; fs = s3fs.S3FileSystem(); fs.info(sys.argv[1]); fs.pipe_file(sys.argv[1], sys.argv[2].encode())"
    run("python", "-c", forge, path, content, cwd=root, **environment)
    run("rm", "-rf", ".dvc/cache", cwd=root)
    refused = run("make", "deploy-prod", cwd=root, check=False, VERSION="v1.0.0", **environment)
    assert refused.returncode
    assert "the remote has not all of m@v1.0.0" in refused.stderr
    assert run("git", "tag", "--list", "m#*", cwd=root).stdout == ""
    assert not list((root / ".mlops/state").rglob("served"))
    run("make", "deploy-prod", cwd=root, VERSION="v1.1.0", **environment)


@pytest.mark.parametrize(
    "revision",
    ["--upload-pack=touch PLACE/injected; true", "--upload-pack=touch${IFS}PLACE/injected;", "-h", "main~1", "main^0", "HEAD@{0}", ":/a", "a\nb",
     "refs/heads/main", "", "0123456789abcdef", "g" * 40],
)  # fmt: skip
def test_git_sees_a_commit_and_never_an_option(tmp_path: Path, revision: str) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    initialise(root)
    named(root)
    commit(root)
    settings = {
        "MLOPS_REPO": f"file://{root}",
        "MLOPS_REV": revision.replace("PLACE", str(tmp_path)),
        "TMPDIR": str(tmp_path),
    }
    done = run("sh", "-c", worker.text(), "worker", "train", cwd=tmp_path, check=False, **settings)
    assert done.returncode == (4 if revision else 2), done.stderr
    assert not list(tmp_path.rglob("injected"))


@pytest.mark.parametrize("revision", ["main", "v1", ""], ids=["branch", "tag", "hash"])
def test_a_branch_a_tag_and_a_hash_are_found(tmp_path: Path, revision: str) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    initialise(root)
    named(root)
    commit(root)
    run("git", "tag", "v1", cwd=root)
    revision = revision or run("git", "rev-parse", "HEAD", cwd=root).stdout.strip()
    settings = {"MLOPS_REPO": f"file://{root}", "MLOPS_REV": revision, "TMPDIR": str(tmp_path)}
    done = run("sh", "-c", worker.text(), "worker", "train", cwd=tmp_path, check=False, **settings)
    assert "dvc.yaml" in done.stderr, f"the commit is found; it has no pipeline: {done.stderr}"


def test_a_tag_that_has_moved_is_not_deployed_nor_rolled_back_to(repository: Make) -> None:
    """The record says which commit a version was; the sentence says how to put the tag back, and that works."""
    root = registered(repository)
    for version in ("v1.0.0", "v1.1.0"):
        run("make", "deploy-prod", cwd=root, VERSION=version)
    old = run("git", "rev-parse", "m@v1.0.0^{commit}", cwd=root).stdout.strip()
    run("git", "tag", "--force", "m@v1.0.0", "m@v1.1.0^{commit}", cwd=root)
    for target, version in (("rollback-prod", ""), ("deploy-prod", "v1.0.0")):
        refused = run("make", target, cwd=root, check=False, VERSION=version or "newest")
        assert refused.returncode
        assert f"the tag m@v1.0.0 has moved: it was {old} when m#prod#1 was deployed" in refused.stderr
    assert run("git", "tag", "--list", "m#*", cwd=root).stdout.split() == ["m#prod#1", "m#prod#2"]
    (advice,) = (line.strip() for line in refused.stderr.splitlines() if "git tag --force" in line)
    run("sh", "-c", advice.partition(" && ")[0], cwd=root)
    run("make", "rollback-prod", cwd=root)
    assert run("git", "rev-parse", "m#prod#3^{commit}", cwd=root).stdout.strip() == old


def test_the_record_of_a_deployment(repository: Make) -> None:
    root = registered(repository)
    run("make", "deploy-prod", cwd=root, VERSION="v1.0.0", CI_PIPELINE_URL="https://ci.example/7")
    commit_ = run("git", "rev-parse", "m@v1.0.0^{commit}", cwd=root).stdout.strip()
    text = run("git", "tag", "--list", "--format=%(contents)", "m#prod#1", cwd=root).stdout.split("\n")
    digest = hashlib.md5(b"v1.0.0").hexdigest()
    assert [line for line in text if line] == [
        "m@v1.0.0 is in prod", "Version: v1.0.0", f"Commit: {commit_}", f"Hash: {digest} model", "Run: https://ci.example/7",
    ]  # fmt: skip
    run("make", "deploy-prod", cwd=root, VERSION="v1.0.0")
    assert run("git", "tag", "--list", "m#*", cwd=root).stdout.split() == ["m#prod#1"], "it is there already"


def test_two_versions_of_one_commit_and_records_without_text(repository: Make) -> None:
    """A rollback goes to the version of the record, also where its commit bears two; GTO's own tags have another text."""
    root = registered(repository)
    run("git", "tag", "m@v1.0.1", "m@v1.0.0^{commit}", cwd=root)
    run("git", "tag", "m#prod#1", "m@v1.0.0^{commit}", cwd=root)
    run("make", "deploy-prod", cwd=root, VERSION="v1.0.0")
    run("make", "deploy-prod", cwd=root, VERSION="v1.1.0")
    assert "deploying m@v1.0.0 " in run("make", "rollback-prod", cwd=root).stdout


def test_a_version_that_was_tagged_elsewhere_with_a_stale_lock_is_not_deployed(repository: Make) -> None:
    root = registered(repository)
    write(root, {"in": "changed after the run"})
    commit(root)
    run("git", "tag", "-a", "-m", "by hand", "m@v2.0.0", cwd=root)
    refused = run("make", "deploy-prod", cwd=root, check=False)
    assert refused.returncode
    assert (
        "m@v2.0.0 is not what was trained: dvc.lock is not what this commit makes: prepare (in is modified)"
        in refused.stderr
    )
    run("git", "rm", "--quiet", "dvc.lock", cwd=root)
    commit(root)
    run("git", "tag", "m@v2.1.0", cwd=root)
    assert "dvc.lock is not what this commit makes" in run("make", "deploy-prod", cwd=root, check=False).stderr
    assert run("git", "tag", "--list", "m#*", cwd=root).stdout == ""
    run("make", "deploy-prod", cwd=root, VERSION="v1.1.0")


@pytest.mark.parametrize("content", ["forged", ""], ids=["replaced", "emptied"])
def test_an_object_replaced_in_the_cache_is_not_deployed(repository: Make, content: str) -> None:
    """DVC believes what it has in its cache; the bytes are hashed before the command sees them."""
    root = registered(repository)
    digest = hashlib.md5(b"v1.0.0").hexdigest()
    path = root / f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}"
    path.chmod(0o644)
    path.write_text(content)
    path.chmod(0o444)
    refused = run("make", "deploy-prod", cwd=root, check=False, VERSION="v1.0.0")
    if refused.returncode:
        assert "v1.0.0" in refused.stderr
        assert not list((root / ".mlops/state").rglob("served"))
        assert run("git", "tag", "--list", "m#*", cwd=root).stdout == ""
    else:
        (folder,) = (root / ".mlops/state/deploy/prod").iterdir()
        assert (folder / "model").read_text() == "v1.0.0", "DVC saw it and fetched the right one"


def test_a_model_without_from_is_checked_too(repository: Make) -> None:
    """The stage that writes the model is known from the pipeline, also where the model lies in a folder that a stage writes."""
    spec = SPEC.replace(
        "cp data model, deps: [data], outs: [model]",
        "mkdir -p made && cp data made/model && cp data made/other, deps: [data], outs: [made]",
    )
    spec = spec.replace("{path: model, from: train}", "{path: made/model}")
    root = repository({"in": "one"})
    with_store(root, spec)
    named(root)
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", cwd=root)
    commit(root)
    run("make", "register-m", cwd=root, VERSION="v1.0.0")
    run("rm", "-rf", ".dvc/cache", cwd=root)
    run("make", "deploy-prod", cwd=root, VERSION="v1.0.0")
    (folder,) = (root / ".mlops/state/deploy/prod").iterdir()
    assert [path.name for path in (folder / "made").iterdir()] == ["model"], "only the model is restored and hashed"
    write(root, {"in": "changed after the run"})
    commit(root)
    assert "dvc.lock is not what this commit makes" in run("make", "register-m", cwd=root, check=False, VERSION="v2.0.0").stderr  # fmt: skip
    run("git", "tag", "m@v2.0.0", cwd=root)
    assert "m@v2.0.0 is not what was trained" in run("make", "deploy-prod", cwd=root, check=False).stderr
    run("rm", "-rf", ".mlops/state/deploy", cwd=root)
    digest = hashlib.md5(b"one").hexdigest()
    path = root / f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}"
    path.chmod(0o644)
    path.write_text("forged")
    path.chmod(0o444)
    refused = run("make", "deploy-prod", cwd=root, check=False, VERSION="v1.0.0")
    assert f"made/model is not the object {digest} that dvc.lock names" in refused.stderr


def test_a_version_from_before_a_remote_was_added_is_deployed(repository: Make) -> None:
    root = registered(repository)
    run("dvc", "remote", "add", "later", "s3://later/store", cwd=root)
    commit(root)
    run("make", "deploy-prod", cwd=root, VERSION="v1.0.0")


def test_what_is_forged_does_not_reach_the_remote_of_an_environment(repository: Make) -> None:
    root = registered(repository)
    run("dvc", "remote", "add", "prod", str(root.parent / f"{root.name}-prod"), cwd=root)
    commit(root)
    digest = hashlib.md5(b"v1.0.0").hexdigest()
    path = root / f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}"
    path.chmod(0o644)
    path.write_text("forged")
    path.chmod(0o444)
    assert run("make", "deploy-prod", cwd=root, check=False, VERSION="v1.0.0").returncode
    assert not [file for file in (root.parent / f"{root.name}-prod").rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("version", "at", "refused"),
    [
        ("v1.0.0", "v1.0.0", ""),
        ("v1.1.0", "v1.0.0", "no registered version v1.1.0 of m is the commit"),
        ("v9", "v1.0.0", "no registered version v9 of m is the commit"),
        ("", "v1.0.0", "no registered version  of m is the commit"),
        ("v1.*", "v1.0.0", "no registered version v1.* of m is the commit"),
        ("v1.0.0", "main", "no registered version v1.0.0 of m is the commit"),
    ],
)
def test_a_job_records_only_what_is_registered(tmp_path: Path, version: str, at: str, refused: str) -> None:
    """The job that pushes the tag believes nothing that the job of the deployment says: another version, another commit."""
    root, origin = tmp_path / "work", tmp_path / "origin"
    root.mkdir()
    run("git", "init", "--quiet", "--bare", str(origin), cwd=tmp_path)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=root)
    named(root)
    for name in ("v1.0.0", "v1.1.0", "v2"):
        write(root, {"file": name})
        commit(root)
        if name != "v2":
            run("git", "tag", "--annotate", "--message=x", f"m@{name}", cwd=root)
    run("git", "push", "--quiet", "--tags", str(origin), "main", cwd=root)
    settings = {
        "MLOPS_MODEL": "m", "MLOPS_ENVIRONMENT": "prod", "MLOPS_ORIGIN": str(origin), "MLOPS_TAG": "m#prod#1",
        "MLOPS_COMMIT": run("git", "rev-parse", f"{'m@' if at != 'main' else ''}{at}^{{commit}}", cwd=root).stdout.strip(),
        "MLOPS_MESSAGE": f"m@{version} is in prod\n\nVersion: {version}\n",
    }  # fmt: skip
    done = run("bash", "-euo", "pipefail", "-c", operations.record(), cwd=tmp_path, check=False, **settings)
    assert refused in done.stdout
    assert (done.returncode != 0) is bool(refused), done.stderr
    tags = run("git", "tag", "--list", "m#*", cwd=origin).stdout.split()
    assert tags == ([] if refused else ["m#prod#1"])
    if not refused:
        text = run("git", "tag", "--list", "--format=%(contents)", "m#prod#1", cwd=origin).stdout
        assert f"Version: {version}\n" in text
