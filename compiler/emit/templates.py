"""The one Jinja environment, for formats that are text: Makefile, Python, shell, Markdown, HTML.

A template stands beside the module that renders it, as `NAME.j2`. A name that a template lacks is an error, and what is
put in is never read as a template again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

Filter = Callable[..., str]

OPTIONS: dict[str, Any] = {
    "undefined": StrictUndefined,
    "autoescape": False,  # the formats are not HTML; each template names the filter that escapes for its format
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "optimized": False,  # results of filters are not kept in compiled templates: filters change without their templates
}
"""What the environment is made with; a compiled template depends on nothing but its text and these."""


class _CompiledTemplates(FileSystemBytecodeCache):
    """Compiled templates in `__pycache__`, where Python keeps the compiled modules beside them, under the same conditions."""

    def __init__(self, package: str) -> None:
        folder = os.path.dirname(sys.modules[package].__file__ or "")
        super().__init__(os.path.dirname(cache_from_source(f"{folder}/template.py")), "%s.j2c")

    def get_source_checksum(self, source: str) -> str:
        """Identifies what a template was compiled from."""
        return super().get_source_checksum(f"{OPTIONS}\n{source}")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, if Python keeps compiled modules and the folder can be written."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                os.makedirs(self.directory, exist_ok=True)
                super().dump_bytecode(bucket)


@cache
def _environment(package: str, filters: tuple[tuple[str, Filter], ...]) -> Environment:
    """One environment for each package and set of filters: it compiles a template once."""
    environment = Environment(
        loader=PackageLoader(package, package_path=""),
        bytecode_cache=_CompiledTemplates(package),
        auto_reload=False,
        **OPTIONS,
    )
    environment.filters.update(filters)
    return environment


def render(package: str, name: str, filters: Mapping[str, Filter] | None = None, **values: Any) -> str:
    """The text of the template ``name`` that stands in ``package`` (`__package__` of the caller).

    ``filters`` are escapers for the format, by the name that the template uses. Pass functions of a module: a function made
    anew for each call compiles the template anew.
    """
    return _environment(package, tuple((filters or {}).items())).get_template(name).render(**values)
