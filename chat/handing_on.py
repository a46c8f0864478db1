"""A chat is handed on: another work item of the same interaction is queued, for one colleague or for a queue.

The visitor stays connected and keeps every message. Where nobody could come by it, nothing has changed: it is refused
while the chat still has its agent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.events import HandedOn, Side
from chat.ports import ChatRefusedError, StoreAwayError
from chat.runner import ChatRunner
from records.handovers import Handover
from router import events as facts
from router.commands import Command, DivertWork, Refuse, SendOffer
from router.vocabulary import Medium


@dataclass(frozen=True, slots=True)
class Target:
    """One agent, or whoever takes it out of a queue; exactly one of the two is named."""

    agent_id: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class HandOn:
    """The agent who has the chat by that reservation hands it on; `note` is for the colleague alone ("": none)."""

    agent_id: str
    reservation_id: str
    target: Target
    note: str


async def hand_on(chat: ChatRunner, asked: HandOn) -> None:
    """To be called in the chat's own turn. Raises ChatRefusedError."""
    if not chat.machine.may_speak(Side.AGENT, asked.reservation_id):
        raise ChatRefusedError("not_connected", "this chat is not yours now")
    queue, directed = asked.target.queue or chat.queue, asked.target.agent_id
    work_id = next_work(chat.work_id, chat.chat_id)
    handover = Handover(work_id, chat.chat_id, asked.agent_id, directed, queue, asked.note, chat.now())
    try:
        # Before the item is queued: whoever is offered it reads the note on the offer.
        await chat.ports.store.hand_on(handover)
    except StoreAwayError as error:
        raise ChatRefusedError("unavailable", "the chat could not be handed on, try again") from error
    before, chat.handover = chat.handover, handover
    answers = await chat.told.post(queued_again(chat, work_id, queue, directed))
    refused = in_vain(answers, directed)
    if refused is not None:
        chat.handover = before
        if refused.code == "agent_unavailable":
            chat.told.tell(facts.WorkCancelled(work_id, f"agent:{asked.agent_id}"))
        raise refused
    to = {"agent": directed} if directed else {"queue": queue}
    chat.told.noted("transfer_asked", by=asked.agent_id, warm="no", **to)
    await chat.take_in(HandedOn(work_id, queue, directed, "transferred"))


def next_work(work_id: str, chat_id: str) -> str:
    """The name of the chat's next work item: the first is called like the chat, the second has `-2` behind it."""
    number = work_id.removeprefix(chat_id).removeprefix("-")
    return f"{chat_id}-{int(number or 1) + 1}"


def queued_again(chat: ChatRunner, work_id: str, queue: str, directed: str, priority: int = 0) -> facts.WorkQueued:
    """The next work item; what the chat asked of agents from its beginning holds on."""
    terms = chat.terms
    return facts.WorkQueued(
        work_id=work_id,
        interaction_id=chat.chat_id,
        medium=Medium.CHAT,
        queue=queue,
        requirements=terms.requirements,
        priority=max(priority, terms.priority),
        node=terms.node,
        attributes=terms.attributes,
        directed=directed or None,
        origin=terms.origin,
    )


def in_vain(answers: Sequence[Command], directed: str) -> ChatRefusedError | None:
    """Why nobody would come by it: the queue takes no more, or the one agent cannot be asked now."""
    for answer in answers:
        if isinstance(answer, Refuse):
            return ChatRefusedError(answer.code, answer.message)
        if isinstance(answer, DivertWork):
            return ChatRefusedError(answer.why, "this queue takes no more")
    if directed and not any(isinstance(answer, SendOffer) for answer in answers):
        return ChatRefusedError("agent_unavailable", f"{directed} cannot take a chat now")
    return None
