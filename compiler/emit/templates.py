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
def _environment(package: str) -> Environment:
    return Environment(
        loader=PackageLoader(package, package_path=""),
        undefined=StrictUndefined,
        autoescape=False,  # the formats are not HTML; each template names the filter that escapes for its format
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(package: str, name: str, filters: Mapping[str, Filter] | None = None, **values: Any) -> str:
    """The text of the template ``name`` that stands in ``package`` (`__package__` of the caller).

    ``filters`` are escapers for the format, by the name that the template uses.
    """
    environment = _environment(package)
    if filters:
        environment = environment.overlay()
        environment.filters = {**environment.filters, **filters}
    return environment.get_template(name).render(**values)
