"""Tells agents that there is something new about the customer whom they have in front of them."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from agents_ws import messages as m
from records.interactions import Filter, Interactions
from router.rows import ReservationRow, WorkRow

# How long an interaction's record may be behind; after that agents are told all the same.
RECORD_WITHIN_S = 5.0
LOOK_EVERY_S = 0.1
OPEN_AT_ONCE = 50


class Works(Protocol):
    """The dispatcher's read views."""

    def works(self) -> tuple[WorkRow, ...]: ...

    def holders(self, work_id: str) -> tuple[ReservationRow, ...]: ...


class CustomerNews:
    """`send` is the hub's."""

    def __init__(
        self, works: Works, interactions: Interactions, send: Callable[[str, m.NumberedMessage], object]
    ) -> None:
        self._works = works
        self._interactions = interactions
        self._send = send

    async def changed(self, customer_id: str) -> None:
        """Something about the customer, or about who is one with them, is not as it was."""
        past = await self._interactions.list(Filter(customer_id=customer_id), OPEN_AT_ONCE)
        self._tell({record.id for record in past if record.closed_at is None})

    async def opened(self, interaction_id: str, others: Collection[str]) -> None:
        """One more interaction of theirs has begun, while `others` of theirs are open."""
        try:
            async with asyncio.timeout(RECORD_WITHIN_S):
                while await self._interactions.record(interaction_id) is None:  # noqa: ASYNC110 - the projector is another process
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            pass  # The page asks again with the next news.
        self._tell(others)

    def _tell(self, interaction_ids: Collection[str]) -> None:
        for work in self._works.works() if interaction_ids else ():
            if work.interaction_id not in interaction_ids:
                continue
            for row in self._works.holders(work.work_id):
                news = m.CustomerChanged(reservation_id=row.reservation_id, interaction_id=work.interaction_id)
                self._send(row.agent_id, news)
