"""Who writes what, and in which order: cycles, two writers of one path, outs inside outs, outs outside."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostic import Diagnostic, Label
from ..graph import Project, Stage
from ..lower import parents
from ..span import At


def check(project: Project) -> Iterator[Diagnostic]:
    """MLC401 to MLC405."""
    yield from _cycles(project)
    writers: dict[str, Stage] = {}
    for stage in project:
        for out in stage.outs:
            if (other := writers.setdefault(out.path, stage)) is not stage:
                yield _two_writers(out.path, stage, other)
            if out.path.startswith(("/", "../", "~")) or out.path in ("..", "."):
                yield Diagnostic(
                    "MLC404", f"`{stage.name}` writes `{out.path}`, which is outside of the repository", at(stage, "outs"),
                    help="write to a path inside, or to a URL of a remote",
                )  # fmt: skip
        outs = {out.path for out in stage.outs}
        for dep in stage.deps:
            if dep in outs:
                help_ = "write to another path, or leave the dep out"
                yield Diagnostic("MLC405", f"`{stage.name}` reads `{dep}` and writes it", at(stage, "deps"), help=help_)
    for path, stage in writers.items():
        for parent in parents(path):
            if (outer := writers.get(parent)) is not None:
                yield Diagnostic(
                    "MLC403", f"`{path}` of `{stage.name}` lies inside `{parent}` of `{outer.name}`", at(stage, "outs"),
                    help="let the outs stand beside each other", labels=(Label(at(outer, "outs"), "the outer one"),),
                )  # fmt: skip


def at(stage: Stage, key: str) -> At:
    """A key of a stage in the spec; where conventions filled it, the stage."""
    return At(("stages", stage.entry, key), key=True)


def _two_writers(path: str, stage: Stage, other: Stage) -> Diagnostic:
    if stage.entry == other.entry:
        help_ = "put `${item}` or `${key}` into the path, so that each stage has its own"
    else:
        help_ = f"give each its own path, or let `{stage.name}` depend on `{other.name}`"
    labels = (Label(at(other, "outs"), f"also written by `{other.name}`"),) if stage.entry != other.entry else ()
    return Diagnostic(
        "MLC402",
        f"two stages write `{path}`: `{other.name}` and `{stage.name}`",
        at(stage, "outs"),
        help=help_,
        labels=labels,
    )


def _cycles(project: Project) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for stage in project:
        if not seen.issuperset(stage.upstream):
            break  # stages are in order unless there is a cycle
        seen.add(stage.name)
    else:
        return
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph(
        (before, stage.name) for stage in project for before in stage.upstream
    )
    for component in networkx.strongly_connected_components(graph):
        if len(component) < 2:
            continue
        names = [name for name in project.stages if name in component]
        edges = networkx.find_cycle(graph.subgraph(names), names[0])
        path = [edge[0] for edge in edges] + [edges[0][0]]
        labels = tuple(Label(project.stages[name].at, f"`{name}`") for name in path[1:-1])
        yield Diagnostic(
            "MLC401", f"the stages depend on each other in a circle: {' -> '.join(path)}", project.stages[path[0]].at,
            help="remove one of these deps", labels=labels,
        )  # fmt: skip
