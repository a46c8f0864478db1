"""The journal read over files and store."""

from pathlib import Path

import pytest

from server.persistence import rotation as module
from server.persistence.kept_journal import JournalGap, collect
from store.memory import MemoryShardStore
from store.memory_shard import MemoryShard
from tests.server.keeping import Kept


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(module, "SEGMENT_TURNS", 30)
    return Kept(MemoryShardStore(MemoryShard(), lambda: 1), tmp_path / "journal")


async def test_it_is_read_from_anywhere_in_any_pieces(kept: Kept) -> None:
    rotation = await kept.start()
    before = await kept.store.read_journal(0, 9)
    for _ in range(4):
        await kept.turns(35)
        before += await kept.store.read_journal(len(before), 999)
        await rotation.turn_over()
    assert len(kept.folder.files()) == 4
    for after in (0, 1, 34, 36, 70, kept.done - 1, kept.done):
        found: list[object] = []
        while page := await kept.journal.read_journal(after + len(found), 17):
            found += page
        assert found == before[after:]


async def test_no_file_is_looked_for_while_the_store_has_the_turns(kept: Kept) -> None:
    """Whoever follows the journal reads its end again and again."""
    await kept.start()
    await kept.turns(20)
    looks: list[int] = []
    kept.folder.find = looks.append  # type: ignore[assignment,method-assign]
    assert [entry.sequence for entry in await kept.journal.read_journal(2, 3)] == [3, 4, 5]
    assert looks == []


async def test_what_is_kept_nowhere_begins_later(kept: Kept) -> None:
    await kept.start()
    await kept.turns(20)
    await kept.store.trim_journal(5)
    assert next(iter(await kept.journal.read_journal(0, 3))).sequence == 6
    with pytest.raises(JournalGap, match="turn 1 is not in the store, 6 is"):
        await collect(kept.store, 0, None)
    with pytest.raises(JournalGap, match=f"turn {kept.done + 1} is not in the store"):
        await collect(kept.store, 10, kept.done + 1)
    with pytest.raises(JournalGap, match="faster than it can be read, or turns of it are lost"):
        await kept.journal.whole()
