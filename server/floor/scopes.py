"""Whom and what each caller's teams cover, by the rules that hold now."""

from collections.abc import Callable

from config.site import AgentConfig, Site
from records.accounts import Role
from records.roles import Scope
from records.sessions import Caller

# Teams and queues.
Reach = tuple[frozenset[str], frozenset[str]]
NOTHING: Reach = (frozenset(), frozenset())


def teams_of(agent: AgentConfig, role: Role) -> frozenset[str]:
    """A supervisor's teams are those that the files give them, or their own; everybody else has one."""
    return frozenset(agent.supervises if role is Role.SUPERVISOR and agent.supervises else (agent.team,))


class Scopes:
    """From the site as it is with the overlay. `screens`: what the link of a wallboard's account names."""

    def __init__(self, site: Callable[[], Site], screens: Callable[[str], Reach] = lambda _account: NOTHING) -> None:
        self._site = site
        self._screens = screens

    def of(self, caller: Caller) -> Scope:
        """A supervisor's teams are those that the files give them, or their own; a queue without teams is everybody's.

        So is one of another shard to which work may go.

        A program covers nothing: what it brought in, it owns.
        """
        site = self._site()
        if caller.role is Role.WALLBOARD:
            return self._of_screen(caller)
        agent = site.agents.get(caller.agent_id or "")
        if agent is None or caller.role is Role.API:
            return Scope(caller.role, caller.agent_id)
        teams = teams_of(agent, caller.role)
        return Scope(
            caller.role,
            caller.agent_id,
            teams,
            frozenset(one.agent_id for one in site.agents.values() if one.team in teams),
            frozenset(queue.name for queue in site.queues.values() if not queue.teams or teams & set(queue.teams))
            | site.routing.elsewhere.keys(),
        )

    def _of_screen(self, caller: Caller) -> Scope:
        """The link's queues, and what its teams have: not the queues of everybody, which the link has to name."""
        site, (teams, queues) = self._site(), self._screens(caller.account)
        return Scope(
            caller.role,
            None,
            teams,
            frozenset(one.agent_id for one in site.agents.values() if one.team in teams),
            queues | {queue.name for queue in site.queues.values() if teams & set(queue.teams)},
        )
