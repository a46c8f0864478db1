"""Compact twins of value types for msgpack: arrays in field order, not maps with names.

A struct that is `array_like` is written as it is, and needs a twin only to be read where a tag leads it.
A field with a default may be added at the end of a type: older bytes still decode. Any other change of the
fields needs a new codec version; tests/store/test_codec.py holds the layout of the current one.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT

T = TypeVar("T")
_twins: dict[tuple[type, int | None], type[msgspec.Struct]] = {}


def twin(cls: type, tag: int | None = None) -> type[msgspec.Struct]:
    """Return the array-like struct with the fields of `cls` (a struct or dataclass), led by `tag` if there is one."""
    if tag is None and issubclass(cls, msgspec.Struct) and cls.__struct_config__.array_like:
        return cls
    known = _twins.get((cls, tag))
    if known is not None:
        return known
    hints = get_type_hints(cls)
    specs: list[Any] = []
    for name, default, factory in _fields(cls):
        kind = _twin_of_annotation(hints[name])
        if default is not NODEFAULT:
            specs.append((name, kind, default))
        elif factory is not NODEFAULT:
            specs.append((name, kind, msgspec.field(default_factory=factory)))
        else:
            specs.append((name, kind))
    made = msgspec.defstruct(cls.__name__, specs, tag=tag, array_like=True, frozen=True, gc=False)
    _twins[cls, tag] = made
    return made


def to_twin(value: object, kind: type[T]) -> T:
    """Return `value` as its twin `kind`."""
    return msgspec.convert(value, kind, from_attributes=True)


def from_twin(value: object, cls: type[T]) -> T:
    """Return the `cls` that the twin `value` stands for."""
    return msgspec.convert(value, cls, from_attributes=True)


def _fields(cls: type) -> Iterator[tuple[str, Any, Any]]:
    """Each field's name, default and factory of defaults; NODEFAULT for what it has none of."""
    if issubclass(cls, msgspec.Struct):
        for item in msgspec.structs.fields(cls):
            yield item.name, item.default, item.default_factory
        return
    for one in fields(cls):  # type: ignore[arg-type]  # what carries fields is a struct or a dataclass
        yield one.name, _or_none(one.default), _or_none(one.default_factory)


def _or_none(default: object) -> object:
    return NODEFAULT if default is MISSING else default


def _is_value(annotation: Any) -> bool:
    return isinstance(annotation, type) and (issubclass(annotation, msgspec.Struct) or is_dataclass(annotation))


def _twin_of_annotation(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is None:
        return twin(annotation) if _is_value(annotation) else annotation
    arguments = tuple(part if part is Ellipsis else _twin_of_annotation(part) for part in get_args(annotation))
    if origin is types.UnionType or origin is Union:
        return Union.__getitem__(arguments)
    if origin in (Mapping, dict):
        return dict.__class_getitem__(arguments)
    if origin in (tuple, Sequence):
        return tuple.__class_getitem__(arguments)
    raise TypeError(f"the codec cannot carry {annotation!r}")
