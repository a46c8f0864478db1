"""Rows as the files write them, made from what was read: what live edits are laid over, and what the API shows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from config.site import AgentConfig, QueueConfig
from ivr.reading import MICROSECONDS
from router.policy import Exit, Ring, Strategy
from router.vocabulary import Medium


def queue_row(queue: QueueConfig) -> dict[str, Any]:
    """The keys of queues.toml by which work is given out, every one of them; read_queue reads them back."""
    return {
        "medium": queue.medium.value,
        "priority": queue.priority,
        "requirements": queue.condition or {need.skill: need.minimum for need in queue.requirements},
        "hard": list(queue.hard),
        "rings": [_ring(ring) for ring in queue.rings],
        "strategy": queue.strategy.value,
        "weights": asdict(queue.weights) if queue.strategy is Strategy.WEIGHTED else {},
        "preferences": [
            {"want": each.want, "score": each.score, **_given(when=each.when)} for each in queue.preferences
        ],
        "preferred_patience_s": _seconds(queue.preferred_patience_us),
        "teams": list(queue.teams),
        "priority_rules": [{"when": each.when, "priority": each.priority} for each in queue.priority_rules],
        "order": queue.order.value,
        "ratio": queue.ratio,
        "reserve": None if queue.reserve is None else {"free": queue.reserve.free, "below": queue.reserve.below},
        "max_waiting": queue.max_waiting,
        "when_full": _exit(queue.when_full),
        "hours": queue.hours,
        "opening": queue.opening,
        "when_closed": _exit(queue.when_closed),
        "empty_when_closed": queue.empty_when_closed,
        "units": queue.units,
        "offer_to": queue.offer_to,
        "auto_accept": queue.auto_accept,
        "offer_timeout_s": _seconds(queue.offer_timeout_us),
        "missed_not_ready": queue.missed_not_ready,
        "reject_rest_s": "for_good" if queue.reject_rest_us is None else _seconds(queue.reject_rest_us),
        "wrap_up_s": _seconds(queue.wrap_up_us),
        "wrap_up_extend_s": _seconds(queue.wrap_up_extend_us),
        "callback_attempts": queue.callback_attempts,
        "callback_retry_s": _seconds(queue.callback_retry_us),
        "park_limit": queue.park_limit,
        "park_max_s": _seconds(queue.park_max_us),
        "park_patience_s": _seconds(queue.park_patience_us),
        "emergency": _given(prompt=queue.emergency_prompt, text=dict(queue.emergency_texts)),
        "service_level": {
            "threshold_s": _seconds(queue.service_level.threshold_us),
            "fraction": queue.service_level.fraction,
        },
    }


def agent_row(agent: AgentConfig) -> dict[str, Any]:
    """The keys of a row of agents.toml by which the agent gets work; read_agent reads them back."""
    return {
        "team": agent.team,
        "skills": dict(agent.skills),
        "capacity": {**_media(agent.capacity), "total": agent.total_units},
        "units": _media(agent.units),
        "queues": {
            name: {"priority": taken.priority, "delay_s": _seconds(taken.delay_us)}
            for name, taken in agent.queues.items()
        },
        "fresh": {"limit": agent.fresh_limit, "window_s": _seconds(agent.fresh_window_us)},
    }


def _ring(ring: Ring) -> dict[str, Any]:
    return {
        "after_s": _seconds(ring.after_us),
        **_given(lower=dict(ring.lower), drop=list(ring.drop), priority=ring.priority),
        **({} if ring.requirements is None else {"requirements": ring.requirements}),
        **({} if ring.teams is None else {"teams": list(ring.teams)}),
        **(_exit(ring.exit) or {}),
        **({} if ring.skip_empty else {"skip_empty": False}),
    }


def _exit(leaving: Exit | None) -> dict[str, str] | None:
    return None if leaving is None else _given(queue=leaving.queue, divert=leaving.divert)


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _media(numbers: Mapping[Medium, int]) -> dict[str, int]:
    return {str(medium): number for medium, number in numbers.items()}


def _seconds(duration_us: int) -> float:
    return duration_us / MICROSECONDS
