"""`python -m server explain`: from what is kept on this machine, whether the server runs or not, without a token.

Whoever may read the data directory may know everything in it; and the replay is done here, so that it costs a running
server nothing but the reading of its journal.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence

import msgspec

from config.settings import Settings
from config.site import Site
from http_api.explain_api import AgentExplanation, OfferExplanation, WorkExplanation
from http_api.supervision_api import Candidate
from records.database import Database
from records.decisions import Decisions
from router.dispatcher import Dispatcher
from router.replay import begin, step
from server.commands.attach import attached_journal
from server.explain.explain_worker import Found, Question, answer
from server.explain.explanations import Explainer
from server.persistence.kept_journal import KeptJournal
from store.errors import StoreError
from store.segment import read_segments

CANDIDATES = 50


class _Here:
    """Past decisions, replayed in this process."""

    def __init__(self, journal: KeptJournal) -> None:
        self._journal = journal

    async def find(self, work_id: str, sequences: Sequence[int], candidates: int) -> Sequence[Found]:
        pieces = await self._journal.pieces(sequences)
        question = Question(work_id, tuple(sequences), candidates, tuple(pieces))
        return await asyncio.to_thread(lambda: list(answer(question)))


async def explain(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Status 1 when nobody knows the id."""
    asked: str = arguments.id
    database = Database(settings.database_url)
    try:
        await database.reach()
        async with attached_journal(settings) as journal:
            _, opened = await journal.whole()
            views = await asyncio.to_thread(_now, opened)
            decisions = Decisions(database)
            explainer = Explainer(views, decisions, _Here(journal))
            found: list[WorkExplanation | AgentExplanation | None] = [await explainer.of_agent(asked, None)]
            ids = dict.fromkeys((*await decisions.work_of(asked), *_open_work(views, asked))) or (asked,)
            found += [await explainer.of_work(work_id, CANDIDATES) for work_id in ids]
    finally:
        await database.close()
    known = [one for one in found if one is not None]
    if not known:
        print(f"no agent, work item or interaction {asked!r} is known here")
        return 1
    for one in known:
        print(json.dumps(msgspec.to_builtins(one), indent=2) if arguments.json else "\n".join(lines(one)))
    return 0


def _now(opened: Sequence[bytes]) -> Dispatcher:
    """The shard after the last turn that is kept. Raises StoreError."""
    if not opened:
        raise StoreError("the store has no journal yet; start the server once")
    (*_, segment) = read_segments(opened[-1])
    dispatcher = begin(segment.start())
    for entry in segment.turns():
        step(dispatcher, entry)
    return dispatcher


def _open_work(views: Dispatcher, interaction_id: str) -> list[str]:
    return [work.work_id for work in views.shard.work.values() if work.interaction_id == interaction_id]


def lines(found: WorkExplanation | AgentExplanation) -> list[str]:
    """For people."""
    match found:
        case AgentExplanation():
            held = ", ".join(f"{medium} {one.held} of {one.limit}" for medium, one in found.held.items())
            out = [
                f"agent {found.agent_id}: {found.summary}",
                f"  holds {found.load} of {found.capacity} units ({held})",
            ]
            for one in found.queues:
                first = f"; {one.work_id}: {one.first_failed or 'may take it'} {one.detail}".rstrip()
                out.append(f"  {one.queue}: {one.waiting} wait{first if one.work_id else ''}")
            return out
        case WorkExplanation():
            out = [f"work {found.work_id} of interaction {found.interaction_id}: {found.summary}"]
            for offer in found.offers:
                out += _offer(offer)
            if found.now is not None:
                out += ["  now", *_candidates(found.now.candidates)]
            return out


def _offer(offer: OfferExplanation) -> list[str]:
    second = f"; next {offer.runner_up} ({_terms(offer.runner_up_terms)})" if offer.runner_up else ""
    head = f"  turn {offer.sequence}, offer {offer.attempt} to {offer.agent_id}: {offer.strategy}"
    told = _candidates(offer.candidates) if offer.candidates is not None else ["    (the journal is gone)"]
    return [f"{head}, {_terms(offer.terms)}{second}", *told]


def _candidates(candidates: Sequence[Candidate]) -> list[str]:
    return [
        f"    {one.agent_id:<16} "
        + (f"may take it: {_terms(one.terms)}" if one.failed is None else f"{one.failed}: {one.detail}")
        for one in candidates
    ]


def _terms(terms: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in terms.items())
