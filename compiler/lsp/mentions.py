"""What a scalar of a spec or of a params file refers to: stages, paths, parameters, models, targets, codes.

Hover, definition, references and rename all ask the same question: which `Subject` is mentioned here, and where else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..lower.interpolate import TEMPLATE
from ..lower.paths import rooted
from ..model.source import Path
from ..read.params import DEFAULT
from .cursor import Scalar

PATH_KEYS = ("deps", "outs", "metrics", "plots")
_WORD = re.compile(r"(?:[^\s'\"=;|&<>()$`\\,{}\[\]]|\$\{[^{}\s]*\})+")
"""A word of a command that may be a path; a template is part of it."""


class Noun(StrEnum):
    """The kinds of things that a spec refers to."""

    STAGE = "stage"
    PATH = "path"
    PARAM = "parameter"
    MODEL = "model"
    TARGET = "target"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing that a spec refers to. A parameter has the ``file`` that defines it; an empty one means `vars` of the spec."""

    noun: Noun
    name: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A range of a text that refers to a subject. ``defines`` is set where the subject gets its name."""

    subject: Subject
    start: int
    end: int
    defines: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Finds the mentions in the scalars of one document.

    ``data`` is the plain spec, ``file_of`` the params file that defines a variable (None if nothing does), ``is_path`` whether
    a word of a command is a path of the pipeline or a file of the repository.
    """

    data: Mapping[str, Any]
    file_of: Callable[[tuple[str, ...]], str | None]
    is_path: Callable[[str], bool]
    here: str = ""

    def read(self, text: str, scalar: Scalar) -> Iterator[Mention]:
        """The mentions in a scalar of a spec."""
        raw = text[scalar.start : scalar.end]
        quotes = 1 if raw[:1] in ("'", '"') and len(raw) > 1 else 0
        start, content = scalar.start + quotes, raw[quotes : len(raw) - quotes]
        yield from self._templates(content, start, scalar.path)
        yield from self._scalar(content, start, scalar)

    def stage_of(self, path: Path) -> Mapping[str, Any]:
        """The body of the stage that a path is in; empty for any other path."""
        if len(path) < 2 or path[0] not in ("stages", "monitor"):
            return {}
        entries = self.data.get(str(path[0]))
        body = entries.get(path[1]) if isinstance(entries, dict) else None
        body = body.get("do", body) if isinstance(body, dict) else None
        return body if isinstance(body, dict) else {}

    def wdir(self, path: Path) -> str:
        """The directory that paths in this part of the spec are relative to."""
        wdir = self.stage_of(path).get("wdir")
        return wdir if isinstance(wdir, str) else "."

    def _scalar(self, content: str, start: int, scalar: Scalar) -> Iterator[Mention]:
        path, is_key = plain_path(scalar.path), scalar.role == "key"
        whole = (start, start + len(content))
        match path:
            case ("stages", str(name)) if is_key and len(scalar.path) == 2:  # not the key `do`
                yield Mention(Subject(Noun.STAGE, name), *whole, defines=True)
            case ("models", _, "from") | ("experiments", _, "targets", int()) if not is_key:
                yield Mention(
                    Subject(Noun.STAGE, content.partition("@")[0]), start, start + len(content.partition("@")[0])
                )
            case ("experiments", _, "set", str()) if is_key:
                yield from _param(content, start, DEFAULT)
            case ("models", str(name)) if is_key:
                yield Mention(Subject(Noun.MODEL, name), *whole, defines=True)
            case ("deploy", _, "model") if not is_key:
                yield Mention(Subject(Noun.MODEL, content), *whole)
            case ("stack", "orchestrator" | "ci" | "build", *_) if not is_key:
                yield Mention(Subject(Noun.TARGET, content), *whole)
            case ("accept", *_):
                yield from self._accepted(content, start)
            case ("stages" | "monitor", _, "params", int(), *below):
                yield from self._tracked(content, start, scalar, below)
            case ("vars", int(), *keys) if keys and is_key:
                yield Mention(Subject(Noun.PARAM, ".".join(map(str, keys))), *whole, defines=True)
            case (
                ("stages" | "monitor", _, "cmd" | "script" | "args" | "run", *_)
                | ("deploy", _, "run")
                | ("data", _, "check")
            ):
                if not is_key:
                    yield from self._words(content, start, scalar.path)
            case _ if _is_path(path, is_key):
                yield from self._path(content, start, scalar.path)

    def _path(self, content: str, start: int, path: Path) -> Iterator[Mention]:
        if path[0] == "vars" or path[0] == "extends":
            content = content.partition(":")[0] if path[0] == "vars" else content
        if content and not content.startswith("ds://"):
            name = content if "${" in self.wdir(path) else rooted(self.wdir(path), content, self.here)
            yield Mention(Subject(Noun.PATH, name), start, start + len(content))

    def _tracked(self, content: str, start: int, scalar: Scalar, below: list[str | int]) -> Iterator[Mention]:
        """An item of `params`: a key of params.yaml, a file, or a key of that file."""
        if not below:
            yield from _param(content, start, rooted(self.wdir(scalar.path), DEFAULT, self.here))
        elif len(below) == 1 and scalar.role == "key":
            yield from self._path(content, start, scalar.path)
        elif len(below) == 2:
            yield from _param(content, start, rooted(self.wdir(scalar.path), str(below[0]), self.here))

    def _words(self, content: str, start: int, path: Path) -> Iterator[Mention]:
        wdir = self.wdir(path)
        for word in _WORD.finditer(content):
            if not re.search(r"[\w]", word[0]) or "://" in word[0]:
                continue
            name = rooted(wdir, word[0], self.here)
            if self.is_path(name):
                yield Mention(Subject(Noun.PATH, name), start + word.start(), start + word.end())

    def _accepted(self, content: str, start: int) -> Iterator[Mention]:
        """An item of `accept`: a code, or the place of a diagnostic: a stage, and often a path."""
        if re.fullmatch(r"MLC\d{3}", content):
            yield Mention(Subject(Noun.CODE, content), start, start + len(content))
            return
        stage, dot, place = content.partition(".")
        yield Mention(Subject(Noun.STAGE, stage), start, start + len(stage))
        key, key_dot, rest = place.partition(".")
        if key in PATH_KEYS and key_dot:
            place = rest
        if dot and self.is_path(place):
            yield Mention(Subject(Noun.PATH, place), start + len(content) - len(place), start + len(content))

    def _templates(self, content: str, start: int, path: Path) -> Iterator[Mention]:
        for template in TEMPLATE.finditer(content):
            parts = list(re.finditer(r"[^.\[\]\s]+", template[1]))
            keys = tuple(part[0] for part in parts)
            if not keys or (keys[0] in ("item", "key") and path[0] == "stages"):
                continue
            file = self.file_of(keys)
            begin = start + template.start(1)
            for index, part in enumerate(parts):
                name = ".".join(keys[: index + 1])
                yield Mention(
                    Subject(Noun.PARAM, name, DEFAULT if file is None else file),
                    begin + part.start(),
                    begin + part.end(),
                )


