"""Every kind of edge between stages: what a spec says, and which stages each stage depends on.

tests/real/test_edges.py holds the same table to DVC's own graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from pipeline import artifacts, codes, diagnostics, order, parents, upstream


@dataclass(frozen=True)
class Case:
    """Stages as YAML, other files, and the edges: for each stage the names of its upstream, separated by spaces."""

    name: str
    stages: str
    edges: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    top: str = ""
    dvc: bool = True
    """Whether DVC, given the emitted dvc.yaml, draws the same edges; False where it refuses the pipeline."""

    @property
    def spec(self) -> str:
        """The text of mlops.yaml."""
        return f"{self.top}stages:\n" + "".join(f"  {line}\n" for line in self.stages.strip().splitlines())


MAKES_A = "make: {cmd: m, outs: [a]}\n"
# fmt: off
CASES = (
    Case("no edge", "one: {cmd: x, deps: [a]}\ntwo: {cmd: y, deps: [b]}", {"one": "", "two": ""}),
    Case("file", MAKES_A + "read: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    Case("file of a folder", "make: {cmd: m, outs: [d/a]}\nread: {cmd: r, deps: [d/a]}", {"make": "", "read": "make"}),
    Case("read before it is made", "read: {cmd: r, deps: [a]}\n" + MAKES_A, {"make": "", "read": "make"}),
    Case(
        "several deps, several upstream",
        "a: {cmd: x, outs: [a1, a2]}\nb: {cmd: x, outs: [b1]}\nc: {cmd: x, deps: [b1, a2, a1]}",
        {"a": "", "b": "", "c": "a b"},
    ),
    Case("chain", "a: {cmd: x, outs: [1.t]}\nb: {cmd: x, deps: [1.t], outs: [2.t]}\nc: {cmd: x, deps: [2.t]}",
         {"a": "", "b": "a", "c": "b"}),
    Case(
        "diamond",
        "top: {cmd: x, outs: [t]}\nleft: {cmd: x, deps: [t], outs: [l]}\nright: {cmd: x, deps: [t], outs: [r]}\n"
        "end: {cmd: x, deps: [l, r]}",
        {"top": "", "left": "top", "right": "top", "end": "left right"},
    ),
    # directories
    Case("directory", "make: {cmd: m, outs: [d]}\nread: {cmd: r, deps: [d]}", {"make": "", "read": "make"}),
    Case("dep below a directory out", "make: {cmd: m, outs: [d]}\nread: {cmd: r, deps: [d/x.csv]}", {"make": "", "read": "make"}),
    Case("dep far below a directory out", "make: {cmd: m, outs: [d]}\nread: {cmd: r, deps: [d/e/f/x.csv]}",
         {"make": "", "read": "make"}),
    Case("dep below a nested directory out", "make: {cmd: m, outs: [a/b]}\nread: {cmd: r, deps: [a/b/c/x]}",
         {"make": "", "read": "make"}),
    Case("directory above an out", "make: {cmd: m, outs: [d/x]}\nread: {cmd: r, deps: [d]}", {"make": "", "read": "make"}),
    Case("directory far above an out", "make: {cmd: m, outs: [d/e/f/x]}\nread: {cmd: r, deps: [d]}", {"make": "", "read": "make"}),
    Case("directory between", "make: {cmd: m, outs: [d/e/f/x]}\nread: {cmd: r, deps: [d/e]}", {"make": "", "read": "make"}),
    Case("directory that several stages fill", "one: {cmd: x, outs: [d/1]}\ntwo: {cmd: x, outs: [d/2]}\nread: {cmd: r, deps: [d]}",
         {"one": "", "two": "", "read": "one two"}),
    Case(
        "directory that several stages fill at several depths",
        "one: {cmd: x, outs: [d/1]}\ntwo: {cmd: x, outs: [d/e/2]}\nthree: {cmd: x, outs: [d/e/f/3]}\n"
        "all: {cmd: r, deps: [d]}\nsome: {cmd: r, deps: [d/e]}\nlast: {cmd: r, deps: [d/e/f/3]}",
        {"one": "", "two": "", "three": "", "all": "one two three", "some": "two three", "last": "three"},
    ),
    Case("a stage with several outs below one directory, once", "make: {cmd: m, outs: [d/1, d/2]}\nread: {cmd: r, deps: [d]}",
         {"make": "", "read": "make"}),
    Case("sibling directory", "make: {cmd: m, outs: [d/x]}\nread: {cmd: r, deps: [e/x]}", {"make": "", "read": ""}),
    Case("sibling in the same directory", "make: {cmd: m, outs: [d/x]}\nread: {cmd: r, deps: [d/y]}", {"make": "", "read": ""}),
    Case("name that only begins alike", "make: {cmd: m, outs: [data]}\nread: {cmd: r, deps: [data2/x, data.csv, dat]}",
         {"make": "", "read": ""}),
    Case("folder that only begins alike", "make: {cmd: m, outs: [data/x]}\nread: {cmd: r, deps: [dat, data/x.csv]}",
         {"make": "", "read": ""}),
    # kinds of outs
    Case("metric", "make: {cmd: m, metrics: [m.json]}\nread: {cmd: r, deps: [m.json]}", {"make": "", "read": "make"}),
    Case("plot", "make: {cmd: m, plots: [p.csv]}\nread: {cmd: r, deps: [p.csv]}", {"make": "", "read": "make"}),
    Case("plots directory", "make: {cmd: m, plots: [p]}\nread: {cmd: r, deps: [p/x.csv]}", {"make": "", "read": "make"}),
    Case("out with flags", "make: {cmd: m, outs: [{a: {cache: false}}]}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    Case("metric with flags", "make: {cmd: m, metrics: [{a: {cache: false}}]}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    Case("plot with a list of flags", "make: {cmd: m, plots: [{a: [{x: i, y: j}]}]}\nread: {cmd: r, deps: [a]}",
         {"make": "", "read": "make"}, dvc=False),
    Case("second of two outs in one item", "make: {cmd: m, outs: [{a: {cache: false}, b: {persist: true}}]}\nread: {cmd: r, deps: [b]}",
         {"make": "", "read": "make"}),
    Case("persistent out", "make: {cmd: m, outs: [{a: {persist: true}}]}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    # parameter files
    Case("params.yaml that a stage makes", "make: {cmd: m, outs: [params.yaml]}\nread: {cmd: r, params: [lr]}", {"make": "", "read": "make"}),
    Case("custom parameter file, by key", "make: {cmd: m, outs: [p.json]}\nread: {cmd: r, params: [{p.json: [a.b]}]}",
         {"make": "", "read": "make"}),
    Case("custom parameter file, whole", "make: {cmd: m, outs: [p.toml]}\nread: {cmd: r, params: [{p.toml: null}]}",
         {"make": "", "read": "make"}),
    Case("custom parameter file, no keys", "make: {cmd: m, outs: [p.toml]}\nread: {cmd: r, params: [{p.toml: []}]}",
         {"make": "", "read": "make"}),
    Case("parameter file in a directory out", "make: {cmd: m, outs: [conf]}\nread: {cmd: r, params: [{conf/p.yaml: [a]}]}",
         {"make": "", "read": "make"}),
    Case("parameter file seen from a wdir", "make: {cmd: m, outs: [w/params.yaml]}\nread: {cmd: r, wdir: w, params: [a]}",
         {"make": "", "read": "make"}, {"w/.keep": ""}),
    Case("parameter file and dep of two stages", "a: {cmd: x, outs: [p.json]}\nb: {cmd: x, outs: [d]}\n"
         "read: {cmd: r, deps: [d], params: [{p.json: [k]}]}", {"a": "", "b": "", "read": "a b"}),
    Case("parameter file of the repository", "make: {cmd: m, outs: [a]}\nread: {cmd: r, params: [lr]}", {"make": "", "read": ""},
         {"params.yaml": "lr: 1\n"}),
    # foreach, matrix
    Case("foreach list", "each:\n  foreach: [a, b]\n  do: {cmd: 'x ${item}', outs: ['o/${item}']}\nread: {cmd: r, deps: [o/b]}",
         {"each@a": "", "each@b": "", "read": "each@b"}),
    Case("foreach, fan in by the parent directory",
         "each:\n  foreach: [a, b]\n  do: {cmd: 'x ${item}', outs: ['o/${item}']}\nread: {cmd: r, deps: [o]}",
         {"each@a": "", "each@b": "", "read": "each@a each@b"}),
    Case("foreach dict", "each:\n  foreach: {k: {path: p}, l: {path: q}}\n  do: {cmd: x, outs: ['${key}/${item.path}']}\n"
         "read: {cmd: r, deps: [l/q]}", {"each@k": "", "each@l": "", "read": "each@l"}),
    Case("foreach list of mappings", "each:\n  foreach: [{n: p}, {n: q}]\n  do: {cmd: x, outs: ['${item.n}']}\nread: {cmd: r, deps: [q]}",
         {"each@0": "", "each@1": "", "read": "each@1"}),
    Case("foreach from vars", "each:\n  foreach: '${names}'\n  do: {cmd: x, outs: ['${item}.t']}\nread: {cmd: r, deps: [b.t]}",
         {"each@a": "", "each@b": "", "read": "each@b"}, top="vars: [{names: [a, b]}]\n"),
    Case("foreach to foreach, each its own",
         "up:\n  foreach: [a, b]\n  do: {cmd: x, outs: ['u/${item}']}\ndown:\n  foreach: [a, b]\n  do: {cmd: x, deps: ['u/${item}']}",
         {"up@a": "", "up@b": "", "down@a": "up@a", "down@b": "up@b"}),
    Case("fan out", MAKES_A + "each:\n  foreach: [1, 2]\n  do: {cmd: x, deps: [a]}", {"make": "", "each@1": "make", "each@2": "make"}),
    Case("matrix", "each:\n  matrix: {m: [x, y], n: [1, 2]}\n  cmd: c\n  outs: ['o/${item.m}/${item.n}']\nread: {cmd: r, deps: [o/y/1]}",
         {"each@x-1": "", "each@x-2": "", "each@y-1": "", "each@y-2": "", "read": "each@y-1"}),
    Case("matrix, by its key", "each:\n  matrix: {m: [x, y]}\n  cmd: c\n  outs: ['o/${key}']\nread: {cmd: r, deps: [o/y]}",
         {"each@x": "", "each@y": "", "read": "each@y"}),
    Case("matrix, fan in of one axis", "each:\n  matrix: {m: [x, y], n: [1, 2]}\n  cmd: c\n  outs: ['o/${item.m}/${item.n}']\nread: {cmd: r, deps: [o/y]}",
         {"each@x-1": "", "each@x-2": "", "each@y-1": "", "each@y-2": "", "read": "each@y-1 each@y-2"}),
    Case("templates from params.yaml", "make: {cmd: m, outs: ['${dir}/a']}\nread: {cmd: r, deps: [made/a]}", {"make": "", "read": "make"},
         {"params.yaml": "dir: made\n"}),
    Case("template in a dep", MAKES_A + "read: {cmd: r, deps: ['${x}']}", {"make": "", "read": "make"}, top="vars: [{x: a}]\n"),
    Case("vars of a stage", "make: {cmd: m, vars: [{x: a}], outs: ['${x}']}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    # wdir
    Case("wdir of both", "make: {cmd: m, wdir: w, outs: [a]}\nread: {cmd: r, wdir: w, deps: [a]}", {"make": "", "read": "make"}, {"w/.keep": ""}),
    Case("wdir of the writer", "make: {cmd: m, wdir: w, outs: [a]}\nread: {cmd: r, deps: [w/a]}", {"make": "", "read": "make"}, {"w/.keep": ""}),
    Case("wdir of the reader", "make: {cmd: m, outs: [w/a]}\nread: {cmd: r, wdir: w, deps: [a]}", {"make": "", "read": "make"}, {"w/.keep": ""}),
    Case("up from the wdir", MAKES_A + "read: {cmd: r, wdir: w, deps: [../a]}", {"make": "", "read": "make"}, {"w/.keep": ""}),
    Case("out up from the wdir", "make: {cmd: m, wdir: w, outs: [../a]}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}, {"w/.keep": ""}),
    Case("across two wdirs", "make: {cmd: m, wdir: v, outs: [a]}\nread: {cmd: r, wdir: w/x, deps: [../../v/a]}", {"make": "", "read": "make"},
         {"v/.keep": "", "w/x/.keep": ""}),
    Case("same name in other wdirs", "make: {cmd: m, wdir: v, outs: [a]}\nread: {cmd: r, wdir: w, deps: [a]}", {"make": "", "read": ""},
         {"v/.keep": "", "w/.keep": ""}),
    Case("wdir not in its simplest form", "make: {cmd: m, wdir: ./w/, outs: [a]}\nread: {cmd: r, deps: [w/a]}", {"make": "", "read": "make"},
         {"w/.keep": ""}),
    Case("wdir by a template", "make: {cmd: m, wdir: '${d}', outs: [a]}\nread: {cmd: r, deps: [w/a]}", {"make": "", "read": "make"},
         {"w/.keep": ""}, top="vars: [{d: w}]\n"),
    Case("wdir out as a whole", "make: {cmd: m, outs: [d/e]}\nread: {cmd: r, wdir: d, deps: [e/x]}", {"make": "", "read": "make"}, {"d/.keep": ""}),
    Case("wdir metric and plot", "make: {cmd: m, wdir: w, metrics: [m.json], plots: [p.csv]}\na: {cmd: r, deps: [w/m.json]}\nb: {cmd: r, deps: [w/p.csv]}",
         {"make": "", "a": "make", "b": "make"}, {"w/.keep": ""}),
    Case("the whole repository", "make: {cmd: m, wdir: w, outs: [a]}\nread: {cmd: r, deps: [.]}\nother: {cmd: o, wdir: w, deps: [..]}",
         {"make": "", "read": "make", "other": "make"}, {"w/.keep": ""}),
    Case("the whole repository without what is outside", "url: {cmd: m, outs: ['s3://b/x']}\nabs: {cmd: m, outs: [/a/x]}\n"
         "up: {cmd: m, outs: [../x]}\nread: {cmd: r, deps: [.]}\nall: {cmd: r, deps: [..]}",
         {"url": "", "abs": "", "up": "", "read": "", "all": "up"}, dvc=False),
    # ways to write a path
    Case("./ in a dep", MAKES_A + "read: {cmd: r, deps: [./a]}", {"make": "", "read": "make"}),
    Case("./ in an out", "make: {cmd: m, outs: [./a]}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    Case("// in a dep", "make: {cmd: m, outs: [d/a]}\nread: {cmd: r, deps: [d//a]}", {"make": "", "read": "make"}),
    Case("/./ in a dep", "make: {cmd: m, outs: [d/a]}\nread: {cmd: r, deps: [d/./a]}", {"make": "", "read": "make"}),
    Case(".. in a dep", "make: {cmd: m, outs: [d/a]}\nread: {cmd: r, deps: [d/e/../a]}", {"make": "", "read": "make"}),
    Case(".. at the end of a dep", "make: {cmd: m, outs: [d/a]}\nread: {cmd: r, deps: [d/e/..]}", {"make": "", "read": "make"}),
    Case("/ at the end of a dep", "make: {cmd: m, outs: [d]}\nread: {cmd: r, deps: [d/]}", {"make": "", "read": "make"}),
    Case("/ at the end of an out", "make: {cmd: m, outs: [d/]}\nread: {cmd: r, deps: [d/x]}", {"make": "", "read": "make"}),
    Case("hidden files", "make: {cmd: m, outs: [.d/.a]}\nread: {cmd: r, deps: [.d/.a]}\nother: {cmd: r, deps: [.d]}",
         {"make": "", "read": "make", "other": "make"}),
    Case("spaces and other letters", "make: {cmd: m, outs: ['a b/é']}\nread: {cmd: r, deps: ['a b/é']}", {"make": "", "read": "make"}),
    # what does not come from a stage
    Case("file that `dvc add` tracks", "read: {cmd: r, deps: [raw.csv]}", {"read": ""}, {"raw.csv.dvc": "outs: [{path: raw.csv}]\n"}),
    Case("URL", MAKES_A + "read: {cmd: r, deps: ['https://example.org/a', a]}", {"make": "", "read": "make"}),
    Case("absolute path", MAKES_A + "read: {cmd: r, deps: [/a]}", {"make": "", "read": ""}),
    Case("dataset", MAKES_A + "read: {cmd: r, deps: ['ds://a', a]}", {"make": "", "read": "make"},
         top="datasets: [{name: a, type: url, url: s3://bucket/a}]\n"),
    Case("out of another dvc.yaml", "read: {cmd: r, deps: [sub/a], outs: [b]}\nend: {cmd: e, deps: [b]}", {"read": "", "end": "read"},
         {"sub/dvc.yaml": "stages:\n  other: {cmd: o, outs: [a]}\n"}),
    # what does not change the edges
    Case("frozen", "make: {cmd: m, outs: [a], frozen: true}\nread: {cmd: r, deps: [a], frozen: true}", {"make": "", "read": "make"}, dvc=False),
    Case("always_changed", "make: {cmd: m, outs: [a], always_changed: true}\nread: {cmd: r, deps: [a]}", {"make": "", "read": "make"}),
    Case("dep named twice", MAKES_A + "read: {cmd: r, deps: [a, ./a]}", {"make": "", "read": "make"}, dvc=False),
    # what is an error, and still has edges to report on
    Case("reads its own out", "one: {cmd: x, deps: [a], outs: [a]}", {"one": ""}, dvc=False),
    Case("reads in its own directory", "one: {cmd: x, deps: [d/a], outs: [d]}\ntwo: {cmd: y, deps: [d]}", {"one": "", "two": "one"}, dvc=False),
    Case("two writers, the first is the producer", "one: {cmd: x, outs: [a]}\ntwo: {cmd: y, outs: [a]}\nread: {cmd: r, deps: [a]}",
         {"one": "", "two": "", "read": "one"}, dvc=False),
    Case("out inside an out", "outer: {cmd: x, outs: [d]}\ninner: {cmd: y, outs: [d/e]}\nread: {cmd: r, deps: [d/e/f]}\nall: {cmd: r, deps: [d]}",
         {"outer": "", "inner": "", "read": "inner outer", "all": "outer inner"}, dvc=False),
    # gates are stages
    Case("gate", "judge: {cmd: j, metrics: [m.json], gates: {accuracy: '>= 0.9'}}", {"judge": "", "gate-judge": "judge"}),
    Case("gate of a matrix", "judge: {matrix: {m: [1, 2]}, cmd: j, metrics: ['${item.m}.json'], gates: {accuracy: '>= 0.9'}}",
         {"judge@1": "", "judge@2": "", "gate-judge@1": "judge@1", "gate-judge@2": "judge@2"}),
    Case("gate of a foreach", "judge:\n  foreach: [a]\n  do: {cmd: j, metrics: ['${item}.json'], gates: {accuracy: '>= 0.9'}}",
         {"judge@a": "", "gate-judge@a": "judge@a"}),
    # conventions
    Case("outs of the stage above", "prepare:\ntrain:\nevaluate:", {"prepare": "", "train": "prepare", "evaluate": "train"},
         {"src/prepare.py": "", "src/train.py": "", "src/evaluate.py": ""}),
    Case("nothing of a stage further up", "prepare:\nother: {cmd: x, outs: [b]}\nclean:", {"prepare": "", "other": "", "clean": "other"},
         {"src/prepare.py": "", "src/clean.py": ""}),
    Case("outs of the foreach above", "each:\n  foreach: [a, b]\n  do: {}\nclean:", {"each@a": "", "each@b": "", "clean": "each@a each@b"},
         {"src/each.py": "", "src/clean.py": ""}),
    Case("outs of the matrix above", "each: {matrix: {m: [a, b]}}\nclean:", {"each@a": "", "each@b": "", "clean": "each@a each@b"},
         {"src/each.py": "", "src/clean.py": ""}),
    Case("stated deps instead of the stage above", "prepare:\nclean: {deps: [raw.csv]}", {"prepare": "", "clean": ""},
         {"src/prepare.py": "", "src/clean.py": "", "raw.csv": ""}),
    Case("imported module that a stage makes", "make: {cmd: m, outs: [src/made.py]}\nclean: {deps: [x.csv]}", {"make": "", "clean": "make"},
         {"src/clean.py": "import made\n", "src/made.py": "", "x.csv": ""}),
)
# fmt: on
# fmt: off
CYCLES = (
    Case("circle of two", "a: {cmd: x, deps: [b.t], outs: [a.t]}\nb: {cmd: x, deps: [a.t], outs: [b.t]}", {"a": "b", "b": "a"}, dvc=False),
    Case("circle of three", "a: {cmd: x, deps: [c.t], outs: [a.t]}\nb: {cmd: x, deps: [a.t], outs: [b.t]}\nc: {cmd: x, deps: [b.t], outs: [c.t]}",
         {"a": "c", "b": "a", "c": "b"}, dvc=False),
    Case("circle by directories", "a: {cmd: x, deps: [e/1], outs: [d/1]}\nb: {cmd: x, deps: [d], outs: [e]}", {"a": "b", "b": "a"}, dvc=False),
    Case("circle by a parameter file", "a: {cmd: x, params: [{p.json: [k]}], outs: [o]}\nb: {cmd: x, deps: [o], outs: [p.json]}",
         {"a": "b", "b": "a"}, dvc=False),
)
# fmt: on


@pytest.mark.parametrize("case", [*CASES, *CYCLES], ids=lambda case: case.name.replace(" ", "-"))
def test_edges(case: Case) -> None:
    assert upstream(case.spec, case.files) == {name: set(names.split()) for name, names in case.edges.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_each_stage_comes_after_its_upstream(case: Case) -> None:
    names = order(case.spec, case.files)
    edges = upstream(case.spec, case.files)
    assert all(names.index(before) < names.index(name) for name in names for before in edges[name])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_no_false_cycle(case: Case) -> None:
    assert "MLC401" not in codes(case.spec, case.files)


def test_upstream_has_each_stage_once_in_the_order_of_the_deps() -> None:
    spec = """\
