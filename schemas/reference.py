"""The language as tables in Markdown, made from the models; docs/language.md shows them."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from .assets import Artifact, Data, Dataset, ModelEntry, Plot
from .ci import Ci, Runner, Triggers
from .code import Code
from .operate import Deployment, Experiment, Monitor, Random, Range
from .spec import Spec
from .stack import Stack
from .stage import Foreach, OutFlags, PlotFlags, Resources, Stage

MODELS: tuple[type[BaseModel], ...] = (
    Spec, Stack, Stage, Foreach, OutFlags, PlotFlags, Resources, Code, Plot, Artifact, Dataset, Data, ModelEntry, Ci,
    Runner, Triggers, Experiment, Range, Random, Deployment, Monitor,
)  # fmt: skip


def markdown() -> str:
    """A table for each model: key, type, meaning."""
    lines: list[str] = []
    for model in MODELS:
        about = " ".join((model.__doc__ or "").split())
        lines += [f"### {model.__name__}", "", about, "", "| key | takes | meaning |", "|---|---|---|"]
        for name, field in model.model_fields.items():
            takes = _words(field.annotation).replace("|", "\\|")
            required = " **Required.**" if field.is_required() else ""
            lines.append(
                f"| `{field.alias or name}` | {takes} | {field.description or ''}{required} |".replace("  ", " ")
            )
        lines.append("")
    return "\n".join(lines)


def _words(type_: Any) -> str:
    origin, args = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _words(args[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(arg) for arg in args if arg is not NoneType))
    if origin is Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if origin is list:
        return f"list of {_words(args[0])}"
    if origin is dict:
        return f"mapping of {_words(args[1])}"
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return f"[{type_.__name__}](#{type_.__name__.lower()})"
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(type_, "anything")
