"""Parameters that a shell would obey: values with shell syntax in them, put into a command as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnostic import Diagnostic
from ..graph import Project, Ref
from .order import at

_OBEYED = re.compile(r"[;&|<>`\n]|\$\(|\$\{|\$[A-Za-z_]")
_SPLIT = re.compile(r"[ \t*?]")


def check(project: Project) -> Iterator[Diagnostic]:
    """MLC430."""
    done: set[tuple[str, str]] = set()
    for stage in project:
        for command in stage.commands:
            for index, part in enumerate(command.parts):
                if not isinstance(part, Ref) or (stage.entry, part.name) in done:
                    continue
                before = command.parts[index - 1] if index else ""
                quoted = isinstance(before, str) and (before.count("'") % 2 == 1 or before.count('"') % 2 == 1)
                if _OBEYED.search(part.value) and not (quoted and "'" not in part.value):
                    done.add((stage.entry, part.name))
                    what = f"the value of `${{{part.name}}}` is shell syntax, and the command would obey it"
                    help_ = f"change `{part.name}` in {part.file}, or let the code read it from there"
                    yield Diagnostic("MLC430", what, at(stage, "cmd"), note=f"it is `{part.value}`", help=help_)
                elif _SPLIT.search(part.value) and not quoted:
                    done.add((stage.entry, part.name))
                    what = f"the value of `${{{part.name}}}` is taken apart by the shell"
                    help_ = f'put the template in quotes: "${{{part.name}}}"'
                    yield Diagnostic(
                        "MLC430", what, at(stage, "cmd"), f"it is `{part.value}`", help_, severity="warning"
                    )
