"""routing.toml, which a site need not have: rules of the whole site, and the hours of its queues."""

import re
from collections.abc import Iterable
from types import MappingProxyType

from config.problems import ConfigProblem, ConfigProblems
from config.rows import read_units
from config.setting_readers import SHARD_HINT, SHARD_NAME
from config.site import MEDIA, QueueConfig, RoutingConfig, Site
from ivr.reading import Table
from router.policy import Elsewhere
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
        elsewhere=MappingProxyType({name: _elsewhere(row) for name, row in file.table("elsewhere").entries()}),
    )
    interrupts.finish()
    file.finish()
    return routing


def _elsewhere(row: Table) -> Elsewhere:
    """A queue of another shard."""
    shard, medium = row.text("shard"), row.choice("medium", MEDIA)
    if shard and not re.fullmatch(SHARD_NAME, shard):
        row.problem("shard", "is not the name of a shard", f"{SHARD_HINT}, as in --shard of its nodes")
    row.finish()
    return Elsewhere(shard, Medium(medium) if medium in MEDIA else Medium.EMAIL)


def check_shard(site: Site, shard: str, store: str) -> None:
    """That queues of other shards are not this one's, and that there is a `store` for both. Raises ConfigProblems."""
    found = [
        ConfigProblem(FILE, f"elsewhere.{name}.shard", f'"{shard}" is this shard itself', "name another one")
        for name, there in site.routing.elsewhere.items()
        if there.shard == shard
    ]
    if site.routing.elsewhere and not store:
        found.append(ConfigProblem(FILE, "elsewhere", "needs a store that both shards use", "give --redis-url"))
    if found:
        raise ConfigProblems(str(site.root), tuple(found))


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
