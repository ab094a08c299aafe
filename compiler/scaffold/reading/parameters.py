"""The names that a function starts with when it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .values import UNKNOWN, Function, Options

if TYPE_CHECKING:
    from .interpreter import Interpreter, Names


def parameters(
    interpreter: Interpreter, function: Function, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Names:
    """The names in a function at its start: arguments, defaults, and what encloses it."""
    declared = function.node.args
    names: Names = dict(function.closure) if function.closure is not function.module.names else {}
    positional = [*declared.posonlyargs, *declared.args]
    defaults = [None] * (len(positional) - len(declared.defaults)) + list(declared.defaults)
    pairs = [*zip(positional, defaults, strict=True), *zip(declared.kwonlyargs, declared.kw_defaults, strict=True)]
    values = [function.first, *arguments] if function.first is not None else list(arguments)
    options: Options | None = function.options if not arguments and not keywords else None
    given = interpreter.calls.parsed(options) if options is not None else {}
    for index, (parameter, default) in enumerate(pairs):
        if index < len(values) and index < len(positional):
            value = values[index]
        elif parameter.arg in keywords:
            value = keywords[parameter.arg]
        elif parameter.arg in given:
            value = given[parameter.arg]
        elif function.config is not None and index == 0:
            value = function.config
        else:
            value = UNKNOWN if default is None else interpreter.evaluate(default, names, function.module)
        names[parameter.arg] = value
    for star in (declared.vararg, declared.kwarg):
        if star is not None:
            names[star.arg] = UNKNOWN
    return names
