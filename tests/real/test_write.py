"""A build writes all of its files or none: killed at any instant, beside another build, on a full disk, past links."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from building import NEW, OLD, build, content
from conftest import run, write
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.cli import cache_key
from mlopsc.compiler.model.target import File
from mlopsc.compiler.write.journal import BUILD_LOCK, JOURNAL, TXN, recover
from mlopsc.compiler.write.lock import LOCK, digest, lock_text
from mlopsc.compiler.write.plan import BEGIN, END
from mlopsc.compiler.write.unchanged import SEEN, STATE

CHILD = """
import os, sys
sys.path.insert(0, {tests!r})
from building import NEW, build
from pathlib import Path
left = int(sys.argv[2])
def count(event, args):
    global left
    if event in EVENTS:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
EVENTS = {{"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.chmod", "os.truncate", "fcntl.flock"}}
real = os.fsync
def fsync(descriptor):
    count("open", ())
    real(descriptor)
    count("open", ())
os.fsync = fsync
sys.addaudithook(count)
codes = build(Path(sys.argv[1]), NEW)[1]
assert codes == [], codes
"""


def test_killed_at_every_write(tmp_path: Path) -> None:
    """However often it is counted to, what is there after recovery is wholly old or wholly new."""
    expected_new: dict[str, str] | None = None
    seen = set()
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(tests=str(Path(__file__).parent)))
    for step in range(400):
        root = tmp_path / f"r{step}"
        root.mkdir()
        (root / ".gitignore").write_text("mine\n")
        build(root, OLD)
        old = content(root)
        if expected_new is None:
            twin = tmp_path / "twin"
            twin.mkdir()
            (twin / ".gitignore").write_text("mine\n")
            build(twin, OLD)
            build(twin, NEW)
            expected_new = content(twin)
        done = subprocess.run([sys.executable, str(script), str(root), str(step)], capture_output=True, check=False)
        for path, text in content(root).items():
            assert text in (old.get(path), expected_new.get(path)), f"{path} is torn"
        assert not recover(str(root))
        after = content(root)
        assert after in (old, expected_new)
        seen.add("old" if after == old else "new")
        assert not (root / JOURNAL).exists()
        build(root, NEW)
        assert content(root) == expected_new
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr.decode()
    else:
        pytest.fail("the build never came to its end")
    assert seen == {"old", "new"}


def test_two_builds_at_once(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(tests=str(Path(__file__).parent)))
    both = [
        subprocess.Popen([sys.executable, str(script), str(tmp_path), "100000"], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in both:
        assert process.communicate(timeout=60)[1] == b""
    assert build(tmp_path, NEW) == (build(tmp_path, NEW)[0], [])
    assert (tmp_path / "a.txt").read_text() == "new a\n"
    assert not (tmp_path / "gone.txt").exists()


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.full
def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as root:
        build(root, OLD)
        before = content(root)
        codes = build(root, [File("a.txt", "small\n"), File("big.txt", "x" * 100_000)])[1]
        assert codes[-1] == "MLC612"
        assert content(root) == before
        assert build(root, NEW)[1] == []


def test_files_that_are_not_ours_and_files_that_were_edited(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine\n")
    planned, codes = build(tmp_path, OLD)
    assert codes == ["MLC601"]
    assert content(tmp_path) == {"a.txt": "mine\n"}
    change = next(change for change in planned.changes if change.path == "a.txt")
    assert "-mine" in change.diff()
    assert "+old a" in change.diff()
    assert build(tmp_path, OLD, ("a.txt",))[1] == []
    assert (tmp_path / "a.txt.orig").read_text() == "mine\n"
    (tmp_path / "gone.txt").write_text("edited\n")
    assert build(tmp_path, NEW)[1] == ["MLC602"]
    assert (tmp_path / "gone.txt").read_text() == "edited\n"


def test_same_bytes_are_taken_for_ours_and_line_ends_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old a\r\n")
    planned, codes = build(tmp_path, OLD)
    assert codes == []
    assert next(change for change in planned.changes if change.path == "a.txt").action == "keep"
    assert build(tmp_path, NEW)[1] == []


def test_a_block_leaves_the_rest_of_its_file_alone(tmp_path: Path) -> None:
    ignore = tmp_path / ".gitignore"
    ignore.write_bytes(b"mine\nno end")
    build(tmp_path, OLD)
    assert ignore.read_text() == f"mine\nno end\n\n{BEGIN}\n/x\n{END}\n"
    ignore.write_text(ignore.read_text() + "below\n")
    build(tmp_path, NEW)
    assert ignore.read_text() == f"mine\nno end\n\n{BEGIN}\n/y\n{END}\nbelow\n"
    ignore.write_text(ignore.read_text().replace("/y", "/edited"))
    assert "MLC601" in build(tmp_path, OLD)[1]
    ignore.write_text(f"{BEGIN}\n")
    assert "MLC607" in build(tmp_path, OLD)[1]


def test_links_that_lead_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "deep").symlink_to(outside)
    assert build(root, OLD)[1] == ["MLC605"]
    assert list(outside.iterdir()) == []
    (root / "deep").unlink()
    (root / "a.txt").symlink_to(outside / "target")
    assert build(root, OLD)[1] == ["MLC605"]
    (outside / "target").write_text("theirs")
    assert build(root, OLD)[1] == ["MLC605"]
    assert (outside / "target").read_text() == "theirs"


def test_read_only_files(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    (tmp_path / "a.txt").chmod(0o444)
    before = content(tmp_path)
    assert build(tmp_path, NEW)[1] == ["MLC612"]
    assert content(tmp_path) == before


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up", ".git/config", "C:\\x", "", "deep/../a.txt"])
def test_a_hostile_lock_is_not_believed(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    build_root = root / ".mlops"
    build_root.mkdir(parents=True)
    (tmp_path / "up").write_text("theirs\n")
    (root / LOCK).write_text(lock_text({path: digest("theirs\n")}))
    assert "MLC606" in build(root, OLD)[1]
    assert (tmp_path / "up").read_text() == "theirs\n"


def test_a_hostile_journal_is_not_believed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    build(root, OLD)
    (tmp_path / "up").write_text("theirs\n")
    entry = {"path": "../up", "old": sha256(b"theirs\n").hexdigest(), "new": None}
    (root / JOURNAL).write_text(json.dumps({"version": 1, "entries": [entry, {"path": 3}, "x"]}))
    assert recover(str(root)) == []
    assert (tmp_path / "up").read_text() == "theirs\n"


HASH = "0" * 64


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "x", "old": None, "new": HASH},
        {"path": "x", "old": None, "new": HASH, "staged": "../../../../up"},
        {"path": "x", "old": None, "new": sha256(b"theirs\n").hexdigest(), "staged": "../../../../up"},
        {"path": "deep", "old": "folder", "new": None},
        {"path": "a.txt/x", "old": None, "new": HASH, "staged": "0"},
        {"path": "a.txt", "old": [], "new": {}},
        {"path": "deep/.git/hooks/post-checkout", "old": None, "new": sha256(b"mine").hexdigest(), "staged": "7"},
    ],
    ids=["nothing staged", "staged outside", "of another", "folder", "file as folder", "no hashes", "a hook"],
)
def test_a_journal_is_carried_out_as_far_as_it_can_be_ours(tmp_path: Path, entry: dict[str, object]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    build(root, OLD)
    before = content(root)
    (tmp_path / "up").write_text("theirs\n")
    (root / TXN).mkdir()
    (root / TXN / "7").write_text("mine")
    (root / JOURNAL).write_text(json.dumps({"version": 1, "entries": [entry]}))
    assert recover(str(root)) == []
    assert content(root) == before
    assert (tmp_path / "up").read_text() == "theirs\n"
    assert build(root, NEW)[1] == []


@pytest.mark.parametrize("link", [".mlops", STATE, TXN, BUILD_LOCK, JOURNAL])
def test_our_own_folder_is_not_followed_elsewhere(tmp_path: Path, link: str) -> None:
    """Git carries links: a clone's `.mlops/state/txn` must not empty a folder of its owner."""
    outside = tmp_path / "outside"
    (outside / "state").mkdir(parents=True)
    (outside / "file").write_text("theirs")
    (outside / "state/file").write_text("theirs")
    root = write(tmp_path / "root", {"mlops.yaml": "mlops: 1\nstages: {a: {cmd: a, deps: [mlops.yaml]}}\n"})
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(outside / "file" if link in (BUILD_LOCK, JOURNAL) else outside)
    assert "MLC605" in run("mlopsc", "build", cwd=root, check=False).stderr
    run("mlopsc", "eject", "--yes", cwd=root)
    assert [path.read_text() for path in sorted(outside.rglob("*")) if path.is_file()] == ["theirs"] * 2


