"""The site's canned replies, scripts and titles, as the API shows them."""

from config.site import Site, label
from http_api.guidance_api import CannedReply, SiteGuidance, SiteTitles


def guidance_of(site: Site) -> SiteGuidance:
    """All of them, in the order of the file."""
    return SiteGuidance(
        site=site.name,
        titles=SiteTitles(
            queues={name: label(one.title, one.titles) for name, one in site.queues.items()},
            channels={name: label(one.title, one.titles) for name, one in site.channels.items()},
            teams={name: label(one.title, one.titles) for name, one in site.teams.items()},
            skills={name: label(one.title, one.titles) for name, one in site.skills.items()},
            words={text: label(one.title, one.titles) for text, one in site.words.items()},
            agents={agent_id: one.display_name for agent_id, one in site.agents.items()},
        ),
        replies=tuple(
            CannedReply(name=one.name, titles=label(one.title, one.titles), queues=one.queues, texts=dict(one.texts))
            for one in site.replies.values()
        ),
        scripts={queue: dict(texts) for queue, texts in site.scripts.items()},
    )
