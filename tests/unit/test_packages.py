"""Which packages a stage tracks: what its code can load, told by the lock and the table of names alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.programs.packages import PATH
from mlopsc.compiler.resolve.packages import programs, providers
from mlopsc.compiler.write.lock import digest
from mlopsc.compiler.write.plan import plan

LOCK = """\
version = 1
requires-python = ">=3.11"
[[package]]
name = "pandas"
version = "2.2.0"
dependencies = [{ name = "numpy" }]
[package.optional-dependencies]
excel = [{ name = "openpyxl" }]
[[package]]
name = "numpy"
version = "1.26.4"
[[package]]
name = "openpyxl"
version = "3.1"
[[package]]
name = "pyyaml"
version = "6.0"
[[package]]
name = "torch"
version = "2.3.0"
[[package]]
name = "google-cloud-storage"
version = "2.0"
[[package]]
name = "member"
version = "0"
source = { editable = "../member" }
dependencies = [{ name = "attrs" }]
[[package]]
name = "attrs"
version = "23"
"""
ALL = None
SPEC = "mlops: 1\nstack: {ci: []}\n"
FILES = {"uv.lock": LOCK, "raw.csv": "1", "src/train.py": ""}


def compiled(files: Mapping[str, str], spec: str = "stages: {train: {deps: [raw.csv]}}") -> Any:
    run = compile_spec(Memory({**FILES, "mlops.yaml": SPEC + spec, **files}))
    assert not run.report.failed, list(run.report)
    return run


def tracked(files: Mapping[str, str], spec: str = "stages: {train: {deps: [raw.csv]}}", stage: str = "train") -> Any:
    """The packages that a stage tracks beside Python; () where it tracks none, None where it tracks all."""
    for param in compiled(files, spec).resolved.entries[stage].body.get("params", ()):
        for file, names in param.items() if isinstance(param, dict) else ():
            if file.endswith("packages.json"):
                return ALL if names is None else tuple(name for name in names if name != "python")
    return ()


def codes(files: Mapping[str, str], spec: str = "stages: {train: {deps: [raw.csv]}}") -> list[str]:
    return [problem.code for problem in compiled(files, spec).report if problem.severity != "note"]


IMPORTS: dict[str, tuple[str, Any]] = {
    "nothing": ("", ()),
    "the standard library": ("import json, os.path", ()),
    "with all that it needs, extras too": ("import pandas", ("numpy", "openpyxl", "pandas")),
    "another name": ("import yaml", ("pyyaml",)),
    "within a function": ("def f():\n    from yaml import safe_load", ("pyyaml",)),
    "that may be missing": ("try:\n    import cupy\nexcept ImportError:\n    pass\nimport yaml", ("pyyaml",)),
    "for types only": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas", ()),
    "of a namespace": ("from google.cloud import storage", ("google-cloud-storage",)),
    "a literal dynamic one": ("import importlib\nimportlib.import_module('yaml')", ("pyyaml",)),
    "a dynamic one": ("import importlib, sys\nimportlib.import_module(sys.argv[1])", ALL),
    "that nothing is known to provide": ("import unheard_of", ALL),
    "of a broken file": ("import (", ALL),
    "of a module of the repository": ("import helper", ("pyyaml",)),
    "of a member of the workspace elsewhere": ("import member", ("attrs",)),
    "of a program": ("import subprocess\nsubprocess.run(['torchrun', 'x.py'])", ("torch",)),
}


@pytest.mark.parametrize(("code", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_an_import(code: str, expected: Any) -> None:
    assert tracked({"src/train.py": code, "src/helper.py": "import yaml"}) == expected


COMMANDS: dict[str, tuple[str, Any]] = {
    "a program of a package": ("torchrun --nproc-per-node 2 src/train.py", ("pyyaml", "torch")),
    "within others": ("nohup uv run torchrun src/train.py", ("pyyaml", "torch")),
    "in the environment's folder": (".venv/bin/torchrun src/train.py", ("pyyaml", "torch")),
    "a module": ("python -m torch.distributed.run src/train.py", ("pyyaml", "torch")),
    "a module that no launcher has": ("python -m pandas.tool", ("numpy", "openpyxl", "pandas")),
    "code on the command line": ("python -c 'import pandas'", ("numpy", "openpyxl", "pandas")),
    "no Python": ("cp raw.csv out", ()),
    "the shell": ("sh run.sh", ()),
}


@pytest.mark.parametrize(("command", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_a_command(command: str, expected: Any) -> None:
    spec = f"stages: {{train: {{cmd: {json.dumps(command)}, outs: [out], infer: [packages]}}}}"
    files = {"src/train.py": "import yaml", "run.sh": "cp a b"}
    assert tracked(files, spec) == expected


MODULES = [
    ("cv2", {"opencv-python", "opencv-python-headless", "numpy"}, {"opencv-python", "opencv-python-headless"}),
    ("PIL", {"pillow"}, {"pillow"}),
    ("sklearn", {"scikit-learn", "scikit-image"}, {"scikit-learn"}),
    ("numpy", {"numpy", "pandas"}, {"numpy"}),
    ("jinja2", {"jinja2", "flask"}, {"jinja2"}),
    ("numpy", {"pandas"}, {"pandas"}),
    ("ruamel.yaml", {"ruamel-yaml", "ruamel-yaml-clib"}, {"ruamel-yaml"}),
    ("google.protobuf.message", {"protobuf", "google-auth"}, {"protobuf"}),
    ("google.auth.transport", {"protobuf", "google-auth"}, {"google-auth"}),
    ("google.cloud.storage", {"google-cloud-storage", "google-cloud-bigquery"}, {"google-cloud-storage"}),
    ("azure.storage.blob.aio", {"azure-storage-blob", "azure-core"}, {"azure-storage-blob"}),
    ("mpl_toolkits.mplot3d", {"matplotlib"}, {"matplotlib"}),
    ("foo", {"python-foo", "types-foo", "foo-stubs"}, {"python-foo"}),
    ("pythonjsonlogger", {"python-json-logger", "json-logger"}, {"python-json-logger"}),
    ("factor_analyzer", {"factoranalyzer"}, {"factoranalyzer"}),
    ("foo", {"bar"}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("module", "names", "expected"), MODULES)
def test_what_provides_a_module(module: str, names: set[str], expected: set[str]) -> None:
    assert providers(module, names) == expected


def test_programs_of_the_system_belong_to_no_package() -> None:
    names = {"sh", "make", "gitpython", "dvc", "papermill", "ipykernel"}
    assert not programs("sh", names) | programs("make", names) | programs("git", names)
    assert programs("papermill", names) == {"papermill", "ipykernel"}
    assert programs("dvc", names) == {"dvc"}


def test_all_stages_that_run_python_track_python_and_no_others() -> None:
    files = {"src/copy.sh": "cp a b"}
    spec = "stages: {train: {deps: [raw.csv]}, copy: {deps: [raw.csv]}}"
    entries = compiled(files, spec).resolved.entries
    assert entries["train"].body["params"] == [{PATH: ["python"]}]
    assert "params" not in entries["copy"].body


def test_the_conventions_and_what_is_stated_stand_beside_each_other() -> None:
    files = {"params.yaml": "train: {lr: 1}\n", "src/train.py": "import yaml"}
    run = compiled(files, "stages: {train: {wdir: sub, deps: [raw.csv]}}")
    entry = run.resolved.entries["train"]
    assert entry.body["params"] == [{"../params.yaml": ["train"]}, {"../.mlops/packages.json": ["python", "pyyaml"]}]
    assert entry.origins["params", "../params.yaml"].rule == "params"
    assert entry.origins["params", "../.mlops/packages.json"].why == "its code loads pyyaml (uv.lock)"
    stated = "stages: {train: {deps: [raw.csv], params: [{.mlops/packages.json: [torch]}]}}"
    assert tracked(files, stated) == ("torch",)


@pytest.mark.parametrize(
    ("infer", "expected"),
    [
        ("", ()),
        ("infer: all", ("pyyaml",)),
        ("infer: [code]", ()),
        ("infer: [packages]", ("pyyaml",)),
        ("infer: none", ()),
    ],
)
def test_stages_with_a_command_track_packages_if_asked(infer: str, expected: Any) -> None:
    files = {"src/train.py": "import yaml"}
    stages = "stages: {train: {cmd: python src/train.py, outs: [out], %s}}"
    assert tracked(files, stages % infer) == expected
    assert tracked(files, f"{infer or 'infer: [deps]'}\n" + stages % "") == expected


def test_every_stage_of_a_foreach_tracks_what_one_of_them_loads() -> None:
    files = {"src/a.py": "import yaml", "src/b.py": "import torch"}
    spec = (
        "stages: {train: {foreach: [a, b], do: {cmd: 'python src/${item}.py', outs: ['${item}'], infer: [packages]}}}"
    )
    assert tracked(files, spec) == ("pyyaml", "torch")


def test_a_monitor_tracks_packages_too() -> None:
    run = compiled({"src/drift.py": "import yaml"}, "monitor: {drift: {schedule: '0 6 * * *', deps: [raw.csv]}}")
    written = {file.path: file.text for file in run.files}
    assert ".mlops/packages.json:\n      - python\n      - pyyaml" in written["monitoring/dvc.yaml"]
    assert PATH in written


def test_without_a_lock_nothing_is_written() -> None:
    run = compile_spec(
        Memory({"mlops.yaml": SPEC + "stages: {train: {deps: [raw.csv]}}", "raw.csv": "1", "src/train.py": ""})
    )
    assert not {file.path for file in run.files} & {PATH, ".mlops/scripts/packages.py"}


LOOSE: dict[str, tuple[Mapping[str, str], list[str]]] = {
    "no requirements": ({}, []),
    "loose ones": ({"requirements.txt": "pandas>=2\n"}, ["MLC314"]),
    "of pyproject": ({"pyproject.toml": "[project]\nname = 'x'\ndependencies = ['pandas']\n"}, ["MLC314"]),
    "of conda": ({"environment.yml": "dependencies:\n  - pandas\n"}, ["MLC314"]),
    "that no stage loads": ({"requirements.txt": "pandas==2.2\nscipy\n"}, []),
    "pinned": ({"requirements.txt": "pandas==2.2\n"}, []),
    "a pattern is no pin": ({"requirements.txt": "pandas==2.*\n"}, ["MLC314"]),
    "locked beside": ({"requirements.txt": "pandas\n", "requirements.lock": "pandas==2.2\n"}, []),
    "an unreadable lock": ({"requirements.txt": "pandas\n", "uv.lock": "<<<<<<< HEAD\n"}, ["MLC315"]),
}


@pytest.mark.parametrize(("files", "expected"), LOOSE.values(), ids=LOOSE)
def test_what_is_not_locked_is_one_warning(files: Mapping[str, str], expected: list[str]) -> None:
    spec = "stages: {train: {deps: [raw.csv]}, eval: {deps: [models/train]}}"
    code = {"src/train.py": "import pandas", "src/eval.py": "import pandas", "raw.csv": "1"}
    run = compile_spec(Memory({"mlops.yaml": SPEC + spec, **code, **files}))
    assert [problem.code for problem in run.report if problem.severity == "warning"] == expected
    only_dvc = "stages: {train: {cmd: python src/train.py, deps: [src/train.py, raw.csv], outs: [out]}}"
    run = compile_spec(Memory({"mlops.yaml": SPEC + only_dvc, **code, **files}))
    assert not [problem.code for problem in run.report if problem.code.startswith(("MLC314", "MLC315"))]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"requirements.txt": "pandas==2\nnumpy==1\n"}, True),
        ({"requirements.txt": "pandas==2\nnumpy==1\n    # via pandas\n"}, False),
        ({"pylock.toml": "[[packages]]\nname = 'pandas'\nversion = '2'\n"}, True),
        ({"uv.lock": "[[package]]\nname = 'pandas'\nversion = '2'\n"}, False),
        ({"requirements.txt": "other==2\n"}, False),
        ({}, False),
    ],
)
def test_a_lock_without_what_needs_what_is_a_note(files: Mapping[str, str], expected: bool) -> None:
    spec = SPEC + "stages: {train: {deps: [raw.csv]}, eval: {deps: [models/train]}}"
    code = {"src/train.py": "import pandas", "src/eval.py": "import pandas"}
    run = compile_spec(Memory({"mlops.yaml": spec, "raw.csv": "1", **code, **files}))
    assert [problem.code for problem in run.report].count("MLC316") == expected


def test_an_import_that_a_transitive_package_provides_is_no_problem() -> None:
    assert (
        codes({"src/train.py": "import numpy", "pyproject.toml": "[project]\nname = 'x'\ndependencies = ['pandas']\n"})
        == []
    )


@pytest.mark.parametrize(
    "lock",
    [
        "package = 3", "[[package]]\nname = 7\nversion = []", "[package]\nname = 'x'",
        "[[package]]\nname = 'pandas'\nversion = 2\ndependencies = 'numpy'\nsource = 3\nwheels = {}",
        "[[package]]\nname = '*'\nversion = '1'\n[[package]]\nname = 'a.*.b'\nversion = '${x}'",
        "[[package]]\nname = 'pandas'\nversion = '1'\nsource = { git = [1] }\noptional-dependencies = []",
        "[[package]]\nname = 'python'\nversion = '9'\n", "a" * 100_000, "[" * 10_000, "\ud800", "",
    ],
)  # fmt: skip
def test_a_hostile_lock_is_at_most_a_warning(lock: str) -> None:
    files = {"uv.lock": lock.encode("utf-8", "surrogatepass"), "src/train.py": "import json"}
    run = compile_spec(Memory({**FILES, "mlops.yaml": SPEC + "stages: {train: {deps: [raw.csv]}}", **files}))
    assert {problem.code for problem in run.report if problem.severity != "note"} <= {"MLC315"}
    for path in ("poetry.lock", "pylock.toml", "requirements.txt"):
        run = compile_spec(
            Memory(
                {
                    "mlops.yaml": SPEC + "stages: {train: {deps: [raw.csv]}}",
                    "raw.csv": "",
                    "src/train.py": "",
                    path: files["uv.lock"],
                }
            )
        )
        assert not run.report.failed
    assert not run.report.failed


BESIDE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "known needs, without a graph": ("import pandas", "pandas==2\nnumpy==1\nflask==3\n", ("numpy", "pandas")),
    "not with one": ("import pandas", "pandas==2\n    # via x\nnumpy==1\nx==1\n", ("pandas",)),
    "engines": ("import pandas", "pandas==2\npyarrow==16\ns3fs==1\n", ("pandas", "pyarrow")),
    "no engines of others": ("import yaml", "pyyaml==6\npyarrow==16\n", ("pyyaml",)),
    "what brings it, for want of it": ("import numpy", "pandas==2\n", ("pandas",)),
}


@pytest.mark.parametrize(("code", "lock", "expected"), BESIDE.values(), ids=BESIDE)
def test_what_a_package_loads_beside_what_the_lock_says(code: str, lock: str, expected: tuple[str, ...]) -> None:
    files = {"mlops.yaml": SPEC + "stages: {train: {deps: [raw.csv]}}", "raw.csv": "", "src/train.py": code}
    run = compile_spec(Memory({**files, "requirements.txt": lock}))
    assert run.resolved is not None
    assert run.resolved.entries["train"].body["params"] == [{PATH: list(expected)}]


def test_the_file_that_the_runner_keeps_up_to_date_is_not_edited_by_that() -> None:
    run = compiled({"src/train.py": "import yaml"})
    lock = {file.path: digest(file.text) for file in run.files}
    disk = Memory({**{file.path: file.text for file in run.files if not file.block}, PATH: '{"pyyaml": "5.0"}\n'})
    changes, problems = plan(run.files, lock, disk, run.inputs)
    assert not problems
    assert {change.path: (change.action, change.backup) for change in changes.pending}[PATH] == ("update", False)
    _, problems = plan(run.files, {}, disk, run.inputs)
    assert [problem.code for problem in problems] == ["MLC601"]
