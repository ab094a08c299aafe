"""The runner against `dvc repro`: one table of behaviours, each tried with one job and with several."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from conftest import BIN, ROOT, run, tool
from ruamel.yaml import YAML
from running import RUNNER, Pair, environment, held, ran, records, repository, repro, runner, started

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
  kept: {cmd: python step.py kept keep/k.txt raw.txt; echo x >> keep/count, deps: [raw.txt], outs: [keep: {persist: true}]}
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
    run("--pull")
    pair.do("rm a.txt; echo most >> data/raw.txt")
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


OLDEST = ROOT / ".cache" / "dvc-oldest"


@pytest.fixture(scope="session")
def oldest() -> Path:
    """The tools of an environment with the oldest DVC that the runner is for."""
    OLDEST.parent.mkdir(exist_ok=True)
    with (OLDEST.parent / "dvc-oldest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (OLDEST / "bin" / "dvc").exists():
            uv = tool("uv")
            run(uv, "venv", "-q", "--clear", str(OLDEST), "-p", sys.executable, cwd=ROOT)
            try:
                run(uv, "pip", "install", "-q", "-p", str(OLDEST), "dvc==3.60.*", "pathspec<1", cwd=ROOT)
            except AssertionError as error:
                if os.environ.get("CI"):
                    raise
                pytest.skip(f"DVC 3.60 cannot be installed here: {error}")
    return OLDEST / "bin"


@pytest.mark.parametrize("case", ["diamond", "failing", "groups", "several", "params", "inputs", "folders", "calling"])
def test_like_dvc_repro_of_the_oldest(tmp_path: Path, case: str, oldest: Path) -> None:
    files, setup, steps = CASES[case]
    pair = Pair(tmp_path, files, *setup, tools=oldest)
    jobs = itertools.cycle([4, 1])
    steps(pair, lambda *options: pair.run(*options, jobs=next(jobs)))
    assert "calling dvc repro" not in runner(pair.ours, tools=oldest).stdout


def slow(seconds: float = 30) -> dict[str, str]:
    """Two stages that take long, each with processes of its own below it, one of them in a session of its own."""
    stages = "".join(
        f'  s{number}:\n    cmd: echo s{number} >> "$RAN"; (setsid sleep {seconds}.{number}7 & sleep {seconds}.{number}7; wait); echo {number} > o{number}\n'
        f"    outs: [o{number}]\n"
        for number in (1, 2)
    )
    quick = "  quick: {cmd: 'echo quick >> \"$RAN\"; echo q > q.txt', deps: [raw.txt], outs: [q.txt: {cache: false}]}\n"
    return {"raw.txt": "raw\n", "dvc.yaml": f"stages:\n{quick}{stages}"}


def alive(text: str) -> list[int]:
    """Processes with a text in their command line, zombies aside."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if text in " ".join(process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def lines(root: Path) -> list[str]:
    log = root.parent / f"{root.name}.ran"
    return sorted(log.read_text().split()) if log.exists() else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_killed(tmp_path: Path, number: signal.Signals) -> None:
    seconds = 100 + int(number)  # tells these processes from those of another test
    root = repository(tmp_path / "ours", slow(seconds))
    process = started(root, "--jobs", "3")
    until(lambda: len(alive(f"sleep {seconds}.")) >= 4 and "quick:" in (root / "dvc.lock").read_text())
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    until(lambda: not alive(f"sleep {seconds}."), 10)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert output.splitlines()[-1].startswith(f"stopped by {number.name}")
        assert not held(root)
    assert ran(root) == ["quick", "s1", "s2"]
    (root / "dvc.yaml").write_text((root / "dvc.yaml").read_text().replace(f" {seconds}.", " 0."))
    after = runner(root, "--jobs", "3")
    assert after.returncode == 0, after.stdout
    assert ran(root) == ["s1", "s2"]  # what was recorded is not run again
    assert not held(root)


def test_the_launcher_killed(tmp_path: Path) -> None:
    """Its commands are killed by the kernel, and the runner says what happened."""
    root = repository(tmp_path / "ours", slow(200))
    process = started(root, "--jobs", "3")
    until(lambda: len(alive("sleep 200.")) >= 4)
    (launcher,) = psutil.Process(process.pid).children()
    launcher.kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "was killed" in output.splitlines()[-1]
    for pid in alive("sleep 200."):  # what the commands had started is nobody's now
        psutil.Process(pid).kill()


