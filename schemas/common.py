"""What every model of the language has in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A mapping of the language: unknown keys are errors, and nothing is converted on the way in."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, populate_by_name=True, protected_namespaces=()
    )


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
"""A name that a file, a tag and a CI job can bear."""

EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""A name that a shell takes for a variable."""

Duration = Annotated[
    Annotated[int, Field(gt=0)] | Annotated[str, Field(min_length=2, pattern=r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$")],
    Field(description="Seconds as a number, or a text such as `90s`, `45m`, `1h30m`, `2d`."),
]

Bound = Annotated[
    str, Field(pattern=r"^\s*(>=|<=|>|<|==|!=)\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$", examples=[">= 0.90"])
]
"""What a metric has to satisfy."""

Gates = Annotated[
    dict[str, Bound | list[Bound]],
    Field(description="Bounds by metric; a name that ends in `.delta` means the difference to the base branch."),
]

Cron = Annotated[str, Field(pattern=r"^\S+ \S+ \S+ \S+ \S+$", examples=["0 6 * * *"])]
"""Five fields: minute, hour, day of the month, month, day of the week; UTC."""

Meta = Annotated[Any, Field(description="Anything; it is passed on untouched.")]
