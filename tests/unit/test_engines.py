"""What every engine whose tasks are clones asks of a project."""

from __future__ import annotations

import pytest
from mlopsc.compiler import installed
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.emit.yaml import dump
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import At
from mlopsc.compiler.model.target import File

ENGINES = sorted(
    {"airflow", "argo", "azureml", "kubeflow", "mlflow", "sacred", "sagemaker", "vertex"} & installed.installed().keys()
)
"""tests/contract/test_removed.py runs these tests without one of them."""
CONFIG = "[core]\n    remote = s\n['remote \"s\"']\n    profile = p\n    url = {}\n"


def problems(stack: str, config: str = "") -> list[tuple[str, str]]:
    text = f"mlops: 1\nstack: {{{stack}, ci: []}}\nstages:\n  a: {{cmd: x, deps: [in.txt], outs: [a.txt]}}\n"
    files = {"mlops.yaml": text, "in.txt": "", **({".dvc/config": config} if config else {})}
    return [
        (problem.code, problem.severity) for problem in compile_spec(Memory(files)).report if problem.code == "MLC543"
    ]


@pytest.mark.parametrize("name", ENGINES)
def test_results_are_handed_over_by_dvc_and_a_remote(name: str) -> None:
    assert problems(f"orchestrator: [dvc, {name}], registry: 's3://b/p'") == []
    assert problems(f"orchestrator: {name}, registry: 's3://b/p'") == [("MLC543", "error")]
    assert problems(f"orchestrator: [dvc, {name}]") == [("MLC543", "warning")]
    assert problems(f"orchestrator: [dvc, {name}]", "[core]\n    autostage = true\n") == [("MLC543", "warning")]
    assert problems(f"orchestrator: [dvc, {name}]", CONFIG.format("s3://b/p")) == []
    assert problems(f"orchestrator: [dvc, {name}]", CONFIG.format("https://example.org/x")) == [("MLC543", "error")]


MONITORED = """\
mlops: 1
stack: {{orchestrator: [dvc, {engine}], ci: {ci}, registry: "s3://b/p"}}
stages:
  a: {{cmd: x, deps: [in.txt], outs: [a.txt]}}
monitor:
  drift: {{schedule: "17 */2 * * *", cmd: y, deps: [in.txt]}}
  odd: {{cmd: z, deps: [in.txt]}}
"""


CLOCKED = ("airflow", "argo", "azureml")
"""Engines that run monitors."""


def emitted(engine: str, text: str) -> tuple[dict[str, str], list[Diagnostic]]:
    run = compile_spec(Memory({"mlops.yaml": text, "in.txt": ""}))
    assert run.project is not None
    target = installed.find([(engine, ())])[0][0]
    return {item.path: item.text for item in target.emit(run.project) if isinstance(item, File)}, list(run.report)


