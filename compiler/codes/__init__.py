"""The pages of the diagnostic codes: what each means, with an example that is wrong and one that is right."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def page(code: str) -> str | None:
    """The page of a code such as ``MLC401``, in Markdown, or None where there is no such code."""
    if not (code.startswith("MLC") and code[3:].isascii() and code[3:].isdigit()):
        return None
    file = files(__name__) / f"{code}.md"
    return file.read_text("utf-8") if file.is_file() else None


def title(code: str) -> str:
    """The title of a code's page; the code itself where it has none."""
    text = page(code)
    return text.partition("\n")[0].partition(": ")[2] if text else code


@cache
def titles() -> dict[str, str]:
    """The title of every page by its code, in order."""
    names = sorted(file.name for file in files(__name__).iterdir() if file.name.endswith(".md"))
    return {name.removesuffix(".md"): title(name.removesuffix(".md")) for name in names}
