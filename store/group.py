"""Turns into the arguments of the function `commit`: several turns become one group commit."""

from collections.abc import Mapping, Sequence
from typing import Final

from router.events import PolicyChanged
from router.rows import AgentRow, NeighbourRow, ReservationRow, Turn, WorkRow
from router.vocabulary import WorkState
from store.codec import encode_entry, encode_row
from store.errors import OutOfOrder
from store.lease import Memory

Part = bytes | str | int

_SCORE_EPOCH_MS: Final = 1_577_836_800_000  # 2020-01-01, so that milliseconds fit 41 bits until 2089
_SCORE_SPAN: Final = 1 << 41
_MAX_PRIORITY: Final = 4095


def queue_score(priority: int, queued_at: int) -> int:
    """Return a score that orders higher priority, then longer waiting; exact in a double (below 2^53).

    Milliseconds and priorities within +-4095: boards read it. The dispatcher orders by the rows themselves.
    """
    bounded = max(-_MAX_PRIORITY, min(_MAX_PRIORITY, priority))
    waited = max(0, min(_SCORE_SPAN - 1, queued_at // 1000 - _SCORE_EPOCH_MS))
    return waited - bounded * _SCORE_SPAN


def commit_arguments(epoch: int, owner: str, turns: Sequence[Turn], inbox: str) -> list[Part]:
    """Return ARGV of `commit` (its header has the layout). Raises OutOfOrder when `turns` are not consecutive."""
    entries: list[Part] = []
    policies: list[Part] = []
    current_policy = ""
    for index, turn in enumerate(turns):
        if turn.sequence != turns[0].sequence + index:
            raise OutOfOrder(turn.sequence, turns[index - 1].sequence, "turns of one commit must be consecutive")
        entries.append(encode_entry(turn))
        if isinstance(turn.event, PolicyChanged):
            current_policy = turn.event.policy.version
            policies += (current_policy, encode_row(turn.event.policy))
    agents, reservations, work = _last_words(turns)
    arguments: list[Part] = [epoch, turns[0].sequence, turns[-1].now, current_policy, inbox, owner]
    return arguments + _counted(
        entries,
        policies,
        _written(agents),
        _written(reservations),
        _written(work),
        _deleted(agents),
        _deleted(reservations),
        _deleted(work),
        _places(work),
        _neighbours(turns),
    )


def reseed_arguments(epoch: int, owner: str, lease_ms: int, memory: Memory) -> list[Part]:
    """Return ARGV of `reseed` (its header has the layout)."""
    image, turns = memory.image, memory.turns
    policies: dict[str, bytes] = {memory.policy.version: encode_row(memory.policy)}
    for turn in turns:
        if isinstance(turn.event, PolicyChanged):
            policies[turn.event.policy.version] = encode_row(turn.event.policy)
    agents = {row.agent_id: row for row in image.agents}
    reservations = {row.reservation_id: row for row in image.reservations}
    work = {row.work_id: row for row in image.work}
    first = turns[0].sequence if turns else image.applied + 1
    arguments: list[Part] = [epoch, owner, lease_ms, first, image.applied, image.clock, memory.policy.version]
    return arguments + _counted(
        [encode_entry(turn) for turn in turns],
        [part for pair in policies.items() for part in pair],
        _written(agents),
        _written(reservations),
        _written(work),
        _places(work),
        [part for pair in memory.senders.items() for part in pair],
        sorted(memory.gone),
        _written({row.shard: row for row in image.neighbours}),
    )


def _counted(*sections: list[Part]) -> list[Part]:
    return [part for section in sections for part in (len(section), *section)]


def _last_words(
    turns: Sequence[Turn],
) -> tuple[dict[str, AgentRow | None], dict[str, ReservationRow | None], dict[str, WorkRow | None]]:
    """Return what each row is after all `turns`; None: deleted."""
    agents: dict[str, AgentRow | None] = {}
    reservations: dict[str, ReservationRow | None] = {}
    work: dict[str, WorkRow | None] = {}
    for turn in turns:
        changes = turn.changes
        for agent in changes.agents:
            agents[agent.agent_id] = agent
        for reservation in changes.reservations:
            reservations[reservation.reservation_id] = reservation
        for item in changes.work:
            work[item.work_id] = item
        for key in changes.agents_removed:
            agents[key] = None
        for key in changes.reservations_closed:
            reservations[key] = None
        for key in changes.work_closed:
            work[key] = None
    return agents, reservations, work


def _neighbours(turns: Sequence[Turn]) -> list[Part]:
    return _written({row.shard: row for turn in turns for row in turn.changes.neighbours})


def _written(rows: Mapping[str, AgentRow | ReservationRow | WorkRow | NeighbourRow | None]) -> list[Part]:
    return [part for key, row in rows.items() if row is not None for part in (key, encode_row(row))]


def _deleted(rows: Mapping[str, AgentRow | ReservationRow | WorkRow | None]) -> list[Part]:
    return [key for key, row in rows.items() if row is None]


def _places(rows: Mapping[str, WorkRow | None]) -> list[Part]:
    """Those who wait stand in their queue's sorted set; an offered item waits no more for an agent to be found."""
    parts: list[Part] = []
    for work_id, row in rows.items():
        if row is not None and row.state is WorkState.WAITING:
            parts += (work_id, row.queue, queue_score(row.priority, row.queued_at))
        else:
            parts += (work_id, "", 0)
    return parts
