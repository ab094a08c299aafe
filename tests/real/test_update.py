"""A repository that was edited since takes a later version of its template, and no line is lost."""

from __future__ import annotations

import os
import runpy
import shutil
from pathlib import Path

import pytest
from conftest import BIN, ROOT, run, write
from mlopsc.compiler.scaffold import run as programs
from mlopsc.compiler.scaffold.library import PACKAGED, Library, digest
from mlopsc.compiler.scaffold.new import new
from mlopsc.compiler.scaffold.refusal import Refusal
from mlopsc.compiler.scaffold.update import update

pytestmark = pytest.mark.real
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c"}


def commit(root: Path, *tag: str) -> None:
    run("git", "add", "--all", cwd=root, **WHO)
    run("git", "commit", "--quiet", "-m", "x", cwd=root, **WHO)
    if tag:
        run("git", "tag", *tag, cwd=root)


@pytest.fixture
def two(tmp_path: Path) -> Library:
    """The packaged templates with one more version, made as a release makes it."""
    old, later = tmp_path / "old", tmp_path / "later"
    shutil.copytree(PACKAGED, old)
    shutil.copytree(PACKAGED, later)
    flowers = later / "bare/files/src/{{package}}/features/flowers.py"
    text = flowers.read_text()
    assert "math.dist(point, centres[species])" in text
    flowers.write_text(text.replace("math.dist(point, centres[species])", "math.dist(point, centres[species]) ** 2"))
    params = later / "bare/files/params.yaml"
    params.write_text(params.read_text().replace("test_every: 3", "test_every: 4"))
    (later / "bare/files/CONTRIBUTING.md").write_text("New in the next version.\n")
    ignored = later / "common/files/.gitignore"
    ignored.write_text(ignored.read_text().replace(".env\n", ".env\n.idea/\n"))
    runpy.run_path(str(ROOT / "dev/templates.py"))["release"](later, old)
    return Library(str(later))


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository at version 1, with edits of its own."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "flowers"
    new("flowers", "bare", {"author": "A. Person"}, Library())
    assert f"_commit: v{Library().version}" in (root / ".copier-answers.yml").read_text()
    commit(root)
    return root


def test_the_index_tells_the_state_of_the_templates() -> None:
    assert Library().digest == digest(PACKAGED), "run `python dev/templates.py record` (or `release COMMIT`)"


def test_each_older_version_can_be_had(two: Library, tmp_path: Path) -> None:
    (tmp_path / "repositories").mkdir()
    two.repository("mlopsc://bare.git", str(tmp_path / "repositories"))
    place = tmp_path / "repositories/bare.git"
    tags = run("git", "tag", cwd=place).stdout.split()
    assert tags == [f"v{n}" for n in range(1, two.version + 1)]
    before = run("git", "show", f"v{two.version - 1}:files/params.yaml", cwd=place).stdout
    assert before == (Path(PACKAGED) / "bare/files/params.yaml").read_text()
    assert "test_every: 4" in run("git", "show", f"v{two.version}:files/params.yaml", cwd=place).stdout


def test_edits_and_the_new_version_together(two: Library, edited: Path) -> None:
    flowers = edited / "src/flowers/features/flowers.py"
    mine = (
        flowers.read_text()
        .replace('"""One flower:', '"""One single flower:')
        .replace("import csv", "import csv  # mine")
    )
    flowers.write_text(mine)
    (edited / "README.md").unlink()
    commit(edited)
    done = update(str(edited), {}, two)
    assert (done.before, done.after, done.conflicts) == (f"v{two.version - 1}", f"v{two.version}", [])
    text = flowers.read_text()
    assert "** 2" in text
    assert "One single flower" in text
    assert "import csv  # mine" in text
    assert "test_every: 4" in (edited / "params.yaml").read_text()
    assert (edited / "CONTRIBUTING.md").is_file()
    assert ".idea/" in (edited / ".gitignore").read_text()
    assert "# >>> mlopsc" in (edited / ".gitignore").read_text(), "the block of a build is an edit like any other"
    assert not (edited / "README.md").exists(), "what was removed stays removed"
    run(str(BIN / "mlopsc"), "build", cwd=edited)
    commit(edited)
    assert update(str(edited), {}, two).changed == []


def test_what_was_moved_stays_where_it_is(two: Library, edited: Path) -> None:
    flowers = edited / "src/flowers/features/flowers.py"
    moved = edited / "src/flowers/features/irises.py"
    run("git", "mv", str(flowers), str(moved), cwd=edited)
    before = moved.read_text()
    commit(edited)
    done = update(str(edited), {}, two)
    assert done.conflicts == []
    assert not flowers.exists()
    assert moved.read_text() == before
    assert "test_every: 4" in (edited / "params.yaml").read_text()


def test_a_conflict_is_marked_as_git_marks_it_and_no_line_is_lost(two: Library, edited: Path) -> None:
    params = edited / "params.yaml"
    params.write_text(params.read_text().replace("test_every: 3", "test_every: 5  # mine"))
    commit(edited)
    done = update(str(edited), {}, two)
    assert done.conflicts == ["params.yaml"]
    text = params.read_text()
    assert [line.split(" ")[0] for line in text.splitlines() if line[:7] in ("<" * 7, "=" * 7, ">" * 7)] == [
        "<<<<<<<", "=======", ">>>>>>>",
    ]  # fmt: skip
    assert "test_every: 5  # mine" in text
    assert "test_every: 4" in text
    assert "UU params.yaml" in run("git", "status", "--porcelain", cwd=edited).stdout
    assert "math.dist(point, centres[species]) ** 2" in (edited / "src/flowers/features/flowers.py").read_text()


