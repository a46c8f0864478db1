from typing import get_args

import msgspec
import pytest

from agents_ws import server_messages


@pytest.mark.parametrize("kind", get_args(server_messages.NumberedMessage), ids=lambda kind: kind.__name__)
def test_whatever_is_resumed_is_numbered(kind: type[msgspec.Struct]) -> None:
    assert "seq" in kind.__struct_fields__


@pytest.mark.parametrize("kind", get_args(server_messages.ServerMessage), ids=lambda kind: kind.__name__)
def test_clients_may_be_older_than_the_server(kind: type[msgspec.Struct]) -> None:
    assert not kind.__struct_config__.forbid_unknown_fields
