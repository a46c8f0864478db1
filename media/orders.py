"""What an engine is told to do without being asked for an answer: done at once, in the order told.

A failure comes as an event of the leg.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog

from media.engine import InProcessEngine
from media.errors import MediaError
from media.events import MediaEvent

log = structlog.get_logger(__name__)

ORDERS: Final = frozenset({"adopt", "set_remote", "play", "stop_play", "set_room", "close_leg"})
# Of these the engine's methods wait for nothing: they need no task.
AT_ONCE: Final = ORDERS - {"close_leg"} | {
    "open_rtp",
    "reserve",
    "open_trunk",
    "send_digits",
    "stats",
    "record",
    "mute_record",
}


def arguments(method: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """As the engine takes them: a room's matrix has no keys of two parts on its way."""
    if method != "set_room":
        return args
    return {**args, "gains": {(source, target): gain for source, target, gain in args["gains"]}}


def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing to its end."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("it waits")


class Orders:
    """Of one engine. `spawn` runs what has to wait, under a name."""

    def __init__(
        self,
        engine: InProcessEngine,
        emit: Callable[[MediaEvent], None],
        spawn: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        self._engine = engine
        self._emit = emit
        self._spawn = spawn
        self._waiting = 0

    def begin(self, method: str, args: Mapping[str, Any], work: Coroutine[Any, Any, None]) -> None:
        """Run what carries `method` out: to its end, where it waits for nothing and all told before has begun."""
        closes = method == "close_leg" and not self._engine.closes_later(args.get("leg_id", ""))
        if (closes or method in AT_ONCE) and not self._waiting:
            finish(work)
            return
        self._waiting += 1
        self._spawn(self._later(work), f"media-{method}")

    async def _later(self, work: Coroutine[Any, Any, None]) -> None:
        self._waiting -= 1
        await work

    def obey(self, method: str, args: Mapping[str, Any]) -> None:
        """Carry out one. ValueError for what is no order."""
        if method not in ORDERS:
            raise ValueError(f"{method} is no order")
        self.begin(method, args, self._carry_out(method, arguments(method, args)))

    async def _carry_out(self, method: str, args: Mapping[str, Any]) -> None:
        try:
            await getattr(self._engine, method)(**args)
        except MediaError as error:
            self._failed(method, args, error.reason)
        except Exception:
            log.exception("media_request_failed", method=method)
            self._failed(method, args, "internal_error")

    def _failed(self, method: str, args: Mapping[str, Any], reason: str) -> None:
        """What was not played counts as over, a leg without its far end is of no use; the rest was over anyway."""
        leg_id = args.get("leg_id", "")
        log.error("media_order_failed", method=method, leg_id=leg_id, reason=reason)
        if method == "play":
            self._emit(MediaEvent("played", leg_id, play_id=args["play_id"], reason="failed"))
        elif method in ("adopt", "set_remote"):
            self._emit(MediaEvent("leg_failed", leg_id, reason=reason))
