"""Files that another node has: fetched whole, kept, and nothing else let out by the same way."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat.ports import ChatRefusedError
from chat.vault import Vault
from records.chat_files import ChatFile
from server.chats import far_files as module
from server.chats.far_files import KIND, FarFiles
from server.nodes.peer_link import PeerRefusedError
from tests.chat.test_vault import anything, files, pieces
from tests.server.chat_nodes import Wires

CONTENT = bytes(range(256)) * 5


class Two:
    """Nodes a and b; a has the file."""

    def __init__(self, folder: Path) -> None:
        self.cut: set[str] = set()
        site: dict[str, Wires] = {}
        self.wires = {name: Wires(name, site, self.cut) for name in ("a", "b")}
        self.vaults = {name: Vault(folder / name) for name in self.wires}
        self.far = {name: FarFiles(self.vaults[name], self.wires[name], name, self._alive) for name in self.wires}

    async def _alive(self) -> set[str]:
        return set(self.wires)

    async def taken(self) -> ChatFile:
        stored = await self.vaults["a"].take(pieces(CONTENT), 10_000, anything)
        return ChatFile(id=stored.id, name="p", media_type=stored.kind, size=stored.size, sha256=stored.sha256)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Two:
    monkeypatch.setattr(module, "PIECE", 500)
    return Two(tmp_path)


async def test_a_file_is_fetched_in_pieces_and_is_here_from_then_on(two: Two) -> None:
    file = await two.taken()
    assert await two.far["b"].fetch(file)
    two.cut.add("a")
    place = await two.vaults["b"].open(file.id, file.sha256)
    assert place is not None
    assert place.read_bytes() == CONTENT


async def test_what_no_node_has_or_is_not_what_was_sent_leaves_nothing(two: Two, tmp_path: Path) -> None:
    file = await two.taken()
    assert not await two.far["b"].fetch(replace(file, id="0" * 32))
    assert not await two.far["b"].fetch(replace(file, sha256="0" * 64))
    assert not await two.far["b"].fetch(replace(file, size=file.size - 1))
    two.cut.add("a")
    with pytest.raises(ChatRefusedError) as caught:
        await two.far["b"].fetch(file)
    assert caught.value.code == "unavailable"
    assert not (tmp_path / "b").exists() or files(tmp_path / "b") == []


@pytest.mark.parametrize("file_id", ["../../secret", "0" * 31, "", "0" * 32 + "/x"])
async def test_nothing_but_files_of_chats_is_let_out(two: Two, file_id: str) -> None:
    body: Any = (file_id, 0)
    with pytest.raises(PeerRefusedError):
        await two.wires["b"].ask("a", KIND, body)
