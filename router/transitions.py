"""How every state machine of the router takes a step: one look into its table, and a defined error beside it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from router.errors import IllegalTransitionError

State = TypeVar("State", bound=StrEnum)
Cause = TypeVar("Cause", bound=StrEnum)


def step(machine: str, table: Mapping[tuple[State, Cause], State], state: State, cause: Cause) -> State:
    """The state that follows; raises IllegalTransitionError when the table has no such entry."""
    after = table.get((state, cause))
    if after is None:
        raise IllegalTransitionError(machine, state, cause)
    return after
