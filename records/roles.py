"""Who may do what: one table of role x action, which guards, handlers, tests and docs/roles.md all read.

`python -m records.roles` writes the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from records.accounts import Role


class Action(StrEnum):
    """What somebody may ask for."""

    TAKE_WORK = "take_work"
    KEEP_SESSION = "keep_session"
    SEE_QUEUES = "see_queues"
    SEE_AGENTS = "see_agents"
    SEE_TARGETS = "see_targets"
    SEE_GUIDANCE = "see_guidance"
    KEEP_REPLIES = "keep_replies"
    SEE_INTERACTIONS = "see_interactions"
    WRITE_NOTES = "write_notes"
    SEE_CUSTOMERS = "see_customers"
    EDIT_CUSTOMERS = "edit_customers"
    MERGE_CUSTOMERS = "merge_customers"
    SEE_WORK = "see_work"
    SEE_RULES = "see_rules"
    SET_PRESENCE = "set_presence"
    SET_AGENT_RULES = "set_agent_rules"
    SET_QUEUE_RULES = "set_queue_rules"
    TRY_CHANGES = "try_changes"
    APPLY_PLANS = "apply_plans"
    STEER_WORK = "steer_work"
    CANCEL_WORK = "cancel_work"
    LISTEN = "listen"
    TAKE_OVER = "take_over"
    HEAR_RECORDINGS = "hear_recordings"
    PAUSE_RECORDINGS = "pause_recordings"
    DELETE_RECORDINGS = "delete_recordings"
    SUBMIT_WORK = "submit_work"
    SEE_FOLLOW_UPS = "see_follow_ups"
    FINISH_FOLLOW_UPS = "finish_follow_ups"
    SEE_STATISTICS = "see_statistics"
    ASSIGN_FOLLOW_UPS = "assign_follow_ups"
    SEE_ALERTS = "see_alerts"
    ACKNOWLEDGE_ALERTS = "acknowledge_alerts"
    SEE_AUDIT = "see_audit"
    UNDO = "undo"
    SEE_DELIVERIES = "see_deliveries"
    RELOAD_SITE = "reload_site"
    SEE_NODES = "see_nodes"
    DRAIN_NODES = "drain_nodes"
    MANAGE_WALLBOARDS = "manage_wallboards"
    SEE_WALLBOARD = "see_wallboard"


class Extent(StrEnum):
    """How far a role's permission reaches."""

    NONE = "-"
    OWN = "own"
    TEAMS = "teams"
    ALL = "all"


