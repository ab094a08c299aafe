"""`${...}`, `foreach` and `matrix`: from what a spec says of a stage to the stages that it makes, as DVC makes them.

DVC's own resolver is the oracle (tests/real/test_dvc.py); it is not called, because it costs 1.5 s to import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from ..model.diagnostic import Diagnostic
from ..model.project import Command, Ref
from ..model.source import At, Path
from .interpolate import TEMPLATE, pieces, to_text
from .variables import Keys, Load, NotFound, Scope, global_scope, load_vars

Items = list[tuple[str, dict[str, Any]]]

__all__ = ["Expanded", "expand", "global_scope", "resolve_value"]

MAX_STAGES = 100_000
"""How many stages one entry may make."""

_EXPRESSION = re.compile(r"\s*[^.\[\]]+(?:\s*\.\s*[^.\[\]]+|\s*\[\s*[^.\[\]]+\])*\Z")
_OF_SHELL = r"[^\w\s.\[\]-]"
"""What a name of a parameter hardly holds, and what a shell writes behind a variable: `${OUT:-x}`, `${file%.csv}`."""
_SCALARS = (int, float, str, bytes, bool)
_OF_PATHS = frozenset(["wdir", "deps", "params", "outs", "metrics", "plots"])
"""The keys of a stage whose values name files, or keys in files."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A stage with nothing left to resolve: its body in DVC's words, and its command lines with their parameters."""

    name: str
    body: Mapping[str, Any]
    commands: tuple[Command, ...]


