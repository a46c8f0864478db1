"""What agents say and go by: canned replies and scripts, as the site's files have them now."""

from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web

from http_api.routes import Route, reply
from records.roles import Action, allowed


class CannedReply(msgspec.Struct, frozen=True, kw_only=True):
    """Typed as `/name`. In these `queues` (none: in every one); `titles` and `texts`: language -> text.

    Variables stand in braces; docs/chat.md lists them.
    """

    name: str
    titles: Mapping[str, str]
    queues: tuple[str, ...]
    texts: Mapping[str, str]


class SiteTitles(msgspec.Struct, frozen=True, kw_only=True):
    """What people call things: id -> language -> title. `words`: what flows put into paths and data."""

    queues: Mapping[str, Mapping[str, str]]
    channels: Mapping[str, Mapping[str, str]]
    teams: Mapping[str, Mapping[str, str]]
    skills: Mapping[str, Mapping[str, str]] = {}
    words: Mapping[str, Mapping[str, str]] = {}
    agents: Mapping[str, str] = {}


NO_TITLES = SiteTitles(queues={}, channels={}, teams={})


class SiteGuidance(msgspec.Struct, frozen=True, kw_only=True):
    """`site` is its name. `scripts`: queue -> language -> text, of which config/README.md says what it may hold."""

    site: str
    titles: SiteTitles = NO_TITLES
    replies: tuple[CannedReply, ...]
    scripts: Mapping[str, Mapping[str, str]]


class GuidanceApi:
    """GET /guidance. `guidance` gives what the site's files say at the time."""

    def __init__(self, guidance: Callable[[], SiteGuidance]) -> None:
        self._guidance = guidance

    def routes(self) -> tuple[Route, ...]:
        """Its row of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/guidance",
                handler=self.show,
                operation="getGuidance",
                summary="Canned replies, scripts of the queues, and the titles of queues, channels and teams",
                roles=allowed(Action.SEE_GUIDANCE),
                replies={200: SiteGuidance},
            ),
        )

    async def show(self, _request: web.Request) -> web.Response:
        """What holds now."""
        return reply(self._guidance())
