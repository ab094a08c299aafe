"""Files of CI at the root of the Git repository, written by projects in folders: only there, never over each other's or the team's."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from building import build, content
from conftest import run, write
from mlopsc.compiler.cli import main
from mlopsc.compiler.model.target import File, header
from mlopsc.compiler.write.journal import recover
from mlopsc.compiler.write.lock import BEGIN, LOCK, digest, lock_text

SPEC = "mlops: 1\nstack: {{ci: [{ci}]}}\nstages: {{a: {{cmd: cat in > out, deps: [in], outs: [out]}}}}\n"
WORKFLOWS = ".github/workflows"


def project(repository: Path, folder: str, ci: str = "github, gitlab") -> Path:
    if not (repository / ".git").exists():
        repository.mkdir(exist_ok=True)
        run("git", "init", "--quiet", cwd=repository)
    return write(repository / folder, {"mlops.yaml": SPEC.format(ci=ci), "in": "1\n"})


def mlopsc(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, in this process: starting Python for each call would take most of the time."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    gc.enable()
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def built(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return mlopsc(root, "build", *words)


def above(repository: Path) -> set[str]:
    """The files at the root of the Git repository that CI services read."""
    paths = [*repository.glob(".github/**/*"), *repository.glob(".gitlab*"), *repository.glob(".gitlab/**/*")]
    return {str(path.relative_to(repository)) for path in paths if path.is_file()}


def test_projects_build_side_by_side(tmp_path: Path) -> None:
    one, two = project(tmp_path, "services/one"), project(tmp_path, "two")
    processes = [
        subprocess.Popen([sys.executable, "-m", "mlopsc", "build"], cwd=root, stderr=subprocess.PIPE)
        for root in (one, two)
    ]
    errors = [process.communicate(timeout=120)[1].decode() for process in processes]
    for root, error in zip((one, two), errors, strict=True):
        assert error == "" or "MLC611" in error  # changed by the other one meanwhile: build again
        assert built(root).returncode == 0
    assert above(tmp_path) == {
        f"{WORKFLOWS}/mlops-one.yml", f"{WORKFLOWS}/mlops-two.yml", ".gitlab/mlops-one.yml", ".gitlab/mlops-two.yml",
        ".gitlab-ci.yml",
    }  # fmt: skip
    assert (tmp_path / ".gitlab-ci.yml").read_text().count(BEGIN) == 1
    for root in (one, two):
        assert built(root, "--check").returncode == 0
        assert not list(root.glob(".github"))


def test_nothing_changed_looks_at_the_files_above_too(tmp_path: Path) -> None:
    root = project(tmp_path, "services/one", "github")
    built(root)
    assert "nothing to do" in built(root).stdout
    workflow = tmp_path / WORKFLOWS / "mlops-one.yml"
    workflow.write_text(workflow.read_text() + "# edited\n")
    for words in ((), ("--check",)):
        done = built(root, *words)
        assert done.returncode == 1
        assert "error[MLC601]: `../../.github/workflows/mlops-one.yml` was edited since it was written" in done.stderr
    assert built(root, "--overwrite", "../../.github/workflows/mlops-one.yml").returncode == 0
    assert (tmp_path / f"{WORKFLOWS}/mlops-one.yml.orig").read_text().endswith("# edited\n")
    workflow.unlink()
    assert "stale: ../../.github/workflows/mlops-one.yml (create)" in built(root, "--check").stderr


def test_plan_and_eject_name_the_files_above(tmp_path: Path) -> None:
    root = project(tmp_path, "services/one", "github")
    assert "create ../../.github/workflows/mlops-one.yml" in mlopsc(root, "plan").stdout
    assert not above(tmp_path)
    built(root)
    assert "../../.github/workflows/mlops-one.yml" in mlopsc(root, "eject").stdout
    mlopsc(root, "eject", "--yes")
    assert above(tmp_path) == {f"{WORKFLOWS}/mlops-one.yml"}


def test_a_project_without_ci_takes_its_files_away_and_no_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitlab-ci.yml": "include:\n  - local: team.yml\nbuild: {script: [make]}\n",
            f"{WORKFLOWS}/team.yml": "on: push\n",
        },
    )
    one, two = project(tmp_path, "one"), project(tmp_path, "two")
    for root in (one, two):
        assert built(root).returncode == 0
    write(one, {"mlops.yaml": SPEC.format(ci="")})
    assert built(one).returncode == 0
    assert ".gitlab/mlops-one.yml" not in above(tmp_path)
    assert BEGIN in (tmp_path / ".gitlab-ci.yml").read_text()
    write(two, {"mlops.yaml": SPEC.format(ci="")})
    assert built(two).returncode == 0
    assert above(tmp_path) == {".gitlab-ci.yml", f"{WORKFLOWS}/team.yml"}
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "include:\n  - local: team.yml\nbuild: {script: [make]}\n"


def test_a_project_that_moves_takes_its_files_along(tmp_path: Path) -> None:
    root = project(tmp_path, "services/one")
    built(root)
    shutil.move(root, tmp_path / "other")
    done = built(tmp_path / "other")
    assert done.returncode == 0, done.stderr
    assert f"{WORKFLOWS}/mlops-other.yml" in above(tmp_path)
    assert f"{WORKFLOWS}/mlops-one.yml" not in above(tmp_path)
    assert built(tmp_path / "other", "--check").returncode == 0


def test_a_copy_of_a_project_does_not_write_over_the_original(tmp_path: Path) -> None:
    one = project(tmp_path, "a/ml")
    built(one)
    before = content(tmp_path)
    shutil.copytree(one, tmp_path / "b/ml")
    done = built(tmp_path / "b/ml", "--overwrite", "../../.github/workflows/mlops-ml.yml")
    assert "MLC317" in done.stderr
    write(tmp_path / "b/ml", {"mlops.yaml": "project: mine\n" + SPEC.format(ci="github, gitlab")})
    assert built(tmp_path / "b/ml").returncode == 0
    assert {path: text for path, text in content(tmp_path).items() if path in before} == before
    assert f"{WORKFLOWS}/mlops-mine.yml" in above(tmp_path)


def test_a_file_of_a_project_with_a_longer_name_stays(tmp_path: Path) -> None:
    built(project(tmp_path, "wine-deploy", "github"))
    wine = project(tmp_path, "wine", "github")
    spec = SPEC.format(ci="github") + "models: {m: {path: out}}\ndeploy: {x: {model: m, on: tag, run: 'true'}}\n"
    write(wine, {"mlops.yaml": spec})
    before = content(tmp_path)
    for words in ((), ("--overwrite", "../.github/workflows/mlops-wine-deploy.yml")):
        assert "error[MLC616]" in built(wine, *words).stderr
    assert content(tmp_path) == before


def test_an_include_that_cannot_be_added_to(tmp_path: Path) -> None:
    root = project(tmp_path, "one", "gitlab")
    write(tmp_path, {".gitlab-ci.yml": "include: team.yml\n"})
    assert "error[MLC617]" in built(root).stderr
    assert above(tmp_path) == {".gitlab-ci.yml"}
    write(tmp_path, {".gitlab-ci.yml": "include:\n  - local: team.yml\n"})
    assert built(root).returncode == 0


def test_a_project_at_the_root_and_one_in_a_folder_share_gitlabs_file(tmp_path: Path) -> None:
    one = project(tmp_path, "one")
    assert built(one).returncode == 0
    whole = project(tmp_path, ".")
    assert built(whole).returncode == 0
    text = (tmp_path / ".gitlab-ci.yml").read_text()
    assert text.startswith("# Made by mlopsc from mlops.yaml")
    assert text.count(BEGIN) == 1
    write(whole, {"mlops.yaml": SPEC.format(ci="github, gitlab").replace("stages:", "ci: {timeout: 1h}\nstages:")})
    for root in (whole, one):
        assert built(root).returncode == 0
        assert built(root, "--check").returncode == 0
    assert (tmp_path / ".gitlab-ci.yml").read_text().count(BEGIN) == 1
    (tmp_path / ".gitlab-ci.yml").write_text("# mine\n" + (tmp_path / ".gitlab-ci.yml").read_text())
    assert "MLC601" in built(whole).stderr


@pytest.mark.parametrize("kind", ["worktree", "submodule"])
def test_the_root_is_that_of_a_worktree_or_submodule(tmp_path: Path, kind: str) -> None:
    root = project(tmp_path / "original", "services/one", "github")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    run("git", "add", "--all", cwd=root)
    run("git", *identity, "commit", "--quiet", "--message=a", cwd=root)
    if kind == "worktree":
        run("git", "worktree", "add", "--quiet", str(tmp_path / "original/inside"), cwd=root)
        top = tmp_path / "original/inside"
    else:
        run("git", "init", "--quiet", "outer", cwd=tmp_path)
        run("git", *identity, "submodule", "add", "--quiet", str(tmp_path / "original"), "sub", cwd=tmp_path / "outer")
        top = tmp_path / "outer/sub"
    assert (top / ".git").is_file()
    assert built(top / "services/one").returncode == 0
    assert above(top) == {f"{WORKFLOWS}/mlops-one.yml"}


OURS = [File("../../.github/workflows/mlops-one.yml", f"{header('services/one')}on: push\n")]


@pytest.mark.parametrize("link", [".github", WORKFLOWS, f"{WORKFLOWS}/mlops-one.yml"])
def test_links_are_not_followed(tmp_path: Path, link: str) -> None:
    root = project(tmp_path / "git", "services/one")
    (tmp_path / "outside").mkdir()
    (tmp_path / "git" / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "git" / link).symlink_to(tmp_path / "outside")
    assert build(root, OURS)[1] == ["MLC605"]
    (tmp_path / "git" / link).unlink()
    (tmp_path / "git/team").mkdir()
    (tmp_path / "git" / link).symlink_to(tmp_path / "git/team")
    assert build(root, OURS)[1] == ["MLC605"]
    assert not list((tmp_path / "outside").iterdir())
    assert not list((tmp_path / "git/team").iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "../../README.md", "../../.github/workflows/team.yml", "../../.github/mlops-one.yml", "../../.git/hooks/mlops-a.yml",
        "../other/mlops.yaml", "../../../.github/workflows/mlops-one.yml", "../../.github/workflows/../mlops-x.yml",
        "../../.github/workflows/mlops-a/b.yml", "../../.GITHUB/workflows/mlops-one.yml", "/.github/workflows/mlops-one.yml",
    ],
)  # fmt: skip
def test_nothing_else_above_is_written_or_deleted(tmp_path: Path, path: str) -> None:
    root = project(tmp_path / "git", "services/one")
    assert build(root, [File(path, "x\n")])[1] == ["MLC605"]
    theirs = f"{header('services/one')}theirs\n"
    target = root / path
    if not path.startswith("/") and path != "../other/mlops.yaml":
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(theirs)
    write(root, {LOCK: lock_text({path: digest(theirs)})})
    before = content(tmp_path)
    build(root, [])
    assert {name: text for name, text in content(tmp_path).items() if not name.endswith(LOCK)} == {
        name: text for name, text in before.items() if not name.endswith(LOCK)
    }


def test_a_lock_does_not_delete_files_of_others(tmp_path: Path) -> None:
    """A lock is committed, and may name whatever file of CI there is."""
    team = f"# theirs\n{BEGIN}\ninclude:\n  - local: .gitlab/mlops-*.yml\n# <<< mlopsc\nbuild: {{script: [make]}}\n"
    root = project(tmp_path, "services/one", "")
    built(project(tmp_path, "services/two", "github"))
    workflow = tmp_path / WORKFLOWS / "mlops-two.yml"
    write(tmp_path, {".gitlab-ci.yml": team, f"{WORKFLOWS}/mlops-x.yml": "on: push\n"})
    named = {
        "../../.gitlab-ci.yml": digest(team),
        "../../.github/workflows/mlops-x.yml": digest("on: push\n"),
        "../../.github/workflows/mlops-two.yml": digest(workflow.read_text()),
    }
    write(root, {LOCK: lock_text(named)})
    before = content(tmp_path)
    assert built(root).returncode == 0
    assert {name: text for name, text in content(tmp_path).items() if "services/one" not in name} == {
        name: text for name, text in before.items() if "services/one" not in name
    }


KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
from building import build
from pathlib import Path
from mlopsc.compiler.cli import main
from mlopsc.compiler.model.target import File, header
real, left = os.replace, int(sys.argv[2])
def replace(*words):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    real(*words)
os.replace = replace
build(Path(sys.argv[1]), [File("../../.github/workflows/mlops-one.yml", header("services/one")), File("a", "a"),
    File("../../.gitlab-ci.yml", "- local: .gitlab/mlops-*.yml\\n", included=True)])
"""


