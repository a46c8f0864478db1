"""Commands reach what is kept: of a server that runs, of one that is stopped, and of none."""

from pathlib import Path

import pytest

from config.settings import parse
from server.commands.attach import attached_journal
from server.persistence.embedded import EmbeddedError, EmbeddedValkey, running_url


async def test_the_store_of_a_running_server_is_used_and_left_alone(tmp_path: Path) -> None:
    settings = parse([f"--data-dir={tmp_path}"], {})
    async with EmbeddedValkey(tmp_path) as server:
        assert running_url(tmp_path) == server.url
        async with attached_journal(settings) as journal:
            assert await journal.whole() == ([], [])
        assert running_url(tmp_path) == server.url
    assert running_url(tmp_path) is None
    async with attached_journal(settings) as journal:
        assert await journal.whole() == ([], [])
        assert running_url(tmp_path) is not None, "started for the command"
    assert running_url(tmp_path) is None


async def test_a_folder_in_which_no_server_ever_ran_is_told(tmp_path: Path) -> None:
    assert running_url(tmp_path) is None
    with pytest.raises(EmbeddedError, match="no server has run"):
        async with attached_journal(parse([f"--data-dir={tmp_path / 'none'}"], {})):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_an_outside_store_is_used_where_there_is_one(tmp_path: Path, store_url: str) -> None:
    settings = parse([f"--data-dir={tmp_path}", f"--redis-url={store_url}"], {})
    async with attached_journal(settings) as journal:
        assert list(await journal.read_journal(10**12, 1)) == []
