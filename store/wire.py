"""Compact twins of dataclasses for msgpack: arrays in field order in place of maps with names.

A field with a default may be added at the end of a dataclass: older bytes still decode. Any other change of the
fields needs a new codec version; tests/store/test_codec.py holds the layout of the current one.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")
_twins: dict[tuple[type, int | None], type[msgspec.Struct]] = {}


def twin(cls: type, tag: int | None = None) -> type[msgspec.Struct]:
    """Return the array-like struct with the fields of dataclass `cls`, led by `tag` if there is one."""
    known = _twins.get((cls, tag))
    if known is not None:
        return known
    hints = get_type_hints(cls)
    specs: list[Any] = []
    for item in fields(cls):
        kind = _twin_of_annotation(hints[item.name])
        if item.default is not MISSING:
            specs.append((item.name, kind, item.default))
        elif item.default_factory is not MISSING:
            specs.append((item.name, kind, msgspec.field(default_factory=item.default_factory)))
        else:
            specs.append((item.name, kind))
    made = msgspec.defstruct(cls.__name__, specs, tag=tag, array_like=True, frozen=True, gc=False)
    _twins[cls, tag] = made
    return made


def to_twin(value: object, kind: type[T]) -> T:
    """Return `value` (a dataclass) as its twin `kind`."""
    return msgspec.convert(value, kind, from_attributes=True)


def from_twin(value: object, cls: type[T]) -> T:
    """Return the dataclass `cls` that the twin `value` stands for."""
    return msgspec.convert(value, cls, from_attributes=True)


def _twin_of_annotation(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is None:
        return twin(annotation) if isinstance(annotation, type) and is_dataclass(annotation) else annotation
    arguments = tuple(part if part is Ellipsis else _twin_of_annotation(part) for part in get_args(annotation))
    if origin is types.UnionType or origin is Union:
        return Union.__getitem__(arguments)
    if origin in (Mapping, dict):
        return dict.__class_getitem__(arguments)
    if origin in (tuple, Sequence):
        return tuple.__class_getitem__(arguments)
    raise TypeError(f"the codec cannot carry {annotation!r}")
