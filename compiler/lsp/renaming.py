"""Rename a stage, a parameter or a path everywhere, so that no stage runs again because of it.

Mentions are replaced in the spec and its params files. Then the new text is compiled: every stage must read, write and track what
it did before, under the new name. A stage to which conventions would now give something else states what it had. The records in
dvc.lock follow, and a file on the disk moves with its path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..adopt.splice import with_value
from ..build import Compiled, compile_spec
from ..emit import shell
from ..emit.yaml import flow
from ..lower.paths import rooted
from ..model.project import Stage
from ..model.snapshot import Snapshot
from ..read.document import SPEC_NAME
from ..resolve.conventions import kind_of
from ..resolve.entry import Entry
from ..resolve.gates import PREFIX
from .analysis import Analysis
from .lockfile import LOCK, Lock
from .mentions import Mention, Noun, Subject
from .texts import Replacement, difference, relative, replaced
from .writing_out import written_out

SnapshotOf = Callable[[Mapping[str, str]], Snapshot]
"""The repository with other texts of some files."""
NOUNS = (Noun.STAGE, Noun.PARAM, Noun.PATH)
CODE = (".py", ".ipynb", ".r", ".jl", ".sh")


class Refused(Exception):  # noqa: N818 - it names the answer
    """The rename is not possible; the message says why."""


@dataclass(slots=True)
class Renamed:
    """The replacements by file, and the file or folder to move."""

    files: dict[str, list[Replacement]] = field(default_factory=dict)
    move: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Names:
    """The old and the new name of a subject."""

    subject: Subject
    new: str

    def entry(self, entry: Entry) -> str:
        """The name of an entry after the rename; a gate has the name of the stage that it judges."""
        if self.subject.noun is not Noun.STAGE or self.subject.name not in (entry.name, entry.judges):
            return entry.name
        return self.new if entry.judges is None else PREFIX + self.new

    def path(self, path: str) -> str:
        if self.subject.noun is Noun.PATH and (path == self.subject.name or path.startswith(self.subject.name + "/")):
            return self.new + path[len(self.subject.name) :]
        return path

    def param(self, file: str, key: str) -> str:
        if self.subject.noun is Noun.PARAM and file == self.subject.file:
            if key == self.subject.name or key.startswith(self.subject.name + "."):
                return self.new + key[len(self.subject.name) :]
        return key


def rename(analysis: Analysis, mention: Mention, word: str, snapshot_of: SnapshotOf) -> Renamed:
    """The edits that give a subject another name. Raises `Refused`."""
    check(analysis, mention)
    subject = mention.subject
    names = _Names(subject, _new_name(analysis, subject, word))
    texts = _with_new_name(analysis, names, word)
    compiled = _settled(analysis, names, texts, snapshot_of)
    renamed = Renamed()
    if (lock := analysis.text(LOCK)) is not None:
        pairs = {old.name: (old, new) for old, new in _pairs(analysis, names, compiled) if new is not None}
        edits = Lock(pairs, names.path, names.param, analysis.snapshot.here).edits(lock)
        texts[LOCK] = replaced(lock, edits)
    for name, text in texts.items():
        if (before := analysis.text(name) or "") != text:
            renamed.files[name] = list(difference(before, text))
    if subject.noun is Noun.PATH and analysis.snapshot.kind(subject.name) is not None:
        renamed.move = subject.name, names.new
    return renamed


def check(analysis: Analysis, mention: Mention) -> None:
    """Whether the subject of a mention can be renamed at all. Raises `Refused`."""
    subject = mention.subject
    if subject.noun is Noun.MODEL:
        raise Refused("the versions of a model are Git tags with its name: register it under the new one instead")
    if subject.noun not in NOUNS:
        raise Refused(f"a {subject.noun} has a fixed name")
    if "${" in subject.name:
        raise Refused("a path with templates cannot be renamed: rename the parameter")
    if subject.noun is Noun.STAGE and subject.name not in analysis.stage_names():
        raise Refused(f"there is no stage `{subject.name}`")
    if subject.noun is Noun.PARAM and subject.file and not subject.file.endswith((".yaml", ".yml", ".json")):
        raise Refused(f"parameters are renamed in YAML and JSON only, not in {subject.file}")
    if subject.noun is Noun.PATH:
        _check_path(analysis, subject.name)


def _check_path(analysis: Analysis, path: str) -> None:
    if "://" in path or path.startswith(("/", "../")):
        raise Refused(f"`{path}` is outside of the repository")
    if path.lower().endswith(CODE) or path in analysis.params_files or path in analysis.spec_files:
        raise Refused(f"`{path}` is mentioned in code, too: rename the file and its mentions by hand")
    if analysis.snapshot.kind(f"{path}.dvc") is not None:
        raise Refused(f"`{path}` is tracked by `{path}.dvc`: run `dvc move`")
    if any(stage.wdir == path or stage.wdir.startswith(path + "/") for stage in analysis.project):
        raise Refused(f"`{path}` is the `wdir` of a stage")


def _new_name(analysis: Analysis, subject: Subject, word: str) -> str:
    if flow(word) != word or "${" in word or (subject.noun is Noun.PATH and shell.word(word) != word):
        raise Refused(f"`{word}` needs quotes: choose a name without blanks and special characters")
    match subject.noun:
        case Noun.STAGE if word in analysis.stage_names():
            raise Refused(f"there is a stage `{word}` already")
        case Noun.PARAM:
            if re.fullmatch(r"[^.\[\]\s]+", word) is None:
                raise Refused(f"`{word}` is not the name of a parameter: it has a dot, a bracket or a space")
            above, dot, _ = subject.name.rpartition(".")
            return above + dot + word
        case Noun.PATH:
            new = posixpath.normpath(word)
            if analysis.snapshot.kind(new) is not None or new in analysis.project.artifacts:
                raise Refused(f"`{new}` exists already")
            if new.startswith(("/", "..")) or "://" in new:
                raise Refused(f"`{word}` is outside of the repository")
            return new
    return word


def _with_new_name(analysis: Analysis, names: _Names, word: str) -> dict[str, str]:
    """The texts of all files with the mentions replaced."""
    texts = {}
    for name in (*analysis.spec_files, *analysis.params_files):
        text = analysis.text(name)
        if text is None:
            continue
        found = {
            (mention.start, mention.end): _mention_text(
                analysis, names, text[mention.start : mention.end], word, mention
            )
            for mention in analysis.mentions(name)
            if mention.subject == names.subject or names.path(mention.subject.name) != mention.subject.name
        }
        texts[name] = replaced(text, [Replacement(*place, new) for place, new in found.items()])
    return texts


def _mention_text(analysis: Analysis, names: _Names, written: str, word: str, mention: Mention) -> str:
    if names.subject.noun is not Noun.PATH:
        return word
    path, new = mention.subject.name, names.path(mention.subject.name)
    if written == path:
        return new
    here = analysis.snapshot.here
    for wdir in {stage.wdir for stage in analysis.project}:
        if rooted(wdir, written, here) == path:
            return relative(new, wdir)
    raise Refused(f"`{written}` is another form of `{path}`: write it plainly first")


def _settled(analysis: Analysis, names: _Names, texts: dict[str, str], snapshot_of: SnapshotOf) -> Compiled:
    """Compile the new texts; stages that would now be filled in differently state what they had."""
    compiled = compile_spec(snapshot_of(texts))
    for state in (_with_kind, _written_out):
        for entry in _changed(analysis, names, compiled):
            texts[SPEC_NAME] = state(names, texts[SPEC_NAME], entry)
        compiled = compile_spec(snapshot_of(texts))
    known = {(d.code, d.message) for d in analysis.compiled.report}
    for diagnostic in compiled.report:
        if diagnostic.severity == "error" and (diagnostic.code, diagnostic.message) not in known:
            raise Refused(diagnostic.message)
    if changed := _changed(analysis, names, compiled):
        raise Refused(f"`{changed[0].name}` would change: state its `cmd`, `deps`, `params` and `outs` first")
    return compiled


def _with_kind(names: _Names, text: str, entry: Entry) -> str:
    """The text in which a stage states the kind that its name gave it."""
    if entry.declared.kind is not None or entry.judges is not None or kind_of(names.entry(entry)) == entry.kind:
        return text
    return with_value(text, ("stages", names.entry(entry), *entry.path[2:], "kind"), entry.kind) or text


def _written_out(names: _Names, text: str, entry: Entry) -> str:
    """The text in which a stage states what conventions gave it."""
    moved = replace(entry, path=("stages", names.entry(entry), *entry.path[2:]))
    return written_out(text, moved, lambda key, value: _value(names, key, value, entry.body)) or text


def _value(names: _Names, key: str, value: Any, body: Mapping[str, Any]) -> Any:
    """A value of the stage with the new name in it."""
    wdir = str(body.get("wdir") or ".")

    def path(item: Any) -> Any:
        if isinstance(item, dict):
            return {path(name): flags for name, flags in item.items()}
        moved = names.path(rooted(wdir, str(item)))
        return item if moved == rooted(wdir, str(item)) else relative(moved, wdir)

    if key in ("deps", "outs", "metrics", "plots") and isinstance(value, list):
        return [path(item) for item in value]
    if key == "params" and isinstance(value, list):
        return [_param(names, wdir, item) for item in value]
    return value


def _param(names: _Names, wdir: str, item: Any) -> Any:
    if isinstance(item, str):
        return names.param(rooted(wdir, "params.yaml"), item)
    return {
        file: [names.param(rooted(wdir, str(file)), key) for key in keys] if isinstance(keys, list) else keys
        for file, keys in item.items()
    }


def _pairs(analysis: Analysis, names: _Names, compiled: Compiled) -> list[tuple[Stage, Stage | None]]:
    """Each stage with what it is after the rename."""
    stages = compiled.project.stages if compiled.project is not None else {}
    pairs = []
    for stage in analysis.project:
        entry = names.entry(analysis.resolved.entries[stage.entry])
        pairs.append((stage, stages.get(entry + stage.name.removeprefix(stage.entry))))
    return pairs


def _changed(analysis: Analysis, names: _Names, compiled: Compiled) -> list[Entry]:
    """The entries that read, write or track something else than before."""
    pairs = _pairs(analysis, names, compiled)
    changed = dict.fromkeys(old.entry for old, new in pairs if new is None or not _same(names, old, new))
    return [analysis.resolved.entries[name] for name in changed]


def _same(names: _Names, old: Stage, new: Stage) -> bool:
    keeps_command = names.subject.noun is Noun.PATH or old.judges is not None or old.cmd == new.cmd
    return (
        keeps_command
        and {names.path(dep) for dep in old.deps} == set(new.deps)
        and {(names.path(out.path), out.kind, str(out.flags)) for out in old.outs}
        == {(out.path, out.kind, str(out.flags)) for out in new.outs}
        and {(param.file, names.param(param.file, param.key) if param.key else None) for param in old.params}
        == {(param.file, param.key) for param in new.params}
        and (old.wdir, old.frozen, old.always_changed, old.kind) == (new.wdir, new.frozen, new.always_changed, new.kind)
    )
