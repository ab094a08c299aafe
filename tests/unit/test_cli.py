"""The commands as people type them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import IO

import pytest
from conftest import run, write

SPEC = "mlops: 1\nproject: p\nstages:\n  prepare: {deps: [raw.csv]}\n  train:\n"
FILES = {"mlops.yaml": SPEC, "raw.csv": "1\n", "src/prepare.py": "import lib\n", "src/lib.py": "", "src/train.py": ""}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def outputs(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and str(path.relative_to(root)) not in FILES and "state" not in path.parts
    }


def test_build_then_nothing_to_do_then_check(project: Path) -> None:
    assert "create dvc.yaml" in run("mlopsc", "build", cwd=project).stdout
    before = {
        path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file() and "state" not in path.parts
    }
    assert "nothing to do" in run("mlopsc", "build", cwd=project).stdout
    assert "nothing to do" in run("mlopsc", "build", "--check", cwd=project).stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (project / "src/lib.py").write_text("import other\n")
    (project / "src/other.py").write_text("")
    done = run("mlopsc", "build", "--check", cwd=project, check=False)
    assert done.returncode == 1
    assert "stale: dvc.yaml" in done.stderr
    run("mlopsc", "build", cwd=project)
    assert "- src/other.py" in (project / "dvc.yaml").read_text()


def test_whatever_changes_is_seen(project: Path) -> None:
    """The road for 'nothing changed' gives way to every kind of change, made at once after a build."""
    run("mlopsc", "build", cwd=project)
    run("mlopsc", "build", cwd=project)
    (project / "params.yaml").write_text("train: {lr: 1}\n")
    assert "update dvc.yaml" in run("mlopsc", "build", cwd=project).stdout
    (project / "dvc.yaml").unlink()
    assert "create dvc.yaml" in run("mlopsc", "build", cwd=project).stdout
    text = (project / "dvc.yaml").read_text()
    (project / "dvc.yaml").write_text(text.replace("train", "trian"))
    assert run("mlopsc", "build", cwd=project, check=False).returncode == 1
    assert "trian" in (project / "dvc.yaml").read_text()
    (project / "mlops.yaml").write_text("mlops: 1\nstages: {train: {cmd: [}}\n")
    assert "MLC001" in run("mlopsc", "build", cwd=project, check=False).stderr


def test_same_bytes_everywhere(tmp_path: Path) -> None:
    seen = []
    for number, settings in enumerate(
        (
            {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
            {"PYTHONHASHSEED": "42", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"},
        )
    ):
        root = write(tmp_path / f"some where {number}", FILES)
        inner = root / "src" if number else root
        run("mlopsc", "build", cwd=inner, **settings)
        seen.append(outputs(root))
    assert seen[0] == seen[1]


def test_names_are_utf8_in_every_locale(tmp_path: Path) -> None:
    """Without Python's UTF-8 mode a C locale finds no `träin.py`, and cannot print it."""
    root = write(tmp_path, {"mlops.yaml": "mlops: 1\nstages:\n  träin: {deps: [größe.csv]}\n", "größe.csv": "",
                            "src/träin.py": ""})  # fmt: skip
    ascii_ = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for words in (("explain",), ("graph",), ("check",), ("plan",), ("check", "--format", "json"), ("build",)):
        expected = run("mlopsc", *words, cwd=root, LC_ALL="C.UTF-8").stdout
        if words == ("build",):
            (root / "dvc.yaml").unlink()
            expected = " create dvc.yaml\n"
        assert run("mlopsc", *words, cwd=root, **ascii_).stdout == expected
    said = run("mlopsc", "explain", cwd=root, PYTHONIOENCODING="ascii").stdout
    assert r"src/tr\xe4in.py" in said


def test_builds_at_once_all_succeed(project: Path) -> None:
    """Whichever comes second finds what it wanted to write."""
    command = [sys.executable, "-m", "mlopsc", "build"]
    many = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(5)]
    said = [process.communicate(timeout=100)[0].decode() for process in many]
    assert [process.returncode for process in many] == [0] * 5, said
    run("mlopsc", "build", "--check", cwd=project)


def test_a_failed_build_changes_no_file(project: Path) -> None:
    run("mlopsc", "build", cwd=project)
    before = outputs(project)
    (project / "mlops.yaml").write_text(SPEC + "  broken: {cmdd: x}\n")
    done = run("mlopsc", "build", cwd=project, check=False)
    assert done.returncode == 1
    assert "did you mean `cmd`?" in done.stderr
    assert outputs(project) == before


def test_misuse_help_and_version(project: Path) -> None:
    assert run("mlopsc", "--version", cwd=project).stdout.startswith("mlopsc ")
    for words in ((), ("nope",), ("build", "--nope"), ("explain", "trian"), ("code", "MLC999")):
        assert run("mlopsc", *words, cwd=project, check=False).returncode == 2
    for command in ("build", "check", "plan", "explain", "graph", "targets", "schema", "code", "eject"):
        assert run("mlopsc", command, "--help", cwd=project).stdout
    assert "did you mean `train`?" in run("mlopsc", "explain", "trian", cwd=project, check=False).stderr


