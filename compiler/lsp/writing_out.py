"""Write out what conventions fill into a stage, and the reverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..adopt.splice import REMOVED, with_value
from ..adopt.tidy import shapes, tidy
from ..build import resolve_spec
from ..lower.project import dvc_document
from ..model.snapshot import Snapshot
from ..programs.packages import PATH as PACKAGES
from ..read.yaml import find
from ..resolve.entry import Entry, Resolved
from .cursor import tree_of

SnapshotOf = Callable[[str], Snapshot]
Value = Callable[[str, Any], Any]
"""The value to write for a key of the stage."""


def written_out(text: str, entry: Entry, value: Value = lambda key, value: value) -> str | None:
    """The text in which a stage states its command, deps, params and outs; None if no edit of its lines says that.

    Packages stay inferred, because their list changes with the code: `infer: [packages]` keeps them.
    """
    if entry.path[0] != "stages" or entry.declared.script is not None or entry.judges is not None:
        return None
    tree = tree_of("mlops.yaml", text)
    path = entry.path
    body = dict(entry.body)
    tracked = body.get("params") or []
    params = [item for item in tracked if not (isinstance(item, dict) and PACKAGES in item)]
    if len(params) < len(tracked):
        body["params"] = params or REMOVED
        body["infer"] = ["packages"]
    if entry.declared.args is not None:
        body["args"] = REMOVED
    new: str | None = text
    for key, item in body.items():
        _, stated = find(tree, (*path, key))
        if new is None or (item is REMOVED and stated is None):
            continue
        new = with_value(new, (*path, key), item if item is REMOVED else value(key, item))
    return new


def left_out(text: str, stage: str, snapshot_of: SnapshotOf) -> str | None:
    """The text in which a stage leaves out what conventions fill in; None if it states nothing of it."""
    new = tidy(text, snapshot_of, {stage}).text
    return new if new != text else None


def same_pipeline(before: Resolved, text: str, snapshot_of: SnapshotOf) -> bool:
    """Whether a text resolves to the same pipeline."""
    resolved = resolve_spec(snapshot_of(text)).resolved
    return resolved is not None and shapes(dvc_document(before)) == shapes(dvc_document(resolved))


def can_write_out(entry: Entry) -> bool:
    """Whether conventions gave a stage a value that it can state."""
    stated = any(rule[0] in ("cmd", "deps", "outs", "metrics", "plots", "params") for rule in entry.origins)
    return stated and entry.path[0] == "stages" and entry.declared.script is None and entry.judges is None
