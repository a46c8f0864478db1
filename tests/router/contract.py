"""What every type of the router's contract promises: frozen, slotted, without floats."""

from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def assert_contract_type(kind: type[Any]) -> None:
    """Fails unless the type is a frozen slotted dataclass without a float in it."""
    assert is_dataclass(kind)
    assert "__slots__" in vars(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    hints = get_type_hints(kind)
    assert all("float" not in str(hints[one.name]) for one in fields(kind))
