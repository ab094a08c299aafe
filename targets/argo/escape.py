"""Escaping for text that Argo passes to a container: first Argo substitutes in every text of a workflow, then the kubelet.

Argo substitutes ``{{...}}``, stops at a ``{{`` without an end, and has no escape for either:
https://argo-workflows.readthedocs.io/en/latest/variables/. The kubelet substitutes ``$(NAME)`` in commands and in the
environment, and turns ``$$`` into ``$``:
https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

from __future__ import annotations

import re

_KUBELET = re.compile(r"\$[$(]")


def word(text: str) -> str:
    """A text as a word of a command or the value of a variable. Raises ValueError if Argo would substitute in it."""
    if "{{" in text:
        raise ValueError("{{")
    return text.replace("$", "$$") if _KUBELET.search(text) else text


def passes(text: str) -> bool:
    """Whether a text stays the same as the value of a parameter, which Argo substitutes and writes in Go's syntax.

    Such a text cannot be escaped: whoever starts a workflow types it.
    """
    return "{{" not in text and not _KUBELET.search(text) and text.replace("\n", "").replace("\t", "").isprintable()


def prose(text: str) -> str:
    """A text for people: a space between two braces keeps Argo from substituting."""
    return text.replace("{{", "{ {").replace("{{", "{ {")