def test_a_record_of_the_last_build_is_not_left_elsewhere(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"mlops.yaml": "mlops: 1\nstages: {a: {cmd: a, deps: [mlops.yaml]}}\n"})
    run("mlopsc", "build", cwd=root)
    outside = tmp_path / "outside"
    (root / STATE).rename(outside)
    (outside / "seen.json").unlink()
    before = sorted(outside.iterdir())
    (root / STATE).symlink_to(outside)
    time.sleep(0.1)
    run("mlopsc", "build", cwd=root)
    assert sorted(outside.iterdir()) == before


def test_a_record_says_nothing_without_the_spec(tmp_path: Path) -> None:
    """A clone's own record cannot call stale files up to date."""
    root = write(tmp_path, {"mlops.yaml": "mlops: 1\nstages: {a: {cmd: a, deps: [mlops.yaml]}}\n"})
    (root / STATE).mkdir(parents=True)
    (root / SEEN).write_text(json.dumps({"key": cache_key(), "seen": {}}))
    assert "stale: dvc.yaml" in run("mlopsc", "build", "--check", cwd=root, check=False).stderr


@pytest.mark.full
def test_what_cannot_be_completed_says_so_and_is_completed_later(tmp_path: Path) -> None:
    """A file that something is mounted on takes no rename."""
    build(tmp_path, OLD)
    mounted = str(tmp_path / "deep/er/b.txt")
    if subprocess.run(["mount", "--bind", mounted, mounted], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        codes = build(tmp_path, NEW)[1]
        assert codes == ["MLC612"]
        said = recover(str(tmp_path))
        assert "could not be completed" in said[0].message
        assert "deep/er/b.txt" in said[0].message
    finally:
        subprocess.run(["umount", mounted], check=True)
    assert build(tmp_path, NEW)[1] == []
    assert (tmp_path / "deep/er/b.txt").read_text() == "new b\n"
    assert not (tmp_path / "gone.txt").exists()


def test_outputs_never_overwrite_inputs(tmp_path: Path) -> None:
    (tmp_path / "input.yaml").write_text("mine")
    assert build(tmp_path, [File("input.yaml", "x"), File("A.txt", "1"), File("a.txt", "2")])[1] == ["MLC604", "MLC603"]
    assert (tmp_path / "input.yaml").read_text() == "mine"


NAMES = st.sampled_from(["a", "b", "c/d"])
ACTS = st.one_of(
    st.tuples(st.just("edit"), NAMES, st.sampled_from(["one\n", "two\n", "three"])),
    st.tuples(st.just("build"), st.dictionaries(NAMES, st.sampled_from(["gen 1\n", "gen 2\n"])), st.sets(NAMES)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=8))
def test_what_a_user_wrote_is_never_lost(acts: list[tuple[str, object, object]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        mine: dict[str, str] = {}
        for act, first, second in acts:
            if act == "edit":
                path = root / str(first)
                path.parent.mkdir(exist_ok=True)
                path.write_text(str(second))
                mine[str(first)] = str(second)
                continue
            files = [File(name, text) for name, text in first.items()]  # type: ignore[attr-defined]
            codes = build(root, files, tuple(sorted(second)))[1]  # type: ignore[call-overload]
            for name, text in mine.items():
                kept = [path.read_text() for path in (root / name, root / f"{name}.orig") if path.exists()]
                assert text in kept
            if not codes:
                assert not build(root, files)[0].pending


def test_names_are_the_same_whatever_the_umask(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    os.chmod(tmp_path / "a.txt", 0o640)
    build(tmp_path, [File("a.txt", "x\n", executable=True)])
    assert os.stat(tmp_path / "a.txt").st_mode & 0o777 == 0o750


def test_git_sees_no_state(tmp_path: Path) -> None:
    run("git", "init", "--quiet", cwd=tmp_path)
    build(tmp_path, OLD)
    status = run("git", "status", "--porcelain", "--untracked-files=all", cwd=tmp_path).stdout
    assert "state" not in status
    assert LOCK in status
