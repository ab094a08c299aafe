"""What an R file loads: `source`, `box::use`, `targets`, R Markdown, C++, Python and commands."""

from __future__ import annotations

import re

from .expressions import R_TOKENS, Code, Lines, Syntax, Token
from .record import FILE, UNKNOWN, Load, Record, Spawn, Unknown

SYNTAX = Syntax(
    tokens=R_TOKENS,
    joins=frozenset(["here", "file.path", "path", "path_wd", "find_rstudio_root_file", "find_root_file", "path_package"]),
    concats=frozenset(["paste0", "glue", "str_c", "str_glue"]),
    vectors=frozenset(["c", "list"]),
    same=frozenset(["normalizePath", "as.character", "path_abs", "path_norm", "file.path", "path_real", "glue", "sort", "rev",
                    "unlist", "I", "invisible", "Sys.glob"]) - {"file.path", "glue"},
    listings=frozenset(["list.files", "dir", "dir_ls"]),
    constants={"getwd": ".", "here": ""},
)  # fmt: skip
_SOURCES = frozenset(["source", "sys.source", "sourceCpp", "source_python", "py_run_file", "source_url_x", "read_chunk",
                      "sourceDirectory", "tar_source", "source_file", "source_here", "try_source"])  # fmt: skip
_DOCUMENTS = frozenset(["render", "knit", "purl", "spin", "quarto_render", "rscript", "rscript_process", "knit2html",
                        "render_site_x", "render_book"])  # fmt: skip
_MAPS = frozenset(["lapply", "sapply", "vapply", "walk", "map", "purrr::walk", "Map", "for_each", "invisible_x"])
_SPAWNS = frozenset(["system", "system2", "shell", "run_x", "exec_wait", "processx::run"])
_PROJECT = frozenset(["tar_make", "tar_make_clustermq", "tar_make_future", "load_all"])
_BOX = r"[.\w/]+\Z"


def read_r(text: str) -> Record:
    """The record of an R file."""
    record = Record()
    code = Code.of(text, SYNTAX)
    lines = Lines(text)
    mapped = {token.offset for token in _mapped(code, record, lines)}
    wanted = _SOURCES | _DOCUMENTS | _SPAWNS | _PROJECT | {"use", "import_from_path", "load_all", "from"}
    for name, at, token in code.calls(wanted):
        line = lines.at(token.offset)
        if token.offset in mapped:
            continue
        if name == "use":
            _box(code, at, token, record, line)
        elif name == "from" and token.text.startswith("import::"):
            _first(code, at, record, line, "file", quiet=True)
        elif name in _SOURCES:
            if name == "tar_source":
                arguments = code.arguments(at)
                values = code.values(arguments[0][1]) if arguments else ("R",)
                record.loads += [
                    Load(f"{value}/*" if not value.lower().endswith(".r") else value, line) for value in values or ()
                ]
            elif name == "sourceDirectory":
                values = code.values(at)
                record.loads += [Load(f"{value}/*", line) for value in values or ()]
            else:
                _first(code, at, record, line, "file")
        elif name in _DOCUMENTS:
            _first(code, at, record, line, "input", program=True)
        elif name in _SPAWNS:
            _spawned(code, name, at, record, line)
        elif name == "load_all":
            record.loads.append(Load("R/*", line))
        elif name in _PROJECT:
            record.loads.append(Load("_targets.R", line, True))
    return record


def _mapped(code: Code, record: Record, lines: Lines) -> list[Token]:
    """`lapply(FILES, source)` and `for (f in FILES) source(f)`, whose files are read from the vector."""
    found: list[Token] = []
    for _, at, token in code.calls(_MAPS):
        arguments = code.arguments(at)
        if len(arguments) < 2:
            continue
        second = code.tokens[arguments[1][1]]
        if second.text.rpartition("::")[2] not in ("source", "sys.source"):
            continue
        values = code.values(arguments[0][1])
        if values is None:
            record.unknown.append(
                Unknown(lines.at(token.offset), code.shown(arguments[0][1]), "the file that is loaded here")
            )
        else:
            record.loads += [Load(value, lines.at(token.offset)) for value in values]
        found.append(second)
    return found


def _first(
    code: Code, at: int, record: Record, line: int, key: str, program: bool = False, quiet: bool = False
) -> None:
    """The file that is the first argument of a call."""
    arguments = code.arguments(at)
    place = next((place for name, place in arguments if name == key), None)
    if place is None:
        place = next((place for name, place in arguments if not name), None)
    if place is None:
        return
    values = code.values(place)
    if values is None:
        if not quiet:
            record.unknown.append(Unknown(line, code.shown(place), "the file that is loaded here"))
        return
    record.loads += [Load(value, line, program) for value in values if "://" not in value and "\n" not in value]


def _box(code: Code, at: int, token: Token, record: Record, line: int) -> None:
    """`box::use(./a, ../lib/b[f], path/c)`: modules that are named without quotes."""
    if not token.text.startswith("box::"):
        if token.text.startswith("modules::"):
            _first(code, at, record, line, "module", quiet=True)
        return
    for _, start in code.arguments(at):
        name = ""
        for part in code.tokens[start : start + 40]:
            if part.kind not in ("name", "number") and part.text not in ("/", ".", "-"):
                break
            name += part.text
        name = name.partition("=")[2] or name
        if "/" not in name or not re.match(_BOX, name):
            continue
        base = f"{FILE}/../{name}" if name.startswith(".") else name
        record.loads += [Load(f"{base}{end}", line) for end in (".R", ".r", "/__init__.R", "/__init__.r")]


def _spawned(code: Code, name: str, at: int, record: Record, line: int) -> None:
    arguments = code.arguments(at)
    if not arguments:
        return
    values = code.values(arguments[0][1])
    if name == "system2":
        place = next((place for key, place in arguments[1:] if key in ("", "args")), None)
        places = [place] if place is not None else []
        if place is not None and code.tokens[place].text == "c":
            places = [element for _, element in code.arguments(place + 2)]
        rest: tuple[tuple[str, bool], ...] = ()
        for element in places:
            words = code.values(element)
            known = words is not None and len(words) == 1
            rest += tuple((word, True) for word in words[0].split()) if words and known else ((UNKNOWN, False),)
        program = values[0] if values else None
        record.spawns.append(Spawn(line, words=((program or UNKNOWN, program is not None), *rest)))
        return
    for value in values or (UNKNOWN,):
        record.spawns.append(Spawn(line, text=value))
