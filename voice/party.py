"""One party of a conversation: the customer, or an agent for whom a work item stands. Pure.

docs/states/party.md is drawn from `TABLE`.
"""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

CUSTOMER = "customer"


class PartyKind(StrEnum):
    """Who somebody is in the conversation."""

    CUSTOMER = "customer"
    AGENT = "agent"
    NUMBER = "number"
    SUPERVISOR = "supervisor"


class PartyState(StrEnum):
    """Where somebody stands."""

    COMING = "coming"
    HERE = "here"
    HELD = "held"
    AWAY = "away"
    GONE = "gone"


class PartyCause(StrEnum):
    """What moves a party."""

    ARRIVE = "arrive"
    HOLD = "hold"
    RESUME = "resume"
    LOSE = "lose"
    RETURN = "return"
    LEAVE = "leave"


_LEAVES: dict[tuple[PartyState, PartyCause], PartyState] = {
    (state, PartyCause.LEAVE): PartyState.GONE for state in PartyState if state is not PartyState.GONE
}
# ARRIVE is somebody's leg that is there (again), LOSE a leg that is gone and may come back, RETURN a work item that
# goes back to its queue because the agent's side is gone for good.
TABLE: dict[tuple[PartyState, PartyCause], PartyState] = {
    (PartyState.COMING, PartyCause.ARRIVE): PartyState.HERE,
    (PartyState.HERE, PartyCause.HOLD): PartyState.HELD,
    (PartyState.HERE, PartyCause.LOSE): PartyState.AWAY,
    (PartyState.HERE, PartyCause.RETURN): PartyState.COMING,
    (PartyState.HELD, PartyCause.RESUME): PartyState.HERE,
    (PartyState.HELD, PartyCause.LOSE): PartyState.AWAY,
    (PartyState.HELD, PartyCause.RETURN): PartyState.COMING,
    (PartyState.AWAY, PartyCause.ARRIVE): PartyState.HERE,
    (PartyState.AWAY, PartyCause.HOLD): PartyState.HELD,
    (PartyState.AWAY, PartyCause.RETURN): PartyState.COMING,
    **_LEAVES,
}


@dataclass(slots=True, eq=False)
class Party:
    """`party_id` is `customer`, the work item that an agent came (or comes) by, or the name of a call to a number.

    `directed` is the one agent for whom the work item is kept. `takes_over`: when they arrive, the other agents leave.
    `held_by` is the party that put this one on hold. `away_until` (microseconds) is when a lost leg is gone for good.
    """

    party_id: str
    kind: PartyKind
    state: PartyState = PartyState.COMING
    leg_id: str = ""
    reservation_id: str = ""
    agent_id: str = ""
    queue: str = ""
    directed: str = ""
    takes_over: bool = False
    number: str = ""
    held_by: str = ""
    muted: bool = False
    connected: bool = False
    away_until: int | None = None

    @property
    def there(self) -> bool:
        """Whether they have a leg in this conversation, heard or not."""
        return self.state in (PartyState.HERE, PartyState.HELD)

    def move(self, cause: PartyCause) -> None:
        """Take the step that the table gives. KeyError for one that it does not have."""
        self.state = TABLE[self.state, cause]

    def view(self) -> "PartyView":
        """What may be shown of them."""
        return PartyView(
            self.party_id, self.kind, self.state, self.agent_id or self.directed, self.queue, self.muted, self.number
        )


class PartyView(Struct, frozen=True, gc=False):
    """A party as agents see it; `agent_id` is empty while nobody has taken the work item.

    `mode` and `beside` (a party) are those of a supervisor who listens.
    """

    party_id: str
    kind: PartyKind
    state: PartyState
    agent_id: str = ""
    queue: str = ""
    muted: bool = False
    number: str = ""
    mode: str = ""
    beside: str = ""
