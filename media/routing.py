"""From gain matrix to data paths: who forwards packets at once, and who waits for the tick.

A leg that hears exactly one other leg and nothing else is packet-driven: the packet goes out in the very callback
that brought it in, with its payload untouched or translated by one table for codec and gain. Only a leg that is being
played to, sends digits, or hears several legs is ticked, and only the legs it hears keep a jitter buffer.
"""

from __future__ import annotations

from collections.abc import Collection

from media import codecs
from media.leg import Leg, Route
from media.mixer import Gains, sources_of


def wire(legs: dict[str, Leg], members: Collection[str], gains: Gains) -> None:
    """Set routes, mixes and `ticked` of the members of one room."""
    heard = sources_of(gains)
    routes: dict[str, list[Route]] = {leg_id: [] for leg_id in members}
    events: dict[str, list[Leg]] = {leg_id: [] for leg_id in members}
    mixed: set[str] = set()
    for leg_id in members:
        leg = legs[leg_id]
        sources = [(legs[source], gain) for source, gain in heard.get(leg_id, ())]
        leg.ticked = leg.player is not None or bool(leg.digits) or len(sources) > 1
        leg.mix = tuple(sources) if leg.ticked else ()
        mixed.update(source.leg_id for source, _ in leg.mix)
        for source, gain in sources:
            if source.codec is None or leg.codec is None:
                continue
            events[source.leg_id].append(leg)
            if not leg.ticked:
                routes[source.leg_id].append(Route(leg, codecs.table(source.codec, leg.codec, gain)))
    for leg_id in members:
        leg = legs[leg_id]
        leg.routes = tuple(routes[leg_id])
        leg.event_targets = tuple(events[leg_id])
        leg.needs_frames(leg_id in mixed)


def wire_alone(leg: Leg) -> None:
    """Set the data path of a leg that is in no room."""
    leg.routes = ()
    leg.event_targets = ()
    leg.mix = ()
    leg.ticked = leg.player is not None or bool(leg.digits)
    leg.needs_frames(False)
