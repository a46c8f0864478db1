"""SIPp as a caller: its built-in scenarios, and ours in scenarios/."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.server import Server
from tests.ports import HOST, free_port, sipp_media

SCENARIOS = Path(__file__).parent / "scenarios"
LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run. `status` is 0 when every call went as the scenario says."""

    status: int
    errors: str

    def ok(self) -> None:
        """Fails with what SIPp found unexpected."""
        assert self.status == 0, f"SIPp ended with {self.status}:\n{self.errors[-3000:]}"


@asynccontextmanager
async def sipp(
    server: Server, folder: Path, *arguments: str, scenario: str = "", entry: str = "4000", limit_s: int = LIMIT_S
) -> AsyncIterator["asyncio.Task[Ran]"]:
    """SIPp in the background; the task gives what came of it. `scenario` is a file of ours, else give `-sn`."""
    errors = folder / f"{scenario or 'sipp'}-{os.urandom(3).hex()}.err"
    kind = [] if not scenario else ["-sf", str(SCENARIOS / f"{scenario}.xml")]
    port = free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)
    command = ["sipp", server.sip, *kind, "-s", entry, "-i", HOST, "-p", str(port)]
    command += ["-mp", str(sipp_media()), "-nostdin", "-timeout", f"{limit_s}s"]
    command += ["-timeout_error", "-trace_err", "-error_file", str(errors), *arguments]
    devnull = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=devnull, stdout=devnull, stderr=asyncio.subprocess.PIPE, env=_environment()
    )

    async def run() -> Ran:
        async with asyncio.timeout(limit_s + 5):
            _, said = await process.communicate()
        text = errors.read_text(errors="replace") if errors.exists() else ""
        return Ran(process.returncode if process.returncode is not None else -1, said.decode() + text)

    task = asyncio.create_task(run(), name="sipp")
    try:
        yield task
        await asyncio.wait([task])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.wait([task])


async def run_sipp(
    server: Server, folder: Path, *arguments: str, scenario: str = "", entry: str = "4000", limit_s: int = LIMIT_S
) -> Ran:
    """SIPp to its end."""
    async with sipp(server, folder, *arguments, scenario=scenario, entry=entry, limit_s=limit_s) as task:
        return await task


def _environment() -> dict[str, str]:
    # SIPp draws its screen with curses, and wants to know for what terminal.
    return {**os.environ, "TERM": "xterm"}
