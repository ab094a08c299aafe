"""What CI does with a dvc.lock that its run has changed, by the steps of the emitted files: said, pushed or proposed, and no more."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import run, write
from test_operate import commit, named

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

SPEC = """\
mlops: 1
stack: {ci: [github, gitlab], registry: "../STORE"}
ci: {lock: MODE, token: MAY_PUSH}
stages:
  train: {cmd: "cp in model && cp in 'm 1.json'", deps: [in], outs: [model], metrics: [{'m 1.json': {cache: false}}]}
"""


class Service:
    """A repository whose dvc.lock is stale, its origin, and fresh clones of it."""

    def __init__(self, repository: Make, mode: str) -> None:
        self.root = repository({"in": "1\n"})
        self.origin = self.root.parent / f"{self.root.name}-origin"
        spec = SPEC.replace("STORE", f"{self.root.name}-store").replace("MODE", mode)
        write(self.root, {"mlops.yaml": spec if mode != "check" else spec.replace("lock: check, token: MAY_PUSH", "")})
        named(self.root)
        run("mlopsc", "build", cwd=self.root)
        run("make", "pipeline", cwd=self.root)
        write(self.root, {"in": "2\n"})
        commit(self.root)
        run("git", "branch", "-M", "main", cwd=self.root)
        run("git", "clone", "--quiet", "--bare", str(self.root), str(self.origin), cwd=self.root)
        run("git", "config", "receive.advertisePushOptions", "true", cwd=self.origin)

    def read(self, path: str) -> Any:
        return yaml.safe_load((self.root / path).read_text())

    def clone(self, name: str) -> Path:
        """A clone in which the pipeline has run."""
        clone = self.root.parent / f"{self.root.name}-{name}"
        run("git", "clone", "--quiet", str(self.origin), str(clone), cwd=self.root.parent)
        named(clone)
        run("dvc", "pull", "--quiet", "--allow-missing", cwd=clone)
        run("make", "pipeline", cwd=clone)
        return clone

    def step(self, job: str, name: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """A step of the GitHub workflow."""
        steps = self.read(".github/workflows/mlops.yml")["jobs"][job]["steps"]
        (step,) = (step for step in steps if step.get("name") == name)
        environment = {"GITHUB_OUTPUT": str(cwd / ".git/output"), "MLOPS_BASE_BRANCH": "", **more}
        return run("bash", "-eo", "pipefail", "-c", step["run"], cwd=cwd, check=False, **environment)

    def push(self, bundle: Path, at: str, name: str = "Push dvc.lock") -> subprocess.CompletedProcess[str]:
        """The last job, which has the bundle and nothing else."""
        folder = bundle.parent / "last"
        run("rm", "-rf", str(folder), cwd=bundle.parent)
        folder.mkdir()
        (folder / "locked.bundle").write_bytes(bundle.read_bytes())
        settings = {"MLOPS_ORIGIN": str(self.origin), "MLOPS_COMMIT": at, "MLOPS_BRANCH": "main"}
        return self.step("lock", name, folder, **settings)

    def head(self, ref: str = "main") -> str:
        return run("git", "rev-parse", ref, cwd=self.origin).stdout.strip()


def test_a_stale_lock_is_said_in_the_job_and_in_the_report(repository: Make) -> None:
    service = Service(repository, "check")
    workflow = service.read(".github/workflows/mlops.yml")
    assert "lock" not in workflow["jobs"], "by default CI writes nothing"
    clone = service.clone("run")
    done = service.step("pipeline", "Write the report", clone)
    assert "::notice::dvc.lock is not what this commit makes" in done.stdout, done.stderr
    assert (clone / "report.md").read_text().startswith("> dvc.lock is not what this commit makes")
    commit(clone)
    done = service.step("pipeline", "Write the report", clone)
    assert "dvc.lock is not" not in done.stdout + (clone / "report.md").read_text()


def test_a_changed_lock_is_pushed_with_its_results_and_nothing_else(repository: Make) -> None:
    service = Service(repository, "commit")
    job = service.read(".github/workflows/mlops.yml")["jobs"]["lock"]
    assert job["steps"][-1]["env"]["GH_TOKEN"] == "${{ secrets.MAY_PUSH }}"
    before = service.head()
    clone = service.clone("run")
    service.step("pipeline", "Keep dvc.lock for the last job", clone)
    assert (clone / ".git/output").read_text() == "locked=yes\n"
    bundle = clone / "locked.bundle"

    # What a package in the job of the pipeline might do: more files, a link, a program; none of it gets to the branch.
    for hostile in (
        "echo x > evil.py",
        "ln -sf /etc/passwd dvc.lock",
        "chmod +x dvc.lock",
        "mkdir .github; echo > .github/x",
    ):
        forged = service.root.parent / "forged"
        run("rm", "-rf", str(forged), cwd=clone)
        run("git", "clone", "--quiet", str(service.origin), str(forged), cwd=service.root.parent)
        run("git", "fetch", "--quiet", str(bundle), "mlops-locked:mlops-locked", cwd=forged)
        run("git", "checkout", "--quiet", "mlops-locked", cwd=forged)
        run(
            "sh",
            "-c",
            f"{hostile}; git add --all --force; git -c user.name=a -c user.email=a commit --quiet --amend --no-edit",
            cwd=forged,
        )
        run("git", "bundle", "create", "--quiet", "locked.bundle", "HEAD^..mlops-locked", cwd=forged)
        refused = service.push(forged / "locked.bundle", before)
        assert refused.returncode == 1, hostile
        assert "::error::the pipeline has changed more than dvc.lock" in refused.stdout
    assert service.head() == before

    done = service.push(bundle, before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.head("main^") == before
    changed = run("git", "diff", "--name-only", "main^", "main", cwd=service.origin).stdout.splitlines()
    assert changed == ["dvc.lock", "m 1.json"]
    assert "[skip ci]" in run("git", "log", "-1", "--format=%s", "main", cwd=service.origin).stdout
    again = service.clone("again")
    assert run("git", "status", "--porcelain", "--untracked-files=no", cwd=again).stdout == "", (
        "it is what the commit makes"
    )
    service.step("pipeline", "Keep dvc.lock for the last job", again)
    assert not (again / "locked.bundle").exists()

    late = service.push(bundle, before)
    assert late.returncode == 0
    assert "::notice::main has moved on meanwhile" in late.stdout
    hook = write(service.origin, {"hooks/pre-receive": "#!/bin/sh\nexit 1\n"}) / "hooks/pre-receive"
    run("git", "update-ref", "refs/heads/main", before, cwd=service.origin)
    hook.chmod(0o755)
    protected = service.push(bundle, before)
    assert protected.returncode == 1
    assert "::error::the token may not push to main" in protected.stdout


def test_gitlab_proposes_a_changed_lock(repository: Make) -> None:
    service = Service(repository, "propose")
    jobs = service.read(".gitlab-ci.yml")
    assert "MAY_PUSH" in jobs["lock"]["script"][0]
    clone = service.clone("run")
    push = next(line for line in jobs["pipeline"]["script"] if "locked.bundle" in line)
    branch = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": service.head()}
    run("bash", "-eo", "pipefail", "-c", push, cwd=clone, **branch)
    options = clone / "options"
    hook = write(service.origin, {"hooks/post-receive": f"#!/bin/sh\nenv | grep GIT_PUSH_OPTION_ >> {options}\n"})
    (hook / "hooks/post-receive").chmod(0o755)
    run("bash", "-eo", "pipefail", "-c", "\n".join(jobs["lock"]["script"]), cwd=clone, **branch)
    assert service.head() == branch["CI_COMMIT_SHA"], "main waits for people"
    assert service.head("dvc-lock-main^") == service.head()
    assert "merge_request.create" in options.read_text()
