"""Types that the models of the language share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

FORMS: dict[str, str] = {}
"""What each pattern of the language accepts, in words and with an example, for error messages."""


def form(pattern: str, words: str) -> Any:
    """A pydantic constraint: text that matches ``pattern``; ``words`` describe such a text in errors and in the docs."""
    if FORMS.setdefault(pattern, words) != words:
        raise ValueError(f"the pattern {pattern} has other words already: {FORMS[pattern]}")
    return Field(pattern=pattern)


def known(*values: str) -> WithJsonSchema:
    """Texts that editors propose; the language takes others, too, such as the targets of other distributions."""
    return WithJsonSchema({"anyOf": [{"enum": list(values)}, {"type": "string"}]})


class Model(BaseModel):
    """A mapping of the language: unknown keys are errors, and values are not converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, populate_by_name=True, protected_namespaces=()
    )


Name = Annotated[
    str, form(r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", "a name such as `wine-2` (letters, digits, `_`, `-`, `.`)")
]
"""A name that is valid in file names, Git tags and CI jobs."""

EnvName = Annotated[str, form(r"^[A-Za-z_][A-Za-z0-9_]*$", "the name of an environment variable such as `API_URL`")]

Duration = Annotated[
    Annotated[int, Field(gt=0)]
    | Annotated[
        str,
        form(
            r"^(\d+d(\d+h)?(\d+m)?(\d+s)?|\d+h(\d+m)?(\d+s)?|\d+m(\d+s)?|\d+s)$", "a duration such as `45m` or `1h30m`"
        ),
    ],
    Field(description="Seconds as a number, or a text such as `90s`, `45m`, `1h30m`, `2d`."),
]

Bound = Annotated[
    str,
    form(r"^\s*(>=|<=|>|<|==|!=)\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$", 'a comparison such as ">= 0.9"'),
    Field(examples=[">= 0.90"]),
]
"""The condition that a metric must meet."""

Gates = Annotated[
    dict[str, Bound | list[Bound]],
    Field(description="Bounds by metric; the suffix `.delta` compares with the base branch."),
]

Cron = Annotated[
    str, form(r"^\S+ \S+ \S+ \S+ \S+$", 'a cron line of five fields such as "0 6 * * *"'), Field(examples=["0 6 * * *"])
]
"""Minute, hour, day of the month, month, day of the week; in UTC."""

SlurmOption = Annotated[
    str, form(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "a long option of `sbatch` without its dashes, such as `partition`")
]
"""https://slurm.schedmd.com/sbatch.html#SECTION_OPTIONS"""

Slurm = dict[
    SlurmOption,
    Annotated[str, form(r"^[^\x00-\x1f\x7f]+$", "a text on one line")] | int | float | bool | None,
]
"""Options of `sbatch`: true for one without a value; false or null leaves one out."""

Meta = Annotated[Any, Field(description="Any value; DVC keeps it and mlopsc ignores it.")]

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def seconds(duration: int | str | None) -> int | None:
    """A `Duration` such as ``90``, ``"45m"`` or ``"1h30m"`` in seconds."""
    if duration is None or isinstance(duration, int):
        return duration
    total, digits = 0, ""
    for char in duration:
        if char.isdigit():
            digits += char
        else:
            total += int(digits) * _UNITS[char]
            digits = ""
    return total


def listed(value: str | list[str] | None) -> list[str]:
    """The value of a key that takes one name or a list of names, as a list."""
    return [] if value is None else [value] if isinstance(value, str) else value
