"""What every type of the router's contract promises: frozen, slotted, without floats."""

from dataclasses import is_dataclass
from typing import Any, get_type_hints

from msgspec import Struct


def assert_contract_type(kind: type[Any]) -> None:
    """Fails unless the type is a frozen struct, or a frozen slotted dataclass, without a float in it."""
    if issubclass(kind, Struct):
        assert kind.__struct_config__.frozen
    else:
        assert is_dataclass(kind)
        assert "__slots__" in vars(kind)
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    hints, names = get_type_hints(kind), kind.__match_args__  # type: ignore[union-attr]
    assert all("float" not in str(hints[name]) for name in names)
