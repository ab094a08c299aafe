"""What is known of a script without running it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from ...model.snapshot import inside
from .values import ROOT

DATA = re.compile(
    r"\.(?:csv|tsv|txt|md|parquet|json|jsonl|ya?ml|toml|xml|html?|pkl|pickle|joblib|npy|npz|h5|hdf5|feather|arrow|orc|xlsx?|dat"
    r"|pth?|onnx|bin|ckpt|model|safetensors|png|jpe?g|svg|pdf|gz|zip|tar|db|sqlite|rds|rda|wav|mp3|fasta|bam|vcf|out|log)$",
    re.IGNORECASE,
)
"""Endings of files that need no folder to be taken for a path."""


@dataclass(slots=True)
class Traces:
    """The paths that a script reads and writes, each with the place that says so, and what remains unknown."""

    reads: dict[str, str] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    """The files of the repository that it imports."""
    called: list[str] = field(default_factory=list)
    """Those of them whose function `main` or `run` it calls, in this order."""
    commands: list[tuple[str, str]] = field(default_factory=list)
    """The commands that it runs, each with its place."""
    required: list[str] = field(default_factory=list)
    """Arguments that have no default and were not given."""
    unknown_reads: list[str] = field(default_factory=list)
    unknown_writes: list[str] = field(default_factory=list)
    """The places where it reads or writes a path that is known only when it runs."""
    updated: dict[str, str] = field(default_factory=dict)
    """The paths that it reads and then overwrites."""
    outside: set[str] = field(default_factory=set)
    """Relative paths that lead outside of the repository from where it runs."""
    is_readable: bool = True
    """Whether the script could be parsed."""

    def note(self, into: dict[str, str], path: str, place: str, wdir: str = ".") -> bool:
        """Note a path, unless it leads outside of the repository or does not look like one. Whether it was noted."""
        if "://" in path or "\n" in path or len(path) > 300 or not ("/" in path or DATA.search(path)):
            return False
        path = path.removeprefix(ROOT) if path.startswith(ROOT) else posixpath.join(wdir, path)
        if posixpath.normpath(path).startswith(".."):
            self.outside.add(path)
        if not inside(path) or path.endswith("/..") or posixpath.normpath(path) == ".":
            return False
        if into is not self.reads or posixpath.normpath(path) not in self.writes:
            into.setdefault(posixpath.normpath(path), place)
        return True
