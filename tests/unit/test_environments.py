"""Environments: one wrapping of commands, judged by the shell itself; what is wrong in a spec; what the back ends get."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run, write
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.environment import Environment
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.resolve.wrapping import inside

DIGEST = f"ghcr.io/acme/sim@sha256:{'0123456789abcdef' * 4}"
FILES = {
    "in.txt": "",
    "envs/uv.lock": "version = 1\n",
    "r.txt": "rich==1\n",
    "params.yaml": "lr: 0.1\ntitle: a b\n",
    "sub/x": "",
}
KINDS: dict[str, dict[str, Any]] = {
    "u": {"uv": "envs"},
    "v": {"venv": "r.txt"},
    "c": {"container": DIGEST},
    "p": {"run": "conda run -n x"},
    "m": {"run": "module load gcc &&"},
    "far": {"run": "ssh box"},
}
STARTS = {
    "u": "uv run --frozen --project envs ",
    "v": "sh .mlops/scripts/venv.sh v r.txt ",
    "c": f"sh .mlops/scripts/container.sh {DIGEST} ",
    "p": "conda run -n x ",
    "m": "module load gcc && ",
}


def built(stage: dict[str, Any], **more: Any) -> Compiled:
    environments = more.pop("environments", KINDS)
    stage = {"deps": ["in.txt"], "outs": ["o"], **stage}
    spec = {"mlops": 1, "environments": environments, "stages": {"a": stage}, **more}
    return compile_spec(Memory({**FILES, "mlops.yaml": dump(spec)}))


def command(stage: dict[str, Any], **more: Any) -> Any:
    project = built(stage, **more).project
    assert project is not None
    body = project.dvc["stages"]["a"]
    return body.get("do", body)["cmd"]


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize(
    ("line", "wrapped"),
    [
        ("python x.py --lr ${lr}", "python x.py --lr ${lr}"),
        ("python x.py '--title' \"a b\"", "python x.py '--title' \"a b\""),
        ("python x.py ${title}", "python x.py ${title}"),
        ("a | b", "sh -c 'a | b'"),
        ("cd sub", "sh -c 'cd sub'"),
        ("A=1 python x.py", "sh -c 'A=1 python x.py'"),
        ("echo $HOME", "sh -c 'echo $HOME'"),
        ("echo 'it'", "echo 'it'"),
        ("echo 'a' > b", "sh -c 'echo '\"'\"'a'\"'\"' > b'"),
        ("ls *.csv", "sh -c 'ls *.csv'"),
    ],
)
def test_a_line_in_each_kind(name: str, line: str, wrapped: str) -> None:
    assert command({"cmd": line, "environment": name}) == STARTS[name] + wrapped


def test_a_remote_shell_gets_one_word() -> None:
    assert command({"cmd": "echo 'a b'", "environment": "far"}) == "ssh box 'echo '\"'\"'a b'\"'\"''"


def test_lists_folders_items_and_limits() -> None:
    assert command({"cmd": ["# no\nb"], "environment": "p"}) == ["conda run -n x sh -c '# no\nb'"]
    assert command({"cmd": "a\n\n# no\nb | c\n", "environment": "p"}) == [
        "conda run -n x a",
        "conda run -n x sh -c 'b | c'",
    ]
    assert command({"cmd": "a", "wdir": "sub", "environment": "u", "deps": []}) == "uv run --frozen --project ../envs a"
    assert (
        command({"cmd": "a", "wdir": "sub", "environment": "v", "deps": []}) == "sh ../.mlops/scripts/venv.sh v r.txt a"
    )
    limited = command({"cmd": "a > b", "environment": "u", "timeout": "1m", "retries": 2, "env": {"X": "y"}})
    assert limited == "export X='y'; sh .mlops/scripts/run.sh 2 60 uv run --frozen --project envs sh -c 'a > b'"


def test_a_template_that_needs_a_shell_in_one_of_its_stages() -> None:
    for items, expected in (
        (["a", "b"], "conda run -n x run ${item}"),
        (["a", "b;c"], "conda run -n x sh -c 'run ${item}'"),
    ):
        do = {"cmd": "run ${item}", "environment": "p", "deps": ["in.txt"]}
        spec = {"mlops": 1, "environments": KINDS, "stages": {"a": {"foreach": items, "do": do}}}
        project = compile_spec(Memory({**FILES, "mlops.yaml": dump(spec)})).project
        assert project is not None
        assert project.dvc["stages"]["a"]["do"]["cmd"] == expected


SHELL_TEXT = st.text(alphabet="ab '\"$\\`*;&|()#~!{}[]<>=-\n\t", min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(st.lists(SHELL_TEXT, min_size=1, max_size=3), st.sampled_from(["env", "nice -n 0", "true &&"]))
def test_the_words_of_a_command_survive(words: list[str], prefix: str) -> None:
    """Whatever the words are, the program gets them in the environment as it would outside of it."""
    import shlex

    line = "printf '<%s>' " + " ".join(map(shlex.quote, words))
    wrapped = inside([line], Environment("e", "run", prefix), ".", [], 0, [{}])
    commands = [wrapped] if isinstance(wrapped, str) else wrapped
    outputs = [
        subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout for text in commands
    ]
    assert "".join(outputs) == "".join(f"<{word}>" for word in words)


def codes(run: Compiled) -> list[tuple[str, str]]:
    return [
        (each.code, each.help)
        for each in run.report
        if each.code in {f"MLC{n}" for n in (315, 438, 439, 440, 441, 442, 443)}
    ]


@pytest.mark.parametrize(
    ("environments", "stage", "found"),
    [
        (KINDS, {"environment": "none"}, []),
        ({"gpu": {"uv": "envs"}}, {"environment": "gpus"}, [("MLC438", "did you mean `gpu`?")]),
        ({"gpu": {"uv": "envs"}}, {"environment": "zzz"}, [("MLC438", "define it under `environments`, or use one of: gpu")]),
        (None, {"environment": "zzz"}, [("MLC438", "define it under `environments`")]),
        ({"e": {}}, {"environment": "e"}, [("MLC440", "add one of `uv`, `venv`, `container` and `run`")]),
        ({"e": {"uv": "envs", "run": "x"}}, {"environment": "e"}, [("MLC440", "keep one of them, and give the other a name")]),
        ({"e": {"uv": "envs", "network": False}}, {"environment": "e"}, [("MLC440", "remove `network`")]),
        ({"e": {"container": DIGEST, "with": "podman", "lock": "r.txt"}}, {}, [("MLC440", "remove `lock`")]),
        ({"none": {"uv": "envs"}}, {}, [("MLC440", "give it another name")]),
        ({"e": {"container": DIGEST}}, {"environment": "e", "image": DIGEST}, [("MLC441", "remove one of them")]),
        ({"e": {"uv": "there"}}, {}, [("MLC442", "create it with `uv lock --project there`, or correct the path")]),
        ({"e": {"venv": "there.txt"}}, {"environment": "e"}, [("MLC442", "create it, or correct the path")]),
        ({"e": {"venv": "r.txt"}}, {"environment": "e", "wdir": "${lr}"}, [("MLC443", "write a `wdir` without `${`, or `environment: none`")]),
    ],
)  # fmt: skip
def test_what_is_wrong(environments: Any, stage: dict[str, Any], found: list[tuple[str, str]]) -> None:
    more = {} if environments is None else {"environments": environments}
    run = built({"cmd": "x", **stage}, **{"environments": None, **more})
    assert codes(run) == found


def test_an_image_by_tag() -> None:
    run = built({"cmd": "x", "environment": "e"}, environments={"e": {"container": "ghcr.io/acme/sim:1"}})
    ((code, remedy),) = codes(run)
    assert (code, "sh .mlops/scripts/container.sh ghcr.io/acme/sim:1" in remedy) == ("MLC439", True)


def test_the_default_and_what_replaces_it() -> None:
    assert command({"cmd": "x"}, environment="p") == "conda run -n x x"
    assert command({"cmd": "x", "environment": "none"}, environment="p") == "x"
    assert command({"cmd": "x", "image": DIGEST}, environment="p") == STARTS["c"] + "x"
    run = built({"cmd": "x"}, environment="q")
    assert [code for code, _ in codes(run)] == ["MLC438"], "once, at the top"


def test_monitors_and_gates() -> None:
    """Monitors have the default, too; gates are programs of mlopsc and run outside."""
    monitors = {"w": {"cmd": "x"}, "o": {"cmd": "x", "environment": "none"}, "c": {"cmd": "x", "environment": "c"}}
    run = built({"cmd": "x", "metrics": ["m.json"], "gates": {"a": "> 1"}}, environment="p", monitor=monitors)
    assert run.project is not None
    commands = {name: monitor.body["cmd"] for name, monitor in run.project.monitors.items()}
    assert commands == {"w": "conda run -n x x", "o": "x", "c": STARTS["c"] + "x"}
    assert run.project.stages["gate-a"].commands[0].text.startswith("python .mlops/scripts/gate.py")
    assert ".mlops/scripts/container.sh" in {file.path for file in run.files}


LOCK = """\
version = 1
requires-python = ">=3.11"
[[package]]
name = "numpy"
version = "1.0"
[[package]]
name = "rich"
version = "2.0"
"""


@pytest.mark.parametrize(
    ("lock", "text"),
    [
        ("e/uv.lock", LOCK),
        (
            "e/pylock.toml",
            LOCK.replace("[[package]]", "[[packages]]").replace("version = 1\n", 'lock-version = "1.0"\n'),
        ),
        ("e/pylock.gpu.toml", LOCK.replace("[[package]]", "[[packages]]")),
        ("e/poetry.lock", LOCK),
        ("e/requirements.txt", "numpy==1.0\nrich==2.0\n"),
        ("e/gpu.txt", "numpy==1.0\nrich==2.0\n"),
    ],
)
def test_a_lock_that_can_be_read_is_tracked_by_package(lock: str, text: str) -> None:
    spec = {
        "mlops": 1,
        "environments": {"e": {"run": "conda run -n e", "lock": lock}},
        "environment": "e",
        "stages": {
            "numbers": {"cmd": "python numbers.py", "deps": ["numbers.py"], "outs": ["a"]},
            "plain": {"cmd": "cat numbers.py > b", "deps": ["numbers.py"], "outs": ["b"]},
            "strange": {"cmd": "simulate", "deps": ["numbers.py"], "outs": ["c"]},
        },
    }
    files = {"mlops.yaml": dump(spec), "numbers.py": "import numpy", lock: text}
    run = compile_spec(Memory(files))
    assert run.project is not None
    params = {name: [(p.file, p.key) for p in stage.params] for name, stage in run.project.stages.items()}
    file = ".mlops/packages/e.json"
    assert (file, "numpy") in params["numbers"]
    assert (file, "rich") not in params["numbers"]
    assert params["plain"] == []
    assert params["strange"] == [(file, None)], "what it loads is not known"
    emitted = {each.path: each.text for each in run.files}
    assert json.loads(emitted[".mlops/environments.json"]) == {file: lock}
    assert json.loads(emitted[file])["numpy"] == "1.0"


def test_any_other_lock_is_a_dep() -> None:
    environments = {"e": {"run": "pixi run", "lock": "pixi.lock"}}
    spec = {
        "mlops": 1,
        "environments": environments,
        "stages": {"a": {"cmd": "x", "outs": ["o"], "wdir": "sub", "environment": "e"}},
    }
    run = compile_spec(Memory({"mlops.yaml": dump(spec), "pixi.lock": "1", "sub/x": ""}))
    assert run.project is not None
    assert run.project.stages["a"].deps == ("pixi.lock",)
    assert run.project.dvc["stages"]["a"]["deps"] == ["../pixi.lock"]


def test_modules_of_another_environment_are_not_missing() -> None:
    files = {"requirements.txt": "rich==1\n", "x.py": "import numpy\n", "envs/uv.lock": LOCK}
    stage = {"cmd": "python x.py", "deps": ["x.py"], "outs": ["o"]}
    for more, expected in (({}, ["MLC313"]), ({"environment": "u"}, [])):
        spec = {"mlops": 1, "environments": {"u": {"uv": "envs"}}, "stages": {"a": {**stage, **more}}}
        run = compile_spec(Memory({**files, "mlops.yaml": dump(spec)}))
        assert [each.code for each in run.report if each.code == "MLC313"] == expected


def test_a_container_that_is_entered_already(tmp_path: Path) -> None:
    """On an engine the task runs in the image: the command runs as it is, with no runtime."""
    script = str(ROOT / "compiler/programs/container.sh")
    words = ["--with", "podman", "--env", "A", "--gpus", "1", "--offline", "i:1", "printf", "%s|", "a b", "$c"]
    done = run("sh", script, *words, cwd=tmp_path, MLOPS_IMAGE="i:1")
    assert done.stdout == "a b|$c|"


@pytest.mark.parametrize("runtime", ["podman", "docker", "apptainer"])
def test_what_a_runtime_is_called_with(runtime: str, tmp_path: Path) -> None:
    """The options of each runtime, as its command line gets them: the program here only prints its words."""
    write(tmp_path, {f"bin/{runtime}": '#!/bin/sh\nprintf "%s\\n" "$@"\n', ".mlops/secrets.txt": "KEY\n"})
    (tmp_path / "bin" / runtime).chmod(stat.S_IRWXU)
    script = write(tmp_path, {".mlops/scripts/container.sh": (ROOT / "compiler/programs/container.sh").read_text()})
    words = ["--with", runtime, "--env", "A,B", "--gpus", "2", "--shm", "1g", "--offline", "i:1", "echo", "a b"]
    settings = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "3,5"}
    output = run("sh", f"{script}/.mlops/scripts/container.sh", *words, cwd=tmp_path, **settings).stdout.splitlines()
    here = str(tmp_path)
    assert output[-2:] == ["echo", "a b"]
    if runtime == "apptainer":
        assert output[:-2] == [
            "exec",
            "--pwd",
            here,
            "--bind",
            here,
            "--nv",
            "--net",
            "--network",
            "none",
            "docker://i:1",
        ]
        return
    pairs = list(pairwise(output))
    for pair in (("--workdir", here), ("--volume", f"{here}:{here}"), ("--env", "A"), ("--env", "B"), ("--env", "KEY"),
                 ("--network", "none"), ("--shm-size", "1g"), ("--user", f"{os.getuid()}:{os.getgid()}")):  # fmt: skip
        assert pair in pairs
    devices = [("--device", "nvidia.com/gpu=3"), ("--device", "nvidia.com/gpu=5")]
    assert all(pair in pairs for pair in (devices if runtime == "podman" else [("--gpus", '"device=3,5"')]))
    assert output[-4:-2] == ["", "i:1"], "no entrypoint"
