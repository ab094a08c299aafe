"""The page of `mlopsc graph --format html` in headless Chromium: geometry, colours, keys, search, folding, hostile names."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from browser import look
from conftest import run, write

pytestmark = [pytest.mark.real, pytest.mark.full]

MEASURE = {"measure": True, "name": "seen"}
MIN_TEXT, MIN_MARK = 4.5, 3.0
"""Contrast. Source: WCAG 2.2, 1.4.3 and 1.4.11."""


def pipeline(count: int, seed: int = 7) -> str:
    """A pipeline with long and short names, edges over several ranks, stages on their own, and a fan-in."""
    chance = random.Random(seed)
    lines = ["mlops: 1", "project: p", "infer: none", "stages:"]
    for number in range(count):
        above = (
            {chance.randrange(max(0, number - 25), number) for _ in range(chance.randint(0, 3))} if number else set()
        )
        deps = ", ".join(f"o/{parent}" for parent in sorted(above))
        name = f"step_{number}" + "_with_a_long_name_that_is_broken" * (number % 7 == 0)
        lines.append(f"  {name}: {{cmd: run, deps: [{deps}], outs: [o/{number}]}}")
    lines.append(f"  all: {{cmd: run, deps: [{', '.join(f'o/{n}' for n in range(0, count, max(1, count // 10)))}]}}")
    return "\n".join(lines) + "\n"


def page_of(folder: Path, spec: str) -> str:
    """Write the page, and give its address."""
    write(folder, {"mlops.yaml": spec})
    write(folder, {"page.html": run("mlopsc", "graph", "--format", "html", cwd=folder).stdout})
    return (folder / "page.html").as_uri()


@pytest.mark.parametrize("count", [5, 60, pytest.param(1000, marks=pytest.mark.long)])
def test_edges_go_around_boxes_and_no_text_is_cut(count: int, tmp_path: Path) -> None:
    url = page_of(tmp_path, pipeline(count))
    details = {"evaluate": "document.querySelector('.box').dispatchEvent(new MouseEvent('click', {bubbles: true}))"}
    seen = look(url, tmp_path, MEASURE, {"scheme": "dark"}, details, {"measure": True, "name": "dark"})
    for measured in (seen["seen"], seen["dark"]):
        assert measured["wrong"] == []
        assert measured["boxes"] == count + 1
        assert measured["edges"] > count * 0.9
        assert measured["contrast"]["name"] >= MIN_TEXT
        assert measured["contrast"]["edge"] >= MIN_MARK
        assert measured["contrast"]["stale"] >= MIN_MARK
    assert seen["seen"]["contrast"]["paper"] > 0.9
    assert seen["dark"]["contrast"]["paper"] < 0.1
    assert seen["seen"]["outside"] == 0, "it fits the window"
    assert seen["requests"] == [url]
    if count == 60:
        assert seen["seen"]["text"] >= 7, "names can be read without zooming"


@pytest.mark.parametrize(("seed", "size"), [(1, (1280, 800)), (2, (700, 900))], ids=["wide", "narrow"])
def test_no_other_pipeline_has_an_edge_over_a_box(seed: int, size: tuple[int, int], tmp_path: Path) -> None:
    seen = look(page_of(tmp_path, pipeline(40, seed)), tmp_path, MEASURE, width=size[0], height=size[1])
    assert seen["seen"]["wrong"] == []


FOLDING = f"""\
mlops: 1
project: folding
infer: none
stages:
  split: {{matrix: {{part: {list(range(40))}, of: [x, y]}}, cmd: split, outs: ["s/${{item.part}}-${{item.of}}"]}}
  one: {{cmd: one, wdir: lab, deps: [../s], outs: [a]}}
  two: {{cmd: "echo needle", wdir: lab, deps: [a], outs: [b]}}
  end: {{cmd: end, deps: [lab/b]}}
