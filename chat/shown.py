"""What a chat's visitor is shown of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from chat.events import Side
from chat.machine import ChatState
from chat.messages import Status

if TYPE_CHECKING:
    from chat.runner import ChatRunner

# The visitor of a parked chat is still talking with somebody.
_SHOWN: Mapping[ChatState, Literal["waiting", "talking", "ended"]] = {
    ChatState.WAITING: "waiting",
    ChatState.TALKING: "talking",
    ChatState.PARKED: "talking",
    ChatState.ENDED: "ended",
}


def status_of(chat: "ChatRunner") -> Status:
    """The status of this moment."""
    machine, agent = chat.machine, chat.machine.progress[Side.AGENT]
    waiting = machine.state is ChatState.WAITING
    return Status(
        version=chat.version,
        chat_id=chat.chat_id,
        state=_SHOWN[machine.state],
        parked=machine.state is ChatState.PARKED,
        last=machine.last,
        place=machine.place,
        expected_wait_s=machine.expected_wait_s,
        agent=None if waiting else chat.agent_name,
        typing=machine.typing(Side.AGENT),
        delivered=agent.delivered,
        read=agent.read,
        handed_on=waiting and machine.handed_on,
        ended_by=machine.ended_by.value if machine.ended_by else None,
        diverted=machine.diverted,
        may_rate=chat.may_rate,
        rating=chat.rating,
        emergency=(chat.emergency(chat.queue, chat.locale) or None) if waiting else None,
    )
