"""The user's Makefile: targets that only wrap DVC are replaced by generated ones, the others move to local.mk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_RULE = re.compile(
    r"^(?P<names>[A-Za-z0-9_./@+%-]+(?:[ ]+[A-Za-z0-9_./@+%-]+)*)[ ]*::?(?![=:])(?P<prerequisites>[^=\n]*)$"
)
_PHONY = re.compile(r"^\.PHONY[ ]*:[ ]*(?P<names>.*)$")
_DIRECTIVE = re.compile(
    r"[ ]*(#|(-?include|sinclude|ifn?eq|ifn?def|else|endif|define|endef|export|unexport|override|private|vpath|undefine)\b"
    r"|[^:#=]*[+?!:]*:?=|[^:=#]*:[ ]*\w+[ ]*[+?:]*=)"
)
"""Unindented lines that are not rules: https://www.gnu.org/software/make/manual/html_node/Quick-Reference.html"""

_INCLUDE = re.compile(r"[ ]*(?:-?include|sinclude)[ ]+(?P<files>[^#\n]*)")
_GLOBAL = re.compile(
    r"^[ ]*(?:(?:export|override)[ ]+)*(?P<name>\.ONESHELL|\.POSIX|\.SECONDEXPANSION|\.RECIPEPREFIX|\.SHELLFLAGS|MAKEFLAGS|PIP"
    r"|SHELL(?![ ]*[:?]*=[ ]*(?:/usr)?(?:/bin/)?(?:bash|sh)[ ]*$))[ ]*[:?+]*[:=]", re.MULTILINE
)  # fmt: skip
"""Settings that an included file would also impose on the rules of the generated Makefile."""

_BUILT_IN = re.compile(
    r"\$[({](?:CC|CXX|FC|LD|AR|COMPILE\.\w+|LINK\.\w+)[)}]|^\.[a-z]+(\.[a-z]+)?[ ]*:|\.o\b", re.MULTILINE
)
"""Signs of the built-in rules of Make, which the generated Makefile turns off."""

_DVC = {
    "pipeline": re.compile(r"dvc repro"),
    "metrics": re.compile(r"dvc metrics show"),
    "plots": re.compile(r"dvc plots show"),
    "push": re.compile(r"dvc push"),
    "pull": re.compile(r"dvc pull"),
}
"""The generated targets that only call DVC, and the recipe of an equivalent target."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``[start, end)`` are its lines, counted from 0."""

    names: tuple[str, ...]
    prerequisites: str
    recipe: tuple[str, ...]
    start: int
    end: int

    @property
    def is_generated(self) -> bool:
        """Whether the generated Makefile has an equivalent target of this name."""
        return (
            len(self.names) == 1
            and not self.prerequisites.partition("#")[0].strip()
            and len(self.recipe) == 1
            and (recipe := _DVC.get(self.names[0])) is not None
            and recipe.fullmatch(self.recipe[0].lstrip("@").strip()) is not None
        )


@dataclass(frozen=True, slots=True)
class Split:
    """The text of local.mk, the targets that generated ones replace, and those that clash with generated ones."""

    local: str
    replaced: tuple[str, ...]
    clashing: tuple[str, ...]


def split(text: str, generated: frozenset[str]) -> Split:
    """Separate rules that only wrap DVC from the others. ``generated`` are the targets of the generated Makefile.

    A bare `make` still runs the user's first target.
    """
    lines = text.splitlines(keepends=True)
    rules = rules_of(lines)
    replaced = [rule for rule in rules if rule.is_generated]
    removed = {index for rule in replaced for index in range(rule.start, rule.end)}
    kept = "".join(line for index, line in enumerate(lines) if index not in removed)
    first = next(
        (rule.names[0] for rule in rules if not rule.names[0].startswith(".") and "%" not in rule.names[0]), None
    )
    goal = f".DEFAULT_GOAL := {first}\n" if first and ".DEFAULT_GOAL" not in text else ""
    head = "# Targets of this repository. The generated Makefile includes this file.\n"
    return Split(
        head + goal + kept,
        tuple(rule.names[0] for rule in replaced),
        tuple(name for rule in rules if not rule.is_generated for name in rule.names if name in generated),
    )


def obstacle(text: str, read: Callable[[str], str | None], generated: frozenset[str]) -> str:
    """Why the generated Makefile cannot include this one without changing its meaning; empty if it can.

    ``read`` returns the text of an included file, or None if it does not exist.
    """
    plain = text.replace("\\\n", "  ").replace("\\\r\n", "  ")
    if (setting := _GLOBAL.search(plain)) is not None:
        return f"it sets `{setting['name']}`, which would apply to generated targets too"
    if _BUILT_IN.search(plain):
        return "it relies on built-in rules of Make, which the generated Makefile turns off"
    for line in plain.splitlines():
        if (included := _INCLUDE.match(line)) is not None:
            for name in included["files"].split():
                if reason := _included_obstacle(name, read, generated):
                    return reason
        elif ":" in line and line[0] not in "\t#" and not _DIRECTIVE.match(line) and not _RULE.match(line):
            return f"the targets of `{line.strip()}` are not known before Make runs"
    return ""


def _included_obstacle(name: str, read: Callable[[str], str | None], generated: frozenset[str]) -> str:
    if name == "local.mk" or any(character in name for character in "$*?["):
        return f"it includes `{name}`"
    inner = read(name)
    if inner is None:
        return ""
    clash = sorted(targets_in(inner) & generated)
    if clash:
        return f"it includes `{name}`, whose target `{clash[0]}` would clash with a generated one"
    return obstacle(inner, lambda other: None if other == name else read(other), generated)


def rules_of(lines: list[str]) -> list[Rule]:
    """The explicit rules with their recipes; everything else (variables, conditionals, includes) is skipped."""
    rules: list[Rule] = []
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
            index -= 1  # blank lines after a rule do not belong to it
        rules.append(Rule(tuple(match["names"].split()), match["prerequisites"].strip(), tuple(recipe), start, index))
    return rules


def targets_in(text: str) -> frozenset[str]:
    """The names of all explicit rules of a Makefile."""
    return frozenset(name for rule in rules_of(text.splitlines(keepends=True)) for name in rule.names)
