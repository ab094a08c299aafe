"""What a notebook loads: its code cells, `%run`, `!command` and cells for a shell; and documents with code chunks."""

from __future__ import annotations

import json
import re
import shlex

from .julia import read_julia
from .python import read_python
from .r import read_r
from .record import UNKNOWN, Load, Record, Spawn

_MAGIC = r"(?s)(\s*)(?:([A-Za-z_][\w, .\[\]'\"]*?)\s*=\s*)?([%!?]{1,2})(.*)\Z"
_RUN_TAKES = frozenset(["-N", "-m"])
_PYTHON_CELLS = frozenset(
    ["time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "heat", "scalene"]
)
_SHELL_CELLS = frozenset(["bash", "sh", "zsh", "script", "!", "sx", "system", "shell"])
_FENCE = r"[ \t>]*(```+|~~~+)[ \t]*(?:\{([^}\n]*)\}|([A-Za-z]+))?[^\n]*\Z"
_INCLUDE = r"\{\{<\s*(?:include|embed)\s+([^\s>#]+)"
_CHUNK_FILES = r"(?:child|file|code)\s*[=:]\s*(?:readLines\(|c\(|xfun::read_utf8\()?\s*[\"']([^\"'\n]+)[\"']"
_CHUNK_OPTION = r"#\|\s*(?:child|file)\s*:\s*([\w./-]+)\s*\Z"
_INTERPOLATED = r"\{[A-Za-z_][\w.\[\]'\"]*\}"
_READERS = {"python": read_python, "r": read_r, "julia": read_julia}


def read_notebook(text: str) -> Record:
    """The record of a Jupyter notebook. Lines count within its code."""
    try:
        document = json.loads(text)
        cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells]
        metadata = document.get("metadata") or {}
        language = str((metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
                       or "python").lower()  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        record = Record()
        record.error = (1, "it is not a Jupyter notebook")
        return record
    if language in ("r", "julia"):
        return _READERS[language]("\n".join(sources))
    return read_cells(sources)


def read_cells(sources: list[str]) -> Record:
    """The record of IPython cells, which are one program."""
    extra = Record()
    lines: list[str] = []
    for source in sources:
        lines += _python_of(source.replace("\r\n", "\n").split("\n"), len(lines), extra)
    record = read_python("\n".join(lines))
    record.loads += extra.loads
    record.spawns += extra.spawns
    return record


def _python_of(lines: list[str], before: int, record: Record) -> list[str]:
    """The lines of a cell as Python has them: what is for IPython goes to the record, and `pass` stands in for it."""
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        name = lines[first][2:].strip().partition(" ")[0]
        if name in _SHELL_CELLS:
            record.spawns.append(Spawn(before + first + 1, text="\n".join(lines[first + 1 :]) + "\n"))
        if name == "writefile" or name not in _PYTHON_CELLS:
            return [""] * len(lines)
        lines = [*[""] * (first + 1), *lines[first + 1 :]]
    result: list[str] = []
    for index, line in enumerate(lines):
        stripped = line.lstrip()
        if not stripped or (
            stripped[0] not in "%!?" and "!" not in line and "%" not in line and not stripped.endswith("?")
        ):
            result.append(line)
            continue
        result.append(_plain(line, before + index + 1, record))
    return result


def _plain(line: str, number: int, record: Record) -> str:
    """One line as Python has it."""
    match = re.match(_MAGIC, line) if len(line) < 4000 else None
    if match is None:
        return "" if re.match(r"\s*[\w.]+\?{1,2}\s*\Z", line[:400]) else line
    indent, target, sign, rest = match.groups()
    stand_in = f"{indent}{target} = None" if target else f"{indent}pass"
    if sign in ("!", "!!"):
        record.spawns.append(Spawn(number, text=re.sub(_INTERPOLATED, lambda _: UNKNOWN, rest)))
        return stand_in
    if sign == "?" or not rest:
        return stand_in
    name, _, rest = rest.partition(" ")
    if name == "run":
        _run(rest, number, record)
    elif name in ("time", "timeit", "prun", "memit") and sign == "%":
        rest = re.sub(r"\A(?:-\w+\s*\d*\s+)*", "", rest[:4000])
        return f"{indent}{target} = {rest}" if target else f"{indent}{rest or 'pass'}"
    elif name in ("sx", "system", "sc"):
        record.spawns.append(Spawn(number, text=re.sub(_INTERPOLATED, lambda _: UNKNOWN, rest)))
    elif name == "load" and rest.strip():
        record.loads.append(Load(rest.strip(), number))
    return stand_in


def _run(text: str, number: int, record: Record) -> None:
    """`%run [-i] [-m MODULE] FILE ARGUMENTS`."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-m" and words:
            record.spawns.append(Spawn(number, words=(("python", True), ("-m", True), (words[0], True))))
            return
        if option in _RUN_TAKES and words:
            words.pop(0)
    if not words:
        return
    if "{" in words[0] or words[0].startswith("$"):
        record.spawns.append(Spawn(number, words=(("python", True), (words[0], False))))
        return
    path = words[0]
    known = path.endswith((".py", ".ipynb"))
    record.loads += [Load(name, number, True) for name in ([path] if known else [f"{path}.py", path])]


def read_markdown(text: str) -> Record:
    """The record of R Markdown, Quarto and Markdown with code: its chunks, by language, and the files that it includes."""
    record = Record()
    chunks: dict[str, list[str]] = {}
    lines = text.split("\n")
    fence, language = "", ""
    for index, line in enumerate(lines):
        match = re.match(_FENCE, line[:2000]) if "```" in line or "~~~" in line else None
        if match is not None and not fence:
            fence, head = match.group(1), match.group(2) or ""
            language = re.split(r"[\s,]", head.strip(" .") or match.group(3) or "")[0].lower()
            language = {"py": "python", "jl": "julia", "sh": "bash", "shell": "bash", "python3": "python"}.get(
                language, language
            )
            record.loads += [Load(path, index + 1) for path in re.findall(_CHUNK_FILES, head)]
        elif fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif fence:
            body = chunks.setdefault(language, [])
            body += [""] * (index - len(body))  # so that lines keep their numbers
            body.append(line)
            if line.startswith("#|"):
                found = re.findall(_CHUNK_FILES, line[:2000]) or re.findall(_CHUNK_OPTION, line[:2000])
                record.loads += [Load(path, index + 1) for path in found]
        for path in re.findall(_INCLUDE, line[:2000]) if "{{<" in line else ():
            record.loads.append(Load(path, index + 1))
    for name, body in chunks.items():
        if name == "python":
            _merge(record, read_cells(["\n".join(body)]))
        elif name in _READERS:
            _merge(record, _READERS[name]("\n".join(body)))
        elif name in ("bash", "sh", "zsh"):
            record.spawns.append(Spawn(1, text="\n".join(body)))
    return record


def _merge(record: Record, other: Record) -> None:
    record.imports += other.imports
    record.loads += other.loads
    record.spawns += other.spawns
    record.search += other.search
    record.folders += other.folders
    record.unknown += other.unknown
    record.error = record.error or other.error