def test_no_spec(tmp_path: Path) -> None:
    done = run("mlopsc", "build", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "MLC008" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("chekc", "there is no command `chekc`; did you mean `check`?"),
        ("-C . --color never biuld --check", "there is no command `biuld`; did you mean `build`?"),
        ("zzz", "there is no command `zzz`; see `mlopsc --help`"),
        ("help zzz", "there is no command `zzz`"),
        ("build --wach", "`mlopsc build` takes no option `--wach`; did you mean `--watch`?"),
        ("build --ovewrite=x", "`mlopsc build` takes no option `--ovewrite`; did you mean `--overwrite`?"),
        ("schema x", "`mlopsc schema` takes no argument `x`; see `mlopsc schema --help`"),
        ("check no.yaml", "`no.yaml` does not exist"),
    ],
)
def test_misspelt(words: str, answer: str, project: Path) -> None:
    done = run("mlopsc", *words.split(), cwd=project, check=False)
    assert done.returncode == 2
    assert answer in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_of_a_command(project: Path) -> None:
    assert run("mlopsc", "help", "plan", cwd=project).stdout == run("mlopsc", "plan", "--help", cwd=project).stdout
    assert run("mlopsc", "help", cwd=project).stdout == run("mlopsc", "--help", cwd=project).stdout


def test_check_of_another_file(project: Path) -> None:
    write(project, {"other.yaml": SPEC + "  x: {cmdd: y}\n", "sub/mlops.yaml": SPEC})
    assert run("mlopsc", "check", "mlops.yaml", cwd=project).stdout.startswith("mlops.yaml is valid: 2 stages")
    other = run("mlopsc", "check", "other.yaml", cwd=project, check=False)
    assert other.returncode == 1
    assert "other.yaml:6:" in other.stderr
    for name in ("sub/mlops.yaml", "sub"):
        assert "MLC3" in run("mlopsc", "check", name, cwd=project, check=False).stderr, "its code is not in that folder"
    assert "MLC3" in run("mlopsc", "-C", "sub", "check", "mlops.yaml", cwd=project, check=False).stderr


def test_colour_by_choice(project: Path) -> None:
    write(project, {"mlops.yaml": SPEC + "  x: {cmdd: y}\n"})

    def coloured(*words: str, **environment: str) -> bool:
        return "\x1b[" in run("mlopsc", *words, cwd=project, check=False, **environment).stderr

    assert not coloured("check", NO_COLOR="")
    assert coloured("check", NO_COLOR="", FORCE_COLOR="1")
    assert not coloured("check", NO_COLOR="1", FORCE_COLOR="1")
    assert not coloured("check", NO_COLOR="", FORCE_COLOR="0")
    assert coloured("check", "--color", "always", NO_COLOR="1")
    assert coloured("--color", "always", "check", NO_COLOR="1")
    assert not coloured("--color=never", "check", NO_COLOR="", FORCE_COLOR="1")


def test_targets_of_the_project_and_all(project: Path) -> None:
    active = run("mlopsc", "targets", cwd=project).stdout
    assert active.splitlines()[0].split() == ["dvc", "github", "make"]
    assert "not in the stack of this project: airflow, " in active
    assert "sagemaker" in run("mlopsc", "targets", "--all", cwd=project).stdout.splitlines()[0]
    (project / "mlops.yaml").unlink()
    assert "sagemaker" in run("mlopsc", "targets", cwd=project).stdout.splitlines()[0]


