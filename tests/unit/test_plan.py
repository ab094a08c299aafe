"""What a build would do to the files that are there, without a disk: create, update, keep, delete, conflict."""

from __future__ import annotations

from typing import Any

import pytest
from mlopsc.compiler.model.target import HEADER
from pipeline import BEGIN, END, LOCK, Planned, build_plan, built, digest, emitted, emitted_file, lock_of, planned

OLD, NEW = "old\n", "new\n"


def one(disk: str | None, written: str | None, **options: Any) -> Planned:
    """The plan for a file `f` with the text NEW; ``written`` is what the last build wrote."""
    files = {} if disk is None else {"f": disk}
    return planned([emitted_file("f", NEW)], files, {} if written is None else {"f": digest(written)}, **options)


# fmt: off
FILES: tuple[tuple[str, str | None, str | None, str, list[str]], ...] = (
    # name, on disk, written last, action, codes
    ("created", None, None, "create", []),
    ("created again where it was deleted", None, OLD, "create", []),
    ("updated", OLD, OLD, "update", []),
    ("kept", NEW, NEW, "keep", []),
    ("kept, though the lock has another", NEW, OLD, "keep", []),
    ("kept, though the lock has none", NEW, None, "keep", []),
    ("edited by hand", "mine\n", OLD, "conflict", ["MLC601"]),
    ("written by hand", "mine\n", None, "conflict", ["MLC601"]),
    ("kept, with the line ends of another system", "new\r\n", OLD, "keep", []),
    ("updated, with the line ends of another system", "old\r\n", OLD, "update", []),
)
# fmt: on


@pytest.mark.parametrize(
    ("disk", "written", "action", "codes"), [row[1:] for row in FILES], ids=[row[0].replace(" ", "-") for row in FILES]
)
def test_a_file(disk: str | None, written: str | None, action: str, codes: list[str]) -> None:
    plan = one(disk, written)
    assert plan.actions == {"f": action}
    assert list(plan.codes) == codes
    assert not plan.backups
    assert plan.contents.get("f") == (NEW if action in ("create", "update") else None)
    assert ("f" in plan.contents) == (action in ("create", "update"))
    assert ("f" in plan.pending) == (action != "keep")


def test_a_conflict_says_whose_file_it_is() -> None:
    assert "was edited since it was written" in one("mine\n", OLD).messages[0]
    assert "did not write it" in one("mine\n", None).messages[0]


def test_overwriting_keeps_what_was_edited_and_only_that() -> None:
    plan = one("mine\n", OLD, overwrite=["f"])
    assert plan.actions == {"f": "update"}
    assert plan.backups == {"f"}
    assert not plan.codes
    plan = one(OLD, OLD, overwrite=["f"])
    assert plan.actions == {"f": "update"}
    assert not plan.backups
    assert one("mine\n", OLD, overwrite=["g"]).codes == ("MLC601", "MLC608")


def test_the_lock_has_what_is_written_and_nothing_else() -> None:
    plan = planned([emitted_file("b", "b\n"), emitted_file("a", "a\n")], {}, {"gone": digest("x")})
    assert list(plan.contents) == ["a", "b", LOCK], "files by name, the lock last"
    assert plan.contents[LOCK] == (
        '{\n "version": 1,\n "files": {\n'
        f'  "a": "{digest("a" + chr(10))}",\n  "b": "{digest("b" + chr(10))}"\n }}\n}}\n'
    )


def test_a_lock_that_is_right_is_left_alone() -> None:
    first = planned([emitted_file("a", "a\n")], {})
    lock = first.contents[LOCK]
    assert lock is not None
    for text in (lock, lock.replace("\n", "\r\n")):
        again = planned([emitted_file("a", "a\n")], {"a": "a\n", LOCK: text})
        assert not again.contents
        assert not again.pending
    other = planned([emitted_file("a", "a\n")], {"a": "a\n", LOCK: '{"version": 1, "files": {}}'})
    assert other.contents == {LOCK: lock}
    assert other.writes == {LOCK: "update"}


