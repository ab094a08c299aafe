"""What Python reads back is what was written."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.emit.python import block, literal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_literals(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(st.text() | st.text(alphabet="\"\\\n'\r{}$"))
def test_blocks(text: str) -> None:
    assert ast.literal_eval(block(text)) == text
