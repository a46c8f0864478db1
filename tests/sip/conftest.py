"""Real user agents on loopback sockets, and SIPp beside them."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sip.bindings import MemoryBindings
from sip.digest import ha1
from sip.events import SipEvent
from sip.transport import Tls
from sip.ua import Ua
from tests.sip.rig import ANSWER, local_settings
from tests.waiting import until

SCENARIOS = Path(__file__).parent / "scenarios"
E = TypeVar("E")


class Accounts:
    """Two phones whose password is `pw-` and their name."""

    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        return ha1(user, realm, f"pw-{user}", algorithm) if user in ("1001", "1002") else None


class Desk:
    """A user agent with what it said. `script` reacts to events, as voice/ will."""

    def __init__(self, tls: Tls | None = None, **changes: Any) -> None:
        self.events: list[SipEvent] = []
        self.script: Callable[[SipEvent], None] = lambda _event: None
        self.store = MemoryBindings()
        settings = local_settings(**changes)
        self.ua = Ua(settings, self._on_event, credentials=Accounts(), bindings=self.store, tls=tls)

    def _on_event(self, event: SipEvent) -> None:
        self.events.append(event)
        self.script(event)

    def seen(self, kind: type[E]) -> list[E]:
        return [e for e in self.events if isinstance(e, kind)]

    async def wait(self, kind: type[E], count: int = 1, seconds: float = 30) -> E:
        """The `count`-th event of a kind."""
        await until(lambda: len(self.seen(kind)) >= count, f"{kind.__name__} x{count} in {self.events}", seconds)
        return self.seen(kind)[count - 1]

    @property
    def uri(self) -> str:
        return f"127.0.0.1:{self.ua.port}"


@contextlib.asynccontextmanager
async def opened(**changes: Any) -> AsyncIterator[Desk]:
    desk = Desk(**changes)
    await desk.ua.start()
    try:
        yield desk
    finally:
        await desk.ua.aclose()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened() as made:
        yield made


@pytest.fixture
async def other() -> AsyncIterator[Desk]:
    """A second user agent, for calls between two of us."""
    async with opened() as made:
        yield made


class Sipp:
    """Runs SIPp with one of the scenarios here or a built-in one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Process] = []

    async def start(self, scenario: str, *more: str, target: str | None = None, calls: int = 1) -> Process:
        path = SCENARIOS / f"{scenario}.xml"
        source = ["-sf", str(path)] if path.exists() else ["-sn", scenario]
        trace = ["-trace_err", "-error_file", str(self._folder / f"{scenario}.err")]
        command = ["sipp", *source, *([target] if target else []), "-i", "127.0.0.1", "-nostdin", "-m", str(calls)]
        process = await asyncio.create_subprocess_exec(
            *command, "-timeout", "20", "-timeout_error", *trace, *more,
            cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._running.append(process)
        return process

    async def finish(self, process: Process) -> None:
        """Wait for a run; SIPp's exit code 0 means that every call went as its scenario says."""
        code = await asyncio.wait_for(process.wait(), 30)
        errors = "\n".join(p.read_text()[-1500:] for p in self._folder.glob("*.err"))
        assert code == 0, f"sipp ended with {code}\n{errors}"

    async def run(self, scenario: str, desk: Desk, *more: str, calls: int = 1) -> None:
        await self.finish(await self.start(scenario, *more, target=desk.uri, calls=calls))

    async def aclose(self) -> None:
        for process in self._running:
            if process.returncode is None:
                process.kill()
                await process.wait()


@pytest.fixture
async def sipp(tmp_path: Path) -> AsyncIterator[Sipp]:
    if shutil.which("sipp") is None:
        pytest.skip("SIPp is not installed")
    runner = Sipp(tmp_path)
    yield runner
    await runner.aclose()


@pytest.fixture
def unused_port() -> int:
    """A port that was free a moment ago, for both transports."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer_all(desk: Desk) -> Callable[[SipEvent], None]:
    """A script that rings and answers each call."""

    def script(event: SipEvent) -> None:
        if type(event).__name__ == "CallReceived":
            desk.ua.ring(event.call)  # type: ignore[union-attr]
            desk.ua.answer(event.call, ANSWER)  # type: ignore[union-attr]

    return script
