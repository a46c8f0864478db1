"""The journal of a whole server: exported while it runs and after it stopped, replayed, and searched for people."""

import asyncio
from pathlib import Path

import msgspec

from agents_ws import messages as m
from store.segment import Segment, read_segments
from tests.e2e.agents import Agent
from tests.e2e.callers import calling
from tests.e2e.kept import exported
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.site import make_site
from tests.e2e.visitors import Visitor

NUMBER, NAME, TEXT, ANSWER, NOTE = "13800138000", "Li Xiaoming", "my parcel 4711", "it is in Suzhou", "wants a refund"
PERSONAL = (NUMBER, NAME, TEXT, ANSWER, NOTE, "4711", "Xiaoming", "Suzhou")


def plain(segments: list[Segment]) -> bytes:
    """Everything that the segments hold, uncompressed."""
    return b"".join(msgspec.msgpack.encode((one.head, one.policies, one.entries)) for one in segments)


async def a_call_and_a_chat(server: Server, office: Office, folder: Path) -> None:
    async with Agent(server, "agent1", folder) as agent:
        async with calling(server, folder, NUMBER):
            offer = await agent.take()
            await agent.joined()
        done = m.FinishWrapUp(ref=agent.ref(), reservation_id=offer.reservation_id, disposition="resolved", note=NOTE)
        await agent.until(m.WrapUp)
        await agent.ask(done)
        async with Visitor(server, NAME) as visitor:
            await visitor.open(TEXT)
            offer = await agent.take()
            await agent.joined()
            said = m.SayInChat(ref=agent.ref(), reservation_id=offer.reservation_id, client_id="a1", text=ANSWER)
            await agent.ask(said)
            await visitor.until_said(ANSWER)
            await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
            await agent.finish(offer.reservation_id)
        await agent.sign_out()
    await office.quiet()


async def test_a_shift_replays_on_the_spot_and_after_the_end_and_names_nobody(tmp_path: Path) -> None:
    server = Server(tmp_path, make_site(tmp_path))
    try:
        server.start()
        async with Office(server) as office:
            await a_call_and_a_chat(server, office, tmp_path)
        running = await asyncio.to_thread(exported, server, tmp_path / "running.journal")
        assert server.interrupt() == 0
        stopped = await asyncio.to_thread(exported, server, tmp_path / "stopped.journal")
        server.start()
        assert server.interrupt() == 0
        later = await asyncio.to_thread(exported, server, tmp_path / "later.journal")
    finally:
        server.close()
    (was,), (now,), then = (list(read_segments(path.read_bytes())) for path in (running, stopped, later))
    assert len(was.entries) > 20
    assert now.entries[: len(was.entries)] == was.entries
    assert then[0].entries == now.entries
    assert len(then) == 2, "a start is a segment of its own"
    kept = plain(then)
    assert b"agent1" in kept
    assert [word for word in PERSONAL if word.encode() in kept] == []
    assert server.errors() == []
