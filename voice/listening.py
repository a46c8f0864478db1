"""Which supervisor listens to which call: with their browser leg, or by their phone, which is rung.

The call may be on another node than the supervisor: each of the two has its share of it here.
"""

from collections.abc import Callable, Sequence

from voice.asked import ListenAsked, ListenEnded, TakeOverAsked
from voice.browsers import BrowserLegs
from voice.events import Deny
from voice.far_listening import FarListening, ListeningNodes, ListeningTrunks
from voice.listeners import ListenMode
from voice.listening_phone import IN_A_CALL, ListeningPhones, shown
from voice.party import PartyKind, PartyView
from voice.ports import MediaEngine, Tasks
from voice.runner import CallRunner

NO_CALL = Deny("not_connected", "there is no such call")
LEG_GONE = Deny("no_leg", "your leg is gone")


class Listening:
    """`runner_of` finds a call of this node by its interaction; `talks`: an agent is in a call of their own.

    `far` has the supervisors of this node who listen to calls of others, `trunks` those of others who listen here.
    """

    def __init__(
        self,
        browsers: BrowserLegs,
        runner_of: Callable[[str], CallRunner | None],
        talks: Callable[[str], bool],
        phones: ListeningPhones,
        media: MediaEngine,
        nodes: ListeningNodes | None,
        tasks: Tasks,
    ) -> None:
        self._browsers = browsers
        self._runner_of = runner_of
        self._talks = talks
        self._phones = phones
        self._where: dict[str, str] = {}
        self.far = FarListening(media, nodes, tasks, self.leave)
        self.trunks = ListeningTrunks(media, tasks, self.leave)

    def __len__(self) -> int:
        return len(self._where)

    async def begin(self, agent_id: str, interaction_id: str, mode: ListenMode, beside: str = "") -> Deny | None:
        """Listens, or goes on in another way; ends what they listened to before. `beside`: an agent in the call.

        Returns when they listen: by a phone, when that is answered.
        """
        parties = self._parties(interaction_id)
        if parties is None:
            return NO_CALL
        if self._talks(agent_id):
            return IN_A_CALL
        leg_id = await self._leg(agent_id, parties, mode, beside)
        if isinstance(leg_id, Deny):
            return leg_id
        denied = await self._begin(agent_id, interaction_id, leg_id, mode, beside)
        if denied is not None and agent_id not in self._where:
            self._phones.release(agent_id)
        return denied

    async def begin_from(
        self, node: str, at: tuple[str, int], agent_id: str, interaction_id: str, mode: ListenMode, beside: str
    ) -> tuple[str, int] | Deny:
        """A supervisor of another node, whose end of the trunk leg is `at`; returns where ours is.

        Raises MediaUnavailableError.
        """
        if self._runner_of(interaction_id) is None:
            return NO_CALL
        if self._where.get(agent_id) not in (None, interaction_id):
            self._part(agent_id)
        leg_id, own = await self.trunks.attach(node, agent_id, at)
        denied = await self._ask(agent_id, interaction_id, leg_id, mode, beside)
        if denied is not None and agent_id not in self._where:
            self.trunks.release(agent_id)
        return own if denied is None else denied

    def _parties(self, interaction_id: str) -> Sequence[PartyView] | None:
        """Who is in a call of this node, or of another; None when there is none."""
        runner = self._runner_of(interaction_id)
        return runner.parties if runner is not None else self.far.parties_of(interaction_id) or None

    async def _leg(self, agent_id: str, parties: Sequence[PartyView], mode: ListenMode, beside: str) -> str | Deny:
        if self._phones.speaks(agent_id):
            agents = [view.agent_id for view in parties if view.kind is PartyKind.AGENT and view.agent_id]
            who = beside or next(iter(agents), "")
            if who not in agents:
                return NO_CALL
            return await self._phones.leg(agent_id, shown(mode, who), lambda: self.leave(agent_id))
        leg_id = self._browsers.leg(agent_id)
        return leg_id or Deny("no_leg", "sign in on the agent page first: that is where you listen")

    async def _begin(
        self, agent_id: str, interaction_id: str, leg_id: str, mode: ListenMode, beside: str
    ) -> Deny | None:
        # A phone took its time to be answered: the call may be over, and the supervisor in another one.
        if self._parties(interaction_id) is None:
            return NO_CALL
        if self._talks(agent_id):
            return IN_A_CALL
        if self._where.get(agent_id) not in (None, interaction_id):
            self._part(agent_id)
        return await self._ask(agent_id, interaction_id, leg_id, mode, beside)

    async def _ask(self, agent_id: str, interaction_id: str, leg_id: str, mode: ListenMode, beside: str) -> Deny | None:
        runner, before = self._runner_of(interaction_id), self._where.get(agent_id)
        # Known from now on: a leg that goes before the answer comes is to be taken out of the call again.
        self._where[agent_id] = interaction_id
        if runner is None:
            denied = await self.far.begin(agent_id, interaction_id, leg_id, mode, beside)
        else:
            denied = await runner.ask(ListenAsked(agent_id, leg_id, mode, beside))
        here = self._where.get(agent_id) == interaction_id
        if denied is not None and here and before is None:
            del self._where[agent_id]
        elif denied is None and not here:
            return LEG_GONE
        elif denied is None and runner is not None:
            self._watch(runner, agent_id, interaction_id)
        return denied

    def _watch(self, runner: CallRunner, agent_id: str, interaction_id: str) -> None:
        """Listening ends with the last agent in the call, whom nobody has to tell of it."""
        own = f"supervisor:{agent_id}"

        def look(parties: tuple[PartyView, ...]) -> None:
            if not any(view.party_id == own for view in parties):
                runner.watchers.discard(look)
                if self._where.get(agent_id) == interaction_id:
                    self.leave(agent_id)

        runner.watchers.add(look)

    async def end(self, agent_id: str, interaction_id: str) -> Deny | None:
        """Stops listening to this call."""
        if self._where.get(agent_id) != interaction_id:
            return Deny("not_listening", "you do not listen to this call")
        del self._where[agent_id]
        runner = self._runner_of(interaction_id)
        denied = await runner.ask(ListenEnded(agent_id)) if runner is not None else None
        self._release(agent_id)
        return denied

    async def take_over(self, agent_id: str, interaction_id: str) -> Deny | None:
        """The customer is to speak with this supervisor alone. Done when the work item is queued for them."""
        if self._parties(interaction_id) is None:
            return NO_CALL
        if self._talks(agent_id):
            return IN_A_CALL
        runner = self._runner_of(interaction_id)
        return await (runner.ask(TakeOverAsked(agent_id)) if runner else self.far.take_over(agent_id, interaction_id))

    async def take_over_from(self, agent_id: str, interaction_id: str) -> Deny | None:
        """As `take_over`, for a supervisor of another node."""
        runner = self._runner_of(interaction_id)
        return NO_CALL if runner is None else await runner.ask(TakeOverAsked(agent_id))

    def leave(self, agent_id: str, unless: str = "") -> None:
        """The supervisor's leg is gone, or needed in a call of their own (`unless` it is that very one).

        A phone has a leg of its own for that call, and so has a supervisor of another node than the call's.
        """
        other_leg = self._phones.speaks(agent_id) or self.trunks.has(agent_id) or self.far.hears(agent_id)
        self._part(agent_id, "" if other_leg else unless)
        self._phones.release(agent_id)

    def _part(self, agent_id: str, unless: str = "") -> None:
        interaction_id = self._where.pop(agent_id, None)
        runner = self._runner_of(interaction_id) if interaction_id not in (None, unless) else None
        if runner is not None:
            runner.tell(ListenEnded(agent_id))
        self.far.end(agent_id)
        self.trunks.release(agent_id)

    def _release(self, agent_id: str) -> None:
        self._phones.release(agent_id)
        self.far.end(agent_id)
        self.trunks.release(agent_id)

    def failed(self, leg_id: str) -> bool:
        """The media engine lost this leg; False when nobody listened by it over nodes."""
        return self.far.failed(leg_id) or self.trunks.failed(leg_id)

    def over(self, interaction_id: str) -> None:
        """The call is over, and with it the listening."""
        for agent_id in [agent_id for agent_id, where in self._where.items() if where == interaction_id]:
            del self._where[agent_id]
            self._release(agent_id)
