"""The whole loop of examples/loop, through the files that mlopsc emitted, with an S3 endpoint, and act and gitlab-ci-local as the CI.

`make loop` runs this and prints each step.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import AWS, ROOT, bucket, run, tool, write
from services import gitlab, stand_ins

pytestmark = [pytest.mark.real, pytest.mark.full]

URL = "https://github.com/acme/shop"
EVENT = {"schedule": "0 6 * * *"}
SECRETS = {"AWS_ACCESS_KEY_ID": "id-that-is-secret", "AWS_SECRET_ACCESS_KEY": "key-that-is-secret"}
TOKEN = "token-that-is-secret"


def log(rows: int, seed: int, shift: float) -> str:
    """A log of the shop: two kinds of customers, all of them moved by ``shift`` on the features' scale."""
    draw = random.Random(seed)
    lines = ["spend,visits,label"]
    for index in range(rows):
        kind = index % 2
        spend = math.expm1(draw.gauss(2.0 + 2 * kind + shift, 0.4))
        visits = draw.gauss(1.5 + 1.5 * kind + shift, 0.3) ** 2
        lines.append(f"{max(spend, 0):.3f},{visits:.3f},{('snack', 'feast')[kind]}")
    return "\n".join(lines) + "\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Loop:
    """The repository, its origin, the store, and the service, with one method for each thing that people or CI do."""

    def __init__(self, root: Path, s3: str) -> None:
        self.root, self.s3, self.port = root, s3, free_port()
        self.service = root / "service"
        self.work = root / "work"
        self.environment = {**AWS, **SECRETS, "AWS_ENDPOINT_URL": s3, "SERVICE_DIR": str(self.service)}
        self.runs = 0

    def say(self, text: str) -> None:
        print(f"\n== {text}", flush=True)

    def here(self, *command: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        done = run(*command, cwd=self.work, check=check, **{**self.environment, **more})
        print(f"$ {' '.join(command)}\n{done.stdout[-600:].strip()}", flush=True)
        return done

    def live(self, text: str) -> None:
        """What the shop sees from now on."""
        write(self.root, {"live.csv": text})
        put = "import s3fs; s3fs.S3FileSystem().put('live.csv', 'loop/live.csv')"
        run("python", "-c", put, cwd=self.root, **self.environment)

    def commit(self, message: str) -> None:
        self.here("git", "add", "--all")
        self.here("git", "commit", "--quiet", "--allow-empty", "--message", message)
        self.here("git", "push", "--quiet", "origin", "main")

    def act(self, event: str, workflow: str, *arguments: str, check: bool = True) -> str:
        """A run of one workflow by act on a fresh clone; see `stand_ins` for the actions."""
        self.runs += 1
        clone = self.root / "runner"
        shutil.rmtree(clone, ignore_errors=True)
        run("git", "clone", "--quiet", str(self.root / "origin.git"), str(clone), cwd=self.root)
        # Jobs that check out nothing fetch from and push to the URL that GitHub would have; Git finds the origin there.
        run("git", "remote", "set-url", "origin", URL, cwd=clone)
        shutil.rmtree(self.root / "stand-ins", ignore_errors=True)
        text = (clone / ".github/workflows" / workflow).read_text()
        text = re.sub(r"(?m)^ *queue: max.*\n", "", text)  # act's schema does not know it yet
        path = write(self.root / "workflows", {workflow: text}) / workflow
        home = self.root / "home"
        stub = '#!/bin/sh\necho "gh $*" >> "$GH_LOG"\ncase "$*" in *"--body-file -"*) cat > "$GH_LOG.body" ;; esac\n'
        config = f'[url "{self.root / "origin.git"}"]\n    insteadOf = {URL}\n[user]\n    name = ci\n    email = ci@example.org\n'
        write(home, {".gitconfig": config})
        write(home, {"bin/gh": stub}).joinpath("bin/gh").chmod(0o755)
        command = [
            tool("act"), event, "--workflows", str(path), "-P", "ubuntu-latest=-self-hosted",
            "--container-daemon-socket", "-", "--concurrent-jobs=1", *stand_ins(self.root / "stand-ins"),
            "--insecure-secrets",  # so that a secret in the log would be seen there
            *(f"--secret={key}={value}" for key, value in SECRETS.items()),
            f"--secret=AWS_ENDPOINT_URL={self.s3}", f"--secret=GITHUB_TOKEN={TOKEN}", f"--env=GITHUB_RUN_ID={self.runs}",
            f"--env=SERVICE_DIR={self.service}", f"--env=GH_LOG={self.root / 'gh.log'}", f"--env=PORT={self.port}",
            f"--env=GIT_CONFIG_GLOBAL={home / '.gitconfig'}",
            *arguments,
        ]  # fmt: skip
        done = run(
            *command, cwd=clone, check=False, HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), UV_LINK_MODE="copy",
            PATH=f"{home / 'bin'}{os.pathsep}{Path(tool('dvc')).parent}{os.pathsep}{os.environ['PATH']}",
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert not [secret for secret in (*SECRETS.values(), TOKEN) if secret in said], "a secret is in the log"
        print(f"$ act {event} {workflow} {' '.join(arguments)} -> {done.returncode}", flush=True)
        if check and done.returncode:
            raise AssertionError(said[-20000:])
        run("git", "fetch", "--quiet", "--tags", "--force", "origin", cwd=self.work)
        return said

    def gitlab(self, *jobs: str, **variables: str) -> str:
        """Jobs of the GitLab pipeline by gitlab-ci-local, on a fresh clone."""
        clone = self.root / "gitlab-runner"
        shutil.rmtree(clone, ignore_errors=True)
        run("git", "clone", "--quiet", str(self.root / "origin.git"), str(clone), cwd=self.root)
        said = {**self.environment, "PORT": str(self.port), **variables}
        scoped = {name: {"type": "variable", "values": {"*": value}} for name, value in said.items()}
        write(clone, {".gitlab-ci-local-variables.yml": yaml.safe_dump(scoped)})
        home = self.root / "gitlab-home"
        home.mkdir(exist_ok=True)
        done = gitlab(clone, home, *jobs)
        assert not [secret for secret in SECRETS.values() if secret in done.stdout + done.stderr], (
            "a secret is in the log"
        )
        print(f"$ gitlab-ci-local {' '.join(jobs)} -> {done.returncode}", flush=True)
        if done.returncode:
            raise AssertionError((done.stdout + done.stderr)[-6000:])
        return done.stdout

    def asked(self, spend: float, visits: float) -> dict[str, str]:
        """What the service answers."""
        url = f"http://127.0.0.1:{self.port}/?spend={spend}&visits={visits}"
        answer: dict[str, str] = json.load(urllib.request.urlopen(url, timeout=5))
        return answer

    def stop(self) -> None:
        pid = self.service / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)


