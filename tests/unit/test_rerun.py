"""Which stages would run, and why, from a dvc.lock written by hand; tests/real/test_rerun.py holds it to `dvc status`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pipeline import md5, md5_dir, reruns

FILES = {"in.csv": "1\n", "out.csv": "2\n", "params.yaml": "lr: 1\nnet: {depth: 2, width: 3}\n"}
SPEC = "stages: {one: {cmd: run, deps: [in.csv], params: [lr, net.depth], outs: [out.csv]}}"


def file(path: str, text: str, **more: Any) -> dict[str, Any]:
    """An item of a dvc.lock for a file."""
    return {"path": path, "hash": "md5", "md5": md5(text), "size": len(text), **more}


def folder(path: str, files: Mapping[str, str]) -> dict[str, Any]:
    """An item of a dvc.lock for a directory."""
    return {"path": path, "hash": "md5", "md5": md5_dir(files), "nfiles": len(files)}


ONE: dict[str, Any] = {
    "cmd": "run",
    "deps": [file("in.csv", "1\n")],
    "params": {"params.yaml": {"lr": 1, "net.depth": 2}},
    "outs": [file("out.csv", "2\n")],
}


def lock(**stages: Any) -> str:
    """The text of a dvc.lock."""
    return json.dumps({"schema": "2.0", "stages": stages})


def after(files: Mapping[str, str | None], locked: Mapping[str, Any] = ONE, spec: str = SPEC) -> list[str]:
    """The reasons why the stage `one` runs again, where these files differ from FILES (None: gone)."""
    disk = {**FILES, "dvc.lock": lock(one=locked), **files}
    found = reruns(spec, {path: text for path, text in disk.items() if text is not None})
    return found.get("one", [])


def without(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """A stage of dvc.lock without some keys."""
    return {key: value for key, value in body.items() if key not in keys}


def test_nothing_changed() -> None:
    assert after({}) == []
    assert reruns(SPEC, {**FILES, "dvc.lock": lock(one=ONE)}) == {}


# fmt: off
CHANGES: tuple[tuple[str, dict[str, str | None], dict[str, Any], str, list[str]], ...] = (
    # name, files that differ, the lock, the stage, reasons
    ("never ran", {"dvc.lock": None}, ONE, SPEC, ["it has not run yet"]),
    ("never ran, beside others", {"dvc.lock": lock(two=ONE)}, ONE, SPEC, ["it has not run yet"]),
    ("a lock that cannot be read", {"dvc.lock": "stages: ["}, ONE, SPEC, ["it has not run yet"]),
    ("an empty lock", {"dvc.lock": ""}, ONE, SPEC, ["it has not run yet"]),
    ("a lock of another form", {"dvc.lock": "[1]"}, ONE, SPEC, ["it has not run yet"]),
    ("a lock without stages", {"dvc.lock": "schema: '2.0'"}, ONE, SPEC, ["it has not run yet"]),
    # cmd
    ("cmd", {}, {**ONE, "cmd": "ran"}, SPEC, ["its command changed"]),
    ("cmd, lines of a text", {}, {**ONE, "cmd": ["run", "more"]}, SPEC, ["its command changed"]),
    ("cmd, the same as a list", {}, {**ONE, "cmd": ["a", "b"]}, SPEC.replace("cmd: run", "cmd: [a, b]"), []),
    ("cmd, a list that was a text", {}, ONE, SPEC.replace("cmd: run", "cmd: [run]"), ["its command changed"]),
    ("cmd, an item of several lines", {}, {**ONE, "cmd": ["a\nb"]}, SPEC.replace("cmd: run", 'cmd: ["a\\nb"]'), []),
    ("cmd with a template", {}, {**ONE, "cmd": "run 1"}, SPEC.replace("cmd: run", "cmd: 'run ${lr}'"), []),
    ("cmd with a template that changed", {}, {**ONE, "cmd": "run 2"}, SPEC.replace("cmd: run", "cmd: 'run ${lr}'"), ["its command changed"]),
    # deps
    ("dep changed", {"in.csv": "9\n"}, ONE, SPEC, ["dep `in.csv` changed"]),
    ("dep new", {}, without(ONE, "deps"), SPEC, ["dep `in.csv` is new"]),
    ("dep new beside another", {"b": ""}, ONE, SPEC.replace("[in.csv]", "[in.csv, b]"), ["dep `b` is new"]),
    ("dep removed", {}, ONE, SPEC.replace("[in.csv]", "[]"), []),
    ("dep not there", {"in.csv": None, "in.csv.dvc": "outs: [{path: in.csv}]\n"}, ONE, SPEC, ["dep `in.csv` does not exist"]),
    ("dep is a URL", {}, {**ONE, "deps": [{"path": "https://e.org/x", "etag": "1"}]}, SPEC.replace("in.csv", "'https://e.org/x'"), []),
    ("dep is a URL, and new", {}, without(ONE, "deps"), SPEC.replace("in.csv", "'https://e.org/x'"), []),
    ("URL removed", {}, {**ONE, "deps": [*ONE["deps"], {"path": "https://e.org/x"}]}, SPEC, []),
    ("a hash of DVC 2", {"in.csv": "1\r\n"}, {**ONE, "deps": [without(ONE["deps"][0], "hash")]}, SPEC, []),
    ("a hash of DVC 2 that changed", {}, {**ONE, "deps": [without(file("in.csv", "other"), "hash")]}, SPEC, ["dep `in.csv` changed"]),
    ("no hash", {}, {**ONE, "deps": [{"path": "in.csv", "hash": "md5"}]}, SPEC, ["dep `in.csv` is new"]),
    # params
    ("param changed", {"params.yaml": "lr: 5\nnet: {depth: 2}\n"}, ONE, SPEC, ["param `lr` changed from 1 to 5"]),
    ("nested param changed", {"params.yaml": "lr: 1\nnet: {depth: 7}\n"}, ONE, SPEC, ["param `net.depth` changed from 2 to 7"]),
    ("another param changed", {"params.yaml": "lr: 1\nnet: {depth: 2, width: 9}\n"}, ONE, SPEC, []),
    ("param new", {}, {**ONE, "params": {"params.yaml": {"lr": 1}}}, SPEC, ["param `net.depth` is new"]),
    ("all params new", {}, without(ONE, "params"), SPEC, ["param `lr` is new", "param `net.depth` is new"]),
    ("param by a glob", {}, {**ONE, "params": {"params.yaml": {"net.d*": 2}}}, SPEC.replace("[lr, net.depth]", "['net.d*']"), []),
    ("param gone", {"params.yaml": "lr: 1\n"}, ONE, SPEC, ["param `net.depth` is no longer in `params.yaml`"]),
    ("params file gone", {"params.yaml": None}, ONE, SPEC, ["the params file `params.yaml` does not exist"]),
    ("a tuple is a list in the lock", {"p.py": "T = (1, 2)\n"}, {**ONE, "params": {"p.py": {"T": [1, 2]}}}, SPEC.replace("[lr, net.depth]", "[{p.py: [T]}]"), []),
    ("a tuple in a list is none", {"p.py": "T = [(1, 2)]\n"}, {**ONE, "params": {"p.py": {"T": [[1, 2]]}}}, SPEC.replace("[lr, net.depth]", "[{p.py: [T]}]"),
     ["param `T` changed from [[1, 2]] to [(1, 2)]"]),
    ("param removed", {}, ONE, SPEC.replace("[lr, net.depth]", "[lr]"), []),
    ("param of another file", {"p.json": '{"a": [1, 2]}'}, {**ONE, "params": {"p.json": {"a": [1, 2]}}}, SPEC.replace("[lr, net.depth]", "[{p.json: [a]}]"), []),
    ("param of another file changed", {"p.json": '{"a": [1, 3]}'}, {**ONE, "params": {"p.json": {"a": [1, 2]}}}, SPEC.replace("[lr, net.depth]", "[{p.json: [a]}]"),
     ["param `a` changed from [1, 2] to [1, 3]"]),
    ("param of a file that is another now", {"p.json": '{"lr": 1, "net": {"depth": 2}}'}, ONE, SPEC.replace("[lr, net.depth]", "[{p.json: [lr]}, net.depth]"),
     ["param `lr` is new"]),
    ("whole file", {"p.toml": "a = 1\n"}, {**ONE, "params": {"p.toml": {"a": 1}}}, SPEC.replace("[lr, net.depth]", "[{p.toml: null}]"), []),
    ("whole file changed", {"p.toml": "a = 2\n"}, {**ONE, "params": {"p.toml": {"a": 1}}}, SPEC.replace("[lr, net.depth]", "[{p.toml: null}]"),
     ["param `a` changed from 1 to 2"]),
    ("whole file, a key gone", {"p.toml": "b = 1\n"}, {**ONE, "params": {"p.toml": {"a": 1}}}, SPEC.replace("[lr, net.depth]", "[{p.toml: null}]"),
     ["param `b` is new", "param `a` is no longer in `p.toml`"]),
    # outs
    ("out changed", {"out.csv": "9\n"}, ONE, SPEC, ["out `out.csv` changed"]),
    ("out missing", {"out.csv": None}, ONE, SPEC, ["out `out.csv` does not exist"]),
    ("out new", {}, without(ONE, "outs"), SPEC, ["out `out.csv` is new"]),
    ("out removed", {}, ONE, SPEC.replace("[out.csv]", "[]"), []),
    ("metric changed", {"out.csv": "9\n"}, ONE, SPEC.replace("outs:", "metrics:"), ["out `out.csv` changed"]),
    ("plot changed", {"out.csv": "9\n"}, ONE, SPEC.replace("outs:", "plots:"), ["out `out.csv` changed"]),
    ("out not in the cache", {".dvc/cache/x": ""}, ONE, SPEC, ["out `out.csv` is missing from the cache"]),
    ("out in the cache", {f".dvc/cache/files/md5/{md5('2' + chr(10))[:2]}/{md5('2' + chr(10))[2:]}": "2\n"}, ONE, SPEC, []),
    ("out not in the cache, which is elsewhere", {".dvc/config": "[cache]\n    dir = /elsewhere\n"}, ONE, SPEC, []),
    ("out that DVC does not keep", {".dvc/cache/x": ""}, ONE, SPEC.replace("out.csv", "out.csv: {cache: false}"), []),
    ("out that .dvcignore hides", {".dvcignore": "out.*\n"}, ONE, SPEC, ["out `out.csv` does not exist"]),
    # directories
    ("file of a directory that .dvcignore hides", {"d/a": "1", "d/b": "", ".dvcignore": "b\n"}, {**ONE, "deps": [folder("d", {"a": "1"})]},
     SPEC.replace("in.csv", "d"), []),
    ("directory", {"d/a": "1", "d/b/c": "2"}, {**ONE, "deps": [folder("d", {"a": "1", "b/c": "2"})]}, SPEC.replace("in.csv", "d"), []),
    ("directory whose files sort by path", {"d/b-c": "2", "d/b/c": "3"}, {**ONE, "deps": [folder("d", {"b-c": "2", "b/c": "3"})]},
     SPEC.replace("in.csv", "d"), []),
    ("file of a directory changed", {"d/a": "9", "d/b/c": "2"}, {**ONE, "deps": [folder("d", {"a": "1", "b/c": "2"})]}, SPEC.replace("in.csv", "d"),
     ["dep `d` changed"]),
    ("file of a directory moved", {"d/b": "1"}, {**ONE, "deps": [folder("d", {"a": "1"})]}, SPEC.replace("in.csv", "d"), ["dep `d` changed"]),
    ("file of a directory added", {"d/a": "1", "d/b": ""}, {**ONE, "deps": [folder("d", {"a": "1"})]}, SPEC.replace("in.csv", "d"), ["dep `d` changed"]),
    ("directory that is a file now", {"d": "1"}, {**ONE, "deps": [folder("d", {"a": "1"})]}, SPEC.replace("in.csv", "d"), ["dep `d` changed"]),
    ("directory out", {"o/a": "1"}, {**ONE, "outs": [folder("o", {"a": "1"})]}, SPEC.replace("out.csv", "o"), []),
    ("directory out changed", {"o/a": "2"}, {**ONE, "outs": [folder("o", {"a": "1"})]}, SPEC.replace("out.csv", "o"), ["out `o` changed"]),
    # the working directory
    ("wdir", {"w/in.csv": "1\n", "w/out.csv": "2\n", "w/params.yaml": FILES["params.yaml"]}, ONE, SPEC.replace("cmd:", "wdir: w, cmd:"), []),
    ("wdir, and above it", {"w/x": ""}, {**ONE, "deps": [file("../in.csv", "1\n")], "params": {}, "outs": []},
     "stages: {one: {cmd: run, wdir: w, deps: [../in.csv]}}", []),
    ("wdir, dep changed", {"w/in.csv": "9\n", "w/out.csv": "2\n", "w/params.yaml": FILES["params.yaml"]}, ONE, SPEC.replace("cmd:", "wdir: w, cmd:"),
     ["dep `w/in.csv` changed"]),
    ("wdir, param changed", {"w/in.csv": "1\n", "w/out.csv": "2\n", "w/params.yaml": "lr: 2\nnet: {depth: 2}"}, ONE, SPEC.replace("cmd:", "wdir: w, cmd:"),
     ["param `lr` changed from 1 to 2"]),
    # flags of the stage
    ("always_changed", {}, ONE, SPEC.replace("cmd:", "always_changed: true, cmd:"), ["`always_changed` is set"]),
    ("frozen", {"in.csv": "9\n"}, ONE, SPEC.replace("cmd:", "frozen: true, cmd:"), []),
    ("frozen, never ran", {"dvc.lock": None}, ONE, SPEC.replace("cmd:", "frozen: true, cmd:"), ["it has not run yet"]),
    # what a hand or a merge may leave in the lock
    ("items of another form", {}, {**ONE, "deps": ["in.csv"], "outs": None}, SPEC, ["dep `in.csv` is new", "out `out.csv` is new"]),
    ("params of another form", {}, {**ONE, "params": ["lr"]}, SPEC, ["param `lr` is new", "param `net.depth` is new"]),
    ("params of a file of another form", {}, {**ONE, "params": {"params.yaml": ["lr"]}}, SPEC, ["param `lr` is new", "param `net.depth` is new"]),
    ("no cmd", {}, without(ONE, "cmd"), SPEC, ["its command changed"]),
    # all at once, in this order
    ("everything", {"in.csv": "9", "out.csv": "9", "params.yaml": "lr: 9\nnet: {depth: 9}\n"}, {**ONE, "cmd": "ran"}, SPEC.replace("cmd:", "always_changed: true, cmd:"),
     ["`always_changed` is set", "its command changed", "dep `in.csv` changed", "param `lr` changed from 1 to 9", "param `net.depth` changed from 2 to 9",
      "out `out.csv` changed"]),
)
# fmt: on


@pytest.mark.parametrize(
    ("files", "locked", "spec", "reasons"),
    [row[1:] for row in CHANGES],
    ids=[row[0].replace(" ", "-") for row in CHANGES],
)
def test_reasons(files: dict[str, str | None], locked: dict[str, Any], spec: str, reasons: list[str]) -> None:
    assert after(files, locked, spec) == reasons


CHAIN = """\
stages:
  a: {cmd: a, deps: [in], outs: [1.t]}
  b: {cmd: b, deps: [1.t], outs: [2.t]}
  c: {cmd: c, deps: [2.t], outs: [3.t]}
  other: {cmd: o, deps: [in2], outs: [o.t]}
