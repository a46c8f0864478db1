"""Twins of structs and dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import pytest

from store.wire import from_twin, to_twin, twin


class Inner(msgspec.Struct, frozen=True):
    skill: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    inner: Inner
    many: tuple[Inner, ...]
    by_name: Mapping[str, Inner]
    pair: tuple[str, int]
    maybe: Inner | None = None
    more: tuple[str, ...] = field(default_factory=tuple)


OUTER = Outer("a", Inner("x"), (Inner("y", 2),), {"z": Inner("z", 3)}, ("p", 4), Inner("m"))


def test_nested_values_become_arrays_and_come_back() -> None:
    data = msgspec.msgpack.encode(to_twin(OUTER, twin(Outer)))
    assert msgspec.msgpack.decode(data) == ["a", ["x", 1], [["y", 2]], {"z": ["z", 3]}, ["p", 4], ["m", 1], []]
    assert from_twin(msgspec.msgpack.decode(data, type=twin(Outer)), Outer) == OUTER


def test_a_tag_leads() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(to_twin(Inner("x"), twin(Inner, 9)))) == [9, "x", 1]


def test_a_twin_is_made_once() -> None:
    assert twin(Inner) is twin(Inner)
    assert twin(Inner) is not twin(Inner, 9)


def test_an_unordered_or_unknown_type_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Bad:
        names: frozenset[str]

    with pytest.raises(TypeError, match="cannot carry"):
        twin(Bad)