OURS = f"{HEADER}old\n"

# fmt: off
ORPHANS: tuple[tuple[str, dict[str, str], dict[str, str], list[str], dict[str, str | None]], ...] = (
    # name, on disk, written last, codes, contents beside the lock
    ("deleted", {"f": OURS}, {"f": OURS}, [], {"f": None}),
    ("deleted, with other line ends", {"f": OURS.replace("\n", "\r\n")}, {"f": OURS}, [], {"f": None}),
    ("without our header, so left alone", {"f": OLD}, {"f": OLD}, ["MLC602"], {}),
    ("a file of ours without comments", {".mlops/run.json": OLD}, {".mlops/run.json": OLD}, [], {".mlops/run.json": None}),
    ("gone already", {}, {"f": OLD}, [], {}),
    ("edited, so left alone", {"f": "mine\n"}, {"f": OLD}, ["MLC602"], {}),
    ("a block alone in its file", {"f": f"{BEGIN}\n{OLD}{END}\n"}, {"f": OLD}, [], {"f": None}),
    ("a block below other lines", {"f": f"mine\n\n{BEGIN}\n{OLD}{END}\n"}, {"f": OLD}, [], {"f": "mine\n"}),
    ("a block right below other lines", {"f": f"mine\n{BEGIN}\n{OLD}{END}\n"}, {"f": OLD}, [], {"f": "mine\n"}),
    ("a block between other lines", {"f": f"mine\n\n{BEGIN}\n{OLD}{END}\nyours\n"}, {"f": OLD}, [], {"f": "mine\nyours\n"}),
    ("a block among blank lines", {"f": f"\n{BEGIN}\n{OLD}{END}\n"}, {"f": OLD}, [], {"f": None}),
    ("a block that was edited", {"f": f"{BEGIN}\nmine\n{END}\n"}, {"f": OLD}, ["MLC602"], {}),
    ("a block without its end", {"f": f"{BEGIN}\n{OLD}"}, {"f": OLD}, ["MLC602"], {}),
)
# fmt: on


@pytest.mark.parametrize(
    ("disk", "written", "codes", "contents"),
    [row[1:] for row in ORPHANS],
    ids=[row[0].replace(" ", "-") for row in ORPHANS],
)
def test_a_file_that_is_no_longer_emitted(
    disk: dict[str, str], written: dict[str, str], codes: list[str], contents: dict[str, str | None]
) -> None:
    plan = planned([], disk, lock_of(written))
    assert list(plan.codes) == codes
    assert {path: text for path, text in plan.contents.items() if path != LOCK} == contents
    assert plan.writes == {**{path: "update" if text else "delete" for path, text in contents.items()}, LOCK: "create"}
    assert plan.contents[LOCK] == '{\n "version": 1,\n "files": {}\n}\n'


def test_an_input_is_never_deleted_nor_overwritten() -> None:
    plan = planned([], {"f": OLD}, lock_of({"f": OLD}), inputs={"f"})
    assert "f" not in plan.contents
    assert plan.codes == ("MLC602",)
    plan = planned([emitted_file("f", NEW), emitted_file("g", NEW)], {"f": OLD}, lock_of({"f": OLD}), inputs={"f"})
    assert plan.codes == ("MLC604",)
    assert not plan.contents