"""
LOCKED = {
    "a": {"cmd": "a", "deps": [file("in", "i")], "outs": [file("1.t", "1")]},
    "b": {"cmd": "b", "deps": [file("1.t", "1")], "outs": [file("2.t", "2")]},
    "c": {"cmd": "c", "deps": [file("2.t", "2")], "outs": [file("3.t", "3")]},
    "other": {"cmd": "o", "deps": [file("in2", "i")], "outs": [file("o.t", "o")]},
}
DISK = {"in": "i", "in2": "i", "1.t": "1", "2.t": "2", "3.t": "3", "o.t": "o", "dvc.lock": lock(**LOCKED)}


def test_what_runs_before_makes_what_is_downstream_run() -> None:
    assert reruns(CHAIN, DISK) == {}
    assert reruns(CHAIN, {**DISK, "in": "changed"}) == {
        "a": ["dep `in` changed"],
        "b": ["`a` runs before it"],
        "c": ["`b` runs before it"],
    }
    assert reruns(CHAIN, {**DISK, "2.t": "changed"}) == {
        "b": ["out `2.t` changed"],
        "c": ["dep `2.t` changed", "`b` runs before it"],
    }


def test_a_frozen_stage_stops_what_runs_before_it() -> None:
    frozen = CHAIN.replace("cmd: b,", "cmd: b, frozen: true,")
    assert reruns(frozen, {**DISK, "in": "changed"}) == {"a": ["dep `in` changed"]}


def test_the_order_is_that_of_the_stages() -> None:
    upside_down = "stages:\n" + "\n".join(reversed(CHAIN.splitlines()[1:])) + "\n"
    assert [name for name in reruns(upside_down, {**DISK, "dvc.lock": ""}) if name != "other"] == ["a", "b", "c"]


def test_each_copy_of_a_foreach_has_its_own_entry() -> None:
    spec = "stages: {each: {foreach: [x, y], do: {cmd: 'run ${item}', deps: ['${item}.in'], outs: ['${item}.out']}}}"
    locked = {
        f"each@{name}": {"cmd": f"run {name}", "deps": [file(f"{name}.in", name)], "outs": [file(f"{name}.out", "")]}
        for name in "xy"
    }
    disk = {"x.in": "x", "y.in": "y", "x.out": "", "y.out": "", "dvc.lock": lock(**locked)}
    assert reruns(spec, disk) == {}
    assert reruns(spec, {**disk, "y.in": "other"}) == {"each@y": ["dep `y.in` changed"]}


def test_a_path_that_two_stages_read_is_the_same_for_both() -> None:
    spec = "stages: {a: {cmd: a, deps: [in], outs: [1.t]}, b: {cmd: b, deps: [in], outs: [2.t]}}"
    locked = {"a": LOCKED["a"], "b": {"cmd": "b", "deps": [file("in", "i")], "outs": [file("2.t", "2")]}}
    disk = {**DISK, "dvc.lock": lock(**locked)}
    assert reruns(spec, disk) == {}
    assert list(reruns(spec, {**disk, "in": "x"})) == ["a", "b"]
