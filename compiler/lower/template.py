"""The templates `${...}` of a stage: replaced by the values of variables, as DVC replaces them.

tests/real/test_dvc.py compares the result with DVC's resolver, which is not used here because importing DVC takes 1.5 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Command, Ref
from ..model.source import Path
from .interpolate import TEMPLATE, pieces, to_text
from .variables import Keys, NotFound, Scope

NOT_A_TEMPLATE = Code(
    "MLC201",
    "error",
    "`${{{expression}}}` is not a valid template",
    help="write `${{name}}`, `${{a.b}}` or `${{a[0]}}`; write `\\${{` for a literal `${{`",
)
UNDEFINED = Code(
    "MLC202", "error", "`${{{expression}}}` is not defined", help="define it in params.yaml or under `vars`"
)
UNDEFINED_SIMILAR = replace(UNDEFINED, help="did you mean `${{{similar}}}`?")
UNDEFINED_SHELL = replace(UNDEFINED, help="if it is for the shell, write `\\${{{expression}}}`")
NOT_SCALAR = Code(
    "MLC209", "error", "`${{{expression}}}` is a {type}, which cannot be part of a text", help="use one of its values"
)
NOT_TEXT = Code(
    "MLC433",
    "error",
    "the value of `{template}` is `{value}`, but DVC accepts only text here",
    help="put the value in quotes where it is defined",
)

_EXPRESSION = re.compile(r"\s*[^.\[\]]+(?:\s*\.\s*[^.\[\]]+|\s*\[\s*[^.\[\]]+\])*\Z")
_SHELL_SYNTAX = r"[^\w\s.\[\]-]"
"""Characters that parameter names rarely contain and shell expansions do: `${OUT:-x}`, `${file%.csv}`."""
_SCALARS = (int, float, str, bytes, bool)


class Unresolved(Exception):  # noqa: N818 - it names the state of the template
    """Carries the diagnostic of a template that cannot be resolved."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def is_template(value: Any) -> bool:
    """Whether a value contains a `${`."""
    if type(value) is str:
        return "${" in value
    if type(value) is list:
        try:
            return "${" in "\n".join(value)
        except TypeError:  # not all items are text
            return any(is_template(item) for item in value)
    if type(value) is dict:
        return any(is_template(key) or is_template(item) for key, item in value.items())
    return False


