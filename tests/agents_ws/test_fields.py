import msgspec
import pytest

from agents_ws.fields import Digit, Sequence, snake_case


def test_wire_names_are_snake_case() -> None:
    assert [snake_case(name) for name in ("Ack", "FinishWrapUp")] == ["ack", "finish_wrap_up"]


@pytest.mark.parametrize("digit", ["", "12", "a", "E", "5\n", "\uff15"])
def test_only_telephone_digits(digit: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(digit, Digit)


def test_numbers_stay_exact_in_javascript() -> None:
    assert msgspec.convert(2**53, Sequence) == 2**53
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(2**53 + 1, Sequence)
