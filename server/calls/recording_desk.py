"""Recordings as the HTTP API asks for them: rows, files, and the pause of a call that goes on."""

from collections.abc import Callable
from pathlib import Path

from http_api.supervision_api import Refused
from records.accounts import Role
from records.audit import Audit, Intervention
from records.recordings import Recording, Recordings
from records.roles import Action, Extent, Scope, extent
from records.sessions import Caller
from server.calls.live_calls import LiveCalls
from server.calls.recordings_kept import RecordingsKept
from voice.recorded_calls import RecordedCalls


class RecordingDesk:
    """Implements RecordingBook. `wall` gives microseconds since the epoch, `folder` holds the files."""

    def __init__(
        self,
        folder: Path,
        records: Recordings,
        kept: RecordingsKept,
        calls: RecordedCalls,
        live: LiveCalls,
        audit: Audit,
        wall: Callable[[], int],
    ) -> None:
        self._folder = folder
        self._records = records
        self._kept = kept
        self._calls = calls
        self._live = live
        self._audit = audit
        self._wall = wall

    async def of_interaction(self, interaction_id: str) -> Recording | None:
        """The interaction's recording."""
        return await self._records.of_interaction(interaction_id)

    def file(self, one: Recording) -> Path | None:
        """The file, None when there is none here. Names come from our own rows; none leads out of the folder."""
        if one.file is None or Path(one.file).name != one.file:
            return None
        path = self._folder / one.file
        return path if path.is_file() else None

    async def remove(self, one: Recording, by: str) -> bool:
        """For good; False when somebody else was first."""
        return await self._kept.remove(one, by)

    def covers(self, scope: Scope, interaction_id: str) -> bool:
        """A supervisor's calls are those in which one of their agents is; a program may pause any."""
        if interaction_id not in self._live:
            return False
        if extent(scope.role, Action.PAUSE_RECORDINGS) is Extent.ALL:
            return True
        agents = self._live.agents_in(interaction_id)
        return any(scope.covers_agent(Action.PAUSE_RECORDINGS, agent_id) for agent_id in agents)

    async def pause(self, caller: Caller, interaction_id: str, comment: str, *, on: bool) -> Refused | None:
        """Returns after its effect and its audit entry."""
        program = caller.role is Role.API
        denied = await self._calls.pause(interaction_id, caller.account, on=on, program=program)
        if denied is not None:
            return Refused(denied.code, denied.message)
        agents = (self._live.current.agent(one) for one in self._live.agents_in(interaction_id))
        teams = tuple(sorted({agent.team for agent in agents if agent is not None}))
        subject, after = f"call:{interaction_id}", {"paused": on}
        await self._audit.add(
            Intervention.of(caller, self._wall(), "pause_recording", subject, {}, after, comment, teams)
        )
        return None
