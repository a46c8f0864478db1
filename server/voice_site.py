"""The site's files as voice needs them."""

from collections.abc import Callable

from config.site import QueueConfig, Site
from ivr.machine import IvrContext
from voice.call import WaitPlan
from voice.conductor import Entry, VoiceSite


def voice_site(site: Site, node: str, new_id: Callable[[], str]) -> VoiceSite:
    """Entries with their flows, what waiting callers hear, and who has a phone."""
    return VoiceSite(
        entries={user: Entry(entry.channel, site.flows[entry.flow]) for user, entry in site.entries.items()},
        waits={name: _wait_plan(queue) for name, queue in site.queues.items()},
        ivr=IvrContext(site.is_open, site.holiday),
        phone_of=lambda agent_id: _phone(site, agent_id),
        node=node,
        new_id=new_id,
    )


def _wait_plan(queue: QueueConfig) -> WaitPlan:
    return WaitPlan(music=queue.music, welcome=queue.welcome, announce_every=queue.announce_place_every_us)


def _phone(site: Site, agent_id: str) -> str | None:
    agent = site.agents.get(agent_id)
    return agent.sip_user if agent is not None and agent.station == "sip" else None
