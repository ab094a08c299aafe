"""`mlopsc report` with real DVC: metrics against the base, verdicts, plots, what ran, and no text of the project as markup."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import run

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
project: rep
infer: none
stages:
  score:
    cmd: sh score.sh
    deps: [score.sh]
    metrics: [m.json: {cache: false}]
    plots: [curve.csv, {pic.png: {cache: false}}]
    gates: {acc: ">= 0.7", acc.delta: ">= 0.5"}
"""
SCORE = """\
printf '{"acc": %s, "<b>bold</b>": 1}' 0.75 > m.json
printf 'step,loss\\n1,3\\n2,2\\n' > curve.csv
printf '\\211PNG' > pic.png
"""


class Cells(HTMLParser):
    """The rows of the tables of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._in_cell = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        elif self._in_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_the_report(repository: Callable[[Mapping[str, str]], Path]) -> None:
    root = repository({"mlops.yaml": SPEC, "score.sh": SCORE})
    run("mlopsc", "build", cwd=root)
    run(sys.executable, ".mlops/scripts/run.py", "score", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "base", cwd=root)
    (root / "score.sh").write_text(SCORE.replace("0.75", "0.875"))
    run(sys.executable, ".mlops/scripts/run.py", cwd=root, check=False)
    before = run("git", "status", "--porcelain", cwd=root).stdout
    assert run("mlopsc", "report", "HEAD", cwd=root).stdout == "report: dvc_plots/report.html\n"
    page = (root / "dvc_plots/report.html").read_text()
    shown = Cells(page)
    assert ["m.json", "acc", "0.75", "0.875", "+0.125"] in shown.rows
    assert ["m.json", "<b>bold</b>", "1", "1", "0"] in shown.rows
    assert "b" not in shown.tags
    assert ["acc", ">= 0.7", "0.875", "holds"] in shown.rows
    assert ["acc.delta", ">= 0.5", "+0.125 (0.75 at main)", "FAILS"] in shown.rows
    assert '<span class="bad">(failed)</span>' in page
    assert re.search(r'<img src="data:image/png;base64,[\w+/=]+" alt="pic.png">', page)
    runs = {row[0]: row[1:] for row in shown.rows if len(row) == 4}
    assert runs["score"][0] == "ran"
    assert runs["score"][2] == "score.sh is modified"
    assert runs["gate-score"][0] == "failed"
    assert "exit status 1" in runs["gate-score"][2]
    assert '<a href="index.html">' in page
    assert (root / "dvc_plots/index.html").exists()
    after = run("git", "status", "--porcelain", cwd=root).stdout
    assert set(after.splitlines()) - set(before.splitlines()) <= {"?? dvc_plots/"}


def test_it_needs_a_commit_and_overwrites_no_input(repository: Callable[[Mapping[str, str]], Path]) -> None:
    root = repository({"mlops.yaml": SPEC, "score.sh": SCORE})
    done = run("mlopsc", "report", "nowhere", cwd=root, check=False)
    assert (done.returncode, done.stderr) == (2, "mlopsc: there is no commit `nowhere`\n")
    run("git", "add", "--all", cwd=root)
    run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "base", cwd=root)
    for path in ("mlops.yaml", "score.sh", "./dvc.yaml"):
        done = run("mlopsc", "report", "--output", path, cwd=root, check=False)
        assert done.returncode == 2, path
        assert "is an input or an output of the pipeline" in done.stderr
    assert (root / "score.sh").read_text() == SCORE


def test_make_report_writes_it_and_a_stage_of_that_name_keeps_its_target(
    repository: Callable[[Mapping[str, str]], Path],
) -> None:
    root = repository({"mlops.yaml": SPEC, "score.sh": SCORE})
    run("mlopsc", "build", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "base", cwd=root)
    assert run("make", "report", cwd=root).stdout == "report: dvc_plots/report.html\n"
    assert "It has not run." in (root / "dvc_plots/report.html").read_text()
    (root / "mlops.yaml").write_text(SPEC.replace("  score:", "  report:"))
    run("mlopsc", "build", cwd=root)
    assert "score.sh" in run("make", "report", cwd=root).stdout
    assert "mlopsc report" not in (root / "Makefile").read_text()
