"""Who does what flows ask for, put together from the site and the node's own parts."""

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from config.site import LookUpConfig
from ivr.commands import RequestCallback
from records.follow_ups import FollowUps
from server.calls.look_ups import HttpLookUps
from server.calls.voicemail import Recording, VoicemailBox, keep_left_behind
from server.clock import wall_us
from server.current import CurrentSite
from server.desks.contexts import InteractionContexts
from server.tasks import TaskOwner
from voice.requests import IvrServices, RequestError

log = structlog.get_logger(__name__)


async def ivr_services(
    current: CurrentSite,
    engine: Recording,
    follow_ups: FollowUps,
    messages: Path,
    contexts: InteractionContexts,
    tasks: TaskOwner,
    stack: AsyncExitStack,
) -> IvrServices:
    """All three; `stack` closes what has to be closed. `messages` is the folder of the recordings.

    Those that a crash cut off are made into messages first.
    """
    await keep_left_behind(messages, follow_ups)
    look_ups = HttpLookUps(current.site.lookups, look_up_tokens(current.site.lookups))
    current.on_change(lambda site: look_ups.follow(site.lookups, look_up_tokens(site.lookups)))
    stack.push_async_callback(look_ups.close)
    return IvrServices(
        look_ups,
        CallbackBook(follow_ups, wall_us),
        VoicemailBox(engine, messages, follow_ups, tasks, contexts.caller, wall_us),
    )


class CallbackBook:
    """Implements voice's Callbacks on the records."""

    def __init__(self, follow_ups: FollowUps, wall: Callable[[], int]) -> None:
        self._follow_ups = follow_ups
        self._wall = wall

    async def requested(self, interaction_id: str, request: RequestCallback) -> None:
        """Keeps it. Raises RequestError "no_number" for a number that nobody can dial."""
        try:
            await self._follow_ups.callback(
                interaction_id, request.queue, request.number, request.language, request.path, self._wall()
            )
        except ValueError:
            raise RequestError("no_number") from None


def look_up_tokens(services: Mapping[str, LookUpConfig], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Bearer tokens from the variables that the site names; one that is not set is logged and left out."""
    tokens: dict[str, str] = {}
    for service in services.values():
        if not service.token_variable:
            continue
        token = environ.get(service.token_variable, "")
        if token:
            tokens[service.name] = token
        else:
            log.warning("look_up_token_missing", service=service.name, variable=service.token_variable)
    return tokens
