"""Assignments of GTO start deployments, a promotion is one tag, and neither is taken for a deployment that has happened."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import run, write
from mlopsc.targets.ci import operations
from test_operate import commit, named

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

SPEC = """\
mlops: 1
stack: {registry: "../STORE", ci: CI}
stages:
  train: {cmd: cp in model, deps: [in], outs: [model]}
models: {m: {path: model, from: train}}
deploy:
  staging: {model: m, run: 'echo "$MODEL_VERSION" >> ../staging.log'}
  prod: {model: m, run: 'test ! -e ../broken && echo "$MODEL_VERSION" >> ../prod.log'}
"""


class Registry:
    """A repository in which v1.0.0 and v1.1.0 are registered, and its origin."""

    def __init__(self, repository: Make, ci: str) -> None:
        self.root = repository({"in": "0"})
        self.origin = self.root.parent / f"{self.root.name}-origin"
        run("git", "init", "--quiet", "--bare", str(self.origin), cwd=self.root)
        run("git", "remote", "add", "origin", str(self.origin), cwd=self.root)
        spec = (
            SPEC.replace("STORE", f"{self.root.name}-store")
            .replace("CI", ci)
            .replace("../broken", str(self.place("broken")))
        )
        for environment in ("staging", "prod"):
            spec = spec.replace(f"../{environment}.log", str(self.place(environment)))
        write(self.root, {"mlops.yaml": spec})
        named(self.root)
        run("mlopsc", "build", cwd=self.root)
        for version in ("v1.0.0", "v1.1.0"):
            write(self.root, {"in": version})
            run("make", "pipeline", cwd=self.root)
            commit(self.root)
            run("make", "register-m", cwd=self.root, VERSION=version)

    def place(self, name: str) -> Path:
        return self.root.parent / f"{self.root.name}-{name}"

    def served(self, environment: str) -> list[str]:
        path = self.place(environment)
        return path.read_text().split() if path.exists() else []

    def make(self, target: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        return run("make", target, cwd=self.root, check=check, **more)

    def tags(self) -> list[str]:
        return run("git", "tag", "--list", "m#*", cwd=self.origin).stdout.split()

    def assign(self, version: str, *more: str) -> str:
        """A tag by GTO itself, pushed; its name."""
        before = set(self.tags())
        run("gto", "assign", "m", "--version", version, "--stage", "prod", "--push", *more, cwd=self.root)
        (tag,) = set(self.tags()) - before
        return tag


def test_assignments_of_gto_start_deployments(repository: Make) -> None:
    registry = Registry(repository, "[]")
    tag = registry.assign("v1.0.0")
    assert tag == "m#prod#1"
    assert "had no version before" in registry.make("rollback-prod", check=False).stderr, "nothing was deployed yet"
    registry.make("deploy-prod", VERSION=tag)
    assert registry.served("prod") == ["v1.0.0"]
    assert registry.tags() == ["m#prod#1", "m#prod#2"], "what was asked for, and what has happened"
    assert "nothing to do" in registry.make("deploy-prod", VERSION="m#prod#2").stdout, "a record asks for nothing"
    described = f"{operations.deployed()}\necho $MLOPS_TAG"
    names = {"MLOPS_MODEL": "m", "MLOPS_ENVIRONMENT": "prod"}
    registry.place("broken").touch()
    failing = registry.assign("v1.1.0")
    assert registry.make("deploy-prod", check=False, VERSION=failing).returncode
    assert run("bash", "-euo", "pipefail", "-c", described, cwd=registry.root, **names).stdout == "m#prod#2\n"
    registry.place("broken").unlink()
    assert "prod had no version before v1.0.0" in registry.make("rollback-prod", check=False).stderr
    simple = registry.assign("v1.1.0", "--simple", "true", "--force")
    assert simple == "m#prod"
    registry.make("deploy-prod", VERSION=simple)
    registry.make("rollback-prod")
    assert registry.served("prod") == ["v1.0.0", "v1.1.0", "v1.0.0"]
    for wrong, why in {
        "m#staging#1": "not a registered version",
        "m#prod#9": "there is no tag",
        "m#prod#x": "no assignment",
    }.items():
        assert why in registry.make("deploy-prod", check=False, VERSION=wrong).stderr, wrong
    commit(registry.root)
    run("git", "tag", "--annotate", "--message=x", "m#prod#77", "HEAD", cwd=registry.root)
    assert "no registered version of m" in registry.make("deploy-prod", check=False, VERSION="m#prod#77").stderr


def test_a_promotion_is_one_command_and_one_tag(repository: Make) -> None:
    registry = Registry(repository, "github")
    assert "staging has no version of m" in registry.make("promote-prod", check=False).stderr
    registry.make("deploy-staging", VERSION="v1.0.0")
    registry.make("promote-prod")
    assert registry.tags() == ["m#prod#1", "m#staging#1"]
    assert registry.served("prod") == [], "CI deploys"
    shown = run("gto", "show", "m#prod", cwd=registry.root).stdout
    assert "v1.0.0" in shown, "GTO reads it"
    registry.make("deploy-prod", VERSION="m#prod#1")  # as the workflow does
    assert registry.served("prod") == ["v1.0.0"]
    assert "has m@v1.0.0 already" in registry.make("promote-prod").stdout
    assert registry.tags() == ["m#prod#1", "m#prod#2", "m#staging#1"]
    registry.make("deploy-staging", VERSION="v1.1.0")
    run("sh", ".mlops/scripts/deploy-prod.sh", "promote-here", cwd=registry.root)  # as the Makefile has it without CI
    assert registry.served("prod") == ["v1.0.0", "v1.1.0"]