def codes(report: list[Diagnostic]) -> list[str]:
    """The codes of what concerns engines."""
    return [problem.code for problem in report if problem.code >= "MLC54"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_monitors_schedule_starts_the_monitor_and_no_pipeline(engine: str) -> None:
    """One clock runs a monitor: CI's, or else the engine's if it can. An engine that cannot says so, and has the schedule nowhere."""
    for ci in ("[]", "github", "gitlab"):
        files, report = emitted(engine, MONITORED.format(engine=engine, ci=ci))
        unheard = [
            problem.place.path[1] for problem in report if problem.code == "MLC545" and isinstance(problem.place, At)
        ]
        clocks = [path for path, text in files.items() if "17 */2 * * *" in text]
        assert len(clocks) == (engine in CLOCKED and ci == "[]")
        assert unheard == (["drift"] if ci == "[]" and not clocks else [])
        assert all("monitor" in path for path in clocks)
        for path, text in files.items():
            if "monitor" in path:
                assert "watch.sh" in text or path.endswith("-schedule.yml"), "a task of its own"
                assert "worker.sh" not in text, "which runs no stage"


@pytest.mark.parametrize("engine", sorted(set(CLOCKED) & set(ENGINES)))
def test_what_an_engine_does_after_a_breach_is_said(engine: str) -> None:
    text = MONITORED.format(engine=engine, ci="[]").replace(
        "odd: {", 'odd: {metrics: [m.json], gates: {x: "< 1"}, on_breach: [issue, retrain], '
    )
    assert codes(emitted(engine, text)[1]) == ["MLC550"]
    mixed = text.replace("outs: [a.txt]}", "outs: [a.txt], image: one}\n  b: {cmd: x, deps: [in.txt], outs: [b.txt]}")
    assert codes(emitted(engine, mixed)[1]) == ["MLC550", "MLC552"]
    assert codes(emitted(engine, text.replace("ci: []", "ci: github"))[1]) == []
    files, report = emitted(engine, text.replace("ci: []", "ci: [], build: none"))
    assert codes(report) == ["MLC545"]
    assert not [path for path in files if "monitor" in path]


IN_ENVIRONMENTS = (
    # the environment of the monitor, that of the stages, what the task has, and what it has only to retrain
    ("ml", "none", "uv && uv sync", ""),
    ("none", "ml", "pip install", "uv && uv sync"),
    ("sim", "none", "sim:1", ""),
    ("none", "sim", "sim:1", ""),
)


@pytest.mark.parametrize("engine", sorted(set(CLOCKED) & set(ENGINES) - {"airflow"}))  # its workers have no setup
@pytest.mark.parametrize(("monitors", "stages", "always", "to_retrain"), IN_ENVIRONMENTS)
def test_a_monitors_task_has_the_environments_that_it_needs(
    engine: str, monitors: str, stages: str, always: str, to_retrain: str
) -> None:
    text = MONITORED.format(engine=engine, ci="[]").replace("odd: {", f"odd: {{environment: {monitors}, BREACH")
    text = text.replace("a: {cmd: x,", f"a: {{cmd: x, environment: {stages},").replace(
        "stages:\n", "environments: {ml: {uv: .}, sim: {container: 'sim:1'}}\nstages:\n"
    )
    for breach in ("", 'metrics: [m.json], gates: {x: "< 1"}, on_breach: [retrain], '):
        files, _ = emitted(engine, text.replace("BREACH", breach))
        (task,) = (content for path, content in files.items() if "monitor" in path and "odd" in path)
        assert always in task
        assert "MLOPS_IMAGE" in task if "sim" in always else "MLOPS_SETUP" in task
        assert not to_retrain or (to_retrain in task) == bool(breach)


WORDS = (
    "PROGRAM",
    "PARAMS",
    "SECRET",
    "WORKER",
    "program",
    "header",
    "project",
    "tasks",
    "stage",
    "credentials",
    "END",
)
"""Words that templates of engines contain, or fields that they name."""


def written(engine: str, word: str) -> str | None:
    """What an engine's target writes for a project whose stage, description and parameter are that word; None if it refuses it."""
    stage = {"cmd": "x ${PROGRAM}", "desc": word, "deps": ["in.txt"], "outs": ["o"]}
    spec = {
        "mlops": 1,
        "project": "p",
        "stack": {"orchestrator": ["dvc", engine], "ci": [], "registry": "s3://b/p"},
        "stages": {"s": {"foreach": [word], "do": stage}},
        "ci": {"secrets": ["PROGRAM", "MLOPS_SECRETS"]},
    }
    run = compile_spec(Memory({"mlops.yaml": dump(spec), "params.yaml": dump({"PROGRAM": word}), "in.txt": ""}))
    assert run.project is not None
    items = list(installed.find([(engine, ())])[0][0].emit(run.project))
    if any(isinstance(item, Diagnostic) and item.code in ("MLC531", "MLC541") for item in items):
        return None
    return "\n".join(item.text for item in items if isinstance(item, File))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("word", [*WORDS, "{{ project }}", "{% raw %}", "{# x #}"])
def test_a_name_that_is_a_word_of_a_template_survives(engine: str, word: str) -> None:
    """It is written as often as one that no template contains, beside where the templates themselves have it."""
    other = "".join(sign.upper() if index % 2 else sign.lower() for index, sign in enumerate(word))
    text, neutral = written(engine, word), written(engine, other)
    if text is None or neutral is None:
        assert text is neutral is None
        assert "{{" in word
        return
    assert neutral.count(other) >= 2
    assert text.count(word) - neutral.count(word) == neutral.count(other)
