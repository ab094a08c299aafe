"""An import by the real DVC: everything stays as it was, to the byte, or nothing is written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from conftest import run, write
from mlopsc.compiler.adopt import adoption, ci_settings, guarantee, oracle
from mlopsc.compiler.model.snapshot import Memory

pytestmark = pytest.mark.real
Make = Callable[[Mapping[str, str]], Path]

PIPELINE = """\
# how we do it here
vars:
  - conf/names.yaml
stages:
    "get data":      # odd, but ours
        cmd: "cp in.txt out.txt"
        deps: [in.txt]
        outs: [ out.txt ]
    each:
        foreach: ${names}
        do:
            cmd: head -c ${lr} out.txt > ${item}.txt
            deps: [out.txt]
            params: [lr, 'conf/model.py': [DEPTH], conf/more.toml: [a.b]]
            outs: [ "${item}.txt" ]
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "in.txt": "hello",
    "params.yaml": "lr: 3\n",
    "conf/names.yaml": "names: {x: 1, y: 2}\n".replace("{x: 1, y: 2}", "[x, y]"),
    "conf/model.py": "DEPTH = 3\n",
    "conf/more.toml": "[a]\nb = 1\n",
}


def tree(root: Path) -> dict[str, bytes]:
    found = {}
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in (".git", ".dvc", "state")]
        found.update({os.path.relpath(f"{folder}/{n}", root): Path(folder, n).read_bytes() for n in names})
    return found


