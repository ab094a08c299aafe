"""The recipes that `make GOAL` runs, as commands: rules, prerequisites and variables of a Makefile that people write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .record import UNKNOWN

NAMES = ("GNUmakefile", "makefile", "Makefile")
"""The files that make reads, in this order."""
_MAX_LINES = 20_000
_VARIABLE = r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(\?=|::?=|\+=|=)[ \t]*(.*)\Z"
_REFERENCE = r"\$(?:\(([\w.-]+)\)|\{([\w.-]+)\}|([@<^*?+%A-Za-z])|(\$)|(\([^()]*\)|\{[^{}]*\}))"


@dataclass(slots=True)
class Rule:
    """A target: what it needs, and its recipe with the number of each line."""

    needs: list[str] = field(default_factory=list)
    recipe: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Makefile:
    """The rules of a Makefile by target, and its variables."""

    rules: dict[str, Rule] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)

    def commands(self, goals: Sequence[str]) -> list[tuple[int, str]]:
        """The recipe lines that the goals run, with the number of each."""
        waiting = list(goals) or [name for name in self.rules if not name.startswith(".")][:1]
        seen: set[str] = set()
        found: list[tuple[int, str]] = []
        while waiting:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            rule = self.rules.get(name) or self._pattern(name)
            if rule is None:
                continue
            waiting += rule.needs
            automatic = {"@": name, "<": rule.needs[0] if rule.needs else "", "^": " ".join(rule.needs)}
            found += [(line, self.expanded(text, automatic)) for line, text in rule.recipe]
        return found

    def assigned(self, arguments: Sequence[str]) -> list[str]:
        """Set the variables among the arguments of make; the goals are left."""
        goals: list[str] = []
        for argument in arguments:
            name, equals, value = argument.partition("=")
            if equals:
                self.variables[name] = value
            else:
                goals.append(argument)
        return goals

    def _pattern(self, name: str) -> Rule | None:
        for target, rule in self.rules.items():
            head, percent, tail = target.partition("%")
            if percent and name.startswith(head) and name.endswith(tail) and len(name) >= len(head) + len(tail):
                stem = name[len(head) : len(name) - len(tail)]
                return Rule([need.replace("%", stem) for need in rule.needs], rule.recipe)
        return None

    def expanded(self, text: str, automatic: dict[str, str] | None = None, depth: int = 0) -> str:
        """A text with its variables replaced; what make alone can compute is unknown."""

        def value(match: re.Match[str]) -> str:
            name = match.group(1) or match.group(2) or match.group(3)
            if match.group(4):
                return "$"
            if name in (automatic or {}):
                return (automatic or {})[name]
            if name is None or name not in self.variables or depth > 10:
                return {"MAKE": "make", "CURDIR": ".", "PWD": ".", "SHELL": "sh"}.get(name or "", UNKNOWN)
            return self.expanded(self.variables[name], automatic, depth + 1)[:4096]

        return re.sub(_REFERENCE, value, text[:65536])


def read_makefile(text: str) -> Makefile:
    """The rules and variables of a Makefile."""
    makefile = Makefile()
    current: list[Rule] = []
    lines = text.split("\n")[:_MAX_LINES]
    index = 0
    while index < len(lines):
        number, line = index + 1, lines[index]
        while line.endswith("\\") and index + 1 < len(lines) and len(line) < 65536:
            index += 1
            line = line[:-1] + " " + lines[index].lstrip("\t")
        index += 1
        if line.startswith("\t"):
            command = line.lstrip("\t @-+")
            for rule in current:
                rule.recipe.append((number, command))
            continue
        line = line.partition("#")[0].rstrip()
        if not line:
            continue
        if match := re.match(_VARIABLE, line[:65536]):
            name, operator, value = match.groups()
            if operator == "+=":
                value = f"{makefile.variables.get(name, '')} {value}"
            if operator != "?=" or name not in makefile.variables:
                makefile.variables[name] = value
        elif line.startswith(("include ", "-include ", "sinclude ")):
            makefile.includes += makefile.expanded(line.partition(" ")[2]).split()
        elif ":" in line and not line.startswith(("ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "define")):
            targets, _, rest = line.partition(":")
            needs, _, inline = rest.lstrip(":").partition(";")
            current = []
            for target in makefile.expanded(targets).split():
                rule = makefile.rules.setdefault(target, Rule())
                rule.needs += makefile.expanded(needs).replace("|", " ").split()
                if inline.strip():
                    rule.recipe.append((number, inline.strip()))
                current.append(rule)
    return makefile
