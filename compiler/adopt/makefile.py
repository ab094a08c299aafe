"""The user's Makefile: which of its targets only wrap DVC, and what becomes of the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_RULE = re.compile(r"^(?P<names>[A-Za-z0-9_./@+%-]+(?:[ ]+[A-Za-z0-9_./@+%-]+)*)[ ]*::?(?![=:])(?P<needs>[^=\n]*)$")
_PHONY = re.compile(r"^\.PHONY[ ]*:[ ]*(?P<names>.*)$")
_DIRECTIVE = re.compile(
    r"[ ]*(#|(-?include|sinclude|ifn?eq|ifn?def|else|endif|define|endef|export|unexport|override|private|vpath|undefine)\b"
    r"|[^:#=]*[+?!:]*:?=|[^:=#]*:[ ]*\w+[ ]*[+?:]*=)"
)
"""What stands at the left edge and is no rule: https://www.gnu.org/software/make/manual/html_node/Quick-Reference.html"""

_INCLUDE = re.compile(r"[ ]*(?:-?include|sinclude)[ ]+(?P<files>[^#\n]*)")
_FOR_ALL = re.compile(
    r"^[ ]*(?:(?:export|override)[ ]+)*(?P<name>\.ONESHELL|\.POSIX|\.SECONDEXPANSION|\.RECIPEPREFIX|\.SHELLFLAGS|MAKEFLAGS|PIP"
    r"|SHELL(?![ ]*[:?]*=[ ]*(?:/usr)?(?:/bin/)?(?:bash|sh)[ ]*$))[ ]*[:?+]*[:=]", re.MULTILINE
)  # fmt: skip
"""What would hold for the rules of the made Makefile too, when a file that it includes says it."""

_BUILT_IN = re.compile(
    r"\$[({](?:CC|CXX|FC|LD|AR|COMPILE\.\w+|LINK\.\w+)[)}]|^\.[a-z]+(\.[a-z]+)?[ ]*:|\.o\b", re.MULTILINE
)
"""Signs of Make's built-in rules, which the made Makefile switches off."""

_DVC = {
    "pipeline": re.compile(r"dvc repro"),
    "metrics": re.compile(r"dvc metrics show"),
    "plots": re.compile(r"dvc plots show"),
    "push": re.compile(r"dvc push"),
    "pull": re.compile(r"dvc pull"),
}
"""The targets of the made Makefile that do nothing but call DVC, and the command of a target that is the same."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as it stands: its lines are ``[start, end)`` of the file, counted from 0."""

    names: tuple[str, ...]
    needs: str
    recipe: tuple[str, ...]
    start: int
    end: int

    @property
    def taken_over(self) -> bool:
        """Whether the made Makefile has a target of this name that does the same."""
        return (
            len(self.names) == 1
            and not self.needs.partition("#")[0].strip()
            and len(self.recipe) == 1
            and (same := _DVC.get(self.names[0])) is not None
            and same.fullmatch(self.recipe[0].lstrip("@").strip()) is not None
        )


@dataclass(frozen=True, slots=True)
class Split:
    """What a Makefile becomes: the text of local.mk, the targets taken over, and the ones that stand in the way."""

    local: str
    taken: tuple[str, ...]
    clashing: tuple[str, ...]


def split(text: str, made: frozenset[str]) -> Split:
    """Part what only wraps DVC from the user's own. ``made`` are the targets of the Makefile that is to be written.

    The user's first target stays what a bare `make` runs.
    """
    lines = text.splitlines(keepends=True)
    rules = rules_of(lines)
    taken = [rule for rule in rules if rule.taken_over]
    own = [rule for rule in rules if not rule.taken_over]
    gone = {index for rule in taken for index in range(rule.start, rule.end)}
    kept = "".join(line for index, line in enumerate(lines) if index not in gone)
    first = next(
        (rule.names[0] for rule in rules if not rule.names[0].startswith(".") and "%" not in rule.names[0]), None
    )
    goal = f".DEFAULT_GOAL := {first}\n" if first and ".DEFAULT_GOAL" not in text else ""
    head = "# The targets that are this repository's own; the Makefile, which mlopsc makes, includes them.\n"
    return Split(
        head + goal + kept,
        tuple(rule.names[0] for rule in taken),
        tuple(name for rule in own for name in rule.names if name in made),
    )


def obstacle(text: str, read: Callable[[str], str | None], made: frozenset[str]) -> str:
    """Why a Makefile cannot be included by the made one and mean the same; empty where it can.

    ``read`` gives the text of a file that it includes, or None where there is none.
    """
    plain = text.replace("\\\n", "  ").replace("\\\r\n", "  ")
    if (found := _FOR_ALL.search(plain)) is not None:
        return f"it sets `{found['name']}`, which would hold for made targets too"
    if _BUILT_IN.search(plain):
        return "it builds on rules that are built into Make, which the made one switches off"
    for line in plain.splitlines():
        if (included := _INCLUDE.match(line)) is not None:
            for name in included["files"].split():
                if why := _of_included(name, read, made):
                    return why
        elif ":" in line and line[0] not in "\t#" and not _DIRECTIVE.match(line) and not _RULE.match(line):
            return f"it cannot be told which targets `{line.strip()}` makes"
    return ""


def _of_included(name: str, read: Callable[[str], str | None], made: frozenset[str]) -> str:
    if name == "local.mk" or "$" in name or any(each in name for each in "*?["):
        return f"it includes `{name}`"
    inner = read(name)
    if inner is None:
        return ""
    clash = sorted(targets_in(inner) & made)
    if clash:
        return f"it includes `{name}`, whose `{clash[0]}` would clash with one that is made"
    return obstacle(inner, lambda other: None if other == name else read(other), made)


def rules_of(lines: list[str]) -> list[Rule]:
    """The explicit rules, with their recipes. What is no rule (variables, conditionals, includes) is not told apart."""
    found: list[Rule] = []
    index = 0
    while index < len(lines):
        start = index
        line = lines[index].rstrip("\r\n")
        index += 1
        match = _RULE.match(line)
        if match is None or _PHONY.match(line):
            continue
        recipe = []
        while index < len(lines) and (lines[index].startswith("\t") or not lines[index].strip()):
            if lines[index].strip():
                recipe.append(lines[index].strip())
            index += 1
        while index > start + 1 and not lines[index - 1].strip():
            index -= 1  # blank lines behind a rule are not its own
        found.append(Rule(tuple(match["names"].split()), match["needs"].strip(), tuple(recipe), start, index))
    return found


def targets_in(text: str) -> frozenset[str]:
    """The names of all explicit rules of a Makefile."""
    return frozenset(name for rule in rules_of(text.splitlines(keepends=True)) for name in rule.names)