def test_elsewhere(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    here = tmp_path_factory.mktemp("here")
    for words in (("-C", str(project), "check"), ("check", "-C", str(project))):
        assert "2 stages" in run("mlopsc", *words, cwd=here).stdout
    done = run("mlopsc", "build", "-C", "nowhere", cwd=here, check=False)
    assert (done.returncode, done.stderr) == (2, "mlopsc: `nowhere` is not a folder\n")


@pytest.mark.parametrize("style", ["json", "sarif", "github", "text"])
def test_formats(project: Path, style: str) -> None:
    (project / "mlops.yaml").write_text(SPEC + "  broken: {cmdd: x, cmd: y}\n")
    done = run("mlopsc", "check", "--format", style, cwd=project, check=False)
    assert done.returncode == 1
    if style == "json":
        first = next(d for d in json.loads(done.stdout)["diagnostics"] if d["code"] == "MLC101")
        assert (first["code"], first["file"], first["line"], first["column"]) == ("MLC101", "mlops.yaml", 6, 12)
    elif style == "sarif":
        result = next(r for r in json.loads(done.stdout)["runs"][0]["results"] if r["ruleId"] == "MLC101")
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 6
    elif style == "github":
        assert "::error title=MLC101,file=mlops.yaml,line=6,col=12" in done.stdout
    else:
        assert "mlops.yaml:6:12: error[MLC101]: unknown key `cmdd`" in done.stderr
        assert "  broken: {cmdd: x" in done.stderr
        assert "^^^^" in done.stderr


def test_explain_tells_where_each_value_came_from(project: Path) -> None:
    said = run("mlopsc", "explain", "prepare", cwd=project).stdout
    assert "`src/prepare.py` imports it" in said
    assert "mlops.yaml:4:" in said
    values = json.loads(run("mlopsc", "explain", "--format", "json", cwd=project).stdout)["values"]
    assert {"stage": "train", "key": "outs", "value": "models/train"}.items() <= next(
        value for value in values if value["stage"] == "train" and value["key"] == "outs"
    ).items()


def test_explain_of_a_file_names_the_stages_that_it_touches(project: Path) -> None:
    said = json.loads(run("mlopsc", "explain", "src/prepare.py", "--format", "json", cwd=project).stdout)["values"]
    assert {value["stage"]: value["origin"] for value in said}["prepare"] == "it depends on it"
    assert {value["stage"]: value["origin"] for value in said}["train"] == "it is downstream of prepare"


def test_graph_targets_schema_and_code(project: Path) -> None:
    assert '["prepare"]' in run("mlopsc", "graph", cwd=project).stdout
    assert '"prepare" -> "train"' in run("mlopsc", "graph", "--format", "dot", cwd=project).stdout
    page = run("mlopsc", "graph", "--format", "html", cwd=project).stdout
    assert "<svg" in page
    data = json.loads(run("mlopsc", "graph", "--format", "json", cwd=project).stdout)
    assert ["prepare"] in [stage["parents"] for stage in data["stages"]]
    assert json.loads(page.partition('id="data">')[2].partition("</script>")[0]) == {**data, "live": False}
    assert "emulated" in run("mlopsc", "targets", cwd=project).stdout
    assert json.loads(run("mlopsc", "schema", cwd=project).stdout)["title"] == "mlops.yaml"
    assert run("mlopsc", "code", "mlc401", cwd=project).stdout.startswith("# MLC401: ")


def test_plan_and_eject(project: Path) -> None:
    said = run("mlopsc", "plan", cwd=project).stdout
    assert "create dvc.yaml" in said
    assert "run train: it has not run yet" in said
    assert not (project / "dvc.yaml").exists()
    run("mlopsc", "build", cwd=project)
    before = outputs(project)
    run("mlopsc", "eject", cwd=project)
    assert outputs(project) == before
    run("mlopsc", "eject", "--yes", cwd=project)
    assert {path: text for path, text in before.items() if path != ".mlops/lock.json"} == outputs(project)


def test_no_slow_import_where_nothing_changed(project: Path) -> None:
    run("mlopsc", "build", cwd=project)
    run("mlopsc", "build", cwd=project)
    code = "import sys; from mlopsc.compiler.cli import main; main(['build']); print(*sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True).stdout
    assert "nothing to do" in said
    assert not {"yaml", "pydantic", "networkx", "argparse", "dataclasses", "mlopsc.compiler.build"} & set(said.split())


def test_colour_only_on_a_terminal(project: Path) -> None:
    (project / "mlops.yaml").write_text("mlops: 2\n")
    assert "\x1b" not in run("mlopsc", "check", cwd=project, check=False).stderr


def test_a_name_with_a_line_break_writes_no_line_of_its_own(project: Path) -> None:
    (project / "mlops.yaml").write_text('mlops: 1\nstages: {"a\\nmlops.yaml is valid": {cmd: x, deps: [no]}}\n')
    said = run("mlopsc", "check", cwd=project, check=False)
    assert not [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("mlops.yaml is valid")]


def test_a_closed_pipe_is_no_error(project: Path) -> None:
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run("mlopsc schema | head -1", shell=True, cwd=project, env=env, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr


def test_watch_builds_again_when_an_input_changes(project: Path) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "mlopsc", "build", "--watch"],
        cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = Timer(60, watching.kill)
    deadline.start()
    try:
        assert watching.stdout is not None
        until(watching.stdout, "watching")
        spec = project / "mlops.yaml"
        spec.write_text(spec.read_text() + "  more: {cmd: run, deps: [raw.csv]}\n")
        until(watching.stdout, "update dvc.yaml")
        until(watching.stdout, "watching")
        assert "\n  more:\n" in (project / "dvc.yaml").read_text()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    finally:
        deadline.cancel()
        watching.kill()


def until(stream: IO[str], wanted: str) -> None:
    """Read lines up to one that holds the text; that the stream ends before is a failure."""
    for line in stream:
        if wanted in line:
            return
    raise AssertionError(f"no `{wanted}` was said")
