"""The project as the targets see it: stages, what they read and write, and the order between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import networkx

from ...schemas.spec import Spec
from .source import At, Path

Kind = Literal["data", "train", "evaluate", "monitor"]
OutKind = Literal["out", "metric", "plot"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A ``${name}`` in a command that a parameter file answers: a run-time parameter of the pipeline.

    ``value`` is its text now, as DVC would render it; ``file`` is the file that holds it.
    """

    name: str
    value: str
    file: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, for one fresh shell: literal text (escapes undone) and the parameters between it.

    ``text`` is the line with every parameter at its value of now.
    """

    parts: tuple[str | Ref, ...]
    text: str

    @classmethod
    def of(cls, parts: Iterable[str | Ref]) -> Command:
        """The line that is made of these parts."""
        parts = tuple(parts)
        return cls(parts, "".join([part if isinstance(part, str) else part.value for part in parts]))


@dataclass(frozen=True, slots=True)
class Out:
    """A path that a stage writes, relative to the repository root. ``flags`` are DVC's (cache, persist, ...)."""

    path: str
    kind: OutKind = "out"
    flags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cached(self) -> bool:
        """Whether DVC keeps its content; what it does not keep is left to Git."""
        return self.flags.get("cache", True) is not False


@dataclass(frozen=True, slots=True)
class Param:
    """A tracked parameter: a dotted key of a file, or the whole file where ``key`` is None."""

    file: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Resources:
    """What a stage asks of a machine. ``cpu`` in cores, ``memory`` in bytes, ``gpu`` in devices."""

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None

    @property
    def values(self) -> tuple[float | None, int | None, int | None]:
        """All three, in this order."""
        return self.cpu, self.memory, self.gpu


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as it runs: templates resolved, `foreach` and `matrix` expanded.

    ``commands`` run in ``wdir``, in order, each in a shell of its own, and stop at the first failure. They are
    complete: env, script, timeout and retries are already part of them, so that every target that runs
    commands runs the same ones. ``deps`` and ``outs`` are relative to the repository root; a dep may be a URL
    or ``ds://NAME``. ``upstream`` names the stages that must have run before.
    """

    name: str
    entry: str
    commands: tuple[Command, ...]
    deps: tuple[str, ...] = ()
    outs: tuple[Out, ...] = ()
    params: tuple[Param, ...] = ()
    wdir: str = "."
    desc: str = ""
    kind: Kind = "data"
    frozen: bool = False
    always_changed: bool = False
    image: str | None = None
    resources: Resources = Resources()
    timeout: int | None = None
    retries: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    upstream: tuple[str, ...] = ()

    @property
    def at(self) -> At:
        """Where the stage is named in the spec."""
        return At(("stages", self.entry), key=True)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A path of the pipeline: written by the stage ``producer``, or external to it where that is None."""

    path: str
    producer: str | None
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A file that stages run and the build writes, beside those that targets emit."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """A monitor: its stage in DVC's words, with paths from the root, and the metrics files that its gates judge."""

    body: Mapping[str, Any]
    metrics: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Project:
    """A checked pipeline: everything a target may know.

    ``dvc`` is the pipeline in DVC's own words (the content of dvc.yaml, templates intact, conventions filled
    in); ``stages`` are the expanded ones by name, each after all of its upstream. ``spec`` is the validated spec,
    for the sections that are mlopsc's own (``stack``, ``ci``, ``models``, ...). ``scripts`` are files that
    commands of stages need; ``operations`` are those that register, deploy and monitor. ``monitors`` are stages of
    their own, which the pipeline does not run. ``test_command`` tests the code; ``requirements`` is the file that names the
    Python packages (requirements.txt, pyproject.toml, ...), ``remote`` is the URL of the DVC remote; None where there is none.
    ``features`` tells where the spec uses which `target.Feature`.
    """

    name: str
    dvc: Mapping[str, Any]
    stages: Mapping[str, Stage]
    spec: Spec
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    scripts: tuple[Script, ...] = ()
    operations: tuple[Script, ...] = ()
    monitors: Mapping[str, Watch] = field(default_factory=dict)
    test_command: str | None = None
    requirements: str | None = None
    remote: str | None = None
    features: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages.values())

    @cached_property
    def graph(self) -> networkx.DiGraph[str]:
        """Stages (node attribute ``stage``) and artifacts (``artifact``), with edges the way the data flows.

        networkx takes longer to import than a build takes, so only what analyses the graph asks for it.
        """
        import networkx

        graph: networkx.DiGraph[str] = networkx.DiGraph(name=self.name)
        for stage in self:
            graph.add_node(f"stage:{stage.name}", stage=stage)
        for artifact in self.artifacts.values():
            graph.add_node(artifact.path, artifact=artifact)
            if artifact.producer is not None:
                graph.add_edge(f"stage:{artifact.producer}", artifact.path)
            graph.add_edges_from((artifact.path, f"stage:{consumer}") for consumer in artifact.consumers)
        return graph
