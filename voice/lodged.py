"""A caller whom a node of another shard takes in, and who may come back from there. Pure."""

from msgspec.structs import replace

from voice.conversation import Conversation
from voice.events import CallCommand, Note
from voice.stage import Stage
from voice.waiting import WaitSound


class Lodged:
    """One caller's."""

    def __init__(self, conversation: Conversation, waiting: WaitSound, stage: Stage) -> None:
        self._conversation = conversation
        self._waiting = waiting
        self._stage = stage

    def begin(self, work_id: str, leg_id: str) -> list[CallCommand]:
        """The other shard has the item: the caller's side is a room with its node, and nothing else goes on here."""
        conversation = self._conversation
        conversation.last_queue = conversation.parties[work_id].queue
        return [*conversation.leave(work_id), *self._waiting.stop(), *self._stage.aside(leg_id)]

    def end(self, since: int, now: int, language: str) -> list[CallCommand]:
        """The caller is back, by another item: in the queue that they left, at the place of the first."""
        enter = replace(self._conversation.expect(self._conversation.last_queue), since=since)
        self._waiting.wait_again(now)
        return [*self._stage.rooms(), Note("came_back"), *self._waiting.start(language), enter]
