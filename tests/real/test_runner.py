"""The runner against `dvc repro`: one table of behaviours, each tried with one job and with several."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Pair, lock_order

pytestmark = pytest.mark.real

STEP = """\
import os, pathlib, sys
name, out, *deps = sys.argv[1:]
def text(path):
    path = pathlib.Path(path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return "".join(file.read_text() for file in files if file.is_file())
with open(os.environ["RAN"], "a") as log:
    log.write(name + "\\n")
pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
pathlib.Path(out).write_text(name + ":" + "|".join(map(text, deps)) + "\\n")
if pathlib.Path("fail-" + name).exists():
    sys.exit(3)
"""
DIAMOND = """\
stages:
  start: {cmd: python step.py start a.txt raw.txt, deps: [step.py, raw.txt], outs: [a.txt]}
  left: {cmd: python step.py left b.txt a.txt, deps: [step.py, a.txt], outs: [b.txt]}
  right: {cmd: python step.py right c/c.txt a.txt, deps: [step.py, a.txt], outs: [c]}
  end: {cmd: python step.py end d.json b.txt c, deps: [step.py, b.txt, c], metrics: [d.json: {cache: false}]}
  alone: {cmd: python step.py alone e.txt raw.txt, deps: [step.py, raw.txt], outs: [e.txt]}
"""
FILES = {"step.py": STEP, "raw.txt": "raw\n", "dvc.yaml": DIAMOND}
ALL = ["alone", "end", "left", "right", "start"]


def diamond(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run() == (True, ALL)
    assert run() == (True, [])
    pair.do("echo more >> raw.txt")
    assert run() == (True, ALL)
    pair.do("echo raw > raw.txt")
    assert run() == (True, [])
    pair.do("rm b.txt", "echo x > e.txt")
    assert run() == (True, [])
    pair.do("rm -r .dvc/cache/files")
    assert run() == (True, ["alone", "left", "right", "start"])


def failing(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    pair.do("touch fail-left")
    assert run("--keep-going") == (False, ["alone", "left", "right", "start"])
    pair.do("rm fail-left; touch fail-start; echo x >> raw.txt")
    assert run("--keep-going") == (False, ["alone", "start"])
    pair.do("rm fail-start")
    assert run() == (True, ["end", "left", "right", "start"])
    pair.do("touch fail-start; echo x >> raw.txt")
    assert run("start") == (False, ["start"])
    pair.do("rm fail-start raw.txt")
    assert run("--keep-going") == (False, [])


def targets(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run("right") == (True, ["right", "start"])
    assert run("left", "alone") == (True, ["alone", "left"])
    assert run("dvc.yaml:end") == (True, ["end"])
    assert run("--force", "left") == (True, ["left", "start"])
    assert run("--force") == (True, ALL)
    assert run("nothing") == (False, [])
    assert run("no/dvc.yaml") == (False, [])


GROUPS = {
    "step.py": STEP,
    "raw.txt": "raw\n",
    "params.yaml": "models: {tree: 3, forest: 4}\nsizes: [1, 2]\n",
    "sub/folder/keep.txt": "",
    "dvc.yaml": """\
vars: [{prefix: out}]
stages:
  listed:
    foreach: [x, y, 3]
    do: {cmd: 'python step.py listed@${item} ${prefix}/l-${item}.txt raw.txt', deps: [raw.txt], outs: ['${prefix}/l-${item}.txt']}
  named:
    foreach: ${models}
    do: {cmd: 'python step.py named@${key} ${prefix}/n-${key}.txt ${prefix}/l-x.txt', deps: ['${prefix}/l-x.txt'], outs: ['${prefix}/n-${key}.txt']}
  grid:
    matrix: {model: [tree, forest], size: '${sizes}'}
    cmd: python step.py ${key} grid/${item.model}-${item.size}.txt raw.txt
    deps: [raw.txt]
    outs: ['grid/${item.model}-${item.size}.txt']
  gather: {cmd: 'python step.py gather all.txt out grid', deps: [out, grid], outs: [all.txt]}
  moved: {wdir: sub/folder, cmd: 'cd ../.. && python step.py moved sub/folder/m.txt raw.txt', deps: [../../raw.txt], outs: [m.txt]}
""",
}


def groups(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    success, stages = run()  # first: the order of DVC's runs of targets is not defined, and `gather` reads a .gitignore
    assert success
    assert len(stages) == 11
    assert run("--force", "listed") == (True, ["listed@3", "listed@x", "listed@y"])
    assert run("--force", "grid@tree-1") == (True, ["tree-1"])
    pair.do("sed -i 's/tree: 3/tree: 5/; s/2]/2, 3]/' params.yaml")
    assert run() == (True, ["forest-3", "gather", "tree-3"])
    pair.do("sed -i 's/x, y, 3/x, y/' dvc.yaml; rm out/l-y.txt")
    assert run() == (True, [])


SEVERAL = {
    "step.py": STEP,
    "raw.txt": "raw\n",
    "dvc.yaml": "stages:\n  top: {cmd: python step.py top top.txt one/o.txt, deps: [one/o.txt], outs: [top.txt]}\n",
    "one/dvc.yaml": "stages:\n  o: {cmd: cd .. && python step.py o one/o.txt raw.txt, deps: [../raw.txt], outs: [o.txt]}\n",
    "two/deep/dvc.yaml": "stages:\n  o: {cmd: cd ../.. && python step.py t two/deep/o.txt top.txt, deps: [../../top.txt], outs: [o.txt]}\n",
}


def several(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run() == (True, ["o", "top"])
    assert run("two/deep/dvc.yaml") == (True, ["t"])
    pair.do("echo x >> raw.txt")
    assert run("one/dvc.yaml:o") == (True, ["o"])
    assert run("two/deep/dvc.yaml:o") == (True, ["t", "top"])


PARAMS = {
    "step.py": STEP,
    "params.yaml": "train: {depth: 3, rate: 1e-3, names: [a, b]}\nother: 1\nnothing: null\n",
    "more.json": '{"a": {"b": 1}, "c": "yes"}',
    "tool.toml": "[x]\ny = 1.5\n",
    "conf.py": "LIMIT = 3\nPAIR = (1, 2)\nclass Train:\n    rate = 0.1\n",
    "dvc.yaml": """\
stages:
  yaml: {cmd: python step.py yaml y.txt, params: [train.depth, train.names, nothing], outs: [y.txt]}
  section: {cmd: python step.py section s.txt, params: [train], outs: [s.txt]}
  glob: {cmd: python step.py glob g.txt, params: ['other'], outs: [g.txt]}
  json: {cmd: python step.py json j.txt, params: [more.json: [a.b, c]], outs: [j.txt]}
  toml: {cmd: python step.py toml t.txt, params: [tool.toml: [x.y]], outs: [t.txt]}
  python: {cmd: python step.py python p.txt, params: [conf.py: [LIMIT, PAIR, Train.rate]], outs: [p.txt]}
  whole: {cmd: python step.py whole w.txt, params: [more.json: ], outs: [w.txt]}
""",
}


def params(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run() == (True, ["glob", "json", "python", "section", "toml", "whole", "yaml"])
    pair.do("sed -i 's/depth: 3/depth: 4/' params.yaml")
    assert run() == (True, ["section", "yaml"])
    pair.do("sed -i 's/b.: 1/b\": 2/' more.json; sed -i 's/1.5/1.6/' tool.toml; sed -i 's/(1, 2)/(1, 3)/' conf.py")
    assert run() == (True, ["json", "python", "toml", "whole"])
    pair.do("sed -i 's/depth: 4/depth: 3/' params.yaml")
    assert run() == (True, [])
    pair.do("sed -i '/other/d' params.yaml")
    assert run("--keep-going") == (False, [])


FLAGS = {
    "step.py": STEP,
    "raw.txt": "raw\n",
    "dvc.yaml": """\
stages:
  start: {cmd: python step.py start a.txt raw.txt, deps: [raw.txt], outs: [a.txt]}
  frozen: {cmd: python step.py frozen b.txt a.txt, deps: [a.txt], outs: [b.txt], frozen: true}
  after: {cmd: python step.py after c.txt b.txt, deps: [b.txt], outs: [c.txt]}
  always: {cmd: python step.py always d.txt, outs: [d.txt], always_changed: true}
  called: {cmd: python step.py called uncached/called.txt}
  kept: {cmd: python step.py kept keep/k.txt raw.txt && date +%s%N > /dev/null && ls keep | wc -l > keep/count, deps: [raw.txt], outs: [keep: {persist: true}]}
  git: {cmd: python step.py git g.txt raw.txt, deps: [raw.txt], outs: [g.txt: {cache: false}]}
  metric: {cmd: 'python step.py metric x raw.txt; echo "{\"a\": 1}" > m.json; echo a,b > p.csv', deps: [raw.txt], outs: [x], metrics: [m.json: {cache: false}], plots: [p.csv: {x: a, title: t}]}
""",
}


def flags(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run("--keep-going")[0] is False  # the frozen stage has never run
    pair.do("sed -i 's/frozen: true/frozen: false/' dvc.yaml")
    assert run()[0]
    pair.do("sed -i 's/frozen: false/frozen: true/' dvc.yaml; echo x >> raw.txt")
    assert run() == (True, ["always", "called", "git", "kept", "metric", "start"])
    pair.do("echo x >> b.txt")
    assert run() == (True, ["after", "always", "called"])
    pair.do("sed -i 's/frozen: true/frozen: false/' dvc.yaml; rm g.txt m.json; touch keep/more")
    assert run()[0]
    pair.do("git add .; git -c user.name=x -c user.email=x@x commit -qm x; rm -r keep c.txt")
    assert run()[0]


INPUTS = {
    "step.py": STEP,
    "data/raw.txt": "raw\n",
    "folder/x.txt": "x\n",
    "source.txt": "source\n",
    "dvc.yaml": """\
stages:
  use: {cmd: python step.py use a.txt data/raw.txt folder imported.txt, deps: [data/raw.txt, folder, imported.txt], outs: [a.txt]}
""",
}
ADD = ("dvc add -q data/raw.txt folder", "dvc import-url -q source.txt imported.txt")


def inputs(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run() == (True, ["use"])
    pair.do("rm data/raw.txt; echo new > data/raw.txt; echo y > folder/y.txt")
    assert run() == (True, ["use"])
    pair.do("rm imported.txt")
    assert run() == (False, [])
    pair.do("dvc checkout -q imported.txt.dvc; echo more >> source.txt")
    assert run() == (True, [])  # imports are frozen
    pair.do("dvc unfreeze -q imported.txt.dvc")
    assert run() == (True, ["use"])
    pair.do("rm -r folder")
    assert run() == (False, [])


def pulled(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run() == (True, ["use"])
    pair.do("dvc remote add -q -d store ../store-$(basename $PWD); dvc push -q --run-cache")
    pair.do("rm -r .dvc/cache a.txt folder")
    assert run("--pull") == (True, [])
    pair.do("rm -r .dvc/cache a.txt; echo more >> data/raw.txt")
    assert run("--pull") == (True, ["use"])


ODD = {
    "raw.txt": "raw\n",
    "dvc.yaml": """\
stages:
  lines:
    cmd: |-
      FIRST=1; echo "lines one" >> "$RAN"

      echo "${FIRST:-unset}: it's \"quoted\" # not a comment" > l.txt
      cd /; pwd
      test -f l.txt
    deps: [raw.txt]
    outs: [l.txt]
  listed: {cmd: ['cd ..; echo listed >> "$RAN"', 'echo 2 > li.txt; for x in 1 2', 'pwd'], outs: [li.txt]}
  "123": {cmd: 'echo 123 >> "$RAN"; mkdir e; echo 1 > f', outs: [e, f]}
  "null": {cmd: 'echo "null" >> "$RAN"; echo > "sp ace.txt"', outs: ["sp ace.txt"]}
  "true": {cmd: 'echo tr >> "$RAN"; printf "" > ü.txt', outs: [ü.txt]}
  long: {cmd: 'echo long >> "$RAN"; echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccc: d > lo.txt', outs: [lo.txt]}
  escaped: {cmd: 'echo esc >> "$RAN"; printf "a\\tb\\\\n\\n" > es.txt; true "é"', outs: [es.txt]}
""",
}
ODD["dvc.yaml"] = ODD["dvc.yaml"].replace("${FIRST", "\\${FIRST")


def odd(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run("--keep-going")[0] is False  # a line of a command and an item of a list are shells of their own
    pair.do("sed -i '/for x in/s/; for x in 1 2//' dvc.yaml")
    run("--keep-going")
    pair.do(
        "sed -i '1i # a comment' dvc.lock",
        "sed -i 's/^  .null.:/  # another\\n&/' dvc.lock",
        "sed -i s/aaaa/bbbb/ dvc.yaml",
    )
    run("--keep-going")


def free_form(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    """A dvc.lock that somebody has written in YAML's other ways."""
    assert run() == (True, ALL)
    flow = (
        "import sys; from ruamel.yaml import YAML; data = YAML(typ='safe').load(open('dvc.lock'));"
        "y = YAML(typ='safe'); y.default_flow_style = True; y.dump(data, open('dvc.lock', 'w'))"
    )
    pair.do(f'python -c "{flow}"', "echo x >> raw.txt")
    assert run() == (True, ALL)


FOLDERS = {
    "raw.txt": "raw\n",
    "dvc.yaml": """\
stages:
  many: {cmd: 'echo many >> "$RAN"; mkdir d d/deep; for i in 1 2 3; do echo $i > d/deep/$i; done; cp raw.txt d; chmod +x d/raw.txt; : > d/empty', deps: [raw.txt], outs: [d]}
  part: {cmd: 'echo part >> "$RAN"; cp d/deep/2 part.txt', deps: [d/deep/2], outs: [part.txt]}
  none: {cmd: 'echo none >> "$RAN"', deps: [raw.txt], outs: [never.txt]}
""",
}


def folders(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run("--keep-going") == (False, ["many", "none", "part"])
    pair.do("echo x > d/extra; rm d/deep/1")
    assert run("part") == (True, [])
    pair.do("echo y >> raw.txt")
    assert run("part") == (True, ["many"])


CALLING = {
    "raw.txt": "raw\n",
    "dvc.yaml": """\
stages:
  calls: {cmd: 'echo calls >> "$RAN"; dvc config core.check_update false; dvc repro -q other; dvc metrics show -q; cp raw.txt c.txt', deps: [raw.txt], outs: [c.txt]}
  other: {cmd: 'echo other >> "$RAN"; sleep 0.2; echo o > o.txt', outs: [o.txt]}
  after: {cmd: 'echo after >> "$RAN"; cat c.txt o.txt > after.txt; echo $DVC_STAGE', deps: [c.txt, o.txt], outs: [after.txt]}
""",
}


def calling(pair: Pair, run: Callable[..., tuple[bool, list[str]]]) -> None:
    assert run("after")[0]
    pair.do("echo x >> raw.txt")
    assert run("after")[0]


Steps = Callable[[Pair, Callable[..., tuple[bool, list[str]]]], None]
CASES: dict[str, tuple[dict[str, str], tuple[str, ...], Steps]] = {
    "diamond": (FILES, (), diamond),
    "failing": (FILES, (), failing),
    "targets": (FILES, (), targets),
    "groups": (GROUPS, (), groups),
    "several": (SEVERAL, (), several),
    "params": (PARAMS, (), params),
    "flags": (FLAGS, (), flags),
    "inputs": (INPUTS, ADD, inputs),
    "pulled": (INPUTS, ADD, pulled),
    "odd": (ODD, (), odd),
    "free form": (FILES, (), free_form),
    "folders": (FOLDERS, (), folders),
    "calling": (CALLING, (), calling),
}


@pytest.mark.parametrize("case", CASES)
def test_like_dvc_repro(tmp_path: Path, case: str) -> None:
    files, setup, steps = CASES[case]
    pair = Pair(tmp_path, files, *setup)
    jobs = itertools.cycle([4, 1])
    steps(pair, lambda *options: pair.run(*options, jobs=next(jobs)))
