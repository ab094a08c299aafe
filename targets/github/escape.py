"""Escaping for GitHub Actions: text that is not to be taken for an expression.

https://docs.github.com/actions/reference/workflows-and-actions/expressions#literals
"""

from __future__ import annotations


def literal(text: str) -> str:
    """A text for a place where GitHub evaluates ``${{ }}``, so that it comes out as it is."""
    return text.replace("${{", "${{ '${{' }}")
