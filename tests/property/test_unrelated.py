"""How a spec is written, and a key that has nothing to do with what is emitted, change no emitted byte.

Each spec of the golden cases, and many that are generated, is written in other ways: with `accept: []`, with its top-level
keys in another order, with comments, in block style, in flow style, its text in other quotes. What every target emits, what
the diagnostics say, and the types that a target can reach have to be the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline import outcome
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/mlops.yaml"))


def case_files(name: str) -> dict[str, str]:
    """The repository of a golden case."""
    folder = GOLDEN / name
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = ((path.relative_to(folder).as_posix(), path) for path in files)
    return {
        name: path.read_bytes().decode("utf-8", "surrogateescape")
        for name, path in named
        if not name.startswith("expected/")
    }


@cache
def parse(text: str) -> dict[str, Any]:
    """The content of a spec, read by ruamel.yaml, which is no part of the compiler."""
    data = YAML(typ="safe", pure=True).load(text)
    assert isinstance(data, dict)
    return data


def single(text: str) -> str:
    """A text in single quotes where YAML can write it so."""
    plain = text.isprintable() and text == text.strip() and "\n" not in text
    return "'" + text.replace("'", "''") + "'" if plain else json.dumps(text)


def bare(text: str) -> str:
    """A text without quotes where it reads the same."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z_/]*( [a-z]+)*", text) and not _WORDS.fullmatch(text) else single(text)


_WORDS = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null")


def scalar(value: Any, quote: Callable[[str], str]) -> str:
    """A scalar as YAML writes it."""
    return quote(value) if isinstance(value, str) else json.dumps(value)


def block(value: Any, quote: Callable[[str], str], indent: str = "") -> str:
    """A value in block style, from the next line on where it is a mapping or a list with something in it."""
    if isinstance(value, dict) and value:
        return "".join(
            f"\n{indent}{scalar(key, quote)}: {block(item, quote, indent + '  ')}".rstrip()
            for key, item in value.items()
        )
    if isinstance(value, list) and value:
        return "".join(f"\n{indent}- {block(item, quote, indent + '  ')}" for item in value)
    return json.dumps(value) if isinstance(value, dict | list) else scalar(value, quote)


def flow(value: Any, quote: Callable[[str], str]) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key, quote)}: {flow(item, quote)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item, quote) for item in value) + "]"
    return scalar(value, quote)


def with_accept(text: str) -> str:
    """The spec with a key that says nothing."""
    return text if "accept" in parse(text) else f"{text}\naccept: []\n"


def with_comments(text: str) -> str:
    """The spec with comments that mislead whoever looks at lines."""
    head, tail = "# accept: [MLC402]\n", "\n# stages: {}\n"
    return head + re.sub(r"(?m)^([a-z]+:)$", r"\1  # : a comment, {with} [signs]", text) + tail


def with_blank_lines(text: str) -> str:
    """The spec with a blank line before each of its top-level keys, and with the start of a document."""
    return "---\n" + re.sub(r"(?m)^([a-z-]+:)", r"\n\1", text)


def reordered(text: str) -> str:
    """The top-level keys the other way round."""
    return block(dict(reversed(parse(text).items())), bare)[1:] + "\n"


WAYS: dict[str, Callable[[str], str]] = {
    "accept": with_accept,
    "comments": with_comments,
    "blank-lines": with_blank_lines,
    "reordered": reordered,
    "block-bare": lambda text: block(parse(text), bare)[1:] + "\n",
    "block-single": lambda text: block(parse(text), single)[1:] + "\n",
    "block-double": lambda text: block(parse(text), json.dumps)[1:] + "\n",
    "flow-single": lambda text: flow(parse(text), single) + "\n",
    "flow-double": lambda text: flow(parse(text), json.dumps) + "\n",
    "other-line-ends": lambda text: text.replace("\n", "\r\n"),
}


def same(text: str, other: str, files: dict[str, str]) -> None:
    """Hold two ways to write one spec against each other."""
    assert {**parse(other), "accept": None} == {**parse(text), "accept": None}, "the same spec"
    ours, theirs = outcome(text, files), outcome(other, files)
    assert theirs.diagnostics == ours.diagnostics
    assert theirs.files == ours.files
    assert theirs.types == ours.types


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_golden_spec(name: str, way: str) -> None:
    files = case_files(name)
    text = files["mlops.yaml"]
    other = WAYS[way](text)
    assert other != text or "accept" in parse(text)
    same(text, other, files)


