"""The packages of a stage: the locked distributions that its code can load.

The lock and the tables here decide, never what is installed, so that every machine writes the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ..programs.packages import PYTHON, Lock
from .code.distributions import ODD, PROVIDERS, alike, groups, normalized
from .code.problems import DYNAMIC, UNREADABLE, Loaded

_MAX_SHOWN = 6
_OTHER_LANGUAGES = (".R", ".r", ".Rmd", ".jl")

_PROGRAMS = """
torchrun torch | accelerate-launch accelerate | composer mosaicml | coverage3 coverage | py.test pytest | kernprof line-profiler
mprof memory-profiler | fil-profile filprofiler | horovodrun horovod | jupyter jupyter-core nbconvert ipykernel
jupyter-nbconvert nbconvert ipykernel | jupyter-execute nbclient ipykernel | jupyter-run jupyter-client ipykernel
papermill papermill ipykernel | ipython3 ipython | airflow apache-airflow | spark-submit pyspark | gx great-expectations
huggingface-cli huggingface-hub | hf huggingface-hub | transformers-cli transformers | mlflow mlflow mlflow-skinny
lightning lightning pytorch-lightning | cythonize cython | f2py numpy | pybabel babel | django-admin django | yolo ultralytics
tune torchtune | nnUNetv2_train nnunetv2 | nnUNetv2_predict nnunetv2 | nnUNetv2_plan_and_preprocess nnunetv2 | tb tensorboard
"""
_SHELLS = frozenset("sh bash zsh dash ksh env time test make which python python3".split())
"""Programs of the system that a package on PyPI shares its name with."""
_SYSTEM = _SHELLS | frozenset(
    "awk basename cat chmod cmp comm cp curl cut date diff dirname du echo expr false find git grep gunzip gzip head join ln ls"
    " md5sum mkdir mktemp mv nice nohup paste printf pwd rm rmdir sed seq sha256sum shuf sleep sort split tail tar tee touch tr"
    " true uniq unzip wc wget xargs zcat zip".split()
)
"""Programs of the system, which load no package of a lock."""
_NAMESPACES = frozenset(
    "google azure ruamel zope jaraco backports sphinxcontrib opentelemetry nvidia mpl_toolkits".split()
)
"""Top-level modules that several distributions share."""
_WITHIN_NAMESPACES = {
    "google.protobuf": "protobuf",
    "google.oauth2": "google-auth",
    "google.rpc": "googleapis-common-protos",
    "google.api": "googleapis-common-protos",
    "google.type": "googleapis-common-protos",
    "google.cloud.aiplatform_v1": "google-cloud-aiplatform",
    "mpl_toolkits.mplot3d": "matplotlib",
    "mpl_toolkits.axes_grid1": "matplotlib",
    "mpl_toolkits.axisartist": "matplotlib",
    "mpl_toolkits.basemap": "basemap",
}
_PLUGINS = """
pandas pyarrow fastparquet numexpr bottleneck openpyxl xlrd odfpy python-calamine pyxlsb tables lxml zstandard
fsspec s3fs gcsfs adlfs | polars pyarrow fastexcel deltalake connectorx | dask pyarrow fastparquet
xarray netcdf4 h5netcdf zarr dask scipy bottleneck cftime | transformers torch tensorflow jax flax accelerate sentencepiece
keras tensorflow torch jax | joblib lz4 | dvc dvc-s3 dvc-gs dvc-azure dvc-ssh dvc-webdav dvc-hdfs dvc-oss
sqlalchemy psycopg psycopg2 psycopg2-binary pymysql mysqlclient oracledb pyodbc duckdb-engine
"""
"""What a package loads where it is installed, without a dependency on it that a lock could have: engines for file formats."""


def _table(text: str) -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for first, *others in groups(text):
        table[first] = table.get(first, frozenset()) | frozenset(others)
    return table


PROGRAMS = _table(_PROGRAMS)
"""The distributions that provide a program of another name."""
PLUGINS = _table(_PLUGINS)
NEEDS: dict[str, set[str]] = {}
"""What a package always needs, for locks that do not say so; no more than the table of modules knows."""
for _module, _names in ODD.items():
    for _name in _names - PROVIDERS.get(_module, frozenset()):
        NEEDS.setdefault(_name, set()).update(PROVIDERS.get(_module, frozenset()))


@dataclass(frozen=True, slots=True)
class Tracked:
    """The entries of packages.json that a stage tracks: None for all, because any may be loaded; and the reason in words.

    ``unlocked`` are packages that the code loads and that are required without a locked version.
    """

    names: tuple[str, ...] | None = ()
    why: str = ""
    unlocked: tuple[str, ...] = ()


@dataclass(slots=True)
class Packages:
    """The packages of a project: those that are locked, and those that are only ``required``."""

    lock: Lock | None
    required: Collection[str] = ()
    strict: bool = False
    """Whether programs that are not known may load any package: in an environment of its own a stage runs what that has."""
    _closures: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def tracked(self, loaded: Collection[Loaded]) -> Tracked:
        """What a stage tracks whose commands load this."""
        locked = self.lock.versions.keys() if self.lock is not None else frozenset[str]()
        local = self.lock.local if self.lock is not None else frozenset[str]()
        loose = set(self.required) if self.lock is None else self.lock.loose
        direct: set[str] = set()
        unlocked: set[str] = set()
        unknown: dict[str, None] = {}
        for part in loaded:
            for module in part.modules:
                names = providers(module, {*locked, *loose, *local})
                direct |= names & locked
                unlocked |= names & loose
                direct |= names & local
                if not names and module not in part.optional:
                    unknown[module.partition(".")[0]] = None
            for program in part.programs:
                names = programs(program, {*locked, *loose})
                direct |= names & locked
                unlocked |= names & loose
        missing = tuple(sorted(unlocked))
        if self.lock is None or not locked:
            return Tracked(unlocked=missing)
        if (doubt := _doubt(loaded) or (self._stranger(loaded) if self.strict else None)) is not None:
            return Tracked(None, f"all packages of {self.lock.source}, because {doubt}", missing)
        if unknown:
            modules = ", ".join(f"`{module}`" for module in list(unknown)[:_MAX_SHOWN])
            return Tracked(
                None, f"all packages of {self.lock.source}, because none is known to provide {modules}", missing
            )
        names = set(self._closure(frozenset(direct)))
        if self.lock.python is not None and (names or any(part.python for part in loaded)):
            names |= {PYTHON}
        return Tracked(tuple(sorted(names)), self._why(sorted(direct)), missing)

    def _stranger(self, loaded: Iterable[Loaded]) -> str | None:
        """Why it is not known which packages are loaded, where a program is run that no package is known to provide."""
        assert self.lock is not None
        for part in loaded:
            strange = (name for name in part.programs if name not in _SYSTEM and not programs(name, self.lock.versions))
            if (name := next(strange, None)) is not None and not (part.python and name.startswith("python")):
                return f"what `{name}` loads is not known"
            if not part.python and not part.programs:
                return "what the command loads is not known"
        return None

    def _why(self, direct: list[str]) -> str:
        assert self.lock is not None
        if not direct:
            return f"the Python of {self.lock.source}"
        shown = ", ".join(direct[:_MAX_SHOWN]) + (", ..." if direct[_MAX_SHOWN:] else "")
        return f"its code loads {shown} ({self.lock.source})"

    def _closure(self, direct: frozenset[str]) -> frozenset[str]:
        """The packages, all that they need, and what they load beside that where it is locked."""
        if direct not in self._closures:
            self._closures[direct] = frozenset(self._reached(direct))
        return self._closures[direct]

    def _reached(self, direct: Iterable[str]) -> set[str]:
        assert self.lock is not None
        reached: set[str] = set()
        waiting = set(direct)
        while waiting:
            new = set(self.lock.closure(waiting)) - reached
            reached |= new
            further = {name for package in new for name in PLUGINS.get(package, ())}
            if not self.lock.has_graph:
                further |= {name for package in new for name in NEEDS.get(package, ())}
            waiting = (further & self.lock.versions.keys()) - reached
        return reached


def _doubt(loaded: Iterable[Loaded]) -> str | None:
    """Why the code may load packages that reading it does not find; None if there is no reason."""
    for part in loaded:
        for problem in part.problems:
            if (problem.path or "").endswith(_OTHER_LANGUAGES):
                continue
            if problem.code is UNREADABLE:
                return f"`{problem.path}` cannot be parsed"
            if problem.code is DYNAMIC:
                return f"{dict(problem.values)['what']} is only known when it runs"
    return None


def providers(module: str, names: Collection[str]) -> set[str]:
    """Those among the distributions ``names`` that provide a module, given by its full name. In doubt, several."""
    top = module.partition(".")[0]
    if top in _NAMESPACES:
        return _within_namespace(module, names)
    exact = {normalized(top), *PROVIDERS.get(top, ())} & set(names)
    if exact:
        return exact
    plain = normalized(top)
    similar = {
        name
        for name in names
        if name.startswith((f"{plain}-", f"python-{plain}")) or name.endswith(f"-{plain}") or alike(plain, name)
    }
    similar = {name for name in similar if not name.startswith("types-") and not name.endswith("-stubs")}
    return similar or set(names) & ODD.get(top, frozenset())


def _within_namespace(module: str, names: Collection[str]) -> set[str]:
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        prefix = ".".join(parts[:end])
        name = _WITHIN_NAMESPACES.get(prefix) or normalized(prefix.replace(".", "-"))
        if name in names:
            return {name}
    start = f"{normalized(parts[0])}-"
    brought = ODD.get(parts[0], frozenset())
    return {name for name in names if name.startswith(start) or name in brought}


def programs(program: str, names: Collection[str]) -> set[str]:
    """Those among the distributions ``names`` that provide a console program."""
    name = program.removesuffix(".exe")
    if name in _SHELLS:
        return set()
    return {normalized(name), *PROGRAMS.get(name, ())} & set(names)
