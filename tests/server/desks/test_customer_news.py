"""Who is told that there is something new about a customer: the agents who hold an open interaction of theirs."""

from dataclasses import dataclass
from pathlib import Path

from agents_ws import messages as m
from records.interactions import Interactions
from records.meetings import Meetings
from records.projector import Projector
from server.desks.customer_news import CustomerNews
from tests.databases import migrated
from tests.records.turns import START, opened, turn


@dataclass
class Row:
    work_id: str
    interaction_id: str
    reservation_id: str = ""
    agent_id: str = ""


class Works:
    """Anna holds i1, ben and anna hold i2."""

    rows = (Row("w1", "i1", "r1", "anna"), Row("w2", "i2", "r2", "ben"), Row("w2", "i2", "r3", "anna"))

    def works(self) -> tuple[Row, ...]:
        return self.rows[:2]

    def holders(self, work_id: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.work_id == work_id)


async def test_holders_of_open_interactions_are_told(tmp_path: Path) -> None:
    database = await migrated(tmp_path / "records.sqlite")
    told: list[tuple[str, str, str]] = []

    def send(agent_id: str, message: m.NumberedMessage) -> None:
        assert isinstance(message, m.CustomerChanged)
        told.append((agent_id, message.reservation_id, message.interaction_id))

    try:
        await Projector(database).apply([turn(1, 0, opened("i1")), turn(2, 1, opened("i3"))])
        customer, _ = await Meetings(database).meet("i1", "phone", "+3225550100", True, START, 5)
        news = CustomerNews(Works(), Interactions(database), send)  # type: ignore[arg-type]
        await news.changed(customer)
        assert told == [("anna", "r1", "i1")]
        told.clear()
        await news.opened("i3", ["i2"])
        assert told == [("ben", "r2", "i2"), ("anna", "r3", "i2")]
        told.clear()
        await news.changed("nobody")
        assert told == []
    finally:
        await database.close()
