"""The site's files as voice needs them."""

from collections.abc import Callable

from config.site import QueueConfig
from ivr.context import IvrContext
from server.current import CurrentSite
from voice.recording import RecordingRule
from voice.site import Entry, VoiceSite
from voice.waiting import WaitPlan


def voice_site(current: CurrentSite, node: str, new_id: Callable[[], str]) -> VoiceSite:
    """Entries with their flows, what waiting callers hear, and who has a phone.

    Made anew for each site: a call goes by the one that held when it came in.
    """
    site = current.site
    return VoiceSite(
        entries={user: Entry(entry.channel, site.flows[entry.flow]) for user, entry in site.entries.items()},
        waits={name: _wait_plan(queue, site.routing.reconnect_grace_us) for name, queue in site.queues.items()},
        ivr=IvrContext(site.is_open, site.holiday),
        phone_of=lambda agent_id: _phone(current, agent_id),
        node=node,
        new_id=new_id,
        language=site.languages[0],
        flows=site.flows,
        recordings={name: _rule(queue) for name, queue in site.queues.items() if queue.recording.rule != "never"},
    )


def _wait_plan(queue: QueueConfig, grace_us: int) -> WaitPlan:
    return WaitPlan(
        music=queue.music,
        welcome=queue.welcome,
        announce_every=queue.announce_place_every_us,
        lost_agent_grace=grace_us,
        callback_key=queue.callback_key,
        emergency=queue.emergency_prompt,
    )


def _rule(queue: QueueConfig) -> RecordingRule:
    files = queue.recording
    return RecordingRule(
        rule=files.rule,  # type: ignore[arg-type]  # one of config.recordings.RULES
        prompts=files.prompts,
        digit=files.digit,
        answer_us=files.answer_us,
        agents_pause="agents" in files.pause,
        programs_pause="programs" in files.pause,
        longest_pause_us=files.longest_pause_us,
        share=files.share,
    )


def _phone(current: CurrentSite, agent_id: str) -> str | None:
    agent = current.agent(agent_id)
    return agent.sip_user if agent is not None and agent.station == "sip" else None
