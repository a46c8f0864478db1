"""The site's files as the router's policy."""

import hashlib
from dataclasses import replace

import msgspec

from config.site import AgentConfig, QueueConfig, Site
from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy
from router.vocabulary import Medium, Requirement


def site_policy(site: Site) -> Policy:
    """The policy of a site; its version is a hash of its content, so the same files give the same version."""
    queues = {name: _queue(queue) for name, queue in site.queues.items()}
    agents = {name: _agent(agent) for name, agent in site.agents.items()}
    policy = Policy(version="", queues=queues, agents=agents)
    # The whole of it, also what the code gives by default: a version names one content for good.
    content = msgspec.json.encode(msgspec.to_builtins(policy), order="sorted")
    return replace(policy, version=hashlib.sha256(content).hexdigest()[:12])


def _queue(queue: QueueConfig) -> QueuePolicy:
    return QueuePolicy(
        name=queue.name,
        medium=Medium(queue.medium),
        requirements=tuple(Requirement(skill, minimum) for skill, minimum in queue.requirements),
        priority=queue.priority,
        strategy=Strategy(queue.strategy),
        teams=queue.teams,
        offer_timeout_us=queue.offer_timeout_us,
        wrap_up_us=queue.wrap_up_us,
        reject_rest_us=queue.reject_rest_us,
    )


def _agent(agent: AgentConfig) -> AgentPolicy:
    return AgentPolicy(
        agent_id=agent.agent_id,
        team=agent.team,
        skills=dict(agent.skills),
        capacity={Medium(medium): items for medium, items in agent.capacity.items()},
        total_units=agent.total_units,
        # Who is on the phone does nothing else: a call takes the whole agent, chats a unit each.
        units={Medium.VOICE: agent.total_units},
    )
