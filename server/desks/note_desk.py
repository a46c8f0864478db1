"""Internal notes on the server: kept in SQL, shown to the agents who have the interaction, told to whom they name.

Visitors have no part in it: notes are no messages of the chat, and what goes to a visitor's page is made from messages.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from agents_ws import messages as m
from config.site import Site
from http_api.notes_api import Colleague
from http_api.problems import ProblemError
from records.database import Database
from records.mentions import Mention, Mentions
from records.notes import Note, Notes
from records.sessions import Caller
from router.rows import ReservationRow, WorkRow


class Works(Protocol):
    """The dispatcher's read views."""

    def works(self) -> tuple[WorkRow, ...]: ...

    def holders(self, work_id: str) -> tuple[ReservationRow, ...]: ...


class Screens(Protocol):
    """The agents' pages (agents_ws.hub.Hub)."""

    def send(self, agent_id: str, message: m.NumberedMessage) -> bool: ...


class NoteDesk:
    """http_api.notes_api.NoteBook. `site` gives the site as it is, `wall` the time."""

    def __init__(
        self,
        database: Database,
        works: Works,
        site: Callable[[], Site],
        hub: Screens,
        wall: Callable[[], int],
    ) -> None:
        self._notes = Notes(database)
        self._mentions = Mentions(database)
        self._works = works
        self._site = site
        self._hub = hub
        self._wall = wall

    def holds(self, agent_id: str, interaction_id: str) -> bool:
        """Whether the interaction is in that agent's hands now."""
        return any(row.agent_id == agent_id for row in self._holding(interaction_id))

    def name_of(self, by: str) -> str:
        """An agent's name; an account's stands for itself."""
        agent = self._site().agents.get(by)
        return agent.display_name if agent is not None else by

    def colleagues(self, agent_id: str | None) -> Sequence[Colleague]:
        """Everybody else."""
        agents = self._site().agents.values()
        return [Colleague(each.agent_id, each.display_name) for each in agents if each.agent_id != agent_id]

    async def add(self, caller: Caller, interaction_id: str, text: str, named: Sequence[str]) -> Note:
        """Keeps it, shows it to who has the interaction, and tells whom it names."""
        strangers = [name for name in named if name not in self._site().agents]
        if strangers:
            raise ProblemError(422, "unknown-agent", f"There is no agent {strangers[0]}.")
        by = caller.agent_id or caller.account
        try:
            note, made = await self._mentions.add(interaction_id, by, text, named, self._wall())
        except ValueError as error:
            raise ProblemError(422, "bad-note", str(error)) from None
        self._tell(note, made)
        return note

    async def of(self, interaction_id: str) -> Sequence[Note]:
        """Oldest first."""
        return await self._notes.of(interaction_id)

    async def unseen(self, agent_id: str) -> Sequence[Mention]:
        """What names that agent and was not seen."""
        return await self._mentions.unseen(agent_id)

    async def seen(self, mention_id: int, agent_id: str) -> bool:
        """False when there is none of theirs."""
        return await self._mentions.seen(mention_id, agent_id, self._wall())

    def _tell(self, note: Note, made: Sequence[Mention]) -> None:
        shown = m.StaffNote(
            id=note.id, by=note.agent_id, name=self.name_of(note.agent_id), text=note.text, at_us=note.at
        )
        for row in self._holding(note.interaction_id):
            message = m.NoteAdded(reservation_id=row.reservation_id, interaction_id=note.interaction_id, note=shown)
            self._hub.send(row.agent_id, message)
        for one in made:
            self._hub.send(one.agent_id, m.Mentioned(id=one.id, interaction_id=note.interaction_id, note=shown))

    def _holding(self, interaction_id: str) -> list[ReservationRow]:
        works = [work for work in self._works.works() if work.interaction_id == interaction_id]
        return [row for work in works for row in self._works.holders(work.work_id)]
