"""What Python code does, told from its bytecode: an oracle that shares nothing with `compiler/programs/meaning.py`.

Two files with equal behaviour compile to the same instructions, constants and names. Line numbers, positions and file names are
left out, and so is NOP, which the compiler puts where a line has no instruction of its own.
"""

from __future__ import annotations

import dis
import json
import warnings
from types import CodeType
from typing import Any

_SKIPPED = {"NOP", "EXTENDED_ARG", "CACHE"}


def behaviour(path: str, content: bytes) -> Any:
    """A value that is equal for two contents which do the same; None if the content cannot be compiled.

    Of a notebook, the cells of code, because Jupyter passes their text on: `%magic` lines are no Python.
    """
    try:
        if path.endswith(".ipynb"):
            return ["".join(cell["source"]) for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _of_code(compile(content, "code", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return None


def _of_code(code: CodeType) -> tuple[Any, ...]:
    kept = [instruction for instruction in dis.get_instructions(code) if instruction.opname not in _SKIPPED]
    offsets = [instruction.offset for instruction in kept]

    def place(offset: int) -> int:
        return sum(1 for known in offsets if known < offset) if offset not in places else places[offset]

    places = {offset: number for number, offset in enumerate(offsets)}
    jumps = set(dis.hasjrel) | set(dis.hasjabs)
    steps = tuple(
        (step.opname, place(step.argval) if step.opcode in jumps else _of_constant(step.argval)) for step in kept
    )
    handlers = tuple(
        (place(entry.start), place(entry.end), place(entry.target), entry.depth, entry.lasti)
        for entry in dis.Bytecode(code).exception_entries
    )
    signature = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_name, code.co_varnames, code.co_names, code.co_freevars, code.co_cellvars)
    return steps, handlers, signature, names, tuple(map(_of_constant, code.co_consts))


def _of_constant(value: Any) -> Any:
    """A constant with its type, so that 1, 1.0 and True, or 0.0 and -0.0, are different ones."""
    if isinstance(value, CodeType):
        return _of_code(value)
    if isinstance(value, tuple):
        return tuple(map(_of_constant, value))
    if isinstance(value, frozenset):
        return "frozenset", frozenset(map(_of_constant, value))
    return type(value).__name__, repr(value)