def imported(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run("mlopsc", "import", *words, cwd=root, check=False)


def test_status_is_the_same_to_the_byte_and_nothing_runs_again(repository: Make) -> None:
    root = repository(FILES)
    run("dvc", "repro", "--quiet", cwd=root)
    (root / "in.txt").write_text("hullo")  # so that the status has something to say
    (root / "x.txt").write_text("other")
    before, lock = run("dvc", "status", cwd=root).stdout, (root / "dvc.lock").read_bytes()
    assert "modified" in before
    done = imported(root)
    assert done.returncode == 0, done.stderr
    assert run("dvc", "status", cwd=root).stdout == before
    assert (root / "dvc.lock").read_bytes() == lock
    assert (root / "mlops.yaml").read_text().endswith(PIPELINE)
    assert "3 stages" in done.stdout
    assert "nothing to do" in run("mlopsc", "build", cwd=root).stdout


def test_windows_line_ends_stay(repository: Make) -> None:
    root = repository({"dvc.yaml": "", "in": ""})
    original = b"# top\r\nstages:\r\n  a:\r\n    cmd: cat in\r\n    deps: [in]\r\n"
    (root / "dvc.yaml").write_bytes(original)
    assert imported(root).returncode == 0
    text = (root / "mlops.yaml").read_bytes()
    assert text.endswith(original)
    assert b"\n" not in text.replace(b"\r\n", b"")


def test_several_pipelines_in_folders_with_files_above_them(repository: Make) -> None:
    root = repository(
        {
            "dvc.yaml": "stages:\n  a: {cmd: cat in > out, deps: [in], outs: [out]}\n",
            "in": "1",
            "params.yaml": "depth: 2\n",
            "sub/one/dvc.yaml": "vars: [../../params.yaml]\nstages:\n  b:\n    wdir: ..\n    cmd: echo ${depth} > ../made\n"
            "    deps: [../out]\n    outs: [../made]\n",
        }
    )
    run("dvc", "repro", "--quiet", "--all-pipelines", cwd=root)
    before = run("dvc", "status", cwd=root).stdout
    done = imported(root)
    assert done.returncode == 0, done.stderr
    assert run("dvc", "status", cwd=root).stdout == before
    assert not (root / "sub/one/Makefile").exists()
    for folder in (root, root / "sub/one"):
        built = run("mlopsc", "build", cwd=folder)
        assert "nothing to do" in built.stdout, built.stdout + built.stderr


def test_one_folder_of_a_repository(repository: Make) -> None:
    root = repository({"a/dvc.yaml": "stages:\n  a: {cmd: 'true'}\n", "b/dvc.yaml": "stages:\n  b: {cmd: 'false'}\n"})
    assert imported(root, "a").returncode == 0
    assert (root / "a/mlops.yaml").exists()
    assert not (root / "b/mlops.yaml").exists()


def test_one_folder_beside_another_that_dvc_refuses(repository: Make) -> None:
    root = repository(
        {
            "a/dvc.yaml": "stages:\n  a: {cmd: cp in out, deps: [in], outs: [out]}\n",
            "a/in": "1",
            "b/dvc.yaml": "vars: [gone.yaml]\n",
        }
    )
    done = imported(root, "a")
    assert done.returncode == 0, done.stderr
    assert run("mlopsc", "build", "--check", cwd=root / "a").returncode == 0


def test_what_dvc_refuses_is_refused_with_its_reason(repository: Make) -> None:
    root = repository({"dvc.yaml": "vars: [gone.yaml]\nstages:\n  a: {cmd: 'true'}\n"})
    before = tree(root)
    done = imported(root)
    assert done.returncode == 1
    assert "MLC703" in done.stderr
    assert "'gone.yaml' does not exist" in done.stderr
    assert tree(root) == before


def test_a_stage_that_depends_on_the_whole_folder_is_refused(repository: Make) -> None:
    stage = "stages:\n  a: {{cmd: cat {0} > {1}, deps: [{2}], outs: [{1}]}}\n".format
    root = repository(
        {"dvc.yaml": stage("src/x", "made", "src"), "src/dvc.yaml": stage("x", "../out", "x"), "src/x": "1"}
    )
    run("dvc", "repro", "--quiet", "src/dvc.yaml", cwd=root)
    run("dvc", "repro", "--quiet", cwd=root)
    assert "up to date" in run("dvc", "status", cwd=root).stdout
    before = tree(root)
    done = imported(root)
    assert done.returncode == 1
    assert "MLC706" in done.stderr
    assert tree(root) == before


def test_a_pipeline_without_stages(repository: Make) -> None:
    root = repository({"dvc.yaml": "metrics: [m.json]\n", "m.json": "{}"})
    done = imported(root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 stages")


def test_an_import_is_made_once(repository: Make) -> None:
    root = repository({"dvc.yaml": "stages:\n  a: {cmd: 'true'}\n"})
    assert imported(root, "--dry-run").returncode == 0
    assert not (root / "mlops.yaml").exists()
    assert imported(root).returncode == 0
    again = imported(root)
    assert again.returncode == 1
    assert "MLC702" in again.stderr


def test_the_users_own_targets_move_to_local_mk(repository: Make) -> None:
    own = "NAME = me\n\nserve: data\n\t@echo serving $(NAME)\n\nmetrics:\n\tdvc metrics show\n\ndata:\n\t@echo data\n"
    root = repository({"dvc.yaml": "stages:\n  a: {cmd: 'true'}\n", "Makefile": own})
    before = run("make", cwd=root).stdout
    done = imported(root)
    assert done.returncode == 0, done.stderr
    assert "dvc metrics show" not in (root / "local.mk").read_text()
    after = run("make", cwd=root)
    assert (after.stdout, after.stderr) == (before, "")
    assert "dvc metrics show" in run("make", "-n", "metrics", cwd=root).stdout


@pytest.mark.parametrize(
    ("own", "why"), [("test:\n\tpytest\n", "`test`"), (".ONESHELL:\nserve:\n\tcd x\n\tpwd\n", "`.ONESHELL`")]
)
def test_a_makefile_that_cannot_be_included_is_left_alone(repository: Make, own: str, why: str) -> None:
    ci = "on: push\njobs:\n  run:\n    runs-on: x\n    steps: [{uses: actions/checkout@v4}, {run: dvc repro}]\n"
    files = {"dvc.yaml": "stages:\n  a: {cmd: 'true'}\n", "Makefile": own, ".github/workflows/ci.yml": ci}
    root = repository(files)
    done = imported(root)
    assert done.returncode == 0, done.stderr
    assert (root / "Makefile").read_text() == own
    assert (root / ".github/workflows/ci.yml").read_text() == ci
    assert why in done.stdout
    assert "it only calls DVC: `mlopsc import --take-ci`" in done.stdout


WORKFLOW = """\
name: ours
on:
  push: {branches: [main, "release/*"]}
  pull_request:
  schedule: [{cron: "0 6 * * 1"}]
jobs:
  run:
    runs-on: [self-hosted, gpu]
    timeout-minutes: 90
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - uses: actions/setup-python@v5
        with: {python-version: "3.10"}
      - uses: iterative/setup-cml@v2
      - run: |
          pip install -r requirements.txt "dvc[s3]"
          dvc pull
          dvc repro
          dvc push
          echo "# Metrics" > report.md
          dvc metrics diff --md >> report.md
          cml comment create report.md
        env:
          AWS_ACCESS_KEY_ID: ${{ secrets.AWS_ACCESS_KEY_ID }}
          REPO_TOKEN: ${{ secrets.GITHUB_TOKEN }}
"""
SIMPLE = {"dvc.yaml": "stages:\n  a: {cmd: 'true'}\n", "requirements.txt": "dvc\n"}


@pytest.mark.parametrize("path", [".github/workflows/ci.yaml", ".github/workflows/mlops.yml"])
def test_a_workflow_that_only_calls_dvc_is_taken_over_when_asked(repository: Make, path: str) -> None:
    root = repository({**SIMPLE, path: WORKFLOW})
    proposed = imported(root, "--dry-run")
    assert "`mlopsc import --take-ci` generates it from `ci: {on: {push: [main" in proposed.stdout
    done = imported(root, "--take-ci")
    assert done.returncode == 0, done.stderr
    assert (root / f"{path}.orig").read_text() == WORKFLOW
    assert "results are pushed to the DVC remote, from the default branch only" in done.stdout
    spec = yaml.safe_load((root / "mlops.yaml").read_text())
    assert spec["stack"] == {"ci": "github"}
    assert spec["ci"] == {
        True: {"push": ["main", "release/*"], "pull_request": True, "manual": False, "schedule": ["0 6 * * 1"]},  # `on`
        "runner": ["self-hosted", "gpu"], "python": "3.10", "secrets": ["AWS_ACCESS_KEY_ID"], "timeout": "90m",
    }  # fmt: skip
    assert [each.name for each in sorted((root / ".github/workflows").glob("*.y*ml"))] == ["mlops.yml"]
    made = yaml.load((root / ".github/workflows/mlops.yml").read_text(), yaml.BaseLoader)
    assert made["on"]["schedule"] == [{"cron": "0 6 * * 1"}]
    assert made["jobs"]["pipeline"]["runs-on"] == ["self-hosted", "gpu"]
    assert made["jobs"]["pipeline"]["timeout-minutes"] == "90"
    assert "nothing to do" in run("mlopsc", "build", cwd=root).stdout


STEP = "      - uses: iterative/setup-cml@v2\n"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("    runs-on: [self-hosted, gpu]\n", "    runs-on: ${{ matrix.os }}\n    strategy: {}\n", "`strategy`"),
        ("runs-on: [self-hosted, gpu]", "runs-on: ${{ vars.WHERE }}", "an expression"),
        ("    timeout-minutes: 90\n", "    services: {db: {image: postgres}}\n", "`services`"),
        ("    timeout-minutes: 90\n", "    container: x\n", "`container`"),
        ("    timeout-minutes: 90\n", "    env: {A: '${{ github.sha }}'}\n", "the variable `A`"),
        (STEP, "      - run: make deploy\n", "`make deploy`"),
        (STEP, "      - run: dvc pull && make deploy\n", "`dvc pull && make deploy`"),
        (STEP, "      - uses: docker/login-action@v3\n", "`docker/login-action`"),
        (STEP, "      - {run: dvc status, if: always()}\n", "`if`"),
        (STEP, "      - {run: dvc status, working-directory: x}\n", "`working-directory`"),
        (STEP, "      - run: pip install pandas\n", "`pandas`"),
        ("dvc repro\n", "dvc repro train\n", "`dvc repro train`"),
        ("          dvc repro\n", "", "does not run the pipeline"),
        ("fetch-depth: 0", "lfs: true", "`lfs`"),
        ('"3.10"', '"3.x"', "`3.x`"),
        ("  pull_request:\n", "  release:\n", "`release`"),
        ("  pull_request:\n", "  pull_request: {types: [closed]}\n", "`pull_request` with `types`"),
        ("jobs:\n", "jobs:\n  other: {runs-on: x, steps: [{run: make}]}\n", "2 jobs"),
        ("jobs:\n", "permissions: {id-token: write}\njobs:\n", "`id-token`"),
        ('[{cron: "0 6 * * 1"}]', "x", "`schedule`"),
        ("jobs:\n", "on: push\njobs:\n", "cannot be read"),
        ("with: {fetch-depth: 0}", "with: x", "`with`"),
        ("jobs:\n", "defaults: {run: {shell: pwsh}}\njobs:\n", "`defaults`"),
    ],
)
def test_what_cannot_be_carried_over_stays_and_is_named(old: str, new: str, why: str) -> None:
    assert old in WORKFLOW
    path = ".github/workflows/ci.yml"
    with pytest.raises(ci_settings.NotConvertible) as refused:
        ci_settings.convert(Memory({path: WORKFLOW.replace(old, new, 1)}), path, "requirements.txt")
    assert why in str(refused.value)


