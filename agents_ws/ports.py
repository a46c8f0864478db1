"""What the endpoint needs of the rest of the server; `server/` implements it."""

from typing import Protocol

from msgspec import Struct

from agents_ws.messages import AgentIdentity, CallCommand, Snapshot
from router.vocabulary import Medium


class Refusal(Struct, frozen=True, gc=False):
    """A request had no effect: it came too late or was not legal. `code` is stable, `message` for people."""

    code: str
    message: str


class Gateway(Protocol):
    """The agent's side of routing and voice. A method returns after the effect is committed, or with a Refusal.

    Each call acts for the agent that the token named; the gateway checks that a reservation belongs to that agent.
    """

    async def authenticate(self, token: str) -> AgentIdentity | None:
        """Whose token it is, or None when it is unknown, expired or withdrawn."""
        ...

    def identity(self, agent_id: str) -> AgentIdentity | None:
        """Who the agent is; None when they take no work here any more."""
        ...

    async def may_stay(self, agent_id: str, token: str) -> bool:
        """Whether the token still names the agent. One with work in hand stays to finish it, and gets nothing new."""
        ...

    async def connected(self, agent_id: str) -> int:
        """A connection of the agent begins; returns its generation, greater than every earlier one."""
        ...

    async def disconnected(self, agent_id: str, generation: int) -> None:
        """That connection is gone (it may have been replaced by a newer one already)."""
        ...

    async def snapshot(self, agent_id: str) -> Snapshot:
        """All that the agent's page shows now; `seq` is filled in by the session."""
        ...

    async def set_presence(self, agent_id: str, presence: str, reason: str | None) -> Refusal | None:
        """`presence` is ready or not_ready."""
        ...

    async def queue_presence(self, agent_id: str, presence: str | None, reason: str | None) -> Refusal | None:
        """What comes when all work is over: ready, not_ready or offline; None takes it back."""
        ...

    async def pause_media(self, agent_id: str, media: tuple[Medium, ...]) -> Refusal | None:
        """Nothing new of exactly these media."""
        ...

    async def echo_test(self, agent_id: str, on: bool) -> Refusal | None:
        """The agent hears themselves back, or no more."""
        ...

    async def accept(self, agent_id: str, reservation_id: str) -> Refusal | None:
        """Take the offer."""
        ...

    async def reject(self, agent_id: str, reservation_id: str, reason: str | None) -> Refusal | None:
        """Decline the offer."""
        ...

    async def hang_up(self, agent_id: str, reservation_id: str) -> Refusal | None:
        """End the conversation."""
        ...

    async def call(self, agent_id: str, command: CallCommand) -> Refusal | None:
        """Hold, mute, transfer, swap, conference or drop in a call of theirs."""
        ...

    async def ask_supervisor(self, agent_id: str, reservation_id: str, on: bool) -> Refusal | None:
        """Ask for help with work that they hold (`on`), or withdraw that."""
        ...

    async def park(self, agent_id: str, reservation_id: str, last: int, until_us: int | None) -> Refusal | None:
        """Park a chat of which they have seen everything up to `last`."""
        ...

    async def unpark(self, agent_id: str, interaction_id: str) -> Refusal | None:
        """Have a parked chat back."""
        ...

    async def call_back(self, agent_id: str, follow_up: int) -> Refusal | None:
        """Call the customer of a follow-up."""
        ...

    async def watch_targets(self, agent_id: str, medium: Medium | None) -> Refusal | None:
        """To whom work of the medium can be handed on, told with each change from now on; None: no more."""
        ...

    async def send_digit(self, agent_id: str, reservation_id: str, digit: str) -> Refusal | None:
        """One of 0-9, A-D, * and #."""
        ...

    async def extend_wrap_up(self, agent_id: str, reservation_id: str, by_s: int) -> Refusal | None:
        """So many seconds more of it, as far as the queue allows."""
        ...

    async def finish_wrap_up(
        self, agent_id: str, reservation_id: str, disposition: str | None, note: str | None
    ) -> Refusal | None:
        """Close wrap-up; the note belongs to the interaction's record."""
        ...

    async def chat_message(self, agent_id: str, reservation_id: str, client_id: str, text: str) -> Refusal | None:
        """Say something in a chat; returns when it is kept and on its way."""
        ...

    def chat_typing(self, agent_id: str, reservation_id: str, on: bool) -> None:
        """The agent types, or not; without effect when the chat is over."""
        ...

    def chat_read(self, agent_id: str, reservation_id: str, number: int) -> None:
        """The agent has read up to this message; without effect when the chat is over."""
        ...

    async def open_leg(self, agent_id: str, sdp: str) -> str | Refusal:
        """The SDP answer to the browser's offer."""
        ...

    async def sign_out(self, agent_id: str) -> Refusal | None:
        """Presence becomes offline."""
        ...