def test_a_build_that_is_killed_writes_all_above_or_nothing(tmp_path: Path) -> None:
    script = write(tmp_path, {"child.py": KILLED.format(tests=str(Path(__file__).parent))}) / "child.py"
    ends = set()
    for step in range(10):
        repository = tmp_path / f"r{step}"
        root = project(repository, "services/one")
        write(repository, {".gitlab-ci.yml": "build: {script: [make]}\n"})
        done = subprocess.run([sys.executable, str(script), str(root), str(step)], check=False)
        assert recover(str(root)) == []
        ends.add(
            (
                f"{WORKFLOWS}/mlops-one.yml" in above(repository),
                (root / "a").exists(),
                BEGIN in (repository / ".gitlab-ci.yml").read_text(),
            )
        )
        if done.returncode == 0:
            break
    assert ends == {(False, False, False), (True, True, True)}


def test_a_repository_that_begins_in_the_folder_later_is_noticed(tmp_path: Path) -> None:
    root = project(tmp_path, "services/one", "github")
    built(root)
    built(root)
    assert json.loads((root / ".mlops/state/seen.json").read_text())["seen"][".git"] is None
    run("git", "init", "--quiet", cwd=root)
    assert built(root).returncode == 0
    assert (root / WORKFLOWS / "mlops.yml").exists()
