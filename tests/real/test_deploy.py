"""Deployments in rough weather: remotes by environment, candidates, two at once, and a record that was made elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import BIN, run, write
from test_operate import commit, named

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

SPEC = """\
mlops: 1
stack: {registry: {main: ../stores/main, "prod": "../stores/a, b #1"}, ci: []}
stages:
  train: {cmd: "cp in 'my model' && cp score m.json", deps: [in, score], outs: ['my model'], metrics: [m.json]}
models: {m: {path: my model, from: train}}
deploy:
  prod: {model: m, gates: {acc: ">= 0.5"}, env: {paths: x, model: y}, run: sh PLACE/go}
"""


def made(repository: Make, apart: Path) -> Path:
    """A repository in which versions v1.0.0, v2.0.0-rc1 and v2.0.0 of the model are registered, and its origin."""
    root = repository({"mlops.yaml": SPEC.replace("PLACE", str(apart)), "in": "one", "score": '{"acc": 0.9}'})
    write(apart, {"go": f'echo "$MODEL_VERSION $(cat "$MODEL_PATH") $model" >> {apart}/served\n'})
    run("git", "init", "--quiet", "--bare", str(apart / "origin"), cwd=root)
    run("git", "remote", "add", "origin", str(apart / "origin"), cwd=root)
    named(root)
    run("mlopsc", "build", cwd=root)
    for version in ("v1.0.0", "v2.0.0-rc1", "v2.0.0"):
        write(root, {"in": version})
        run("make", "pipeline", cwd=root)
        commit(root)
        run("make", "register-m", cwd=root, VERSION=version)
    run("git", "push", "--quiet", "origin", "HEAD:main", cwd=root)
    return root


def test_an_environment_has_a_remote_of_its_own_and_gets_the_newest_release(repository: Make, tmp_path: Path) -> None:
    """The gates' metrics are kept by DVC; `../` is seen from the repository, and URLs may hold what DVC's file escapes."""
    apart = tmp_path.parent / "apart"
    root = made(repository, apart)
    main, own = root.parent / "stores/main", root.parent / "stores/a, b #1"
    assert main.is_dir()
    assert not own.exists(), "registering needs no access to an environment"
    run("git", "clone", "--quiet", "--branch=main", str(apart / "origin"), "fresh", cwd=apart)
    stores = apart / "stores"
    stores.symlink_to(root.parent / "stores")
    run("make", "deploy-prod", cwd=apart / "fresh")
    assert (apart / "served").read_text() == "v2.0.0 v2.0.0 y\n"
    assert len(list(own.rglob("*"))) > 2, "the deployment brought the model into it"
    run("mv", str(main), str(main) + ".gone", cwd=root)
    run("rm", "-rf", str(apart / "fresh/.dvc/cache"), str(apart / "fresh/.mlops/state"), cwd=root)
    run("make", "deploy-prod", cwd=apart / "fresh", VERSION="v2.0.0")
    assert "neither the remote prod nor" in run("make", "deploy-prod", cwd=apart / "fresh", check=False, VERSION="v1.0.0").stderr  # fmt: skip


def test_two_at_once_wait_for_each_other_and_a_record_from_elsewhere_is_not_lost(
    repository: Make, tmp_path: Path
) -> None:
    apart = tmp_path.parent / "apart2"
    root = made(repository, apart)
    write(
        apart, {"go": f'echo "+$MODEL_VERSION" >> {apart}/served; sleep 3; echo "-$MODEL_VERSION" >> {apart}/served\n'}
    )
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(apart), "DVC_NO_ANALYTICS": "1"}
    started = [
        subprocess.Popen(["make", "deploy-prod"], cwd=root, env={**environment, "VERSION": version})
        for version in ("v1.0.0", "v2.0.0")
    ]
    assert [each.wait(timeout=200) for each in started] == [0, 0]
    lines = (apart / "served").read_text().split()
    assert [line[1:] for line in lines[::2]] == [line[1:] for line in lines[1::2]], lines
    assert [line[0] for line in lines] == ["+", "-", "+", "-"]
    tags = ("git", "tag", "--list", "m#*")
    assert run(*tags, cwd=root).stdout.split() == ["m#prod#1", "m#prod#2"]

    run("git", "clone", "--quiet", "--branch=main", str(apart / "origin"), "other", cwd=apart)
    named(apart / "other")
    run("git", "tag", "m#prod#3", "m@v1.0.0", cwd=apart / "other")
    write(apart, {"go": f"cd {apart}/other && git push --quiet origin 'm#prod#3'\n"})  # while this deployment runs
    run("make", "deploy-prod", cwd=root, VERSION="v2.0.0-rc1")
    assert run(*tags, cwd=root).stdout.split() == ["m#prod#1", "m#prod#2", "m#prod#3", "m#prod#4"]
    at = {
        tag: run("git", "rev-parse", f"{tag}^{{commit}}", cwd=apart / "origin").stdout
        for tag in ("m#prod#3", "m#prod#4")
    }
    assert at["m#prod#3"] == run("git", "rev-parse", "m@v1.0.0^{commit}", cwd=root).stdout
    assert at["m#prod#4"] == run("git", "rev-parse", "m@v2.0.0-rc1^{commit}", cwd=root).stdout
