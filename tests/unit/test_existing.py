"""What an import does with an existing Makefile and existing CI files, without a DVC."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import write
from mlopsc.compiler.adopt.existing import examine
from mlopsc.compiler.adopt.guarantee import rejections
from mlopsc.compiler.adopt.oracle import Answer
from mlopsc.compiler.adopt.pipeline import folders_with_pipeline, repository_root

PIPELINE = "stages:\n  a: {cmd: 'true'}\n"
WORKFLOW = "on: {push: {branches: [main]}}\njobs:\n  run:\n    runs-on: ubuntu-latest\n    steps: [{uses: actions/checkout@v4}, "
DVC_WORKFLOW = WORKFLOW + "{run: dvc repro}]\n"
OTHER_WORKFLOW = WORKFLOW + "{run: dvc repro}, {run: make}]\n"
CI = ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("files", "take_ci", "stack", "lines"),
    [
        ({}, False, "{ci: []}", []),
        ({"Makefile": "mine:\n\techo\n"}, False, "{ci: []}", ["Makefile: your other targets are now in local.mk"]),
        (
            {"Makefile": "metrics:\n\tdvc metrics show\n"}, False, "{ci: []}",
            ["Makefile: a generated target replaces `metrics`", "Makefile: your other targets are now in local.mk"],
        ),
        (
            {"Makefile": "clean:\n\trm x\n"}, False, "{orchestrator: dvc, build: none, ci: []}",
            ["Makefile: unchanged, and none is generated: its targets `clean` would clash"],
        ),
        (
            {"Makefile": "mine:\n\techo\n", "local.mk": ""}, False, "{orchestrator: dvc, build: none, ci: []}",
            ["Makefile: unchanged, and none is generated: local.mk already exists"],
        ),
        (
            {"GNUmakefile": ""}, False, "{orchestrator: dvc, build: none, ci: []}",
            ["GNUmakefile: unchanged, and no Makefile is generated"],
        ),
        ({CI: DVC_WORKFLOW}, False, "{ci: []}", [f"{CI}: unchanged; it only calls DVC: `mlopsc import --take-ci`"]),
        ({CI: OTHER_WORKFLOW}, True, "{ci: []}", [f"{CI}: unchanged: it runs `make`"]),
        (
            {CI: DVC_WORKFLOW, f"{CI}.orig": ""}, True, "{ci: []}",
            [f"{CI}: unchanged: `{CI}.orig` already exists (`run` only calls DVC)"],
        ),
        (
            {CI: DVC_WORKFLOW, ".github/workflows/x.yml": DVC_WORKFLOW}, False, "{ci: []}",
            [f"{CI}: unchanged; it only calls DVC", ".github/workflows/x.yml: unchanged: only one workflow can be converted"],
        ),
        (
            {".gitlab-ci.yml": "a: {script: [dvc repro]}\n"}, True, "{ci: []}",
            [".gitlab-ci.yml: unchanged: its triggers and secrets are set in GitLab, not in the file (`a` only calls DVC)"],
        ),
    ],
)  # fmt: skip
def test_each_file_is_converted_or_the_reason_is_named(
    files: dict[str, str], take_ci: bool, stack: str, lines: list[str], tmp_path: Path
) -> None:
    existing = examine(str(write(tmp_path, {"dvc.yaml": PIPELINE, **files})), take_ci)
    assert existing.stack == f"stack: {stack}"
    printed = [*existing.taken, *existing.left]
    assert len(printed) == len(lines)
    assert all(line.startswith(start) for line, start in zip(printed, lines, strict=True)), printed


def test_a_workflow_is_converted_on_request(tmp_path: Path) -> None:
    existing = examine(str(write(tmp_path, {"dvc.yaml": PIPELINE, CI: DVC_WORKFLOW})), take_ci=True)
    assert existing.stack == "stack: {ci: github}"
    assert existing.ci is not None
    assert existing.ci.line == "ci: {on: {push: [main], pull_request: false, manual: false}}"
    assert existing.taken[0].endswith(f"the file is kept as `{CI}.orig`, which GitHub ignores")
    assert any("which yours did not do" in difference for difference in existing.ci.differences)


def test_dvc_rejects_a_pipeline_or_its_status_fails() -> None:
    answer = Answer({}, {"dvc.yaml": "not\n  valid"}, errors="busy")
    assert [str(item.message) for item in rejections(answer, whole=True)] == [
        "DVC does not accept `dvc.yaml`: not valid"
    ]
    status = Answer({}, {}, errors="lock is\nbusy")
    assert [item.message for item in rejections(status, whole=True)] == ["`dvc status` fails: lock is busy"]
    assert list(rejections(status, whole=False)) == [], "another pipeline may be the reason"


def test_pipelines_of_nested_repositories_are_not_imported(tmp_path: Path) -> None:
    paths = (
        "dvc.yaml",
        "a/dvc.yaml",
        "a/b/dvc.yaml",
        "nested/dvc.yaml",
        "nested/.dvc/config",
        ".dvc/config",
        ".venv/dvc.yaml",
    )
    write(tmp_path, dict.fromkeys(paths, ""))
    assert folders_with_pipeline(str(tmp_path)) == ["", "a", "a/b"]
    assert repository_root(str(tmp_path)) == (str(tmp_path), [])
    assert repository_root(str(tmp_path / "a")) == (str(tmp_path), ["a", "a/b"])
    assert repository_root(str(tmp_path / "nested")) == (str(tmp_path / "nested"), [])
