"""Ratings by agent: of a time, of the agent who was joined last."""

from sqlalchemy import insert

from records.database import Database
from records.projection_tables import interactions
from records.ratings import Ratings
from records.tables import ratings


async def test_scores_are_counted_by_agent_from_a_time_on(database: Database) -> None:
    rows = (
        ("i1", "ann", 5, 100),
        ("i2", "ann", 2, 200),
        ("i3", "ben", 4, 200),
        ("i4", None, 1, 200),
        ("i5", "ann", 1, 99),
    )
    async with database.write() as connection:
        for interaction_id, agent_id, score, at in rows:
            of = {
                "id": interaction_id,
                "channel": "web",
                "medium": "chat",
                "entry": "web",
                "opened_at": 1,
                "node": "n",
                "open_work": 0,
                "customer_over": True,
            }
            await connection.execute(insert(interactions).values(**of, agent_id=agent_id, state="closed"))
            await connection.execute(insert(ratings).values(interaction_id=interaction_id, score=score, at=at))
    assert await Ratings(database).by_agent(100) == {"ann": (2, 7), "ben": (1, 4)}
    assert await Ratings(database).by_agent(201) == {}
