"""A project in a folder of a Git repository: what it writes at the root, and how its files of CI differ from those of others."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from mlopsc.compiler.build import Compiled, compile_spec
from mlopsc.compiler.installed import installed
from mlopsc.compiler.model.snapshot import Memory

FOLDER = "services/ml"
TOP = "../.."
SPEC = """\
mlops: 1
project: wine
stack: {ci: [github, gitlab]}
stages:
  train: {cmd: PYTHONPATH=../../libs python src/train.py, infer: [code], deps: [in.csv], outs: [model]}
"""
FILES = {
    "in.csv": "1",
    "params.yaml": "x: 1",
    "look.py": "",
    "src/train.py": "import common.scale",
    "../../libs/common/__init__.py": "",
    "../../libs/common/scale.py": "",
    "../../libs/common/other.py": "",
}
AROUND = """\
models: {m: {path: model, from: train}}
experiments: {e: {set: {x: [1, 2]}}}
deploy: {staging: {model: m, on: tag, run: ./go}, edge: {model: m, on: push, run: ./go}}
monitor:
  drift: {cmd: python look.py, deps: [in.csv], metrics: [d.json], gates: {x: "< 1"}, on_breach: [issue, retrain], schedule: "0 6 * * *"}
"""


def compiled(spec: str = SPEC, files: dict[str, str] | None = None, folder: str = FOLDER) -> Compiled:
    return compile_spec(Memory({**FILES, **(files or {}), "mlops.yaml": spec}, folder))


def emitted(spec: str = SPEC, files: dict[str, str] | None = None, folder: str = FOLDER) -> dict[str, str]:
    built = compiled(spec, files, folder)
    assert not built.report.failed, list(built.report)
    return {file.path: file.text for file in built.files}


def workflow(spec: str = SPEC, files: dict[str, str] | None = None, name: str = "mlops-wine") -> dict[Any, Any]:
    data: dict[Any, Any] = yaml.safe_load(emitted(spec, files)[f"{TOP}/.github/workflows/{name}.yml"])
    return data


def watched(files: dict[str, str] | None = None, spec: str = SPEC) -> list[str]:
    paths: list[str] = workflow(spec, files)[True]["push"]["paths"]
    return paths


def codes(spec: str, files: dict[str, str] | None = None, folder: str = FOLDER) -> list[str]:
    return [item.code for item in compiled(spec, files, folder).report if item.severity == "error"]


def test_files_of_ci_are_at_the_root_and_name_the_project() -> None:
    above = {path for path in emitted(SPEC + AROUND) if path.startswith("..")}
    names = ("wine", "wine-deploy", "wine-experiments", "wine-monitor")
    expected = {f"{TOP}/.github/workflows/mlops-{name}.yml" for name in names}
    assert above == expected | {f"{TOP}/.gitlab-ci.yml", f"{TOP}/.gitlab/mlops-wine.yml"}
    assert not any(path.startswith(".github") for path in emitted(SPEC + AROUND))


def test_at_the_root_nothing_differs() -> None:
    spec = SPEC.replace("PYTHONPATH=../../libs ", "") + AROUND
    assert {path: text for path, text in emitted(spec, folder="").items() if path.startswith(".git")}.keys() == {
        ".github/workflows/mlops.yml",
        ".github/workflows/mlops-deploy.yml",
        ".github/workflows/mlops-experiments.yml",
        ".github/workflows/mlops-monitor.yml",
        ".gitlab-ci.yml",
        ".gitignore",
    }
    assert "paths" not in yaml.safe_load(emitted(spec, folder="")[".github/workflows/mlops.yml"])[True]["push"]


def test_a_folder_can_stand_for_a_repository_of_its_own() -> None:
    as_project = emitted(SPEC.replace("stages:", "ci: {root: project}\nstages:"))
    assert ".github/workflows/mlops.yml" in as_project
    assert not any(path.startswith("..") for path in as_project)


@pytest.mark.parametrize(("folder", "name"), [("services/ml", "ml"), ("a b/Größe x", "Gr-e-x"), (".hidden", "hidden")])
def test_without_a_name_a_project_is_called_like_its_folder(folder: str, name: str) -> None:
    project = compiled("mlops: 1\nstages: {}\n", folder=folder).project
    assert project is not None
    assert project.name == name


def test_jobs_that_check_out_run_in_the_folder_and_no_others() -> None:
    for name in ("mlops-wine", "mlops-wine-deploy", "mlops-wine-experiments", "mlops-wine-monitor"):
        for job in workflow(SPEC + AROUND, name=name)["jobs"].values():
            checks_out = any("actions/checkout@" in step.get("uses", "") for step in job["steps"])
            directory = job.get("defaults", {}).get("run", {}).get("working-directory")
            assert directory == (FOLDER if checks_out else None), job["name"]


def test_actions_get_paths_from_the_root() -> None:
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    cache = next(step["with"] for step in steps if step.get("uses", "").startswith("actions/cache@"))
    assert cache["path"].splitlines() == [f"{FOLDER}/.dvc/cache", f"{FOLDER}/.mlops/state/durations.json"]
    assert f"hashFiles('{FOLDER}/dvc.lock')" in cache["key"]
    upload = next(step["with"] for step in steps if step.get("uses", "").startswith("actions/upload-artifact@"))
    assert upload["path"] == f"{FOLDER}/dvc_plots"


def test_a_dvc_repository_above_has_the_cache() -> None:
    text = emitted(SPEC, {f"{TOP}/.dvc/config": ""})
    assert ".dvc/cache\n" in text[f"{TOP}/.github/workflows/mlops-wine.yml"]
    assert f"{FOLDER}/.dvc/cache" not in text[f"{TOP}/.github/workflows/mlops-wine.yml"] + text[".gitlab-ci.yml"]


def test_what_two_projects_would_share_has_the_name_of_the_project() -> None:
    one, two = SPEC + AROUND, (SPEC + AROUND).replace("project: wine", "project: beer")
    for suffix in ("", "-deploy", "-experiments", "-monitor"):
        first, second = workflow(one, name=f"mlops-wine{suffix}"), workflow(two, name=f"mlops-beer{suffix}")
        assert first["name"] != second["name"]
        for group in groups(first):
            assert group not in groups(second) or "${{ github.workflow }}" in group
    left, right = (yaml.safe_load(emitted(spec)[".gitlab-ci.yml"]) for spec in (one, two))
    for job in left.keys() & right.keys():
        if isinstance(left[job], dict) and "script" in left[job]:
            assert left[job].get("resource_group", 1) != right[job].get("resource_group", 2)
            keys = [[cache["key"] for cache in side[job].get("cache", [])] for side in (left, right)]
            assert set(keys[0]).isdisjoint(keys[1])


def groups(workflow: dict[Any, Any]) -> list[str]:
    parts = [workflow, *workflow["jobs"].values()]
    return [part["concurrency"]["group"] for part in parts if "concurrency" in part]


def test_paths_are_the_folder_and_the_code_outside_that_stages_reach() -> None:
    assert watched() == [
        f"{FOLDER}/**",
        "libs/common/__init__.py",
        "libs/common/scale.py",
        ".github/workflows/mlops-wine*.yml",
    ]


def test_code_that_is_no_dep_counts_too() -> None:
    assert "libs/common/scale.py" in watched(spec=SPEC.replace("infer: [code], ", ""))


@pytest.mark.parametrize(
    ("spec", "files", "pattern"),
    [
        ("deps: [in.csv, ../../data]", {"../../data/a.csv": ""}, "data/**"),
        ("deps: [in.csv, ../../data.csv]", {"../../data.csv.dvc": ""}, "data.csv.dvc"),
        ("deps: [in.csv], params: [{../../all.yaml: [rate]}]", {"../../all.yaml": "rate: 1"}, "all.yaml"),
        ("deps: [in.csv]", {"requirements.txt": "numpy\n-e ../../libs/own\n", "../../libs/own/pyproject.toml": ""}, "libs/own/**"),
        ("deps: [in.csv]", {"pyproject.toml": '[tool.uv.sources]\nown = {path = "../../own"}\n', "../../own/a.py": ""}, "own/**"),
        ("deps: [in.csv, '../../a[1]*.csv']", {"../../a[1]*.csv": ""}, r"a\[1\]\*.csv"),
    ],
)  # fmt: skip
def test_everything_outside_that_the_project_reads_is_watched(spec: str, files: dict[str, str], pattern: str) -> None:
    assert pattern in watched(files, SPEC.replace("deps: [in.csv]", spec))


def test_files_that_a_spec_extends_and_its_vars_are_watched() -> None:
    spec = SPEC.replace("mlops: 1\n", "mlops: 1\nextends: ../../base.yaml\nvars: [../../vars.yaml]\n")
    paths = watched({"../../base.yaml": "mlops: 1\n", "../../vars.yaml": "a: 1"}, spec)
    assert {"base.yaml", "vars.yaml"} <= set(paths)


def test_many_files_are_watched_by_their_folders() -> None:
    modules = {f"../../libs/common/m{number}.py": "" for number in range(60)}
    code = "\n".join(f"import common.m{number}" for number in range(60))
    assert watched({**modules, "src/train.py": code}) == [
        f"{FOLDER}/**",
        "libs/common/**",
        ".github/workflows/mlops-wine*.yml",
    ]


def test_paths_can_be_said() -> None:
    spec = SPEC.replace("stages:", "ci: {on: {paths: ['docs/**', '!docs/a.md']}}\nstages:")
    assert watched(spec=spec)[:2] == ["docs/**", "!docs/a.md"]
    changes = yaml.safe_load(emitted(spec)[f"{TOP}/.gitlab/mlops-wine.yml"])["mlops-wine"]["rules"][0]["changes"]
    assert changes["paths"][:2] == ["docs/**", "!docs/a.md"]


def test_gitlab_starts_a_child_pipeline_by_the_rules_of_the_project() -> None:
    files = emitted(SPEC + AROUND)
    child, parent = yaml.safe_load(files[".gitlab-ci.yml"]), yaml.safe_load(files[f"{TOP}/.gitlab/mlops-wine.yml"])
    job = parent["mlops-wine"]
    assert job["trigger"]["include"] == [{"local": f"{FOLDER}/.gitlab-ci.yml"}]
    assert [rule["if"] for rule in job["rules"] if "changes" in rule] == [
        '$CI_PIPELINE_SOURCE == "merge_request_event"',
        '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "main"',
    ]
    assert "CI_PIPELINE_SOURCE" not in files[".gitlab-ci.yml"]
    assert child["workflow"]["rules"][-1] == {"when": "always"}
    scripts = [job for job in child.values() if isinstance(job, dict) and "script" in job]
    assert scripts
    for job in scripts:
        first = (job.get("before_script") or child["default"]["before_script"])[0]
        assert first == f"cd {FOLDER}"
        assert all(path.startswith(f"{FOLDER}/") for path in job.get("artifacts", {}).get("paths", []))


@pytest.mark.parametrize(
    ("team", "stage"),
    [
        ("", "test"),
        ("stages: [build, test]\n", "test"),
        ("stages: [build, deploy]\n", "build"),
        ("x: 1\nstages:\n  # first\n  - lint\n  - ship\njob: {script: [a]}\n", "lint"),
        ("stages:\n- 'test'\n- ship\n", "test"),
    ],
)
def test_the_child_starts_in_a_stage_that_the_team_has(team: str, stage: str) -> None:
    parent = yaml.safe_load(emitted(SPEC, {f"{TOP}/.gitlab-ci.yml": team})[f"{TOP}/.gitlab/mlops-wine.yml"])
    assert parent["mlops-wine"]["stage"] == stage


def test_registry_tags_name_the_folder_as_those_of_gto_do() -> None:
    deploy = workflow(SPEC + AROUND, name="mlops-wine-deploy")
    assigned = [f"{FOLDER}=m#{name}{number}" for name in ("staging", "edge") for number in ("", "#*")]
    assert deploy[True]["push"]["tags"] == [f"{FOLDER}=m@*", *assigned]
    assert f"refs/tags/{FOLDER}=m@" in deploy["jobs"]["deploy-staging"]["if"]
    assert f"refs/tags/{FOLDER}=m#edge'" in deploy["jobs"]["deploy-edge"]["if"]
    gitlab = yaml.safe_load(emitted(SPEC + AROUND)[".gitlab-ci.yml"])
    assert gitlab["deploy-staging"]["variables"]["MLOPS_MODEL"] == f"{FOLDER}=m"


ENGINES = {
    "airflow": ("dags/wine.py", "dags/wine_monitors.py"),
    "argo": ("argo/wine.yaml", "argo/wine-monitor-drift.yaml"),
    "azureml": ("azureml/wine.yml", "azureml/wine-monitor-drift.yml"),
    "kubeflow": ("kubeflow/wine.yaml",),
    "vertex": ("vertex/wine.yaml",),
    "sagemaker": ("sagemaker/wine.json",),
}


@pytest.mark.parametrize("engine", sorted(ENGINES.keys() & installed().keys()))
def test_engines_get_the_folder(engine: str) -> None:
    stack = f"registry: s3://a/b, orchestrator: [dvc, make, {engine}]"
    files = emitted((SPEC + AROUND).replace("ci: [github, gitlab]", stack))
    for path in ENGINES[engine]:
        assert FOLDER in files[path], path


OTHER = "# Made by mlopsc from batch/ml/mlops.yaml: edit that, then run `mlopsc build` in its folder.\n"


def test_two_projects_cannot_have_one_name() -> None:
    theirs = {f"{TOP}/.github/workflows/mlops-wine.yml": OTHER, f"{TOP}/batch/ml/mlops.yaml": "mlops: 1"}
    assert codes(SPEC, theirs) == ["MLC317"]
    moved = {
        f"{TOP}/.github/workflows/mlops-wine.yml": OTHER
    }  # the folder that the header names is no project any more
    assert codes(SPEC, moved) == []
