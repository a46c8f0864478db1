"""Chats between nodes of different shards: what the visitor's node asks the host, and the host's answers."""

import itertools
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from chat.guests import DRAINING, Guests
from chat.ports import ChatRefusedError, Identity, StoreAwayError
from chat.vault import Vault
from chat.visits import FilePiece, Find, GuestChat, MoreLines, Visit, decode_visit
from records.chat_files import ChatFile
from records.handovers import Handover
from records.messages import Chat, Message
from router.errors import RoutingEndedError
from server.chats.chat_acts import Answer
from server.chats.chat_homes import Peers
from server.chats.far_files import KIND as FILE
from server.chats.far_files import PIECE
from server.desks.contexts import InteractionContexts
from server.nodes.peer_link import PeerRefusedError, PeerUnreachableError
from server.nodes.shard_links import ShardLinks

log = structlog.get_logger(__name__)

GUEST, MORE, FILE_IN, VISIT = "chat_guest", "chat_guest_lines", "chat_guest_file", "chat_visit"
# Well below the longest frame that nodes take from each other, also of lines that are as long as they may be.
PAGE = 20
# Longer than the host holds a visit back for news.
ANSWER_S = 15.0


class ChatLodger:
    """The visitor's node: implements chat.ports.Shards. `shard` is this one's name, `fetch` brings files here."""

    def __init__(
        self,
        shard: str,
        links: ShardLinks,
        contexts: InteractionContexts,
        vault: Vault,
        fetch: Callable[[ChatFile], Awaitable[bool]],
    ) -> None:
        self._shard = shard
        self._links = links
        self._contexts = contexts
        self._vault = vault
        self._fetch = fetch
        self._turns = itertools.count()

    async def lodge(
        self, chat: Chat, lines: Sequence[Message], work_id: str, shard: str, queue: str, handover: Handover | None
    ) -> str:
        """The nodes of that shard are asked by turns."""
        guest = replace(await self._guest(chat, lines, work_id, queue), handover=handover)
        for node in self._nodes(shard, "", next(self._turns)):
            try:
                await self._ask(shard, node, GUEST, guest)
                for start in range(PAGE, len(lines), PAGE):
                    more = MoreLines(interaction_id=chat.interaction_id, lines=tuple(lines[start : start + PAGE]))
                    await self._ask(shard, node, MORE, more)
                for file in [line.file for line in lines if line.file is not None and not line.file.gone]:
                    await self._push(shard, node, file)
            except (PeerUnreachableError, PeerRefusedError, ChatRefusedError) as error:
                log.info("no_room_for_chat", interaction_id=chat.interaction_id, node=node, reason=str(error))
            else:
                return node
        raise ChatRefusedError("unavailable", f"no node of shard {shard} makes room")

    async def visit(self, shard: str, node: str, visit: Visit) -> tuple[str, Any]:
        """The node that has the chat is asked first, the others when it is not reached."""
        for each in self._nodes(shard, node, zlib.crc32(visit.token_hash.encode())):
            try:
                return each, await self._ask(shard, each, VISIT, visit)
            except (PeerUnreachableError, PeerRefusedError) as error:
                log.info("chat_host_not_reached", shard=shard, node=each, reason=str(error))
            except ChatRefusedError as error:
                if error.code != DRAINING:
                    raise
        raise ChatRefusedError("unavailable", f"no node of shard {shard} is reached now")

    async def bring(self, shard: str, node: str, file: ChatFile) -> None:
        """To the node that has the chat, where it is known."""
        for each in self._nodes(shard, node, 0):
            try:
                return await self._push(shard, each, file)
            except (PeerUnreachableError, PeerRefusedError) as error:
                log.info("chat_file_not_brought", file=file.id, node=each, reason=str(error))
        raise ChatRefusedError("unavailable", f"no node of shard {shard} is reached now")

    async def have(self, shard: str, token_hash: str, file_id: str) -> tuple[ChatFile, Path]:
        """Kept here as long as files are that nobody knows: it is asked for again then."""
        node, found = await self.visit(shard, "", Find(token_hash=token_hash, file_id=file_id))
        file = msgspec.convert(found, ChatFile)
        place = await self._vault.open(file.id, file.sha256)
        if place is None:
            try:
                await self._vault.keep(file.id, self._pieces(shard, node, file), file.size, file.sha256)
            except (PeerUnreachableError, PeerRefusedError) as error:
                raise ChatRefusedError("unavailable", "the file is not reached now: try again") from error
            place = await self._vault.open(file.id, file.sha256)
        if place is None:
            raise ChatRefusedError("unknown_file", "there is no such file in this chat, or it is not kept any more")
        return file, place

    # --- inside -------------------------------------------------------------------------------------------------

    def _nodes(self, shard: str, first: str, turn: int) -> Iterator[str]:
        link = self._links.of(shard)
        nodes = sorted(link.reached) if link is not None else []
        if first in nodes:
            yield first
            nodes.remove(first)
        start = turn % len(nodes) if nodes else 0
        yield from nodes[start:] + nodes[:start]

    async def _ask(self, shard: str, node: str, kind: str, body: Any) -> Any:
        link = self._links.of(shard)
        if link is None:
            raise PeerUnreachableError(node)
        answer = msgspec.convert(await link.ask(node, kind, body, ANSWER_S), Answer)
        if answer.refused:
            raise ChatRefusedError(answer.refused, answer.message)
        return answer.result

    async def _push(self, shard: str, node: str, file: ChatFile) -> None:
        if await self._vault.piece(file.id, 0, 1) is None and not await self._fetch(file):
            return  # it is nowhere any more: the message says that there was one
        offset = 0
        while data := await self._vault.piece(file.id, offset, PIECE):
            await self._ask(shard, node, FILE_IN, FilePiece(file=file, offset=offset, data=data))
            offset += len(data)

    async def _pieces(self, shard: str, node: str, file: ChatFile) -> AsyncIterator[bytes]:
        link, offset = self._links.of(shard), 0
        while link is not None and offset < file.size:
            piece = await link.ask(node, FILE, (file.id, offset))
            if not piece:
                return
            yield piece
            offset += len(piece)

    async def _guest(self, chat: Chat, lines: Sequence[Message], work_id: str, queue: str) -> GuestChat:
        context = await self._contexts.get(chat.interaction_id)
        known = Identity(context.kind, context.caller, context.verified) if context.caller else None
        return GuestChat(
            work_id=work_id,
            shard=self._shard,
            queue=queue,
            chat=chat,
            lines=tuple(lines[:PAGE]),
            identity=known,
            data=context.data,
            path=context.path,
        )


class ChatHost:
    """The other shard's node: answers by its guests."""

    def __init__(self, link: Peers, guests: Guests) -> None:
        self._guests = guests
        link.answer |= {
            GUEST: partial(self._answered, self._take_in),
            MORE: partial(self._answered, self._more),
            FILE_IN: partial(self._answered, self._file),
            VISIT: partial(self._answered, self._visit),
        }

    async def _answered(self, act: Callable[[Any], Awaitable[Any]], _node: str, body: Any) -> Answer:
        try:
            return Answer(result=await act(body))
        except ChatRefusedError as error:
            return Answer(refused=error.code, message=str(error))
        except (StoreAwayError, RoutingEndedError):
            return Answer(refused="unavailable", message="the chat cannot be read there now")

    async def _take_in(self, body: Any) -> None:
        await self._guests.take_in(msgspec.convert(body, GuestChat))

    async def _more(self, body: Any) -> None:
        await self._guests.more(msgspec.convert(body, MoreLines))

    async def _file(self, body: Any) -> None:
        await self._guests.take_file(msgspec.convert(body, FilePiece))

    async def _visit(self, body: Any) -> Any:
        return await self._guests.carry_out(decode_visit(body))
