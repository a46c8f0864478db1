"""What agents and supervisors do with a whole chat; each is carried out in the chat's own turn."""

from chat.conductor import ChatConductor
from chat.handing_on import HandOn, Target, hand_on


class ChatFloor:
    """All chats of this node, as far as they change hands."""

    def __init__(self, conductor: ChatConductor) -> None:
        self._conductor = conductor

    async def hand_on(self, agent_id: str, reservation_id: str, target: Target, note: str) -> None:
        """The agent hands the chat on; returns when it waits for whoever takes over. Raises ChatRefusedError."""
        chat = self._conductor.of_agent(agent_id, reservation_id)
        await chat.in_turn(lambda: hand_on(chat, HandOn(agent_id, reservation_id, target, note)))
        self._conductor.places_changed(chat.queue)
