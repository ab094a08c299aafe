"""Escaping for GitHub Actions: text that must not be read as an expression, and text inside of one.

https://docs.github.com/actions/reference/workflows-and-actions/expressions#literals
"""

from __future__ import annotations


def literal(text: str) -> str:
    """A text for a place where GitHub evaluates ``${{ }}``, so that it comes out unchanged."""
    return text.replace("${{", "${{ '${{' }}")


def string(text: str) -> str:
    """A text as a string of GitHub's expression language."""
    return "'" + text.replace("'", "''") + "'"
