"""Callers of a node that ends, whose phones or pages can be told to call another one: they go on there, in front.

This node says to the other one who will come, under a word; the other says where it is reached, and tells when they are
there.
"""

import asyncio
import itertools
import secrets
from typing import Any

import msgspec
import structlog

from router.rows import WorkRow
from server.calls.lost_calls import voice_rows
from server.core.routing import Routing
from server.desks.contexts import InteractionContexts
from server.nodes.peer_link import PeerLink, PeerRefusedError, PeerUnreachableError
from voice.caller_leg import Elsewhere
from voice.conductor import Conductor
from voice.moved import MovedCall, attributes_of

log = structlog.get_logger(__name__)

WORD_BYTES = 18


class MovedCalls:
    """`sip` is host:port of this node's SIP, as phones reach it, `pages` the address of its pages.

    `redirects`: phones that call while this node is drained are sent to another one, not away.
    """

    def __init__(
        self,
        link: PeerLink,
        pump: Routing,
        contexts: InteractionContexts,
        conductor: Conductor,
        sip: str,
        pages: str,
        *,
        redirects: bool = False,
    ) -> None:
        self._link = link
        self._pump = pump
        self._contexts = contexts
        self._conductor = conductor
        self._sip = sip
        self._pages = pages
        self._calls: dict[str, str] = {}
        link.answer["expect_caller"] = self._expect
        link.hear |= {"caller_came": self._came, "place": self._placed}
        self._redirects = redirects
        self._places: dict[str, tuple[str, str]] = {}
        self._turns = itertools.count()
        link.found.append(self._greet)
        link.lost.append(lambda node: self._placed(node, None))
        conductor.elsewhere = self.elsewhere

    def leave(self) -> None:
        """This node is drained: nobody is sent here any more."""
        self._link.tell_all("place", None)

    def elsewhere(self, entry: str) -> Elsewhere | None:
        """Another node where this entry may be called, by turns; None when there is none."""
        nodes = sorted(self._places)
        if not nodes:
            return None
        sip, pages = self._places[nodes[next(self._turns) % len(nodes)]]
        return Elsewhere(sip if self._redirects else "", pages, entry)

    def _greet(self, node: str) -> None:
        if not self._conductor.draining:
            self._link.tell(node, "place", (self._sip, self._pages))

    def _placed(self, node: str, place: tuple[str, str] | None) -> None:
        if place is None:
            self._places.pop(node, None)
        else:
            self._places[node] = place[0], place[1]

    async def move_all(self) -> frozenset[str]:
        """Asks everybody's phone; returns the interactions of those who are on the line at another node now."""
        nodes = sorted(self._link.reached)
        if not nodes:
            return frozenset()
        pairs = list(zip(voice_rows(self._pump, self._link.label).items(), itertools.cycle(nodes), strict=False))
        moved = await asyncio.gather(*(self._move(row, node) for (_, row), node in pairs))
        return frozenset(name for ((name, _), _), done in zip(pairs, moved, strict=True) if done)

    async def _move(self, row: WorkRow, node: str) -> bool:
        call = self._conductor.moving.call_of(row.interaction_id)
        if call is None:
            return False
        word = secrets.token_hex(WORD_BYTES)
        self._calls[word] = call
        try:
            sip, pages = await self._link.ask(node, "expect_caller", msgspec.to_builtins(await self._known(row, word)))
            moved = await self._conductor.moving.move(row.interaction_id, Elsewhere(sip, pages, word))
        except (PeerUnreachableError, PeerRefusedError) as error:
            log.info("caller_not_moved", interaction_id=row.interaction_id, node=node, reason=str(error))
            return False
        except Exception:  # one caller of whom nobody foresaw this must not keep the others from being asked
            log.exception("caller_not_moved", interaction_id=row.interaction_id, node=node)
            return False
        finally:
            del self._calls[word]
        log.info("caller_moved" if moved else "caller_stayed", interaction_id=row.interaction_id, node=node)
        return moved

    async def _known(self, row: WorkRow, word: str) -> MovedCall:
        context = await self._contexts.get(row.interaction_id)
        attributes = dict(row.attributes)
        return MovedCall(
            word=word,
            of=row.interaction_id,
            channel=context.channel,
            entry=attributes.get("entry", ""),
            queue=row.queue,
            requirements=tuple((each.skill, each.minimum) for each in row.requirements),
            priority=row.priority,
            attributes=attributes_of(attributes),
            since=row.queued_at,
            caller=context.caller,
            caller_kind=context.kind,
            caller_name=context.caller_name,
            data=context.data,
            path=context.path,
            language=context.language,
        )

    # --- the other node's side -----------------------------------------------------------------------------------

    async def _expect(self, node: str, body: Any) -> tuple[str, str]:
        if self._conductor.draining:
            raise PeerRefusedError("this node is being drained, too")
        moved = msgspec.convert(body, MovedCall)
        self._conductor.awaited.expect(moved, lambda: self._tell(node, moved.word))
        return self._sip, self._pages

    def _tell(self, node: str, word: str) -> None:
        self._link.tell(node, "caller_came", word)

    def _came(self, _node: str, word: str) -> None:
        if (call := self._calls.get(word)) is not None:
            self._conductor.moving.came(call)
