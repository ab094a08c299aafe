"""Classes of fields, for the modules that every build imports.

They are written like dataclasses, and type checkers take them for such. `dataclasses` takes 8 ms to import and `typing` 4,
and each class that they make up to 1 ms more, where a whole small build takes 60 (docs/decisions/0002-start-up.md). Objects
are made as fast as by hand, without a ``__dict__``.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """What `typing` has under this name tells type checkers, and does nothing."""
        return lambda made: made


class _Factory:
    """Stands for the default of a field that is made anew for each object."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    """A field whose default is made anew for each object."""
    return _Factory(default_factory)


_LEFT_OUT = object()


class _Fields(type):
    """Turns the annotations of a class into slots, and into the arguments of its ``__init__``."""

    def __new__(
        meta, name: str, bases: tuple[type, ...], body: dict[str, Any], eq: bool = True, frozen: bool = True
    ) -> _Fields:
        own = tuple(body.get("__annotations__", ()))
        defaults = {key: value for base in bases for key, value in getattr(base, "_defaults", {}).items()}
        defaults |= {key: body.pop(key) for key in own if key in body}
        names = (*(each for base in bases for each in getattr(base, "__match_args__", ())), *own)
        body["__slots__"] = (*body.get("__slots__", ()), *own)
        body["__match_args__"] = names
        body["_defaults"] = defaults
        body["_values"] = attrgetter(*(names or ("__class__",)))
        if names:
            body["__init__"] = _init_first
        if not eq:
            body["__eq__"], body["__hash__"] = object.__eq__, object.__hash__
        return super().__new__(meta, name, bases, body)


def _init_first(self: Any, *values: Any, **named: Any) -> None:
    """The ``__init__`` of a class until its first object is made: many classes never have one."""
    made = type(self)
    made.__init__ = _init(made.__match_args__, made._defaults)
    made.__init__(self, *values, **named)


def _init(names: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., None]:
    """``__init__`` as one would write it. The names are identifiers, since they were annotated."""
    known: dict[str, Any] = {"_left_out": _LEFT_OUT}
    arguments, lines = ["self"], []
    for name in names:
        default = defaults.get(name, _LEFT_OUT)
        if isinstance(default, _Factory):
            known[f"_{name}"] = default.make
            arguments.append(f"{name}=_left_out")
            lines.append(f" self.{name} = _{name}() if {name} is _left_out else {name}\n")
            continue
        if default is not _LEFT_OUT:
            known[f"_{name}"] = default
        arguments.append(name if default is _LEFT_OUT else f"{name}=_{name}")
        lines.append(f" self.{name} = {name}\n")
    exec(f"def __init__({', '.join(arguments)}):\n{''.join(lines)}", known)
    made: Callable[..., None] = known["__init__"]
    return made


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record(metaclass=_Fields):
    """What its annotated attributes say, given by position or by name.

    ``class Name(Record)`` is not to be changed once it is made, which type checkers see to; ``frozen=False`` is. With
    ``eq=False`` each object equals itself only.
    """

    if TYPE_CHECKING:
        __match_args__: tuple[str, ...]
        _values: Callable[[Any], Any]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values(self) == self._values(other)

    def __hash__(self) -> int:
        return hash(self._values(self))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({shown})"

    def replace(self, **changes: Any) -> Self:
        """The same with other values for some fields."""
        return type(self)(**{name: getattr(self, name) for name in self.__match_args__} | changes)
