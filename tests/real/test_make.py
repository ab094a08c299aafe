"""The Makefile by GNU Make itself: driving DVC, and on its own, with the same results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import run, write
from mlopsc.compiler.emit import shell
from mlopsc.compiler.emit.yaml import dump

pytestmark = pytest.mark.real
Maker = Callable[[Mapping[str, str]], Path]

STEP = """\
import pathlib, sys
out, words, deps = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
def text(path):
    path = pathlib.Path(path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return "".join(file.read_text() for file in files if file.is_file())
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(f"{words}:" + "|".join(text(dep) for dep in deps))
with open("ran.log", "a") as log:
    log.write(f"{out}\\n")
if words == "fail":
    sys.exit(3)
"""

STAGES = """\
stages:
  start: {cmd: 'python step.py a/start.txt ${start} raw.txt', deps: [step.py, raw.txt], params: [start], outs: [a/start.txt]}
  left: {cmd: 'python step.py b/left.txt ${left} a/start.txt', deps: [step.py, a/start.txt], params: [left], outs: [b/left.txt]}
  right: {cmd: 'python step.py "b/ri ght.txt" x a/start.txt', deps: [step.py, a/start.txt], outs: ['b/ri ght.txt']}
  each:
    foreach: [1, 2]
    do: {cmd: 'python step.py d/${item}.txt ${item} dir', deps: [step.py, dir], outs: ['d/${item}.txt']}
  end:
    cmd: ['python step.py e/one.txt 1 b d', 'python step.py m.json 2 e/one.txt']
    deps: [step.py, b, d]
    outs: [e/one.txt]
    metrics: [m.json]
"""
FILES = {
    "step.py": STEP,
    "raw.txt": "raw",
    "dir/x": "x",
    "dir/deep/y $(z)": "y",
    "params.yaml": "start: 1\nleft: 2\nother: 3\n",
}
ALL = ["a/start.txt", "b/left.txt", "b/ri ght.txt", "d/1.txt", "d/2.txt", "e/one.txt", "m.json"]


def spec(orchestrator: str) -> str:
    return f"mlops: 1\nproject: p\nstack: {{orchestrator: {orchestrator}, ci: []}}\n{STAGES}"


def ran(root: Path) -> list[str]:
    """What has run since the last time this was asked."""
    log = root / "ran.log"
    lines = sorted(log.read_text().splitlines()) if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def hashes(root: Path) -> dict[str, str]:
    return {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in ALL}


@pytest.fixture
def by_dvc(repository: Maker) -> Path:
    root = repository({**FILES, "mlops.yaml": spec("[dvc, make]")})
    run("mlopsc", "build", cwd=root)
    return root


@pytest.fixture
def native(tmp_path: Path) -> Path:
    write(tmp_path, {**FILES, "mlops.yaml": spec("make")})
    run("mlopsc", "build", cwd=tmp_path)
    return tmp_path


def test_in_parallel_by_dvc(by_dvc: Path) -> None:
    run("make", "pipeline-parallel", "JOBS=4", cwd=by_dvc)
    assert ran(by_dvc) == ALL
    assert run("dvc", "status", cwd=by_dvc).stdout.strip() == "Data and pipelines are up to date."
    assert "nothing to run" in run("make", "pipeline-parallel", cwd=by_dvc).stdout
    assert ran(by_dvc) == []
    (by_dvc / "params.yaml").write_text("start: 1\nleft: 5\nother: 9\n")
    run("mlopsc", "build", cwd=by_dvc)
    run("make", "pipeline-parallel", "JOBS=4", cwd=by_dvc)
    assert ran(by_dvc) == ["b/left.txt", "e/one.txt", "m.json"]
    (by_dvc / "params.yaml").write_text("start: fail\nleft: 5\nother: 9\n")
    assert run("make", "pipeline-parallel", "JOBS=4", cwd=by_dvc, check=False).returncode != 0
    assert ran(by_dvc) == ["a/start.txt"]


def test_native_gives_what_dvc_gives_and_runs_only_what_changed(
    by_dvc: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run("make", "pipeline", cwd=by_dvc)
    root = write(tmp_path_factory.mktemp("native"), {**FILES, "mlops.yaml": spec("make")})
    run("mlopsc", "build", cwd=root)
    assert not (root / "dvc.yaml").exists()
    run("make", "-j4", "pipeline", cwd=root)
    assert ran(root) == ALL
    assert hashes(root) == hashes(by_dvc)
    run("make", "-j4", "pipeline", cwd=root)
    assert ran(root) == []


def test_native_reruns(native: Path) -> None:
    def made(*words: str) -> list[str]:
        run("make", "-j4", "pipeline", *words, cwd=native)
        return ran(native)

    assert made() == ALL
    (native / "params.yaml").write_text("start: 1\nleft: 2\nother: 99\n")
    assert made() == []
    (native / "dir/deep/y $(z)").write_text("changed")
    assert made() == ["d/1.txt", "d/2.txt", "e/one.txt", "m.json"]
    (native / "b/ri ght.txt").unlink()
    assert made() == ["b/ri ght.txt"]
    assert made("left=7") == ["b/left.txt", "e/one.txt", "m.json"]
    assert (native / "b/left.txt").read_text().startswith("7:")
    (native / "raw.txt").write_text("raw")
    assert made("left=7") == []
    (native / "raw.txt").write_text("other")
    assert made("left=7") == ["a/start.txt", "b/left.txt", "b/ri ght.txt", "e/one.txt", "m.json"]
    run("make", "clean", cwd=native)
    assert not (native / "b/left.txt").exists()


def test_native_stops_at_a_failure(native: Path) -> None:
    done = run("make", "-j4", "pipeline", "start=fail", cwd=native, check=False)
    assert done.returncode != 0
    assert "a/start.txt" in ran(native)
    assert not (native / "b/left.txt").exists()
    assert run("make", "pipeline", cwd=native).returncode == 0
    assert "a/start.txt" in ran(native)


def test_frozen_always_changed_wdir_and_names_like_our_own(tmp_path: Path) -> None:
    text = """\
mlops: 1
stack: {orchestrator: make, ci: []}
stages:
  test: {cmd: echo t >> ../ran.log, wdir: sub, deps: [../raw.txt], always_changed: true}
  clean: {cmd: echo c >> ran.log, deps: [raw.txt], frozen: true}
  'odd@name': {cmd: "true"}
  quoted: {cmd: "echo 'a  b' \\"$HOME\\" $$ | cat > q.txt; echo q >> ran.log", deps: [raw.txt], outs: [q.txt]}
"""
    text = text.replace("  'odd@name': {cmd: \"true\"}\n", "")
    root = write(tmp_path, {"mlops.yaml": text, "raw.txt": "", "sub/.keep": ""})
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", cwd=root)
    assert ran(root) == ["q", "t"]
    run("make", "pipeline", cwd=root)
    assert ran(root) == ["t"]
    run("make", "stage-test", cwd=root)
    assert ran(root) == ["t"]
    assert (root / "q.txt").read_text().startswith("a  b /")


@pytest.mark.parametrize("target", ["pipeline", "pipeline-parallel"])
def test_the_lock_that_a_killed_dvc_has_emptied(target: str, by_dvc: Path) -> None:
    lock = by_dvc / "dvc.lock"
    run("make", "help", cwd=by_dvc)
    assert not lock.exists()
    run("make", "pipeline", cwd=by_dvc)
    assert ran(by_dvc) == sorted(ALL)
    whole = lock.read_text()
    run("make", "help", cwd=by_dvc)
    assert lock.read_text() == whole
    assert whole.startswith("schema: '2.0'\n"), "what the Makefile writes is not what DVC would write in its place"
    lock.write_text("")
    run("make", target, cwd=by_dvc)
    assert ran(by_dvc) == []
    assert sorted(lock.read_text().split()) == sorted(whole.split())


FAN = "mlops: 1\nstack: {ci: []}\nstages: {a: {cmd: 'mkdir -p o && cp in o/x', deps: [in], outs: [o]}}\n"


def test_empty_directory_objects_that_a_killed_dvc_has_left(repository: Maker) -> None:
    """In a remote that is a folder, where DVC fails on them for good, and in its cache."""
    root = repository({"mlops.yaml": FAN, "in": "1"})
    store = f"../{root.name}-store"  # no other test pushes to it
    run("dvc", "remote", "add", "--default", "store", store, cwd=root)
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", "push", cwd=root)
    (cached,), (pushed,) = (list((root / place).glob("files/md5/*/*.dir")) for place in (".dvc/cache", store))
    whole = pushed.read_bytes()

    emptied(pushed)
    assert run("dvc", "push", cwd=root, check=False).returncode, "DVC mends this itself; the Makefile need not"
    assert f"{pushed.name}: it was empty" in run("make", "push", cwd=root).stderr
    assert pushed.read_bytes() == whole

    emptied(cached)
    assert f"{cached.name}: it was empty" in run("make", "pull", cwd=root).stderr
    assert cached.read_bytes() == whole


def emptied(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch()


@pytest.mark.parametrize("place", ["../../a store", "/absolute", "~/home, here"])
@pytest.mark.parametrize("command", [("remote", "add", "store"), ("cache", "dir", "--local")])
def test_wherever_a_store_is_empty_directory_objects_are_removed(
    place: str, command: tuple[str, ...], repository: Maker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Only these; and only where data are moved."""
    apart = tmp_path_factory.mktemp("apart")
    root = repository({"p/mlops.yaml": FAN, "p/in": "1"}) / "p"
    folder = {".": root / place, "/": Path(f"{apart}{place}"), "~": apart / place[2:]}[place[0]]
    run("dvc", *command, str(folder) if place[0] == "/" else place, cwd=root, HOME=str(apart))
    run("mlopsc", "build", cwd=root)
    empty, whole, file = (folder / "files/md5/0a" / name for name in ("b.dir", "c.dir", "b"))
    emptied(empty)
    emptied(file)
    whole.write_text("[]")
    run("make", "help", "check", "DVC=true", cwd=root, HOME=str(apart))
    assert empty.exists()
    run("make", "pull", "DVC=true", cwd=root, HOME=str(apart))
    assert [path.exists() for path in (empty, whole, file)] == [False, True, True]
    assert "empty" not in run("make", "push", "DVC=true", cwd=root, HOME=str(apart)).stderr


@pytest.mark.parametrize("orchestrator", ["[dvc, make]", "make"])
def test_script_env_timeout_and_retries(orchestrator: str, repository: Maker) -> None:
    text = f"""\
mlops: 1
stack: {{orchestrator: {orchestrator}, ci: []}}
stages:
  script:
    script: |
      cd sub
      for n in 1 2; do
        echo "$n ${{start}} \\${{HOME:+home}} $WORD" >> ../s.txt
      done
      false | true || echo "pipefail" >> ../s.txt
    env: {{WORD: "it's $5 \\"x\\""}}
    outs: [s.txt]
  again:
    cmd: 'echo x >> tries; test $(wc -l < tries) -ge 3 && cp tries r.txt'
    deps: [raw.txt]
    outs: [r.txt]
    retries: 2
  slow:
    cmd: 'sleep 30; touch t.txt'
    deps: [raw.txt, r.txt, s.txt]
    outs: [t.txt]
    timeout: 1s
"""
    root = repository({**FILES, "sub/.keep": "", "mlops.yaml": text})
    run("mlopsc", "build", cwd=root)
    done = run("make", "pipeline", cwd=root, check=False)
    assert done.returncode != 0
    assert (root / "s.txt").read_text() == '1 1 home it\'s $5 "x"\n2 1 home it\'s $5 "x"\npipefail\n'
    assert (root / "r.txt").read_text() == "x\nx\nx\n"
    assert not (root / "t.txt").exists()


def test_help_and_the_rest(by_dvc: Path) -> None:
    said = run("make", "help", cwd=by_dvc).stdout
    for word in (
        "setup",
        "pipeline-parallel",
        "test",
        "check",
        "metrics",
        "plots",
        "push",
        "pull",
        "clean",
        "left",
        "each@1",
    ):
        assert f"  {word} " in said
    assert run("make", cwd=by_dvc).stdout == said
    run("make", "each", cwd=by_dvc)
    assert ran(by_dvc) == ["d/1.txt", "d/2.txt"]
    assert "left" in run("make", "check", cwd=by_dvc).stdout


def test_setup_brings_what_the_remote_needs(repository: Callable[[Mapping[str, str]], Path]) -> None:
    """Also where the requirements name DVC without it: it would fail at the first push."""
    spec = "mlops: 1\nstack: {registry: 's3://bucket/p', ci: []}\nstages: {a: {cmd: echo, deps: [in.txt]}}\n"
    root = repository({"mlops.yaml": spec, "in.txt": "", "requirements.txt": "dvc\n"})
    run("mlopsc", "build", cwd=root)
    assert "dvc[s3]" in run("make", "setup", "PIP=echo", cwd=root).stdout
    (packages,) = root.glob(".venv/lib/python*/site-packages")
    (packages / "dvc_s3.py").write_text("")
    said = run("make", "setup", "PIP=echo", cwd=root).stdout
    assert "-r requirements.txt" in said
    assert "dvc[s3]" not in said


ODD = [
    "$(x)",
    "a #b",
    "sp  ace",
    "co:lon",
    "per%cent",
    "über",
    "it's",
    'q"uote',
    "star*",
    "br[0]",
    "se;mi",
    "eq=ual",
    "~tilde",
]


def test_native_rules_take_any_name(tmp_path: Path) -> None:
    stages = {
        f"s{number}": {
            "cmd": f"cp {shell.quote(f'in/{name}')} {shell.quote(f'out/{name}/{name}')}; echo {number} >> ran.log",
            "deps": [f"in/{name}", f"out/{ODD[number - 1]}"] if number else [f"in/{name}"],
            "outs": [f"out/{name}"],
        }
        for number, name in enumerate(ODD)
    }
    for stage in stages.values():
        stage["cmd"] = f"mkdir -p {shell.quote(stage['outs'][0])}; {stage['cmd']}"
    text = dump({"mlops": 1, "stack": {"orchestrator": "make", "ci": []}, "stages": stages})
    root = write(tmp_path, {"mlops.yaml": text, **{f"in/{name}": name for name in ODD}})
    run("git", "init", "-q", cwd=root)
    run("mlopsc", "build", cwd=root)
    run("make", "-j3", "pipeline", cwd=root)
    assert len(ran(root)) == len(ODD)
    assert [(root / f"out/{name}/{name}").read_text() for name in ODD] == ODD
    assert "out/" not in run("git", "status", "--porcelain", "-uall", cwd=root).stdout
    run("make", "-j3", "pipeline", cwd=root)
    assert ran(root) == []
    (root / f"in/{ODD[0]}").write_text("other")
    run("make", "-j3", "pipeline", cwd=root)
    assert ran(root) == ["0", "1"]
    run("make", "clean", cwd=root)
    assert list((root / "out").iterdir()) == []


@pytest.mark.parametrize("orchestrator", ["make", "[dvc, make]"])
def test_a_parameter_keeps_its_value_whatever_it_is_called(orchestrator: str, repository: Maker) -> None:
    names = ["HOME", "SHELL", "JOBS", "empty", "a.b", "a_b", "if", "export", "PIP", "lr"]
    params = "{HOME: here, SHELL: sh, JOBS: 7, empty: full, a: {b: 1}, a_b: 2, if: 3, export: 4, PIP: '#x', lr: 5}"
    spec = {
        "mlops": 1,
        "stack": {"orchestrator": orchestrator.strip("[]").split(", "), "ci": []},
        "stages": {"a": {"cmd": f"echo '{' '.join(f'${{{name}}}' for name in names)}' > o.txt", "outs": ["o.txt"]}},
    }
    root = repository({"mlops.yaml": dump(spec), "params.yaml": f"{params}\n"})
    run("mlopsc", "build", cwd=root)
    run("make", "pipeline", cwd=root, lr="from the environment")
    assert (root / "o.txt").read_text() == "here sh 7 full 1 2 3 4 #x 5\n"
    if orchestrator == "make":
        run("make", "pipeline", "lr=6", "a_b=$$b", cwd=root)
        assert (root / "o.txt").read_text() == "here sh 7 full 1 $b 3 4 #x 6\n"


def test_native_stops_at_a_missing_dep(tmp_path: Path) -> None:
    text = "mlops: 1\nstack: {orchestrator: make, ci: []}\nstages:\n"
    text += "  a: {cmd: mkdir a, outs: [a]}\n  b: {cmd: echo b > b, deps: [a/none], outs: [b]}\n"
    text += "  c: {cmd: echo c > c, deps: [lost.txt], outs: [c]}\n"
    root = write(tmp_path, {"mlops.yaml": text, "lost.txt": ""})
    run("mlopsc", "build", cwd=root)
    (root / "lost.txt").unlink()
    run("make", "a", cwd=root)
    for stage, dep in (("b", "a/none"), ("c", "lost.txt")):
        for _ in range(2):
            done = run("make", stage, cwd=root, check=False)
            assert done.returncode != 0
            assert f"{dep}: no such file, and no stage has written it" in done.stderr
            assert not (root / stage).exists()
    (root / "lost.txt").write_text("x")
    run("make", "c", cwd=root)
    assert (root / "c").read_text() == "c\n"


def test_native_runs_again_what_a_failure_has_left(native: Path) -> None:
    run("make", "pipeline", cwd=native)
    assert ran(native) == ALL
    assert run("make", "left", "left=fail", cwd=native, check=False).returncode != 0
    assert ran(native) == ["b/left.txt"]
    run("make", "-j4", "pipeline", cwd=native)
    assert ran(native) == ["b/left.txt"], "the failed run has written other content"


def test_native_check_says_what_would_run_and_why(native: Path) -> None:
    def checked(*words: str) -> list[str]:
        return run("make", "check", *words, cwd=native).stdout.splitlines()

    assert checked()[0] == "start: has not succeeded yet"
    run("make", "-j4", "pipeline", cwd=native)
    assert ran(native) == ALL
    assert checked() == ["nothing to run"]
    assert checked("left=7") == ["left: changed: parameter left", "end: if the outs of left change"]
    (native / "raw.txt").write_text("other")
    (native / "d/1.txt").unlink()
    assert checked()[0] == "start: changed: dep raw.txt"
    assert "each@1: an output is missing" in checked()
    assert ran(native) == []


def test_targets_that_would_be_called_the_same(repository: Maker) -> None:
    text = """\
mlops: 1
stack: {orchestrator: [dvc, make], ci: []}
data: {rows: {url: "https://example.org/rows.csv"}}
stages:
  test: {cmd: echo 1 > test.txt, outs: [test.txt]}
  stage-test: {cmd: echo 2 > stage-test.txt, outs: [stage-test.txt]}
  data: {cmd: echo 3 > data.txt, outs: [data.txt]}
  metrics-diff: {cmd: echo 4 > metrics-diff.txt, outs: [metrics-diff.txt]}
  push:
    foreach: [1]
    do: {cmd: echo 5 > push.txt, outs: [push.txt]}
"""
    root = repository({"mlops.yaml": text})
    run("mlopsc", "build", cwd=root)
    assert "warning" not in run("make", "help", cwd=root).stderr
    for target, stage in {
        "stage-test-2": "test", "stage-test": "stage-test", "stage-data": "data", "stage-metrics-diff": "metrics-diff",
        "stage-push": "push", "push@1": "push@1",
    }.items():  # fmt: skip
        assert run("make", "-n", target, cwd=root).stdout.split() == ["python3", ".mlops/scripts/run.py", stage]


def test_native_outs_that_are_called_like_targets(tmp_path: Path) -> None:
    text = "mlops: 1\nstack: {orchestrator: make, ci: []}\nstages:\n"
    text += "  a: {cmd: echo a > clean, outs: [clean]}\n  b: {cmd: cp clean a, deps: [clean], outs: [a]}\n"
    root = write(tmp_path, {"mlops.yaml": text})
    run("mlopsc", "build", cwd=root)
    assert run("make", "-s", "pipeline", cwd=root).stderr == ""
    assert (root / "a").read_text() == "a\n"
    run("make", "clean", cwd=root)
    assert not (root / "clean").exists()
    assert not (root / "a").exists()


def test_native_asks_one_process_about_all_stages(native: Path) -> None:
    run("make", "-j4", "pipeline", cwd=native)
    assert ran(native) == ALL
    printed = run("make", "pipeline", "--trace", "STATES=echo asked", cwd=native).stdout
    assert printed.splitlines().count("asked") == 1
