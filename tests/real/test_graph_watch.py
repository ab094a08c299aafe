"""`mlopsc graph --watch` with a real run of the pipeline: the open page follows the run, edits, and a spec that is broken for a while."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import look
from conftest import BIN, run

SPEC = """\
mlops: 1
project: live
infer: none
stages:
  wait: {cmd: "until test -e go; do sleep 0.05; done; echo 1 > one", deps: [raw], outs: [one]}
  fail: {cmd: "cat one; exit 3", deps: [one], outs: [two]}
"""


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of the page."""
    words = [str(BIN / "mlopsc"), "graph", "--watch"]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        match = re.match(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert match is not None
        try:
            yield match.group()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0


def states(url: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{url}graph.json", timeout=60) as answer:
        data: dict[str, Any] = json.load(answer)
    return {stage["name"]: stage["state"] for stage in data["stages"]}


def until(url: str, expected: Mapping[str, str]) -> None:
    """Wait for the states, event by event."""
    seen: list[dict[str, str]] = []
    end = time.monotonic() + 60
    with urllib.request.urlopen(f"{url}events", timeout=60) as events:
        for line in events:
            if line.startswith(b"data:"):
                seen.append(states(url))
                if seen[-1] == expected:
                    return
            if time.monotonic() > end:  # a heartbeat comes every 15 seconds
                break
    raise AssertionError(f"{expected} did not come: {seen}")


@pytest.mark.real
def test_it_follows_a_run_and_edits(repository: Callable[[Mapping[str, str]], Path]) -> None:
    root = repository({"mlops.yaml": SPEC, "raw": "1"})
    run("mlopsc", "build", cwd=root)
    with served(root) as url:
        assert states(url) == {"wait": "stale", "fail": "stale"}
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        with subprocess.Popen([sys.executable, ".mlops/scripts/run.py"], cwd=root, env=environment) as running:
            until(url, {"wait": "running", "fail": "stale"})
            (root / "go").touch()
            until(url, {"wait": "fresh", "fail": "failed"})
            assert running.wait(60) == 1
        (root / "one").unlink()
        until(url, {"wait": "stale", "fail": "failed"})
        run(sys.executable, ".mlops/scripts/run.py", "wait", cwd=root)
        until(url, {"wait": "restored", "fail": "stale"})
        with (root / "mlops.yaml").open("a") as file:
            file.write("  third: {cmd: x, deps: [two]}\n")
        until(url, {"wait": "restored", "fail": "stale", "third": "stale"})


LABELS = "[...document.querySelectorAll('.box')].map((box) => box.getAttribute('aria-label'))"
NOTICE = "document.getElementById('notice').textContent"


def has(state: str) -> dict[str, str]:
    return {"wait": f"[...document.querySelectorAll('.box')].some((box) => box.classList.contains('{state}'))"}


@pytest.mark.real
@pytest.mark.full
def test_an_open_page_follows(
    repository: Callable[[Mapping[str, str]], Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = repository({"mlops.yaml": SPEC, "raw": "1"})
    run("mlopsc", "build", cwd=root)
    folder = shlex.quote(str(root))
    runner = f"PATH={shlex.quote(str(BIN))}:$PATH {shlex.quote(sys.executable)} .mlops/scripts/run.py"
    with served(root) as url:
        seen = look(
            url, tmp_path_factory.mktemp("page"),
            {"evaluate": LABELS, "name": "first"},
            {"click": ".box >> nth=1"},
            {"run": f"cd {folder} && ({runner} > run.log 2>&1 &)"}, has("running"),
            {"run": f"touch {folder}/go"}, has("failed"),
            {"evaluate": "document.getElementById('details').innerText", "name": "details"},
            {"run": f"cp {folder}/mlops.yaml {folder}/good; echo '  bad: [' >> {folder}/mlops.yaml"},
            {"wait": f"{NOTICE}.includes('mlops.yaml:8')"}, {"evaluate": LABELS, "name": "broken"},
            {"run": f"cp {folder}/good {folder}/mlops.yaml"}, {"wait": f"!{NOTICE}"},
        )  # fmt: skip
    assert seen["first"] == [
        "wait, stale: it has not run yet, before fail",
        "fail, stale: it has not run yet: `wait` runs before it, after wait",
    ]
    assert "`cat one; exit 3` ended with exit status 3" in seen["details"]
    assert "output in .mlops/state/logs/fail.log" in seen["details"]
    assert [label.partition(":")[0].partition(", b")[0] for label in seen["broken"]] == ["wait, fresh", "fail, failed"]
