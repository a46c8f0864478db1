"""What agents and supervisors do with a whole chat; each is carried out in the chat's own turn."""

from chat.conductor import ChatConductor
from chat.handing_on import HandOn, Target, hand_on
from chat.listening import take_over
from chat.parking import Park, park
from chat.ports import ChatRefusedError


class ChatFloor:
    """All chats of this node, as far as they change hands."""

    def __init__(self, conductor: ChatConductor) -> None:
        self._conductor = conductor

    async def hand_on(self, agent_id: str, reservation_id: str, target: Target, note: str) -> None:
        """The agent hands the chat on; returns when it waits for whoever takes over. Raises ChatRefusedError."""
        chat = self._conductor.of_agent(agent_id, reservation_id)
        await chat.in_turn(lambda: hand_on(chat, HandOn(agent_id, reservation_id, target, note)))
        self._conductor.places_changed(chat.queue)

    async def park(self, agent_id: str, reservation_id: str, last: int, until: int | None) -> None:
        """The agent parks the chat, of which they have seen everything up to `last`. Raises ChatRefusedError."""
        chat = self._conductor.of_agent(agent_id, reservation_id)
        await chat.in_turn(lambda: park(chat, Park(agent_id, reservation_id, last, until)))

    async def take_over(self, agent_id: str, interaction_id: str) -> None:
        """A supervisor, by their own agent, has the chat from now on. Raises ChatRefusedError."""
        chat = self._conductor.chat(interaction_id)
        if chat is None:
            raise ChatRefusedError("chat_over", "the chat is over")
        await chat.in_turn(lambda: take_over(chat, agent_id))
