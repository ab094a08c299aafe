"""What a stage or a parameter is called comes to the worker as it is, or is refused: through Argo, then the kubelet."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mlopsc.targets.argo.escape import passes, prose, word
from walked import argo, kubelet

PIECES = st.sampled_from(
    ["{", "{{", "}}", "$", "$(", ")", "HOME", "workflow.name", "=", " ", "'", '"', "\\", "\n", "é"]
)
TEXTS = st.lists(PIECES | st.text(max_size=3)).map("".join)
ENVIRONMENT = {"HOME": "/root", "": "nothing"}
VARIABLES = {"workflow.name": "wine-x", "inputs.parameters.stage": "a"}


def carried(text: str) -> str:
    return kubelet(argo(text, VARIABLES), ENVIRONMENT)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS)
@example("$(HOME) $$(HOME) $$$$")
@example("{{workflow.name}}")
@example("a{{")
def test_words(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert carried(word(text)) == text
    if "{{" not in text:
        word(text)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS)
@example("{{workflow.name}}")
@example("$(HOME)")
@example("\x7f")
@example("two\nlines")
def test_values_that_pass(value: str) -> None:
    if passes(value):
        filled = argo("x={{workflow.parameters.x}}", {"workflow.parameters.x": value})
        assert carried(filled) == f"x={value}"


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS)
@example("{{{workflow.name}}}")
def test_prose(text: str) -> None:
    assert argo(prose(text), {}).replace(" ", "") == text.replace(" ", "")


def test_ordinary_texts_stay_as_they_are() -> None:
    for text in ("train@4-8", "a b", "100%", "$HOME", "{x}", "été"):
        assert word(text) == prose(text) == text
        assert passes(text)