def plain_path(path: Path) -> Path:
    """A path of the spec without the `do` of a `foreach`."""
    return (*path[:2], *path[3:]) if len(path) > 2 and path[0] == "stages" and path[2] == "do" else path


def params_mentions(text: str, scalar: Scalar, file: str) -> Iterator[Mention]:
    """The parameter that a key of a params file defines."""
    if scalar.role == "key":
        quotes = 1 if text[scalar.start] in "'\"" else 0
        name = ".".join(map(str, scalar.path))
        yield Mention(Subject(Noun.PARAM, name, file), scalar.start + quotes, scalar.end - quotes, defines=True)


def _param(content: str, start: int, file: str) -> Iterator[Mention]:
    """A dotted key: a mention of each of its sections, and of the parameter itself."""
    for part in re.finditer(r"[^.]+", content):
        yield Mention(Subject(Noun.PARAM, content[: part.end()], file), start + part.start(), start + part.end())


def _is_path(path: Path, is_key: bool) -> bool:
    match path:
        case ("stages" | "monitor", _, key, int()) if key in PATH_KEYS:
            return not is_key
        case ("stages" | "monitor", _, key, int(), str()) if key in PATH_KEYS:
            return is_key
        case ("models" | "artifacts" | "data", _, "path" | "schema") | ("monitor", _, "report") | ("stages", _, "wdir"):
            return not is_key
        case ("extends",) | ("extends" | "params" | "metrics" | "plots" | "vars", int()):
            return not is_key
        case ("plots", int(), str()):
            return is_key
    return False
