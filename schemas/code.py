"""Where code lives and what runs it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .common import Model, form

Extension = Annotated[str, form(r"^\.[A-Za-z0-9]+$", "a file extension such as `.lua`")]


class Code(Model):
    """Additions to the conventions for code."""

    roots: list[str] | None = Field(
        None, description="Directories in which imports are looked up (default `.` and `src`)."
    )
    runners: dict[Extension, str] | None = Field(
        None, description="The command that runs a code file, by extension: `{.lua: lua}`."
    )
