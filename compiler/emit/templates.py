"""The one Jinja environment, for formats that are text: Makefile, Python, shell, Markdown, HTML.

A template stands beside the module that renders it, as `NAME.j2`. A name that a template lacks is an error, and what is
put in is never read as a template again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

Filter = Callable[..., str]


@cache
def _environment(package: str, filters: tuple[tuple[str, Filter], ...]) -> Environment:
    """One environment for each package and set of filters: it compiles a template once."""
    environment = Environment(
        loader=PackageLoader(package, package_path=""),
        undefined=StrictUndefined,
        autoescape=False,  # the formats are not HTML; each template names the filter that escapes for its format
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters.update(filters)
    return environment


def render(package: str, name: str, filters: Mapping[str, Filter] | None = None, **values: Any) -> str:
    """The text of the template ``name`` that stands in ``package`` (`__package__` of the caller).

    ``filters`` are escapers for the format, by the name that the template uses. Pass functions of a module: a function made
    anew for each call compiles the template anew.
    """
    return _environment(package, tuple((filters or {}).items())).get_template(name).render(**values)
