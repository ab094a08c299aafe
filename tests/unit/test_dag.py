"""The DAG by itself: what each question of `Dag` answers for a few small graphs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from mlopsc.compiler.model.dag import Dag


def dag(parents: str) -> Dag:
    """A DAG of lines such as `c: b a`, a stage and its parents; `/` stands for the end of a line."""
    lines = [line.partition(":") for line in parents.split("/")]
    return Dag.of({name.strip(): above.split() for name, _, above in lines})


EMPTY = Dag.of({})
DIAMOND = "end: right left / left: top / right: top / top: / other:"
LONG = "a: / b: a / c: a b / d: a c / e: a"
TWO = "a: / b: a / x: / y: x"
CYCLE = "out: b / a: b start / b: a / start:"

# fmt: off
ORDERS: tuple[tuple[str, str, str, str, Mapping[str, int]], ...] = (
    # graph, order, edges by the reading stage, leaves, layers
    (DIAMOND, "top left right end other", "top>left top>right right>end left>end", "end other",
     {"top": 0, "other": 0, "left": 1, "right": 1, "end": 2}),
    (LONG, "a b c d e", "a>b a>c b>c a>d c>d a>e", "d e", {"a": 0, "b": 1, "e": 1, "c": 2, "d": 3}),
    (TWO, "a b x y", "a>b x>y", "b y", {"a": 0, "x": 0, "b": 1, "y": 1}),
    ("z: / y: / x:", "z y x", "", "z y x", {"z": 0, "y": 0, "x": 0}),
    ("self: self a / a:", "a self", "a>self", "self", {"a": 0, "self": 1}),
    (CYCLE, "out a b start", "b>out b>a start>a a>b", "out", {}),
)
RELATIVES: tuple[tuple[str, str, str, str, str, str], ...] = (
    # graph, stages, parents in the order of the deps, children in the order of the spec, ancestors, descendants
    (DIAMOND, "end", "right left", "", "top left right", ""),
    (DIAMOND, "top", "", "left right", "", "left right end"),
    (DIAMOND, "left", "top", "end", "top", "end"),
    (DIAMOND, "other", "", "", "", ""),
    (DIAMOND, "left right", "", "", "top", "end"),
    (DIAMOND, "left end", "", "", "top left right", "end"),
    (LONG, "c", "a b", "d", "a b", "d"),
    (LONG, "b e", "", "", "a", "c d"),
    (TWO, "b x", "", "", "a", "y"),
    (CYCLE, "a", "b start", "b", "b start", "b out"),
)
CYCLES: tuple[tuple[str, list[str]], ...] = (
    (DIAMOND, []),
    (CYCLE, ["a b a"]),
    ("a: c / b: a / c: b", ["a b c a"]),
    # the shortest way round from the first of them, though a longer one stands above it
    ("a: e c / b: a / c: b / d: a / g: d / e: g", ["a b c a"]),
    ("a: d b / b: a / c: b / d: c", ["a b a"]),
    ("a: / d: c / c: d / b: a / f: e / e: f", ["d c d", "f e f"]),
    ("b: a d / a: b c / c: d / d: c", ["b a b", "c d c"]),
    # a way round that leaves the group does not exist; one stage that reads itself is no cycle here
    ("a: a / b: a", []),
)
# fmt: on


@pytest.mark.parametrize(("graph", "order", "edges", "leaves", "layers"), ORDERS)
def test_order_edges_leaves_and_layers(
    graph: str, order: str, edges: str, leaves: str, layers: Mapping[str, int]
) -> None:
    built = dag(graph)
    assert built.order == tuple(order.split())
    assert [f"{parent}>{stage}" for parent, stage in built.edges()] == edges.split()
    assert built.leaves == tuple(leaves.split())
    assert built.layers == layers


@pytest.mark.parametrize(("graph", "stages", "parents", "children", "ancestors", "descendants"), RELATIVES)
def test_relatives(graph: str, stages: str, parents: str, children: str, ancestors: str, descendants: str) -> None:
    built, names = dag(graph), stages.split()
    if len(names) == 1:
        assert built.parents(stages) == tuple(parents.split())
        assert built.children(stages) == tuple(children.split())
    assert built.ancestors(*names) == set(ancestors.split())
    assert built.descendants(*names) == set(descendants.split())


@pytest.mark.parametrize(("graph", "cycles"), CYCLES)
def test_a_cycle_is_the_shortest_path(graph: str, cycles: list[str]) -> None:
    assert [" ".join(cycle) for cycle in dag(graph).cycles()] == cycles


def test_no_stages() -> None:
    assert (EMPTY.order, list(EMPTY.edges()), EMPTY.leaves, EMPTY.layers, list(EMPTY.cycles())) == ((), [], (), {}, [])
    assert EMPTY.ancestors() == EMPTY.descendants() == set()