stages:
  a: {cmd: x, outs: [d/1, a1]}
  b: {cmd: x, outs: [d/2]}
  c: {cmd: x, outs: [p.json]}
  read: {cmd: r, deps: [d/2, a1, d], params: [{p.json: [k]}]}
"""
    assert parents(spec)["read"] == ("b", "a", "c")


# fmt: off
ORDERS = (
    ("as in the spec where that will do", "b: {cmd: x, outs: [b]}\na: {cmd: x}\nc: {cmd: x, deps: [b]}", "b a c"),
    ("as in the spec, though a sorter may prefer another", "a: {cmd: x, outs: [a]}\nb: {cmd: x, deps: [a]}\nc: {cmd: x}", "a b c"),
    ("a reader above its writer", "c: {cmd: x, deps: [b]}\na: {cmd: x}\nb: {cmd: x, outs: [b]}", "a b c"),
    ("a chain upside down", "c: {cmd: x, deps: [b.t]}\nb: {cmd: x, deps: [a.t], outs: [b.t]}\na: {cmd: x, outs: [a.t]}", "a b c"),
    ("a cycle stays as in the spec", "z: {cmd: x, deps: [a.t], outs: [z.t]}\na: {cmd: x, deps: [z.t], outs: [a.t]}\nm: {cmd: x}", "z a m"),
)
# fmt: on


@pytest.mark.parametrize(
    ("stages", "expected"), [case[1:] for case in ORDERS], ids=[case[0].replace(" ", "-") for case in ORDERS]
)
def test_order(stages: str, expected: str) -> None:
    spec = "stages:\n" + "".join(f"  {line}\n" for line in stages.splitlines())
    assert order(spec) == expected.split()
    assert order(spec) == order(spec)


# fmt: off
MESSAGES = (
    (CYCLES[0], "a -> b -> a"),
    (CYCLES[1], "a -> b -> c -> a"),
    (CYCLES[2], "a -> b -> a"),
    (CYCLES[3], "a -> b -> a"),
    (Case("the shortest way round", "a: {cmd: x, deps: [b.t, d.t], outs: [a.t]}\nc: {cmd: x, deps: [a.t], outs: [c.t]}\n"
          "d: {cmd: x, deps: [c.t], outs: [d.t]}\nb: {cmd: x, deps: [a.t], outs: [b.t]}", {}), "a -> b -> a"),
    (Case("with a tail at both ends", "s: {cmd: x, outs: [s.t]}\na: {cmd: x, deps: [s.t, b.t], outs: [a.t]}\n"
          "b: {cmd: x, deps: [a.t], outs: [b.t]}\ne: {cmd: x, deps: [b.t]}", {}), "a -> b -> a"),
)
# fmt: on


@pytest.mark.parametrize(
    ("case", "path"), MESSAGES, ids=lambda value: value.name.replace(" ", "-") if isinstance(value, Case) else ""
)
def test_a_cycle_is_told_as_its_shortest_path(case: Case, path: str) -> None:
    told = [message for code, _, message in diagnostics(case.spec, case.files) if code == "MLC401"]
    assert len(told) == 1
    assert told[0].endswith(f": {path}")


def test_two_cycles_are_told_apart_and_a_repeated_one_once() -> None:
    two = "stages:\n" + "".join(
        f"  {a}: {{cmd: x, deps: [{b}.t], outs: [{a}.t]}}\n  {b}: {{cmd: x, deps: [{a}.t], outs: [{b}.t]}}\n"
        for a, b in ("ab", "cd")
    )
    told = [message.rpartition(": ")[2] for code, _, message in diagnostics(two) if code == "MLC401"]
    assert told == ["a -> b -> a", "c -> d -> c"]
    repeated = """\
stages:
  up: {foreach: [1, 2], do: {cmd: x, deps: ['d/${item}'], outs: ['u/${item}']}}
  down: {foreach: [1, 2], do: {cmd: x, deps: ['u/${item}'], outs: ['d/${item}']}}
"""
    assert [code for code in codes(repeated) if code == "MLC401"] == ["MLC401"]


def test_artifacts_have_their_producer_and_their_consumers() -> None:
    spec = """\
stages:
  make: {cmd: m, deps: [raw], outs: [d/a], metrics: [m.json]}
  one: {cmd: x, deps: [d/a, raw, m.json]}
  two: {cmd: x, wdir: d, deps: [a, 'https://example.org/x']}
"""
    assert artifacts(spec, {"raw": "", "d/.keep": ""}) == {
        "d/a": ("make", ("one", "two")),
        "m.json": ("make", ("one",)),
        "raw": (None, ("make", "one")),
        "https://example.org/x": (None, ("two",)),
    }
