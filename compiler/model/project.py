"""The project: everything that targets and checks may know, with stages, artifacts and the DAG."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .ci import Ci
from .dag import Dag
from .environment import Environment
from .kubernetes import Kubernetes
from .operations import DVC_EXTRAS, Deployment, Experiment, Model, Monitor, Remote, Source
from .resources import Resources
from .snapshot import way_up
from .source import At, Path

Kind = Literal["data", "train", "evaluate", "monitor"]
OutKind = Literal["out", "metric", "plot"]
SlurmOptions = Mapping[str, str | bool]
"""Options of `sbatch` by name: the value, true for one without a value, false for one to leave out."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A ``${name}`` in a command that refers to a parameter file: a run-time parameter of the pipeline.

    ``value`` is the text of its current value, as DVC renders it; ``file`` is the file that defines it.
    """

    name: str
    value: str
    file: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, run in its own shell: literal text, with escapes undone, and parameters.

    ``text`` is the line with the current values of the parameters.
    """

    parts: tuple[str | Ref, ...]
    text: str

    @classmethod
    def of(cls, parts: Iterable[str | Ref]) -> Command:
        """The line with these parts."""
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
        """Whether DVC stores the content in its cache; otherwise Git tracks it."""
        return self.flags.get("cache", True) is not False


@dataclass(frozen=True, slots=True)
class Param:
    """A tracked parameter: a dotted key of a file, or the whole file if ``key`` is None."""

    file: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as it runs: templates resolved, `foreach` and `matrix` expanded.

    ``entry`` is the entry of `stages` that defines it. ``commands`` run in ``wdir``, in order, each in its own shell, and stop
    at the first failure. They include env, script, timeout and retries, so that every target runs the same commands. ``deps``
    and ``outs`` are relative to the root of the repository; a dep may be a URL or ``ds://NAME``. ``timeout`` is in seconds.
    ``environment`` is where they run, if not on the machine itself: the commands are wrapped in it already.
    ``judges`` is set on a gate: the entry whose metrics it judges. ``code`` are the code files whose edits run the stage again
    only if they change what the code means (`lower.code`).
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
    environment: Environment | None = None
    resources: Resources = field(default_factory=Resources)
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    timeout: int | None = None
    retries: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    slurm: SlurmOptions = field(default_factory=dict)
    judges: str | None = None
    code: tuple[str, ...] = ()
    unlocked: tuple[str, ...] = ()
    """Packages that its code loads and whose versions it would track, if they were locked."""
    cmd: str | tuple[str, ...] = ""
    """The command as dvc.lock has it: a text, whose lines are `commands`, or a list, whose items are."""
    bare: tuple[Command, ...] = ()
    """The commands without the environment around them; empty where that is the same."""

    @property
    def image(self) -> str | None:
        """The image of the container that it runs in."""
        return self.environment.image if self.environment is not None else None

    @property
    def code_commands(self) -> tuple[Command, ...]:
        """The commands as readers of code take them: without the environment around them."""
        return self.bare or self.commands

    @property
    def in_run_cache(self) -> bool:
        """Whether DVC stores the stage in its run cache, as far as the spec determines it.

        Source: `_can_hash` of DVC 3.67, `dvc/stage/cache.py`.
        """
        paths = [*self.deps, *(out.path for out in self.outs)]
        return (
            bool((self.deps or self.params) and self.outs)
            and not self.always_changed
            and not any("://" in path for path in paths)
            and not any(out.flags.get("persist") for out in self.outs)
        )

    @property
    def at(self) -> At:
        """The place of the stage in the spec."""
        return At(("stages", self.entry), key=True)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A path of the pipeline, written by the stage ``producer``; external if that is None."""

    path: str
    producer: str | None
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A file that commands need and that targets emit."""

    path: str
    text: str
    derived: bool = False
    """Whether programs in the repository bring it up to date, so that another content is no edit."""


@dataclass(frozen=True, slots=True)
class OwnMakefile:
    """The Makefile of the team, which the generated targets stand beside: its path and the targets that it defines."""

    path: str
    targets: frozenset[str]