class _Unresolved(Exception):  # noqa: N818 - never leaves this module
    """Carries the diagnostic of a template that cannot be resolved."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def expand(
    name: str, definition: Mapping[str, Any], scope: Scope, load: Load, at: Path
) -> tuple[list[Expanded], list[Diagnostic]]:
    """The stages that one entry of `stages` makes: one, or one for each item of its `foreach` or `matrix`."""
    found: list[Diagnostic] = []
    if "foreach" in definition:
        body, at_body = definition.get("do") or {}, (*at, "do")
        if "matrix" in body:
            what = "DVC ignores a `matrix` inside of `do`"
            found.append(
                Diagnostic(
                    "MLC208", what, At((*at_body, "matrix"), key=True), help="use one of the two", severity="warning"
                )
            )
        items = _foreach(name, definition["foreach"], scope, (*at, "foreach"), found)
    elif "matrix" in definition:
        body, at_body = definition, at
        items = _matrix(name, definition["matrix"], scope, (*at, "matrix"), found)
    else:
        one = _one(name, definition, scope, load, at, found)
        return ([one] if one is not None else []), found
    stages: dict[str, Expanded] = {}
    for key, each in items:
        errors: list[Diagnostic] = []
        if (one := _one(f"{name}@{key}", body, scope.of_each(each), load, at_body, errors)) is not None:
            stages[one.name] = one
        found += [error for error in errors if error not in found]
    return list(stages.values()), found


def resolve_value(value: Any, scope: Scope, at: Path) -> tuple[Any, list[Diagnostic]]:
    """A top-level section with its templates resolved."""
    try:
        if at[0] in _OF_PATHS:
            return _texts(value, scope, None, at), []
        return _resolved(value, scope, None, at), []
    except _Unresolved as error:
        return value, [error.diagnostic]


def _one(
    name: str, definition: Mapping[str, Any], scope: Scope, load: Load, at: Path, found: list[Diagnostic]
) -> Expanded | None:
    before = len(found)
    if definition.get("vars"):
        scope = scope.copy()
        try:
            wdir = _resolved(definition.get("wdir") or "", scope, "wdir", (*at, "wdir"))
        except _Unresolved as error:
            found.append(error.diagnostic)
            return None
        load_vars(scope, definition["vars"], load, to_text(wdir), (*at, "vars"), found)
    body = dict(definition)
    body.pop("vars", None)
    body.pop("matrix", None)
    commands: tuple[Command, ...] = ()
    for key, value in body.items():
        if ("${" not in value) if type(value) is str else not _is_template(value):
            if key == "cmd":
                commands = tuple([Command((line,), line) for line in _lines(value)])
            continue
        try:
            if key in _OF_PATHS:
                body[key] = _texts(value, scope, key, (*at, key))
            elif key != "cmd":
                body[key] = _resolved(value, scope, key, (*at, key))
            elif type(value) is str and "\n" not in value:
                command = _line(value, scope, key, (*at, key))
                body[key] = text = command.text
                commands = (command,) if "\n" not in text else tuple(_commands(value, scope, (*at, key)))
            else:
                body[key] = _resolved(value, scope, key, (*at, key))
                commands = tuple(_commands(value, scope, (*at, key)))
        except _Unresolved as error:
            found.append(error.diagnostic)
    return Expanded(name, body, commands) if len(found) == before else None


def _is_template(value: Any) -> bool:
    if type(value) is str:
        return "${" in value
    if type(value) is list:
        try:
            return "${" in "\n".join(value)
        except TypeError:  # not all of it is text
            return any(_is_template(item) for item in value)
    if type(value) is dict:
        return any(_is_template(key) or _is_template(item) for key, item in value.items())
    return False


def _lines(cmd: Any) -> list[str]:
    return cmd.splitlines() if isinstance(cmd, str) else [line for item in cmd for line in str(item).splitlines()]


def _resolved(value: Any, scope: Scope, key: str | None, at: Path) -> Any:
    """``value`` with every template in it replaced. A text that is one template becomes the value, type and all."""
    if isinstance(value, str):
        return _text(value, scope, key, at) if "${" in value else value
    if isinstance(value, Mapping):
        return {
            _resolved(name, scope, key, (*at, name)): _resolved(item, scope, key, (*at, name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_resolved(item, scope, key, (*at, index)) for index, item in enumerate(value)]
    return value


def _texts(value: Any, scope: Scope, key: str | None, at: Path) -> Any:
    """The names that a key of paths gives. DVC breaks on one that a template turned into a number."""
    if isinstance(value, list):
        return [_texts(item, scope, key, (*at, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        below = _texts if key == "params" else _resolved  # others have their flags there
        return {
            _texts(name, scope, key, (*at, name)): item and below(item, scope, key, (*at, name))
            for name, item in value.items()
        }
    name = _resolved(value, scope, key, at)
    if isinstance(name, str) or (name is None and key == "wdir"):
        return name
    what = f"`{value}` gives `{to_text(name)}`, where DVC takes text only"
    raise _Unresolved(Diagnostic("MLC433", what, At(at), help="put the value into quotes where it is defined"))


def _text(text: str, scope: Scope, key: str | None, at: Path) -> Any:
    match = TEMPLATE.fullmatch(text)
    if match is not None and "}" not in match.group(1):
        return _select(match.group(1), scope, key, at)[0]
    return _line(text, scope, key, at).text


def _line(text: str, scope: Scope, key: str | None, at: Path) -> Command:
    """A text with its escapes undone, as the parameters in it and what stands between them."""
    parts: list[str | Ref] = []
    said: list[str] = []
    literal = True
    for piece in pieces(text):  # what stands between templates, and the expressions of these, in turn
        if not literal:
            part: str | Ref = scope.parts.get(piece) or _part(piece, scope, key, at)
            parts.append(part)
            said.append(part if isinstance(part, str) else part.value)
        elif piece:
            if "\\" in piece:
                piece = piece.replace("\\${", "${")
            parts.append(piece)
            said.append(piece)
        literal = not literal
    return Command(tuple(parts), "".join(said))


def _part(expression: str, scope: Scope, key: str | None, at: Path) -> str | Ref:
    """What stands for a template in a text. A mapping is not kept, because only a command may hold one."""
    value, file = _select(expression, scope, key, at)
    part: str | Ref = to_text(value)
    if not isinstance(value, dict):
        if file is not None:
            part = Ref(".".join(_keys(expression) or ()), to_text(value), file)
        scope.parts[expression] = part
    return part


def _commands(cmd: str | list[Any], scope: Scope, at: Path) -> Iterator[Command]:
    for index, item in enumerate([cmd] if isinstance(cmd, str) else cmd):
        line: list[str | Ref] = []
        for part in _line(str(item), scope, "cmd", at if isinstance(cmd, str) else (*at, index)).parts:
            text = part if isinstance(part, str) else part.value
            first, *rest = text.splitlines() or [""]
            if not rest and text == first:
                line.append(part)
                continue
            line.append(first)
            for following in rest:
                yield Command.of(line)
                line = [following]
            if text != text.rstrip("\r\n"):
                yield Command.of(line)
                line = []
        if line:
            yield Command.of(line)


@lru_cache(4096)
def _keys(expression: str) -> Keys | None:
    """The keys of an expression such as ``a.b[0]``, or None where it is none."""
    if not _EXPRESSION.match(expression):
        return None
    return tuple(part.strip() for part in expression.replace("[", ".").replace("]", "").split("."))


def _select(expression: str, scope: Scope, key: str | None, at: Path) -> tuple[Any, str | None]:
    keys = _keys(expression)
    if keys is None or expression.startswith("{"):
        help_ = "a template is `${name}`, `${a.b}` or `${a[0]}`; write `\\${` for a `${` that is not one"
        raise _Unresolved(Diagnostic("MLC201", f"`${{{expression}}}` is not a template", At(at), help=help_))
    try:
        value, file = scope.select(keys)
    except NotFound as missing:
        raise _Unresolved(_unknown(expression, missing, at)) from None
    if value is not None and not isinstance(value, _SCALARS) and key is not None and "foreach" not in key:
        if not (key == "cmd" and isinstance(value, dict)):
            kind = "mapping" if isinstance(value, dict) else "list"
            what = f"`${{{expression}}}` is a {kind}, which cannot be put into a text"
            raise _Unresolved(Diagnostic("MLC209", what, At(at), help="name one of its values"))
    return value, file


def _unknown(expression: str, missing: NotFound, at: Path) -> Diagnostic:
    from difflib import get_close_matches

    close = get_close_matches(missing.part, missing.known, 1)
    if close:
        help_ = f"did you mean `{close[0]}`?"
    elif expression.isupper() or expression.isdigit() or re.search(_OF_SHELL, expression):
        help_ = f"if the shell is to see it, write `\\${{{expression}}}`"
    else:
        help_ = "define it in params.yaml or under `vars`"
    return Diagnostic("MLC202", f"nothing defines `${{{expression}}}`", At(at), help=help_)


def _iterated(said: Any, scope: Scope, at: Path) -> Any:
    """What `foreach` or `matrix` goes over. DVC 3.67 breaks on a key that is one template and nothing else."""
    if (bad := _bare_key(said)) is not None:
        what = f"DVC cannot take the template `{bad}` alone for a key here"
        raise _Unresolved(Diagnostic("MLC205", what, At(at), help="write the key itself, or put text around it"))
    return _resolved(said, scope, None, at)


def _bare_key(value: Any) -> str | None:
    if isinstance(value, Mapping):
        for key in value:
            if isinstance(key, str) and TEMPLATE.fullmatch(key):
                return key
        value = list(value.values())
    return next(filter(None, map(_bare_key, value)), None) if isinstance(value, list) else None


def _foreach(name: str, said: Any, scope: Scope, at: Path, found: list[Diagnostic]) -> Items:
    try:
        items = _iterated(said, scope, at)
    except _Unresolved as error:
        found.append(error.diagnostic)
        return []
    if isinstance(items, Mapping):
        pairs = [(to_text(key), {"item": item, "key": to_text(key)}) for key, item in items.items()]
    elif isinstance(items, list):
        nested = any(isinstance(item, Mapping | list) for item in items)
        pairs = [
            (str(index) if nested else _named(said, index, item), {"item": item}) for index, item in enumerate(items)
        ]
    else:
        what = f"`foreach` takes a list or a mapping, not `{items}`"
        found.append(Diagnostic("MLC205", what, At(at), help="write a list, or a template that gives one"))
        return []
    return _distinct(name, pairs, at, found)


def _matrix(name: str, said: Any, scope: Scope, at: Path, found: list[Diagnostic]) -> Items:
    try:
        axes = _iterated(said, scope, at)
        written = {_resolved(axis, scope, None, at): values for axis, values in said.items()}
    except _Unresolved as error:
        found.append(error.diagnostic)
        return []
    for axis, values in axes.items():
        if not isinstance(values, list | Mapping):
            what = f"the axis `{axis}` of the matrix takes a list, not `{values}`"
            found.append(Diagnostic("MLC205", what, At((*at, axis)), help=f"write it as a list: [{values}]"))
            return []
    if (count := prod(len(values) for values in axes.values())) > MAX_STAGES:
        what = f"the matrix makes {count:,} stages; at most {MAX_STAGES:,} are taken"
        found.append(Diagnostic("MLC211", what, At(at, key=True), help="shorten its axes"))
        return []
    pairs: Items = []
    for combination in product(*(list(enumerate(values)) for values in axes.values())):
        key = "-".join(
            f"{axis}{index}" if isinstance(value, Mapping | list) else _named(written[axis], index, value)
            for axis, (index, value) in zip(axes, combination, strict=True)
        )
        item = {axis: value for axis, (_, value) in zip(axes, combination, strict=True)}
        pairs.append((key, {"item": item, "key": key}))
    return _distinct(name, pairs, at, found)


def _named(said: Any, index: int, value: Any) -> str:
    """A value in the name of a stage. DVC writes one that a template gave as Python does: `True`, not `true`."""
    by_template = isinstance(said, str) or (isinstance(said, list) and _is_template(said[index]))
    return str(value) if by_template else to_text(value)


def _distinct(name: str, pairs: Items, at: Path, found: list[Diagnostic]) -> Items:
    """The pairs, after a word on names that two of them share: DVC would keep the last, and say nothing."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            what = f"two of the stages of `{name}` would be called `{name}@{key}`"
            found.append(Diagnostic("MLC206", what, At(at, key=True), help="make the values differ when joined by `-`"))
            return []
        seen.add(key)
    if not pairs:
        help_ = "give it a value, or remove the stage"
        found.append(
            Diagnostic("MLC207", f"`{name}` makes no stages at all", At(at, key=True), help=help_, severity="warning")
        )
    if len(pairs) > MAX_STAGES:
        what = f"`{name}` makes {len(pairs):,} stages; at most {MAX_STAGES:,} are taken"
        found.append(Diagnostic("MLC211", what, At(at, key=True), help="shorten the list"))
        return []
    return pairs
