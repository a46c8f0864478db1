"""A chat that waits for its customer is parked: its agent has other chats meanwhile, and gets it back first."""

from dataclasses import dataclass

from chat.events import Parked, Side
from chat.ports import ChatRefusedError
from chat.runner import ChatRunner
from router import events as facts
from router.commands import Refuse


@dataclass(frozen=True, slots=True)
class Park:
    """The agent who has the chat by that reservation parks it, until then (shard microseconds) at the latest.

    `last`: the number of the last message that the agent has seen.
    """

    agent_id: str
    reservation_id: str
    last: int
    until: int | None


async def park(chat: ChatRunner, asked: Park) -> None:
    """To be called in the chat's own turn. Raises ChatRefusedError."""
    if not chat.machine.may_speak(Side.AGENT, asked.reservation_id):
        raise ChatRefusedError("not_connected", "this chat is not yours now")
    if any(line.number > asked.last and line.author == "customer" for line in chat.tail):
        raise ChatRefusedError("customer_wrote", "the customer has just said something")
    event = facts.WorkParked(asked.reservation_id, asked.agent_id, asked.until)
    for answer in await chat.told.post(event):
        if isinstance(answer, Refuse):
            raise ChatRefusedError(answer.code, answer.message)
    # At once, not when the command comes by: what the customer said meanwhile is next, and brings it back.
    await chat.take_in(Parked(chat.work_id))
