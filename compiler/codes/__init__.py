"""The pages of the diagnostic codes: what each means, with an example that is wrong and one that is right.

Here are the pages of the compiler's own codes. A target's codes have their pages in the folder `codes` of its package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..installed import installed, module_of

_CODE = re.compile(r"[A-Z]{2,8}[0-9]{3,4}")


@cache
def page(code: str) -> str | None:
    """The page of a code such as ``MLC401``, in Markdown, or None if there is no such code."""
    if not _CODE.fullmatch(code):
        return None
    files = (folder / f"{code}.md" for folder in _folders())
    return next((file.read_text("utf-8") for file in files if file.is_file()), None)


def title(code: str) -> str:
    """The title of a code's page; the code itself if it has none."""
    text = page(code)
    return text.partition("\n")[0].partition(": ")[2] if text else code


@cache
def titles() -> dict[str, str]:
    """The title of every page by its code, in order."""
    codes = sorted(file.stem for folder in _folders() for file in folder.glob("*.md"))
    return {code: title(code) for code in codes}


def _folders() -> Iterator[Path]:
    yield Path(__file__).parent
    for points in installed().values():
        for point in points:
            if (package := _package(module_of(point.value))) is not None:
                yield package / "codes"


def _package(module: str) -> Path | None:
    """The folder of a target's package, found without importing the target; None if it is broken or no package."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent
