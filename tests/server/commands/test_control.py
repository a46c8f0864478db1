"""The socket of this machine's commands."""

import asyncio
import stat
from pathlib import Path

import pytest

from server.commands.control import SOCKET, Control, NotRunningError, ask


async def hello() -> dict[str, str]:
    return {"said": "hello"}


@pytest.mark.parametrize("depth", [0, 12])
async def test_a_command_is_answered_also_below_a_long_path(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["quite_a_long_name"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    control = Control(folder, {"hello": hello})
    await control.start()
    try:
        assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o600
        assert await ask(folder, "hello") == {"said": "hello"}
        assert await ask(folder, "dance") == {"unknown": "dance"}
    finally:
        await control.aclose()
    with pytest.raises(NotRunningError):
        await ask(folder, "hello")


async def test_a_socket_that_a_crash_left_is_taken_over(tmp_path: Path) -> None:
    dead = await asyncio.start_unix_server(lambda _reader, _writer: None, str(tmp_path / SOCKET))
    dead.close()
    assert (tmp_path / SOCKET).exists()
    with pytest.raises(NotRunningError):
        await ask(tmp_path, "hello")
    control = Control(tmp_path, {"hello": hello})
    await control.start()
    assert await ask(tmp_path, "hello") == {"said": "hello"}
    await control.aclose()


async def test_without_a_folder_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError):
        await ask(tmp_path / "nowhere", "hello")


async def test_a_command_that_ends_the_server_is_answered_before_the_socket_is_closed(tmp_path: Path) -> None:
    closing: list[asyncio.Task[None]] = []

    async def end() -> dict[str, bool]:
        closing.append(asyncio.create_task(control.aclose()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the end is under way before the answer is
        return {"ended": True}

    control = Control(tmp_path, {"end": end})
    await control.start()
    assert await ask(tmp_path, "end") == {"ended": True}
    await closing[0]
    assert not (tmp_path / SOCKET).exists()
