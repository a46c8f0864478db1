"""A caller whom a node of another shard takes in, and who may come back from there. Pure."""

from dataclasses import replace

from voice.conversation import Conversation
from voice.events import CallCommand, Note, SetRoom
from voice.waiting import WaitSound


def taken_in(conversation: Conversation, waiting: WaitSound, work_id: str, leg_id: str) -> list[CallCommand]:
    """The other shard has the item: the caller's side is a room with its node, and nothing else goes on here."""
    caller, party = conversation.customer.leg_id, conversation.parties.get(work_id)
    conversation.last_queue = party.queue if party is not None else conversation.last_queue
    left = conversation.leave(work_id)
    return [*left, *waiting.stop(), SetRoom({(caller, leg_id): 1.0, (leg_id, caller): 1.0})]


def taken_back(
    conversation: Conversation, waiting: WaitSound, since: int, now: int, language: str
) -> list[CallCommand]:
    """Another item of this shard's, in the queue that they left, at the place of the first."""
    enter = replace(conversation.expect(conversation.last_queue), since=since)
    waiting.wait_again(now)
    return [SetRoom({}), Note("came_back"), *waiting.start(language), enter]
