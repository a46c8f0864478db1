"""Commands: all of the contract's kind."""

from typing import Any, get_args

import pytest

from router.commands import Command, Decision
from tests.router.contract import assert_contract_type


@pytest.mark.parametrize("kind", [*get_args(Command), Decision], ids=lambda kind: kind.__name__)
def test_commands_are_contract_types(kind: type[Any]) -> None:
    assert_contract_type(kind)
