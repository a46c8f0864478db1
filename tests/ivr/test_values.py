"""Filling, testing and taking values."""

import pytest

from ivr.flow import Case, Condition, Test
from ivr.values import at_path, branch, decimal, fill, holds, is_path, names_in, take

ANSWER = {"order": {"state": "sent", "items": [{"count": 2}, {"count": 3.5}]}, "vip": True, "none": None}


@pytest.mark.parametrize(
    ("test", "values", "value", "expected"),
    [
        ("equals", ("gold",), "gold", True),
        ("equals", ("gold",), "golden", False),
        ("in", ("a", "b"), "b", True),
        ("in", ("a", "b"), "", False),
        ("prefix", ("+86",), "+8613", True),
        ("prefix", ("+86",), "86", False),
        ("greater", ("99",), "100", True),
        ("greater", ("99",), "99", False),
        ("less", ("1.5",), "1.25", True),
        ("less", ("1.5",), "few", False),
        ("less", ("1.5",), "NaN", False),
        ("exists", ("true",), "x", True),
        ("exists", ("true",), None, False),
        ("exists", ("false",), None, True),
        ("exists", ("false",), "x", False),
        ("phone", ("true",), "+8613800000000", True),
        ("phone", ("true",), "alice", False),
        ("phone", ("true",), "1" * 16, False),
        ("phone", ("false",), "alice", True),
        ("equals", ("",), None, False),
    ],
)
def test_a_case_holds_or_not(test: Test, values: tuple[str, ...], value: str | None, expected: bool) -> None:
    assert holds(Case("key", test, values, "next"), value) is expected


def test_the_first_case_that_holds_decides_and_the_value_is_not_told() -> None:
    cases = (Case("tier", "equals", ("gold",), "a"), Case("tier", "exists", ("true",), "b"))
    node = Condition("vip", cases, "c")
    assert branch(node, lambda _key: "gold") == ("a", "case 1: tier")
    assert branch(node, lambda _key: "secret") == ("b", "case 2: tier")
    assert branch(node, lambda _key: None) == ("c", "otherwise")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("order.state", "sent"),
        ("order.items[0].count", "2"),
        ("order.items[1].count", "3.5"),
        ("order.items[2].count", None),
        ("order.items", None),
        ("order.state.more", None),
        ("[0]", None),
        ("vip", "true"),
        ("none", None),
        ("other", None),
    ],
)
def test_a_value_is_taken_out_of_json(path: str, found: str | None) -> None:
    assert is_path(path)
    assert at_path(ANSWER, path) == found


def test_a_list_may_be_the_whole_answer_and_long_texts_are_cut() -> None:
    assert at_path([{"a": "x" * 500}], "[0].a") == "x" * 200
    assert take(ANSWER, {"state": "order.state", "gone": "order.gone"}) == {"state": "sent"}


@pytest.mark.parametrize("path", ["", ".a", "a..b", "a[", "a[x]", "a b", "a[1", "$.a"])
def test_what_is_no_path(path: str) -> None:
    assert not is_path(path)


def test_holes_are_filled() -> None:
    assert fill("{a}-{b}-{c}", {"a": "1", "b": "2"}.get) == "1-2-"
    assert names_in("{a} and {b_2}, not { c }") == ["a", "b_2"]
    assert decimal("1e3") == 1000
    assert decimal("inf") is None
