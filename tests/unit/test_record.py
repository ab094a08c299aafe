"""Records: what is written like a dataclass behaves like one."""

from __future__ import annotations

import pytest
from mlopsc.compiler.record import Record, field


class Point(Record):
    """Two numbers, and what is said of them."""

    x: int
    y: int = 2
    said: list[str] = field(default_factory=list)


class Named(Point):
    """A point with a name."""

    name: str = ""


class Alone(Record, eq=False):
    """Equals itself only."""

    x: int


class Nothing(Record):
    """Has no fields."""


def test_fields_are_given_by_position_or_by_name() -> None:
    assert (Point(1).y, Point(1, 3).y, Point(y=4, x=1).y) == (2, 3, 4)
    assert Named(1, 2, [], "a").name == Named(1, name="a").name == "a"


def test_each_object_has_a_default_of_its_own() -> None:
    first, second = Point(1), Point(1)
    first.said.append("a")
    assert second.said == []
    given = ["b"]
    assert Point(1, said=given).said is given


@pytest.mark.parametrize("arguments", [{}, {"x": 1, "z": 2}])
def test_wrong_fields_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"'[xz]'"):
        Point(**arguments)


def test_equal_where_class_and_fields_are() -> None:
    assert Point(1) == Point(1)
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert Nothing() == Nothing()
    assert Nothing() != Point(1)
    one = Alone(1)
    assert one == one
    assert one != Alone(1)


def test_hashed_by_fields() -> None:
    class Pair(Record):
        a: str
        b: str | None = None

    assert len({Pair("a"), Pair("a", None), Pair("b")}) == 2
    assert len({Alone(1), Alone(1)}) == 2


def test_replace_leaves_the_first_as_it_was() -> None:
    first = Named(1, name="a")
    assert first.replace(x=5) == Named(5, name="a")
    assert first.x == 1
    assert repr(first) == "Named(x=1, y=2, said=[], name='a')"


def test_no_attribute_beside_the_fields() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]
    match Point(1, 7):
        case Point(x, y):
            assert (x, y) == (1, 7)
