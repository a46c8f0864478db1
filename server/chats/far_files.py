"""Files of chats that another node has on its disk: fetched when somebody asks for one here, and kept from then on.

Which file it is, whose chat it belongs to and what it has to look like is in SQL, which all nodes share; by here come
the bytes alone.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol

import structlog

from chat.ports import ChatRefusedError
from chat.vault import Vault
from records.chat_files import ChatFile
from server.nodes.peer_link import Answer, PeerRefusedError, PeerUnreachableError
from store.errors import StoreError

log = structlog.get_logger(__name__)

KIND: Final = "chat_file"
# Well below the longest frame that nodes take from each other.
PIECE: Final = 256 * 1024
_ID: Final = re.compile(r"[0-9a-f]{32}")


class Peers(Protocol):
    """The other nodes (server.nodes.peer_link)."""

    answer: dict[str, Answer]

    @property
    def reached(self) -> frozenset[str]: ...

    async def ask(self, node: str, kind: str, body: Any = None) -> Any: ...


class FarFiles:
    """`fetch` is what chat.files asks for what is not here; other nodes are answered from `vault`.

    `node` is this one's label, `nodes` gives those that live.
    """

    def __init__(self, vault: Vault, peers: Peers, node: str, nodes: Callable[[], Awaitable[set[str]]]) -> None:
        self._vault = vault
        self._peers = peers
        self._node = node
        self._nodes = nodes
        peers.answer[KIND] = self._answer

    async def fetch(self, file: ChatFile) -> bool:
        """Whether the file is on this node's disk now, whole and as it was sent.

        Raises ChatRefusedError when a node that lives, and may have it, is not reached.
        """
        for node in sorted(self._peers.reached):
            try:
                if await self._vault.keep(file.id, self._pieces(node, file), file.size, file.sha256):
                    log.info("chat_file_fetched", file=file.id, node=node)
                    return True
            except (PeerUnreachableError, PeerRefusedError) as error:
                log.debug("chat_file_not_there", file=file.id, node=node, reason=str(error))
            except ChatRefusedError as error:
                log.warning("chat_file_spoiled", file=file.id, node=node, reason=str(error))
        if await self._unreached():
            raise ChatRefusedError("unavailable", "the node that has the file is not reached now: try again")
        return False

    async def _unreached(self) -> bool:
        try:
            return bool(await self._nodes() - self._peers.reached - {self._node})
        except StoreError as error:
            log.info("nodes_unknown", error=str(error))
            return True

    async def _pieces(self, node: str, file: ChatFile) -> AsyncIterator[bytes]:
        offset = 0
        while offset < file.size:
            piece = await self._peers.ask(node, KIND, (file.id, offset))
            if not piece:
                return
            yield piece
            offset += len(piece)

    async def _answer(self, _node: str, body: Any) -> bytes:
        file_id, offset = body
        piece = await self._vault.piece(file_id, offset, PIECE) if _ID.fullmatch(file_id) else None
        if piece is None:
            raise PeerRefusedError("there is no such file here")
        return piece