def test_a_zombie_in_the_rwlock(tmp_path: Path) -> None:
    root = repository(tmp_path / "ours", FILES)
    zombie = subprocess.Popen(["true"])
    until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE)
    holder = {"pid": zombie.pid, "cmd": "dvc repro"}
    entries = {"write": {str(root / "a.txt"): holder}, "read": {str(root / "raw.txt"): [holder]}}
    (root / ".dvc/tmp").mkdir(exist_ok=True)
    (root / ".dvc/tmp/rwlock").write_text(json.dumps(entries))
    assert repro(root).returncode != 0  # DVC takes it for alive
    assert runner(root).returncode == 0
    zombie.wait()
    (root / ".dvc/tmp/rwlock").write_text('{"write": {')  # DVC was killed while it wrote
    assert repro(root).returncode != 0
    assert runner(root).returncode == 0


def test_paths_that_another_dvc_uses(tmp_path: Path) -> None:
    """`dvc repro` fails there; the runner waits, and says for whom."""
    root = repository(tmp_path / "ours", FILES)
    with subprocess.Popen(["sleep", "300"]) as other:
        (root / ".dvc/tmp").mkdir(exist_ok=True)
        holder = {"pid": other.pid, "cmd": "dvc repro start"}
        (root / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(root / "a.txt"): holder}}))
        process = started(root)
        assert process.stdout
        line = process.stdout.readline()
        assert "waiting: " in line
        assert f"(PID {other.pid}): dvc repro start" in line
        other.kill()
        other.wait()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert ran(root) == ALL


@pytest.mark.parametrize("length", [0, 5, 20, 26, 60, 160, 300])
def test_a_cut_off_lock(tmp_path: Path, length: int) -> None:
    """DVC empties dvc.lock before it writes it. What is whole of it stays, the rest comes from the run cache."""
    root = repository(tmp_path / "ours", FILES)
    assert runner(root).returncode == 0
    ran(root)
    before = records(root)
    whole = (root / "dvc.lock").read_text()
    (root / "dvc.lock").write_text(whole[:length])
    after = runner(root)
    assert after.returncode == 0, after.stdout
    assert ran(root) == []
    assert records(root) == before
    assert (root / "dvc.lock").read_text() == whole


def test_a_lock_with_a_merge_conflict_is_left_alone(tmp_path: Path) -> None:
    root = repository(tmp_path / "ours", FILES)
    assert runner(root).returncode == 0
    text = (root / "dvc.lock").read_text()
    broken = text.replace("  end:\n", "<<<<<<< one\n  end:\n=======\n>>>>>>> other\n", 1)
    (root / "dvc.lock").write_text(broken)
    after = runner(root)
    assert after.returncode == 2
    assert "dvc.lock" in after.stdout
    assert (root / "dvc.lock").read_text() == broken


def cached(root: Path, path: str) -> Path:
    """The object in the cache that a file's content is in."""
    digest = hashlib.md5((root / path).read_bytes()).hexdigest()
    return root / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


def damage(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)


def folder_object(root: Path) -> Path:
    (path,) = (root / ".dvc/cache/files/md5").rglob("*.dir")
    return path


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_damaged_object(tmp_path: Path, content: bytes) -> None:
    """DVC trusts what is write-protected: it would push an empty object, or hand it out."""
    root = repository(tmp_path / "ours", FILES)
    assert runner(root).returncode == 0
    ran(root)
    before, file, folder = records(root), cached(root, "b.txt"), folder_object(root)
    good = {path: path.read_bytes() for path in (file, folder)}
    for path in good:
        damage(path, content)
    assert repro(root, "left").returncode == 0
    assert file.read_bytes() == content  # DVC has not seen it
    ran(root)
    for path in good:
        damage(path, content)
    after = runner(root)
    assert after.stdout.count("was damaged in the cache: made again") == 2, after.stdout
    assert {path: path.read_bytes() for path in good} == good
    assert records(root) == before
    assert ran(root) == []


def test_a_damaged_object_that_is_needed(tmp_path: Path) -> None:
    """Where the workspace has no good copy, the stage runs again: from a length that is wrong, and from equal ones."""
    root = repository(tmp_path / "ours", FILES)
    assert runner(root).returncode == 0
    ran(root)
    before, file = records(root), cached(root, "b.txt")
    good = file.read_bytes()
    for content in (b"", good[::-1]):
        damage(file, content)
        (root / "b.txt").unlink()
        after = runner(root)
        assert after.returncode == 0, after.stdout
        assert ran(root) == ["left"]
        assert file.read_bytes() == (root / "b.txt").read_bytes() == good
        assert records(root) == before


def test_a_wrong_size_in_the_lock_costs_no_object(tmp_path: Path) -> None:
    root = repository(tmp_path / "ours", FILES)
    assert runner(root).returncode == 0
    file = cached(root, "b.txt")
    size = len(file.read_bytes())
    text = (root / "dvc.lock").read_text()
    (root / "dvc.lock").write_text(text.replace(f"size: {size}\n", f"size: {size}1\n"))
    assert "damaged" not in runner(root).stdout
    assert file.exists()


