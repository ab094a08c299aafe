"""What the models say about the language: the keys at a place, the form of a text, and the reference tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema

from .examples import example
from .spec import Spec

_SCALARS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that a mapping at ``path`` may have, sorted; empty if it takes any key."""
    types: list[Any] = [Spec]
    for part in path:
        types = [inner for type_ in types for inner in _types_below(type_, part)]
    return sorted({key for type_ in types if _is_model(type_) for key in _fields(type_)})


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the language: what it takes and means. ``shape`` is the kind of value that is most often written, ``example``
    one that it takes, if it takes one form only."""

    name: str
    takes: str
    meaning: str
    required: bool
    shape: Literal["mapping", "list", "scalar"]
    example: Any = None


def keys_at(path: tuple[str | int, ...]) -> list[Key]:
    """The keys that a mapping at ``path`` may have, in the order of the models; empty if it takes any key."""
    keys: dict[str, Key] = {}
    for type_ in _types_at(path):
        for name, field in _fields(type_).items() if _is_model(type_) else ():
            keys.setdefault(name, _key(type_.__name__, name, field))
    return list(keys.values())


def key_at(path: tuple[str | int, ...]) -> Key | None:
    """The key that is the last part of ``path``; None if it is a name, such as that of a stage."""
    return next((key for key in keys_at(path[:-1]) if key.name == path[-1]), None) if path else None


def values_at(path: tuple[str | int, ...]) -> list[str]:
    """The values that are known for ``path``, as YAML; empty if there is no list of them."""
    return list(dict.fromkeys(value for annotation in _annotations(path) for value in _choices(annotation)))


def shapes_at(path: tuple[str | int, ...]) -> set[str]:
    """The kinds of values that ``path`` takes: mapping, list, scalar."""
    return {_shape(type_) for type_ in _types_at(path) if type_ is not NoneType}


def _key(model: str, name: str, field: Any) -> Key:
    shapes = [_shape(type_) for type_ in _members(field.annotation) if type_ is not NoneType]
    shape = next((shape for shape in ("list", "mapping") if shape in shapes), "scalar")
    return Key(name, _words(field.annotation), _description(field), field.is_required(), shape, example(model, name))  # type: ignore[arg-type]


def _shape(type_: Any) -> str:
    origin = get_origin(type_)
    return "mapping" if _is_model(type_) or origin is dict else "list" if origin is list else "scalar"


def _types_at(path: tuple[str | int, ...]) -> list[Any]:
    return [member for annotation in _annotations(path) for member in _members(annotation)]


def _annotations(path: tuple[str | int, ...]) -> list[Any]:
    """The annotations of the values at ``path``, with what `Annotated` says about them."""
    annotations: list[Any] = [Spec]
    for part in path:
        annotations = [
            inner for annotation in annotations for type_ in _members(annotation) for inner in _inner(type_, part)
        ]
    return annotations


def _inner(type_: Any, part: str | int) -> list[Any]:
    if _is_model(type_):
        field = _fields(type_).get(str(part))
        return (
            []
            if field is None
            else [Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation]
        )
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is dict:
        return [arguments[1]]
    return [arguments[0]] if origin is list and arguments else []


def _choices(type_: Any) -> Iterator[str]:
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        for meta in arguments[1:]:
            if isinstance(meta, WithJsonSchema):
                yield from meta.json_schema["anyOf"][0]["enum"]  # type: ignore[index]
        yield from _choices(arguments[0])
    elif origin in (Union, UnionType):
        for member in arguments:
            yield from _choices(member)
    elif origin is Literal:
        yield from map(str, arguments)
    elif type_ is bool:
        yield from ("true", "false")


def models() -> list[type[BaseModel]]:
    """All models of the language, each after the one that first refers to it."""
    seen: dict[type[BaseModel], None] = {}
    waiting: list[type[BaseModel]] = [Spec]
    while waiting:
        model = waiting.pop(0)
        if model not in seen:
            seen[model] = None
            waiting += [inner for field in model.model_fields.values() for inner in _models_in(field.annotation)]
    return list(seen)


def markdown() -> str:
    """A table for each model: key, type, meaning. docs/language.md contains it."""
    return "\n".join(line for model in models() for line in _table(model))


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield from (f"### {model.__name__}", "", " ".join((model.__doc__ or "").split()), "")
    yield from ("| key | takes | meaning |", "|---|---|---|")
    for key, field in _fields(model).items():
        takes = _words(field.annotation).replace("|", "\\|")
        required = " **Required.**" if field.is_required() else ""
        yield f"| `{key}` | {takes} | {_description(field)}{required} |"
    yield ""


def _description(field: Any) -> str:
    if field.description:
        return str(field.description)
    nested = [meta.description for meta in _metadata(field.annotation) if getattr(meta, "description", None)]
    return str(nested[0]) if nested else ""


def _metadata(type_: Any) -> Iterator[Any]:
    if get_origin(type_) is Annotated:
        yield from get_args(type_)[1:]
    for argument in get_args(type_):
        yield from _metadata(argument)


def _is_model(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, BaseModel)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _members(type_: Any) -> list[Any]:
    """The members of a union, the type inside `Annotated`, or the type itself."""
    origin = get_origin(type_)
    if origin is Annotated:
        return _members(get_args(type_)[0])
    if origin in (Union, UnionType):
        return [member for argument in get_args(type_) for member in _members(argument)]
    return [type_]


def _types_below(type_: Any, part: str | int) -> list[Any]:
    if _is_model(type_):
        field = _fields(type_).get(str(part))
        return [] if field is None else _members(field.annotation)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is dict:
        return _members(arguments[1])
    return _members(arguments[0]) if origin is list and arguments else []


def _models_in(type_: Any) -> Iterator[type[BaseModel]]:
    if _is_model(type_):
        yield type_
    for argument in get_args(type_):
        yield from _models_in(argument)


def _words(type_: Any) -> str:
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _words(arguments[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(member) for member in arguments if member is not NoneType))
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is list:
        return f"list of {_words(arguments[0])}"
    if origin is dict:
        return f"mapping of {_words(arguments[1])}"
    if _is_model(type_):
        return f"[{type_.__name__}](#{type_.__name__.lower()})"
    return _SCALARS.get(type_, "any value")
