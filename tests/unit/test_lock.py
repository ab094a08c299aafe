"""The lock: what it holds of each file."""

import hashlib

import pytest
from mlopsc.compiler.write.lock import digest, sha256


@pytest.mark.parametrize("length", [0, 1, 2**18 - 1, 2**18])
def test_the_hash_is_the_one_of_the_standard_library(length: int) -> None:
    content = b"\xff" * length
    assert sha256(content) == hashlib.sha256(content).hexdigest()


def test_line_ends_do_not_count() -> None:
    assert digest("a\r\nb\n") == digest("a\nb\n") == "sha256:" + hashlib.sha256(b"a\nb\n").hexdigest()
