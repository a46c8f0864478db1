"""A walk of the router as the segments that a server would have written of it."""

from router.commands import SendOffer
from router.events import PolicyChanged, TimePassed
from router.policy import Policy
from router.rows import Changes, Turn
from store.codec import encode_entry, encode_row
from store.segment import RawImage, Segment, make_head
from tests.properties.walk import Walk


def image_of(walk: Walk, applied: int) -> RawImage:
    """The walk's rows as they are stored."""
    store, dispatcher = walk.world.store, walk.world.dispatcher
    tables = (store.agents, store.work, store.reservations)
    agents, work, reservations = (tuple(encode_row(row) for row in table.values()) for table in tables)
    neighbours = tuple(encode_row(row) for row in store.neighbours.values())
    return RawImage(dispatcher.policy.version, applied, dispatcher.clock, agents, work, reservations, neighbours)


def recorded(seed: int, steps: int, every: int, code: str = "test") -> list[Segment]:
    """A walk of about `steps` turns, cut where nothing is left to be decided, about `every` turns."""
    walk = Walk(seed, agents=6, queues=4, skills=4)
    head = make_head(image_of(walk, 0), encode_row(walk.first), code=code, shard="s0", restored_at=None)
    segments: list[Segment] = []
    for _ in range(steps):
        walk.step()
        count = len(walk.trace)
        if count - head.after >= every and not walk.world.dispatcher.unfinished:
            segments.append(Segment(head, *_body(walk, head.after)))
            policy = encode_row(walk.world.dispatcher.policy)
            head = make_head(image_of(walk, count), policy, code=code, shard="s0", restored_at=None)
    return [*segments, Segment(head, *_body(walk, head.after))]


def offers_of(segment: Segment) -> list[tuple[int, SendOffer]]:
    """The offers of a segment with their turns."""
    return [
        (turn.sequence, command)
        for turn in segment.turns()
        for command in turn.commands
        if isinstance(command, SendOffer)
    ]


def with_offer(segments: list[Segment]) -> int:
    """The index of the first segment but the very first that has an offer; another one follows it."""
    return next(index for index, segment in enumerate(segments[:-1]) if index and offers_of(segment))


def _body(walk: Walk, after: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    policies: dict[str, Policy] = {}
    entries = []
    for sequence, (event, now, commands) in enumerate(walk.trace[after:], after + 1):
        if isinstance(event, PolicyChanged):
            policies[event.policy.version] = event.policy
        turn = Turn(sequence, now, "walk", TimePassed() if event is None else event, tuple(commands), Changes())
        entries.append(encode_entry(turn))
    return tuple(encode_row(policy) for policy in policies.values()), tuple(entries)
