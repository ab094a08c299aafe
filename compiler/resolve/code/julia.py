"""What a Julia file loads: `include`, modules on `LOAD_PATH`, commands in backticks."""

from __future__ import annotations

from ..command import ROOT
from .expressions import JULIA_TOKENS, Code, Lines, Syntax
from .record import FILE, UNKNOWN, Import, Load, Record, Spawn, Unknown

SYNTAX = Syntax(
    tokens=JULIA_TOKENS,
    joins=frozenset(["joinpath", "srcdir", "projectdir", "scriptsdir", "datadir", "abspath"]),
    concats=frozenset(["*", "string"]),
    vectors=frozenset(["["]),
    same=frozenset(["normpath", "realpath", "String", "expanduser"]),
    listings=frozenset(["readdir"]),
    constants={"@__DIR__": f"{FILE}/..", "@__FILE__": FILE, "srcdir": f"{ROOT}/src", "projectdir": ROOT,
               "scriptsdir": f"{ROOT}/scripts",
               "pwd": "."},
)  # fmt: skip
_INCLUDES = frozenset(["include", "includet", "Base.include", "include_dependency"])


def read_julia(text: str) -> Record:
    """The record of a Julia file. `include` takes paths from beside the file."""
    record = Record()
    code = Code.of(text, SYNTAX)
    lines = Lines(text)
    for name, at, token in code.calls(_INCLUDES | {"push!", "pushfirst!"}):
        line = lines.at(token.offset)
        arguments = code.arguments(at)
        if not arguments:
            continue
        if name.startswith("push"):
            if code.tokens[arguments[0][1]].text == "LOAD_PATH" and len(arguments) > 1:
                record.search += [(value, True) for value in code.values(arguments[1][1]) or ()]
            continue
        place = arguments[-1][1] if name == "Base.include" or len(arguments) == 2 else arguments[0][1]
        values = code.values(place)
        if values is None:
            if code.tokens[at - 2 - 1 : at - 2] and code.tokens[at - 3].text in ("function", "."):
                continue
            record.unknown.append(Unknown(line, code.shown(place), "the file that is loaded here"))
        else:
            record.loads += [Load(v if v.startswith((FILE, ROOT)) else f"{FILE}/../{v}", line) for v in values]
    for index, token in enumerate(code.tokens):
        if token.kind == "command":
            words = tuple((word, "$" not in word) for word in token.text.strip("`").split())
            record.spawns.append(Spawn(lines.at(token.offset), words=words or ((UNKNOWN, False),)))
        elif token.kind == "name" and token.text in ("using", "import") and code.tokens[index + 1 : index + 2]:
            _modules(code, index + 1, lines, lines.at(token.offset), record)
    return record


def _modules(code: Code, at: int, lines: Lines, line: int, record: Record) -> None:
    """`using A, B: f`: the modules, as files of their names; `.A` is one that an included file defines."""
    before = ","
    for token in code.tokens[at : at + 40]:
        if token.kind == "name" and before in (",", ".") and lines.at(token.offset) - line <= (before == ","):
            if before == ",":
                record.imports.append(Import(0, token.text.partition(".")[0], (), line, True))
        elif token.text not in (",", "."):
            break
        before = token.text
