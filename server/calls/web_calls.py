"""Web callers, brought together: the endpoint that the web server mounts, on the conductor and the media engine."""

from collections.abc import Callable

from aiohttp import web

from server.chats.chat_site import emergency_text
from server.core.routing import Routing
from server.current import CurrentSite
from voice.conductor import Conductor
from voice.ports import MediaEngine
from voice.web_calls import WebCallPorts, WebCalls
from voice.web_endpoint import WebCallEndpoint
from voice.web_limits import WebCallLimits


def web_call_endpoint(
    current: CurrentSite,
    conductor: Conductor,
    media: MediaEngine,
    pump: Routing,
    origin_allowed: Callable[[web.Request], bool],
    address_of: Callable[[web.Request], str],
) -> WebCallEndpoint:
    """Entries are those of site.toml, but for the ones with `web = false`; agents go by their display names."""
    limits = WebCallLimits()
    ports = WebCallPorts(
        desk=conductor,
        media=media,
        is_open=lambda entry: conductor.awaited.knows(entry) or _is_open(current, entry),
        place=pump.place,
        name_of=names_of(current),
        emergency=_emergencies(current, pump),
    )
    calls = WebCalls(ports, limits)
    current.on_change(lambda _site: calls.refresh())
    return WebCallEndpoint(calls, now=pump.now, origin_allowed=origin_allowed, limits=limits, address_of=address_of)


def _is_open(current: CurrentSite, entry: str) -> bool:
    found = current.site.entries.get(entry)
    return found is not None and found.web


def _emergencies(current: CurrentSite, pump: Routing) -> Callable[[str, str], str]:
    def emergency(work_id: str, locale: str) -> str:
        work = pump.dispatcher.work(work_id)
        return emergency_text(current, work.queue, locale) if work is not None else ""

    return emergency


def names_of(current: CurrentSite) -> Callable[[str], str]:
    def name_of(agent_id: str) -> str:
        agent = current.agent(agent_id)
        return agent.display_name if agent is not None else ""

    return name_of