def resolve(value: Any, scope: Scope, key: str | None, at: Path) -> Any:
    """``value`` with its templates replaced. A text that is a single template becomes the value, with its type."""
    if isinstance(value, str):
        return _text(value, scope, key, at) if "${" in value else value
    if isinstance(value, Mapping):
        return {
            resolve(name, scope, key, (*at, name)): resolve(item, scope, key, (*at, name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [resolve(item, scope, key, (*at, index)) for index, item in enumerate(value)]
    return value


def resolve_paths(value: Any, scope: Scope, key: str | None, at: Path) -> Any:
    """The paths in the value of a key. DVC fails on a path that a template turned into a number."""
    if isinstance(value, list):
        return [resolve_paths(item, scope, key, (*at, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        below = resolve_paths if key == "params" else resolve  # the values of the other keys are flags
        return {
            resolve_paths(name, scope, key, (*at, name)): item and below(item, scope, key, (*at, name))
            for name, item in value.items()
        }
    name = resolve(value, scope, key, at)
    if isinstance(name, str) or (name is None and key == "wdir"):
        return name
    raise Unresolved(NOT_TEXT.at(*at, template=value, value=to_text(name)))


def _text(text: str, scope: Scope, key: str | None, at: Path) -> Any:
    match = TEMPLATE.fullmatch(text)
    if match is not None and "}" not in match.group(1):
        return _select(match.group(1), scope, key, at)[0]
    return command_line(text, scope, key, at).text


def command_line(text: str, scope: Scope, key: str | None, at: Path) -> Command:
    """A text with its escapes undone, as parameters and the literal text between them."""
    parts: list[str | Ref] = []
    texts: list[str] = []
    literal = True
    for piece in pieces(text):  # literal text and expressions alternate
        if not literal:
            part: str | Ref = scope.parts.get(piece) or _part(piece, scope, key, at)
            parts.append(part)
            texts.append(part if isinstance(part, str) else part.value)
        elif piece:
            if "\\" in piece:
                piece = piece.replace("\\${", "${")
            parts.append(piece)
            texts.append(piece)
        literal = not literal
    return Command(tuple(parts), "".join(texts))


def _part(expression: str, scope: Scope, key: str | None, at: Path) -> str | Ref:
    """The replacement of a template in a text. A mapping is not cached, because only a command may contain one."""
    value, file = _select(expression, scope, key, at)
    part: str | Ref = to_text(value)
    if not isinstance(value, dict):
        if file is not None:
            part = Ref(".".join(_keys(expression) or ()), to_text(value), file)
        scope.parts[expression] = part
    return part


def command_lines(cmd: str | list[Any], scope: Scope, at: Path) -> Iterator[Command]:
    """The parts of a `cmd` that DVC gives to a shell each: the lines of a text, the items of a list."""
    if isinstance(cmd, str):
        yield from _split(command_line(cmd, scope, "cmd", at))
    else:
        yield from (command_line(str(item), scope, "cmd", (*at, index)) for index, item in enumerate(cmd))


def _split(command: Command) -> Iterator[Command]:
    """One command for each line of a text; the value of a parameter may contain line breaks, too."""
    line: list[str | Ref] = []
    for part in command.parts:
        text = part if isinstance(part, str) else part.value
        first, *rest = text.splitlines() or [""]
        if text == first:
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
    """The keys of an expression such as ``a.b[0]``, or None if it is invalid."""
    if not _EXPRESSION.match(expression):
        return None
    return tuple(part.strip() for part in expression.replace("[", ".").replace("]", "").split("."))


def _select(expression: str, scope: Scope, key: str | None, at: Path) -> tuple[Any, str | None]:
    keys = _keys(expression)
    if keys is None or expression.startswith("{"):
        raise Unresolved(NOT_A_TEMPLATE.at(*at, expression=expression))
    try:
        value, file = scope.select(keys)
    except NotFound as missing:
        raise Unresolved(_undefined(expression, keys, missing, scope, at)) from None
    if value is not None and not isinstance(value, _SCALARS) and key is not None:
        if not (key == "cmd" and isinstance(value, dict)):
            type_ = "mapping" if isinstance(value, dict) else "list"
            raise Unresolved(NOT_SCALAR.at(*at, expression=expression, type=type_))
    return value, file


def _undefined(expression: str, keys: Keys, missing: NotFound, scope: Scope, at: Path) -> Diagnostic:
    if (similar := _similar(keys, missing, scope)) is not None:
        return UNDEFINED_SIMILAR.at(*at, expression=expression, similar=similar)
    is_shell = expression.isupper() or expression.isdigit() or re.search(_SHELL_SYNTAX, expression)
    if is_shell:
        return UNDEFINED_SHELL.at(*at, expression=expression)
    return replace(UNDEFINED.at(*at, expression=expression), subject=expression)


def _similar(keys: Keys, missing: NotFound, scope: Scope) -> str | None:
    """The expression that was probably meant: another spelling of the missing part, or a name without its section."""
    from difflib import get_close_matches

    if close := get_close_matches(missing.part, missing.known, 1):
        candidate = tuple(close[0] if part == missing.part else part for part in keys)
        if _is_defined(candidate, scope):
            return ".".join(candidate)
        return close[0] if len(keys) == 1 else None
    sections = ((name, *keys) for name, value in scope.values.items() if isinstance(value, Mapping))
    return next((".".join(candidate) for candidate in sections if _is_defined(candidate, scope)), None)


def _is_defined(keys: Keys, scope: Scope) -> bool:
    try:
        scope.select(keys)
    except NotFound:
        return False
    return True
