"""Calls to numbers through a trunk at a fixed address: baresip at its far end, measured by what each of them hears."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from agents_ws import messages as m
from sip.clock import monotonic_us, random_ids
from sip.events import CallReceived
from sip.settings import Settings
from sip.ua import Ua
from tests.audio import RATE_HZ, Sound, dominant_frequencies
from tests.e2e.baresip import Softphone, softphone
from tests.e2e.ears import TONES, write_voices
from tests.e2e.office import Office, kinds
from tests.e2e.server import Server
from tests.e2e.test_transfers import MUSIC, NOBODY, scene
from tests.ports import HOST
from tools.call.agent import RefusedError

pytestmark = pytest.mark.baresip

NUMBER = "07551234"
TRUNK = """
[trunks.main]
server = "{host}:{port}"
caller = "4711"
dial = ["0755XXXX"]
"""


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 3, "offer_timeout_s": 6}


@pytest.fixture(scope="module")
def site_edits(trunk_port: int) -> Callable[[Path], None]:
    def edit(site: Path) -> None:
        (site / "calls.toml").write_text(TRUNK.format(host=HOST, port=trunk_port))

    return edit


def heard_by(phone: Softphone, *wanted: str) -> None:
    """Each of these tones for most of a second at least, and no other that somebody speaks."""
    sound: Sound = phone.heard()
    window_s = 0.05
    found = np.array(dominant_frequencies(sound, RATE_HZ, window_s))
    for name, hertz in TONES.items():
        seconds = float((np.abs(found - hertz) < 10).sum()) * window_s
        assert (seconds > 0.7) is (name in wanted), f"{name} for {seconds:.2f} s"


async def test_a_number_is_consulted_and_gets_the_customer(
    running_server: Server, office: Office, tmp_path: Path, trunk_port: int
) -> None:
    write_voices(tmp_path)
    voice = tmp_path / "agent5.wav"
    async with (
        softphone(running_server, tmp_path, NUMBER, voice, codec="PCMA/8000/1", sip_port=trunk_port) as far,
        scene(running_server, tmp_path) as s,
    ):
        caller, one, first = await s.begin("trunk-1")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, number="0755-1234", warm=True))
        incoming = await far.until("CALL_ESTABLISHED")
        assert "4711@" in incoming["peeruri"]
        async with asyncio.timeout(30):
            while not any(p.kind == "number" and p.state == "here" for p in (await one.until(m.Call)).parties):
                pass
        assert await s.hear() == {"caller": MUSIC, "agent1": {"agent5"}}
        await one.ask(m.Conference(ref=one.ref(), reservation_id=first))
        assert await s.hear() == {"caller": {"agent1", "agent5"}, "agent1": {"caller", "agent5"}}
        await one.ask(m.CompleteTransfer(ref=one.ref(), reservation_id=first))
        await one.finish(first, "passed_on")
        assert await s.hear() == {"caller": {"agent5"}, "agent1": NOBODY}
        await far.command("hangup")
        async with asyncio.timeout(30):
            await caller.ended.wait()
        await far.until("CALL_CLOSED")
        heard_by(far, "caller", "agent1")
    view = await office.interaction("trunk-1")
    assert view["record"]["outcome"] == "handled"
    assert [kind for kind in kinds(view) if kind.startswith("number")] == ["number_joined", "number_gone"]
    assert NUMBER not in str(view["story"]), "the story holds no personal data"
    await office.quiet()


@asynccontextmanager
async def busy(port: int) -> AsyncIterator[None]:
    """The far end of a trunk, where everybody is on the phone."""
    far = Ua(
        Settings(host=HOST, port=port, now=monotonic_us, ids=random_ids()),
        lambda event: far.reject(event.call, 486) if isinstance(event, CallReceived) else None,
    )
    await far.start()
    try:
        yield
    finally:
        await far.aclose()


async def test_a_number_that_is_busy_gives_the_customer_back_to_the_queue(
    running_server: Server, office: Office, tmp_path: Path, trunk_port: int
) -> None:
    async with busy(trunk_port), scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("trunk-2")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, number=NUMBER))
        await one.finish(first, "passed_on")
        again = await one.take()
        await one.joined()
        caller.hang_up()
        await one.finish(again.reservation_id)
    view = await office.interaction("trunk-2")
    assert [step["detail"]["reason"] for step in view["story"] if step["kind"] == "number_gone"] == ["busy"]
    await office.quiet()


async def test_only_what_the_site_lists_may_be_called(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with scene(running_server, tmp_path) as s:
        caller, one, first = await s.begin("trunk-3")
        for number in ("07561234", "110", "+440755123", "sip:x@192.0.2.1", "0755123"):
            with pytest.raises(RefusedError, match="number_not_allowed"):
                await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, number=number))
        caller.hang_up()
        await one.finish(first)
    await office.quiet()