FILES = {
    "params.yaml": "rate: 0.1\nseeds: [1, 2]\nflag: true\nname: it\ntrain: {lr: 1}\n",
    "src/prepare.py": "import util\n", "src/util.py": "", "src/train.py": "", "src/evaluate.py": "", "raw.csv": "",
}  # fmt: skip
FILES |= {f"w/{path}": text for path, text in FILES.items()}  # for the stages that run in `w`
TEXT = st.sampled_from(
    ["it", "a b", "yes", "1.5", "${rate}", "it is: so", "é", "x # y", "'", "- a", "null", "0x1f", "${name} it"]
)
CMD = st.sampled_from(
    ["run", "python src/train.py", "run --rate ${rate}", "run '${name}'", "a: b", "x # y", 'echo "é"', "[ -e x ]"]
)
FLAGS = st.fixed_dictionaries(
    {}, optional={"cache": st.booleans(), "persist": st.booleans(), "push": st.booleans(), "desc": TEXT}
)
BODY: dict[str, st.SearchStrategy[Any]] = {
    "cmd": CMD | st.lists(CMD, min_size=1, max_size=2),
    "desc": TEXT,
    "deps": st.lists(st.sampled_from(["raw.csv", "src/util.py", "https://e.org/x", "./raw.csv"]), max_size=2, unique=True),
    "params": st.lists(st.sampled_from(["rate", "train.lr", {"params.yaml": ["name"]}, {"params.yaml": None}]), max_size=2, unique_by=str),
    "frozen": st.booleans(),
    "always_changed": st.booleans(),
    "meta": st.dictionaries(TEXT, TEXT | st.integers(0, 3) | st.booleans() | st.none(), max_size=2),
    "vars": st.just([{"v": 1}]),
    "wdir": st.just("w"),
    "env": st.dictionaries(st.sampled_from(["A", "B"]), TEXT | st.integers(0, 3) | st.booleans(), max_size=2),
    "image": st.just("python:3.12"),
    "resources": st.fixed_dictionaries({}, optional={"cpu": st.sampled_from([1, 0.5, "500m"]), "memory": st.just("8Gi"), "gpu": st.integers(0, 2)}),
    "timeout": st.sampled_from(["1h", "90s"]),
    "retries": st.integers(0, 3),
    "kind": st.sampled_from(["data", "train", "evaluate"]),
    "infer": st.sampled_from(["all", "none", ["code"], []]),
    "gates": st.just({"accuracy": ">= 0.9", "loss.delta": "<= 0"}),
}  # fmt: skip


@st.composite
def stage(draw: st.DrawFn, name: str, before: list[str]) -> Any:
    """A stage, or a foreach or matrix of it, with outs of its own."""
    form = draw(st.sampled_from(["stage", "stage", "stage", "foreach", "matrix"]))
    body = draw(
        st.fixed_dictionaries(
            {"cmd": BODY["cmd"]}, optional={key: value for key, value in BODY.items() if key != "cmd"}
        )
    )
    if before and "wdir" not in body:
        body["deps"] = [*body.get("deps", []), f"out/{draw(st.sampled_from(before))}"]
    place = f"out/{name}" + ("" if form == "stage" else "/${item}" if form == "foreach" else "/${item.s}")
    body["outs"] = [draw(st.just(place) | FLAGS.map(lambda flags: {place: flags}))]
    body["metrics"] = [draw(st.just(f"{place}.json") | FLAGS.map(lambda flags: {f"{place}.json": flags}))]
    if form == "foreach":
        return {"foreach": draw(st.sampled_from([["a", "b"], "${seeds}"])), "do": body}
    return {"matrix": {"s": draw(st.sampled_from([[1, 2], "${seeds}"]))}, **body} if form == "matrix" else body


@st.composite
def spec(draw: st.DrawFn) -> dict[str, Any]:
    """A spec that is mostly right."""
    names = draw(
        st.lists(st.sampled_from(["prepare", "train", "evaluate", "other"]), min_size=1, max_size=3, unique=True)
    )
    stages = {name: draw(stage(name, names[:index])) for index, name in enumerate(names)}
    top = draw(
        st.fixed_dictionaries(
            {"stack": st.just({"orchestrator": ["dvc", "make", "airflow", "argo"], "ci": ["github", "gitlab"]})},
            optional={
                "project": st.just("proj"), "params": st.just(["params.yaml"]), "metrics": st.just(["m.json"]), "infer": st.sampled_from(["none", ["code"]]),
                "vars": st.just([{"top": "it"}]), "plots": st.just([{"loss.csv": {"x": "i"}}]),
                "models": st.just({"m": {"path": "out/train", "desc": "it"}}), "ci": st.just({"on": {"push": ["main"]}}),
            },
        )
    )  # fmt: skip
    return {"mlops": 1, "stages": stages, **top}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec(), st.sampled_from(sorted(set(WAYS) - {"other-line-ends"})))
def test_a_generated_spec(data: dict[str, Any], way: str) -> None:
    text = block(data, bare)[1:] + "\n"
    assert parse(text) == data
    same(text, WAYS[way](text), FILES)
