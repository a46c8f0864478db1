"""Customers of the follow-ups are called back: the agent accepts, a real telephone rings, and both hear each other."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agents_ws import messages as m
from records.database import Database, sqlite_url
from records.follow_ups import FollowUps
from tests.e2e.baresip import softphone
from tests.e2e.callers import calling
from tests.e2e.ears import write_voices
from tests.e2e.office import Office, kinds
from tests.e2e.server import Server
from tests.e2e.site import ORDERS
from tests.e2e.test_transfers import scene
from tests.e2e.test_trunks import NUMBER, TRUNK, busy, heard_by
from tests.ports import HOST
from tools.call.agent import RefusedError

pytestmark = pytest.mark.baresip


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 3, "offer_timeout_s": 6}


@pytest.fixture(scope="module")
def site_edits(trunk_port: int) -> Callable[[Path], None]:
    def edit(site: Path) -> None:
        queues = (site / "queues.toml").read_text()
        (site / "queues.toml").write_text(queues.replace("[orders]", '[orders]\ncallback_key = "7"', 1))
        (site / "calls.toml").write_text(TRUNK.format(host=HOST, port=trunk_port))

    return edit


async def promised(server: Server, number: str = NUMBER) -> int:
    """A customer who asked to be called back."""
    database = await Database.open(sqlite_url(server.data_dir / "jackfield.db"))
    try:
        return await FollowUps(database).callback("earlier", "orders", number, "en", (), 1)
    finally:
        await database.close()


async def test_the_customer_is_called_when_the_agent_accepts(
    running_server: Server, office: Office, tmp_path: Path, trunk_port: int
) -> None:
    write_voices(tmp_path)
    promise = await promised(running_server)
    async with (
        softphone(running_server, tmp_path, NUMBER, tmp_path / "caller.wav", sip_port=trunk_port) as customer,
        scene(running_server, tmp_path) as s,
    ):
        agent = await s.enter("agent1")
        await agent.ask(m.CallBack(ref=agent.ref(), follow_up=promise))
        offer = await agent.take()
        assert offer.caller.number == NUMBER
        await agent.joined()
        assert await s.hear() == {"agent1": {"caller"}}
        await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
        await customer.until("CALL_CLOSED")
        heard_by(customer, "agent1")
        await agent.finish(offer.reservation_id)
    view = await office.interaction(NUMBER)
    assert (view["record"]["entry"], view["record"]["outcome"]) == ("callback", "handled")
    assert kinds(view)[:3] == ["opened", "callback_of", "queued"]
    await office.quiet()


async def test_who_is_not_reached_is_tried_again_later_and_may_be_taken_off(
    running_server: Server, office: Office, tmp_path: Path, trunk_port: int
) -> None:
    promise = await promised(running_server)
    async with busy(trunk_port), scene(running_server, tmp_path) as s:
        agent = await s.enter("agent1")
        await agent.ask(m.CallBack(ref=agent.ref(), follow_up=promise))
        offer = await agent.take()
        await agent.until(m.OfferWithdrawn)
        assert (await office.agent("agent1"))["presence"] == "ready", "it is nothing that the agent did"
        view = await office.interaction(NUMBER, state="waiting")
        assert not view["record"]["connected_at"]
        work = offer.reservation_id.rpartition(".")[0]
        assert await office.send("POST", f"work/{work}/cancel", {}) == (204, "")
    view = await office.interaction(NUMBER)
    assert view["record"]["outcome"] == "cancelled"
    await office.quiet()


async def test_an_agent_may_give_up_while_it_rings(
    running_server: Server, office: Office, tmp_path: Path, trunk_port: int
) -> None:
    write_voices(tmp_path)
    promise = await promised(running_server)
    async with (
        softphone(
            running_server, tmp_path, NUMBER, tmp_path / "caller.wav", sip_port=trunk_port, answermode="manual"
        ) as customer,
        scene(running_server, tmp_path) as s,
    ):
        agent = await s.enter("agent1")
        await agent.ask(m.CallBack(ref=agent.ref(), follow_up=promise))
        offer = await agent.take()
        await customer.until("CALL_INCOMING")
        await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
        await customer.until("CALL_CLOSED")
        await agent.until(m.OfferWithdrawn)
        work = offer.reservation_id.rpartition(".")[0]
        assert await office.send("POST", f"work/{work}/cancel", {}) == (204, "")
    await office.quiet()


async def test_who_cannot_be_called_is_refused(running_server: Server, tmp_path: Path) -> None:
    promise, far = await promised(running_server), await promised(running_server, "110")
    async with scene(running_server, tmp_path) as s:
        agent = await s.enter("agent1")
        for follow_up, code in ((999_999, "unknown_follow_up"), (far, "number_not_allowed")):
            with pytest.raises(RefusedError, match=code):
                await agent.ask(m.CallBack(ref=agent.ref(), follow_up=follow_up))
        await agent.ask(m.SetPresence(ref=agent.ref(), presence="not_ready"))
        with pytest.raises(RefusedError, match="agent_unavailable"):
            await agent.ask(m.CallBack(ref=agent.ref(), follow_up=promise))
        await asyncio.sleep(0)


async def test_a_caller_who_waits_presses_a_key_and_is_called_back_in_turn(
    running_server: Server, office: Office, tmp_path: Path, trunk_port: int
) -> None:
    write_voices(tmp_path)
    async with calling(running_server, tmp_path, NUMBER, ORDERS) as caller:
        await office.story_has(NUMBER, "queued")
        await caller.press("7")
        async with asyncio.timeout(30):
            await caller.ended.wait()
    waiting = await office.story_has(NUMBER, "callback_chosen")
    assert waiting["record"]["state"] != "closed"
    async with (
        softphone(running_server, tmp_path, NUMBER, tmp_path / "caller.wav", sip_port=trunk_port) as customer,
        scene(running_server, tmp_path) as s,
    ):
        agent = await s.enter("agent1")
        offer = await agent.take()
        assert offer.caller.number == NUMBER
        await agent.joined()
        assert await s.hear() == {"agent1": {"caller"}}
        await agent.ask(m.HangUp(ref=agent.ref(), reservation_id=offer.reservation_id))
        await customer.until("CALL_CLOSED")
        await agent.finish(offer.reservation_id)
    view = await office.interaction(NUMBER)
    assert (view["record"]["id"], view["record"]["outcome"]) == (waiting["record"]["id"], "handled")
    await office.quiet()
