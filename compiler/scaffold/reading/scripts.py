"""Read a script in any language that is known here."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence

from ...model.snapshot import Memory, Snapshot
from .interpreter import Interpreter
from .traces import Traces

_SHELL_WRITE = re.compile(r"(?<![0-9&])>>?\s*['\"]?([\w./-]+)")
_R_READ = re.compile(r"(?:read[._]\w+|readRDS|fread)\(\s*[\"']([^\"']+)")
_R_WRITE = re.compile(r"(?:write[._]\w+|saveRDS|fwrite|ggsave)\([^\"']*[\"']([^\"']+)")


def read_script(
    path: str, text: str, snapshot: Snapshot | None = None, wdir: str = ".", arguments: Sequence[str] = ()
) -> Traces:
    """What the script at ``path`` reads and writes if it runs in ``wdir`` with these arguments."""
    files = Traces()
    if path.endswith(".ipynb"):
        text = cells(text)
    if path.endswith((".py", ".ipynb")):
        try:
            tree = ast.parse(text)
            Interpreter(snapshot or Memory({}), files, wdir, arguments).run(path, tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return Traces(is_readable=False)
    elif path.endswith((".R", ".r")):
        _scan(files, path, text, _R_READ, files.reads, wdir)
        _scan(files, path, text, _R_WRITE, files.writes, wdir)
    elif path.endswith(".sh"):
        _scan(files, path, text, _SHELL_WRITE, files.writes, wdir)
    for path in [path for path in files.reads if path in files.writes]:
        files.reads.pop(path)
        files.updated[path] = files.writes.pop(path)
    return files


def cells(text: str) -> str:
    """The code of a notebook, with an empty line for each magic."""
    try:
        sources = [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = [line for source in sources for line in "".join(source).splitlines()]
    except (ValueError, KeyError, TypeError):
        return ""
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def _scan(files: Traces, name: str, text: str, pattern: re.Pattern[str], into: dict[str, str], wdir: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        for path in pattern.findall(line):
            files.note(into, path, f"{name}:{number}", wdir)
