"""baresip as a softphone without a screen or a sound card: WAV in, WAV out, steered over its JSON interface.

Debian's 1.0 has no player that writes a file: a bridge to nowhere drives the clock, and sndfile writes what passes.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.audio import Sound, read_wav
from tests.e2e.server import PASSWORD, Server
from tests.ports import HOST, free_port

MODULES = Path("/usr/lib/baresip/modules")
START_S = 30.0
RATE_HZ = 8000

CONFIG = """poll_method epoll
sip_listen {host}:{sip_port}
call_local_timeout 60
call_max_calls 4
audio_player aubridge,nowhere
audio_source aufile,{voice}
audio_alert aufile,{folder}/alert.wav
audio_level no
snd_path {folder}
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
audio_buffer 40-200
rtp_timeout 60
jitter_buffer_delay 1-10
net_interface 127.0.0.1
module_path {modules}
module aufile.so
module aubridge.so
module sndfile.so
module g711.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{ctrl_port}
"""


class Softphone:
    """A running baresip. `events` gathers what it tells, `heard` what it played."""

    def __init__(
        self, folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sip_port: int = 0
    ) -> None:
        self.sip_port = sip_port
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._folder = folder
        self._writer = writer
        self._reader_task = asyncio.create_task(self._read(reader), name="softphone")

    async def command(self, command: str, params: str = "") -> None:
        """One command of baresip's menu, for example `dial` or `hangup`."""
        body = json.dumps({"command": command, "params": params, "token": command})
        self._writer.write(f"{len(body.encode())}:{body},".encode())
        await self._writer.drain()

    async def until(self, kind: str, timeout_s: float = 30) -> dict[str, Any]:
        """The next event of this type (REGISTER_OK, CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED ...)."""
        async with asyncio.timeout(timeout_s):
            while True:
                event = await self.events.get()
                if event.get("type") == kind:
                    return event

    def heard(self) -> Sound:
        """What was decoded during the last call; whole once the call is over. A lost packet makes it shorter."""
        samples, rate = read_wav(max(self._folder.glob("dump-*-dec.wav")))
        assert rate == RATE_HZ
        return samples[:, 0]

    async def close(self) -> None:
        """Ends the connection, not the program."""
        self._writer.close()
        self._reader_task.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader_task

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = (await reader.readuntil(b":"))[:-1]
                body = await reader.readexactly(int(length))
                await reader.readexactly(1)
                message = json.loads(body)
                if message.get("event"):
                    self.events.put_nowait(message)


@asynccontextmanager
async def softphone(
    server: Server,
    folder: Path,
    user: str,
    voice: Path,
    *,
    register: bool = False,
    answermode: str = "auto",
    codec: str = "PCMU/8000/1",
    sip_port: int = 0,
    trace: bool = False,
) -> AsyncIterator[Softphone]:
    """A softphone that speaks `voice` (WAV, mono, 8 kHz); `register` signs it in as the phone of an agent.

    Without it, it can be called as sip:USER@127.0.0.1:`sip_port`, as the far end of a trunk. `trace` writes
    each message into its log.
    """
    home = folder / f"baresip-{user}"
    home.mkdir()
    ctrl_port = free_port()
    sip_port = sip_port or free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)
    (home / "config").write_text(
        CONFIG.format(
            host=HOST,
            sip_port=sip_port,
            ctrl_port=ctrl_port,
            voice=voice,
            folder=home,
            rate=RATE_HZ,
            modules=MODULES,
        )
    )
    registration = f"auth_user={user};auth_pass={PASSWORD};regint=60" if register else "regint=0"
    options = f"{registration};answermode={answermode};audio_codecs={codec}"
    (home / "accounts").write_text(f"<sip:{user}@{server.sip}>;{options}\n")
    (home / "contacts").write_text("")
    with (home / "log").open("wb") as log:
        arguments = ["-4", "-f", str(home), *(["-s"] if trace else [])]
        process = await asyncio.create_subprocess_exec(
            "baresip",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        reader, writer = await _connect(ctrl_port, home / "log")
        phone = Softphone(home, reader, writer, sip_port)
        try:
            yield phone
        finally:
            try:
                with suppress(ConnectionError):
                    await phone.command("quit")
            finally:
                await phone.close()
    finally:
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _connect(port: int, log: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(START_S):
            while True:
                with suppress(ConnectionRefusedError):
                    return await asyncio.open_connection(HOST, port)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"baresip did not start: {log.read_text()}") from None
