"""One caller's call: how it begins, what may go wrong, and that it ends clean in each case."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import force_setattr

from agents_ws import messages as m
from router import events as facts
from sip import events as sip
from sip.message import Request, Response, parse
from tests.server.house import House, offer_of
from tests.sip.rig import Peer
from tests.waiting import until
from voice import sip_caller
from voice.events import PlayEnded

BAD = offer_of(4000).replace(b"RTP/AVP 0 8", b"RTP/AVP 96 97").replace(b"PCM", b"X-")


class WireCaller(asyncio.DatagramProtocol):
    """A caller of raw datagrams, for what our own user agent does not do."""

    def __init__(self, house: House) -> None:
        self.server = ("127.0.0.1", house.ua.port)
        self.peer = Peer()
        self.heard: list[Request | Response] = []

    async def open(self) -> "WireCaller":
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self.transport.get_extra_info("sockname")[1]
        return self

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.append(parse(data))

    def send(self, method: str, body: bytes = b"", **how: Any) -> None:
        data = self.peer.request(method, body, **how).replace(b"192.0.2.7:5070", b"127.0.0.1:%d" % self.port)
        self.transport.sendto(data, self.server)

    async def response(self, status: int) -> Response:
        def found() -> list[Response]:
            return [one for one in self.heard if isinstance(one, Response) and one.status == status]

        await until(lambda: bool(found()), f"{status} in {self.heard}")
        return found()[-1]

    async def request(self, method: str) -> Request:
        def found() -> list[Request]:
            return [one for one in self.heard if isinstance(one, Request) and one.method == method]

        await until(lambda: bool(found()), f"{method} in {self.heard}")
        request = found()[-1]
        vias = "".join(f"Via: {via}\r\n" for via in request.headers.rows("Via"))
        answer = (
            f"SIP/2.0 200 OK\r\n{vias}From: {request.from_}\r\nTo: {request.to}\r\nCall-ID: {request.call_id}\r\n"
            f"CSeq: {request.cseq}\r\nContent-Length: 0\r\n\r\n"
        )
        self.transport.sendto(answer.encode(), self.server)
        return request


@pytest.fixture
async def wire(house: House) -> Any:
    caller = await WireCaller(house).open()
    yield caller
    caller.transport.close()


# --- the beginning ----------------------------------------------------------------------------------------------


async def test_an_offer_without_our_codecs_gets_488(house: House) -> None:
    call = await house.dial(sdp=BAD)
    assert (await house.outside.wait(sip.CallFailed, call)).code == 488
    await house.empty()
    assert house.outcomes == ["left_in_ivr"]


async def test_no_media_port_gets_503(house: House) -> None:
    house.engine.fail["open_rtp"] = "ports_exhausted"
    call = await house.dial()
    assert (await house.outside.wait(sip.CallFailed, call)).code == 503
    await house.empty()


async def test_cancel_before_the_answer(house: House, wire: WireCaller) -> None:
    house.engine.hold["open_rtp"] = asyncio.Event()
    wire.send("INVITE", offer_of(4000))
    await wire.response(100)
    await until(lambda: bool(house.engine.asked))
    wire.send("CANCEL", branch="z9hG4bK-call-1-1")
    await wire.response(487)
    wire.send("ACK", branch="z9hG4bK-call-1-1")
    house.engine.hold.pop("open_rtp").set()
    await house.empty()
    assert house.outcomes == ["left_in_ivr"]
    assert [dict(e.detail) for e in house.told(facts.InteractionNoted)] == [{"reason": "cancelled"}]


async def test_a_late_offer_is_answered_in_the_ack(house: House, wire: WireCaller) -> None:
    wire.send("INVITE")
    ok = await wire.response(200)
    assert b"m=audio" in ok.body
    wire.peer.to_tag = ok.to.tag or ""
    wire.send("ACK", offer_of((await house.speaker_port()).port))
    await until(lambda: house.noted("answered") == 1)
    leg = next(iter(house.engine._legs.values()))
    assert (leg.codec, leg.sending) == ("PCMU", True)
    wire.peer.cseq = 2
    wire.send("BYE")
    await until(lambda: house.outcomes == ["left_in_ivr"])
    await house.empty()


@pytest.mark.parametrize("answer", [b"", BAD])
async def test_a_late_offer_that_gets_no_usable_answer_is_hung_up(
    house: House, wire: WireCaller, answer: bytes
) -> None:
    wire.send("INVITE")
    ok = await wire.response(200)
    wire.peer.to_tag = ok.to.tag or ""
    wire.send("ACK", answer)
    await wire.request("BYE")
    await house.empty()
    assert house.noted("answered") == 0


async def test_an_answer_that_nobody_confirms_ends_the_call(
    house: House, wire: WireCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sip_caller, "CONFIRM_TIMEOUT_S", 0.1)
    wire.send("INVITE", offer_of(4000))
    ok = await wire.response(200)
    await until(lambda: house.outcomes == ["left_in_ivr"])
    await until(lambda: not house.calls.names)
    assert house.engine.leg_ids == ()
    # The BYE waits for the ACK (RFC 3261 section 15); now it comes.
    wire.peer.to_tag = ok.to.tag or ""
    wire.send("ACK")
    await wire.request("BYE")
    await house.empty()


# --- in the menu and in the queue -------------------------------------------------------------------------------


async def test_goodbye_leaves_no_context_behind(house: House) -> None:
    call = await house.in_menu()
    house.outside.ua.send_digit_info(call, "9")
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()
    assert house.outcomes == ["goodbye"]


async def test_a_queue_that_is_gone_ends_the_call(house: House) -> None:
    call = await house.in_menu()
    house.outside.ua.send_digit_info(call, "2")
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()
    assert house.outcomes == ["refused"]


async def test_hanging_up_in_the_menu(house: House) -> None:
    house.outside.ua.hangup(await house.in_menu())
    await house.empty()
    assert house.outcomes == ["left_in_ivr"]


async def test_what_the_ivr_learnt_is_kept_and_the_work_is_queued_with_it(house: House) -> None:
    call = await house.queued(user="0100200")
    queued = house.told(facts.WorkQueued)[0]
    assert (queued.queue, queued.node, queued.work_id) == ("orders", "n1.1", queued.interaction_id)
    context = await house.contexts.get(queued.interaction_id)
    assert (context.caller, context.path, context.language) == ("0100200", ("orders",), "en")
    house.outside.ua.hangup(call)
    await house.empty()
    assert house.outcomes == ["abandoned"]


async def test_the_place_is_announced_while_waiting(house: House) -> None:
    for plan in house.conductor.site.waits.values():
        force_setattr(plan, "announce_first", 20_000)
    call = await house.queued()
    await until(lambda: house.noted("place_told") == 1)
    assert [e.detail for e in house.told(facts.InteractionNoted) if e.kind == "place_told"] == [(("place", "1"),)]
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_missing_prompt_does_not_end_the_call(house: House) -> None:
    call = await house.in_menu()
    house.engine.fail["play"] = "prompt_missing"
    house.outside.ua.send_digit_info(call, "1")
    await until(lambda: house.pump.dispatcher.open_work() == 1)
    played = len([asked for asked in house.engine.asked if asked.startswith("play")])
    assert played == 2, "the menu and the music, and the music not again and again"
    for plan in house.conductor.site.waits.values():
        force_setattr(plan, "announce_every", 10_000)
    await house.ready()
    offer = await house.offer()
    house.engine.fail.clear()
    assert await house.desk.accept("anna", offer.reservation_id) is None
    await until(lambda: len(house.engine.rooms) == 1)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_whole_flow_without_prompts_still_ends(house: House) -> None:
    house.engine.fail["play"] = "prompt_missing"
    call = await house.in_menu()
    house.outside.ua.send_digit_info(call, "9")
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()


# --- what nobody foresaw ----------------------------------------------------------------------------------------


async def test_media_that_fails_in_the_middle_ends_the_call_and_frees_the_queue(house: House) -> None:
    call, reservation = await house.talking()
    house.engine.fail["dissolve"] = "worker_lost"
    await house.desk.call("anna", m.Hold(ref="h", reservation_id=reservation, on=True))
    await house.outside.wait(sip.CallEnded, call)
    house.engine.fail.clear()
    await house.engine.set_room(next(iter(house.engine.rooms), "none"), {})
    await house.empty()
    assert house.outcomes == ["handled"]


async def test_an_unforeseen_error_takes_the_work_out_of_the_router_and_hangs_up(house: House) -> None:
    call = await house.queued()

    def broken(work_id: str) -> int | None:
        raise RuntimeError("unforeseen")

    house.pump.place = broken  # type: ignore[method-assign]
    for running in house.conductor._calls.values():
        running._machine._waiting.announce_at = house.pump.now()
        running.tell(PlayEnded("none", "finished"))  # wakes the call, which now asks for its place
    await house.outside.wait(sip.CallEnded, call)
    await until(lambda: len(house.failed) == 1)
    assert house.failed[0].startswith("call:"), "the owner is told, so that it is logged and counted"
    house.failed.clear()
    await house.empty()
    assert house.outcomes == ["failed"]


async def test_a_call_that_is_cancelled_at_shutdown_leaves_no_open_work(house: House) -> None:
    call = await house.queued()
    task = next(iter(house.calls._tasks))
    task.cancel()
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()
    assert house.outcomes == ["failed"]


async def test_a_router_that_is_closed_ends_the_call(house: House) -> None:
    call = await house.in_menu()
    house.pump.close()
    house.outside.ua.send_digit_info(call, "1")
    await house.outside.wait(sip.CallEnded, call)
    await until(lambda: house.conductor.counts["calls"] == 0)
    assert house.engine.leg_ids == ()
    assert len(house.contexts) == 0


async def test_a_caller_who_leaves_while_the_store_is_away_is_let_go_when_it_is_back(house: House) -> None:
    call = await house.in_menu()
    gate = asyncio.Event()
    commit = house.owner.commit

    async def away(turns: Any, inbox: Any = ()) -> None:
        await gate.wait()
        await commit(turns, inbox)

    house.commit_by(away)
    house.outside.ua.send_digit_info(call, "1")
    await until(lambda: house.pump.dispatcher.open_work() == 1)
    house.outside.ua.hangup(call)
    await house.outside.wait(sip.CallEnded, call)
    await until(lambda: house.ua.open_calls == 0)
    gate.set()
    await house.empty()
    assert house.outcomes == ["abandoned"]