def test_ci_that_stays_is_not_touched_even_when_asked(repository: Make) -> None:
    files = {
        ".github/workflows/ci.yml": WORKFLOW.replace("dvc repro", "make"),
        ".gitlab-ci.yml": "a: {script: [dvc repro]}\n",
    }
    root = repository({**SIMPLE, **files})
    done = imported(root, "--take-ci")
    assert done.returncode == 0, done.stderr
    assert "unchanged: it runs `make`" in done.stdout
    assert "unchanged: its triggers and secrets are set in GitLab" in done.stdout
    assert {name: (root / name).read_text() for name in files} == files
    assert yaml.safe_load((root / "mlops.yaml").read_text())["stack"] == {"ci": []}


def test_without_dvc_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"dvc.yaml": "stages:\n  a: {cmd: 'true'}\n"})
    monkeypatch.setattr(oracle, "python_with_dvc", lambda: None)
    found = adoption.adopt(str(tmp_path))
    assert [each.code for each in found.report] == ["MLC701"]
    assert "pip install dvc" in found.report.diagnostics[0].help
    assert not found.plan.writes


def test_a_difference_is_named() -> None:
    """MLC705 and MLC704 take a bug of ours: the function that finds the first is given one."""
    before = oracle.Answer({"dvc.yaml": {"stages": {"a": {"cmd": "x"}, "b": {"cmd": "y"}}, "plots": []}}, {})
    after = oracle.Answer({"dvc.yaml": {"stages": {"a": {"cmd": "x"}, "b": {"cmd": "z"}}, "plots": [1]}}, {})
    found = guarantee.differences(before, after)
    assert {each.code for each in found} == {"MLC705"}
    assert sorted(each.message for each in found) == [
        "`b` of `dvc.yaml` would change", "`plots` of `dvc.yaml` would change",
    ]  # fmt: skip
    assert not guarantee.differences(before, before)