def test_no_file_that_git_does_not_know_is_overwritten(two: Library, edited: Path) -> None:
    (edited / ".git/info").mkdir(exist_ok=True)
    write(edited, {".git/info/exclude": "CONTRIBUTING.md\n", "CONTRIBUTING.md": "mine\n"})
    with pytest.raises(Refusal, match="CONTRIBUTING"):
        update(str(edited), {}, two)
    assert (edited / "CONTRIBUTING.md").read_text() == "mine\n"
    assert run("git", "status", "--porcelain", cwd=edited).stdout == "", "nothing else was touched"


def test_uncommitted_changes_are_not_mixed_in(two: Library, edited: Path) -> None:
    (edited / "params.yaml").write_text("x: 1\n")
    with pytest.raises(Refusal, match="not committed"):
        update(str(edited), {}, two)
    assert (edited / "params.yaml").read_text() == "x: 1\n"


def test_a_repository_from_a_newer_mlopsc(edited: Path) -> None:
    answers = edited / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("_commit: v", "_commit: v9"))
    commit(edited)
    with pytest.raises(Refusal, match="version 9"):
        update(str(edited), {}, Library())


def test_one_that_no_template_made(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="which template"):
        update(str(tmp_path), {}, Library())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An organisation's own template, in a Git repository of its own, at version 1.0."""
    root = write(tmp_path / "own", {
        "copier.yml": "team:\n  type: str\n  default: core\n",
        "{{_copier_conf.answers_file}}.jinja": "{{ _copier_answers|to_nice_yaml }}",
        "mlops.yaml.jinja": "mlops: 1\nproject: {{ team }}\nstages:\n  a: {cmd: echo a > a, outs: [a], deps: [in]}\n",
        "in": "1\n2\n3\n",
    })  # fmt: skip
    run("git", "init", "--quiet", cwd=root)
    commit(root, "1.0")
    return root


def test_an_own_template_works_alike(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new("mine", "./own", {"team": "blue"})
    root = tmp_path / "mine"
    assert "project: blue" in (root / "mlops.yaml").read_text()
    (root / "in").write_text("1\n2\n3\nmine\n")
    commit(root)
    (own / "in").write_text("zero\n1\n2\n3\n")
    commit(own, "2.0")
    assert update(str(root), {}).conflicts == []
    assert (root / "in").read_text() == "zero\n1\n2\n3\nmine\n"
    assert "_commit: '2.0'" in (root / ".copier-answers.yml").read_text()


HOSTILE = {
    "tasks": {"copier.yml": "_tasks: ['touch ../ran']\n", "f": ""},
    "extensions": {"copier.yml": "_jinja_extensions: [os.system]\n", "f": ""},
    "git's own": {"copier.yml": "_exclude: []\n", "{{ '.git' }}/hooks/post-checkout": "#!/bin/sh\ntouch ../ran\n"},
    "dvc's own": {"copier.yml": "{}\n", ".dvc/config": "[core]\n"},
    "out of it": {"copier.yml": "{}\n", "{{ '..' }}/escaped": "x"},
    "absolute": {"copier.yml": "{}\n", "{{ slug_path }}/escaped": "x", "x": ""},
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_a_hostile_template_runs_nothing_and_writes_nowhere_else(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = write(tmp_path / "bad", HOSTILE[kind])
    run("git", "init", "--quiet", cwd=root)
    commit(root, "1.0")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(Refusal):
        new("mine", "./bad", {"slug_path": str(tmp_path / "elsewhere")})
    assert sorted(os.listdir(tmp_path)) == before


def test_a_link_that_leads_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = write(tmp_path / "bad", {"copier.yml": "_preserve_symlinks: true\n"})
    (root / "out").symlink_to("/etc")
    run("git", "init", "--quiet", cwd=root)
    commit(root, "1.0")
    with pytest.raises(Refusal, match="leads out"):
        new("mine", "./bad", {})


def test_without_dvc_the_files_are_those_of_dvc_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, ours = tmp_path / "real", tmp_path / "ours"
    for place in (real, ours):
        place.mkdir()
        programs.git_init(str(place))
    assert programs.dvc_init(str(real))
    monkeypatch.setattr(programs.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(programs.shutil, "which", lambda name: None if name == "dvc" else f"/usr/bin/{name}")
    assert not programs.dvc_init(str(ours))
    staged = run("git", "ls-files", cwd=real).stdout
    assert run("git", "ls-files", cwd=ours).stdout == staged
    for name in staged.split():
        assert (ours / name).read_text() == (real / name).read_text()
    run("git", "rm", "-rqf", ".dvc", cwd=ours)
    (ours / ".dvcignore").write_text("mine\n")
    assert not programs.dvc_init(str(ours))
    assert (ours / ".dvcignore").read_text() == "mine\n"
