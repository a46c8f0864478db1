"""Overflow to another shard: an item is handed over in two steps, so that it is in one shard's account at any time.

1. The item is `leaving` here: nobody is offered it, it is still counted, its customer may still leave. Its row is what
   is to be told (`HandWork`): the owner of this shard asks the other one until that answers.
2. The other shard takes it or not, once for each token (router.neighbour), and says so (`AnswerHandoff`). Only then it
   is closed here (`handed_over`), or waits again at its old place and stays.

A call or a chat needs a node of the other shard that makes room for its customer beforehand, a callback one that keeps
the number (`seeks_host`, ADR 14): one is looked for and told of (`HandoffHosted`), and nothing is asked until then.
Where there is none the item waits on, and is looked for one again a while later. Each item goes once. Nothing here
depends on what is said arriving once, soon or in order.
"""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from router.commands import AnswerHandoff, HandWork, RequeueWork
from router.events import HandoffAnswered, HandoffAsked, HandoffHosted, WorkQueued
from router.neighbour import Neighbour
from router.rows import Handoff, Stay
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import Medium, Outcome
from router.work import Work, WorkCause

if TYPE_CHECKING:
    from router.moves import Moves

# Why an item did not begin at the other shard.
ENDED = "ended"
# So long an item for which no node made room waits before the other shard is tried again.
AGAIN_US = 30_000_000


def travels(work: Work) -> bool:
    """Whether it may go: a call, a callback, a chat, or what programs brought in; no node hands mail over."""
    return not work.node or work.medium is not Medium.EMAIL


def seeks_host(work: Work) -> bool:
    """Whether it is a leaving call or chat (or callback) and no node of the other shard has made room for its customer
    yet (or knows whom to call): nobody was asked there.
    """
    return (work.node != "" or work.callback) and work.handoff is not None and not work.handoff.host


def asked_for(shard: Shard, work: Work, source: str) -> HandoffAsked:
    """What the other shard is to be told of an item that leaves `source`. It keeps the time of its queueing."""
    handoff = work.handoff
    assert handoff is not None  # noqa: S101 - it is leaving
    oldest = next(token for name, token in shard.leaving if name == handoff.shard)
    queued = WorkQueued(
        work_id=work.work_id,
        interaction_id=work.interaction_id,
        medium=work.medium,
        queue=handoff.queue,
        requirements=work.requirements,
        priority=work.priority,
        condition=work.condition,
        attributes=work.attributes,
        node=handoff.host,
        units=work.units,
        since=work.queued_at,
        callback=work.callback,
    )
    return HandoffAsked(source, handoff.token, oldest - 1, queued, handoff.ended)


class Handoffs:
    """Both sides of it, carried out with the moves of one shard."""

    def __init__(self, moves: "Moves") -> None:
        self._moves = moves
        self._shard = moves.shard

    # -- the shard that it leaves

    def open_to(self, work: Work, queue: str) -> bool:
        """Whether the item may leave for this queue. Who is meant for agents of this shard stays with them."""
        there = self._shard.policy.elsewhere.get(queue)
        if there is None or there.medium is not work.medium:
            return False
        return travels(work) and not (work.rooted or work.named or work.directed)

    def leave(self, work: Work, queue: str, why: str) -> None:
        """The item, which waits and is in no list, is on its way to a queue that is open to it."""
        moves, shard = self._moves, self._shard
        neighbour = self._neighbour(shard.policy.elsewhere[queue].shard)
        work.handoff = Handoff(neighbour.shard, queue, neighbour.next_token(moves.now))
        work.parked_by = work.stays = None
        shard.timers.disarm(TimerKind.STAGE, work.work_id)
        shard.matcher.unbind(work)
        work.profile = shard.matcher.unbound
        work.move(WorkCause.LEAVE)
        shard.leaving[neighbour.shard, work.handoff.token] = work
        shard.touch_work(work)
        shard.touch_neighbour(neighbour)
        self._ask(work, work.handoff, why)

    def end(self, work: Work, outcome: Outcome) -> None:
        """The customer of a leaving item is gone, or somebody ended it. Who has it by now ends it."""
        if seeks_host(work):
            self._moves.close(work, outcome)
            return
        if work.handoff is not None and work.handoff.ended is None:
            work.handoff = replace(work.handoff, ended=outcome)
            self._shard.touch_work(work)
            self._ask(work, work.handoff, ENDED)

    def answered(self, event: HandoffAnswered) -> None:
        """The other shard has decided. Without effect for what is settled; an answer from before the end is waited out.

        The item that was refused stays here for good: its queue's other rules go on.
        """
        work = self._shard.leaving.get((event.shard, event.token))
        if work is None or work.handoff is None:
            return
        ended = work.handoff.ended
        if not event.refused:
            if ended is None or event.ended:
                self._moves.close(work, Outcome.HANDED_OVER)
            return
        if ended is not None:
            self._moves.close(work, ended)
            return
        self._stay(work)

    def hosted(self, event: HandoffHosted) -> None:
        """A node of the other shard has made room, so that it can be asked; where none has, the customer waits on."""
        work = self._shard.leaving.get((event.shard, event.token))
        if work is None or work.handoff is None or not seeks_host(work):
            return
        if not event.host:
            self._stay(work, None if event.never else Stay(work.handoff.queue, self._moves.now + AGAIN_US))
            return
        work.handoff = replace(work.handoff, host=event.host)
        self._shard.touch_work(work)

    def forget(self, work: Work) -> None:
        """The item is leaving no more, or is closed."""
        if work.handoff is not None:
            del self._shard.leaving[work.handoff.shard, work.handoff.token]

    def _stay(self, work: Work, stays: Stay | None = None) -> None:
        """It waits again at its old place, and leaves no more, or not before it has stayed for a while."""
        self.forget(work)
        work.handoff, work.rooted, work.stays = None, stays is None, stays
        work.move(WorkCause.RETURN)
        self._shard.touch_work(work)
        if self._moves.waiting.stand(work):
            self._moves.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

    # -- the shard that it comes to

    def asked(self, event: HandoffAsked) -> bool:
        """Another shard hands an item over. Returns whether one that was taken is to end now, if it is open still."""
        neighbour = self._neighbour(event.source)
        neighbour.heard(event.settled)
        self._shard.touch_neighbour(neighbour)
        if event.token <= neighbour.settled:
            return False
        refused = neighbour.verdicts.get(event.token)
        first = refused is None
        if refused is None:
            refused = ENDED if event.ended is not None else self._admit(event)
            neighbour.verdicts[event.token] = refused
        ended = event.ended is not None
        about = (event.work.work_id, event.work.interaction_id)
        self._moves.out.append(AnswerHandoff(event.source, event.token, *about, refused, ended, first))
        return ended and not refused

    def _admit(self, event: HandoffAsked) -> str:
        refusal = self._moves.admission.take(event.work, event.source)
        return "" if refusal is None else refusal.code

    def _neighbour(self, shard: str) -> Neighbour:
        return self._shard.neighbours.setdefault(shard, Neighbour(shard))

    def _ask(self, work: Work, handoff: Handoff, why: str) -> None:
        self._moves.out.append(
            HandWork(work.work_id, work.interaction_id, handoff.shard, handoff.queue, handoff.token, why)
        )
