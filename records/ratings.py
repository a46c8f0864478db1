"""How customers rated what agents did: the scores of a time, by agent."""

from sqlalchemy import func, select

from records.database import Database
from records.projection_tables import interactions
from records.tables import ratings


class Ratings:
    """Reads what `records.messages` keeps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_agent(self, since: int) -> dict[str, tuple[int, int]]:
        """agent id -> (how many ratings, the sum of their scores 1-5) given at `since` (us since the epoch) or later.

        An interaction counts for the agent who was joined last, once its record has been written.
        """
        count, total = func.count(ratings.c.score), func.sum(ratings.c.score)
        query = select(interactions.c.agent_id, count, total).join(
            ratings, ratings.c.interaction_id == interactions.c.id
        )
        query = query.where(ratings.c.at >= since, interactions.c.agent_id.is_not(None))
        async with self._database.read() as connection:
            rows = await connection.execute(query.group_by(interactions.c.agent_id))
            return {agent_id: (number, int(summed)) for agent_id, number, summed in rows}