def test_repositories_in_folders_are_listed(repository: Make) -> None:
    stage = "stages:\n  a: {cmd: 'true'}\n"
    root = repository({"a/dvc.yaml": stage, "a/.dvc/config": "", "b/c/dvc.yaml": stage, "b/c/.dvc/config": ""})
    done = imported(root)
    assert done.returncode == 1
    assert "import each of them: `mlopsc import a`, `mlopsc import b/c`" in done.stderr
    (root / "dvc.yaml").write_text(stage)
    done = imported(root)
    assert done.returncode == 0, done.stderr
    assert "b/c: a DVC repository of its own; `mlopsc import b/c` imports it" in done.stdout
    assert not (root / "a/mlops.yaml").exists()
    assert imported(root, "a").returncode == 0


@pytest.mark.parametrize("large", ["dvc.yaml", "dvc.lock", "params.yaml"])
def test_a_file_larger_than_memory_is_not_given_to_dvc(repository: Make, large: str) -> None:
    root = repository(
        {"dvc.yaml": "stages:\n  a: {cmd: 'true', params: [x]}\n", "params.yaml": "x: 1\n", "dvc.lock": ""}
    )
    os.truncate(root / large, 1 << 40)
    done = imported(root)
    assert done.returncode == 1
    assert f"`{large}` cannot be imported: it is larger than" in done.stderr


def test_a_remote_of_a_plugin_does_not_stop_an_import(repository: Make) -> None:
    """Plain DVC refuses a scheme that it does not know; the pipeline needs no remote."""
    from dvc.config_schema import REMOTE_SCHEMAS
    from mlopsc.compiler.adopt.oracle import _SCHEMES

    assert {*REMOTE_SCHEMAS} - {""} == _SCHEMES
    root = repository(
        {**dict.fromkeys(["in"], "1"), "dvc.yaml": "stages: {a: {cmd: cp in o, deps: [in], outs: [o]}}\n"}
    )
    config = "[core]\n    remote = ck\n['remote \"ck\"']\n    url = ck://someone/project\n"
    write(root, {".dvc/config": config})
    run("mlopsc", "import", cwd=root)
    assert (root / ".dvc/config").read_text() == config
    assert "cp in o" in (root / "mlops.yaml").read_text()
