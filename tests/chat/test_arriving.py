"""Files that come piece by piece from another shard."""

import hashlib
from pathlib import Path

import pytest

from chat.arriving import Arriving
from chat.ports import ChatRefusedError
from chat.vault import Vault
from chat.visits import FilePiece
from records.chat_files import ChatFile

CONTENT = b"0123456789"
FILE = ChatFile(
    id="ab" * 16, name="a.txt", media_type="text/plain", size=10, sha256=hashlib.sha256(CONTENT).hexdigest()
)


def piece(offset: int, data: bytes) -> FilePiece:
    return FilePiece(file=FILE, offset=offset, data=data)


async def refused(arriving: Arriving, one: FilePiece, most: int = 100) -> str:
    with pytest.raises(ChatRefusedError) as caught:
        await arriving.take(one, most, 2)
    return caught.value.code


async def test_with_its_last_piece_it_is_there(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    arriving = Arriving(vault)
    await arriving.take(piece(0, CONTENT[:4]), 100, 2)
    await arriving.take(piece(0, CONTENT[:6]), 100, 2)  # begun anew
    assert len(arriving) == 1
    assert await vault.open(FILE.id, FILE.sha256) is None
    await arriving.take(piece(6, CONTENT[6:]), 100, 2)
    assert len(arriving) == 0
    assert await vault.open(FILE.id, FILE.sha256) is not None


async def test_what_is_not_as_it_should_be_has_not_come(tmp_path: Path) -> None:
    arriving = Arriving(Vault(tmp_path))
    assert await refused(arriving, piece(4, b"late")) == "unavailable"
    assert await refused(arriving, piece(0, CONTENT), most=5) == "file_too_big"
    assert await refused(arriving, piece(0, CONTENT[::-1])) == "unavailable"
    for other in ("a", "b", "c"):
        file = ChatFile(id=other, name="", media_type="", size=10, sha256="")
        await arriving.take(FilePiece(file=file, offset=0, data=b"1"), 100, 2)
    assert len(arriving) == 2, "the oldest is given up"