_NONE, _OWN, _TEAMS, _ALL = Extent.NONE, Extent.OWN, Extent.TEAMS, Extent.ALL
_ORDER = (Role.AGENT, Role.EXPERT, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.API)
_ROWS: Mapping[Action, tuple[Extent, Extent, Extent, Extent, Extent]] = {
    Action.TAKE_WORK: (_OWN, _OWN, _OWN, _OWN, _NONE),
    Action.KEEP_SESSION: (_OWN, _OWN, _OWN, _OWN, _NONE),
    Action.SEE_QUEUES: (_TEAMS, _TEAMS, _TEAMS, _ALL, _NONE),
    Action.SEE_AGENTS: (_OWN, _OWN, _TEAMS, _ALL, _NONE),
    Action.SEE_TARGETS: (_ALL, _ALL, _ALL, _ALL, _NONE),
    Action.SEE_GUIDANCE: (_ALL, _ALL, _ALL, _ALL, _NONE),
    Action.KEEP_REPLIES: (_OWN, _OWN, _OWN, _OWN, _NONE),
    Action.SEE_INTERACTIONS: (_OWN, _OWN, _TEAMS, _ALL, _NONE),
    Action.WRITE_NOTES: (_OWN, _OWN, _TEAMS, _ALL, _NONE),
    Action.SEE_CUSTOMERS: (_OWN, _OWN, _ALL, _ALL, _NONE),
    Action.EDIT_CUSTOMERS: (_OWN, _OWN, _ALL, _ALL, _NONE),
    Action.MERGE_CUSTOMERS: (_OWN, _OWN, _ALL, _ALL, _NONE),
    Action.SEE_WORK: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SEE_RULES: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SET_PRESENCE: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SET_AGENT_RULES: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SET_QUEUE_RULES: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.TRY_CHANGES: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.APPLY_PLANS: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.STEER_WORK: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.CANCEL_WORK: (_NONE, _NONE, _TEAMS, _ALL, _OWN),
    Action.LISTEN: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.TAKE_OVER: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.HEAR_RECORDINGS: (_OWN, _OWN, _TEAMS, _ALL, _NONE),
    Action.PAUSE_RECORDINGS: (_NONE, _NONE, _TEAMS, _ALL, _ALL),
    Action.DELETE_RECORDINGS: (_NONE, _NONE, _NONE, _ALL, _NONE),
    Action.SUBMIT_WORK: (_NONE, _NONE, _NONE, _NONE, _OWN),
    Action.SEE_FOLLOW_UPS: (_TEAMS, _TEAMS, _TEAMS, _ALL, _NONE),
    Action.FINISH_FOLLOW_UPS: (_TEAMS, _TEAMS, _TEAMS, _ALL, _NONE),
    Action.SEE_STATISTICS: (_OWN, _OWN, _TEAMS, _ALL, _NONE),
    Action.ASSIGN_FOLLOW_UPS: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SEE_ALERTS: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.ACKNOWLEDGE_ALERTS: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SEE_AUDIT: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.UNDO: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SEE_DELIVERIES: (_NONE, _NONE, _NONE, _ALL, _NONE),
    Action.RELOAD_SITE: (_NONE, _NONE, _NONE, _ALL, _NONE),
    Action.SEE_NODES: (_NONE, _NONE, _ALL, _ALL, _NONE),
    Action.DRAIN_NODES: (_NONE, _NONE, _NONE, _ALL, _NONE),
    Action.MANAGE_WALLBOARDS: (_NONE, _NONE, _TEAMS, _ALL, _NONE),
    Action.SEE_WALLBOARD: (_NONE, _NONE, _NONE, _NONE, _NONE),
}
# A screen on a wall does one thing; what its link names is its reach.
_WALLBOARD: Mapping[Action, Extent] = {Action.SEE_WALLBOARD: _TEAMS}
PERMISSIONS: Mapping[tuple[Role, Action], Extent] = MappingProxyType(
    {(role, action): extent for action, row in _ROWS.items() for role, extent in zip(_ORDER, row, strict=True)}
    | {(Role.WALLBOARD, action): _WALLBOARD.get(action, _NONE) for action in Action}
)


def extent(role: Role, action: Action) -> Extent:
    """How far this role may do this."""
    return PERMISSIONS[role, action]


