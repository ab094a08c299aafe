"""Escaping for what Argo hands to a container: Argo reads every text of a workflow, and then the kubelet does.

Argo puts a variable in place of ``{{...}}``, stops at a ``{{`` without an end, and has no escape for either:
https://argo-workflows.readthedocs.io/en/latest/variables/. The kubelet puts one in place of ``$(NAME)`` in a command
and in the environment, and makes one ``$`` of two:
https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

from __future__ import annotations

import re

_KUBELET = re.compile(r"\$[$(]")


def word(text: str) -> str:
    """A text for a word of a command or for a variable. Raises ValueError where Argo would read it."""
    if "{{" in text:
        raise ValueError("{{")
    return text.replace("$", "$$") if _KUBELET.search(text) else text


def passes(text: str) -> bool:
    """Whether a text comes through where Argo puts it in place of a variable: it writes control characters as Go does.

    Such a text cannot be escaped, as whoever starts a workflow types it.
    """
    return "{{" not in text and not _KUBELET.search(text) and text.replace("\n", "").replace("\t", "").isprintable()


def prose(text: str) -> str:
    """A text for people: two braces are set apart, so that Argo does not read it."""
    return text.replace("{{", "{ {").replace("{{", "{ {")
