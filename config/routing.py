"""routing.toml, which a site need not have: rules of the whole site, and the hours of its queues."""

from collections.abc import Iterable
from types import MappingProxyType

from config.rows import read_units
from config.site import MEDIA, QueueConfig, RoutingConfig, Site
from ivr.reading import Table
from router.vocabulary import Medium

FILE = "routing.toml"


def read_routing(file: Table) -> RoutingConfig:
    """The file."""
    interrupts = file.table("interrupts")
    routing = RoutingConfig(
        ageing_us=file.seconds("ageing_s", 0, high=86_400),
        reconnect_grace_us=file.seconds("reconnect_grace_s", 30, high=600),
        units=MappingProxyType(read_units(file.table("units"), low=1, finish=True)),
        interrupts=MappingProxyType({Medium(held): _over(interrupts, held) for held in MEDIA if interrupts.has(held)}),
    )
    interrupts.finish()
    file.finish()
    return routing


def _over(table: Table, held: str) -> tuple[Medium, ...]:
    others = [medium for medium in MEDIA if medium != held]
    return tuple(Medium(medium) for medium in table.names(held, others) if medium in others)


def is_closed(queue: QueueConfig, site: Site, now_utc_us: int | None) -> bool:
    """Whether the queue takes nothing at this time (microseconds since 1970, UTC); None: its hours count as open."""
    if queue.opening != "hours":
        return queue.opening == "closed"
    return bool(queue.hours) and now_utc_us is not None and not site.is_open(queue.hours, now_utc_us)


def closed_queues(site: Site, now_utc_us: int | None) -> frozenset[str]:
    """The names of those that are closed."""
    return frozenset(_closed(site.queues.values(), site, now_utc_us))


def _closed(queues: Iterable[QueueConfig], site: Site, now_utc_us: int | None) -> Iterable[str]:
    return (queue.name for queue in queues if is_closed(queue, site, now_utc_us))
