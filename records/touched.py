"""Which stored rows a batch of journal entries can touch, so that they are loaded before it is projected."""

from collections.abc import Iterable
from dataclasses import dataclass

from router.events import NodeLost, WorkTakenUp
from router.rows import Entry


@dataclass(frozen=True, slots=True)
class Touched:
    """Identifiers of the rows; of a lost node all interactions that are not closed."""

    interactions: frozenset[str]
    reservations: frozenset[str]
    nodes: frozenset[str]


def touched(entries: Iterable[Entry]) -> Touched:
    """Collects the identifiers that events and commands name."""
    found: dict[str, set[str]] = {"interaction_id": set(), "reservation_id": set()}
    nodes: set[str] = set()
    for entry in entries:
        if isinstance(entry.event, NodeLost):
            nodes.add(entry.event.node)
        if isinstance(entry.event, WorkTakenUp):
            # A call's first item bears the name of its interaction.
            found["interaction_id"].add(entry.event.work_id)
        for item in (entry.event, *entry.commands):
            for name, values in found.items():
                value = getattr(item, name, None)
                if value is not None:
                    values.add(value)
    return Touched(frozenset(found["interaction_id"]), frozenset(found["reservation_id"]), frozenset(nodes))