# fmt: off
BLOCKS: tuple[tuple[str, str | None, str | None, str, list[str], str | None], ...] = (
    # name, on disk, written last, action, codes, new content
    ("of a new file", None, None, "create", [], f"{BEGIN}\n{NEW}{END}\n"),
    ("below what is there", "mine\n", None, "update", [], f"mine\n\n{BEGIN}\n{NEW}{END}\n"),
    ("below a line without end", "mine", None, "update", [], f"mine\n\n{BEGIN}\n{NEW}{END}\n"),
    ("of an empty file", "", None, "update", [], f"{BEGIN}\n{NEW}{END}\n"),
    ("in the place of the old", f"a\n{BEGIN}\n{OLD}{END}\nb\n", OLD, "update", [], f"a\n{BEGIN}\n{NEW}{END}\nb\n"),
    ("as it should be", f"a\n{BEGIN}\n{NEW}{END}\nb\n", OLD, "keep", [], None),
    ("as it should be, without a lock", f"{BEGIN}\n{NEW}{END}\n", None, "keep", [], None),
    ("edited", f"a\n{BEGIN}\nmine\n{END}\nb\n", OLD, "conflict", ["MLC601"], None),
    ("not ours", f"{BEGIN}\n{OLD}{END}\n", None, "conflict", ["MLC601"], None),
    ("without its end", f"{BEGIN}\n{OLD}", OLD, "conflict", ["MLC607"], None),
    ("without its beginning", f"{OLD}{END}\n", OLD, "conflict", ["MLC607"], None),
    ("end before beginning", f"{END}\n{OLD}{BEGIN}\n", OLD, "conflict", ["MLC607"], None),
    ("twice", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", OLD, "conflict", ["MLC607"], None),
    ("two ends", f"{BEGIN}\n{END}\n{END}\n", OLD, "conflict", ["MLC607"], None),
    ("the marks with other line ends", f"{BEGIN}\r\n{OLD}{END}\r\n", OLD, "update", [], f"{BEGIN}\n{NEW}{END}\n"),
)
# fmt: on


@pytest.mark.parametrize(
    ("disk", "written", "action", "codes", "content"),
    [row[1:] for row in BLOCKS],
    ids=[row[0].replace(" ", "-") for row in BLOCKS],
)
def test_a_block(disk: str | None, written: str | None, action: str, codes: list[str], content: str | None) -> None:
    files = {} if disk is None else {"f": disk}
    plan = planned([emitted_file("f", NEW, block=True)], files, lock_of({} if written is None else {"f": written}))
    assert plan.actions == {"f": action}
    assert list(plan.codes) == codes
    assert plan.contents.get("f") == content
    assert not plan.backups


def test_overwriting_a_block_keeps_what_was_edited() -> None:
    files = {"f": f"a\n{BEGIN}\nmine\n{END}\n"}
    plan = planned([emitted_file("f", NEW, block=True)], files, lock_of({"f": OLD}), overwrite=["f"])
    assert plan.contents["f"] == f"a\n{BEGIN}\n{NEW}{END}\n"
    assert plan.backups == {"f"}
    assert not plan.codes
    files = {"f": f"a\n{BEGIN}\n{OLD}{END}\n"}
    plan = planned([emitted_file("f", NEW, block=True)], files, lock_of({"f": OLD}), overwrite=["f"])
    assert plan.actions == {"f": "update"}
    assert not plan.backups


# fmt: off
PLACES: tuple[tuple[str, str, dict[str, str], list[str]], ...] = (
    ("above the repository", "../f", {}, ["MLC605"]),
    ("an absolute path", "/f", {}, ["MLC605"]),
    ("Git's own", ".git/config", {}, ["MLC605"]),
    ("Git's own, deep", "a/.GIT/config", {}, ["MLC605"]),
    ("an odd path", "a/./f", {}, ["MLC605"]),
    ("the lock", LOCK, {}, ["MLC605"]),
    ("a folder in its place", "f", {"f": "dir"}, ["MLC605"]),
    ("a link in its place", "f", {"f": "link"}, ["MLC605"]),
    ("something else in its place", "f", {"f": "other"}, ["MLC605"]),
    ("a link on the way", "d/f", {"d": "link"}, ["MLC605"]),
    ("a file on the way", "d/e/f", {"d": "dir", "d/e": "file"}, ["MLC605"]),
    ("folders on the way", "d/e/f", {"d": "dir", "d/e": "dir"}, []),
)
# fmt: on


@pytest.mark.parametrize(
    ("path", "kinds", "codes"), [row[1:] for row in PLACES], ids=[row[0].replace(" ", "-") for row in PLACES]
)
def test_a_place_that_cannot_be_written(path: str, kinds: dict[str, str], codes: list[str]) -> None:
    plan = planned([emitted_file(path, NEW)], {}, {}, kinds=kinds)
    assert list(plan.codes) == codes
    assert (path in plan.contents) == (not codes)
    orphan = planned([], {}, {path: digest(OLD)}, kinds={path: "file", **kinds}) if codes and path != LOCK else None
    assert orphan is None or path not in orphan.contents


def test_a_link_is_never_deleted_whatever_it_leads_to() -> None:
    for kinds in ({"f": "link"}, {"f": "other"}):
        plan = planned([], {"f": OLD}, lock_of({"f": OLD}), kinds=kinds)
        assert (plan.codes, list(plan.contents)) == (("MLC602",), [LOCK])


def test_what_stands_in_the_way_is_named() -> None:
    for kind, words in (("dir", "is a folder"), ("link", "a link to another place"), ("other", "not a regular file")):
        assert words in planned([emitted_file("f", NEW)], {}, {}, kinds={"f": kind}).messages[0]
    assert "`d` is not a folder" in planned([emitted_file("d/f", NEW)], {}, {}, kinds={"d": "file"}).messages[0]


def test_two_files_that_only_case_tells_apart() -> None:
    plan = planned([emitted_file("A", NEW), emitted_file("a", NEW)], {}, {})
    assert plan.codes == ("MLC603",)
    assert not plan.contents


def test_executables_are_marked() -> None:
    files = [emitted_file("x", NEW, executable=True), emitted_file("y", NEW)]
    for disk in ({}, {"x": OLD, "y": OLD}, {"x": NEW, "y": NEW}):
        assert planned(files, disk, lock_of({"x": OLD, "y": OLD})).executables == {"x"}


def test_differences() -> None:
    assert one(OLD, OLD).diffs["f"] == "--- f\n+++ f\n@@ -1 +1 @@\n-old\n+new\n"
    assert one(None, None).diffs["f"] == "--- /dev/null\n+++ f\n@@ -0,0 +1 @@\n+new\n"
    assert one(NEW, NEW).diffs["f"] == ""
    assert (
        planned([], {"f": OURS}, lock_of({"f": OURS})).diffs["f"].startswith("--- f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n")
    )
    assert planned([emitted_file("f", NEW)], {"f": "a\0"}, {}).diffs["f"] == ""


# a whole build
SPEC = "project: p\nstack: {orchestrator: [dvc, mlflow]}\nstages: {one: {cmd: x, outs: [a]}}"


def test_a_build_twice_changes_nothing() -> None:
    first = build_plan(SPEC)
    assert set(first.actions) == set(emitted(SPEC))
    assert set(first.actions.values()) == {"create"}
    after = built(SPEC)
    again = build_plan(SPEC, after)
    assert not again.pending
    assert not again.contents


def test_a_change_of_the_spec_changes_what_it_concerns() -> None:
    after = built(SPEC)
    plan = build_plan(SPEC.replace("cmd: x", "cmd: y"), after)
    assert plan.pending == {"dvc.yaml": "update"}
    plan = build_plan(SPEC.replace("[dvc, mlflow]", "[dvc]"), after)
    assert plan.pending["MLproject"] == "delete"
    assert plan.pending[".gitignore"] == "update"
    assert "dvc.yaml" not in plan.pending
    plan = build_plan(SPEC, {**after, "Makefile": "mine\n"})
    assert plan.pending == {"Makefile": "conflict"}
    assert plan.codes == ("MLC601",)
    plan = build_plan(SPEC, {**after, "Makefile": "mine\n"}, overwrite=["Makefile"])
    assert plan.backups == {"Makefile"}
    assert not plan.codes
