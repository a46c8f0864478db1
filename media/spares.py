"""Sockets that are open before anybody needs them, so that a leg is there without a way to the worker and back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

from media.errors import MediaError

SPARES = 16
"""Of each worker, but no more than a part of its ports. When half of them are taken as many are asked for at once: one
way to the worker and back for eight legs, and eight more may come meanwhile."""
PART_OF_PORTS = 4


class Link(Protocol):
    """The way to the worker (media.link)."""

    @property
    def alive(self) -> bool: ...

    def call(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> asyncio.Future[Any]: ...

    def order(self, method: str, args: Mapping[str, Any], *, patiently: bool = False) -> None: ...


class Spares:
    """What one worker has in advance, as its owner knows it.

    `ports`: for so many legs the worker has ports; the rooms that span workers need some of them too. Where no port is
    left nothing is in advance, and each leg asks for its own.
    """

    def __init__(self, link: Link, ports: int) -> None:
        self._most = min(SPARES, ports // PART_OF_PORTS)
        self._link = link
        self._free: deque[tuple[str, int]] = deque()
        self._asked = 0

    def fill(self) -> None:
        """Asks for what is missing, if that is much."""
        missing = self._most - len(self._free) - self._asked
        if self._link.alive and missing > 0 and 2 * missing >= self._most:
            self._asked += missing
            answer = self._link.call("reserve", {"count": missing}, patiently=True)
            answer.add_done_callback(lambda answer: self._came(missing, answer))

    def take(self, leg_id: str) -> tuple[str, int] | None:
        """One becomes this leg: host and port, None where there is none now.

        The worker learns of it with what it is told next, or a little later: nothing is heard of a leg before its far
        end is named. A leg that it cannot make is told as leg_failed.
        """
        if not self._free or not self._link.alive:
            return None
        host, port = self._free.popleft()
        self._link.order("adopt", {"leg_id": leg_id, "port": port}, patiently=True)
        self.fill()
        return host, port

    def _came(self, count: int, answer: asyncio.Future[Any]) -> None:
        self._asked -= count
        if answer.cancelled() or isinstance(error := answer.exception(), MediaError):
            return  # no worker
        if error is not None:
            raise error
        host, ports = answer.result()
        self._free += [(host, port) for port in ports]