def refused(loop: Loop, target: str, sentence: str, **more: str) -> str:
    """Run a target that has to refuse, by a sentence that says why; what it said."""
    before = loop.here("git", "for-each-ref").stdout
    done = loop.here("make", target, check=False, **more)
    print(done.stderr[-600:].strip(), flush=True)
    assert done.returncode, f"{target} did what it has to refuse"
    assert sentence in done.stderr
    assert loop.here("git", "for-each-ref").stdout == before, "it recorded something"
    return done.stderr


def attacked(loop: Loop, version: str, other: str) -> None:
    """A stale lock, a forged object and a moved tag around ``version``: each is refused, and is mended as the sentence says."""
    loop.say("a stale lock is not registered")
    params = loop.work / "params.yaml"
    text = params.read_text()
    params.write_text(text.replace("shrink: 0.1", "shrink: 0.2"))
    assert params.read_text() != text
    loop.commit("New parameters, and nothing was run")
    said = refused(loop, "register-shop", "dvc.lock is not what this commit makes: train (", VERSION="v9.0.0")
    assert "Run `make pull` if data are missing here, then `make pipeline`, commit dvc.lock" in said
    loop.here("git", "revert", "--no-edit", "HEAD")
    loop.here("git", "push", "--quiet", "origin", "main")

    loop.say("a forged object on the store is not deployed")
    lock = yaml.safe_load(loop.here("git", "show", f"shop@{version}:dvc.lock").stdout)
    (digest,) = (out["md5"] for out in lock["stages"]["train"]["outs"])
    forge = (
        "import s3fs, sys; fs = s3fs.S3FileSystem(); path = sys.argv[1]; "
        "kept = fs.cat_file(path); fs.pipe_file(path, b'forged'); fs.pipe_file('loop/kept', kept)"
    )
    mend = "import s3fs, sys; fs = s3fs.S3FileSystem(); fs.pipe_file(sys.argv[1], fs.cat_file('loop/kept'))"
    stored = f"loop/store/files/md5/{digest[:2]}/{digest[2:]}"
    run("python", "-c", forge, stored, cwd=loop.root, **loop.environment)
    for cached in (".dvc/cache", ".mlops/state/deploy"):
        shutil.rmtree(loop.work / cached, ignore_errors=True)
    said = refused(
        loop, "deploy-staging", f"the remote has not all of shop@{version}, or holds something else", VERSION=version
    )
    assert f"is not the object {digest} that dvc.lock names" in said
    run("python", "-c", mend, stored, cwd=loop.root, **loop.environment)
    loop.here("dvc", "pull")

    loop.say("a tag that has moved is neither deployed nor rolled back to; the sentence says how to put it back")
    loop.here("git", "tag", "--force", f"shop@{version}", f"shop@{other}^{{commit}}")
    said = refused(loop, "deploy-staging", f"the tag shop@{version} has moved: it was ", VERSION=version)
    (advice,) = (line.strip() for line in said.splitlines() if "git tag --force" in line)
    loop.here("sh", "-c", advice)


