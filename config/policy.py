"""The site's files as the router's policy."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Generic, TypeVar

import msgspec

from config.routing import closed_queues
from config.site import AgentConfig, QueueConfig, RoutingConfig, Site
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium

_QUEUE_FIELDS = tuple(one.name for one in fields(QueuePolicy))
_PLAIN = Policy(version="", queues={}, agents={})
# The whole of a row, also what the code gives by default: a version names one content for good.
_encoder = msgspec.json.Encoder(order="sorted")

C = TypeVar("C")
P = TypeVar("P", AgentPolicy, QueuePolicy)


def site_policy(site: Site, now_utc_us: int | None = None) -> Policy:
    """The policy of a site; its version is a hash of its content, so the same files give the same version.

    Queues with hours are closed by `now_utc_us` (microseconds since 1970); without it they count as open.
    """
    return PolicyMaker().make(site, now_utc_us)


class PolicyMaker:
    """Makes policies of one site as it changes: rows that stayed as they were are not made and hashed again."""

    def __init__(self) -> None:
        self._queues: _Rows[QueueConfig, QueuePolicy] = _Rows()
        self._agents: _Rows[AgentConfig, AgentPolicy] = _Rows()
        self._routing: RoutingConfig | None = None

    def make(self, site: Site, now_utc_us: int | None) -> Policy:
        """As site_policy."""
        if site.routing is not self._routing:
            self._agents, self._routing = _Rows(), site.routing
        closed, found = closed_queues(site, now_utc_us), hashlib.sha256()
        queues, agents = {}, {}
        for name, queue in sorted(site.queues.items(), key=_name):
            row = self._queues.of(name, queue, name in closed, partial(_queue, closed=name in closed))
            queues[name] = row.policy
            found.update(row.digest)
        found.update(b"agents")
        for name, agent in sorted(site.agents.items(), key=_name):
            known = self._agents.of(name, agent, None, partial(_agent, routing=site.routing))
            agents[name] = known.policy
            found.update(known.digest)
        policy = replace(
            _PLAIN,
            queues=queues,
            agents=agents,
            units={**_PLAIN.units, **site.routing.units},
            reconnect_grace_us=site.routing.reconnect_grace_us,
            interrupts=dict(site.routing.interrupts),
            ageing_us=site.routing.ageing_us,
            elsewhere=dict(site.routing.elsewhere),
        )
        found.update(_encoder.encode(replace(policy, queues={}, agents={})))
        return replace(policy, version=found.hexdigest()[:12])


@dataclass(frozen=True, slots=True)
class _Row(Generic[C, P]):
    config: C
    condition: object
    policy: P
    digest: bytes


class _Rows(Generic[C, P]):
    def __init__(self) -> None:
        self._made: dict[str, _Row[C, P]] = {}

    def of(self, name: str, config: C, condition: object, make: Callable[[C], P]) -> _Row[C, P]:
        """The row as it was made from an equal one under this condition, or made now."""
        row = self._made.get(name)
        if row is None or row.condition != condition or not (row.config is config or row.config == config):
            policy = make(config)
            digest = hashlib.sha256(_encoder.encode(policy)).digest()
            row = self._made[name] = _Row(config, condition, policy, digest)
        return row


def _name(item: tuple[str, object]) -> str:
    return item[0]


def _queue(queue: QueueConfig, *, closed: bool) -> QueuePolicy:
    return QueuePolicy(**{**{name: getattr(queue, name) for name in _QUEUE_FIELDS}, "closed": closed})


def _agent(agent: AgentConfig, *, routing: RoutingConfig) -> AgentPolicy:
    # Who is on the phone does nothing else, unless the site says so: a call takes the whole agent, chats a unit each.
    whole = {} if Medium.VOICE in routing.units else {Medium.VOICE: agent.total_units}
    return AgentPolicy(
        agent_id=agent.agent_id,
        team=agent.team,
        skills=dict(agent.skills),
        capacity=dict(agent.capacity),
        total_units=agent.total_units,
        units={**whole, **agent.units},
        queues=dict(agent.queues),
        fresh_limit=agent.fresh_limit,
        fresh_window_us=agent.fresh_window_us,
    )
