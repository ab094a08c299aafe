"""The graph as data, as Mermaid and as a page: what is in it, how it folds, and that no text of a spec is ever markup."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.show.graph.page import html, text
from mlopsc.compiler.show.graph.picture import picture
from mlopsc.compiler.show.graph.runs import PATH, last_run
from mlopsc.compiler.show.graph.text import MAX_EDGES, MAX_TEXT, mermaid

SPEC = """\
mlops: 1
project: wine
infer: none
stages:
  prepare: {cmd: prepare, deps: [raw.csv], outs: [data]}
  train:
    foreach: [a, b, c]
    do: {cmd: "train ${item}", deps: [data/x.csv], outs: ["model/${item}"]}
  score: {cmd: "score", wdir: sub, deps: [../model], metrics: [out.json], params: [depth]}
  show: {cmd: "show", wdir: sub, deps: [out.json], outs: [plot]}
"""


def drawn(spec: str, **files: str) -> dict[str, Any]:
    snapshot = Memory(
        {"mlops.yaml": spec, "raw.csv": "", "params.yaml": "depth: 1", "sub/params.yaml": "depth: 1", **files}
    )
    return picture(compile_spec(snapshot), snapshot)


def stages(data: dict[str, Any]) -> dict[str, Any]:
    return {stage["name"]: stage for stage in data["stages"]}


def test_who_makes_and_reads_what_and_where_it_is_written() -> None:
    by_name = stages(drawn(SPEC))
    assert list(by_name) == ["prepare", "train@a", "train@b", "train@c", "score", "show"]
    assert by_name["train@b"]["parents"] == ["prepare"]
    assert by_name["train@b"]["deps"] == [{"path": "data/x.csv", "from": ["prepare"]}]
    assert by_name["prepare"]["outs"] == [{"path": "data", "kind": "out", "to": ["train@a", "train@b", "train@c"]}]
    assert by_name["score"]["deps"] == [{"path": "model", "from": ["train@a", "train@b", "train@c"]}]
    assert by_name["score"]["outs"] == [{"path": "sub/out.json", "kind": "metric", "to": ["show"]}]
    assert by_name["score"]["params"] == ["sub/params.yaml:depth"]
    assert by_name["train@c"]["commands"] == ["train c"]
    assert {name: stage["place"]["line"] for name, stage in by_name.items()} == {
        "prepare": 5, "train@a": 6, "train@b": 6, "train@c": 6, "score": 9, "show": 10,
    }  # fmt: skip
    assert {stage["place"]["file"] for stage in by_name.values()} == {"mlops.yaml"}


def test_a_foreach_and_a_folder_fold() -> None:
    data = drawn(SPEC)
    assert data["groups"] == {"folder sub": {"label": "sub/"}, "stages train": {"label": "train@"}}
    assert {name: stage["groups"] for name, stage in stages(data).items()} == {
        "prepare": [], "train@a": ["stages train"], "train@b": ["stages train"], "train@c": ["stages train"],
        "score": ["folder sub"], "show": ["folder sub"],
    }  # fmt: skip


def test_a_gate_is_written_where_its_gates_are() -> None:
    spec = 'mlops: 1\nproject: p\nstages:\n  score:\n    cmd: s\n    metrics: [m.json]\n    gates: {a: ">= 1"}\n'
    assert stages(drawn(spec))["gate-score"]["place"] == {"file": "mlops.yaml", "line": 7}


LOCK = """\
schema: '2.0'
stages:
  one: {cmd: one, outs: [{path: a, md5: 0cc175b9c0f1b6a831c399e269772661, hash: md5, size: 1}]}
"""
TWO = """\
mlops: 1
project: p
infer: none
stages:
  one: {cmd: one, outs: [a: {cache: false}]}
  two: {cmd: two, deps: [a], outs: [b]}
