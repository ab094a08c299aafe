# Made by mlopsc: what the runner records. It needs DVC.
"""dvc.lock, `.dvc` files and cache objects, for `run.py`.

What DVC means stays DVC's: entries are serialized, hashed and restored by DVC. Only the writing is done here, because
DVC parses and dumps all of dvc.lock for each stage, and empties the file before it writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections import Counter

from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.stage.cache import StageCache
from dvc.stage.serialize import to_lockfile, to_single_stage_file
from dvc.utils.serialize import dumps_yaml, parse_yaml, parse_yaml_for_update

EMPTY_MD5 = hashlib.md5(b"", usedforsecurity=False).hexdigest()
HEADER = "schema: '2.0'\nstages:\n"
ENTRY = re.compile(r"  (?:(?P<plain>[A-Za-z_][\w@./=+-]*)|'(?P<quoted>[^'\n]+)'):\n")


def replace(path: str, text: str) -> None:
    """Write a file so that it is either the old or the new one, whatever happens to this process."""
    path = os.path.realpath(path)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


class LockFile:
    """One dvc.lock. Entries that did not change keep their text, so that writing one entry costs what one entry costs.

    A file that does not look as DVC writes it (YAML is free) is parsed and dumped as a whole, as DVC does. If others write
    entries at the same time, ``order`` are the stages in DVC's order of execution.
    """

    def __init__(self, path: str, order: list) -> None:
        self.path = path
        self._order = {name: place for place, name in enumerate(order)}
        self.pending: dict = {}
        self._places: dict = {}
        self._new: set = set()
        self._text = ""
        self._parts: tuple | None = None
        self._stamp: tuple | None = ()

    def record(self, stage, place: int) -> None:
        """Remember what a stage made; `place` is the stage's place in DVC's order of execution."""
        self.pending.update(to_lockfile(stage))
        self._places[stage.name] = place

    def write(self) -> bool:
        """Bring the file up to date; whether anything in it has changed."""
        if not self.pending:
            return False
        if stamp(self.path) != self._stamp:  # another process has written it: a stage that calls dvc, for one
            self._text = read(self.path)
            self._parts = split(self._text)
        if self._parts is None:
            text = self._whole()
            self._parts = split(text)
        else:
            text = self._spliced(*self._parts)
        changed = text != self._text
        if changed:
            replace(self.path, text)
        self._text, self._stamp = text, stamp(self.path)
        self.pending.clear()
        return changed

    def _spliced(self, header: str, entries: dict, footer: str) -> str:
        """Entries that were there before stay where they are; ours follow in DVC's order of execution."""
        self._new |= self.pending.keys() - entries.keys()
        entries.update(dumped(self.pending))
        names = [name for name in entries if name not in self._new]
        for name in sorted(self._new & entries.keys(), key=self._places.__getitem__):
            names.insert(self._position(name, names), name)
        self._parts = header, {name: entries[name] for name in names}, footer
        return header + "".join(self._parts[1].values()) + footer

    def _position(self, name: str, names: list) -> int:
        """The place of a new entry: at the end, but before the entries of stages that come later."""
        if name not in self._order:
            return len(names)
        later = (index for index, other in enumerate(names) if self._order.get(other, -1) > self._order[name])
        return next(later, len(names))

    def _whole(self) -> str:
        data = parse_yaml_for_update(self._text, self.path)
        if not data:
            data.update({"schema": "2.0"})
        data["stages"] = data.get("stages") or {}
        for name in sorted(self.pending, key=self._places.__getitem__):
            data["stages"][name] = self.pending[name]
        return dumps_yaml(data)


def dumped(pending: dict) -> dict:
    """The text of entries, by DVC's own writer, which is slow to start."""
    parts = split(dumps_yaml({"stages": pending}))
    if parts and parts[1].keys() == pending.keys():
        return parts[1]
    return {name: dumps_yaml({"stages": {name: entry}}).partition("\n")[2] for name, entry in pending.items()}


def split(text: str):
    """A dvc.lock as (header, {stage: text}, footer), or None if it does not look as DVC writes it."""
    if not text:
        return HEADER, {}, ""
    start = re.search(r"^stages:\n", text, re.MULTILINE)
    if not start or not text.endswith("\n") or re.search(r"[:-] \*", text) or "\t" in text or "\r" in text:
        return None
    end = re.compile(r"^[^ \n]", re.MULTILINE).search(text, start.end())
    end = end.start() if end else len(text)
    lines = list(re.compile(r"^ {0,3}(?=[^ \n])[^\n]*\n", re.MULTILINE).finditer(text, start.end(), end))
    if not lines or lines[0].start() != start.end():
        return None
    keys = [ENTRY.fullmatch(line.group()) for line in lines]
    if not all(keys):
        return None
    names = [key["plain"] or key["quoted"] for key in keys]
    starts = [line.start() for line in lines] + [end]
    entries = {name: text[here:there] for name, here, there in zip(names, starts, starts[1:])}
    return (text[: start.end()], entries, text[end:]) if len(entries) == len(names) else None


