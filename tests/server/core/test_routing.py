"""The pump and a shard's member are the same to every part of a node."""

from inspect import iscoroutinefunction

import pytest

from server.core.member import ShardMember
from server.core.pump import Pump
from server.core.routing import Routing

NAMES = [name for name in vars(Routing) if not name.startswith("_") and name not in ("dispatcher", "trouble")]


@pytest.mark.parametrize("name", NAMES)
def test_both_have_all_of_it(name: str) -> None:
    wanted = iscoroutinefunction(getattr(Routing, name))
    assert iscoroutinefunction(getattr(Pump, name)) is wanted
    assert iscoroutinefunction(getattr(ShardMember, name)) is wanted


def test_types_agree() -> None:
    implementations: list[type[Routing]] = [Pump, ShardMember]
    assert len(implementations) == 2