"""


def run_log(*events: dict[str, object]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


@pytest.mark.parametrize(
    ("log", "one", "two"),
    [
        ("", "fresh", "stale: it has not run yet"),
        (run_log({"pid": "THIS"}, {"stage": "two", "status": "running"}), "fresh", "running"),
        (
            run_log({"pid": 2**22 + 1}, {"stage": "two", "status": "running"}),
            "fresh",
            "stale: its last run was interrupted; it has not run yet",
        ),
        (
            run_log({"pid": "THIS"}, {"stage": "two", "status": "running"}, {"seconds": 1}),
            "fresh",
            "stale: its last run was interrupted; it has not run yet",
        ),
        (
            run_log({"pid": 1}, {"stage": "two", "status": "failed", "reason": "exit 3"}, {"seconds": 1}),
            "fresh",
            "failed: exit 3; it has not run yet",
        ),
        (run_log({"pid": 1}, {"stage": "one", "status": "restored"}, {"seconds": 1}), "restored", "stale: it has not run yet"),
        (run_log({"pid": 1}, {"stage": "one", "status": "failed", "reason": "x"}), "fresh", "stale: it has not run yet"),
        ('[]\n{"stage": 3}\n{"stage": "one"\n{"pid": "x"}\n{"seconds": "x"}\n\0\n' + "[" * 9999, "fresh", "stale: it has not run yet"),
        ('{"pid": 1e999, "time": 1e999}\n{"pid": -1}\n{"seconds": true}', "fresh", "stale: it has not run yet"),
    ],
)  # fmt: skip
def test_the_state_is_that_of_dvc_lock_with_what_the_last_run_says(log: str, one: str, two: str) -> None:
    by_name = stages(drawn(TWO, a="a", **{"dvc.lock": LOCK, PATH: log.replace('"THIS"', str(os.getpid()))}))
    shown = {
        name: ": ".join(filter(None, [stage["state"], "; ".join(stage["reasons"])])) for name, stage in by_name.items()
    }
    assert shown == {"one": one, "two": two}


def test_a_run_is_over_once_it_says_so() -> None:
    def read(*events: dict[str, object]) -> tuple[bool, float | None]:
        run = last_run(Memory({PATH: run_log(*events)}))
        return run.is_alive, run.seconds

    assert read({"pid": os.getpid(), "time": 1.0}) == (True, None)
    assert read({"pid": os.getpid(), "time": 1.0}, {"seconds": 2.5}) == (False, 2.5)


HOSTILE = [
    "</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>',
    "{{ 7*7 }}", "a\u202eb\u2066c", "\u2028", "&lt;", "\x07bell", "'\"`${x}",
]  # fmt: skip


def hostile_spec() -> str:
    entries = {
        f"s{number}": {"cmd": name.replace("${", "$ {"), "desc": name.replace("${", "$ {"), "outs": [f"o{number}"]}
        for number, name in enumerate(HOSTILE)
    }
    named = {name.replace("${", "$ {").replace("@", ""): {"cmd": "x"} for name in HOSTILE}
    spec = {"mlops": 1, "project": HOSTILE[0], "infer": "none", "stages": {**entries, **named}}
    return json.dumps(spec)


class Elements(HTMLParser):
    """The elements of a page, with the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts[-1] += data


def test_no_text_of_a_spec_is_markup() -> None:
    data = drawn(hostile_spec())
    data["project"] = HOSTILE[0]
    assert sum(bool({"<", "\u202e", '"'} & set(name)) for name in stages(data)) >= 5, "the names have to reach the page"
    assert {stage["desc"] for stage in data["stages"]} > {name.replace("${", "$ {") for name in HOSTILE}
    page, plain = html(data), html(drawn("mlops: 1\nproject: p\nstages: {a: {cmd: x}}"))
    hostile, harmless = Elements(page), Elements(plain)
    assert hostile.tags == harmless.tags
    assert json.loads(hostile.scripts[0])["stages"] == data["stages"]
    assert hostile.scripts[1] == harmless.scripts[1]
    block = page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
    assert block.isascii()
    assert not set(block) & set("<>&")
    assert "<title>&lt;/script&gt;" in page


def test_what_reverses_text_is_shown_by_its_number() -> None:
    assert text("a\u202eb\ud800<\n") == "a&lt;U+202E&gt;b&lt;U+D800&gt;&lt;&lt;U+000A&gt;"


def test_the_page_asks_for_nothing_and_allows_only_its_own_scripts() -> None:
    page = html(drawn(SPEC))
    policy = str(next(attrs["content"] for tag, attrs in Elements(page).tags if "http-equiv" in attrs))
    for tag, script in (("script", page.rpartition("<script>")[2].partition("</script>")[0]), ("style", page.partition("<style>")[2].partition("</style>")[0])):  # fmt: skip
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    assert "unsafe" not in policy
    addresses = set(re.findall(r"https?://[\w./-]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert re.search(r"@import|url\((?!#)|\bsrc=", page) is None


def chain(count: int, spec: str = "") -> str:
    return "mlops: 1\nproject: p\ninfer: none\nstages:\n" + spec + "".join(
        f"  a_stage_with_quite_a_long_name_{n}: {{cmd: x, deps: [o{n - 1}], outs: [o{n}]}}\n" for n in range(1, count)
    )  # fmt: skip


def wide(count: int) -> str:
    items = ", ".join(map(str, range(count)))
    return (
        "mlops: 1\nproject: p\ninfer: none\nstages:\n"
        f"  split: {{foreach: [{items}], do: {{cmd: x, outs: ['s/${{item}}']}}}}\n"
        "  join: {cmd: x, deps: [s], outs: [j]}\n"
    )


@pytest.mark.parametrize(
    ("spec", "boxes"), [(chain(5), 4), (wide(499), 500), (wide(600), 2), (chain(1000), 30)], ids=["5", "499", "600", "1000"]
)  # fmt: skip
def test_mermaid_stays_within_its_limits(spec: str, boxes: int) -> None:
    project = compile_spec(Memory({"mlops.yaml": spec})).project
    assert project is not None
    drawing = mermaid(project)
    assert len(drawing) <= MAX_TEXT
    assert drawing.count(" --> ") <= MAX_EDGES
    assert drawing.count("[") == boxes
    assert drawing.count(" --> ") == boxes - 1


def test_what_is_folded_in_mermaid_is_counted() -> None:
    project = compile_spec(Memory({"mlops.yaml": wide(600)})).project
    assert project is not None
    assert '["split@ (600 stages)"]' in mermaid(project)
