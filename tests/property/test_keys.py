"""Keys of parameters: what they match is what dpath, which DVC asks, matches."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.read.keys import matches

dpath = pytest.importorskip("dpath")

NAMES = st.sampled_from(["a", "b", "ab", "0", "1", "True", "x[0]", "a*", "-1"])
KEYS = NAMES | st.sampled_from([0, 1, True, 1.0])
LEAVES = st.sampled_from([None, 0, 1.5, "text", ""])
DATA = st.dictionaries(
    KEYS,
    st.recursive(LEAVES, lambda below: st.dictionaries(KEYS, below, max_size=3) | st.lists(below, max_size=3), max_leaves=8),
    max_size=4,
)  # fmt: skip
PARTS = st.sampled_from(["a", "b", "ab", "0", "1", "-1", "True", "*", "a*", "?", "[ab]", "x[[]0]", "**", "", "c", " 1"])


@settings(max_examples=400, deadline=None)
@given(DATA, st.lists(PARTS, min_size=1, max_size=3).filter(lambda parts: parts.count("**") < 2).map(".".join))
@example({"d": {"a": 1, "b": 2}}, "d.*")
@example({"a": [1, {"b": 2}]}, "a.**")
@example({"a": 1}, "**")
def test_a_key_matches_what_it_matches_for_dpath(data: dict[Any, Any], key: str) -> None:
    try:
        expected = [dpath.get(data, key, separator=".")]
    except KeyError:
        expected = []
    except ValueError:  # several
        assert len(matches(data, key)) > 1
        return
    assert matches(data, key) == expected