@pytest.fixture
def loop(tmp_path: Path, s3: str) -> Iterator[Loop]:
    made = Loop(tmp_path, s3)
    yield made
    made.stop()


def test_the_whole_loop(loop: Loop) -> None:
    loop.say("a fresh repository, its origin and its store")
    bucket(loop.s3, "loop")
    loop.live(log(200, seed=1, shift=0))
    shutil.copytree(ROOT / "examples/loop", loop.work, ignore=shutil.ignore_patterns(".mlops", "__pycache__"))
    spec = loop.work / "mlops.yaml"
    spec.write_text(spec.read_text().replace("PORT: 8765", f"PORT: {loop.port}"))
    for made in ("dvc.yaml", "Makefile", ".github", ".gitlab-ci.yml", "monitoring", ".dvc"):
        path = loop.work / made
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(loop.root / "origin.git"), cwd=loop.root)
    loop.here("git", "init", "--quiet", "--initial-branch=main")
    for key, value in (("user.name", "loop"), ("user.email", "loop@example.org")):
        loop.here("git", "config", key, value)
    loop.here("git", "remote", "add", "origin", str(loop.root / "origin.git"))
    loop.here("dvc", "init", "--quiet")
    loop.here("mlopsc", "build")

    loop.say("data -> features -> train -> evaluate -> gate -> push")
    loop.here("make", "data")
    loop.here("make", "test")
    assert "accuracy" in loop.here("make", "pipeline").stdout
    loop.commit("The first model")

    loop.say("register v1: a killed registration is done again")
    loop.here("dvc", "push", "--run-cache")
    loop.here("make", "register-shop", VERSION="v1.0.0")
    loop.here("make", "register-shop", VERSION="v1.0.0")

    loop.say("CI runs the pipeline from a fresh clone: everything comes from the store")
    said = loop.act("push", "mlops.yml", "--job", "pipeline")
    assert "[train] > " not in said
    assert "[train] > " not in loop.gitlab("pipeline")

    loop.say("the registry tag deploys v1")
    event = write(loop.root, {"tag.json": json.dumps({"ref": "refs/tags/shop@v1.0.0"})}) / "tag.json"
    loop.act("push", "mlops-deploy.yml", f"--eventpath={event}")
    assert loop.asked(2, 2) == {"label": "snack", "version": "v1.0.0"}
    assert "shop#staging#1" in loop.here("git", "tag").stdout

    loop.say("the monitor sees nothing; then the live data drift, and it is breached")
    schedule = write(loop.root, {"schedule.json": json.dumps(EVENT)}) / "schedule.json"
    loop.act("schedule", "mlops-monitor.yml", f"--eventpath={schedule}")
    loop.live(log(200, seed=2, shift=2.0))
    loop.act("schedule", "mlops-monitor.yml", f"--eventpath={schedule}")
    history = loop.here("git", "show", "origin/mlops-monitoring:drift.csv").stdout.splitlines()
    assert [line.split(",")[2:4] for line in history[1:]] == [["fine", "no"], ["breach", "yes"]]
    assert "issue create" in (loop.root / "gh.log").read_text()
    assert "| shift " in (loop.root / "gh.log.body").read_text()

    loop.say("retraining put its result on a branch, for a person to merge; a breach never loops")
    branches = loop.here("git", "branch", "--remotes", "--list", "origin/retrain-drift-*").stdout.split()
    assert len(branches) == 1
    loop.act("schedule", "mlops-monitor.yml", f"--eventpath={schedule}")
    loop.here("git", "fetch", "--quiet")
    assert loop.here("git", "branch", "--remotes", "--list", "origin/retrain-drift-*").stdout.split() == branches
    loop.here("git", "merge", "--quiet", "--ff-only", branches[0])
    loop.here("git", "push", "--quiet", "origin", "main")

    loop.say("the other CI runs what was merged, its gate included, from the store")
    said = loop.gitlab("pipeline")
    assert "accuracy.delta" in said
    assert "[train] > " not in said

    loop.say("register v2, deploy it: a killed deployment is done again")
    loop.here("dvc", "pull")
    loop.here("make", "register-shop", VERSION="v2.0.0")
    loop.here("timeout", "--signal=KILL", "3", "make", "deploy-staging", check=False, VERSION="v2.0.0")
    loop.here("gto", "assign", "shop", "--version", "v2.0.0", "--stage", "staging", "--push")
    event = write(loop.root, {"tag.json": json.dumps({"ref": "refs/tags/shop#staging#2"})}) / "tag.json"
    loop.act("push", "mlops-deploy.yml", f"--eventpath={event}")
    by_hand = ("--input", "environment=staging", "--input", "version=v2.0.0")
    loop.act("workflow_dispatch", "mlops-deploy.yml", *by_hand)
    assert loop.asked(2, 2)["version"] == "v2.0.0"

    attacked(loop, "v2.0.0", "v1.0.0")

    loop.say("the monitor is content again")
    loop.act("schedule", "mlops-monitor.yml", f"--eventpath={schedule}")
    history = loop.here("git", "show", "origin/mlops-monitoring:drift.csv").stdout.splitlines()
    assert history[-1].split(",")[2:4] == ["fine", "no"]

    loop.say("roll back")
    loop.gitlab("rollback-staging", "record-rollback-staging", "--variable", "MLOPS_TASK=rollback-staging")
    loop.here("git", "fetch", "--quiet", "--tags", "origin")
    assert loop.asked(2, 2) == {"label": "snack", "version": "v1.0.0"}
    tags = loop.here("git", "tag", "--list", "shop*").stdout.split()
    assert tags == [*(f"shop#staging#{number}" for number in (1, 2, 3, 4)), "shop@v1.0.0", "shop@v2.0.0"], (
        "#2 is the assignment"
    )
