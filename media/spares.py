"""Sockets that are open before anybody needs them, so that a leg is there without a way to the worker and back."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import structlog

from media.errors import MediaError

log = structlog.get_logger(__name__)

SPARES = 8
"""Of each worker, but no more than a part of its ports. One that is taken is replaced within a twentieth of a second:
enough for 80 calls a second."""
PART_OF_PORTS = 4


class Link(Protocol):
    """The way to the worker (media.link)."""

    @property
    def alive(self) -> bool: ...

    def call(self, method: str, args: Mapping[str, Any]) -> asyncio.Future[Any]: ...


class Spares:
    """What one worker has in advance, as its owner knows it. `broken` is told a leg that could not be made after all.

    `ports`: for so many legs the worker has ports; the rooms that span workers need some of them too. Where no port is
    left nothing is in advance, and each leg asks for its own.
    """

    def __init__(self, link: Link, broken: Callable[[str, str], None], ports: int) -> None:
        self._most = min(SPARES, ports // PART_OF_PORTS)
        self._link = link
        self._broken = broken
        self._free: deque[tuple[str, str, int]] = deque()
        self._asked = 0
        self._names = map("spare:{}".format, itertools.count(1))

    def fill(self) -> None:
        """Asks for what is missing."""
        while self._link.alive and len(self._free) + self._asked < self._most:
            name = next(self._names)
            self._ask("reserve", {"spare": name}, partial(self._came, name))

    def take(self, leg_id: str) -> tuple[str, int] | None:
        """One becomes this leg, another is asked for in its place: host and port, None where there is none now."""
        if not self._free or not self._link.alive:
            return None
        spare, host, port = self._free.popleft()
        name = next(self._names)
        self._ask("adopt", {"leg_id": leg_id, "spare": spare, "fresh": name}, partial(self._taken, leg_id, name))
        return host, port

    def _ask(self, method: str, args: Mapping[str, Any], then: Callable[[asyncio.Future[Any]], None]) -> None:
        self._asked += 1
        self._link.call(method, args).add_done_callback(then)

    def _came(self, name: str, answer: asyncio.Future[Any]) -> None:
        self._asked -= 1
        if answer.cancelled() or isinstance(error := answer.exception(), MediaError):
            return  # no port is left, or no worker
        if error is not None:
            raise error
        if (found := answer.result()) is not None:
            self._free.append((name, *found))

    def _taken(self, leg_id: str, name: str, answer: asyncio.Future[Any]) -> None:
        self._came(name, answer)
        error = None if answer.cancelled() else answer.exception()
        # Of legs that went with their worker its owner tells.
        if isinstance(error, MediaError) and error.reason != "worker_lost":
            log.warning("spare_not_taken", leg_id=leg_id, reason=error.reason, detail=error.detail)
            self._broken(leg_id, error.reason)
