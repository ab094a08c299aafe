"""Why a repository is not made, updated or completed."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  it is no fault, it is an answer
    """What is wrong and what to do about it. ``misuse`` tells a wrong call from something that failed on the way."""

    def __init__(self, what: str, help_: str = "", misuse: bool = True) -> None:
        super().__init__(what)
        self.what = what
        self.help = help_
        self.misuse = misuse
