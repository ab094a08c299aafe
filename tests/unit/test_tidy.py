"""What tidy takes out, how often it reads the spec for that, and how texts are kept apart by stage."""

from __future__ import annotations

import pytest
from mlopsc.compiler.adopt import guarantee, oracle
from mlopsc.compiler.adopt.parts import largest, parts_of
from mlopsc.compiler.adopt.tidy import shapes
from mlopsc.compiler.adopt.tidy import tidy as tidy_text
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

HEAD = "mlops: 1\nstack: {orchestrator: dvc, build: none, ci: []}\n"


class Reading:
    """A repository, with a count of the texts that were tried on it."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files, self.count = files, 0

    def __call__(self, text: str) -> Memory:
        self.count += 1
        return Memory({**self.files, "mlops.yaml": text})


def tidy(stages: str, **code: str) -> tuple[str, Reading]:
    """The text after, without its head. What it compiles to is the same."""
    at = Reading({"in": "1", **{f"src/{name}.py": text for name, text in code.items()}})
    text = tidy_text(HEAD + stages, at).text
    before, after = (compile_spec(at(each)).project for each in (HEAD + stages, text))
    assert before is not None
    assert after is not None
    assert shapes(before.dvc) == shapes(after.dvc)
    return text.removeprefix(HEAD), at


def chain(count: int) -> str:
    """A pipeline that the conventions give all of, but for the outs of each third stage."""
    lines, above = ["stages:"], "in"
    for number in range(count):
        out = f"{'other' if number % 3 == 2 else 'data'}/s{number}"
        lines += [
            f"  s{number}:",
            f"    cmd: python src/s{number}.py",
            f"    deps: [src/s{number}.py, {above}]",
            f"    outs: [{out}]",
        ]
        above = out
    return "\n".join(lines) + "\n"


def test_more_stages_are_not_more_readings() -> None:
    counts = []
    for stages in (6, 60):
        text, at = tidy(chain(stages), **{f"s{number}": "" for number in range(stages)})
        assert text.splitlines()[:3] == ["stages:", "  s0:", "    deps: [in]"]
        assert len(text.splitlines()) == 1 + stages + 1 + stages // 3, (
            "a line each, the first deps, and outs of its own"
        )
        counts.append(at.count)
    assert counts[0] == counts[1] < 30


def test_an_edit_that_fails_does_not_spoil_the_one_tried_below_it() -> None:
    """Without its outs `a` would make `data/a`; that is tried when `b` leaves out the deps that it takes from `a`."""
    stages = (
        "stages:\n  a:\n    cmd: python src/a.py\n    deps: [src/a.py, in]\n    outs: [x/a]\n"
        "  b:\n    cmd: python src/b.py --fast yes\n    deps: [src/b.py, x/a]\n    outs: [data/b]\n"
    )
    text, _ = tidy(stages, a="", b="")
    assert text == "stages:\n  a:\n    deps: [in]\n    outs: [x/a]\n  b:\n    args: --fast yes\n"


@pytest.mark.parametrize(
    ("stages", "left"),
    [
        (  # the anchor is needed below
            "stages:\n  a:\n    cmd: python src/a.py\n    deps: &them\n    - src/a.py\n    - in\n    outs:\n    - data/a\n"
            "  b:\n    cmd: cat in\n    deps: *them\n",
            "stages:\n  a:\n    deps: &them\n    - src/a.py\n    - in\n  b:\n    cmd: cat in\n    deps: *them\n",
        ),
        (  # an edit after which the text cannot be read costs no other one
            "stages:\n  a:\n    cmd: python src/a.py\n    deps: [src/a.py]\n    outs: &them\n    - data/a\n"
            "  b:\n    cmd: cat in\n    deps: *them\n"
            "  y:\n    cmd: python src/y.py\n    deps: [src/y.py]\n    outs:\n    - data/y\n",
            "stages:\n  a:\n    outs: &them\n    - data/a\n  b:\n    cmd: cat in\n    deps: *them\n  y:\n",
        ),
        (  # an alias among its lines does not keep a stage from being tidied
            "stages:\n  z:\n    cmd: cat in\n    deps: &them\n    - in\n"
            "  a:\n    cmd: python src/a.py\n    deps:\n    - src/a.py\n    outs:\n    - data/a\n    meta: *them\n",
            "stages:\n  z:\n    cmd: cat in\n    deps: &them\n    - in\n  a:\n    meta: *them\n",
        ),
        (  # stages that share lines are one part
            "stages: {a: {cmd: python src/a.py,\n    deps: [src/a.py, in, src/m.py, src/n.py],\n    outs: [x]}}\n",
            "stages: {a: {cmd: python src/a.py,\n    deps: [src/a.py, in, src/m.py, src/n.py],\n    outs: [x]}}\n",
        ),
    ],
)
def test_texts_that_hang_together(stages: str, left: str) -> None:
    assert tidy(stages, a="import m, n\n" if "src/m" in stages else "", m="", n="", y="")[0] == left


def test_what_stands_below_the_stages_is_kept() -> None:
    text = HEAD + "stages:\n  # first\n  a:\n    cmd: x\n\n  b:\n    cmd: y\n# models\nmodels: {}\n"
    parts = parts_of(text)
    assert [part.stages for part in parts.stages] == [("a",), ("b",)]
    assert parts.text([part.block for part in parts.stages]) == text
    assert parts.tail == "models: {}\n"


@pytest.mark.parametrize("stages", ["metrics: [m.json]\n", "stages: {}\n", "stages: &a {a: {cmd: x}}\n", ""])
def test_nothing_to_tidy(stages: str) -> None:
    assert tidy(stages)[0] == stages


def test_halving_finds_those_that_go_together() -> None:
    asked = []

    def holds(some: object) -> bool:
        asked.append(some)
        return isinstance(some, set) and not some & {3, 40}

    assert largest(range(64), holds) == set(range(64)) - {3, 40}
    assert len(asked) < 30


def test_the_order_of_deps_is_no_difference_in_what_dvc_says() -> None:
    before, after, other = (
        oracle.Answer({}, {}, {"a": [{"changed deps": dict.fromkeys(paths, "modified")}]})
        for paths in (("x", "y"), ("y", "x"), ("x", "z"))
    )
    assert not guarantee.differences(before, after)
    assert [each.code for each in guarantee.differences(before, other)] == ["MLC706"]
