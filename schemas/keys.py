"""Which keys the language has at a place."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from .spec import Spec


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that a mapping at ``path`` may have, sorted; none where any key will do."""
    types: list[Any] = [Spec]
    for part in path:
        types = [below for type_ in types for below in _below(type_, part)]
    return sorted({key for type_ in types for key in _keys(type_)})


def _flat(type_: Any) -> list[Any]:
    """The members of a union, the type inside of `Annotated`, or the type itself."""
    origin = get_origin(type_)
    if origin is Annotated:
        return _flat(get_args(type_)[0])
    if origin in (Union, UnionType):
        return [member for arg in get_args(type_) for member in _flat(arg)]
    return [type_]


def _below(type_: Any, part: str | int) -> list[Any]:
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        for name, field in type_.model_fields.items():
            if part == (field.alias or name):
                return _flat(field.annotation)
        return []
    origin, args = get_origin(type_), get_args(type_)
    if origin is dict:
        return _flat(args[1])
    return _flat(args[0]) if origin is list and args else []


def _keys(type_: Any) -> list[str]:
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return [field.alias or name for name, field in type_.model_fields.items()]
    return []
