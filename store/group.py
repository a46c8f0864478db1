"""Turns into the arguments of the function `commit`: several turns become one group commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from router.events import PolicyChanged
from router.rows import Turn, WorkRow
from router.vocabulary import WorkState
from store.codec import encode_entry, encode_row
from store.errors import OutOfOrder

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


@dataclass(slots=True)
class _Group:
    """Rows of several turns; the last word on an id wins."""

    agents: dict[str, bytes | None] = field(default_factory=dict)
    reservations: dict[str, bytes | None] = field(default_factory=dict)
    work: dict[str, WorkRow | None] = field(default_factory=dict)

    def add(self, turn: Turn) -> None:
        changes = turn.changes
        for agent in changes.agents:
            self.agents[agent.agent_id] = encode_row(agent)
        for reservation in changes.reservations:
            self.reservations[reservation.reservation_id] = encode_row(reservation)
        for work in changes.work:
            self.work[work.work_id] = work
        self.agents |= dict.fromkeys(changes.agents_removed)
        self.reservations |= dict.fromkeys(changes.reservations_closed)
        self.work |= dict.fromkeys(changes.work_closed)


def commit_arguments(epoch: int, turns: Sequence[Turn], inbox: str) -> list[Part]:
    """Return ARGV of `commit` (its header has the layout). Raises OutOfOrder when `turns` are not consecutive."""
    group = _Group()
    entries: list[Part] = []
    policies: list[Part] = []
    current_policy = ""
    for index, turn in enumerate(turns):
        if turn.sequence != turns[0].sequence + index:
            raise OutOfOrder(turn.sequence, turns[index - 1].sequence, "turns of one commit must be consecutive")
        entries.append(encode_entry(turn))
        group.add(turn)
        if isinstance(turn.event, PolicyChanged):
            current_policy = turn.event.policy.version
            policies += (current_policy, encode_row(turn.event.policy))
    work = {key: None if row is None else encode_row(row) for key, row in group.work.items()}
    arguments: list[Part] = [epoch, turns[0].sequence, turns[-1].now, current_policy, inbox]
    sections = (
        entries,
        policies,
        _written(group.agents),
        _written(group.reservations),
        _written(work),
        _deleted(group.agents),
        _deleted(group.reservations),
        _deleted(work),
        _places(group.work),
    )
    for section in sections:
        arguments.append(len(section))
        arguments += section
    return arguments


def _written(rows: dict[str, bytes | None]) -> list[Part]:
    return [part for key, data in rows.items() if data is not None for part in (key, data)]


def _deleted(rows: dict[str, bytes | None]) -> list[Part]:
    return [key for key, data in rows.items() if data is None]


def _places(rows: dict[str, WorkRow | None]) -> list[Part]:
    """Those who wait stand in their queue's sorted set; an offered item waits no more for an agent to be found."""
    parts: list[Part] = []
    for work_id, row in rows.items():
        if row is not None and row.state is WorkState.WAITING:
            parts += (work_id, row.queue, queue_score(row.priority, row.queued_at))
        else:
            parts += (work_id, "", 0)
    return parts