"""

LABELS = "[...document.querySelectorAll('.box')].map((box) => box.getAttribute('aria-label'))"
FOCUS = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
PANEL = "document.getElementById('details').innerText"


def test_groups_fold_and_open_and_the_search_finds_what_is_folded(tmp_path: Path) -> None:
    seen = look(
        page_of(tmp_path, FOLDING), tmp_path,
        {"evaluate": LABELS, "name": "folded"},
        {"measure": True, "name": "at_first"},
        {"press": "/"}, {"type": "needle"}, {"evaluate": "document.getElementById('hits').textContent", "name": "hits"},
        {"evaluate": "document.querySelectorAll('.box.hit').length", "name": "marked"},
        {"press": "Enter"}, {"evaluate": LABELS, "name": "found"}, {"evaluate": PANEL, "name": "panel"},
        {"click": "#details .buttons button"}, {"evaluate": LABELS, "name": "again"},
        {"click": "#open-all"}, {"measure": True, "name": "open"},
        {"click": "#fold-all"}, {"evaluate": LABELS, "name": "all_folded"},
    )  # fmt: skip
    assert seen["folded"] == [
        "split@, folded, 80 stages, 80 stale, before lab/",
        "lab/, folded, 2 stages, 2 stale, after split@, before end",
        "end, stale: it has not run yet: `two` runs before it, after lab/",
    ]
    assert seen["at_first"]["wrong"] == seen["open"]["wrong"] == []
    assert (seen["hits"], seen["marked"]) == ("1 stage", 1)
    assert [label.partition(",")[0] for label in seen["found"]] == ["split@", "one", "two", "end"]
    assert all(part in seen["panel"] for part in ("echo needle", "lab/a from one", "lab/b read by end", "mlops.yaml:7"))
    assert seen["again"] == seen["folded"] == seen["all_folded"]
    assert seen["open"]["boxes"] == 83


def test_the_keyboard_reaches_everything(tmp_path: Path) -> None:
    spec = "mlops: 1\nproject: p\ninfer: none\nstages:\n" + "".join(
        f"  s{n}: {{cmd: run {n}, deps: [{f'o{n - 1}' if n else ''}], outs: [o{n}]}}\n" for n in range(4)
    )
    seen = look(
        page_of(tmp_path, spec), tmp_path,
        {"evaluate": "document.querySelector('.box').focus()"},
        {"press": "Tab"}, {"evaluate": FOCUS, "name": "tab"},
        {"press": "ArrowRight"}, {"evaluate": FOCUS, "name": "right"},
        {"press": "ArrowLeft"}, {"evaluate": FOCUS, "name": "left"},
        {"press": "Enter"}, {"evaluate": FOCUS, "name": "details"}, {"evaluate": PANEL, "name": "panel"},
        {"press": "Escape"}, {"evaluate": FOCUS, "name": "back"},
        {"evaluate": "document.getElementById('details').hidden", "name": "closed"},
        {"evaluate": "document.getElementById('scene').getAttribute('transform')", "name": "before"},
        {"press": "+"}, {"evaluate": "document.getElementById('scene').getAttribute('transform')", "name": "zoomed"},
        {"press": "0"}, {"evaluate": "document.getElementById('scene').getAttribute('transform')", "name": "fitted"},
    )  # fmt: skip
    assert seen["tab"].startswith("s1, stale")
    assert seen["right"].startswith("s2, stale")
    assert seen["left"].startswith("s1, stale")
    assert seen["details"] == "s1"
    assert "run 1" in seen["panel"]
    assert seen["back"].startswith("s1, stale")
    assert seen["closed"] is True
    assert seen["before"] == seen["fitted"] != seen["zoomed"]


def test_hostile_names_are_text(tmp_path: Path) -> None:
    names = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a\u202egnp.exe",
        "x" * 900,
        "\u05d0\u05d1 mixed",
    ]
    stages = {name: {"cmd": f"echo {name}", "desc": name, "outs": [f"o{n}"]} for n, name in enumerate(names)}
    url = page_of(tmp_path, json.dumps({"mlops": 1, "project": "p", "infer": "none", "stages": stages}))
    steps: list[dict[str, Any]] = []
    for number in range(len(names)):
        steps += [
            {"click": f".box >> nth={number}"},
            {"evaluate": PANEL, "name": f"panel{number}"},
            {"press": "Escape"},
        ]
    scripts = {"evaluate": "document.querySelectorAll('script, img, iframe').length", "name": "elements"}
    seen = look(url, tmp_path, MEASURE, *steps, scripts)
    assert seen["seen"]["boxes"] == len(names)
    assert seen["seen"]["wrong"] == []
    assert seen["elements"] == 2
    assert "a<U+202E>gnp.exe" in seen["panel2"]
    assert "<img src=x onerror=alert(1)>" in seen["panel1"]
