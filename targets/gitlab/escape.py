"""Escaping for GitLab CI: rules about branches, and labels in which GitLab would look for variables.

Commands need none: GitLab gives the lines of a `script` to the shell as they are. What GitLab itself expands, and
that a ``$`` cannot be escaped there: https://docs.gitlab.com/ci/variables/where_variables_can_be_used/
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_./@-]+\Z")
_EXPANDED = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_][A-Za-z0-9_]*%")
_CLASS = re.compile(r"\[\^?[A-Za-z0-9_.-]+\]")


def label(text: str) -> str:
    """A text for `tags`, `environment` or `resource_group`. Raises ValueError where GitLab would put in a variable."""
    if found := _EXPANDED.search(text):
        raise ValueError(found.group())
    return text


def branch(pattern: str) -> str:
    """A condition of `rules:if` that holds for the branches of a pattern, as GitHub's filters write it.

    ``*`` stands for all but ``/``, ``**`` for everything, ``?`` and ``+`` repeat what is before them, ``[a-z]`` is one
    of these, and a backslash takes a meaning away:
    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
    """
    if _PLAIN.match(pattern):
        return f'$CI_COMMIT_BRANCH == "{pattern}"'
    return f"$CI_COMMIT_BRANCH =~ /^{_expression(pattern)}$/"


def tag(prefix: str) -> str:
    """A condition of `rules:if` that holds for the tags that start like this."""
    return f"$CI_COMMIT_TAG =~ /^{literal(prefix)}/"


def assignment(model: str, environment: str) -> str:
    """A condition that holds for the tag MODEL#ENVIRONMENT, or MODEL#ENVIRONMENT#N, by which GTO and Studio assign a version to an environment.

    Records of deployments are such tags, too; by their text they are told apart.
    """
    matches = f"$CI_COMMIT_TAG =~ /^{literal(f'{model}#{environment}')}(#[0-9]+)?$/"
    return f"{matches} && $CI_COMMIT_TAG_MESSAGE !~ /^{literal(f'{model}@')}\\S+ is in {literal(environment)}/"


def _expression(pattern: str) -> str:
    """The pattern as a regular expression of RE2, for a place between slashes."""
    parts: list[str] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        width = 1
        if pattern.startswith("**", index):
            part, width = ".*", 2
        elif char == "*":
            part = r"[^\/]*"
        elif char in "?+" and parts and parts[-1] not in ("?", "+"):
            part = char
        elif char == "[" and (found := _CLASS.match(pattern, index)):
            part, width = found.group(), len(found.group())
        elif char == "\\" and index + 1 < len(pattern):
            part, width = _literal(pattern[index + 1]), 2
        else:
            part = _literal(char)
        parts.append(part)
        index += width
    return "".join(parts)


def literal(text: str) -> str:
    """A regular expression for a place between slashes that matches only the text."""
    return "".join(map(_literal, text))


def _literal(char: str) -> str:
    if char == "$":
        return "[$]"  # an escaped one would still be looked at for a variable by gitlab-ci-local
    return f"\\{char}" if char in r"\/.^|?*+()[]{}" else char
