"""The exception for an expected failure of `new`, `update` or `init`."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  an expected result
    """What is wrong and what to do about it. ``misuse`` is true if the command was called incorrectly."""

    def __init__(self, what: str, help_: str = "", misuse: bool = True) -> None:
        super().__init__(what)
        self.what = what
        self.help = help_
        self.misuse = misuse