@dataclass(frozen=True, eq=False)
class Project:
    """A pipeline and its operations, with all defaults.

    ``dvc`` is the content of dvc.yaml, with templates and after the conventions. ``stages`` are the expanded stages by name, in
    the order of ``dag``. ``targets`` are the targets to emit, each with the place in the spec that names it; ``orchestrators``
    are those that run the pipeline. ``stores`` are metadata stores beside DVC. ``scripts`` are files that the commands of stages
    need, ``programs`` those that register, deploy and monitor. ``remotes`` are the DVC remotes of the spec, ``remote_urls`` the
    URLs of all remotes, also of those that only .dvc/config defines. ``dvc_config`` is the content of .dvc/config where DVC has
    written it anew and it says what the spec says. ``monitors`` are not part of the pipeline. ``failure_webhook`` is the name of
    the secret with the URL that is told of failures. ``test_command`` tests the code; ``requirements`` is the file that lists the
    Python packages. ``feature_package`` is the value of `stack.features`. ``features`` are the places in the spec that use each
    `target.Feature`. ``own_makefile`` is set with `build: include`.

    ``folder`` is the path of the project within the Git repository, if that may hold other projects; empty for a project that
    is the whole repository. ``dvc_root`` is the root of the DVC repository, from the project.
    """

    name: str
    dvc: Mapping[str, Any]
    stages: Mapping[str, Stage]
    dag: Dag
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    targets: Mapping[str, Path] = field(default_factory=dict)
    orchestrators: tuple[str, ...] = ("dvc", "make")
    stores: tuple[str, ...] = ()
    ci: Ci = field(default_factory=Ci)
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    remotes: tuple[Remote, ...] = ()
    remote_urls: tuple[str, ...] = ()
    dvc_config: str | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    deployments: Mapping[str, Deployment] = field(default_factory=dict)
    monitors: Mapping[str, Monitor] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    schedule: str | None = None
    failure_webhook: str | None = None
    slurm: SlurmOptions = field(default_factory=dict)
    scripts: tuple[Script, ...] = ()
    programs: tuple[Script, ...] = ()
    test_command: str | None = None
    requirements: str | None = None
    code_roots: tuple[str, ...] = ()
    feature_package: str | None = None
    patches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    features: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    own_makefile: OwnMakefile | None = None
    folder: str = ""
    dvc_root: str = "."

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages.values())

    def parents(self, stage: Stage) -> tuple[Stage, ...]:
        """The stages whose outs a stage reads."""
        return tuple(self.stages[name] for name in self.dag.parents(stage.name))

    def from_top(self, path: str) -> str:
        """A path of the project, from the root of the Git repository."""
        return posixpath.normpath(posixpath.join(self.folder, path))

    def at_top(self, path: str) -> str:
        """A path from the root of the Git repository, as seen from the project."""
        return posixpath.join(way_up(self.folder), path)

    def scoped(self, name: str, mark: str = "-") -> str:
        """A name that other projects of the repository may use as well: with the name of this project before it."""
        return f"{self.name}{mark}{name}" if self.folder else name

    @property
    def scope(self) -> str:
        """What comes before the name of a monitor where other projects may have one of the same name."""
        return re.sub(rb"[^A-Za-z0-9]", b"-", self.folder.encode()).decode() + "-" if self.folder else ""

    def registered(self, model: str) -> str:
        """The name of a model in the tags of GTO, which begins with the folder of its dvc.yaml.

        Source: `SEPARATOR_IN_TAG` of GTO 1.9, `gto/constants.py`.
        """
        return f"{self.folder}={model}" if self.folder else model

    @property
    def remote_url(self) -> str | None:
        """The URL of the default remote, also if .dvc/config defines it; None without remotes."""
        return next(iter(self.remote_urls), None)

    @property
    def uses_dvc(self) -> bool:
        """Whether DVC runs the pipeline, directly or called by make."""
        return "dvc" in self.orchestrators

    @property
    def uses_make(self) -> bool:
        """Whether a Makefile is emitted."""
        return "make" in self.targets

    @property
    def dvc_extras(self) -> tuple[str, ...]:
        """The extras of DVC that remotes and sources need; the package of each is ``dvc_EXTRA``."""
        urls = [*self.remote_urls, *(source.url for source in self.sources.values())]
        return tuple(sorted({DVC_EXTRAS[scheme] for url in urls if (scheme := url.partition("://")[0]) in DVC_EXTRAS}))

    @property
    def dvc_package(self) -> str:
        """The requirement for pip: DVC with its extras."""
        return f"dvc[{','.join(self.dvc_extras)}]" if self.dvc_extras else "dvc"

    @property
    def pip_arguments(self) -> tuple[str, ...]:
        """The arguments with which pip installs ``requirements``; empty if pip cannot read the file."""
        if self.requirements in ("requirements.lock", "requirements.txt"):
            return (f"-r {self.requirements}",)
        return ("-e .",) if self.requirements == "pyproject.toml" else ()
