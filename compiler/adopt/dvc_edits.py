"""What was changed in an emitted dvc.yaml: by `dvc stage add`, by DVCLive, by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.snapshot import Snapshot
from ..model.source import Path, Source
from ..model.target import File
from ..read.git import GitError, git
from ..read.yaml import decode, load
from ..write.lock import Lock, digest
from ..write.plan import EDITED
from .pipeline import DVC_YAML
from .splice import REMOVED, same

EDITED_BY_DVC = Code(
    "MLC614",
    "error",
    "`{path}` was changed since it was written: {edits}",
    help="`mlopsc import --merge` takes the changes into mlops.yaml; `mlopsc build --overwrite {path}` drops them, and keeps "
    "the file as `{path}.orig`",
)
EDITED_BY_DVCLIVE = Code(
    "MLC614",
    "error",
    "`{path}` was changed since it was written, probably by DVCLive: {edits}",
    help="`mlopsc import --merge` takes the changes into mlops.yaml; to drop them, write `Live(dvcyaml=False)` in the code, so "
    "that DVCLive does not add them again, and run `mlopsc build --overwrite {path}`, which keeps the file as `{path}.orig`",
)

MAX_NAMED = 5
"""How many changes a message names."""

_DVCLIVE = re.compile(r"(?:.*/)?(?:params\.yaml|metrics\.json|plots/(?:metrics|images|sklearn|custom)(?:/.*)?)\Z")
"""The files that DVCLive lists: `dvclive.dvc.make_dvcyaml` of DVCLive 3."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A key of dvc.yaml with another value: `REMOVED` if it is gone, and if it was not there before."""

    path: Path
    old: Any
    new: Any

    def __str__(self) -> str:
        name = ".".join(map(str, self.path))
        if self.old is REMOVED:
            return f"`{name}` was added"
        if self.new is REMOVED:
            return f"`{name}` was removed"
        if isinstance(self.old, list) and isinstance(self.new, list):
            added = [item for item in self.new if item not in self.old]
            removed = [item for item in self.old if item not in self.new]
            words = [f"{_names(added)} added to"] * bool(added) + [f"{_names(removed)} removed from"] * bool(removed)
            if words:
                return f"{' and '.join(words)} `{name}`"
        return f"`{name}` was changed"


def _names(items: Sequence[Any]) -> str:
    return ", ".join(f"`{next(iter(item)) if isinstance(item, Mapping) and item else item}`" for item in items)


def edits(old: Any, new: Any, path: Path = ()) -> Iterator[Edit]:
    """The keys whose values differ; a list, and a stage that was added or removed, is one value."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        if not same(old, new):
            yield Edit(path, old, new)
        return
    for key in dict.fromkeys((*old, *new)):
        if key in old and key in new:
            yield from edits(old[key], new[key], (*path, key))
        elif not path and key == "stages":
            yield from edits(old.get(key, {}), new.get(key, {}), (key,))
        else:
            yield Edit((*path, key), old.get(key, REMOVED), new.get(key, REMOVED))


def described(path: str, changes: Sequence[Edit]) -> Diagnostic:
    """The changes as a diagnostic."""
    code = EDITED_BY_DVCLIVE if _is_dvclive(changes) else EDITED_BY_DVC
    more = len(changes) - MAX_NAMED
    words = "; ".join([*map(str, islice(changes, MAX_NAMED)), *([f"{more} more"] if more > 0 else [])])
    return code.on(None, path=path, edits=words)


def _is_dvclive(changes: Sequence[Edit]) -> bool:
    """Whether all that was added at the top is what DVCLive adds."""
    added: list[str] = []
    for edit in changes:
        if edit.path[0] == "stages" or edit.new is REMOVED:
            continue
        if isinstance(edit.new, list):
            known = edit.old if isinstance(edit.old, list) else []
            items = [item for item in edit.new if item not in known]
            added += [str(next(iter(item), "") if isinstance(item, Mapping) else item) for item in items]
    return bool(added) and all(map(_DVCLIVE.match, added))


def written(file: File, lock: Lock, root: str) -> Any:
    """What the last build wrote, as data; None if that is not known any more.

    If the spec was edited, too, the file of the last build is looked for in the last commit.
    """
    locked = lock.get(file.path)
    if locked == digest(file.text):
        return load(Source(file.path, file.text))[0]
    try:
        text = git(root, "show", f"HEAD:./{file.path}").decode("utf-8")
    except (GitError, UnicodeDecodeError):
        return None
    return load(Source(file.path, text))[0] if digest(text) == locked else None


def with_edits(
    diagnostics: Iterable[Diagnostic], files: Sequence[File], lock: Lock, snapshot: Snapshot, root: str
) -> list[Diagnostic]:
    """The diagnostics of a plan; the one of an edited dvc.yaml says what was changed, and how to keep it."""
    edited = EDITED.on(None, path=DVC_YAML)
    return [
        _edits_on_disk(files, lock, snapshot, root) or diagnostic if diagnostic == edited else diagnostic
        for diagnostic in diagnostics
    ]


def _edits_on_disk(files: Sequence[File], lock: Lock, snapshot: Snapshot, root: str) -> Diagnostic | None:
    """What was changed in the dvc.yaml on disk; None if that is not known, or nothing but comments and layout."""
    file = next((file for file in files if file.path == DVC_YAML), None)
    raw = snapshot.read(DVC_YAML)
    if file is None or raw is None:
        return None
    source, problems = decode(DVC_YAML, raw)
    data, diagnostics = load(source)
    if problems or diagnostics or not isinstance(data, dict):
        return None
    base = written(file, lock, root)
    changes = list(edits(load(Source(file.path, file.text))[0] if base is None else base, data))
    return described(DVC_YAML, changes) if changes else None
