"""The feature store as a package of the project: found, tested, depended on, explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import run, write
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.resolve.library import holds_tests, library

FILES = {
    "src/feats/__init__.py": "",
    "src/feats/ratios.py": "",
    "src/feats/other.py": "from . import ratios\n",
    "src/train.py": "from feats.ratios import f\n",
    "src/judge.py": "import feats.other\n",
    "in": "",
}
SPEC = """\
mlops: 1
stack: {ci: [], features: feats}
stages:
  train: {deps: [in]}
  score: {cmd: python src/judge.py, deps: [DEPS, models/train], outs: [e]}
"""


@pytest.mark.parametrize("said", ["src/feats", "src/feats/", "feats", "./src/feats"])
def test_a_package_is_named_by_path_or_as_it_is_imported(said: str) -> None:
    assert library(said, Memory(FILES)) == "src/feats"
    assert library("feat", Memory(FILES)) is None
    assert library("feats.ratios", Memory(FILES)) is None, "a module is no package"


def test_its_tests_run_with_the_others() -> None:
    files = {**FILES, "mlops.yaml": SPEC.replace("DEPS", "src")}
    assert not holds_tests("src/feats", Memory(files))

    def command(**more: str) -> str:
        made = compile_spec(Memory({**files, **more}))
        assert not made.report.failed, list(made.report)
        makefile = next(file.text for file in made.files if file.path == "Makefile")
        return makefile.partition("\ntest:")[2].splitlines()[1].strip()

    inner = {"src/feats/tests/test_ratios.py": ""}
    assert command(**{"tests/test_a.py": ""}) == "python -m pytest"
    assert command(**inner) == "python -m pytest src/feats"
    assert command(**inner, **{"tests/test_a.py": ""}) == "python -m pytest tests src/feats"


@pytest.mark.parametrize(
    ("deps", "missing"),
    [("src/judge.py", ["other", "ratios"]), ("src/judge.py, src/feats/other.py", ["ratios"]), ("src/judge.py, src/feats", [])],
)  # fmt: skip
def test_a_stage_that_leaves_a_module_out_is_wrong(deps: str, missing: list[str]) -> None:
    found = list(compile_spec(Memory({**FILES, "mlops.yaml": SPEC.replace("DEPS", deps)})).report)
    assert [(each.code, each.severity) for each in found] == ([("MLC414", "error")] if missing else [])
    assert all(f"src/feats/{name}.py" in found[0].message for name in missing)
    plain = SPEC.replace("DEPS", deps).replace(", features: feats", "")
    found = list(compile_spec(Memory({**FILES, "mlops.yaml": plain})).report)
    assert [each.severity for each in found] == (["warning"] if missing else [])


def test_explain_shows_what_a_module_makes_run_again(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "src/feats/unused.py": "", "mlops.yaml": SPEC.replace("DEPS", "src/judge.py, src/feats/other.py, src/feats/ratios.py, src/feats/__init__.py")})  # fmt: skip
    for name in ("src/feats/ratios.py", "feats.ratios", "./src/feats/ratios.py"):
        shown = run("mlopsc", "explain", name, cwd=tmp_path).stdout
        assert "train" in shown
        assert shown.count("it depends on it") == 2
    shown = run("mlopsc", "explain", "feats.other", cwd=tmp_path).stdout
    assert "score" in shown
    assert "train" not in shown
    assert run("mlopsc", "explain", "src/feats", cwd=tmp_path).stdout.count("runs again") == 2
    assert run("mlopsc", "explain", "feats.unused", cwd=tmp_path).stdout == "no stage depends on src/feats/unused.py\n"
    assert (
        "the stage `feats.none` does not exist"
        in run("mlopsc", "explain", "feats.none", cwd=tmp_path, check=False).stderr
    )