def allowed(action: Action) -> frozenset[Role]:
    """The roles that may do it at all."""
    return frozenset(role for role in Role if PERMISSIONS[role, action] is not Extent.NONE)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom and what one caller's teams cover: those of the agent that they are, or the teams that they supervise.

    `queues` are those that one of the teams serves. `agent_id` is the caller's own.
    """

    role: Role
    agent_id: str | None
    teams: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()

    def covers_agent(self, action: Action, agent_id: str) -> bool:
        """Whether the action reaches this agent."""
        match extent(self.role, action):
            case Extent.ALL:
                return True
            case Extent.TEAMS:
                return agent_id in self.agents
            case Extent.OWN:
                return agent_id == self.agent_id
            case Extent.NONE:
                return False

    def covers_team(self, action: Action, team: str) -> bool:
        """Whether the action reaches this team."""
        reach = extent(self.role, action)
        return reach is Extent.ALL or (reach is Extent.TEAMS and team in self.teams)

    def covers_queue(self, action: Action, queue: str) -> bool:
        """Whether the action reaches this queue."""
        match extent(self.role, action):
            case Extent.ALL:
                return True
            case Extent.TEAMS:
                return queue in self.queues
            case Extent.OWN | Extent.NONE:
                return False


_MEANING: Mapping[Action, str] = {
    Action.TAKE_WORK: "the agents' WebSocket: presence, offers, conversations, wrap-up (for an account with an agent)",
    Action.KEEP_SESSION: "see and end the session",
    Action.SEE_QUEUES: "queues with what waits, and their service level",
    Action.SEE_AGENTS: "agents with presence and held work",
    Action.SEE_GUIDANCE: "canned replies, and the scripts of the queues",
    Action.KEEP_REPLIES: "canned replies of one's own",
    Action.SEE_TARGETS: "whom a call or a chat can be transferred to: agents with whether they are free, and queues",
    Action.SEE_INTERACTIONS: "records and stories; own: those that were offered to the agent, or whose notes name them",
    Action.WRITE_NOTES: "internal notes about an interaction, and name colleagues in them; own: as above",
    Action.SEE_CUSTOMERS: "a customer's timeline; own: customers of whom an interaction was offered to the agent",
    Action.EDIT_CUSTOMERS: "write down a customer's attributes; own: as above",
    Action.MERGE_CUSTOMERS: "merge a customer with another one, and take it back; own: as above, with a possible match",
    Action.SEE_WORK: "waiting work with place and explanation, and the live board",
    Action.SEE_RULES: "the rules of agents and queues, and the history of their changes",
    Action.SET_PRESENCE: "set an agent's presence",
    Action.SET_AGENT_RULES: "set an agent's skills, capacity and team",
    Action.SET_QUEUE_RULES: "set a queue's priority, target, offer time, wrap-up time, teams and emergency message",
    Action.TRY_CHANGES: "have a change of agents and queues played forward, without making it",
    Action.APPLY_PLANS: "save, apply and revert peak plans; teams: those that change only what is theirs",
    Action.STEER_WORK: "move waiting work to another queue, keep it for an agent, or take it back from one",
    Action.CANCEL_WORK: "end a work item; own: one that this key submitted",
    Action.LISTEN: "see who is in a call, listen, whisper and barge in; teams: calls in which one of their agents is",
    Action.TAKE_OVER: "take the customer of a call over from its agents",
    Action.HEAR_RECORDINGS: "recordings of calls; own: in which the agent is heard, teams: of their agents and queues",
    Action.PAUSE_RECORDINGS: "pause the recording of a call from outside it (agents do it in their own calls)",
    Action.DELETE_RECORDINGS: "remove a recording for good",
    Action.SUBMIT_WORK: "bring work in from a program",
    Action.SEE_FOLLOW_UPS: "callers to call back, and messages with their recordings; teams: those of their queues",
    Action.SEE_STATISTICS: "figures of queues, agents, media and channels, also of days gone by; own: one's own",
    Action.FINISH_FOLLOW_UPS: "take a callback or a message for oneself, and off the list when it is done",
    Action.ASSIGN_FOLLOW_UPS: "give a callback or a message to an agent, or take it from one",
    Action.SEE_ALERTS: "alerts about queues, agents and channels, and their history",
    Action.ACKNOWLEDGE_ALERTS: "say that somebody looks after an alert",
    Action.SEE_AUDIT: "the audit log",
    Action.UNDO: "take an intervention of the audit log back; teams: one that changed only what is theirs",
    Action.SEE_DELIVERIES: "the log of webhook deliveries",
    Action.RELOAD_SITE: "have the site's files read again",
    Action.SEE_NODES: "the nodes of the site, and what each does",
    Action.DRAIN_NODES: "take a node out: it takes nothing new, finishes its calls and ends",
    Action.MANAGE_WALLBOARDS: "make, list, name and revoke links of wallboards; teams: of what is theirs",
    Action.SEE_WALLBOARD: "a wallboard's figures, by its link: of the queues and teams that the link names",
}


def page() -> str:
    """The page docs/roles.md."""
    lines = [
        "# Roles",
        "",
        "What each role may do. `own` is one's own work, `teams` what the caller's teams cover (their agents, and the",
        "queues that they serve), `all` everything, `-` nothing. A supervisor's teams are `supervises` in agents.toml,",
        "or the agent's own team. What is out of reach is answered as if it were not there (404), what a role may not",
        "do at all with 403. A `wallboard` is a screen with a link; its teams are those that it names. This page is",
        "written by `python -m records.roles` from the table that the server obeys; every cell is tested.",
        "",
        f"| action | {' | '.join(role.value for role in Role)} | meaning |",
        f"|---|{'---|' * len(Role)}---|",
    ]
    for action in Action:
        cells = " | ".join(PERMISSIONS[role, action].value for role in Role)
        lines.append(f"| `{action.value}` | {cells} | {_MEANING[action]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parent.parent / "docs" / "roles.md").write_text(page(), encoding="utf-8")
