"""Files that come piece by piece from a node of another shard, each piece by a request of its own."""

from collections.abc import AsyncIterator

from chat.ports import ChatRefusedError
from chat.vault import Vault
from chat.visits import FilePiece


class Arriving:
    """One for the node. What has come of a file is in memory until it is whole; the oldest of too many is dropped."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._under_way: dict[str, bytearray] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    async def take(self, piece: FilePiece, most: int, at_once: int) -> None:
        """The next piece of a file of `most` bytes at most; with its last one the file is on disk.

        Raises ChatRefusedError; then the file has not come, and may come again from its beginning.
        """
        file = piece.file
        if file.size > most:
            raise ChatRefusedError("file_too_big", f"a file has at most {most // 1024} KiB")
        if piece.offset == 0:
            self._under_way[file.id] = bytearray()
            while len(self._under_way) > at_once:
                del self._under_way[next(iter(self._under_way))]
        come = self._under_way.get(file.id)
        if come is None or len(come) != piece.offset:
            raise ChatRefusedError("unavailable", "a piece of the file is missing, send it again")
        come += piece.data
        if len(come) < file.size:
            return
        del self._under_way[file.id]
        if not await self._vault.keep(file.id, _whole(bytes(come)), file.size, file.sha256):
            raise ChatRefusedError("unavailable", "the file is not what it should be, send it again")


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