def mend(path: str) -> str | None:
    """Take the broken end off a dvc.lock whose writer was killed (DVC empties it before it writes).

    Returns what was done, or None if the file is broken in some other way, by a merge conflict for one.
    """
    text = read(path).rstrip("\0")
    if not (text.startswith(HEADER) or HEADER.startswith(text)) or "<<<<<<<" in text:
        return None
    entries = list(re.finditer(r"^  [^ \n][^\n]*", text, re.MULTILINE))
    kept = entries[:-1]
    whole = text[: entries[-1].start()] if kept else "schema: '2.0'\n"
    try:
        Lockfile.validate(parse_yaml(whole, path))
    except DvcException:
        return None
    replace(path, whole)
    return f"{os.path.relpath(path)} was cut off while it was written: {len(kept)} of its entries are whole and stay"


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def stamp(path: str):
    """What tells whether another process has written a file."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class IgnoredOuts:
    """The lines that a run adds to .gitignore files, in DVC's order whichever stage ends first.

    The order matters: a stage that depends on a folder depends on the .gitignore in it.
    """

    def __init__(self) -> None:
        self._places: dict = {}

    def sort(self, paths: list, place: int) -> None:
        """Move the lines that were just added for the outs of the stage at `place`."""
        for folder, count in Counter(map(os.path.dirname, paths)).items():
            gitignore = os.path.join(folder, ".gitignore")
            lines = read(gitignore).splitlines(keepends=True)
            places = self._places.setdefault(folder, {})
            places.update(dict.fromkeys(lines[-count:], place))
            ours = sorted((line for line in lines if line in places), key=places.__getitem__)
            ordered = [line for line in lines if line not in places] + ours
            if ordered != lines:
                replace(gitignore, "".join(ordered))


def write_single(stage) -> None:
    """Write a `.dvc` file, as `stage.dump` does, at one stroke."""
    replace(stage.path, dumps_yaml(to_single_stage_file(stage)))
    stage.repo.scm_context.track_file(stage.dvcfile.relpath)


class VerifiedStageCache(StageCache):
    """The run cache, which hashes cached outs before it restores them."""

    verifying = False

    def restore(self, stage, **options) -> None:
        self.verifying = not options.get("dry")
        try:
            super().restore(stage, **options)
        finally:
            self.verifying = False

    def _create_stage(self, cache, wdir=None):
        stage = super()._create_stage(cache, wdir=wdir)
        if self.verifying:
            for out in stage.outs:
                discard([path for path, oid, _ in objects(out) if not is_whole(path, oid)])
        return stage


def objects(out):
    """The (path, oid, size) of each object in the local cache that an out needs, as far as they are there."""
    if not (out.use_cache and out.hash_info and out.is_in_repo and out.cache.fs.protocol == "local"):
        return
    path = out.cache.oid_to_path(out.hash_info.value)
    if not os.path.exists(path):
        return
    if not out.hash_info.isdir:
        yield path, out.hash_info.value, out.meta.size
        return
    yield path, out.hash_info.value, None
    for entry in tree(path):
        file = out.cache.oid_to_path(entry["md5"])
        if os.path.exists(file):
            yield file, entry["md5"], None


def tree(path: str) -> list:
    """The entries of a directory object; none if the object is damaged."""
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)
        return entries if all("md5" in entry for entry in entries) else []
    except (ValueError, TypeError):
        return []


def is_suspect(path: str, oid: str, size: int | None) -> bool:
    """Whether an object's length is wrong: a question of microseconds, asked of every object in every run.

    DVC trusts any object that is write-protected, an empty one too.
    """
    actual = os.stat(path).st_size
    if oid.endswith(".dir"):
        return not tree(path) and actual != 2
    return actual != size if size is not None else actual == 0 and oid != EMPTY_MD5


def is_whole(path: str, oid: str) -> bool:
    """Whether an object's content has the hash that it is named after."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() == oid.partition(".")[0]:
        return True
    with open(path, "rb") as file:  # outs of DVC 2 are hashed with Unix line ends
        text = file.read()
    return hashlib.md5(text.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest() == oid.partition(".")[0]


def damaged(out) -> list:
    """Paths of the damaged objects of an out, told by their length and then by their hash."""
    return [path for path, oid, size in objects(out) if is_suspect(path, oid, size) and not is_whole(path, oid)]


def discard(paths: list) -> None:
    """Remove damaged objects from the cache, so that DVC sees that they are missing."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def mend_cache(stage):
    """Remove damaged objects of a stage's outs, and make them again from the workspace if they are whole there.

    Yields what was done.
    """
    for out in stage.outs:
        paths = damaged(out)
        if paths:
            discard(paths)
            whole = not out.workspace_status()
            if whole:
                out.commit()
            yield f"{out} was damaged in the cache: {'made again' if whole else 'removed'}"


def read_json(path: str) -> dict:
    """A JSON file of ours; empty if it is not there, was cut off or holds something else."""
    try:
        with open(path) as file:
            data = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
