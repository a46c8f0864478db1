"""Notes for colleagues: kept, replaced under the same work item, found again."""

from dataclasses import replace

from records.database import Database
from records.handovers import Handover, Handovers

FIRST = Handover("c-2", "c", "ann", "bob", "web_chat", "wants a refund", 5)


async def test_the_last_one_stands(database: Database) -> None:
    handovers = Handovers(database)
    assert await handovers.of("c-2") is None
    await handovers.keep(FIRST)
    await handovers.keep(replace(FIRST, agent_id="", queue="experts", note=""))
    await handovers.keep(replace(FIRST, work_id="c-3"))
    assert await handovers.of("c-2") == replace(FIRST, agent_id="", queue="experts", note="")
