"""What ignore files hide: held to Git for `.gitignore`, and to DVC for `.dvcignore`."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import write
from dvc.fs import LocalFileSystem
from dvc.ignore import DvcIgnoreFilter
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.model.snapshot import Disk
from mlopsc.compiler.read.ignore import DVC, GIT, Ignored
from mlopsc.compiler.read.listing import Listing

pytestmark = pytest.mark.real

PATHS = ["a", "a.tmp", "b/a", "b/a.tmp", "b/c/a", "b/c/[x]", "b/c/a.tmp", "data/x.csv", "data/y/z.csv", "d a"]
PIECES = st.sampled_from(
    ["a", "*", "**", "b", "c", "*.tmp", "?", "[ab]", "[!a]", "data", "y", "x.csv", "\\[x\\]", "d a", "a?tmp"]
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    text = "/".join(draw(st.lists(PIECES, min_size=1, max_size=3)))
    return draw(st.sampled_from(["", "!", "/"])) + text + draw(st.sampled_from(["", "", "/", "  "]))


FILES = st.lists(lines(), max_size=4).map(lambda lines: "".join(f"{line}\n" for line in lines))


NESTED = st.sampled_from(["", "a\n", "!a.tmp\n", "*.tmp\n", "/c\n", "c/\n", "/a\n*.tmp\n", "[ab]\n!a\n"])
"""DVC puts the folder before the patterns of a nested file, and mistakes `\\[` and `**/` there."""


@pytest.fixture(scope="module")
def checkout() -> Path:
    root = write(Path(tempfile.mkdtemp()).resolve(), dict.fromkeys(PATHS, ""))
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return root


def ignored_by(root: Path, name: str) -> Ignored:
    disk = Disk(str(root))
    return Ignored(disk, name, Listing(disk))


@settings(max_examples=60, deadline=None)
@given(FILES, FILES)
@example("data/*\n!data/x.csv\n", "")
@example("**/a\n", "!a\n")
@example("a/**/b\nb/**\n", "")
def test_git(checkout: Path, top: str, below: str) -> None:
    write(checkout, {GIT: top, f"b/{GIT}": below})
    done = subprocess.run(
        ["git", "-C", str(checkout), "check-ignore", "--no-index", "--stdin", "-z"],
        input="\0".join(PATHS), capture_output=True, text=True, check=False,
    )  # fmt: skip
    ignored = ignored_by(checkout, GIT)
    assert {path for path in PATHS if ignored.hidden_by(path)} == set(filter(None, done.stdout.split("\0")))


@settings(max_examples=60, deadline=None)
@given(FILES, NESTED)
@example("*.tmp\n", "!a.tmp\n")
@example("*/\n", "")
@example("**/*/\n**/\n", "")
@example("/*/\n", "")
def test_dvc(checkout: Path, top: str, below: str) -> None:
    assume("!" not in below or "/" not in top)  # with `*/*` above it, DVC does not bring `b/a` back for `!a` in b
    write(checkout, {DVC: top, f"b/{DVC}": below})
    ignored, dvc = ignored_by(checkout, DVC), DvcIgnoreFilter(LocalFileSystem(url=str(checkout)), str(checkout))
    hidden = {path for path in PATHS if dvc.is_ignored_file(str(checkout / path))}
    assert {path for path in PATHS if ignored.hidden_by(path)} == hidden


def test_from_a_folder_of_the_repository(checkout: Path) -> None:
    write(checkout, {GIT: "/b/c/a\n*.tmp\n", f"b/{GIT}": ""})
    ignored = ignored_by(checkout / "b", GIT)
    assert ignored.hidden_by("c/a") == ".gitignore:1: /b/c/a"
    assert ignored.hidden_by("../a.tmp") == ".gitignore:2: *.tmp"
    assert ignored.hidden_by("../a") is None
    assert ignored.hidden_by("../../a.tmp") is None
