"""The order of the pipeline: a thin class over `networkx.DiGraph`, and the only code that walks the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import networkx

Cycle = tuple[str, ...]
"""Stages that form a cycle; the last one is the first one again."""


@dataclass(frozen=True)
class Dag:
    """The stages of a pipeline, with an edge from each stage to every stage that reads what it writes.

    Methods return names of stages, in the order of the spec or in topological order.
    """

    graph: networkx.DiGraph[str]

    @classmethod
    def of(cls, parents: Mapping[str, Iterable[str]]) -> Dag:
        """The DAG of these stages, each with the stages it depends on; a stage is never its own parent."""
        graph: networkx.DiGraph[str] = networkx.DiGraph()
        graph.add_nodes_from(parents)
        graph.add_edges_from((parent, name) for name, above in parents.items() for parent in above if parent != name)
        return cls(graph)

    def parents(self, stage: str) -> tuple[str, ...]:
        """The stages whose results a stage reads, in the order of its deps."""
        return tuple(self.graph.predecessors(stage))

    def children(self, stage: str) -> tuple[str, ...]:
        """The stages that read a result of a stage."""
        return tuple(self.graph.successors(stage))

    def edges(self) -> Iterator[tuple[str, str]]:
        """All pairs of a stage and one that reads its result, by the reading stage."""
        return ((parent, stage) for stage in self.order for parent in self.graph.predecessors(stage))

    def ancestors(self, *stages: str) -> set[str]:
        """All stages upstream of these, themselves left out unless one is upstream of another."""
        return set().union(*(networkx.ancestors(self.graph, stage) for stage in stages))

    def descendants(self, *stages: str) -> set[str]:
        """All stages downstream of these, themselves left out unless one is downstream of another."""
        return set().union(*(networkx.descendants(self.graph, stage) for stage in stages))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All stages, each after its parents, otherwise in the order of the spec; in a cycle, as in the spec."""
        position = {stage: index for index, stage in enumerate(self.graph)}
        try:
            return tuple(networkx.lexicographical_topological_sort(self.graph, key=position.__getitem__))
        except networkx.NetworkXUnfeasible:
            return tuple(self.graph)

    @cached_property
    def layers(self) -> Mapping[str, int]:
        """The length of the longest path that leads to each stage; 0 for a stage without parents. Empty for a cycle."""
        try:
            generations = enumerate(networkx.topological_generations(self.graph))
            return {stage: depth for depth, stages in generations for stage in stages}
        except networkx.NetworkXUnfeasible:
            return {}

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The stages whose results no other stage reads."""
        return tuple(stage for stage in self.order if not self.graph.out_degree(stage))

    def cycles(self) -> Iterator[Cycle]:
        """For each group of stages that depend on each other, the shortest cycle through the first of them."""
        position = {stage: index for index, stage in enumerate(self.graph)}
        components = [part for part in networkx.strongly_connected_components(self.graph) if len(part) > 1]
        for component in sorted(
            (sorted(part, key=position.__getitem__) for part in components), key=lambda part: position[part[0]]
        ):
            yield self._shortest_cycle(component)

    def _shortest_cycle(self, component: list[str]) -> Cycle:
        start, within = component[0], self.graph.subgraph(component)
        paths = networkx.single_source_shortest_path(within, start)
        path = min((paths[last] for last in within.predecessors(start)), key=len)
        return (*path, start)