def test_two_runners(tmp_path: Path) -> None:
    files = {**FILES, "dvc.yaml": "stages:\n  s: {cmd: 'echo s >> \"$RAN\"; sleep 3; echo > o', outs: [o]}\n"}
    root = repository(tmp_path / "ours", files)
    first = started(root)
    until(lambda: lines(root))
    second = runner(root, "--jobs", "2")
    first.communicate(timeout=60)
    assert f"waiting for another run: process {first.pid} (`{RUNNER}`), since 20" in second.stdout
    assert (first.returncode, second.returncode) == (0, 0)
    assert ran(root) == ["s"]


def test_a_runner_in_a_stage(tmp_path: Path) -> None:
    """It does not wait for the one that waits for it."""
    inner = "  inner: {cmd: 'echo inner >> \"$RAN\"; echo > i', outs: [i]}\n"
    outer = f"  outer: {{cmd: 'echo outer >> \"$RAN\"; python {RUNNER} inner; echo > o', outs: [o]}}\n"
    root = repository(tmp_path / "ours", {"dvc.yaml": f"stages:\n{outer}{inner}"})
    assert runner(root, "outer").returncode == 0
    assert ran(root) == ["inner", "outer"]
    assert set(YAML(typ="safe").load(root / "dvc.lock")["stages"]) == {"outer", "inner"}


def test_the_last_line_says_what_failed(tmp_path: Path) -> None:
    root = repository(tmp_path / "ours", {**FILES, "fail-right": ""})
    after = runner(root, "--jobs", "4", "--json", "report.json", KEEP_GOING="1")
    last = after.stdout.splitlines()[-1]
    assert last == (
        "failed: right: `python step.py right c/c.txt a.txt` ended with exit status 3: "
        "its output is in .mlops/state/logs/right.log"
    )
    report = json.loads((root / "report.json").read_text())
    assert report["counts"] == {"ran": 3, "failed": 1, "blocked": 1}
    statuses = {stage["stage"]: stage["status"] for stage in report["stages"]}
    assert statuses == {"start": "ran", "left": "ran", "right": "failed", "end": "blocked", "alone": "ran"}
    (root / "fail-right").unlink()
    assert runner(root).returncode == 0
    (root / "b.txt").unlink()
    runner(root, "--json", "report.json")
    report = json.loads((root / "report.json").read_text())
    assert report["counts"] == {"unchanged": 4, "restored": 1}
    assert report["saved_seconds"] > 0
    assert run("git", "status", "--short", "-uall", ".mlops/state", cwd=root).stdout == ""


def test_gitignore_after_a_failure(tmp_path: Path) -> None:
    """`dvc repro` takes the outs of stages that succeeded out of it, too."""
    half = "  half: {cmd: 'echo > one', deps: [a.txt], outs: [one, never]}\n"
    root = repository(tmp_path / "ours", {**FILES, "dvc.yaml": DIAMOND + half})
    assert runner(root, "half").returncode == 1
    assert (root / ".gitignore").read_text().split() == ["/a.txt"]


def test_dry_run(tmp_path: Path) -> None:
    root = repository(tmp_path / "ours", FILES)
    assert runner(root).returncode == 0
    ran(root)
    (root / "raw.txt").write_text("changed\n")
    (root / "b.txt").unlink()
    before = records(root)
    after = runner(root, "--dry-run", "--json", "report.json")
    (root / "report.json").unlink()
    assert after.stdout.splitlines() == [
        "[start] would run: raw.txt is modified",
        "[left] would be restored: b.txt is deleted",
        "[right] may run: after start",
        "[end] would run: b.txt is deleted",
        "[alone] would run: raw.txt is modified",
        "3 would run, 1 would be restored, 1 may run",
    ]
    assert ran(root) == []
    assert records(root) == before


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_resources(tmp_path: Path, jobs: str) -> None:
    """Two stages that ask for one GPU each do not share it, and one that asks for more than there is runs alone."""
    command = (
        "sleep 0.5; echo $CUDA_VISIBLE_DEVICES >> gpus; echo start >> log; sleep 1.5; echo end >> log; echo {0} > {0}"
    )
    stages = "".join(f"  {name}: {{cmd: '{command.format(name)}', outs: [{name}]}}\n" for name in ("a", "b"))
    root = repository(tmp_path / "ours", {"dvc.yaml": f"stages:\n{stages}"})

    def concurrent(resources: object, **settings: str) -> bool:
        (root / ".mlops/run.json").write_text(json.dumps({"resources": resources}))
        for name in ("log", "gpus"):
            (root / name).unlink(missing_ok=True)
        assert runner(root, "--force", "--jobs", jobs, **settings).returncode == 0
        return (root / "log").read_text().split() == ["start", "start", "end", "end"]

    assert concurrent({}) is (jobs == "2")
    assert not concurrent({"a": {"gpu": 1}, "b": {"gpu": 1}})
    assert not concurrent({"a": {"memory": 9000 << 30}, "b": {"cpu": 1, "memory": 1 << 30}})
    if jobs == "2":
        assert concurrent({"a": {"gpu": 1}, "b": {"gpu": 1}}, CUDA_VISIBLE_DEVICES="5,7")
        assert sorted((root / "gpus").read_text().split()) == ["5", "7"]


