"""Which supervisor listens to which call of this node, with the leg that they have as an agent."""

from collections.abc import Callable

from voice.asked import ListenAsked, ListenEnded, TakeOverAsked
from voice.browsers import BrowserLegs
from voice.events import Deny
from voice.listeners import ListenMode
from voice.runner import CallRunner

NO_CALL = Deny("not_connected", "there is no such call")


class Listening:
    """`runner_of` finds a call by its interaction; `talks` says whether an agent is in a call of their own."""

    def __init__(
        self,
        browsers: BrowserLegs,
        runner_of: Callable[[str], CallRunner | None],
        talks: Callable[[str], bool],
    ) -> None:
        self._browsers = browsers
        self._runner_of = runner_of
        self._talks = talks
        self._where: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._where)

    async def begin(self, agent_id: str, interaction_id: str, mode: ListenMode, beside: str = "") -> Deny | None:
        """Listens, or goes on in another way; ends what they listened to before. `beside`: an agent in the call."""
        runner, leg_id = self._runner_of(interaction_id), self._browsers.leg(agent_id)
        if runner is None:
            return NO_CALL
        if leg_id is None:
            return Deny("no_leg", "sign in on the agent page first: that is where you listen")
        if self._talks(agent_id):
            return Deny("in_a_call", "you are in a call of your own")
        if self._where.get(agent_id) not in (None, interaction_id):
            self.leave(agent_id)
        denied = await runner.ask(ListenAsked(agent_id, leg_id, mode, beside))
        if denied is None:
            self._where[agent_id] = interaction_id
        return denied

    async def end(self, agent_id: str, interaction_id: str) -> Deny | None:
        """Stops listening to this call."""
        runner = self._runner_of(interaction_id)
        if runner is None or self._where.get(agent_id) != interaction_id:
            return Deny("not_listening", "you do not listen to this call")
        del self._where[agent_id]
        return await runner.ask(ListenEnded(agent_id))

    async def take_over(self, agent_id: str, interaction_id: str) -> Deny | None:
        """The customer is to speak with this supervisor alone. Done when the work item is queued for them."""
        runner = self._runner_of(interaction_id)
        if runner is None:
            return NO_CALL
        if self._talks(agent_id):
            return Deny("in_a_call", "you are in a call of your own")
        return await runner.ask(TakeOverAsked(agent_id))

    def leave(self, agent_id: str, unless: str = "") -> None:
        """The supervisor's leg is gone, or needed in a call of their own (`unless` it is that very one)."""
        interaction_id = self._where.pop(agent_id, None)
        runner = self._runner_of(interaction_id) if interaction_id not in (None, unless) else None
        if runner is not None:
            runner.tell(ListenEnded(agent_id))

    def over(self, interaction_id: str) -> None:
        """The call is over, and with it the listening."""
        for agent_id in [agent_id for agent_id, where in self._where.items() if where == interaction_id]:
            del self._where[agent_id]
