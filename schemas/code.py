"""Where code lives and what runs it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .common import Model

Ending = Annotated[str, Field(pattern=r"^\.[A-Za-z0-9]+$")]


class Code(Model):
    """Additions to the conventions about code."""

    roots: list[str] | None = Field(
        None, description="Directories that imports are looked up in (default `.` and `src`)."
    )
    runners: dict[Ending, str] | None = Field(None, description="Command by ending of the code file: `{.lua: lua}`.")