def test_other_options_and_other_versions_are_for_dvc(tmp_path: Path) -> None:
    root = repository(tmp_path / "ours", FILES)
    after = runner(root, "--jobs", "3", "--keep-going", "--no-commit", "left")
    assert after.stdout.startswith("run.py: --no-commit is for dvc: calling dvc repro\n")
    assert ran(root) == ["left", "start"]
    assert not list((root / ".dvc/cache/files").rglob("*.*")) if (root / ".dvc/cache/files").exists() else True
    program = root / RUNNER
    program.write_text(program.read_text().replace("TESTED = (3, 60), (3, 67)", "TESTED = (3, 10), (3, 20)"))
    after = runner(root)
    assert "is not among the versions tested, 3.10 to 3.20: calling dvc repro" in after.stdout
    assert after.returncode == 0


def test_a_python_without_dvc(tmp_path: Path) -> None:
    """`dvc` may stand in an environment of its own (pipx, uv tool): its Python is used."""
    root = repository(tmp_path / "ours", FILES)
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare"), cwd=root)
    after = runner(root, "--jobs", "2", tools=tmp_path / "bare/bin", PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    assert after.returncode == 0
    assert ran(root) == ALL
    assert "calling dvc repro" not in after.stdout


def test_on_a_terminal(tmp_path: Path) -> None:
    """A live view below the lines."""
    root = repository(
        tmp_path / "ours", {"dvc.yaml": "stages:\n  s: {cmd: echo hello; sleep 2, always_changed: true}\n"}
    )
    leader, follower = os.openpty()
    settings = {**os.environ, "TERM": "xterm", "COLUMNS": "80", **environment(root)}
    with subprocess.Popen(
        [sys.executable, RUNNER], cwd=root, env=settings, stdout=follower, stderr=follower, stdin=follower
    ) as process:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(leader, 4096):
                shown += chunk
    os.close(leader)
    assert process.returncode == 0
    assert b"[s] hello" in shown
    assert b"1 running" in shown
    assert b"1 ran in" in shown


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("free", [0, 8192, 300_000])
def test_a_full_disk(small_disk: Path, free: int) -> None:
    """What was recorded stays, and the next run goes on; however little space was left."""
    stage = "  {0}: {{cmd: python make.py {0}, deps: [{1}], outs: [{0}.txt]}}\n"
    text = "stages:\n" + "".join(map(stage.format, "abcd", ["make.py", "a.txt", "b.txt", "c.txt"]))
    make = "import os, sys\nname = sys.argv[1]\nopen(os.environ['RAN'], 'a').write(name + ' ')\n"
    make += "with open(name + '.txt', 'w') as file:\n    file.write(name * 100_000)\n"
    root = repository(small_disk / "ours", {"dvc.yaml": text, "make.py": make})
    settings = {"RAN": str(small_disk.parent / "ours.ran"), "PYTHONDONTWRITEBYTECODE": "1"}
    assert runner(root, "a", **settings).returncode == 0
    before = (root / "dvc.lock").read_text()
    filler = small_disk / "filler"
    usage = os.statvfs(small_disk)
    filler.write_bytes(b"x" * max(0, usage.f_bavail * usage.f_frsize - free))
    full = runner(root, **settings)
    assert full.returncode == 1, full.stdout
    assert "No space left" in full.stdout
    after = (root / "dvc.lock").read_text()
    assert after.startswith(before)
    assert set(YAML(typ="safe").load(after)["stages"]) == set("a" if free < 300_000 else "ab")
    filler.unlink()
    Path(settings["RAN"]).unlink(missing_ok=True)
    assert runner(root, **settings).returncode == 0
    left = ["b", "c", "d"] if free < 300_000 else ["c", "d"]
    assert Path(settings["RAN"]).read_text().split() == left
    assert not held(root)
    assert set(YAML(typ="safe").load(root / "dvc.lock")["stages"]) == set("abcd")
