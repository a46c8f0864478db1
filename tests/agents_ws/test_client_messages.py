from typing import get_args

import msgspec
import pytest

from agents_ws import client_messages


@pytest.mark.parametrize("kind", get_args(client_messages.ClientMessage), ids=lambda kind: kind.__name__)
def test_a_misspelled_field_is_an_error(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.forbid_unknown_fields


@pytest.mark.parametrize("kind", get_args(client_messages.Command), ids=lambda kind: kind.__name__)
def test_every_command_can_be_answered(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_fields__[0] == "ref"
