"""The commands of this machine to a running server, over a socket in its data directory: one line each way.

Whoever may write in the data directory may do anything to the server anyway; the socket is open to nobody else.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)

SOCKET = "control.sock"
_LONGEST_PATH = 100
ANSWER_S = 2.0
_MAX_LINE = 4 * 1024 * 1024

Command = Callable[[], Coroutine[object, object, Any]]


class NotRunningError(Exception):
    """No server answers in this data directory."""


class Control:
    """`commands` by name; what each returns is the answer, as JSON. `await start`, `await aclose`."""

    def __init__(self, data_dir: Path, commands: dict[str, Command]) -> None:
        self._data_dir = data_dir
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._under_way: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        """Listens. A directory whose path is too long for a socket is logged: the other ways still work."""
        folder = os.open(self._data_dir, os.O_RDONLY)
        try:
            path = _reachable(self._data_dir, folder)
            (self._data_dir / SOCKET).unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._serve, path)
            (self._data_dir / SOCKET).chmod(0o600)
        except OSError as error:
            log.warning("no_control_socket", folder=str(self._data_dir), error=str(error))
        finally:
            os.close(folder)

    async def aclose(self) -> None:
        """Takes no more commands. One that has just been done (it may be what ends the server) is answered first."""
        if self._server is not None:
            self._server.close()
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=ANSWER_S)
            for writer in self._open:
                writer.close()
            (self._data_dir / SOCKET).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            name = (await reader.readline()).decode(errors="replace").strip()
            self._under_way.add(answered)
            command = self._commands.get(name)
            answer = {"unknown": name} if command is None else await command()
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except OSError as error:
            log.info("control_connection_lost", error=str(error))
        finally:
            self._under_way.discard(answered)
            answered.set_result(None)
            self._open.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def ask(data_dir: Path, name: str) -> Any:
    """The running server's answer. Raises NotRunningError."""
    try:
        folder = os.open(data_dir, os.O_RDONLY)
    except OSError as error:
        raise NotRunningError(str(error)) from error
    try:
        reader, writer = await asyncio.open_unix_connection(_reachable(data_dir, folder), limit=_MAX_LINE)
    except OSError as error:
        raise NotRunningError(f"{data_dir / SOCKET}: {error.strerror or error}") from error
    finally:
        os.close(folder)
    try:
        writer.write(name.encode() + b"\n")
        return json.loads(await reader.readline())
    except (OSError, ValueError) as error:
        raise NotRunningError(f"the server ended before it answered: {error}") from error
    finally:
        writer.close()


def _reachable(data_dir: Path, folder: int) -> str:
    """A path of at most 107 bytes (sun_path of unix(7)) for a folder that may have a longer one."""
    path = str(data_dir / SOCKET)
    if len(os.fsencode(path)) <= _LONGEST_PATH or sys.platform != "linux":
        return path
    return f"/proc/self/fd/{folder}/{SOCKET}"
